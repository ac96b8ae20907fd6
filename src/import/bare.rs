//! Trajectories without a harness around them, as a run of which nothing but its agent is known.

use std::collections::HashMap;
use std::path::Path;

use super::facts::{Span, Teller};
use super::{Imported, Origin};
use crate::agent::open::Opened;
use crate::agent::{End, Live};
use crate::bench::first_cause;
use crate::domain::{Cause, FailureClass, ItemId, Stage, StageDetail, StageEnd, StageOutcome};
use crate::ledger::fact::AttemptEnd;
use crate::ledger::{Fact, PlannedItem, RunPlan};
use crate::model::Run;
use crate::text::clean;

/// A run of one item of which nothing is known but that its files are there: what is told of it before they are read.
pub fn unread(item: &ItemId) -> Run {
    let mut teller = Teller::default();
    let planned = PlannedItem { item: item.clone(), human: String::new(), parent: String::new(), blocked: None };
    teller.tell(None, Fact::RunCreated(plan(None, vec![planned])));
    teller.tell(None, Fact::AttemptStarted { item: item.clone(), n: 1, from: Stage::Agent });
    teller.tell(None, Fact::StageStarting { item: item.clone(), n: 1, stage: Stage::Agent, budget_ms: None });
    teller.done()
}

/// The runs of one file or folder, an item each: called by their instance, else by `path`'s own name.
pub fn bare(path: &Path, runs: &[Opened]) -> Imported {
    let name = path.file_name().map_or_else(|| clean::path(path), |name| clean::shown(&name.to_string_lossy()).into_owned());
    let id = |run: &Opened| ItemId(run.instance.as_deref().map_or_else(|| name.clone(), clean::line));
    let first = runs.first();
    let planned = |run: &Opened| PlannedItem { item: id(run), human: String::new(), parent: String::new(), blocked: None };
    let mut teller = Teller::default();
    teller.tell(first.and_then(|run| run.started_at), Fact::RunCreated(plan(first, runs.iter().map(planned).collect())));
    for run in runs {
        tell(&mut teller, &id(run), run);
    }
    if runs.iter().all(|run| matches!(run.state, Live::Ended(_))) {
        teller.tell(None, Fact::RunFinished {});
    }
    Imported { origin: Origin::Harness, path: path.to_owned(), name, run: teller.done(), items: HashMap::new() }
}

/// The plan that nobody made: the agent alone.
fn plan(run: Option<&Opened>, items: Vec<PlannedItem>) -> RunPlan {
    RunPlan {
        plan: String::new(),
        digest: String::new(),
        selection: None,
        repo: String::new(),
        task_id: String::new(),
        agent: run.map(|run| run.format.agent().to_owned()).unwrap_or_default(),
        model: run.and_then(|run| run.model.as_deref()).map(clean::line).unwrap_or_default(),
        stages: vec![Stage::Agent],
        repeat: 1,
        items,
    }
}

fn tell(teller: &mut Teller, item: &ItemId, run: &Opened) {
    teller.tell(run.started_at, Fact::AttemptStarted { item: item.clone(), n: 1, from: Stage::Agent });
    let span = Span { began: run.started_at, ended: run.last_at, budget_ms: None };
    let ran = run.started_at.zip(run.last_at).map(|(began, ended)| ended.duration_since(began).as_millis());
    let duration_ms = ran.and_then(|ms| u64::try_from(ms).ok()).unwrap_or_default();
    let (stage, attempt) = end(&run.state);
    let outcome = StageOutcome { end: stage, child: None, duration_ms, detail: StageDetail::Agent(run.all()) };
    teller.stage((item, 1), Stage::Agent, span, outcome);
    teller.end(item, 1, run.last_at, attempt);
}

/// How it ended, by its own word.
fn end(state: &Live) -> (StageEnd, AttemptEnd) {
    let failed = |class: FailureClass, why: String| (StageEnd::Failed { class, why: why.clone() }, AttemptEnd::Failed { class, why });
    match state {
        Live::Ended(End::Accepted) => (StageEnd::Done, AttemptEnd::Done),
        Live::Ended(End::MaxSteps) => failed(FailureClass::AgentBudget, "its step budget ran out".to_owned()),
        Live::Ended(End::OwnBudget(says)) => failed(FailureClass::AgentBudget, clean::first_line(says)),
        Live::Ended(End::StepError(says) | End::Failed(says)) => {
            let crashed = || Cause { class: FailureClass::AgentCrashed, evidence: clean::first_line(says) };
            let Cause { class, evidence } = first_cause(says).unwrap_or_else(crashed);
            failed(class, evidence)
        }
        Live::Ended(End::Stopped(says)) => failed(FailureClass::Killed, clean::first_line(says)),
        Live::Ended(End::Unexplained) => failed(FailureClass::AgentCrashed, "it ended without success, and without a word why".to_owned()),
        Live::WaitingForModel | Live::ToolsRunning => {
            let why = "the file does not say how it ended: its agent is at work, or was killed".to_owned();
            (StageEnd::Interrupted { why: why.clone() }, AttemptEnd::Interrupted { why })
        }
    }
}
