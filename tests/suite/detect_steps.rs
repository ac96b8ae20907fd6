//! The rules of steps over steps made by hand: what fires each at which step, what comes close and must not, and what ends it
//! so that it fires anew.

#![expect(clippy::indexing_slicing, reason = "a test may")]

use isobench_tui::detect::{Context, Watch};
use isobench_tui::domain::{Detector, Finding, Level, Reply, Step, ToolCall, ToolResult, Usage};
use serde_json::{Value, json};

const EMPTY_PATCH: &str = "ERROR! Your Patch is empty. Please provide a patch that fixes the problem.";
const REMINDER: &str = "It seems that you have not completed the task.";

fn text(thought: &str) -> Step {
    Step {
        index: 0,
        at: None,
        thought: thought.to_owned(),
        calls: Vec::new(),
        usage: Usage { input: 1000, output: 100, cached: 0 },
        error: None,
        finish: Some("stop".to_owned()),
        harness: Vec::new(),
        reply: Reply::Complete,
        within: None,
    }
}

/// A text that the harness answers with its reminder.
fn idle(thought: &str) -> Step {
    Step { harness: vec![REMINDER.to_owned()], ..text(thought) }
}

fn call(name: &str, args: &Value, ok: bool, answer: &str) -> Step {
    let result = Some(ToolResult { ok, text: answer.to_owned() });
    let calls = vec![ToolCall { id: "1".to_owned(), name: name.to_owned(), args: args.to_string(), result }];
    Step { calls, ..text("") }
}

fn bash(command: &str, ok: bool, answer: &str) -> Step {
    call("bash", &json!({ "command": command }), ok, answer)
}

fn edit(path: &str, old: &str, ok: bool) -> Step {
    let args = json!({ "command": "str_replace", "path": path, "old_str": old, "new_str": "x" });
    let answer = if ok {
        format!("The file {path} has been edited.")
    } else {
        format!("No replacement was performed, old_str `{old}` did not appear verbatim in {path}.")
    };
    call("str_replace_based_edit_tool", &args, ok, &answer)
}

/// A finish that the harness refuses, as TRAE does it: without an answer to the call.
fn refused() -> Step {
    let calls = vec![ToolCall { id: "1".to_owned(), name: "task_done".to_owned(), args: "{}".to_owned(), result: None }];
    Step { calls, harness: vec![EMPTY_PATCH.to_owned()], ..text("") }
}

/// A step that is like no other.
fn fresh(at: u32) -> Step {
    let word = char::from_u32(u32::from('a') + at % 26).unwrap_or('a').to_string().repeat(at as usize / 26 + 1);
    bash(&format!("python measure.py --{word}"), true, &format!("result {word}"))
}

fn numbered(mut steps: Vec<Step>) -> Vec<Step> {
    steps.iter_mut().zip(1..).for_each(|(step, index)| step.index = index);
    steps
}

/// What was said of one detector while the steps came one by one: the step, the level, and the first step of the episode.
fn said(detector: Detector, steps: Vec<Step>) -> Vec<(u32, Level, u32)> {
    let steps = numbered(steps);
    let (mut watch, mut said) = (Watch::new(Context::default()), Vec::new());
    for count in 1..=steps.len() {
        assert!(!watch.take(&steps[..count], count - 1, true, false), "nothing began anew");
        let new = watch.findings().into_iter().filter(|finding| finding.detector == detector && finding.last_step as usize == count);
        said.extend(new.filter(|finding| finding.cleared.is_none()).map(|finding| (finding.last_step, finding.level, finding.first_step)));
    }
    said
}

fn found(detector: Detector, steps: Vec<Step>) -> Vec<Finding> {
    let steps = numbered(steps);
    let mut watch = Watch::new(Context::default());
    watch.take(&steps, 0, true, true);
    watch.findings().into_iter().filter(|finding| finding.detector == detector).cloned().collect()
}

fn level(steps: Vec<Step>) -> Level {
    let steps = numbered(steps);
    let mut watch = Watch::new(Context::default());
    watch.take(&steps, 0, true, true);
    watch.level()
}

fn times(count: usize, step: &Step) -> Vec<Step> {
    vec![step.clone(); count]
}

fn chain(parts: &[Vec<Step>]) -> Vec<Step> {
    parts.concat()
}

