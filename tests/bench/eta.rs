//! How long an estimate of a long queue takes: it is made at every fact that a screen folds, and must not be felt.
//!
//! `cargo bench --bench eta [-- ITEMS ROUNDS]`; prints the median of the rounds.

use std::time::Instant;

use isobench_tui::domain::Stage;
use isobench_tui::model::{Past, PastItem};
use isobench_tui::plan::eta::{Queue, Task, estimate};
use jiff::Timestamp;

fn past(items: usize) -> Past {
    let item = |n: usize| PastItem {
        commit: format!("{n:040x}"),
        took: Stage::ALL.into_iter().zip((1_u64..).map(|at| at * 1000 + n as u64)).collect(),
        is_whole: true,
    };
    Past {
        repo: "r".to_owned(),
        agent: "a".to_owned(),
        model: "m".to_owned(),
        stages: Stage::ALL.to_vec(),
        repeat: 1,
        items: (0..items).map(item).collect(),
    }
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let (items, rounds) = (numbers.first().copied().unwrap_or(1_500), numbers.get(1).copied().unwrap_or(20));
    let commits: Vec<String> = (0..items).map(|n| format!("{n:040x}")).collect();
    let own = past(100);
    for (what, earlier) in [("of its own items", Vec::new()), ("with the images of 20 earlier runs", vec![past(items); 20])] {
        let task = |(place, commit)| Task { commit, from: Stage::Worktree, live: None, turns: Vec::new(), place };
        let tasks = commits.iter().map(String::as_str).enumerate().map(task).collect();
        let queue = Queue { repo: "r", agent: "a", model: "m", stages: &Stage::ALL, repeat: 1, tasks, workers: 1 };
        let mut times: Vec<f64> = (0..rounds)
            .map(|_| {
                let began = Instant::now();
                std::hint::black_box(estimate(&queue, &own, &earlier, Timestamp::UNIX_EPOCH));
                began.elapsed().as_secs_f64() * 1000.0
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("{items} items {what}: median {:.2} ms of {rounds}", times.get(rounds / 2).copied().unwrap_or_default());
    }
}
