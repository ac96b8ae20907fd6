#![expect(clippy::unwrap_used, reason = "a test may")]

use super::*;
use crate::domain::{BenchKind, FailureClass, Flag, Machine, Quadrant, Repair, Reused, SoftVerdict, Taint, TaintKind, Target};
use jiff::Timestamp;

fn arm(numbers: &[(&str, f64, &str)]) -> ArmDetail {
    let metrics = numbers.iter().map(|(name, value, unit)| Metric { name: (*name).to_owned(), value: *value, unit: (*unit).to_owned() });
    ArmDetail { metrics: metrics.collect(), ..ArmDetail::default() }
}

fn failed(class: FailureClass) -> Missing {
    Missing::Failed(Cause { class, evidence: "as it says".to_owned() })
}

/// Human, baseline, agent.
fn compare(human: &ArmDetail, baseline: &ArmDetail, agent: &ArmDetail) -> ScoreDetail {
    score(&inputs(Ok(human), Ok(baseline), Ok(agent)), 5.0)
}

type Brought<'a> = Result<&'a ArmDetail, Missing>;

fn inputs<'a>(human: Brought<'a>, baseline: Brought<'a>, agent: Brought<'a>) -> [ArmInput<'a>; 3] {
    [(Arm::Human, human), (Arm::Baseline, baseline), (Arm::Agent, agent)].map(|(arm, brought)| ArmInput { arm, brought })
}

/// The class of the agent's number against the human's.
fn class(human: (&str, f64, &str), agent: (&str, f64, &str)) -> Option<Standing> {
    compare(&arm(&[human]), &arm(&[human]), &arm(&[agent])).standing()
}

#[test]
fn a_shorter_time_beats_and_a_lower_rate_is_worse() {
    assert_eq!(class(("latency_avg_ms", 10.0, "ms"), ("latency_avg_ms", 8.0, "ms")), Some(Standing::Beats));
    assert_eq!(class(("throughput_tok_s", 10.0, "tok/s"), ("throughput_tok_s", 8.0, "tok/s")), Some(Standing::Worse));
    let (high, low) = (arm(&[("rate", 10.0, "req/s")]), arm(&[("rate", 8.0, "req/s")]));
    let detail = compare(&high, &high, &low);
    assert_eq!(detail.rungs.last().map(|rung| rung.answer), Some(Answer::No));
    assert_eq!(detail.incomparable, None);
}

#[test]
fn exactly_the_threshold_is_similar_and_a_little_more_is_not() {
    let ms = |value| ("latency_avg_ms", value, "ms");
    let rate = |value| ("throughput_tok_s", value, "tok/s");
    for (human, agent, wanted) in [
        (ms(100.0), ms(95.0), Standing::Similar),
        (ms(100.0), ms(105.0), Standing::Similar),
        (ms(100.0), ms(94.99), Standing::Beats),
        (ms(100.0), ms(105.01), Standing::Worse),
        // these are 5 % as people reckon, and 5.000000000000004 % as floats do
        (rate(0.3), rate(0.315), Standing::Similar),
        (rate(1.1), rate(1.155), Standing::Similar),
        (rate(2000.0), rate(1900.0), Standing::Similar),
        (rate(2000.0), rate(1899.0), Standing::Worse),
        (rate(2000.0), rate(2101.0), Standing::Beats),
        (rate(7.0), rate(7.0), Standing::Similar),
    ] {
        assert_eq!(class(human, agent), Some(wanted), "{human:?} {agent:?}");
    }
    let (human, agent) = (arm(&[ms(100.0)]), arm(&[ms(99.0)]));
    let with = |threshold| score(&inputs(Ok(&human), Ok(&human), Ok(&agent)), threshold).standing();
    assert_eq!([with(0.0), with(1.0), with(0.5)], [Some(Standing::Beats), Some(Standing::Similar), Some(Standing::Beats)]);
}

