//! How long the queue will take: from what earlier runs of the same agent took, else from its time budgets.

use std::fs;
use std::path::PathBuf;

use super::{About, Look, Row};
use crate::artifact::runs::{self, HarnessRun};
use crate::artifact::{harness_model, repo_name};
use crate::config::Engine;
use crate::domain::Stage;
use crate::ledger::RunFolder;
use crate::model::{Follower, Item, ItemState};
use crate::text::count;

/// Only so many of our newest runs are read.
const RUNS: usize = 8;

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
    },
    /// There is no history and no limit.
    Unknown,
}

impl Length {
    /// The whole queue in seconds, as far as it is known.
    #[expect(clippy::cast_precision_loss, reason = "a few thousand items")]
    pub fn seconds(&self) -> Option<f64> {
        match self {
            Self::Measured { items, each, .. } | Self::AtMost { items, each } => Some(*items as f64 * each),
            Self::Unknown => None,
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
        let whole = self.seconds().map_or_else(String::new, spoken);
        let says = match self {
            Self::Measured { items, each, of } => format!("{} × {} (median of {of}) ≈ {whole}", count(*items, "item"), spoken(*each)),
            Self::AtMost { items, each } => {
                format!("no earlier run of this agent to go by; at most {} × {} = {whole}", count(*items, "item"), spoken(*each))
            }
            Self::Unknown => "no earlier run of this agent to go by, and no time budget: it may take any time".to_owned(),
        };
        Row::ok(About::Length, says)
    }
}

/// The expected length of so many items.
pub(super) fn expected(look: &Look<'_>, repo: &str, items: usize) -> Length {
    let mut seconds = ours(look, repo);
    let mut of = "runs of ours";
    if seconds.is_empty() {
        seconds = journals(look, repo);
        of = "ISO-Bench's journals";
    }
    match median(&mut seconds) {
        Some(each) => {
            let agent = &look.config.agent.name;
            Length::Measured { items, each, of: format!("{} of {agent} in {of}", count(seconds.len(), "earlier item")) }
        }
        None => at_most(look, items),
    }
}

/// What the budgets allow; one that is 0 allows everything.
#[expect(clippy::cast_precision_loss, reason = "budgets are minutes")]
fn at_most(look: &Look<'_>, items: usize) -> Length {
    let has_arms = look.config.arms.engine == Engine::ThreeWay || !look.config.arms.command.is_empty();
    let stages = Stage::PROCESS.into_iter().filter(|stage| *stage == Stage::Agent || (has_arms && stage.arm().is_some()));
    let budgets: Option<Vec<u64>> = stages.map(|stage| look.config.budget_ms(stage)).collect();
    match budgets {
        Some(budgets) => Length::AtMost { items, each: budgets.iter().sum::<u64>() as f64 / 1000.0 },
        None => Length::Unknown,
    }
}

/// Seconds of each item of our own newest runs with the same repository, agent and model.
#[expect(clippy::cast_precision_loss, reason = "ms of one item")]
fn ours(look: &Look<'_>, repo: &str) -> Vec<f64> {
    let entries = fs::read_dir(RunFolder::all(&look.checkout.root)).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    let agent = &look.config.agent;
    let same = |folder: &RunFolder| {
        let small = fs::metadata(folder.events()).is_ok_and(|there| there.is_file() && there.len() <= LARGEST);
        small && Follower::beginning(folder).is_ok_and(|run| run.repo == repo && run.agent == agent.name && run.model == agent.model_name)
    };
    let runs = folders.into_iter().rev().map(RunFolder::at).filter(same).take(RUNS).filter_map(|folder| Follower::load(&folder).ok());
    let worked = |item: &Item| {
        let ended = matches!(item.state, ItemState::Done | ItemState::Failed { .. });
        // one that never came to its agent says nothing about the next
        let asked = item.last_attempt().is_some_and(|last| last.outcome(Stage::Agent).is_some());
        (ended && asked).then(|| item.worked_ms(look.around.now) as f64 / 1000.0)
    };
    runs.flat_map(|run| run.items.iter().filter_map(worked).collect::<Vec<_>>()).collect()
}

/// Seconds of each agent of ISO-Bench's own runs with the same repository, agent and model; of any model where that one
/// has none. Of an agent that broke down at once nothing is learned.
fn journals(look: &Look<'_>, repo: &str) -> Vec<f64> {
    const SHORTEST: f64 = 5.0;
    let (repo, agent) = (repo_name(repo), &look.config.agent);
    let model = harness_model(&agent.model_name);
    let mut folders = runs::below(&look.checkout.state.join("runs"));
    folders.retain(|folder| {
        let names: Vec<_> = folder.iter().rev().take(4).map(|name| name.to_string_lossy()).collect();
        let [_, _, of, from] = names.as_slice() else { return false };
        **of == agent.name && runs::shown_repo(from) == runs::shown_repo(&repo)
    });
    let same_model = |folder: &&PathBuf| folder.iter().rev().nth(1).is_some_and(|name| *name == *model);
    let seconds = |folders: Vec<&PathBuf>| -> Vec<f64> {
        // the newest are read: a thousand journals say no more than the last few hundred
        let runs = folders.into_iter().rev().take(4 * RUNS).filter_map(|folder| HarnessRun::read(folder).ok());
        let of_run = |run: HarnessRun| -> Vec<f64> {
            run.items.iter().filter_map(|item| item.readable()?.agent.as_ref()?.duration_s).filter(|took| *took >= SHORTEST).collect()
        };
        runs.flat_map(of_run).collect()
    };
    let of_model = seconds(folders.iter().filter(same_model).collect());
    if of_model.is_empty() { seconds(folders.iter().collect()) } else { of_model }
}

/// The middle one; the lower of the two in the middle. Times that are none are left out.
fn median(seconds: &mut Vec<f64>) -> Option<f64> {
    seconds.retain(|seconds| seconds.is_finite() && *seconds > 0.0);
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len().checked_sub(1)? / 2).copied()
}

/// A length of time as people say it, two words at most: `41 s`, `16 min`, `3 h 20 min`, `25 h`, `8 days`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
pub fn spoken(seconds: f64) -> String {
    let seconds = seconds.clamp(0.0, 1e12).round() as u64;
    let minutes = (seconds + 30) / 60;
    let hours = (minutes + 30) / 60;
    if seconds < 60 {
        format!("{seconds} s")
    } else if minutes < 60 {
        format!("{minutes} min")
    } else if minutes < 600 {
        match minutes % 60 {
            0 => format!("{} h", minutes / 60),
            rest => format!("{} h {rest} min", minutes / 60),
        }
    } else if hours < 96 {
        format!("{hours} h")
    } else {
        format!("{} days", (hours + 12) / 24)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_spoken_short() {
        let seen: Vec<_> = [0.4, 41.0, 960.0, 3599.0, 3600.0, 12_000.0, 90_000.0, 691_200.0, f64::NAN].map(spoken).into();
        assert_eq!(seen, ["0 s", "41 s", "16 min", "1 h", "1 h", "3 h 20 min", "25 h", "8 days", "0 s"]);
    }

    #[test]
    fn the_median_is_one_that_was() {
        assert_eq!(median(&mut vec![5.0, f64::NAN, 1.0, 9.0, -3.0]), Some(5.0));
        assert_eq!((median(&mut vec![4.0, 2.0]), median(&mut vec![])), (Some(2.0), None));
    }
}
