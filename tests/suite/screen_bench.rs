//! The benchmark's screen: frames of arms in containers, live and over.

#![expect(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a test may fail loudly")]

use isobench_tui::domain::{
    ArmDetail, ArmPhase, ArmProgress, AttemptId, FailureClass, FiguresFrom, Flag, Metric, PhaseSpan, ProgressRow, PullDetail, PulledImage,
    Repair, Reused, ServerFigures, Stage, StageDetail, StageEnd, Taint, TaintKind,
};
use isobench_tui::theme::{Depth, Glyphs, Theme};
use isobench_tui::ui::Msg;
use isobench_tui::ui::bench::{Curves, Live, Past, Which};
use isobench_tui::ui::machine::News;
use isobench_tui::ui::message::Sight;
use jiff::SignedDuration;

use crate::screen::Bench;
use crate::screen_runs::{Story, base, id, moment};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

const HUMAN_IMAGE: &str = "org/vllm-bench:8a1f0c2f5e1b4bb0c7d2b0f6b1f3f5f3a7d9c901";
const BASE_IMAGE: &str = "org/vllm-baseline:baseline-4f0a11c2d3e4";

fn keep(name: &str, bench: &mut Bench) {
    for (cols, rows) in SIZES {
        insta::assert_snapshot!(format!("bench_{name}_{cols}x{rows}"), bench.text(cols, rows));
    }
}

/// Phases one after another, each of so many seconds; the last one goes on where `is_open`.
pub(crate) fn phases(seconds: &[(ArmPhase, f64)], is_open: bool) -> Vec<PhaseSpan> {
    let mut from_ms = 0;
    let mut spans: Vec<PhaseSpan> = Vec::new();
    for (phase, seconds) in seconds {
        let ms = u64::try_from(SignedDuration::from_secs_f64(*seconds).as_millis()).unwrap();
        spans.push(PhaseSpan { phase: *phase, from_ms, ms: Some(ms) });
        from_ms += ms;
    }
    if let Some(last) = spans.last_mut().filter(|_| is_open) {
        last.ms = None;
    }
    spans
}

/// The phases of an arm that is over.
fn all(bench: f64) -> Vec<PhaseSpan> {
    use ArmPhase::{Bench, Compile, Create, Graphs, Prepare, Ready, Start, Stop, Warmup, Weights};
    let times = [
        (Create, 2.1),
        (Prepare, 3.4),
        (Start, 17.9),
        (Weights, 38.2),
        (Compile, 61.5),
        (Graphs, 14.0),
        (Ready, 0.8),
        (Warmup, 4.2),
        (Bench, bench),
        (Stop, 3.3),
    ];
    phases(&times, false)
}

fn detail(factor: f64, image: &str) -> ArmDetail {
    let metric = |name: &str, value: f64, unit: &str| Metric { name: name.to_owned(), value: value * factor, unit: unit.to_owned() };
    ArmDetail {
        metrics: vec![
            metric("ttft_mean_ms", 41.3, "ms"),
            metric("tpot_mean_ms", 11.8, "ms"),
            metric("request_throughput", 24.1 / factor / factor, "req/s"),
        ],
        phases: all(151.0 * factor),
        image: Some(image.to_owned()),
        repairs: vec![Repair::MissingLengths],
        ..ArmDetail::default()
    }
}

fn pulled() -> StageDetail {
    let image = |reference: &str, id: &str| PulledImage {
        reference: reference.to_owned(),
        id: id.to_owned(),
        downloaded: 8_300_000_000,
        used: Some(16_700_000_000),
        ..PulledImage::default()
    };
    StageDetail::Pull(PullDetail { images: vec![image(HUMAN_IMAGE, "sha256:aaaa"), image(BASE_IMAGE, "sha256:bbbb")], until: None })
}

/// An item whose images were pulled.
fn story() -> Story {
    let mut story = Story::of(12);
    story.done(1, 3.0).work(2, 1).stage(2, 1, Stage::Pull, 184, pulled());
    story
}

fn measured(story: &mut Story, stage: Stage, detail: ArmDetail) -> &mut Story {
    let seconds = detail.phases.iter().filter_map(|span| span.ms).sum::<u64>() / 1000;
    story.stage(2, 1, stage, seconds, StageDetail::Arm(detail))
}

/// The human's commit is measured, the parent runs for so many seconds.
fn second_arm(seconds: u64) -> Bench {
    let mut story = story();
    measured(&mut story, Stage::Human, detail(1.0, "sha256:aaaa")).start(2, 1, Stage::Baseline).wait(seconds);
    on(&story)
}

fn on(story: &Story) -> Bench {
    let mut bench = Bench::on(story);
    bench.type_in("3");
    bench
}

