//! The ledger and its fold: however the bytes come, and whatever bytes they are, the model is the same and nothing
//! panics.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what went wrong by failing")]

use std::fs;
use std::io::Write;
use std::path::Path;

use isobench_tui::bench::take_most;
use isobench_tui::domain::{
    AgentTotals, ChildEnd, Detector, EndCause, Evidence, FailureClass, Finding, ItemId, Level, MachineUse, Metric, OnStuck, PromptSource,
    Remark, ScoreDetail, Stage, StageDetail, StageEnd, StageOutcome, Taint, TaintKind, Usage,
};
use isobench_tui::ledger::fact::{Answer, AttemptEnd, Blocked, JournalSaid};
use isobench_tui::ledger::lock::Taken;
use isobench_tui::ledger::{Body, By, Entry, Fact, PlannedItem, RunFolder, RunPlan, RunnerLock, Writer};
use isobench_tui::model::act::Deed;
use isobench_tui::model::{Follower, ItemState, Run};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::support::folder;

fn item() -> ItemId {
    ItemId("c-0001".to_owned())
}

fn by() -> By {
    By::Person { user: "ann".to_owned(), host: "box".to_owned(), tty: Some("pts/3".to_owned()) }
}

fn planned(id: &str) -> PlannedItem {
    PlannedItem { item: ItemId(id.to_owned()), human: "ab".repeat(20), parent: "cd".repeat(20), blocked: None }
}

fn outcome(end: StageEnd, cause: EndCause, detail: StageDetail) -> StageOutcome {
    let child = ChildEnd { cause, command: 2, duration_ms: 12, frozen_ms: 3, swept: 1 };
    StageOutcome { end, child: Some(child), duration_ms: 12, detail }
}

fn journal() -> JournalSaid {
    JournalSaid { status: "success".to_owned(), folder: "runs/c-0001".to_owned(), returncode: Some(-15), ..JournalSaid::default() }
}