#[test]
fn the_primary_metric_of_its_kind_is_the_first_verdict() {
    let serving = [("request_throughput_req_s", 4.0, "req/s"), ("ttft_median_ms", 9.0, "ms"), ("ttft_mean_ms", 10.0, "ms")];
    let prefix = [("elapsed_time_s", 3.0, "s"), ("input_throughput_tok_s", 5.0, "tok/s"), ("throughput_tok_s", 7.0, "tok/s")];
    for (kind, numbers, wanted) in [
        (Some(BenchKind::Serving), &serving, "ttft_mean_ms"),
        (None, &serving, "ttft_mean_ms"),
        (Some(BenchKind::PrefixCaching), &prefix, "throughput_tok_s"),
        (None, &prefix, "throughput_tok_s"),
        (Some(BenchKind::Throughput), &prefix, "throughput_tok_s"),
        // a label of the process engine's own arms
        (Some(BenchKind::Latency), &[("a", 1.0, "ms"), ("b", 1.0, "ms"), ("latency_avg", 2.0, "ms")], "latency_avg"),
        (None, &[("b", 1.0, "ms"), ("a", 1.0, "ms"), ("c", 2.0, "ms")], "b"),
    ] {
        let all = ArmDetail { kind, ..arm(numbers) };
        let detail = compare(&all, &all, &all);
        assert_eq!(detail.verdicts.first().map(|first| first.metric.as_str()), Some(wanted), "{kind:?}");
        assert_eq!(detail.verdicts.len(), 3);
    }
}

#[test]
fn where_the_human_lacks_the_primary_metric_the_first_shared_one_is_compared_and_that_is_said() {
    let human = arm(&[("request_throughput_req_s", 4.0, "req/s")]);
    let agent = arm(&[("ttft_mean_ms", 10.0, "ms"), ("request_throughput_req_s", 5.0, "req/s")]);
    let detail = compare(&human, &human, &agent);
    let first = detail.verdicts.first().unwrap();
    assert_eq!((first.metric.as_str(), first.standing), ("request_throughput_req_s", Some(Standing::Beats)));
    let says = "human: no ttft_mean_ms, which decides for serving: request_throughput_req_s is compared instead";
    assert_eq!(detail.why_not, [says]);
    let detail = compare(&agent, &agent, &ArmDetail { kind: Some(BenchKind::Serving), ..human });
    assert!(detail.why_not.iter().any(|why| why.starts_with("agent: no ttft_mean_ms")), "{detail:#?}");
}

#[test]
fn counts_and_settings_are_neither_better_nor_worse() {
    let many = arm(&[
        ("successful_requests", 100.0, ""),
        ("total_input_tokens", 5.0, ""),
        ("total_generated_tokens", 5.0, ""),
        ("max_request_concurrency", 8.0, ""),
        ("peak_concurrent_requests", 8.0, ""),
        ("Request rate configured (RPS)", 4.0, "req/s"),
        ("benchmark_duration_s", 5.0, "s"),
        ("seed", 3.0, ""),
        ("gpu_utilization_pct", 3.0, "%"),
    ]);
    let detail = compare(&many, &many, &many);
    assert_eq!(detail.verdicts, []);
    assert_eq!(detail.incomparable.as_deref(), Some("agent: none of its numbers is better or worse than another"));
    let full_rate = |numbers: &[(&str, f64, &str)]| {
        let workload = Some(Workload { request_rate: Some("inf".to_owned()), ..Workload::default() });
        ArmDetail { workload, ..arm(numbers) }
    };
    let (human, agent) = (full_rate(&[("benchmark_duration_s", 5.0, "s")]), full_rate(&[("benchmark_duration_s", 4.0, "s")]));
    assert_eq!(compare(&human, &human, &agent).standing(), Some(Standing::Beats), "sent as fast as they are taken");
}

#[test]
fn names_tell_the_direction_where_units_do_not() {
    let of = |name: &str, unit: &str| direction(&Metric { name: name.to_owned(), value: 1.0, unit: unit.to_owned() }, false);
    let (lower, higher) = (Some(Direction::LowerIsBetter), Some(Direction::HigherIsBetter));
    for (name, unit, wanted) in [
        ("failed_requests", "", lower),
        ("Failed requests", "", lower),
        ("request_goodput_req_s", "req/s", higher),
        ("spec_decode_acceptance_rate_pct", "%", higher),
        ("Acceptance length", "", higher),
        ("ttft_p99.9_ms", "ms", lower),
        ("ttft_mean_ms", "", lower),
        ("throughput_tok_s", "", higher),
        ("output_token_throughput_tok_s", "toks/s", higher),
        ("total_token_throughput_tok_s", "tok/s", higher),
        ("elapsed_time_s", "s", lower),
        ("total_tokens", "", None),
        ("warmup_s", "s", None),
        ("anything", "furlongs", None),
        ("", "", None),
    ] {
        assert_eq!(of(name, unit), wanted, "{name} {unit}");
    }
}