fn which(stage: Stage) -> Which {
    Which { attempt: AttemptId { item: id(2), n: 1 }, stage, round: None }
}

/// Figures of a server, at a second of an arm that began at `began`.
fn figures(began: jiff::Timestamp, second: u64, from: FiguresFrom) -> ServerFigures {
    let wave = (second as f64 / 9.0).sin().mul_add(0.2, 0.8);
    let ramp = (second as f64 / 20.0).min(1.0);
    ServerFigures {
        at: moment(began, second),
        from,
        running: Some((wave * ramp * 64.0).round()),
        waiting: Some(if second < 12 { (12 - second) as f64 * 3.0 } else { 0.0 }),
        kv_pct: Some(ramp * wave * 63.0),
        prompt_tok_s: Some(4120.0 * wave),
        generation_tok_s: Some(1812.0 * wave * ramp),
        ttft_ms: (from == FiguresFrom::Metrics).then_some(41.0 / wave),
        answered: None,
        preempted: None,
    }
}

fn curves(bench: &Bench, seconds: u64, from: FiguresFrom) -> Curves {
    let began = bench.now - SignedDuration::from_secs(seconds.cast_signed());
    let every = if from == FiguresFrom::Log { 10 } else { 1 };
    let mut curves = Curves::default();
    (0..=seconds).step_by(every).for_each(|second| curves.take(figures(began, second, from)));
    curves
}

/// An arm that runs, as it tells of itself.
fn progress(bench: &Bench, spans: Vec<PhaseSpan>, seconds: u64) -> ArmProgress {
    ArmProgress {
        started: bench.now - SignedDuration::from_secs(seconds.cast_signed()),
        at: bench.now,
        phases: spans,
        container: Some("9f2c1ab00d51".to_owned()),
        image: BASE_IMAGE.to_owned(),
        deadline: Some(bench.now + SignedDuration::from_secs(858)),
        paused: None,
        outside: None,
        before: None,
        row: None,
        figures: None,
        repairs: vec!["missing_lengths".to_owned()],
        printed: 184_000,
        says: None,
    }
}

fn see(bench: &mut Bench, progress: ArmProgress, curves: Curves) {
    let past = Past { of: which(Stage::Human), curves: self::curves(bench, 150, FiguresFrom::Metrics) };
    bench.tell(Msg::Machine(News::Arms(vec![past])));
    bench.tell(Msg::Machine(News::Arm(Some(Box::new(Live { of: which(Stage::Baseline), progress, curves })))));
}

/// It is measured since 58 s.
fn benching(bench: &Bench) -> ArmProgress {
    use ArmPhase::{Bench, Compile, Create, Graphs, Prepare, Ready, Start, Warmup, Weights};
    let times = [
        (Create, 2.0),
        (Prepare, 3.2),
        (Start, 18.3),
        (Weights, 41.0),
        (Compile, 60.1),
        (Graphs, 13.4),
        (Ready, 0.9),
        (Warmup, 4.1),
        (Bench, 0.0),
    ];
    let row = ProgressRow { label: String::new(), done: 340, total: Some(1000), rate: Some(41.23), left_ms: Some(16_000) };
    let figures = Some(figures(bench.now - SignedDuration::from_secs(58), 58, FiguresFrom::Metrics));
    ArmProgress { row: Some(row), figures, ..progress(bench, phases(&times, true), 201) }
}

#[test]
fn a_server_that_starts_says_until_when_it_may() {
    let mut bench = second_arm(42);
    let spans = phases(&[(ArmPhase::Create, 2.0), (ArmPhase::Prepare, 3.2), (ArmPhase::Start, 0.0)], true);
    let progress = progress(&bench, spans, 42);
    see(&mut bench, progress, Curves::default());
    keep("start", &mut bench);
}

#[test]
fn weights_are_a_bar() {
    let mut bench = second_arm(60);
    let spans = phases(&[(ArmPhase::Create, 2.0), (ArmPhase::Prepare, 3.2), (ArmPhase::Start, 18.3), (ArmPhase::Weights, 0.0)], true);
    let label = "Loading safetensors checkpoint shards".to_owned();
    let row = ProgressRow { label, done: 5, total: Some(8), rate: Some(0.22), left_ms: Some(12_000) };
    let progress = ArmProgress { row: Some(row), ..progress(&bench, spans, 60) };
    see(&mut bench, progress, Curves::default());
    keep("weights", &mut bench);
    bench.type_in("1");
    assert!(bench.text(120, 40).contains("baseline: weights 62 %, 12 s left"));
}