#[test]
fn d1_refusals_are_counted_until_one_is_accepted() {
    use Level::{Note, Stuck, Warn};
    let between = |from: u32, count: u32| (from..from + count).map(fresh).collect::<Vec<_>>();
    let commit = bash("git add -A && git commit -m done", true, "[main 1234567] done");
    let steps = chain(&[
        vec![edit("/r/a.py", "old", true), commit, refused()],
        between(0, 4),
        vec![refused()],
        between(10, 7),
        vec![refused()],
        between(20, 3),
    ]);
    let d1 = Detector::RefusedFinish;
    assert_eq!(said(d1, steps.clone()), [(3, Note, 3), (8, Note, 3), (14, Warn, 3), (16, Stuck, 3)]);
    let finding = &found(d1, steps.clone())[0];
    assert_eq!(finding.says, "it said 3 times that it was done, and was refused");
    assert!(finding.hint.starts_with("It committed (step 2)"), "{}", finding.hint);
    assert_eq!((finding.evidence[0].step, finding.evidence[0].text.as_str()), (3, EMPTY_PATCH));
    // told again when it doubled
    let more = chain(&[steps.clone(), times(3, &refused())]);
    assert_eq!(said(d1, more).last(), Some(&(22, Stuck, 3)));
    // an accepted one ends it, and the next task begins at nothing
    let accepted = call("task_done", &json!({}), true, "done");
    let anew = chain(&[steps, vec![accepted, refused()]]);
    assert_eq!(said(d1, anew).last(), Some(&(21, Note, 21)));
}

#[test]
fn d1_who_acts_on_a_second_refusal_is_not_warned_of() {
    let d1 = Detector::RefusedFinish;
    let acts = chain(&[times(2, &refused()), vec![fresh(1), edit("/r/a.py", "old", true)], (2..20).map(fresh).collect()]);
    assert_eq!(said(d1, acts).last().map(|(_, level, _)| *level), Some(Level::Note));
    // a scratch file is no answer to it
    let scratch = chain(&[times(2, &refused()), vec![edit("/r/.bench_scratch/a.py", "old", true)], (2..20).map(fresh).collect()]);
    assert_eq!(said(d1, scratch).last(), Some(&(8, Level::Warn, 1)));
}

#[test]
fn d1_every_agents_way_to_finish_counts() {
    let finish = |name: &str| Step { harness: vec!["Not yet.".to_owned()], ..call(name, &json!({}), true, "") };
    for name in ["task_done", "finish", "submit", "attempt_completion"] {
        assert_eq!(said(Detector::RefusedFinish, vec![finish(name)]), [(1, Level::Note, 1)], "{name}");
    }
    let echo = bash("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && git diff", false, "fatal: not a git repository");
    assert_eq!(said(Detector::RefusedFinish, vec![echo]), [(1, Level::Note, 1)]);
    assert!(said(Detector::RefusedFinish, vec![bash("echo done", false, "no")]).is_empty());
}

#[test]
fn d2_an_open_call_is_an_alarm_when_the_next_request_starts() {
    let alarms = |steps: Vec<Step>| {
        let steps = numbered(steps);
        let mut watch = Watch::new(Context::default());
        watch.take(&steps, 0, true, true);
        assert_eq!(watch.level(), Level::None, "an alarm is no level");
        watch.alarms().into_iter().map(|remark| (remark.detector, remark.step)).collect::<Vec<_>>()
    };
    let mut open = fresh(1);
    open.calls[0].result = None;
    assert_eq!(alarms(vec![open.clone(), fresh(2)]), [(Detector::OpenCall, Some(1))]);
    assert!(alarms(vec![fresh(2), open]).is_empty(), "the last one may have been killed with the run");
    assert_eq!(alarms(vec![fresh(1), bash("false", false, ""), fresh(2)]), [(Detector::OpenCall, Some(2))]);
    let mut accepted = refused();
    accepted.harness.clear();
    assert!(alarms(vec![fresh(1), accepted]).is_empty());
}

#[test]
fn d3_fires_at_the_steps_of_the_table() {
    use Level::{Note, Stuck, Warn};
    let d3 = Detector::NoToolCall;
    let steps = times(75, &idle("I need to actually use the tools now."));
    let told = said(d3, steps.clone());
    assert_eq!(told[..3], [(2, Note, 1), (3, Warn, 1), (5, Stuck, 1)]);
    assert_eq!(told[3..].iter().map(|told| told.0).collect::<Vec<_>>(), [10, 20, 40]);
    let d4 = said(Detector::SameHarnessMessage, steps);
    assert_eq!(d4[..3], [(3, Note, 1), (5, Warn, 1), (8, Stuck, 1)]);
    // a call ends it, and it begins anew
    let anew = chain(&[times(3, &idle("hm")), vec![fresh(1)], times(3, &idle("hm"))]);
    assert_eq!(said(d3, anew), [(2, Note, 1), (3, Warn, 1), (6, Note, 5), (7, Warn, 5)]);
}