#[test]
fn failed_requests_compare_with_none_and_times_of_0_only_with_each_other() {
    let failures = |n: f64| ("failed_requests", n, "");
    assert_eq!(class(failures(0.0), failures(0.0)), Some(Standing::Similar));
    assert_eq!(class(failures(0.0), failures(3.0)), Some(Standing::Worse));
    assert_eq!(class(failures(3.0), failures(0.0)), Some(Standing::Beats));
    let tpot = |ms: f64| ("tpot_mean_ms", ms, "ms");
    assert_eq!(class(tpot(0.0), tpot(0.0)), Some(Standing::Similar), "one token was asked for");
    assert_eq!(class(tpot(5.0), tpot(0.0)), None);
    let ttft = |ms: f64| ("ttft_mean_ms", ms, "ms");
    assert_eq!(class(ttft(0.0), ttft(0.0)), None, "nobody measures 0 there");
}

#[test]
fn what_is_0_or_nothing_or_no_number_has_no_class() {
    for value in [0.0, -0.0, -5.0, f64::NAN, f64::INFINITY] {
        let (some, none) = (("latency_avg_ms", 10.0, "ms"), ("latency_avg_ms", value, "ms"));
        assert_eq!([class(some, none), class(none, some)], [None, None], "{value}");
        let detail = compare(&arm(&[none]), &arm(&[some]), &arm(&[some]));
        assert_eq!(detail.incomparable.as_deref(), Some("human: latency_avg_ms is 0 or was not measured"), "{value}");
        let detail = compare(&arm(&[some]), &arm(&[some]), &arm(&[none]));
        assert_eq!(detail.incomparable.as_deref(), Some("agent: latency_avg_ms is 0 or was not measured"), "{value}");
    }
}

#[test]
fn other_units_are_a_reason_and_other_spellings_of_one_are_not() {
    let (ms, s) = (("latency_avg", 8.0, "ms"), ("latency_avg", 10.0, "s"));
    let detail = compare(&arm(&[s]), &arm(&[ms]), &arm(&[ms]));
    assert_eq!(detail.standing(), None);
    let says = "human: latency_avg is in s there and in ms for the agent";
    assert_eq!((detail.why_not.as_slice(), detail.incomparable.as_deref()), ([says.to_owned()].as_slice(), Some(says)));
    let (human, agent) = (arm(&[s, ("rate", 1.0, "req/s")]), arm(&[ms, ("rate", 2.0, "req/s")]));
    let detail = compare(&human, &human, &agent);
    assert_eq!(detail.incomparable.as_deref(), Some(says), "no other number takes its place");
    assert_eq!(class(("rate", 8.0, "tokens/s"), ("rate", 8.0, "tok/s")), Some(Standing::Similar));
    assert_eq!(class(("time", 8.0, "seconds"), ("time", 8.0, "s")), Some(Standing::Similar));
}

#[test]
fn arms_that_are_missing_are_told_and_the_first_reason_is_why_there_is_no_class() {
    let agent = arm(&[("latency_avg_ms", 8.0, "ms")]);
    let detail = score(&inputs(Err(Missing::NotRun), Err(failed(FailureClass::NoSpace)), Ok(&agent)), 5.0);
    assert_eq!(detail.why_not, ["human: was not run", "baseline: no_space: as it says"]);
    assert_eq!(detail.incomparable.as_deref(), Some("human: was not run"));
    assert_eq!(detail.verdicts.len(), 1, "its number is still shown");
    let detail = score(&inputs(Ok(&agent), Ok(&agent), Err(failed(FailureClass::Tainted))), 5.0);
    assert_eq!((detail.verdicts.len(), detail.incomparable.as_deref()), (0, Some("agent: tainted: as it says")));
    assert_eq!(detail.rungs.first().map(|rung| rung.answer), Some(Answer::No));
    let nothing = score(&[], 5.0);
    assert_eq!(nothing.incomparable.as_deref(), Some("agent: was not run"));
    assert_eq!(nothing.rungs.first().map(|rung| rung.answer), Some(Answer::Unchecked), "nobody looked");
}

