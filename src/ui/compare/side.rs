//! One of the two things that are compared, ready to be shown.

use std::path::PathBuf;

use crate::detect::aim::{Act, Aim};
use crate::domain::{AttemptId, Finding, ItemId};
use crate::text::{self, duration};
use crate::ui::Screen;
use crate::ui::detected::{Span, span};
use crate::ui::step::{How, Shown};
use crate::ui::words::number;

/// The name of the fact that tells how many steps there are.
pub const STEPS: &str = "steps";

/// What is to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// On the left.
    pub left: Who,
    /// On the right.
    pub right: Who,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// An item's folder, a trajectory, or a patch.
    Path(PathBuf),
    /// The human's commit of the item that the other one is.
    Human,
}

/// What a run's screen is left for: a comparison, and the place to come back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parted {
    /// What is compared.
    pub wanted: Wanted,
    /// The screen that was shown.
    pub screen: Screen,
    /// The item that was selected.
    pub item: ItemId,
}

/// With what an attempt is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// With the human's commit.
    Human,
    /// With another attempt of the item.
    Attempt(AttemptId),
}

/// One of the two, read. All texts are clean, and without secrets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Side {
    /// What tells it from the other one, in a few words.
    pub name: String,
    /// Where it comes from.
    pub from: String,
    /// The item that it is an attempt of; empty where nobody says.
    pub item: String,
    /// Its steps; `None` for what has none, as a commit, and where they were not read.
    pub steps: Option<Vec<Shown>>,
    /// What each of them is after.
    pub aims: Vec<Aim>,
    /// Where something was found.
    pub spans: Vec<Span>,
    /// Its patch; `None` where there is none, or it could not be read.
    pub patch: Option<String>,
    /// What is known of it, in the order in which it is told.
    pub facts: Vec<(String, Told)>,
    /// What could not be read, each in a sentence.
    pub problems: Vec<String>,
}

/// A figure, where there is one.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// Nobody wrote it down.
    Unknown,
    /// A word or two.
    Word(String),
    /// How many.
    Count(u64),
    /// Tokens.
    Tokens(u64),
    /// Milliseconds.
    Millis(u64),
    /// Bytes.
    Bytes(u64),
    /// Millionths of a US dollar.
    MicroUsd(u64),
    /// A number of a benchmark.
    Measure(f64),
}

impl Told {
    /// A figure, or that there is none.
    pub fn of<T>(told: Option<T>, as_told: impl FnOnce(T) -> Self) -> Self {
        told.map_or(Self::Unknown, as_told)
    }

    /// As it is shown; `?` for what nobody knows.
    pub fn text(&self) -> String {
        match self {
            Self::Unknown => "?".to_owned(),
            Self::Word(word) => word.clone(),
            Self::Count(count) => count.to_string(),
            Self::Tokens(tokens) => text::tokens(*tokens),
            Self::Millis(ms) => duration::short(*ms),
            Self::Bytes(bytes) => text::bytes(*bytes),
            Self::MicroUsd(cost) => dollars(*cost),
            Self::Measure(value) => number(*value),
        }
    }

    /// What the other one has more than this one; empty where that can't be said, `=` where they are the same.
    pub fn more(&self, other: &Self) -> String {
        let (sign, apart) = match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => return String::new(),
            (one, other) if one == other => return "=".to_owned(),
            (Self::Count(one), Self::Count(two)) => (two > one, Self::Count(one.abs_diff(*two))),
            (Self::Tokens(one), Self::Tokens(two)) => (two > one, Self::Tokens(one.abs_diff(*two))),
            (Self::Millis(one), Self::Millis(two)) => (two > one, Self::Millis(one.abs_diff(*two))),
            (Self::Bytes(one), Self::Bytes(two)) => (two > one, Self::Bytes(one.abs_diff(*two))),
            (Self::MicroUsd(one), Self::MicroUsd(two)) => (two > one, Self::MicroUsd(one.abs_diff(*two))),
            (Self::Measure(one), Self::Measure(two)) => (two > one, Self::Measure((one - two).abs())),
            _ => return String::new(),
        };
        let apart = apart.text();
        // less than is told of either
        if apart.bytes().all(|byte| !byte.is_ascii_digit() || byte == b'0') {
            return "=".to_owned();
        }
        format!("{}{apart}", if sign { '+' } else { '-' })
    }
}

/// `$1.25`; less than a cent in more digits.
#[expect(clippy::cast_precision_loss, reason = "money of a run")]
fn dollars(micro: u64) -> String {
    let dollars = micro as f64 / 1e6;
    if micro < 10_000 { format!("${dollars:.4}") } else { format!("${dollars:.2}") }
}

impl Side {
    /// Whether the step at a position tried something that did not work.
    pub fn is_failed(&self, at: Option<usize>) -> bool {
        let step = at.and_then(|at| self.steps.as_ref()?.get(at));
        step.is_some_and(|step| {
            step.kind.is_failed() || step.calls.iter().any(|call| call.result.as_ref().is_some_and(|result| result.how == How::Badly))
        })
    }

    /// How many steps it has where they were not read, as those of a transcript that is too large.
    pub fn unread_steps(&self) -> Option<u64> {
        let told = self.facts.iter().find(|(name, _)| self.steps.is_none() && name == STEPS);
        told.and_then(|(_, told)| if let Told::Count(count) = told { Some(*count) } else { None })
    }

    /// What its steps tell of themselves: edits that worked, and the step of the first of them.
    pub fn of_steps(&self) -> Vec<(String, Told)> {
        let worked = |step: &Shown| {
            step.error.is_none() && step.calls.iter().any(|call| call.result.as_ref().is_some_and(|result| result.how == How::Well))
        };
        let steps = self.steps.iter().flatten().zip(&self.aims);
        let edits: Vec<&Shown> = steps.filter(|(step, aim)| aim.act == Act::Edit && worked(step)).map(|(step, _)| step).collect();
        let known = self.steps.is_some();
        let first = match edits.first() {
            Some(step) => Told::Count(step.index.into()),
            None if known => Told::Word("never".to_owned()),
            None => Told::Unknown,
        };
        let count = Told::of(known.then_some(edits.len() as u64), Told::Count);
        vec![("edits".to_owned(), count), ("first edit".to_owned(), first)]
    }

    /// The spans of what was found.
    pub fn spans_of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Span> {
        findings.into_iter().map(span).collect()
    }
}