#[test]
fn d3_a_talk_and_a_last_word_are_no_monologue() {
    let d3 = Detector::NoToolCall;
    let asked = |question: &str| Step { harness: vec![question.to_owned()], ..text("an answer") };
    let talk = vec![asked("Why is it slow?"), asked("And the tests?"), asked("Thanks. Now the docs."), asked("Fine."), text("Done.")];
    assert!(said(d3, talk).iter().all(|(_, level, _)| *level < Level::Warn));
    let ends = Step { finish: Some("end_turn".to_owned()), ..text("This is it.") };
    assert!(said(d3, chain(&[vec![fresh(1)], times(4, &ends)])).is_empty());
    // a request that failed is no answer
    let failed = Step { error: Some("overloaded".to_owned()), ..text("") };
    assert_eq!(said(d3, vec![idle("a"), failed, idle("b")]), [(3, Level::Note, 1)]);
}

#[test]
fn d4_words_beside_calls_that_work_are_a_habit() {
    let habit = |at: u32| Step { harness: vec!["Remember the list of tasks.".to_owned()], ..fresh(at) };
    assert!(said(Detector::SameHarnessMessage, (0..20).map(habit).collect()).is_empty());
    let complaint = |at: u32| Step { harness: vec![format!("Found {at} actions, expected one.")], ..text(&format!("try {at}")) };
    let steps = chain(&[(0..3).map(complaint).collect(), (0..12).map(fresh).collect(), (0..3).map(complaint).collect()]);
    assert_eq!(said(Detector::SameHarnessMessage, steps), [(3, Level::Note, 1), (18, Level::Note, 16)]);
}

#[test]
fn d8_identical_steps_in_a_row() {
    use Level::{Note, Stuck, Warn};
    let d8 = Detector::IdenticalStep;
    let same = bash("grep -rn foo src", true, "src/a.rs:1: foo");
    let told = said(d8, times(23, &same));
    assert_eq!(told[..3], [(2, Note, 1), (3, Warn, 1), (5, Stuck, 1)]);
    assert_eq!(told[3..].iter().map(|told| told.0).collect::<Vec<_>>(), [10, 20]);
    // what it says beside the call does not matter, nor a step of text between, nor times and numbers in the answer
    let varied =
        |at: u32| Step { thought: format!("Once more, {at}."), ..bash("make", false, &format!("make: *** Error 2 after {at}.{at}s")) };
    assert_eq!(said(d8, vec![varied(1), text("hm"), varied(2), varied(31)]), [(3, Note, 1), (4, Warn, 1)]);
    let anew = chain(&[times(3, &same), vec![fresh(1)], times(2, &same)]);
    assert_eq!(said(d8, anew), [(2, Note, 1), (3, Warn, 1), (6, Note, 5)]);
}

#[test]
fn d8_pages_polls_and_calls_of_one_answer_are_no_loop() {
    let d8 = Detector::IdenticalStep;
    let words = ["alpha", "beta", "gamma", "delta", "epsilon"];
    let paging =
        words.iter().cycle().take(50).map(|word| call("read_output", &json!({ "id": 7 }), true, &format!("{word} bytes"))).collect();
    assert!(said(d8, paging).is_empty(), "the same call, another answer each time");
    let poll = bash("sleep 300; tail -1 build.log", true, "still building");
    assert_eq!(said(d8, times(8, &poll)), [(6, Level::Note, 1)]);
    assert!(level(times(4, &bash("cat status", true, "running"))) < Level::Stuck);
    let mut parallel = bash("cat a", true, "a");
    parallel.calls = vec![parallel.calls[0].clone(); 5];
    assert!(said(d8, vec![parallel]).is_empty());
}

