//! How long the queue will take: from what earlier items of the same agent took, else from its time budgets.

use std::fs;
use std::path::PathBuf;

use super::{About, Look, Row};
use crate::artifact::runs::{self, HarnessItem, HarnessRun};
use crate::artifact::{Document, Journal, harness_model, repo_name};
use crate::config::Engine;
use crate::domain::{AgentKind, Stage};
use crate::ledger::RunFolder;
use crate::model::{Follower, Item, ItemState};
use crate::text::count;

/// Only so many of our newest runs are read.
const RUNS: usize = 8;

/// Of fewer earlier items nothing is made.
const FEWEST: usize = 5;

/// An agent that ended sooner never got an answer from its model, in seconds.
const SHORTEST: f64 = 5.0;

/// A larger ledger is not folded for this, in bytes.
const LARGEST: u64 = 16 << 20;

/// How long the queue takes, in seconds an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Length {
    /// As long as earlier items took.
    Measured {
        /// Items that can run.
        items: usize,
        /// Median, in seconds.
        each: f64,
        /// How many earlier items it is the median of, in words.
        of: String,
    },
    /// No longer than the time budgets allow.
    AtMost {
        /// Items that can run.
        items: usize,
        /// All budgets of an item, in seconds.
        each: f64,
        /// Earlier items, too few to go by.
        known: usize,
    },
    /// There is too little history and no limit.
    Unknown {
        /// Earlier items, too few to go by.
        known: usize,
    },
}

impl Length {
    /// The whole queue in seconds, as far as it is known.
    #[expect(clippy::cast_precision_loss, reason = "a few thousand items")]
    pub fn seconds(&self) -> Option<f64> {
        match self {
            Self::Measured { items, each, .. } | Self::AtMost { items, each, .. } => Some(*items as f64 * each),
            Self::Unknown { .. } => None,
        }
    }

    /// In a few words: `about 25 h`, `at most 8 days`.
    pub fn words(&self) -> String {
        match (self, self.seconds()) {
            (Self::Measured { .. }, Some(seconds)) => format!("about {}", spoken(seconds)),
            (_, Some(seconds)) => format!("at most {}", spoken(seconds)),
            (_, None) => "nobody knows how long".to_owned(),
        }
    }

    /// Its row.
    pub(super) fn row(&self) -> Row {
        let seconds = self.seconds().unwrap_or_default();
        let whole = if same(rounded(seconds), seconds) { format!("= {}", spoken(seconds)) } else { format!("≈ {}", spoken(seconds)) };
        let little = |known: usize| match known {
            0 => "no earlier run of this agent to go by".to_owned(),
            known => format!("{} of this agent, too few to go by", count(known, "earlier item")),
        };
        let says = match self {
            Self::Measured { items, each, of } => {
                format!("{} × {} (median of {of}) ≈ {}", count(*items, "item"), spoken(*each), spoken(seconds))
            }
            Self::AtMost { items, each, known } => {
                format!("{}; at most {} × {} {whole}", little(*known), count(*items, "item"), spoken(*each))
            }
            Self::Unknown { known } => format!("{}, and no time budget: it may take any time", little(*known)),
        };
        Row::ok(About::Length, says)
    }
}

/// The expected length of so many items. What the agent took is in the journals, ISO-Bench's and ours alike; what the
/// benchmarks behind it took only in our own runs.
pub(super) fn expected(look: &Look<'_>, repo: &str, items: usize) -> Length {
    let mut agents = journals(look, repo);
    let known = agents.len();
    let Some(agent) = median(&mut agents).filter(|_| known >= FEWEST) else { return at_most(look, items, known) };
    let mut rests = if has_arms(look) { benchmarks(look, repo) } else { Vec::new() };
    let rest = median(&mut rests);
    let without = if has_arms(look) && rest.is_none() { ", without the benchmarks" } else { "" };
    let of = format!("{} of {}{without}", count(known, "earlier item"), look.config.agent.name);
    // what is said is what is reckoned with: the product of the two reads right
    Length::Measured { items, each: rounded(agent + rest.unwrap_or_default()), of }
}

