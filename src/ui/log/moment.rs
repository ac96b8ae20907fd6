//! The log of a stage at a second. Lines that say a time are searched for it; where none does, the share of the stage's time
//! that had passed stands in for it, and that is said.

use jiff::Timestamp;

use super::hunt::{Aim, Found, Hunt, Hunting, Target, Way};
use super::{Choice, Goal, Source, Stick};
use crate::domain::{AttemptId, Stage};
use crate::text::{bytes, stamp::Frame};
use crate::ui::message::Stream;
use crate::ui::state::State;
use crate::ui::{Mood, Said, Screen};

/// A moment of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The attempt.
    pub attempt: AttemptId,
    /// The stage.
    pub stage: Stage,
    /// The moment.
    pub at: Timestamp,
    /// The same for people.
    pub says: String,
    /// What times in the log may be.
    pub frame: Frame,
    /// How much of the stage's time had passed, in thousandths.
    pub passed: u32,
}

/// Opens the log of the moment's stage there. The item is the one that is looked at.
pub(in crate::ui) fn visit(state: &mut State, moment: Moment) {
    state.screen = Screen::Log;
    let log = &mut state.log;
    log.choice = Choice::Hand;
    log.open(Source::stage(&moment.attempt, moment.stage, Stream::Out));
    (log.stick, log.goal, log.moment, log.left_at) = (Stick::Hand, Some(Goal { at: 0, owed: 0 }), Some(moment), u64::MAX);
}

/// Lines are known: the moment is looked for among them, in what the stage said of its errors where it said nothing else.
pub(super) fn begin(state: &mut State) {
    let log = &mut state.log;
    let Some(moment) = log.moment.take() else { return };
    let empty = log.window.as_ref().is_none_or(|window| window.len == 0);
    let mut rest =
        Stream::of(moment.stage).iter().skip_while(|stream| log.source != Some(Source::stage(&moment.attempt, moment.stage, **stream)));
    if empty && let Some(other) = rest.nth(1) {
        log.open(Source::stage(&moment.attempt, moment.stage, *other));
        (log.stick, log.goal, log.moment, log.left_at) = (Stick::Hand, Some(Goal { at: 0, owed: 0 }), Some(moment), u64::MAX);
        return;
    }
    if empty {
        let says = format!("{} wrote nothing, at {} neither", moment.stage, moment.says);
        return state.remark(Said::new(Mood::Quiet, says));
    }
    log.number += 1;
    let hunt = Hunt { number: log.number, target: Target::Moment(Box::new(moment)), way: Way::Forwards, from: 0, on: None };
    log.hunting = Some(Hunting { hunt, aim: Aim::Moment, searched: 0 });
}

/// Goes there, and says how sure that is.
pub(super) fn arrive(state: &mut State, moment: &Moment, found: &Found) {
    let rows = state.layout.log_rows.max(1);
    let log = &mut state.log;
    let at = &moment.says;
    let (to, said) = match found {
        Found::At { at: line, wrapped: false } => (*line, Said::new(Mood::Quiet, format!("the first line that says {at} or later"))),
        Found::At { at: line, wrapped: true } => {
            (*line, Said::new(Mood::Quiet, format!("no line says {at} or later: the last one with a time before it")))
        }
        _ => {
            let to = log.len.saturating_mul(moment.passed.into()) / 1000;
            let why = match found {
                Found::Late(progress) => format!("no time was found in {} of this log", bytes(progress.searched)),
                _ => "the lines of this log say no times".to_owned(),
            };
            let share = moment.passed / 10;
            let says = format!("{why}: an estimate, {share} % of its bytes, as at {at} {share} % of the stage's time had passed");
            (to, Said::new(Mood::Warn, says))
        }
    };
    if matches!(found, Found::At { .. }) {
        log.mark = Some(to);
    }
    log.go(to, rows / 3, rows);
    state.remark(said);
}