#[test]
fn d9_cycles_of_any_period_by_their_rounds() {
    use Level::{Note, Stuck, Warn};
    let d9 = Detector::Cycle;
    for period in 2..=12_u32 {
        let steps = (0..period * 5).map(|at| fresh(at % period)).collect();
        let told = said(d9, steps);
        assert_eq!(told, [(period * 2, Note, 1), (period * 3, Warn, 1), (period * 4, Stuck, 1)], "period {period}");
    }
    assert!(said(d9, times(30, &fresh(1))).is_empty(), "one step over and over is D8's");
    assert!(said(d9, (0..39).map(|at| fresh(at % 13)).collect()).is_empty(), "13 steps are too long for it");
    // an answer that differs breaks it, and it begins anew
    let round = [fresh(1), fresh(2), fresh(1), fresh(2)];
    let anew = chain(&[round.to_vec(), vec![fresh(9)], round.to_vec()]);
    assert_eq!(said(d9, anew), [(4, Note, 1), (9, Note, 6)]);
    let progress = |at: u32| [edit("/r/a.py", &"o".repeat(at as usize + 1), true), bash("pytest", false, &"F".repeat(20 - at as usize))];
    assert!(said(d9, (0..10).flat_map(progress).collect()).is_empty());
}

#[test]
fn d10_steps_that_were_there_before() {
    use Level::{Note, Stuck, Warn};
    let d10 = Detector::StaleShare;
    // 13 different steps in turn: no cycle that D9 sees
    let steps: Vec<Step> = (0..60).map(|at| fresh(at % 13)).collect();
    let told = said(d10, steps.clone());
    assert_eq!(told[..3], [(21, Note, 14), (25, Warn, 14), (31, Stuck, 14)]);
    // tests that run again after a change are no repetition, and neither are the files that are looked at again
    let round = |at: usize| [edit("/r/a.py", &"o".repeat(at + 1), true), bash("cat a.py", true, "x"), bash("pytest", false, "1 failed")];
    assert!(said(d10, (0..20).flat_map(round).collect()).is_empty());
    // it is over when new steps come, and then counts new ones only
    let anew = chain(&[steps, (30..60).map(fresh).collect(), (30..43).map(fresh).collect()]);
    let again = said(d10, anew);
    assert_eq!(again[again.len() - 2..], [(98, Note, 91), (102, Warn, 91)]);
}

#[test]
fn d11_the_same_error_on_the_same_file() {
    use Level::{Stuck, Warn};
    let d11 = Detector::ErrorWall;
    let fails =
        |count: u32| (0..count).flat_map(|at| [edit("/r/a.py", &"o".repeat(at as usize + 1), false), fresh(at)]).collect::<Vec<_>>();
    assert_eq!(said(d11, fails(8)), [(7, Warn, 1), (13, Stuck, 1)]);
    let finding = &found(d11, fails(8))[0];
    assert_eq!(finding.says, "/r/a.py failed 8 times with the same error");
    // three are not yet one, nor are failures with a success in between, nor those of several files
    let close = chain(&[fails(3), vec![edit("/r/a.py", "right", true)], fails(3)]);
    assert!(said(d11, close).is_empty());
    let files = |paths: &[&str]| paths.iter().map(|path| edit(path, "o", false)).collect();
    assert!(said(d11, files(&["/a", "/b"])).is_empty());
    assert_eq!(said(d11, files(&["/a", "/b", "/c", "/d", "/e", "/f"])), [(3, Level::Note, 1), (5, Warn, 1)], "no edit works anywhere");
    let anew = chain(&[fails(4), vec![edit("/r/a.py", "right", true)], fails(4)]);
    assert_eq!(said(d11, anew).iter().map(|told| (told.0, told.2)).collect::<Vec<_>>(), [(7, 1), (16, 10)]);
}

#[test]
fn d11_tests_that_fail_stay_a_note_and_one_answer_is_one_mistake() {
    let d11 = Detector::ErrorWall;
    let tests =
        (0..30).map(|at| Step { thought: at.to_string(), ..bash("pytest tests/test_a.py", false, "E  AssertionError: 1 != 2") }).collect();
    let told = said(d11, tests);
    assert_eq!(told[0], (4, Level::Note, 1));
    assert!(told.iter().all(|told| told.1 == Level::Note));
    let mut parallel = edit("/r/a.py", "o", false);
    parallel.calls = (1..=8).map(|at| edit("/r/a.py", &"o".repeat(at), false).calls[0].clone()).collect();
    assert!(said(d11, vec![parallel.clone()]).iter().all(|told| told.1 < Level::Warn));
    assert_eq!(said(d11, times(3, &parallel)).last().map(|told| told.1), Some(Level::Stuck));
}