/// At least one fact of every kind, in an order that makes sense, so that the fold meets each of them with something
/// to change.
fn every_fact() -> Vec<Fact> {
    let (n, by) = (1, by());
    let rule = By::rule("breaker");
    let plan = a_plan();
    let totals =
        AgentTotals { steps: Some(3), calls: 2, usage: Usage { input: 100, output: 10, ..Usage::default() }, cost_micro_usd: None };
    let metric = Metric { name: "latency".to_owned(), value: 1.5, unit: "ms".to_owned() };
    let finished = |stage, end, cause, detail| Fact::StageFinished { item: item(), n, stage, outcome: outcome(end, cause, detail) };
    let failed = || StageEnd::Failed { class: FailureClass::ArmCrashed, why: "exit 1 \u{1F4A5} \"quoted\"\n".to_owned() };
    let mut facts = vec![
        Fact::RunCreated(plan),
        Fact::RunnerStarted { pid: 7, boot: "b".to_owned(), version: "0".to_owned() },
        Fact::HoldSet { on: true, by: by.clone() },
        Fact::ItemAdded { item: planned("c-0004"), by: by.clone() },
        Fact::ItemMoved { item: ItemId("c-0004".to_owned()), to: 0, by: by.clone() },
        Fact::AttemptStarted { item: item(), n, from: Stage::Worktree },
        Fact::StageStarting { item: item(), n, stage: Stage::Agent, budget_ms: Some(60_000) },
        Fact::StageStarted { item: item(), n, stage: Stage::Agent, pid: 8 },
        Fact::StageAdopted { item: item(), n, stage: Stage::Agent, pid: 8 },
        Fact::AgentAsked { item: item(), n, source: PromptSource::Template, from: Some("p.txt".to_owned()), digest: "d".to_owned() },
        Fact::HarnessSaid { item: item(), n, stage: Stage::Agent, says: "x".to_owned() },
        Fact::JournalRead { item: item(), n, journal: journal() },
        Fact::AgentProgressed { item: item(), n, totals },
        Fact::AdapterPanicked { item: item(), n, says: "overflow".to_owned() },
        Fact::DetectionPanicked { item: item(), n, says: "overflow".to_owned() },
        Fact::OnStuckSet { policy: OnStuck::Stop, by: by.clone() },
        Fact::StageFrozen { item: item(), n, stage: Stage::Agent, by: by.clone() },
        Fact::StageThawed { item: item(), n, stage: Stage::Agent, by: by.clone() },
        Fact::StageStopping {
            item: item(),
            n,
            stage: Stage::Agent,
            class: Some(FailureClass::AgentBudget),
            why: "steps".to_owned(),
            by: By::rule("budget"),
        },
        finished(Stage::Agent, StageEnd::Done, EndCause::Exited { code: 0 }, StageDetail::Agent(totals)),
        Fact::StageStarting { item: item(), n, stage: Stage::Human, budget_ms: None },
        finished(Stage::Human, failed(), EndCause::Signalled { signal: 9 }, StageDetail::Arm(take_most(vec![metric]))),
        Fact::StageStarting { item: item(), n, stage: Stage::Score, budget_ms: None },
        finished(Stage::Score, StageEnd::Stopped { why: "x".to_owned() }, EndCause::Stopped, StageDetail::Score(ScoreDetail::default())),
        Fact::AttemptFinished { item: item(), n, end: AttemptEnd::Failed { class: FailureClass::ApiAuth, why: "401".to_owned() } },
        Fact::BreakerOpened {
            class: FailureClass::ApiAuth,
            items: vec![item()],
            probe_at: Timestamp::UNIX_EPOCH,
            error: Some("401 …".to_owned()),
        },
        Fact::BreakerRearmed { probe_at: Timestamp::MAX },
        Fact::PauseOrdered { why: "asked for".to_owned(), by: rule.clone() },
        Fact::Resumed { by: by.clone() },
        Fact::BreakerClosed { item: item() },
        Fact::ItemRequeued {
            item: item(),
            from: Stage::Human,
            not_before: Some(Timestamp::UNIX_EPOCH),
            automatic: true,
            why: "again".to_owned(),
            by: By::rule("retry"),
        },
        Fact::AttemptStarted { item: item(), n: 2, from: Stage::Human },
        Fact::AttemptFinished { item: item(), n: 2, end: AttemptEnd::Done },
        Fact::AttemptFinished { item: item(), n: 2, end: AttemptEnd::Stopped { why: "by ann".to_owned() } },
        Fact::AttemptFinished { item: item(), n: 2, end: AttemptEnd::Interrupted { why: "gone".to_owned() } },
        Fact::ItemSkipped { item: ItemId("c-0002".to_owned()), by: by.clone() },
        Fact::ItemRemoved { item: ItemId("c-0004".to_owned()), by },
        Fact::RequestAnswered { id: "1".to_owned(), verb: "pause".to_owned(), answer: Answer::Done { says: "ok".to_owned() } },
        Fact::RequestAnswered { id: "2".to_owned(), verb: "pause".to_owned(), answer: Answer::Refused { says: "no".to_owned() } },
        Fact::RequestAnswered { id: "3".to_owned(), verb: "pause".to_owned(), answer: Answer::Expired {} },
        Fact::TailHealed { offset: 9, bytes: 4 },
        Fact::AppendFailed { error: "full".to_owned(), for_ms: 1500 },
        Fact::RunFinished {},
        Fact::RunnerStopped { why: "everything is done".to_owned() },
    ];
    let at = facts.iter().position(|fact| matches!(fact, Fact::StageFrozen { .. })).unwrap();
    facts.splice(at..at, of_detectors());
    let at = facts.iter().position(|fact| matches!(fact, Fact::StageFinished { stage: Stage::Human, .. })).unwrap();
    facts.splice(at..at, of_the_machine(Stage::Human));
    facts
}

/// What is told of an arm and the machine that it runs on.
fn of_the_machine(stage: Stage) -> Vec<Fact> {
    let (n, at) = (1, Timestamp::UNIX_EPOCH);
    let taint = Taint { kind: TaintKind::Xid, evidence: "GPU 3: Xid 79".to_owned(), from: at, to: at };
    let machine = MachineUse {
        energy_mj: Some(1_000_000_007),
        covered_pct: 83,
        gpus: vec!["GPU-1".to_owned()],
        taints: vec![taint],
        notes: vec!["no samples for 41 s".to_owned()],
    };
    vec![
        Fact::ArmDelayed { item: item(), n, stage, why: "GPU 0 is held by ann".to_owned() },
        Fact::ArmBegan { item: item(), n, stage },
        Fact::ArmNoted { item: item(), n, stage, says: "it began though the GPU was not clean".to_owned() },
        Fact::MachineRecorded { item: item(), n, stage, machine },
    ]
}