fn has_arms(look: &Look<'_>) -> bool {
    look.config.arms.engine == Engine::ThreeWay || !look.config.arms.command.is_empty()
}

/// What the budgets allow; one that is 0 allows everything.
#[expect(clippy::cast_precision_loss, reason = "budgets are minutes")]
fn at_most(look: &Look<'_>, items: usize, known: usize) -> Length {
    let has_arms = has_arms(look);
    let has_images = !look.config.arms.images.is_empty();
    let counts = |stage: Stage| match stage {
        Stage::Agent => true,
        Stage::Pull => has_images,
        stage => has_arms && stage.arm().is_some(),
    };
    let stages = Stage::ALL.into_iter().filter(|stage| counts(*stage));
    let budgets: Option<Vec<u64>> = stages.map(|stage| look.config.budget_ms(stage)).collect();
    match budgets {
        Some(budgets) => Length::AtMost { items, each: budgets.iter().sum::<u64>() as f64 / 1000.0, known },
        None => Length::Unknown { known },
    }
}

/// Seconds of the benchmarks, and of all else beside the agent, of each item of our own newest runs with the same
/// repository, agent and model.
#[expect(clippy::cast_precision_loss, reason = "ms of one item")]
fn benchmarks(look: &Look<'_>, repo: &str) -> Vec<f64> {
    let entries = fs::read_dir(RunFolder::all(&look.checkout.root)).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    let agent = &look.config.agent;
    let same = |folder: &RunFolder| {
        let small = fs::metadata(folder.events()).is_ok_and(|there| there.is_file() && there.len() <= LARGEST);
        small && Follower::beginning(folder).is_ok_and(|run| run.repo == repo && run.agent == agent.name && run.model == agent.model_name)
    };
    let runs = folders.into_iter().rev().map(RunFolder::at).filter(same).take(RUNS).filter_map(|folder| Follower::load(&folder).ok());
    let rest = |item: &Item| {
        let last = item.last_attempt()?;
        // one that was not measured to its end says nothing about the next
        let measured = item.state == ItemState::Done && last.stages.iter().any(|record| record.stage.arm().is_some());
        let others = last.stages.iter().filter(|record| record.stage != Stage::Agent);
        measured.then(|| others.map(|record| record.worked_ms(look.around.now)).sum::<u64>() as f64 / 1000.0)
    };
    runs.flat_map(|run| run.items.iter().filter_map(rest).collect::<Vec<_>>()).collect()
}

/// Seconds of each agent that did its work, in ISO-Bench's runs and ours, with the same repository, agent and model; of
/// any model where that one has none.
fn journals(look: &Look<'_>, repo: &str) -> Vec<f64> {
    let (repo, agent) = (repo_name(repo), &look.config.agent);
    let model = harness_model(&agent.model_name);
    // of a model that never answered nothing is learned; a program of the person's own may be as quick as it likes
    let shortest = if agent.kind == AgentKind::Command { 0.0 } else { SHORTEST };
    let mut folders = runs::below(&look.checkout.state.join("runs"));
    folders.retain(|folder| {
        let names: Vec<_> = folder.iter().rev().take(4).map(|name| name.to_string_lossy()).collect();
        let [_, _, of, from] = names.as_slice() else { return false };
        **of == agent.name && runs::shown_repo(from) == runs::shown_repo(&repo)
    });
    let same_model = |folder: &&PathBuf| folder.iter().rev().nth(1).is_some_and(|name| *name == *model);
    let took = |item: &HarnessItem| {
        let journal = item.journal.as_ref()?.as_ref().ok().filter(|journal| agent_did_its_work(journal))?;
        journal.agent.as_ref()?.duration_s.filter(|took| took.is_finite() && *took >= shortest && *took > 0.0)
    };
    let seconds = |folders: Vec<&PathBuf>| -> Vec<f64> {
        // the newest are read: a thousand journals say no more than the last few hundred
        let runs = folders.into_iter().rev().take(4 * RUNS).filter_map(|folder| HarnessRun::read(folder).ok());
        runs.flat_map(|run| run.items.iter().filter_map(took).collect::<Vec<_>>()).collect()
    };
    let of_model = seconds(folders.iter().filter(same_model).collect());
    if of_model.is_empty() { seconds(folders.iter().collect()) } else { of_model }
}