#[test]
fn d12_a_dead_shell() {
    use Level::{Note, Stuck, Warn};
    let d12 = Detector::DeadTool;
    let dead = |at: u32| {
        bash(
            &format!("run {at}"),
            false,
            "Error running bash command: timed out: bash has not returned in 120.0 seconds and must be restarted",
        )
    };
    let restart = call("bash", &json!({ "restart": true, "command": "true" }), true, "tool has been restarted.");
    // a restart that only restarts, and edits, do not show that it lives
    let steps = vec![dead(1), restart.clone(), dead(2), edit("/r/a.py", "o", true), dead(3), restart.clone(), dead(4), dead(5)];
    assert_eq!(said(d12, steps.clone()), [(3, Note, 1), (5, Warn, 1), (8, Stuck, 1)]);
    let anew = chain(&[steps, vec![fresh(1)], vec![dead(1), fresh(2), dead(2), fresh(3)], vec![dead(1), dead(2)]]);
    assert_eq!(said(d12, anew).last(), Some(&(15, Note, 14)));
    // a log that says it is no tool that is dead
    let log = format!("{}\nBrokenPipeError: broken pipe\n", "line\n".repeat(1000));
    assert!(said(d12, times(4, &bash("cat log", true, "OSError: broken pipe"))).is_empty());
    assert!(said(d12, (0..4).map(|at| bash(&format!("pytest {at}"), false, &log)).collect()).is_empty());
}

#[test]
fn d14_the_source_does_not_change() {
    use Level::{Note, Warn};
    let d14 = Detector::NoProgress;
    let quiet = |from: u32, count: u32| (from..from + count).map(fresh).collect::<Vec<_>>();
    let steps = chain(&[vec![edit("/r/a.py", "o", true)], quiet(0, 90)]);
    assert_eq!(said(d14, steps.clone()), [(26, Note, 2), (41, Warn, 2), (81, Warn, 2)]);
    let anew = chain(&[steps, vec![bash("sed -i s/a/b/ src/b.py", true, "")], quiet(100, 25)]);
    assert_eq!(said(d14, anew).last(), Some(&(117, Note, 93)));
    // to read for long is a note at most; scratch files and failed edits are no progress
    assert_eq!(said(d14, quiet(0, 70)), [(60, Note, 1)]);
    let busy = |at: u32| if at.is_multiple_of(2) { edit("/r/.bench_scratch/t.py", "o", true) } else { edit("/r/a.py", "o", false) };
    assert_eq!(said(d14, chain(&[vec![edit("/r/a.py", "o", true)], (0..40).map(busy).collect()])).len(), 2);
    let edits = |at: u32| if at.is_multiple_of(24) { bash("cat > src/c.py <<'EOF'\nx\nEOF", true, "") } else { fresh(at) };
    assert!(said(d14, (0..100).map(edits).collect()).is_empty());
}

/// The reported churn: ten commands of git in turn, with names that differ, after an edit that works.
fn churn(count: usize) -> Vec<Step> {
    let fails = "error: patch failed: engine/detokenize.py:17\nerror: engine/detokenize.py: patch does not apply";
    let round = |at: usize| {
        let name = format!("fix_{at:04x}.patch");
        match at % 10 {
            0 => bash(&format!("git apply {name}"), false, fails),
            1 => bash("git stash", true, "Saved working directory and index state"),
            2 => bash(&format!("git apply --3way {name}"), false, fails),
            3 => bash("git stash pop", true, "Dropped refs/stash@{0}"),
            4 => bash(&format!("git diff > {name}"), true, ""),
            5 => bash(&format!("git apply --check {name}"), false, fails),
            6 => bash("git checkout -- docs && git status --short", true, " M engine/detokenize.py"),
            7 => bash(&format!("git apply --ignore-whitespace {name}"), false, fails),
            8 => bash(&format!("git log --oneline -n {at}"), true, "a1b2c3d base"),
            _ => bash(&format!("git reset -q && git add -A && git commit -qm try{at}"), true, ""),
        }
    };
    (0..count).map(round).collect()
}

