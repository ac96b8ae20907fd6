//! What makes an attempt that is called a success suspicious.

use super::item::Attempt;
use crate::domain::{Answer, Detector, EndCause, FailureClass, Flag, Rung, Stage, StageEnd};
use crate::ledger::fact::AttemptEnd;

/// An agent that is done sooner has done nothing, in ms.
const TOO_FAST_MS: u64 = 5_000;

impl Attempt {
    /// The flags of this attempt, in the order of [`Flag`]. A success is what the harness's journal calls one, or, where
    /// there is none, an attempt of ours that came to its end.
    pub fn flags(&self) -> Vec<Flag> {
        let is_success = match &self.journal {
            Some(journal) => journal.status == "success",
            None => matches!(self.end, Some((AttemptEnd::Done, _))),
        };
        let marked = [
            (Flag::EmptyPatch, self.has_no_patch()),
            (Flag::ReturnCode, self.has_bad_return_code()),
            (Flag::NoSteps, self.totals().and_then(|totals| totals.steps).is_some_and(|steps| steps <= 1)),
            (Flag::TooFast, self.was_too_fast()),
            (Flag::ApiError, self.was_refused_by_api()),
        ];
        let mut flags: Vec<Flag> = marked.into_iter().filter(|(_, is_so)| is_success && *is_so).map(|(flag, _)| flag).collect();
        if self.badges.iter().any(|badge| badge.detector == Detector::AnswerPeek) {
            flags.push(Flag::AnswerPeek);
        }
        if self.check().is_some_and(|check| !check.secrets.is_empty()) {
            flags.push(Flag::SecretInPatch);
        }
        flags
    }

    fn has_no_patch(&self) -> bool {
        self.check().is_some_and(|check| check.rungs.iter().any(|found| found.rung == Rung::Patch && found.answer == Answer::No))
    }

    fn has_bad_return_code(&self) -> bool {
        let code = self.journal.as_ref().and_then(|journal| journal.returncode);
        match (code, self.outcome(Stage::Agent).and_then(|outcome| outcome.child.as_ref()).map(|child| &child.cause)) {
            (Some(code), _) => code != 0,
            (None, Some(EndCause::Exited { code })) => *code != 0,
            (None, Some(EndCause::Signalled { .. })) => true,
            _ => false,
        }
    }

    /// One without a duration is not known to have been fast.
    fn was_too_fast(&self) -> bool {
        self.outcome(Stage::Agent).is_some_and(|outcome| (1..TOO_FAST_MS).contains(&outcome.duration_ms))
    }

    fn was_refused_by_api(&self) -> bool {
        use FailureClass as Class;
        let api = [Class::ApiAuth, Class::ApiQuota, Class::ApiRateLimit, Class::ApiProtocol, Class::ApiDown];
        matches!(self.agent_failure(), Some(StageEnd::Failed { class, .. }) if api.contains(class))
    }
}
