//! The score stage: the arms are compared, which is our own work and quick, and a judge may look at the patch.

mod judge;

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::conclude::Case;
use super::containers::{self, PATCH_APPLIED};
use super::served::served;
use super::{Job, three_way};
use crate::bench::score::{brought, with_soft};
use crate::bench::{ArmInput, Missing, score};
use crate::domain::{
    Answer, Arm, ArmDetail, ChildEnd, FailureClass, Flag, Rung, RungAnswer, ScoreDetail, Stage, StageDetail, StageEnd, StageOutcome,
};
use crate::model::{Attempt, Item};

pub use judge::{command, has_patch};

/// The judge's program: a path is as seen from the harness folder, a bare name is looked up in `PATH`.
pub fn judge_program(root: &Path, program: &str) -> PathBuf {
    if program.contains('/') { root.join(program) } else { PathBuf::from(program) }
}

/// The comparison, where no judge is to be asked.
pub fn outcome(job: &Job, item: &Item, started: Instant) -> StageOutcome {
    let detail = item.last_attempt().map_or_else(ScoreDetail::default, |last| compared(job, item, last, &borrowed(&inputs(last))));
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    StageOutcome { end: StageEnd::Done, child: None, duration_ms, detail: StageDetail::Score(detail) }
}

/// The comparison, and what the judge said. Whatever became of the judge, the item has its score: only who wants the item
/// stopped, or the runner gone, gets that.
pub fn conclude(case: &Case<'_>, child: &ChildEnd) -> (StageEnd, StageDetail) {
    let Some(last) = case.item.last_attempt() else { return (StageEnd::Done, StageDetail::Nothing) };
    let arms = inputs(last);
    let arms = borrowed(&arms);
    let mut detail = compared(case.job, case.item, last, &arms);
    let end = match judge::verdict(case, child) {
        judge::Said::Verdict(soft) => {
            detail = with_soft(detail, &arms, soft);
            StageEnd::Done
        }
        judge::Said::Nothing(why) => {
            detail.why_not.push(format!("judge: {why}"));
            StageEnd::Done
        }
        judge::Said::Left(end) => end,
    };
    (end, StageDetail::Score(detail))
}

/// What the attempt's arms brought.
fn inputs(last: &Attempt) -> Vec<(Arm, Result<ArmDetail, Missing>)> {
    let arms = [(Arm::Human, Stage::Human), (Arm::Baseline, Stage::Baseline), (Arm::Agent, Stage::Candidate)];
    arms.into_iter().map(|(arm, stage)| (arm, brought(last.outcome(stage), last.measured(stage)))).collect()
}

/// The same for the comparison.
fn borrowed(arms: &[(Arm, Result<ArmDetail, Missing>)]) -> Vec<ArmInput<'_>> {
    arms.iter().map(|(arm, brought)| ArmInput { arm: *arm, brought: brought.as_ref().map_err(Clone::clone) }).collect()
}

fn compared(job: &Job, item: &Item, last: &Attempt, arms: &[ArmInput<'_>]) -> ScoreDetail {
    let mut detail = score(arms, job.config.arms.threshold_pct);
    let applies = if containers::is_used(&job.config) { applied } else { applies };
    detail.rungs.splice(0..0, [applies(last.counted(Stage::Candidate)), served(job, item, last)]);
    if three_way::is_used(&job.config) {
        three_way::temper(job, item, &mut detail);
    }
    detail
}

/// The image of the candidate had to take the patch: by the marks of its script.
fn applied(candidate: Option<&StageOutcome>) -> RungAnswer {
    let arm = candidate.and_then(|outcome| if let StageDetail::Arm(arm) = &outcome.detail { Some(arm) } else { None });
    let how = arm.and_then(|arm| arm.notes.iter().find(|note| note.starts_with(PATCH_APPLIED)));
    let is_forced = arm.is_some_and(|arm| arm.flags.contains(&Flag::PatchForced));
    let (answer, evidence) = match (candidate.map(|outcome| &outcome.end), how) {
        (Some(StageEnd::Failed { class: FailureClass::PatchDoesNotApply, why }), _) => (Answer::No, why.clone()),
        (_, Some(how)) if is_forced => (Answer::Unchecked, format!("{how}: `patch --force` took it, perhaps by half")),
        (_, Some(how)) => (Answer::Yes, how.clone()),
        _ => (Answer::Unchecked, "nothing says that it was tried".to_owned()),
    };
    RungAnswer { rung: Rung::Applies, answer, evidence }
}

/// The candidate's checkout had to take the patch.
fn applies(candidate: Option<&StageOutcome>) -> RungAnswer {
    let (answer, evidence) = match candidate.map(|outcome| (&outcome.end, outcome.child.as_ref().map_or(0, |child| child.command))) {
        Some((StageEnd::Failed { class: FailureClass::PatchDoesNotApply, why }, _)) => (Answer::No, why.clone()),
        // commands: checkout, apply, benchmark
        Some((StageEnd::Done, _) | (_, 2..)) => (Answer::Yes, "git apply took it".to_owned()),
        _ => (Answer::Unchecked, "it was not tried".to_owned()),
    };
    RungAnswer { rung: Rung::Applies, answer, evidence }
}