#[test]
fn the_reported_churn_is_seen_at_the_steps_of_the_table() {
    let before = chain(&[(0..196).map(fresh).collect(), vec![edit("/r/engine/detokenize.py", "o", true)]]);
    let start = u32::try_from(before.len()).unwrap_or_default();
    let steps = chain(&[before, churn(200)]);
    let first = |detector: Detector, level: Level| {
        said(detector, steps.clone()).into_iter().find(|told| told.1 >= level).map(|told| told.0 - start)
    };
    // the fourth "does not apply" is the eighth command
    assert_eq!(first(Detector::ErrorWall, Level::Note), Some(8));
    assert_eq!(first(Detector::ErrorWall, Level::Warn), None);
    assert_eq!(first(Detector::VcsChurn, Level::Warn), Some(18));
    assert_eq!(first(Detector::NoProgress, Level::Warn), Some(40));
    assert_eq!(first(Detector::VcsChurn, Level::Stuck), Some(60));
}

#[test]
fn d15_an_agent_that_edits_needs_git_too() {
    let d15 = Detector::VcsChurn;
    let looks = |count| (0..count).map(|at| bash(&format!("git show HEAD~{at}"), true, &"x".repeat(at + 1))).collect();
    assert!(said(d15, looks(23)).is_empty(), "to look at the history changes nothing");
    assert_eq!(said(d15, looks(40)), [(24, Level::Warn, 1)], "but to look at nothing else is no work either");
    let edits = |at: usize| {
        if at.is_multiple_of(8) { edit("/r/a.py", &"o".repeat(at + 1), true) } else { bash(&format!("git commit -am {at}"), true, "") }
    };
    assert!(said(d15, (0..60).map(edits).collect()).is_empty());
    let anew = chain(&[churn(30), vec![edit("/r/a.py", "o", true)], (0..24).map(fresh).collect(), churn(30)]);
    let told = said(d15, anew);
    assert_eq!(told.iter().map(|told| told.1).collect::<Vec<_>>(), [Level::Warn; 2]);
    assert!(told[1].2 > 30, "none of the steps that were told before: {told:?}");
}

/// The loops that people reported, of `shared/loops/pasted_loops.jsonl`, where they are loops of steps.
#[test]
fn reported_loops_fire_and_what_only_looks_like_one_does_not() {
    use Level::Stuck;
    let push = [bash("git status -sb", true, "## main...origin/main"), bash("git push", true, "Everything up-to-date")];
    assert_eq!(level([push.clone(), push.clone(), push.clone(), push.clone()].concat()), Stuck);
    let greps = [bash("grep -rn 'a b' src", true, "x"), bash("grep -rn \"a.b\" src", true, "x")];
    assert_eq!(level(greps.iter().cycle().take(141).cloned().collect()), Stuck);
    assert_eq!(level(times(30, &bash("grep foo a.py", true, "1: foo"))), Stuck);
    let lookups = [call("lookup", &json!({"q": "a"}), true, "none"), call("search", &json!({"q": "b"}), true, "none")];
    assert_eq!(level(lookups.iter().cycle().take(8).cloned().collect()), Stuck);
    let todo = call("todo", &json!({}), false, "Invalid todo arguments: op must be operation to apply (was missing)");
    assert_eq!(level(times(8, &todo)), Stuck);
    let view =
        |at: usize| Step { thought: format!("I was reminded {at} times not to."), ..call("todo", &json!({"op": "view"}), true, "1. x") };
    assert_eq!(level((0..197).map(view).collect()), Stuck);

    let reads = ["a", "b", "c", "d"].iter().map(|path| call("read_file", &json!({ "path": path }), true, path)).collect();
    assert_eq!(level(reads), Level::None);
    let page = |at: usize| call("read_output", &json!({"id": 1}), true, &format!("row {at} of the table\n").repeat(400));
    assert_eq!(level((0..50).map(page).collect()), Level::None);
}

