//! Searching a file: for what was typed, and for lines that say an error.

use std::sync::LazyLock;

use super::Stick;
use super::moment::{self, Moment};
use crate::text;
use crate::text::find::{Meaning, Pattern};
use crate::ui::state::State;
use crate::ui::{Mood, Said};

/// What a line says that is worth a look, in any case of letters.
pub const PROBLEM: &str = concat!(
    "error|exception|traceback|fatal|panic|failed|killed|no space left|out of memory|not found|no such|not set|denied|refused",
    r"|exit(ed)? (status|code|with):? ?[1-9]|can(no|')t "
);

static PROBLEMS: LazyLock<Option<Pattern>> = LazyLock::new(|| Pattern::new(PROBLEM, Meaning::Regex).ok());

/// What is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// What was typed.
    Match,
    /// A line that says an error.
    Problem,
    /// The log at a second.
    Moment,
}

/// What a line must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One that holds this.
    Pattern(Pattern),
    /// One that says this time or a later one.
    Moment(Box<Moment>),
}

/// Where to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the end, and on from the beginning.
    Forwards,
    /// To the beginning, and on from the end.
    Backwards,
}

/// A search of a file, line by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunt {
    /// Which one this is.
    pub number: u64,
    /// What a line must be.
    pub target: Target,
    /// Where to.
    pub way: Way,
    /// Forwards: lines from this byte on; backwards: lines that begin before it.
    pub from: u64,
    /// How far it came before.
    pub on: Option<Progress>,
}

/// How far a search came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Where it goes on.
    pub at: u64,
    /// It went round already.
    pub wrapped: bool,
    /// Bytes searched.
    pub searched: u64,
}

/// A search under way, or one whose time was over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunting {
    /// The search.
    pub hunt: Hunt,
    /// What for.
    pub aim: Aim,
    /// Bytes searched so far.
    pub searched: u64,
}

/// How a search stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It goes on; so many bytes were searched.
    NotYet(u64),
    /// The line that begins at this byte.
    At {
        /// The byte.
        at: u64,
        /// It was reached by going round.
        wrapped: bool,
    },
    /// No line of the file.
    Nowhere,
    /// Its time was over.
    Late(Progress),
    /// The file could not be read.
    Broken(String),
}

impl Hunting {
    /// What is searched for, for people.
    pub fn what(&self) -> String {
        match &self.hunt.target {
            Target::Moment(moment) => format!("a line that says {} or later", moment.says),
            Target::Pattern(_) if self.aim == Aim::Problem => "a line that says an error".to_owned(),
            Target::Pattern(pattern) => format!("'{}'", pattern.text),
        }
    }
}

/// Begins a search, or goes on with one whose time was over.
pub(super) fn begin(state: &mut State, aim: Aim, way: Way) {
    let rows = state.layout.log_rows.max(1);
    let pattern = match aim {
        Aim::Match => state.find.clone(),
        Aim::Problem => PROBLEMS.clone(),
        Aim::Moment => None,
    };
    let log = &mut state.log;
    let (Some(pattern), Some(_)) = (pattern, &log.window) else { return };
    log.number += 1;
    let target = Target::Pattern(pattern);
    let same = |late: &Hunting| late.aim == aim && late.hunt.way == way && late.hunt.target == target;
    if let Some(mut late) = log.paused.take().filter(same) {
        late.hunt.number = log.number;
        log.hunting = Some(late);
        return;
    }
    let shown = log.visible(rows);
    let first = shown.first().map_or(0, |line| line.at);
    // on from what was found last, as long as it is seen
    let mark = shown.iter().position(|line| Some(line.at) == log.mark);
    let from = match (mark, way) {
        (Some(mark), Way::Forwards) => shown.get(mark + 1).map_or_else(|| log.bottom(rows), |line| line.at),
        (Some(mark), Way::Backwards) => shown.get(mark).map_or(first, |line| line.at),
        (None, Way::Forwards) => first,
        // the newest of all comes first, when nothing else was read
        (None, Way::Backwards) if log.stick == Stick::Newest => log.bottom(rows),
        (None, Way::Backwards) => first,
    };
    let hunt = Hunt { number: log.number, target, way, from, on: None };
    log.hunting = Some(Hunting { hunt, aim, searched: 0 });
}

/// Ends the search under way.
pub(super) fn stop(state: &mut State) {
    if let Some(hunting) = state.log.hunting.take() {
        let says = format!("the search was left after {}", text::bytes(hunting.searched));
        state.remark(Said::new(Mood::Quiet, says));
    }
}

/// Takes how a search stands.
pub(super) fn take(state: &mut State, number: u64, found: Found) {
    let rows = state.layout.log_rows.max(1);
    let log = &mut state.log;
    let Some(mut hunting) = log.hunting.take_if(|hunting| hunting.hunt.number == number) else { return };
    let what = hunting.what();
    if let (Target::Moment(moment), false) = (&hunting.hunt.target, matches!(found, Found::NotYet(_) | Found::Broken(_))) {
        return moment::arrive(state, moment, &found);
    }
    let remark = match found {
        Found::NotYet(searched) => {
            hunting.searched = searched;
            log.hunting = Some(hunting);
            return;
        }
        Found::At { at, wrapped } => {
            log.mark = Some(at);
            let seen = log.visible(rows).iter().any(|line| line.at == at);
            if seen {
                log.by_hand(rows);
            } else {
                log.go(at, rows / 3, rows);
            }
            if !wrapped {
                return;
            }
            Said::new(
                Mood::Quiet,
                match hunting.hunt.way {
                    Way::Forwards => "the search went round: on from the beginning",
                    Way::Backwards => "the search went round: on from the end",
                },
            )
        }
        Found::Nowhere => Said::new(Mood::Warn, format!("{what} is not in this log")),
        Found::Late(progress) => {
            let key = match (hunting.aim, hunting.hunt.way) {
                (Aim::Match, Way::Forwards) => "n",
                (Aim::Match, Way::Backwards) => "N",
                (Aim::Problem | Aim::Moment, Way::Forwards) => "e",
                (Aim::Problem | Aim::Moment, Way::Backwards) => "E",
            };
            let says = format!("{what} was not found in the {} searched so far; {key} searches on", text::bytes(progress.searched));
            hunting.hunt.on = Some(progress);
            hunting.searched = progress.searched;
            log.paused = Some(hunting);
            Said::new(Mood::Warn, says)
        }
        Found::Broken(says) => Said::new(Mood::Bad, format!("the search can't go on: {says}")),
    };
    state.remark(remark);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_says_of_a_failure_is_a_problem() {
        let says = |line: &str| PROBLEMS.as_ref().is_some_and(|problems| problems.is_in(line));
        for line in ["run.sh: 1: eval: QUEUE_1: parameter not set", "run.sh ended with exit status: 2", "sh: x: not found", "Can't open"] {
            assert!(says(line), "{line}");
        }
        assert!(!says("exit status: 0") && !says("warming up"));
    }
}