/// Arms that differ in one thing: no class, and this reason.
fn assert_apart(human: &ArmDetail, agent: &ArmDetail, reason: &str) {
    let detail = compare(human, human, agent);
    assert_eq!(detail.incomparable.as_deref(), Some(reason));
    assert!(detail.why_not.contains(&reason.to_owned()), "{detail:#?}");
    let of_baseline = detail.why_not.iter().any(|why| why.contains(&reason.replace("human", "baseline")));
    assert!(of_baseline, "{detail:#?}");
    for verdict in &detail.verdicts {
        assert_eq!((verdict.standing, verdict.against_human_pct, verdict.against_baseline_pct), (None, None, None));
        assert!(verdict.human.is_some(), "the numbers are shown side by side all the same");
    }
    let noise = detail.rungs.last().unwrap();
    assert_eq!(noise.answer, Answer::Unchecked);
}

#[test]
fn arms_that_were_not_measured_alike_are_incomparable_with_the_reason() {
    let plain = arm(&[("ttft_mean_ms", 10.0, "ms"), ("latency_avg_ms", 10.0, "ms")]);
    let of_kind = |kind| ArmDetail { kind: Some(kind), ..plain.clone() };
    assert_apart(
        &of_kind(BenchKind::Serving),
        &of_kind(BenchKind::Latency),
        "human and agent were measured by different benchmarks (serving / latency)",
    );
    let of_model =
        |asked: &str, run: Option<&str>| ArmDetail { model: Some(asked.to_owned()), model_run: run.map(str::to_owned), ..plain.clone() };
    assert_apart(
        &of_model("meta-llama/Llama-3.1-8B-Instruct", Some("meta-llama/Meta-Llama-3-8B-Instruct")),
        &of_model("meta-llama/Llama-3.1-8B-Instruct", None),
        "human and agent were measured with different models (meta-llama/Meta-Llama-3-8B-Instruct / meta-llama/Llama-3.1-8B-Instruct)",
    );
    let with = |dataset: &str, output: u64| ArmDetail {
        workload: Some(Workload { dataset: Some(dataset.to_owned()), output_len: Some(output), ..Workload::default() }),
        ..plain.clone()
    };
    assert_apart(
        &with("sonnet", 64),
        &with("random", 128),
        "human and agent were measured with different workloads (dataset sonnet / random, output length 64 / 128)",
    );
    let flagged = ArmDetail { flags: vec![Flag::DifferentWorkload], ..plain.clone() };
    assert_apart(&plain, &flagged, "human and agent were measured with different workloads by run_3way_benchmarks.py (sonnet / random)");
    for flag in [Flag::AllZero, Flag::FailedRequests, Flag::CutShort] {
        let flagged = ArmDetail { flags: vec![flag], ..plain.clone() };
        assert_apart(&plain, &flagged, &format!("agent: {}", flag.says()));
        let detail = compare(&flagged, &plain, &plain);
        assert_eq!(detail.incomparable, Some(format!("human: {}", flag.says())));
        assert_eq!(detail.rungs.last().map(|rung| rung.answer), Some(Answer::No), "baseline and agent compare");
    }
}

#[test]
fn models_are_the_same_by_path_case_or_bare_name_and_not_across_organisations() {
    let number = arm(&[("ttft_mean_ms", 10.0, "ms")]);
    let of = |model: &str| ArmDetail { model: Some(model.to_owned()), ..number.clone() };
    let is_same = |one: &str, other: &str| compare(&of(one), &number, &of(other)).standing().is_some();
    assert!(is_same("meta-llama/Llama-3-8B", "Meta-Llama/llama-3-8b"));
    assert!(is_same("/models/Llama-3-8B/", "meta-llama/Llama-3-8B") && is_same("Llama-3-8B", "meta-llama/Llama-3-8B"));
    assert!(!is_same("meta-llama/Llama-3-8B", "nobody/Llama-3-8B") && !is_same("a/Llama-3-8B", "a/Llama-3-70B"));
    assert!(is_same("", "a/Llama-3-70B"), "unknown is not different");
}