/// A plan of three items, one of which can't run.
fn a_plan() -> RunPlan {
    let blocked = Blocked { class: FailureClass::BadSha, why: "no such commit".to_owned() };
    let items = vec![planned("c-0001"), planned("c-0002"), PlannedItem { blocked: Some(blocked), ..planned("c-0003") }];
    RunPlan {
        plan: "/x/plan.json".to_owned(),
        digest: "0".repeat(64),
        selection: None,
        repo: "repo".to_owned(),
        task_id: "t".to_owned(),
        agent: "a".to_owned(),
        model: "m".to_owned(),
        stages: Stage::PROCESS.to_vec(),
        repeat: 1,
        items,
    }
}

/// What the detectors say while the agent works.
fn of_detectors() -> Vec<Fact> {
    let n = 1;
    vec![
        Fact::FindingMade { item: item(), n, id: 0, finding: finding(Level::Warn) },
        Fact::FindingMade { item: item(), n, id: 0, finding: finding(Level::Stuck) },
        Fact::FindingCleared { item: item(), n, id: 0, step: Some(9) },
        Fact::FindingMade { item: item(), n, id: 1, finding: Finding { detector: Detector::Silence, ..finding(Level::Note) } },
        Fact::FindingCleared { item: item(), n, id: 1, step: None },
        Fact::AlarmRaised { item: item(), n, alarm: remark(Detector::OpenCall, Some(3)) },
        Fact::BadgeGiven { item: item(), n, badge: remark(Detector::AnswerPeek, None) },
    ]
}

fn finding(level: Level) -> Finding {
    Finding {
        detector: Detector::NoToolCall,
        level,
        first_step: 3,
        last_step: 7,
        says: "5 answers without a call \u{1F4A5} \"quoted\"\n".to_owned(),
        hint: "look".to_owned(),
        evidence: vec![Evidence { step: 4, text: "I need to".to_owned() }],
        cleared: None,
    }
}

fn remark(detector: Detector, step: Option<u32>) -> Remark {
    Remark { detector, step, says: "x".to_owned(), hint: String::new(), evidence: Vec::new() }
}

/// A ledger of these facts, one a second.
fn ledger(facts: &[Fact]) -> Vec<u8> {
    let lines = facts.iter().enumerate().map(|(at, fact)| {
        let at = at as u64 + 1;
        Entry::encode(at, Timestamp::from_second(i64::try_from(at).unwrap()).unwrap(), at * 1000, fact).unwrap()
    });
    lines.collect::<Vec<_>>().concat()
}

/// The fold of a file that grows by these pieces, looked at after each.
fn followed<'a>(path: &Path, pieces: impl IntoIterator<Item = &'a [u8]>) -> Run {
    let folder = RunFolder::at(path.to_owned());
    let mut follower = Follower::new(&folder);
    let mut file = fs::File::options().append(true).create(true).open(folder.events()).unwrap();
    for piece in pieces {
        file.write_all(piece).unwrap();
        follower.catch_up().unwrap();
    }
    follower.run
}

/// The fold of these bytes as they are.
fn folded(bytes: &[u8]) -> Run {
    let (_keep, path) = folder();
    followed(&path, [bytes])
}

fn writer(path: &Path) -> (Writer, Option<isobench_tui::ledger::writer::TornTail>) {
    let folder = RunFolder::at(path.to_owned());
    let Taken::Ours(lock) = RunnerLock::take(&folder).unwrap() else { panic!("the lock is held") };
    let (mut writer, torn) = Writer::open(&folder, lock).unwrap();
    writer.go_on_after(Follower::load(&folder).unwrap().seq);
    (writer, torn)
}

