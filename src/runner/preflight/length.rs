//! How long the queue will take: from what earlier items took, else from its time budgets.

use std::path::{Path, PathBuf};

use super::{About, Look, Row};
use crate::artifact::runs::{self, HarnessItem, HarnessRun};
use crate::artifact::{Document, Journal, harness_model, repo_name};
use crate::domain::{AgentKind, Stage};
use crate::ledger::{PlannedItem, RunFolder};
use crate::model::{Past, PastItem};
use crate::plan::eta::{self, Left, Queue, Task};
use crate::runner::create::stages;
use crate::text::count;

/// Only so many of ISO-Bench's newest runs are read: a thousand journals say no more than the last few hundred.
const RUNS: usize = 32;

/// An agent that ended sooner never got an answer from its model, in seconds.
const SHORTEST: f64 = 5.0;

/// How long the queue takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Length {
    /// By what earlier items took.
    Measured {
        /// Items that can run.
        items: usize,
        /// The time.
        left: Left,
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
    /// What the whole queue needs in seconds, in nine of ten cases, as far as it is known.
    #[expect(clippy::cast_precision_loss, reason = "a few thousand items")]
    pub fn seconds(&self) -> Option<f64> {
        match self {
            Self::Measured { left, .. } => Some(left.p90_ms as f64 / 1000.0),
            Self::AtMost { items, each } => Some(*items as f64 * each),
            Self::Unknown => None,
        }
    }

    /// In a few words: `about 20–31 h`, `at most 8 days`.
    pub fn words(&self) -> String {
        match (self, self.seconds()) {
            (Self::Measured { left, .. }, _) => format!("about {}{}", left.range(), left.beside_short()),
            (_, Some(seconds)) => format!("at most {}", spoken(seconds)),
            (_, None) => "nobody knows how long".to_owned(),
        }
    }

    /// Its row.
    pub(super) fn row(&self) -> Row {
        let seconds = self.seconds().unwrap_or_default();
        let whole = if same(rounded(seconds), seconds) { format!("= {}", spoken(seconds)) } else { format!("≈ {}", spoken(seconds)) };
        let says = match self {
            Self::Measured { items, left } => {
                format!("{} ≈ {} (p50–p90){}, {}", count(*items, "item"), left.range(), left.beside(), left.from.words())
            }
            Self::AtMost { items, each } => format!("no history; at most {} × {} {whole}", count(*items, "item"), spoken(*each)),
            Self::Unknown => "no history, and no time budget: it may take any time".to_owned(),
        };
        Row::ok(About::Length, says)
    }
}

/// The expected length of these items. What the agent took is in ISO-Bench's journals as well; what the benchmarks behind it took
/// only in our own runs.
pub(super) fn expected(look: &Look<'_>, repo: &str, items: &[&PlannedItem]) -> Length {
    let (agent, stages) = (&look.config.agent, stages(look.config));
    let runs = RunFolder::all(&look.checkout.root);
    let mut earlier = Past::read(&runs, None);
    earlier.extend(journals(look, repo, &runs));
    let first = stages.first().copied().unwrap_or(Stage::Worktree);
    let tasks = items
        .iter()
        .enumerate()
        .map(|(place, item)| Task { commit: &item.human, from: first, live: None, turns: Vec::new(), place })
        .collect();
    let repeat = look.config.arms.repeat;
    let queue = Queue { repo, agent: &agent.name, model: &agent.model_name, stages: &stages, repeat, tasks, workers: 1 };
    match eta::estimate(&queue, &Past::default(), &earlier, look.around.now) {
        eta::Eta::Left(left) => Length::Measured { items: items.len(), left },
        eta::Eta::Over | eta::Eta::NoHistory => at_most(look, items.len(), &stages),
    }
}

/// What the budgets allow; one that is 0 allows everything.
#[expect(clippy::cast_precision_loss, reason = "budgets are minutes")]
fn at_most(look: &Look<'_>, items: usize, stages: &[Stage]) -> Length {
    let takes_long = |stage: &&Stage| matches!(stage, Stage::Agent | Stage::Pull) || stage.arm().is_some();
    let repeat = look.config.arms.repeat;
    let budget = |stage: &Stage| Some(look.config.budget_ms(*stage)?.saturating_mul(stage.times(repeat).into()));
    let budgets: Option<Vec<u64>> = stages.iter().filter(takes_long).map(budget).collect();
    match budgets {
        Some(budgets) => Length::AtMost { items, each: budgets.iter().sum::<u64>() as f64 / 1000.0 },
        None => Length::Unknown,
    }
}

/// What agents took by the journals of ISO-Bench's runs in the same repository; those of our own runs tell it themselves, as long as
/// their ledgers are there.
fn journals(look: &Look<'_>, repo: &str, ours: &Path) -> Vec<Past> {
    let agent = &look.config.agent;
    let model = harness_model(&agent.model_name);
    // of a model that never answered nothing is learned; a program of the person's own may be as quick as it likes
    let shortest = if agent.kind == AgentKind::Command { 0.0 } else { SHORTEST };
    let mut folders = runs::below(&look.checkout.state.join("runs"));
    folders.retain(|folder| {
        let names: Vec<_> = folder.iter().rev().take(4).map(|name| name.to_string_lossy()).collect();
        let [_, _, of, from] = names.as_slice() else { return false };
        **of == agent.name && runs::shown_repo(from) == runs::shown_repo(&repo_name(repo))
    });
    let took = |item: &HarnessItem| {
        let journal = item.journal.as_ref()?.as_ref().ok().filter(|journal| agent_did_its_work(journal))?;
        let is_told = journal.whole().pointer("/isobench_tui/run").and_then(|run| run.as_str()).is_some_and(|run| ours.join(run).exists());
        let seconds = journal.agent.as_ref()?.duration_s.filter(|took| took.is_finite() && *took >= shortest && *took > 0.0)?;
        (!is_told).then(|| PastItem { took: vec![(Stage::Agent, milliseconds(seconds))], ..PastItem::default() })
    };
    let past = |folder: &PathBuf| {
        let of = folder.iter().rev().nth(1).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let items: Vec<PastItem> = HarnessRun::read(folder).ok()?.items.iter().filter_map(took).collect();
        let model = if of == model { agent.model_name.clone() } else { of };
        let past = Past { repo: repo.to_owned(), agent: agent.name.clone(), model, stages: vec![Stage::Agent], repeat: 1, items };
        (!past.items.is_empty()).then_some(past)
    };
    folders.iter().rev().take(RUNS).filter_map(past).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a length of time above 0; a float saturates")]
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1000.0) as u64
}

/// By the harness's word, and by ours where we ran it: its `success` says only that the program returned.
fn agent_did_its_work(journal: &Document<Journal>) -> bool {
    let ours = journal.whole().get("isobench_tui");
    let failed = ours.is_some_and(|ours| ours.pointer("/agent_end/end").is_none_or(|end| end != "done"));
    journal.is_success() && !failed
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
        let most = |items, each| Length::AtMost { items, each }.row().says;
        assert!(most(3, 7200.0).ends_with("at most 3 items × 2 h = 6 h"), "{}", most(3, 7200.0));
        assert!(most(3, 12_600.0).ends_with("at most 3 items × 3 h 30 min ≈ 11 h"), "{}", most(3, 12_600.0));
    }
}