/// By the harness's word, and by ours where we ran it: its `success` says only that the program returned.
fn agent_did_its_work(journal: &Document<Journal>) -> bool {
    let ours = journal.whole().get("isobench_tui");
    let failed = ours.is_some_and(|ours| ours.pointer("/agent_end/end").is_none_or(|end| end != "done"));
    journal.is_success() && !failed
}

/// The middle one; the lower of the two in the middle.
fn median(seconds: &mut [f64]) -> Option<f64> {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len().checked_sub(1)? / 2).copied()
}

/// A length of time as people say it, two words at most: `< 1 s`, `41 s`, `3 min 20 s`, `16 min`, `3 h 20 min`, `25 h`,
/// `8 days`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
pub fn spoken(seconds: f64) -> String {
    let seconds = rounded(seconds).clamp(0.0, 1e12) as u64;
    let two = |whole: u64, unit: &str, rest: u64, part: &str| match rest {
        0 => format!("{whole} {unit}"),
        rest => format!("{whole} {unit} {rest} {part}"),
    };
    match seconds {
        0 => "< 1 s".to_owned(),
        1..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => two(seconds / MINUTE, "min", seconds % MINUTE, "s"),
        HOUR..LONG => two(seconds / HOUR, "h", seconds % HOUR / MINUTE, "min"),
        LONG..DAYS => format!("{} h", seconds / HOUR),
        _ => format!("{} days", seconds / DAY),
    }
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// From here on minutes are not said.
const LONG: u64 = 10 * HOUR;

/// From here on hours are not said.
const DAYS: u64 = 4 * DAY;

/// Seconds as they are said: to the second below ten minutes, then to the minute, to the hour, to the day. Less than a
/// second stays what it is.
#[expect(clippy::cast_precision_loss, reason = "units of time")]
fn rounded(seconds: f64) -> f64 {
    let to = |unit: u64| (seconds / unit as f64).round() * unit as f64;
    if seconds < 1.0 {
        seconds
    } else if to(1) < 600.0 {
        to(1)
    } else if to(MINUTE) < LONG as f64 {
        to(MINUTE)
    } else if to(HOUR) < DAYS as f64 {
        to(HOUR)
    } else {
        to(DAY)
    }
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_spoken_short() {
        let seen: Vec<_> =
            [0.0, 0.4, 41.0, 59.7, 200.0, 599.6, 960.0, 3599.0, 3600.0, 12_000.0, 35_990.0, 90_000.0, 345_599.0, 691_200.0, f64::NAN]
                .map(spoken)
                .into();
        assert_eq!(
            seen,
            [
                "< 1 s",
                "< 1 s",
                "41 s",
                "1 min",
                "3 min 20 s",
                "10 min",
                "16 min",
                "1 h",
                "1 h",
                "3 h 20 min",
                "10 h",
                "25 h",
                "4 days",
                "8 days",
                "< 1 s"
            ]
        );
    }

    #[test]
    fn a_product_reads_right() {
        let row = |items, each| Length::Measured { items, each: rounded(each), of: "x".to_owned() }.row().says;
        assert_eq!(row(2, 200.0), "2 items × 3 min 20 s (median of x) ≈ 6 min 40 s");
        assert_eq!(row(2, 41_040.0), "2 items × 11 h (median of x) ≈ 22 h");
        assert_eq!(row(96, 0.24), "96 items × < 1 s (median of x) ≈ 23 s");
        let most = |items, each| Length::AtMost { items, each, known: 0 }.row().says;
        assert!(most(3, 7200.0).ends_with("at most 3 items × 2 h = 6 h"), "{}", most(3, 7200.0));
        assert!(most(3, 12_600.0).ends_with("at most 3 items × 3 h 30 min ≈ 11 h"), "{}", most(3, 12_600.0));
    }

    #[test]
    fn the_median_is_one_that_was() {
        assert_eq!(median(&mut [5.0, 3.0, 1.0, 9.0]), Some(3.0));
        assert_eq!((median(&mut [4.0, 2.0]), median(&mut [])), (Some(2.0), None));
    }
}