#[test]
fn numbers_that_are_not_what_their_names_say_are_left_out_and_told() {
    let baseline = ArmDetail { flags: vec![Flag::RequestsAsTokens], ..arm(&[("output_token_throughput_tok_s", 4.0, "tok/s")]) };
    let agent = arm(&[("throughput_tok_s", 900.0, "tok/s"), ("output_token_throughput_tok_s", 900.0, "tok/s")]);
    let detail = compare(&agent, &baseline, &agent);
    assert_eq!(detail.why_not, ["baseline: its output_token_throughput_tok_s counts requests, not tokens, and is left out"]);
    assert!(detail.verdicts.iter().all(|verdict| verdict.baseline.is_none()), "{detail:#?}");
    let log = ArmDetail { flags: vec![Flag::FromEngineLog], ..arm(&[("throughput_tok_s", 4.0, "tok/s"), ("latency_avg_ms", 5.0, "ms")]) };
    let detail = compare(&log, &log, &log);
    assert_eq!(detail.verdicts.iter().map(|verdict| verdict.metric.as_str()).collect::<Vec<_>>(), ["latency_avg_ms"]);
    let only_that = ArmDetail { flags: vec![Flag::FromEngineLog], ..arm(&[("throughput_tok_s", 4.0, "tok/s")]) };
    assert!(!has_numbers(&only_that) && has_numbers(&log));
}

#[test]
fn the_harness_s_own_traps_are_known_by_arm_and_numbers() {
    let serving = arm(&[("ttft_p99_ms", 1.0, "ms"), ("output_token_throughput_tok_s", 5.0, "tok/s")]);
    assert_eq!(traps(Arm::Agent, &serving), [Flag::DifferentWorkload]);
    assert_eq!([traps(Arm::Human, &serving), traps(Arm::Baseline, &serving)], [vec![], vec![]]);
    let offline = arm(&[("output_token_throughput_tok_s", 5.0, "tok/s")]);
    assert_eq!(traps(Arm::Baseline, &offline), [Flag::RequestsAsTokens]);
    assert_eq!(traps(Arm::Agent, &offline), []);
    let latency = arm(&[("latency_avg_ms", 5.0, "ms"), ("throughput_tok_s", 5.0, "tok/s")]);
    assert_eq!(traps(Arm::Human, &latency), [Flag::FromEngineLog]);
    let throughput = ArmDetail { kind: Some(BenchKind::Throughput), ..arm(&[("throughput_tok_s", 5.0, "tok/s")]) };
    assert_eq!(traps(Arm::Agent, &throughput), []);
}

#[test]
fn doubts_that_leave_the_numbers_are_told_beside_the_class() {
    let number = arm(&[("ttft_mean_ms", 10.0, "ms")]);
    let agent = ArmDetail {
        flags: vec![Flag::PatchForced, Flag::NotAsPrinted, Flag::ModelOverridden],
        model: Some("a/b".to_owned()),
        model_run: Some("a/c".to_owned()),
        left_out: 7,
        ..number.clone()
    };
    let detail = compare(&number, &number, &agent);
    assert_eq!(detail.standing(), Some(Standing::Similar));
    assert_eq!(
        detail.why_not,
        [
            "agent: the patch was forced in, perhaps by half",
            "agent: the file's numbers are not those that its output prints",
            "agent: measured with a/c, not with a/b",
            "agent: 7 numbers after its first 1 are left out"
        ]
    );
}

#[test]
fn of_two_of_one_name_or_arm_the_first_is_compared() {
    let twice = arm(&[("latency_avg_ms", 8.0, "ms"), ("latency_avg_ms", 9.0, "ms")]);
    let agent = arm(&[("latency_avg_ms", 4.0, "ms")]);
    let mut arms = inputs(Ok(&twice), Ok(&twice), Ok(&agent)).to_vec();
    arms.push(ArmInput { arm: Arm::Human, brought: Err(Missing::NotRun) });
    assert_eq!(score(&arms, 5.0).verdicts.first().and_then(|verdict| verdict.human), Some(8.0));
}

