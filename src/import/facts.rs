//! Facts in memory, folded as they come: what a ledger of ours would hold of a run that somebody else made.

use jiff::Timestamp;

use crate::domain::{ItemId, Stage, StageOutcome};
use crate::ledger::fact::AttemptEnd;
use crate::ledger::{Body, Entry, Fact};
use crate::model::Run;

/// A run being told.
#[derive(Debug, Default)]
pub(super) struct Teller {
    run: Run,
}

impl Teller {
    /// Goes on with a run that was folded before.
    pub(super) const fn of(run: Run) -> Self {
        Self { run }
    }

    /// One fact, at a moment; where no file tells when, at that of the fact before.
    pub(super) fn tell(&mut self, at: Option<Timestamp>, fact: Fact) {
        let at = at.or(self.run.at).unwrap_or(Timestamp::UNIX_EPOCH);
        let entry = Entry { seq: self.run.seq.saturating_add(1), at, up_ms: 0, body: Body::Known(Box::new(fact)) };
        self.run.apply(&entry);
    }

    /// A stage from its beginning to its end.
    pub(super) fn stage(&mut self, (item, n): (&ItemId, u32), stage: Stage, span: Span, outcome: StageOutcome) {
        let item = item.clone();
        self.tell(span.began, Fact::StageStarting { item: item.clone(), n, stage, budget_ms: span.budget_ms });
        self.tell(span.ended, Fact::StageFinished { item, n, stage, outcome });
    }

    /// An attempt's end.
    pub(super) fn end(&mut self, item: &ItemId, n: u32, at: Option<Timestamp>, end: AttemptEnd) {
        self.tell(at, Fact::AttemptFinished { item: item.clone(), n, end });
    }

    /// The fold.
    pub(super) fn done(self) -> Run {
        self.run
    }
}

/// When a stage ran, as far as files tell, and how long it might have.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) began: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    pub(super) budget_ms: Option<u64>,
}

/// Seconds since the epoch, as Python writes them; `None` for what is no moment of a run.
pub(super) fn moment(seconds: f64) -> Option<Timestamp> {
    let micros = micros(seconds)?;
    Timestamp::from_microsecond(micros).ok()
}

/// The same in microseconds.
#[expect(clippy::cast_possible_truncation, reason = "checked to be finite and small")]
fn micros(seconds: f64) -> Option<i64> {
    (seconds.is_finite() && seconds.abs() < 1e12).then_some((seconds * 1e6).round() as i64)
}

/// Seconds of a file as milliseconds; `None` for what is no duration.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be positive and small")]
pub(super) fn millis(seconds: f64) -> Option<u64> {
    (seconds.is_finite() && (0.0..1e12).contains(&seconds)).then_some((seconds * 1e3).round() as u64)
}

/// So long before a moment.
pub(super) fn before(at: Timestamp, ms: u64) -> Option<Timestamp> {
    at.checked_sub(jiff::SignedDuration::from_millis(i64::try_from(ms).ok()?)).ok()
}
