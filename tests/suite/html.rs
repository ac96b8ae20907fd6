//! The HTML page as a browser reads it: whole, escaped, alone, of bounded size.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use isobench_tui::domain::{
    Answer, Arm, BenchKind, Cause, Direction, FailureClass, Flag, Metric, Quadrant, Rung, RungAnswer, SoftVerdict, Standing, Target,
    Verdict, rung,
};
use isobench_tui::report::counted::Counted;
use isobench_tui::report::html;
use isobench_tui::report::study::{Compared, Coverage, ItemRow, ResultRow, Study};
use jiff::Timestamp;
use scraper::{ElementRef, Html, Selector};

/// What somebody may have put into every text of a file.
const HOSTILE: &str =
    "</td></table><script>alert('x')</script><img src=http://evil.example/x onerror=\"alert(1)\">&lt;\u{202e}gnp\u{1b}[31m\u{0}`a` '\"";

const AGENTS: [(&str, &str); 5] = [
    ("trae", "us-anthropic-claude-sonnet-4-5-20250929-v1-0"),
    ("trae", "gpt-5"),
    ("codex_cli", "default"),
    ("claude_code", "default"),
    ("openhands", "gpt-4o"),
];

/// Numbers that look like chance and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn float(&mut self) -> f64 {
        f64::from(u32::try_from(self.below(1 << 20)).unwrap()) / f64::from(1 << 20)
    }
}

fn sha(n: u64) -> String {
    let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{n:016x}{:016x}{:08x}", n.rotate_left(17), 0xdead_beef_u32)
}

fn ladder(dice: &mut Dice) -> Vec<RungAnswer> {
    let top = dice.below(10);
    let answer = |at: u64, dice: &mut Dice| match at {
        _ if at < top => Answer::Yes,
        6 if dice.below(2) == 0 => Answer::NotApplicable,
        _ if dice.below(3) == 0 => Answer::No,
        _ => Answer::Unchecked,
    };
    let evidence = |answer| if answer == Answer::No { "hunk 3 of vllm/core/scheduler.py does not apply" } else { "" }.to_owned();
    Rung::ALL
        .into_iter()
        .zip(0..)
        .map(|(rung, at)| {
            let answer = answer(at, dice);
            RungAnswer { rung, answer, evidence: evidence(answer) }
        })
        .collect()
}

fn item(n: u64, dice: &mut Dice) -> ItemRow {
    let (agent, model) = AGENTS[usize::try_from(dice.below(5)).unwrap()];
    let status = ["success", "success", "error", "max_steps_exceeded", "unfinished"][usize::try_from(dice.below(5)).unwrap()];
    let rungs = if status == "unfinished" { Vec::new() } else { ladder(dice) };
    let run = format!("vllm/{agent}/{model}/2026-01-{:02}_21-19-19", 10 + dice.below(4));
    let known = dice.below(4) > 0;
    let failed = status != "success" && status != "unfinished";
    let class = FailureClass::ALL[usize::try_from(dice.below(12) * 4).unwrap()];
    ItemRow {
        item_id: format!("vllm_core-{n:04}"),
        human: sha(n % 96)[..if n.is_multiple_of(3) { 8 } else { 40 }].to_owned(),
        repo: "vllm".to_owned(),
        agent: agent.to_owned(),
        model: model.to_owned(),
        rung: rung::reached(&rungs),
        rungs,
        flags: if status == "success" && dice.below(4) == 0 { vec![Flag::EmptyPatch, Flag::NoSteps] } else { Vec::new() },
        steps: known.then(|| u32::try_from(dice.below(120)).unwrap()),
        input_tokens: known.then(|| dice.below(9_000_000)),
        output_tokens: known.then(|| dice.below(90_000)),
        duration_s: known.then(|| 20.0 + dice.float().powi(3) * 6000.0),
        cost_usd: (agent == "claude_code").then(|| dice.float() * 4.0),
        patch_bytes: (dice.below(5) > 0).then(|| dice.below(30_000)),
        terminal_error: (dice.below(9) == 0).then(|| "ExpiredTokenException: the security token is expired".to_owned()),
        failure: failed.then(|| Cause { class, evidence: "Error code: 400 - No tool output found for function call".to_owned() }),
        folder: PathBuf::from(format!("/work/shared/corpus/state/runs/{run}/vllm_core-{n:04}")),
        at: None,
        run,
        status: status.to_owned(),
    }
}

