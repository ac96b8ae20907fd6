//! Hard and soft verdict together.

use super::{ArmInput, Missing};
use crate::domain::{Arm, FailureClass, Quadrant, ScoreDetail, SoftVerdict};

/// Puts a judge's verdict to a comparison, and with it the quadrant. `arms` are those that were compared.
pub fn with_soft(mut detail: ScoreDetail, arms: &[ArmInput<'_>], soft: SoftVerdict) -> ScoreDetail {
    detail.quadrant = hard_passes(&detail, arms).map(|hard| Quadrant::of(soft.target.passes(), hard));
    detail.soft = Some(soft);
    detail
}

/// Whether the hard verdict passes; `None` where nobody knows. A patch that breaks the benchmark, which went well without
/// it, does not pass.
pub fn hard_passes(detail: &ScoreDetail, arms: &[ArmInput<'_>]) -> Option<bool> {
    if let Some(standing) = detail.standing() {
        return Some(standing.passes());
    }
    let brought = |whose: Arm| arms.iter().find(|input| input.arm == whose).map(|input| &input.brought);
    let class = |whose: Arm| match brought(whose) {
        Some(Err(Missing::Failed(cause))) => Some(cause.class),
        _ => None,
    };
    let agent = class(Arm::Agent).filter(|class| is_of_the_patch(*class))?;
    // what breaks the parent commit in the same way is not the patch
    (brought(Arm::Human)?.is_ok() && class(Arm::Baseline) != Some(agent)).then_some(false)
}

/// Whether an arm that fails so may have failed by the patch it was given.
const fn is_of_the_patch(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::PatchDoesNotApply
            | FailureClass::PatchHalfApplied
            | FailureClass::PatchSyntax
            | FailureClass::ImportError
            | FailureClass::CudaOom
            | FailureClass::ServerCrashed
            | FailureClass::ServerNeverReady
            | FailureClass::TimeoutServer
            | FailureClass::TimeoutBenchmark
            | FailureClass::Timeout
            | FailureClass::ArmCrashed
            | FailureClass::NoMetrics
    )
}