#[test]
fn a_quadrant_needs_both_verdicts_and_a_patch_that_breaks_its_arm_is_one() {
    let soft = |target| SoftVerdict { target, approach: None, says: None, by: "t".to_owned() };
    let (fast, slow) = (arm(&[("latency_avg_ms", 5.0, "ms")]), arm(&[("latency_avg_ms", 10.0, "ms")]));
    let quadrant = |arms: &[ArmInput<'_>], target| with_soft(score(arms, 5.0), arms, soft(target)).quadrant;
    let (good, bad) = (inputs(Ok(&slow), Ok(&slow), Ok(&fast)), inputs(Ok(&fast), Ok(&slow), Ok(&slow)));
    assert_eq!(quadrant(&good, Target::SameTarget), Some(Quadrant::TrueSuccess));
    assert_eq!(quadrant(&good, Target::NoOptimization), Some(Quadrant::LuckyWin));
    assert_eq!(quadrant(&bad, Target::RelatedTarget), Some(Quadrant::GoodIntent));
    assert_eq!(quadrant(&bad, Target::DifferentTarget), Some(Quadrant::Failure));
    let agent_failed = |class, baseline| inputs(Ok(&fast), baseline, Err(failed(class)));
    let of = |class| quadrant(&agent_failed(class, Ok(&slow)), Target::SameTarget);
    assert_eq!(of(FailureClass::ServerCrashed), Some(Quadrant::GoodIntent));
    assert_eq!([of(FailureClass::NoSpace), of(FailureClass::Tainted), of(FailureClass::ImageMissing)], [None; 3], "not the patch");
    let both = agent_failed(FailureClass::ImportError, Err(failed(FailureClass::ImportError)));
    assert_eq!(quadrant(&both, Target::SameTarget), None, "the parent commit fails in the same way");
    let no_human = inputs(Err(Missing::NotRun), Ok(&slow), Err(failed(FailureClass::ServerCrashed)));
    assert_eq!(quadrant(&no_human, Target::SameTarget), None);
    let kept = with_soft(score(&no_human, 5.0), &no_human, soft(Target::SameTarget));
    assert_eq!(kept.soft.map(|soft| soft.target), Some(Target::SameTarget), "the verdict stays where the quadrant is unknown");
}

proptest::proptest! {
    #[test]
    fn no_numbers_are_a_panic_and_a_class_has_a_percentage_or_is_of_counts(
        human in proptest::num::f64::ANY, agent in proptest::num::f64::ANY, threshold in 0.0..1e7,
        name in "(ttft_mean_ms|failed_requests|tpot_p99_ms|throughput_tok_s|é (x)|)", unit in "(ms|tok/s||%|s)",
    ) {
        let (human, agent) = (arm(&[(name.as_str(), human, unit.as_str())]), arm(&[(name.as_str(), agent, unit.as_str())]));
        let detail = score(&inputs(Ok(&human), Ok(&human), Ok(&agent)), threshold);
        let first = detail.verdicts.first();
        proptest::prop_assert_eq!(detail.incomparable.is_none(), first.is_some_and(|first| first.standing.is_some()));
        if let Some(Verdict { standing: Some(standing), against_human_pct: Some(pct), .. }) = first {
            let wanted = if *pct > threshold { Standing::Beats } else if *pct < -threshold { Standing::Worse } else { Standing::Similar };
            let at_the_edge = (pct.abs() - threshold).abs() <= threshold.max(1.0) * 1e-8;
            proptest::prop_assert!(at_the_edge || *standing == wanted, "{pct} {threshold} {standing:?}");
        }
    }
}

#[test]
fn a_tainted_number_is_compared_and_proves_nothing_either_way() {
    let clean = arm(&[("latency_avg_ms", 100.0, "ms")]);
    let fast = arm(&[("latency_avg_ms", 50.0, "ms")]);
    let tainted = |mut detail: ArmDetail| {
        let evidence = "GPU 3: hw thermal for 41 s of 5m02s (13.5 %)".to_owned();
        detail.taint(&[Taint { kind: TaintKind::Slowdown, evidence, from: Timestamp::UNIX_EPOCH, to: Timestamp::UNIX_EPOCH }]);
        detail
    };
    let last = |detail: &ScoreDetail| detail.rungs.last().map(|rung| (rung.answer, rung.evidence.clone()));
    // human, baseline, agent
    let agents = compare(&clean, &clean, &tainted(fast.clone()));
    assert_eq!(agents.standing(), Some(Standing::Beats), "the numbers are compared");
    assert_eq!(agents.why_not, ["agent: tainted: GPU 3: hw thermal for 41 s of 5m02s (13.5 %)"]);
    let says = "latency_avg_ms +50.0 % against the baseline, one sample, and that proves nothing: tainted: agent".to_owned();
    assert_eq!(last(&agents), Some((Answer::Unchecked, says)));
    assert_eq!(last(&compare(&clean, &tainted(clean.clone()), &fast)).map(|(answer, _)| answer), Some(Answer::Unchecked));
    let humans = compare(&tainted(clean.clone()), &clean, &fast);
    assert_eq!(last(&humans).map(|(answer, _)| answer), Some(Answer::Yes), "the human's number has no part in it");
}

fn measured(values: &[f64]) -> ArmDetail {
    let samples: Vec<ArmDetail> = values.iter().map(|value| arm(&[("ttft_mean_ms", *value, "ms")])).collect();
    ArmDetail::of_samples(&samples.iter().collect::<Vec<_>>()).unwrap()
}

#[test]
fn a_difference_within_twice_the_spread_is_noise_and_the_band_says_of_how_many_samples() {
    // a spread of 10 %: up to 20 % is noise
    let noisy = measured(&[90.0, 100.0, 110.0]);
    let detail = compare(&noisy, &noisy, &measured(&[85.0, 85.0, 85.0]));
    assert_eq!(detail.standing(), Some(Standing::Similar));
    assert_eq!(detail.verdicts.first().and_then(|first| first.band).map(|band| band.says()).as_deref(), Some("±20 % of 3 samples each"));
    let last = detail.rungs.last().unwrap();
    assert_eq!((last.answer, last.evidence.as_str()), (Answer::No, "ttft_mean_ms +15.0 % against the baseline, ±20 % of 3 samples each"));
    assert_eq!(compare(&noisy, &noisy, &measured(&[75.0, 75.0])).standing(), Some(Standing::Beats));
    let steady = compare(&measured(&[100.0, 100.0, 100.0]), &noisy, &measured(&[90.0]));
    let band = steady.verdicts.first().and_then(|first| first.band).unwrap();
    assert_eq!((band.says().as_str(), steady.standing()), ("±5 % of 1 and 3 samples", Some(Standing::Beats)), "the threshold is the least");
    let [_, baseline] = steady.verdicts.first().unwrap().sides();
    assert_eq!(baseline.as_deref(), Some("similar to the baseline (+10.0 %, within the noise of ±20 %)"));
}

#[test]
fn what_was_not_measured_alike_does_not_compare() {
    let one = arm(&[("ttft_mean_ms", 10.0, "ms")]);
    let why = |human: &ArmDetail, agent: &ArmDetail| compare(human, human, agent).incomparable;
    let repaired = |repair| ArmDetail { repairs: vec![repair], ..one.clone() };
    let says = "human and agent were not measured alike: only agent was repaired (sonnet_to_random)";
    assert_eq!(why(&one, &repaired(Repair::SonnetToRandom)).as_deref(), Some(says));
    assert_eq!(why(&repaired(Repair::SonnetToRandom), &repaired(Repair::SonnetToRandom)), None);
    assert_eq!(why(&one, &repaired(Repair::Transformers)), None, "the work is the same");
    let on = |gpu: &str| ArmDetail { machine: Some(Machine { gpus: vec![gpu.to_owned()], ..Machine::default() }), ..one.clone() };
    assert_eq!(why(&on("H100"), &on("A100")).as_deref(), Some("human and agent were measured on different machines (GPU H100 / A100)"));
    let reused = |run: Option<&str>| {
        let reused = Reused { file: "/r.json".to_owned(), run: run.map(str::to_owned), at: None };
        ArmDetail { reused: Some(reused), ..one.clone() }
    };
    assert_eq!(why(&reused(None), &one).as_deref(), Some("human: taken from /r.json, on an unknown machine"));
    let known = compare(&reused(Some("r1")), &one, &one);
    assert_eq!((known.incomparable, known.why_not), (None, vec!["human: taken from /r.json of run r1".to_owned()]));
}
