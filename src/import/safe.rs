//! The sentences of a run that others wrote, without secrets: a screen breaks them into rows, and a copy takes them as they
//! are, so that they must be safe before. Names stay: places are looked up by them, and they are masked where they are drawn.

use crate::domain::{Deferral, StageDetail, StageEnd, StageOutcome};
use crate::ledger::fact::AttemptEnd;
use crate::model::Run;
use crate::model::item::{ItemState, StageState};
use crate::text::mask::Masker;

/// Makes them safe.
#[must_use]
pub fn safe(mut run: Run, masker: &Masker) -> Run {
    let sentence = |text: &mut String| *text = masker.quoted(text);
    for item in &mut run.items {
        match &mut item.state {
            ItemState::Waiting { why, .. }
            | ItemState::Failed { why, .. }
            | ItemState::Blocked { why, .. }
            | ItemState::Stopped { why }
            | ItemState::Interrupted { why, .. }
            | ItemState::ForRoom { deferral: Deferral { why, .. }, .. } => sentence(why),
            ItemState::Queued { .. } | ItemState::Running | ItemState::Done | ItemState::Skipped { .. } => {}
        }
        for attempt in &mut item.attempts {
            if let Some((
                AttemptEnd::Failed { why, .. }
                | AttemptEnd::Stopped { why }
                | AttemptEnd::Interrupted { why }
                | AttemptEnd::Deferred(Deferral { why, .. }),
                _,
            )) = &mut attempt.end
            {
                sentence(why);
            }
            if let Some((says, _)) = &mut attempt.said {
                sentence(says);
            }
            if let Some(journal) = &mut attempt.journal {
                sentence(&mut journal.status);
                journal.error.iter_mut().for_each(sentence);
            }
            for stage in &mut attempt.stages {
                if let StageState::Ended(outcome) = &mut stage.state {
                    ended(outcome, sentence);
                }
            }
        }
    }
    run
}

fn ended(outcome: &mut StageOutcome, sentence: impl Fn(&mut String)) {
    if let StageEnd::Failed { why, .. } | StageEnd::Stopped { why } | StageEnd::Interrupted { why } = &mut outcome.end {
        sentence(why);
    }
    let rungs = match &mut outcome.detail {
        StageDetail::Check(check) => {
            check.set_aside.iter_mut().for_each(&sentence);
            &mut check.rungs
        }
        StageDetail::Score(score) => {
            score.why_not.iter_mut().chain(&mut score.incomparable).for_each(&sentence);
            &mut score.rungs
        }
        // nothing in these comes out of a tree of somebody else's
        StageDetail::Nothing | StageDetail::Agent(_) | StageDetail::Arm(_) | StageDetail::Pull(_) | StageDetail::Clean(_) => return,
    };
    for rung in rungs.iter_mut() {
        sentence(&mut rung.evidence);
    }
}