#[test]
fn every_kind_of_fact_comes_back_as_it_was_written() {
    let mut kinds = std::collections::BTreeSet::new();
    for (at, fact) in every_fact().into_iter().enumerate() {
        let line = String::from_utf8(Entry::encode(at as u64 + 1, Timestamp::UNIX_EPOCH, 5, &fact).unwrap()).unwrap();
        assert_eq!(line.matches('\n').count(), 1, "one line a fact: {line}");
        let entry = Entry::decode(line.trim_end()).unwrap();
        assert_eq!((entry.seq, entry.at, entry.up_ms), (at as u64 + 1, Timestamp::UNIX_EPOCH, 5));
        assert_eq!(entry.body, Body::Known(Box::new(fact)), "{line}");
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value.as_object().unwrap().keys().collect::<Vec<_>>(), ["seq", "at", "up_ms", "kind", "data"]);
        kinds.insert(value["kind"].as_str().unwrap().to_owned());
    }
    // a kind added to the program belongs here as well: serde lists all that it knows
    let Body::Unknown { .. } =
        Entry::decode(r#"{"seq":1,"at":"2026-01-01T00:00:00Z","up_ms":1,"kind":"no_such_kind","data":{}}"#).unwrap().body
    else {
        panic!("it is known")
    };
    let error = serde_json::from_str::<Fact>(r#"{"kind":"no_such_kind","data":{}}"#).unwrap_err().to_string();
    let known: std::collections::BTreeSet<String> =
        error.split('`').skip(3).step_by(2).map(str::to_owned).filter(|word| word.contains('_') || word == "resumed").collect();
    assert_eq!(kinds, known, "{error}");
}

#[test]
fn a_ledger_of_everything_folds_without_a_fault() {
    let facts: Vec<Fact> = every_fact().into_iter().filter(|fact| !matches!(fact, Fact::TailHealed { .. })).collect();
    let run = folded(&ledger(&facts));
    assert_eq!(run.faults, []);
    assert_eq!((run.seq, run.items.len(), run.answers.len()), (facts.len() as u64, 3, 3));
    assert!(matches!(run.items[1].state, ItemState::Skipped { .. }));
}

#[test]
fn an_unknown_kind_is_counted_by_name_and_unknown_fields_are_ignored() {
    let mut bytes = ledger(&every_fact()[..2]);
    for (seq, kind) in [(3, "warped"), (4, "warped"), (5, "stage_painted")] {
        writeln!(bytes, r#"{{"seq":{seq},"at":"2026-01-01T00:00:00Z","up_ms":1,"kind":"{kind}","data":{{"deep":[1,{{}}]}}}}"#).unwrap();
    }
    writeln!(bytes, r#"{{"seq":6,"new":1,"at":"2026-01-01T00:00:00Z","up_ms":1,"kind":"resumed","data":{{"by":{{"who":"rule","rule":"x","more":2}},"else":[]}}}}"#).unwrap();
    let run = folded(&bytes);
    assert_eq!(run.faults, []);
    assert_eq!(run.unknown.into_iter().collect::<Vec<_>>(), [("stage_painted".to_owned(), 1), ("warped".to_owned(), 2)]);
    assert_eq!(run.seq, 6);
}

#[test]
fn what_the_detectors_said_belongs_to_the_attempt_and_to_those_that_go_on_with_its_work() {
    let facts: Vec<Fact> = every_fact().into_iter().filter(|fact| !matches!(fact, Fact::TailHealed { .. })).collect();
    let run = folded(&ledger(&facts));
    let attempts = &run.item(&item()).unwrap().attempts;
    assert_eq!(attempts.len(), 2, "the second one began behind the agent");
    for attempt in attempts {
        assert_eq!(attempt.findings.keys().copied().collect::<Vec<_>>(), [0, 1]);
        assert_eq!((attempt.findings[&0].level, attempt.findings[&0].cleared), (Level::Stuck, Some(9)));
        assert_eq!((attempt.findings[&1].detector, attempt.findings[&1].cleared), (Detector::Silence, Some(7)));
        assert_eq!((attempt.level(), attempt.worst().map(|worst| worst.detector)), (Level::Stuck, Some(Detector::NoToolCall)));
        assert_eq!((attempt.alarms.len(), attempt.badges.len()), (1, 1));
    }
    assert_eq!(run.on_stuck, Some(OnStuck::Stop));
    // an attempt that begins with the agent knows nothing of the one before
    let again = [&facts[..], &[Fact::AttemptStarted { item: item(), n: 3, from: Stage::Worktree }]].concat();
    let last = folded(&ledger(&again)).item(&item()).unwrap().attempts[2].clone();
    assert_eq!((last.findings.len(), last.level()), (0, Level::None));
}

#[test]
fn a_level_of_an_alarm_is_none_of_the_agents() {
    let facts: Vec<Fact> = every_fact().into_iter().take_while(|fact| !matches!(fact, Fact::FindingMade { .. })).collect();
    let alarm = Finding { detector: Detector::OpenCall, ..finding(Level::Stuck) };
    let note = Finding { detector: Detector::Cycle, ..finding(Level::Note) };
    let made = |id, finding| Fact::FindingMade { item: item(), n: 1, id, finding };
    let run = folded(&ledger(&[&facts[..], &[made(0, alarm), made(1, note)]].concat()));
    assert_eq!(run.item(&item()).unwrap().attempts[0].level(), Level::Note);
}

#[test]
fn a_stuck_agent_that_a_policy_ended_is_told_with_its_undoing() {
    let before: Vec<Fact> = every_fact().into_iter().take_while(|fact| !matches!(fact, Fact::StageFrozen { .. })).collect();
    let by = || By::rule("stuck");
    let stopping = Fact::StageStopping {
        item: item(),
        n: 1,
        stage: Stage::Agent,
        class: Some(FailureClass::AgentStuck),
        why: "stuck: 5 answers".to_owned(),
        by: by(),
    };
    let skipped = Fact::ItemSkipped { item: item(), by: by() };
    let stop = folded(&ledger(&[&before[..], std::slice::from_ref(&stopping)].concat()));
    let skip = folded(&ledger(&[&before[..], &[skipped, stopping]].concat()));
    let why = || "stuck: 5 answers".to_owned();
    assert_eq!(stop.acts.back().unwrap().what, Deed::StuckStopped { item: item(), why: why() });
    assert_eq!(skip.acts.back().unwrap().what, Deed::StuckSkipped { item: item(), why: why() });
    assert_eq!(skip.acts.iter().filter(|act| matches!(act.what, Deed::Skipped { .. })).count(), 0, "told once");
    for run in [&stop, &skip] {
        let (_, says) = run.notes.last().unwrap();
        assert_eq!(says, "c-0001: agent told to end: stuck: 5 answers; R runs it again");
    }
    assert!(skip.item(&item()).unwrap().is_skipped_as_stuck() && !stop.item(&item()).unwrap().is_skipped_as_stuck());
}

#[test]
fn a_bad_body_is_a_fault_with_its_offset_and_the_next_fact_counts() {
    let mut bytes = ledger(&every_fact()[..2]);
    let offset = bytes.len() as u64;
    bytes.extend_from_slice(b"{\"seq\":3,\"at\":\"2026-01-01T00:00:00Z\",\"up_ms\":1,\"kind\":\"hold_set\",\"data\":{\"on\":\"maybe\"}}\n");
    let second = bytes.len() as u64;
    bytes.extend_from_slice(b"\xff\xfe nonsense\n");
    let third = bytes.len() as u64;
    bytes.extend_from_slice(b"half a li\n");
    bytes.extend_from_slice(b"{\"seq\":4,\"at\":\"2026-01-01T00:00:00Z\",\"up_ms\":1,\"kind\":\"run_finished\",\"data\":{}}\n");
    let run = folded(&bytes);
    assert_eq!(run.faults.iter().map(|fault| fault.offset).collect::<Vec<_>>(), [offset, second, third], "{:#?}", run.faults);
    assert!(run.faults[0].why.contains("hold_set"), "{:#?}", run.faults);
    assert!(run.finished.is_some());
}

#[test]
fn an_unknown_word_deep_in_a_known_kind_is_a_bad_body_and_no_unknown_kind() {
    let mut bytes = ledger(&every_fact()[..1]);
    bytes.extend_from_slice(b"{\"seq\":2,\"at\":\"2026-01-01T00:00:00Z\",\"up_ms\":1,\"kind\":\"attempt_started\",\"data\":{\"item\":\"c-0001\",\"n\":1,\"from\":\"attempt_started\"}}\n");
    let run = folded(&bytes);
    assert_eq!((run.faults.len(), run.unknown.len()), (1, 0), "{:#?}", run.faults);
}

#[test]
fn a_gap_is_a_fault_and_a_fact_written_twice_counts_once() {
    let facts = every_fact();
    let whole = ledger(&facts);
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let doubled: Vec<u8> = lines.iter().flat_map(|line| [*line, *line]).flatten().copied().collect();
    assert_eq!(folded(&doubled), folded(&whole));
    let gap = [lines[0], lines[1], lines[4], lines[5]].concat();
    let run = folded(&gap);
    assert_eq!(run.faults.len(), 1);
    assert!(run.faults[0].why.contains("facts 3 to 4 are missing"), "{:#?}", run.faults);
    assert_eq!(run.faults[0].offset, (lines[0].len() + lines[1].len()) as u64);
}

#[test]
fn a_torn_tail_is_closed_by_the_next_writer_and_cut_off_by_nobody() {
    let (_keep, path) = folder();
    let whole = ledger(&every_fact()[..3]);
    let cut = whole.len() - 20;
    fs::write(path.join("events.jsonl"), &whole[..cut]).unwrap();
    let (mut writer, torn) = writer(&path);
    let torn = torn.unwrap();
    let start = whole[..cut].iter().rposition(|byte| *byte == b'\n').unwrap() as u64 + 1;
    assert_eq!((torn.offset, torn.bytes), (start, cut as u64 - start));
    writer.append(Timestamp::UNIX_EPOCH, 9, Fact::TailHealed { offset: torn.offset, bytes: torn.bytes }).unwrap();
    writer.append(Timestamp::UNIX_EPOCH, 10, Fact::RunFinished {}).unwrap();
    let now = fs::read(path.join("events.jsonl")).unwrap();
    assert!(now.starts_with(&whole[..cut]) && now[cut] == b'\n');
    let run = Follower::load(&RunFolder::at(path)).unwrap();
    assert_eq!((run.seq, run.finished.is_some()), (4, true));
    assert!(run.faults.iter().any(|fault| fault.why.contains("not a fact")), "{:#?}", run.faults);
    assert!(run.faults.iter().any(|fault| fault.why.contains("torn line")), "{:#?}", run.faults);
}

#[test]
fn a_line_that_lacks_nothing_but_its_newline_is_a_fact_and_hides_none() {
    let (_keep, path) = folder();
    let whole = ledger(&every_fact()[..3]);
    fs::write(path.join("events.jsonl"), &whole[..whole.len() - 1]).unwrap();
    let (mut writer, torn) = writer(&path);
    assert!(torn.is_some());
    assert_eq!(writer.append(Timestamp::UNIX_EPOCH, 9, Fact::RunFinished {}).unwrap().seq, 4);
    let run = Follower::load(&RunFolder::at(path)).unwrap();
    assert_eq!((run.hold, run.finished.is_some(), run.faults.len()), (true, true, 0));
}

#[test]
fn a_ledger_that_shrank_or_was_replaced_is_folded_again_and_that_is_said() {
    let (_keep, path) = folder();
    let folder = RunFolder::at(path.clone());
    let whole = ledger(&every_fact());
    fs::write(folder.events(), &whole).unwrap();
    let mut follower = Follower::new(&folder);
    follower.catch_up().unwrap();
    let two = ledger(&every_fact()[..2]);
    fs::write(folder.events(), &two).unwrap();
    assert!(follower.catch_up().unwrap());
    assert_eq!(follower.run.seq, 2);
    assert!(follower.run.faults[0].why.contains("shrank or was replaced"), "{:#?}", follower.run.faults);
    // another file of the same name, longer than this one
    fs::write(path.join("aside"), &whole).unwrap();
    fs::rename(path.join("aside"), folder.events()).unwrap();
    follower.catch_up().unwrap();
    assert_eq!((follower.run.seq, follower.run.faults.len()), (every_fact().len() as u64, 2), "{:#?}", follower.run.faults);
}

#[test]
fn a_writer_goes_on_behind_the_last_fact_and_readers_see_each_at_once() {
    let (_keep, path) = folder();
    let folder = RunFolder::at(path.clone());
    let mut follower = Follower::new(&folder);
    assert!(!follower.catch_up().unwrap(), "a ledger that is not there yet has no facts");
    for (at, fact) in every_fact().into_iter().enumerate() {
        // a new writer each time, as after a kill
        let (mut writer, torn) = writer(&path);
        assert_eq!(torn, None);
        let written = writer.append(Timestamp::UNIX_EPOCH, 1, fact).unwrap();
        assert_eq!(written.seq, at as u64 + 1);
        assert!(follower.catch_up().unwrap());
        assert_eq!(follower.run.seq, written.seq);
    }
}

#[test]
fn the_lock_is_one_runners_and_names_it() {
    let (_keep, path) = folder();
    let folder = RunFolder::at(path);
    assert_eq!(RunnerLock::holder(&folder), None);
    let Taken::Ours(lock) = RunnerLock::take(&folder).unwrap() else { panic!("nobody has it") };
    assert_eq!(RunnerLock::holder(&folder), Some(std::process::id()));
    assert!(matches!(RunnerLock::take(&folder).unwrap(), Taken::Held { pid: Some(pid) } if pid == std::process::id()));
    drop(lock);
    assert_eq!(RunnerLock::holder(&folder), None);
}

#[test]
fn who_only_looks_at_the_lock_keeps_nobody_from_taking_it() {
    let (_keep, path) = folder();
    let folder = RunFolder::at(path);
    // the file names a process that lives and has let go, as after the run was made
    drop(RunnerLock::take(&folder).unwrap());
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    let _ = RunnerLock::holder(&folder);
                    std::thread::sleep(std::time::Duration::from_micros(50));
                }
            });
        }
        let refused = (0..300).filter(|_| matches!(RunnerLock::take(&folder).unwrap(), Taken::Held { .. })).count();
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(refused, 0);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_cut_anywhere_give_the_same_model(mut cuts in prop::collection::vec(0_usize..9_000, 0..24)) {
        let whole = ledger(&every_fact());
        for cut in &mut cuts {
            *cut %= whole.len();
        }
        cuts.extend([0, whole.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &whole[pair[0]..pair[1]]);
        let (_keep, path) = folder();
        prop_assert_eq!(followed(&path, pieces), folded(&whole));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..3_000)) {
        folded(&bytes);
    }

    #[test]
    fn a_ledger_with_flipped_bytes_never_panics(flips in prop::collection::vec((0_usize..9_000, any::<u8>()), 1..20)) {
        let mut bytes = ledger(&every_fact());
        let length = bytes.len();
        for (at, byte) in flips {
            bytes[at % length] = byte;
        }
        let run = folded(&bytes);
        // what the screen does with it does not panic either
        let around = isobench_tui::report::Surroundings {
            folder: Path::new("r"),
            runner: None,
            orphan: None,
            has_ended: false,
            free: None,
            limits: isobench_tui::report::Limits::default(),
            hint: |_| None,
            newer_format: None,
            ahead: None,
            others: None,
            now: Timestamp::UNIX_EPOCH,
        };
        let _ = isobench_tui::report::status(&isobench_tui::domain::RunId("r".to_owned()), &run, &around);
        let _ = isobench_tui::report::table(&run, &around, Some(80));
    }

    #[test]
    fn facts_in_any_order_never_panic_and_are_planned_for(order in prop::collection::vec(0_usize..50, 0..60)) {
        let all = every_fact();
        let facts: Vec<Fact> = order.iter().filter_map(|at| all.get(*at).cloned()).collect();
        let run = folded(&ledger(&facts));
        let config = isobench_tui::config::Config::default();
        let limits = isobench_tui::plan::next::Limits { config: &config, until: None, free: None };
        let _ = isobench_tui::plan::next(&run, &limits, Timestamp::UNIX_EPOCH);
        for item in &run.items {
            let _ = isobench_tui::plan::why_not(&run, &item.id, true);
        }
    }

    #[test]
    fn a_tail_torn_anywhere_is_healed(end in 1_usize..9_000) {
        let whole = ledger(&every_fact());
        let end = end % whole.len();
        let (_keep, path) = folder();
        fs::write(path.join("events.jsonl"), &whole[..end]).unwrap();
        let (mut writer, _) = writer(&path);
        let written = writer.append(Timestamp::UNIX_EPOCH, 1, Fact::RunFinished {}).unwrap();
        let run = Follower::load(&RunFolder::at(path)).unwrap();
        prop_assert_eq!(run.seq, written.seq);
        prop_assert!(run.finished.is_some());
    }
}