fn arm(n: u64, arm: Arm, dice: &mut Dice) -> ResultRow {
    let good = dice.below(3) > 0;
    let metric = |name: &str, value: f64| Metric { name: name.to_owned(), value, unit: "ms".to_owned() };
    let metrics = vec![metric("ttft_mean_ms", 20.0 + dice.float() * 100.0), metric("tpot_mean_ms", dice.float() * 10.0)];
    ResultRow {
        commit: sha(n)[..8].to_owned(),
        arm,
        agent: "codex_cli".to_owned(),
        model: Some("meta-llama/Llama-3.1-8B-Instruct".to_owned()),
        model_run: Some("meta-llama/Meta-Llama-3-8B-Instruct".to_owned()),
        kind: Some(BenchKind::Serving),
        status: if good { "success" } else { "error" }.to_owned(),
        metrics: if good { metrics } else { Vec::new() },
        failure: (!good)
            .then(|| Cause { class: FailureClass::NoSpace, evidence: "failed to register layer: no space left on device".to_owned() }),
        flags: vec![Flag::ModelOverridden],
        file: PathBuf::from(format!("/work/shared/corpus/results/codex_cli/{}_{}_result.json", &sha(n)[..8], arm.name())),
        run: "results/codex_cli".to_owned(),
    }
}

fn comparison(n: u64, dice: &mut Dice) -> Compared {
    let (human, pct) = (40.0, dice.float() * 60.0 - 35.0);
    let lower = n.is_multiple_of(2);
    let verdict = Verdict {
        metric: if lower { "ttft_mean_ms" } else { "throughput_tok_s" }.to_owned(),
        unit: if lower { "ms" } else { "tok/s" }.to_owned(),
        direction: if lower { Direction::LowerIsBetter } else { Direction::HigherIsBetter },
        agent: human * (1.0 + if lower { -pct } else { pct } / 100.0),
        human: Some(human),
        baseline: (!n.is_multiple_of(5)).then_some(if lower { 47.25 } else { 35.5 }),
        against_human_pct: Some(pct),
        against_baseline_pct: Some(pct + 12.0),
        standing: Some(if pct > 5.0 {
            Standing::Beats
        } else if pct < -5.0 {
            Standing::Worse
        } else {
            Standing::Similar
        }),
    };
    let is_known = !n.is_multiple_of(4);
    let soft = SoftVerdict {
        target: Target::SameTarget,
        approach: Some("valid_alternative".to_owned()),
        says: None,
        by: "soft_metrics.json".to_owned(),
    };
    Compared {
        commit: sha(n),
        agent: "codex_cli".to_owned(),
        model: "default".to_owned(),
        run: "results/codex_cli".to_owned(),
        kind: Some(BenchKind::Serving),
        model_run: Some("meta-llama/Meta-Llama-3-8B-Instruct".to_owned()),
        arms: vec![(Arm::Agent, if is_known { "success" } else { "error" }.to_owned())],
        key: None,
        rung: is_known.then_some(Rung::Metrics),
        flags: vec![Flag::DifferentWorkload],
        failure: None,
        hard: if is_known { verdict.standing } else { None },
        verdicts: if is_known { vec![verdict] } else { Vec::new() },
        why_not: if is_known { Vec::new() } else { vec!["the human's arm was measured with sonnet, the agent's with random".to_owned()] },
        hard_from: None,
        soft: is_known.then_some(soft),
        quadrant: Some(
            [Quadrant::TrueSuccess, Quadrant::GoodIntent, Quadrant::LuckyWin, Quadrant::Failure][usize::try_from(dice.below(4)).unwrap()],
        ),
    }
}

/// A study that looks like a real one.
fn study(attempts: u64, measured: u64) -> Study {
    let mut dice = Dice(7);
    let mut items: Vec<ItemRow> = (0..attempts).map(|n| item(n, &mut dice)).collect();
    items.sort_by(|a, b| (&a.run, &a.item_id).cmp(&(&b.run, &b.item_id)));
    Study {
        paths: vec![PathBuf::from("/work/shared/corpus")],
        items,
        results: (0..measured).flat_map(|n| [(n, Arm::Human), (n, Arm::Agent)]).map(|(n, of)| arm(n, of, &mut dice)).collect(),
        compared: (0..measured).map(|n| comparison(n, &mut dice)).collect(),
        coverage: Coverage { planned: Some(99), with_patch: 96, missing: vec![sha(500), sha(501), sha(502)], ..Coverage::default() },
        problems: vec![(PathBuf::from("/work/shared/corpus/state/plan.json"), "line 3: expected a comma".to_owned())],
    }
}

fn page(study: &Study) -> String {
    html::page(study, &Counted::of(study), Timestamp::UNIX_EPOCH)
}

/// Keeps a page where a person can look at it.
fn keep(name: &str, page: &str) {
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), page).unwrap();
}

#[test]
fn a_page_of_a_real_size_is_small_and_whole() {
    let page = page(&study(281, 40));
    keep("page.html", &page);
    assert!(page.len() < 400_000, "{} bytes", page.len());
}