#[test]
fn a_benchmark_shows_figures_and_what_is_printed() {
    let mut bench = second_arm(201);
    let (progress, curves) = (benching(&bench), curves(&bench, 58, FiguresFrom::Metrics));
    see(&mut bench, progress, curves);
    bench.output(&["INFO 11-22 03:31:10 [loggers.py:118] Engine 000: Avg prompt throughput: 4120.4 tokens/s, Running: 58 reqs, the key is sk-very-secret"]);
    keep("bench", &mut bench);
    assert!(!bench.text(200, 60).contains("sk-very-secret"));
    bench.theme = Theme::embedded("dark", Depth::Mono, Glyphs::ASCII).unwrap();
    let text = bench.text(120, 40);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!("bench_bench_ascii_120x40", text);
}

#[test]
fn of_an_arm_that_nobody_looks_after_nothing_is_left() {
    let mut bench = second_arm(100);
    bench.tell(Msg::Runner(Sight::Gone));
    bench.tell(Msg::Keeper(Sight::Gone));
    let weights = phases(&[(ArmPhase::Create, 58.0), (ArmPhase::Prepare, 2.0), (ArmPhase::Start, 20.0), (ArmPhase::Weights, 0.0)], true);
    let row = ProgressRow { label: "weights".to_owned(), done: 3, total: Some(4), rate: None, left_ms: Some(1000) };
    let told = ArmProgress { row: Some(row), ..progress(&bench, weights, 96) };
    see(&mut bench, told, Curves::default());
    let text = bench.text(80, 24);
    assert!(text.contains("cut off") && text.contains("75 %") && !text.contains(" left") && !text.contains("ready by"), "{text}");
    assert!(!text.contains("cut off 0:00"), "{text}");
}

#[test]
fn figures_of_the_log_that_are_old_say_how_old() {
    let mut bench = second_arm(201);
    let (mut progress, curves) = (benching(&bench), curves(&bench, 58, FiguresFrom::Log));
    progress.says = Some("no /metrics: the server answers 404; figures come from its log".to_owned());
    see(&mut bench, progress, curves);
    bench.now += SignedDuration::from_secs(41);
    keep("no_metrics", &mut bench);
}

#[test]
fn a_paused_arm_says_that_it_proves_nothing() {
    let mut bench = second_arm(201);
    let curves = curves(&bench, 58, FiguresFrom::Metrics);
    let paused = Some(bench.now - SignedDuration::from_secs(72));
    let progress = ArmProgress { paused, deadline: None, ..benching(&bench) };
    see(&mut bench, progress, curves);
    let text = bench.text(120, 40);
    assert!(text.contains("paused for 1:12"), "{text}");
    keep("paused", &mut bench);
}

#[test]
fn an_arm_that_failed_says_where_and_the_next_one_waits() {
    let mut story = story();
    measured(&mut story, Stage::Human, detail(1.0, "sha256:aaaa"));
    let mut cut = detail(1.0, "sha256:bbbb");
    cut.metrics.clear();
    cut.phases = phases(
        &[(ArmPhase::Create, 2.0), (ArmPhase::Prepare, 3.2), (ArmPhase::Start, 18.3), (ArmPhase::Weights, 21.0), (ArmPhase::Stop, 1.2)],
        false,
    );
    let why = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB".to_owned();
    let end = StageEnd::Failed { class: FailureClass::ArmCrashed, why };
    story
        .start(2, 1, Stage::Baseline)
        .wait(46)
        .end(2, 1, Stage::Baseline, end, StageDetail::Arm(cut))
        .start(2, 1, Stage::Candidate)
        .wait(3);
    let mut bench = on(&story);
    let progress = progress(&bench, phases(&[(ArmPhase::Create, 0.0)], true), 3);
    bench.tell(Msg::Machine(News::Arm(Some(Box::new(Live { of: which(Stage::Candidate), progress, curves: Curves::default() })))));
    keep("failed", &mut bench);
}

/// All three arms are over and compared.
fn over(story: &mut Story, human: ArmDetail, agent: ArmDetail) -> Bench {
    measured(story, Stage::Human, human);
    measured(story, Stage::Baseline, detail(1.25, "sha256:bbbb"));
    measured(story, Stage::Candidate, agent);
    story.scored(2, 1, 4.0);
    let mut bench = Bench::on(story);
    bench.frame(120, 40);
    // the next one is looked at by itself
    bench.type_in("k3");
    bench
}

#[test]
fn arms_that_are_over_stand_below_what_came_of_them() {
    let mut bench = over(&mut story(), detail(1.0, "sha256:aaaa"), detail(0.96, "sha256:bbbb"));
    let past = |stage, seconds| Past { of: which(stage), curves: curves(&bench, seconds, FiguresFrom::Metrics) };
    let past = vec![past(Stage::Human, 150), past(Stage::Baseline, 189), past(Stage::Candidate, 145)];
    bench.tell(Msg::Machine(News::Arms(past)));
    keep("done", &mut bench);
    bench.text(80, 24);
    bench.type_in("G");
    insta::assert_snapshot!("bench_done_end_80x24", bench.text(80, 24));
}