#[test]
fn figures_are_true_when_an_episode_is_over_and_when_the_run_is() {
    let talk = chain(&[times(75, &idle("hm")), vec![fresh(1)], times(7, &idle("hm"))]);
    let d3 = found(Detector::NoToolCall, talk.clone());
    let told: Vec<_> = d3.iter().map(|finding| (finding.level, finding.first_step, finding.last_step, finding.cleared)).collect();
    assert_eq!(told, [(Level::Stuck, 1, 75, Some(76)), (Level::Stuck, 77, 83, None)]);
    assert!(d3[0].says.starts_with("75 answers in a row") && d3[1].says.starts_with("7 answers in a row"), "{d3:#?}");
    // live, what is open stands as it was told; the end is told once, and again after more
    let steps = numbered(talk);
    let mut watch = Watch::new(Context::default());
    let open = |watch: &Watch| {
        let found = watch.findings().into_iter().rfind(|finding| finding.detector == Detector::NoToolCall).cloned();
        found.map(|finding| (finding.first_step, finding.last_step))
    };
    watch.take(&steps[..40], 0, true, false);
    assert_eq!(open(&watch), Some((1, 40)), "5, 10, 20, 40");
    watch.take(&steps[..75], 40, true, false);
    assert_eq!(open(&watch), Some((1, 40)));
    watch.take(&steps[..75], 75, true, true);
    watch.take(&steps[..75], 75, true, true);
    assert_eq!(open(&watch), Some((1, 75)));
    watch.take(&steps, 75, true, true);
    assert_eq!(open(&watch), Some((77, 83)));
    // what shows it is the last refusal, not the last step
    let refusals = chain(&[times(4, &refused()), (0..9).map(fresh).collect()]);
    let d1 = &found(Detector::RefusedFinish, refusals)[0];
    assert_eq!((d1.last_step, d1.cleared), (4, None));
}

#[test]
fn every_hint_is_a_sentence_and_no_evidence_is_empty() {
    let silent = Step { harness: vec![REMINDER.to_owned()], ..text("") };
    let runs = [times(40, &silent), churn(80), times(9, &bash("ls", false, "sh: no such file")), times(9, &refused())];
    for finding in runs.into_iter().flat_map(|steps| {
        let steps = numbered(steps);
        let mut watch = Watch::new(Context::default());
        watch.take(&steps, 0, true, true);
        watch.findings().into_iter().cloned().collect::<Vec<_>>()
    }) {
        assert!(finding.hint.starts_with(char::is_uppercase), "{finding:?}");
        assert!(!finding.says.contains("since step"), "{finding:?}");
        assert!(finding.evidence.iter().all(|shown| !shown.text.trim().is_empty()), "{finding:?}");
    }
    let d4 = found(Detector::SameHarnessMessage, times(8, &silent));
    assert_eq!(d4[0].evidence[0].text, REMINDER);
}

#[test]
fn d15_begins_with_git_and_its_sum_is_right() {
    let steps = chain(&[(0..30).map(fresh).collect(), churn(40)]);
    let d15 = &found(Detector::VcsChurn, steps)[0];
    assert_eq!((d15.first_step, d15.last_step), (31, 70));
    let (sum, words) = d15.says.split_once(" of the last 24 steps with calls were about git and patches: ").unwrap_or_default();
    let times = words.split(", ").filter_map(|word| word.rsplit_once(' ')?.1.trim_end_matches('×').parse::<u32>().ok());
    assert_eq!(Some(times.sum::<u32>()), sum.parse().ok(), "{}", d15.says);
}

#[test]
fn each_conversation_has_its_own_counts() {
    let same = bash("ls", true, "a");
    let inside = |step: Step| Step { within: Some("call_1".to_owned()), ..step };
    let mixed: Vec<Step> = (0..3).flat_map(|at| [same.clone(), inside(fresh(at))]).collect();
    assert_eq!(found(Detector::IdenticalStep, mixed).iter().map(|finding| finding.last_step).collect::<Vec<_>>(), [5]);
}

#[test]
fn steps_are_taken_when_they_are_over_and_a_file_that_begins_anew_is_another() {
    let mut watch = Watch::new(Context::default());
    let mut steps = numbered(times(5, &idle("hm")));
    // the last step of a log may go on; that of a finished one may not
    watch.take(&steps, 0, false, false);
    assert_eq!(watch.findings()[0].last_step, 3);
    assert!(!watch.take(&steps, 5, false, true));
    assert_eq!(watch.findings()[0].last_step, 5);
    // a call that never got its answer holds up few steps
    let mut open = fresh(1);
    (open.calls[0].result, open.reply) = (None, Reply::ToolsRunning);
    let waits = numbered(chain(&[vec![open], times(20, &idle("hm"))]));
    let mut late = Watch::new(Context::default());
    late.take(&waits, 0, true, false);
    assert_eq!(late.level(), Level::Stuck);
    // another first step: another run in the same file
    steps = numbered(vec![fresh(1), fresh(2)]);
    assert!(watch.take(&steps, 0, true, false));
    assert!(watch.findings().is_empty());
}
