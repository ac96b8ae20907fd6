//! The rung `server` of an item of ours, from its agent's arm.

use super::Job;
use super::conclude::OUTPUT_TAIL;
use super::containers::{self, SERVER_READY};
use super::three_way;
use crate::artifact::result_file::ArmResult;
use crate::bench::ready::{ArmEnd, server};
use crate::domain::{Answer, Arm, BenchKind, Rung, RungAnswer, Stage, StageDetail, StageEnd, StageOutcome};
use crate::host::files;
use crate::model::{Attempt, Item};

/// Whether the server with the patch got ready, where one is needed.
pub(super) fn served(job: &Job, item: &Item, last: &Attempt) -> RungAnswer {
    let outcome = last.counted(Stage::Candidate);
    let end = match outcome.map(|outcome| &outcome.end) {
        Some(StageEnd::Done) => ArmEnd::Numbers,
        Some(StageEnd::Failed { class, why }) => ArmEnd::Failed(*class, why),
        _ => ArmEnd::NotRun,
    };
    if let (true, Some(note)) = (containers::is_used(&job.config), outcome.and_then(ready)) {
        return RungAnswer { rung: Rung::Server, answer: Answer::Yes, evidence: note.to_owned() };
    }
    let folder = job.ran(item, Stage::Candidate).unwrap_or_default();
    let kept = ArmResult::read(&folder.join(three_way::name(item, Arm::Agent))).map(|result| result.raw_output.clone());
    let output = || kept.unwrap_or_else(|_| files::tail(&folder.join("out"), OUTPUT_TAIL).unwrap_or_default());
    server(kind(job, outcome), end, &output())
}

/// What the script of an arm in a container says of its server: that it answered.
fn ready(outcome: &StageOutcome) -> Option<&str> {
    let StageDetail::Arm(arm) = &outcome.detail else { return None };
    arm.notes.iter().find(|note| note.starts_with(SERVER_READY)).map(String::as_str)
}

/// What was measured: as the arm says, by its numbers, or by its command.
fn kind(job: &Job, outcome: Option<&StageOutcome>) -> Option<BenchKind> {
    let arm = match outcome.map(|outcome| &outcome.detail) {
        Some(StageDetail::Arm(arm)) => Some(arm),
        _ => None,
    };
    let serves = |name: &str| name.starts_with("ttft_");
    let by_numbers = || arm?.metrics.iter().any(|metric| serves(&metric.name)).then_some(BenchKind::Serving);
    let command = || job.config.arms.command.join(" ");
    // a script of somebody's own says it at most in its name
    let by_name = || command().contains("serving").then_some(BenchKind::Serving);
    arm.and_then(|arm| arm.kind).or_else(by_numbers).or_else(|| BenchKind::of_command(&command())).or_else(by_name)
}