#[test]
fn a_round_that_failed_leaves_the_numbers_and_figures_of_the_one_before_it() {
    let mut story = story();
    measured(&mut story, Stage::Human, detail(1.0, "sha256:aaaa"));
    measured(&mut story, Stage::Baseline, detail(1.25, "sha256:bbbb"));
    measured(&mut story, Stage::Candidate, detail(0.96, "sha256:bbbb"));
    let failed = StageEnd::Failed { class: FailureClass::ServerCrashed, why: "the server ended before it was ready".to_owned() };
    let nothing = ArmDetail { metrics: Vec::new(), ..detail(0.2, "sha256:bbbb") };
    story.start(2, 1, Stage::Candidate).end(2, 1, Stage::Candidate, failed, StageDetail::Arm(nothing)).scored(2, 1, 4.0);
    let mut bench = Bench::on(&story);
    bench.frame(200, 60);
    bench.type_in("k3");
    let past = Past { of: Which { round: Some(1), ..which(Stage::Candidate) }, curves: curves(&bench, 145, FiguresFrom::Metrics) };
    bench.tell(Msg::Machine(News::Arms(vec![past])));
    let text = bench.text(200, 60);
    for says in [
        "a round failed",
        "round 1: running 48.5, waiting 1.6, KV cache 48 %",
        "server_crashed: the server ended before it was ready",
        "39.65",
    ] {
        assert!(text.contains(says), "no '{says}' in\n{text}");
    }
}

#[test]
fn an_arm_that_is_measured_again_says_which_round_runs_and_calls_none_bad() {
    let mut story = story().repeated(3);
    for stage in [Stage::Human, Stage::Baseline, Stage::Candidate] {
        measured(&mut story, stage, detail(1.0, "sha256:aaaa"));
    }
    story.start(2, 1, Stage::Candidate).wait(201);
    let mut bench = on(&story);
    let progress = benching(&bench);
    bench.tell(Msg::Machine(News::Arm(Some(Box::new(Live { of: which(Stage::Candidate), progress, curves: Curves::default() })))));
    for (cols, rows) in SIZES {
        let text = bench.text(cols, rows);
        assert!(text.contains("running round 2 of 3 3:21") && !text.contains("good"), "{text}");
    }
    let text = bench.text(200, 60);
    assert!(text.contains("1 of 3 rounds done") && text.contains("1 of 3 rounds measured so far"), "{text}");
    assert!(text.contains("candidate, round 2 of 3: bench 340/1000"), "{text}");
    bench.type_in("1");
    assert!(bench.text(120, 40).contains("candidate, round 2 of 3: bench 340/1000"));
    // once it is over, the phases of its last round add up to its clock
    story.end(2, 1, Stage::Candidate, StageEnd::Done, StageDetail::Arm(detail(1.0, "sha256:aaaa")));
    let mut bench = on(&story);
    let text = bench.text(200, 60);
    assert!(
        text.contains("2 of 3 rounds done 3m21s") && text.contains("2 of 3 rounds measured; clock and phases are of the last one"),
        "{text}"
    );
}

#[test]
fn an_arm_that_was_taken_over_and_one_that_is_tainted_say_so() {
    let human = ArmDetail {
        reused: Some(Reused {
            file: "results/2026-11-20_18-00-01-77aa/8a1f0c2f_human_result.json".to_owned(),
            run: Some("2026-11-20_18-00-01-77aa".to_owned()),
            at: Some("2026-11-20 19:41:00".to_owned()),
        }),
        phases: Vec::new(),
        ..detail(1.0, "sha256:aaaa")
    };
    let (from, to) = (base(), moment(base(), 9));
    let taint = |kind, evidence: &str| Taint { kind, evidence: evidence.to_owned(), from, to };
    let agent = ArmDetail {
        taints: vec![taint(TaintKind::Slowdown, "GPU 0: hw thermal for 41 s of 302 s (13.6 %)")],
        flags: vec![Flag::Tainted],
        repairs: vec![Repair::MissingLengths, Repair::SonnetToRandom],
        notes: vec!["2 of 5 changed files would have to be compiled, and are not".to_owned()],
        model: Some("meta-llama/Llama-3.1-8B-Instruct".to_owned()),
        model_run: Some("meta-llama/Meta-Llama-3-8B-Instruct".to_owned()),
        ..detail(0.96, "sha256:bbbb")
    };
    let mut bench = over(&mut story(), human, agent);
    keep("reused", &mut bench);
}
