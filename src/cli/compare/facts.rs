//! What is known of a side beside its steps and its patch.

use super::load::Origin;
use crate::agent::open::Opened;
use crate::artifact::{Checkout, Journal};
use crate::domain::rung::reached;
use crate::domain::{Finding, ItemId, Level, Metric, RunId, Rung, Stage};
use crate::import;
use crate::ledger::RunFolder;
use crate::measured::arms::merged;
use crate::model::{Attempt, Follower};
use crate::patch::changed_files;
use crate::report::steps::{Totals, duration_ms, end};
use crate::text::clean;
use crate::text::mask::Masker;
use crate::ui::compare::side::STEPS;
use crate::ui::compare::{Side, Told};

type Facts = Vec<(String, Told)>;

/// Of a patch alone.
pub(super) fn of_patch(side: &Side) -> Facts {
    let Some(patch) = &side.patch else {
        return ["patch", "files", "lines +", "lines -"].map(|name| (name.to_owned(), Told::Unknown)).into();
    };
    let files = changed_files(patch);
    let sum = |lines: fn(&crate::patch::ChangedFile<'_>) -> u32| files.iter().map(|file| u64::from(lines(file))).sum();
    vec![
        ("patch".to_owned(), Told::Bytes(patch.len() as u64)),
        ("files".to_owned(), Told::Count(files.len() as u64)),
        ("lines +".to_owned(), Told::Count(sum(|file| file.added))),
        ("lines -".to_owned(), Told::Count(sum(|file| file.removed))),
    ]
}

/// Of an attempt: of its trajectory, its folder, and of the ledger that knows more.
pub(super) fn of_attempt(side: &Side, opened: Option<&Opened>, findings: Option<&[Finding]>, origin: &Origin, masker: &Masker) -> Facts {
    let attempt = attempt(origin);
    let totals = opened.map(Totals::of);
    let told = |known: Option<u64>, told: fn(u64) -> Told| Told::of(known, told);
    let of_totals = |count: fn(&Totals) -> Option<u64>| totals.as_ref().and_then(count);
    let text = |text: &str| masker.first_line(text);
    let ended = opened.map(|opened| end(&opened.state).0.to_owned());
    let stage = attempt.as_ref().and_then(|attempt| attempt.outcome(Stage::Agent));
    let duration = stage.map(|stage| stage.duration_ms).filter(|ms| *ms > 0).or_else(|| opened.and_then(duration_ms));
    let level = findings.map(|findings| findings.iter().map(|finding| finding.level).max().unwrap_or_default());
    let level = level.map(|level| if level == Level::None { "nothing".to_owned() } else { level.name().to_owned() });
    let said = attempt.as_ref().and_then(|attempt| attempt.journal.as_ref()).map(|journal| journal.status.clone());
    // our own runs have it in the file alone
    let of_file = || Some(Journal::read(&origin.folder.as_deref()?.join(Journal::FILE)).ok()?.status.clone());
    let status = said.or_else(of_file).map(|status| text(&status));
    let rung = attempt.as_ref().map(Attempt::rungs).map(|rungs| reached(&rungs).map_or("none", Rung::name).to_owned());
    let cost = attempt.as_ref().and_then(Attempt::totals).and_then(|totals| totals.cost_micro_usd);
    let cost = opened.and_then(|opened| opened.totals.cost_micro_usd).or(cost);
    let mut facts: Facts = vec![
        (STEPS.to_owned(), told(of_totals(|totals| totals.steps), Told::Count)),
        ("end".to_owned(), Told::of(ended, Told::Word)),
        ("found".to_owned(), Told::of(level, Told::Word)),
    ];
    facts.extend(of_patch(side).into_iter().take(1));
    facts.extend(side.of_steps());
    facts.extend([
        ("tokens in".to_owned(), told(of_totals(|totals| totals.input_tokens), Told::Tokens)),
        ("tokens out".to_owned(), told(of_totals(|totals| totals.output_tokens), Told::Tokens)),
        ("duration".to_owned(), told(duration, Told::Millis)),
        ("status".to_owned(), Told::of(status, Told::Word)),
        ("rung".to_owned(), Told::of(rung, Told::Word)),
        ("cost".to_owned(), told(cost, Told::MicroUsd)),
        ("calls".to_owned(), told(of_totals(|totals| Some(totals.calls)), Told::Count)),
        ("errors".to_owned(), told(of_totals(|totals| Some(totals.errors)), Told::Count)),
        ("findings".to_owned(), told(findings.map(|findings| findings.len() as u64), Told::Count)),
    ]);
    let worst = findings.and_then(|findings| findings.iter().max_by_key(|finding| (finding.level, std::cmp::Reverse(finding.first_step))));
    let worst = worst.map(|worst| format!("{}, step {}", worst.detector.title(), worst.first_step));
    facts.push(("worst".to_owned(), Told::of(worst, Told::Word)));
    facts.extend(of_patch(side).into_iter().skip(1));
    facts.extend(attempt.as_ref().map(arms).unwrap_or_default());
    facts
}

/// The numbers of the arms, and how the agent's stand.
fn arms(attempt: &Attempt) -> Facts {
    let mut facts = Facts::new();
    if let Some(standing) = attempt.score().and_then(crate::domain::ScoreDetail::standing) {
        let word = match standing {
            crate::domain::Standing::Beats => "beats human",
            crate::domain::Standing::Similar => "like human",
            crate::domain::Standing::Worse => "worse",
        };
        facts.push(("verdict".to_owned(), Told::Word(word.to_owned())));
    }
    for (arm, stage) in [("agent", Stage::Candidate), ("human", Stage::Human), ("baseline", Stage::Baseline)] {
        let Some(detail) = merged(attempt, stage) else { continue };
        let measured = |metric: &Metric| {
            let unit = if metric.unit.is_empty() { String::new() } else { format!(" ({})", metric.unit) };
            (clean::line(&format!("{arm} {}{unit}", metric.name)), Told::Measure(metric.value))
        };
        facts.extend(detail.metrics.iter().map(measured));
    }
    facts
}

/// The attempt as the ledger of our run tells it, else as the folder's files do.
fn attempt(origin: &Origin) -> Option<Attempt> {
    let folder = origin.folder.as_deref()?;
    let [.., item, _] = &origin.names;
    let of_ours = || {
        let journal = Journal::read(&folder.join(Journal::FILE)).ok()?;
        let ours = journal.whole().get("isobench_tui")?;
        let run = ours.get("run")?.as_str()?;
        let n = ours.get("attempt").and_then(serde_json::Value::as_u64).unwrap_or(1);
        let real = folder.canonicalize().ok()?;
        let checkout = Checkout::find(&real).ok()??;
        // the run's name comes out of a file, and must not lead anywhere else
        ItemId(run.to_owned()).unfit().is_none().then_some(())?;
        let run = Follower::load(&RunFolder::of(&checkout.root, &RunId(run.to_owned()))).ok()?;
        let found = run.item(&ItemId(item.clone()))?;
        found.attempts.iter().find(|attempt| u64::from(attempt.n) == n).cloned()
    };
    of_ours().or_else(|| {
        let import = import::import(&[folder.to_owned()], None);
        import.runs.into_iter().find_map(|run| run.run.items.first().and_then(|item| item.last_attempt().cloned()))
    })
}
