//! What the script's numbers can't say: which of its arms were measured alike, with which patch, when.

use std::fs;

use super::{REUSED_FROM, name};
use crate::artifact::document::Document;
use crate::artifact::result_file::ArmResult;
use crate::bench::Patched;
use crate::domain::{Answer, Arm, Rung, RungAnswer, ScoreDetail, Stage};
use crate::model::Item;
use crate::runner::Job;

/// Says what of the arms only their result files and folders tell. What their numbers tell is told by [`crate::bench::score`].
pub fn temper(job: &Job, item: &Item, detail: &mut ScoreDetail) {
    let (human, baseline, agent) =
        (result(job, item, Stage::Human), result(job, item, Stage::Baseline), result(job, item, Stage::Candidate));
    for (arm, result) in [(Arm::Human, &human), (Arm::Baseline, &baseline), (Arm::Agent, &agent)] {
        let parent = result.as_ref().and_then(|result| result.parent_commit.as_deref()).unwrap_or_default();
        if arm != Arm::Human && !parent.is_empty() && !item.parent.starts_with(parent) && !parent.starts_with(&item.parent) {
            detail.why_not.push(format!("{}: measured on {parent}, and the plan's parent is {}", arm.name(), item.parent));
        }
    }
    for stage in [Stage::Human, Stage::Baseline] {
        let from = job.ran(item, stage).and_then(|folder| fs::read_to_string(folder.join(REUSED_FROM)).ok());
        if let Some(from) = from {
            detail.why_not.push(format!("{stage}: taken from {}, on an unknown machine", from.trim()));
        }
    }
    if let Some(first) = detail.rungs.iter_mut().find(|rung| rung.rung == Rung::Applies) {
        *first = applies(agent.as_ref());
    }
}

/// An arm's result, as it was kept with the attempt.
fn result(job: &Job, item: &Item, stage: Stage) -> Option<Document<ArmResult>> {
    ArmResult::read(&job.ran(item, stage)?.join(name(item, stage.arm()?))).ok()
}

/// Whether the patch went in, by the container's own words.
fn applies(agent: Option<&Document<ArmResult>>) -> RungAnswer {
    let raw = agent.map(|agent| agent.raw_output.as_str()).unwrap_or_default();
    let (answer, evidence) = match Patched::by(raw) {
        Patched::Forced => (Answer::Unchecked, format!("{}: `patch --force` took it, perhaps by half", Patched::FORCED)),
        Patched::Applied => (Answer::Yes, Patched::APPLIED.to_owned()),
        Patched::Unsaid => (Answer::Unchecked, "run_3way_benchmarks.py did not say".to_owned()),
    };
    RungAnswer { rung: Rung::Applies, answer, evidence }
}
