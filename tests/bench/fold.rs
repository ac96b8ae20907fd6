//! How long a ledger takes to be read, decoded and folded. Target: 1,000,000 facts in a second (DESIGN §3).
//!
//! `cargo bench --bench fold [-- FACTS ROUNDS]`; prints the median of the rounds.

#![expect(clippy::unwrap_used, reason = "a benchmark may")]
#![expect(clippy::cast_precision_loss, reason = "counts of facts and bytes")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::Instant;

use isobench_tui::domain::{AgentTotals, ItemId, Stage, StageDetail, StageEnd, StageOutcome, Usage};
use isobench_tui::ledger::fact::AttemptEnd;
use isobench_tui::ledger::{Entry, Fact, PlannedItem, RunFolder, RunPlan};
use isobench_tui::model::Follower;

/// A queue of 200 items, run over and over as many facts as wanted: starts, progress, ends, as a runner writes them.
fn write_ledger(path: &std::path::Path, facts: u64) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let ids: Vec<ItemId> = (0..200).map(|n| ItemId(format!("vllm_core-{n:04}"))).collect();
    let item = |id: &ItemId| PlannedItem { item: id.clone(), human: "0".repeat(40), parent: "1".repeat(40), blocked: None };
    let plan = RunPlan {
        plan: "state/plan.json".to_owned(),
        digest: String::new(),
        selection: None,
        repo: "vllm".to_owned(),
        task_id: "vllm_core".to_owned(),
        agent: "command".to_owned(),
        model: "default".to_owned(),
        stages: Stage::PROCESS.to_vec(),
        repeat: 1,
        items: ids.iter().map(item).collect(),
    };
    let mut seq = 1;
    let mut write = |fact: &Fact| {
        out.write_all(&Entry::encode(seq, "2026-11-21T09:30:12.123456789Z".parse().unwrap(), 73_211 + seq, fact).unwrap()).unwrap();
        seq += 1;
        seq <= facts
    };
    write(&Fact::RunCreated(plan));
    let done = StageOutcome { end: StageEnd::Done, child: None, duration_ms: 1200, detail: StageDetail::Nothing };
    for turn in 0_u32.. {
        let item = ids.get(turn as usize % ids.len()).unwrap();
        let n = turn / 200 + 1;
        let mut goes_on = write(&Fact::AttemptStarted { item: item.clone(), n, from: Stage::Worktree });
        for stage in Stage::PROCESS {
            goes_on &= write(&Fact::StageStarting { item: item.clone(), n, stage, budget_ms: Some(60_000) });
            goes_on &= write(&Fact::StageStarted { item: item.clone(), n, stage, pid: 4321 });
            for steps in 0..if stage == Stage::Agent { 100 } else { 0 } {
                let totals = AgentTotals {
                    steps: Some(steps),
                    calls: steps,
                    usage: Usage { input: 1000, output: 100, cached: 0 },
                    cost_micro_usd: None,
                };
                goes_on &= write(&Fact::AgentProgressed { item: item.clone(), n, totals });
            }
            goes_on &= write(&Fact::StageFinished { item: item.clone(), n, stage, outcome: done.clone() });
        }
        goes_on &= write(&Fact::AttemptFinished { item: item.clone(), n, end: AttemptEnd::Done });
        if !goes_on {
            break;
        }
    }
    out.flush().unwrap();
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|word| word.parse::<u64>().ok());
    let (facts, rounds) = (arguments.next().unwrap_or(1_000_000), arguments.next().unwrap_or(7));
    let folder = tempfile::tempdir().unwrap();
    let run = RunFolder::at(folder.path().to_owned());
    write_ledger(&run.events(), facts);
    let bytes = std::fs::metadata(run.events()).unwrap().len();
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let started = Instant::now();
            let run = Follower::load(&run).unwrap();
            assert!(run.seq >= facts && run.faults.is_empty());
            started.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let median = times.get(times.len() / 2).unwrap();
    println!(
        "fold of {facts} facts, {:.0} bytes each: median {median:.3} s of {rounds}, {:.2} M facts/s",
        bytes as f64 / facts as f64,
        facts as f64 / median / 1e6
    );
}
