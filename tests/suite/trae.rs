//! The reader of TRAE's trajectories.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use isobench_tui::agent::trae::{Taken, Trajectory};
use isobench_tui::agent::{End, Live};
use isobench_tui::domain::{Reply, Usage};
use proptest::prelude::*;
use serde_json::{Value, json};

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/trae").join(name)).unwrap()
}

fn whole(bytes: &[u8]) -> Trajectory {
    let mut trajectory = Trajectory::new();
    assert!(matches!(trajectory.take(bytes), Taken::News { .. }), "a whole file is news");
    trajectory
}

/// A made-up run of `n` steps with one bash call each.
fn run(n: usize, tag: &str) -> Value {
    let call = |at: usize| json!([{"call_id": format!("toolu_{tag}{at}"), "name": "bash", "arguments": {"command": format!("ls {at}")}, "id": null}]);
    let answer = |at: usize| {
        json!({"content": format!("Looking at part {at}\u{1f600}."), "model": "m", "finish_reason": "tool_use",
            "usage": {"input_tokens": 100 + at, "output_tokens": 10, "cache_read_input_tokens": 7}, "tool_calls": call(at)})
    };
    let result = |at: usize| json!({"call_id": format!("toolu_{tag}{at}"), "success": !at.is_multiple_of(3), "result": "a\nb", "error": "w", "id": null});
    let interactions: Vec<Value> = (0..n)
        .map(|at| json!({"timestamp": "2026-01-02T03:04:05.678901", "provider": "p", "model": "m", "input_messages": [], "response": answer(at)}))
        .collect();
    let steps: Vec<Value> = (0..n)
        .map(|at| {
            json!({"step_number": at + 1, "timestamp": "2026-01-02T03:04:06", "state": "completed",
                "llm_messages": [{"role": "user", "content": null, "tool_result": result(at)}], "llm_response": answer(at),
                "tool_calls": call(at), "tool_results": [result(at)], "reflection": null, "error": null})
        })
        .collect();
    json!({"task": tag, "start_time": "2026-01-02T03:04:05", "end_time": "", "provider": "p", "model": "m", "max_steps": 200,
        "llm_interactions": interactions, "agent_steps": steps, "success": false, "final_result": null, "execution_time": 0.0})
}

/// The file as it was after `saves` saves of a run.
fn saved(mut run: Value, saves: usize) -> Vec<u8> {
    for (list, keep) in [("llm_interactions", saves.div_ceil(2)), ("agent_steps", saves / 2)] {
        run[list].as_array_mut().unwrap().truncate(keep);
    }
    serde_json::to_vec_pretty(&run).unwrap()
}

fn same(a: &Trajectory, b: &Trajectory) {
    assert_eq!(a.steps(), b.steps());
    assert_eq!(a.totals(), b.totals());
    assert_eq!(a.state(), b.state());
    assert_eq!((a.task(), a.model(), a.last_at()), (b.task(), b.model(), b.last_at()));
}

#[test]
fn a_run_is_followed_save_by_save() {
    let mut live = Trajectory::new();
    assert_eq!(live.totals().steps, None);
    assert_eq!(live.state(), Live::WaitingForModel);
    assert_eq!(live.take(b""), Taken::Torn);
    assert_eq!(live.take(&saved(run(3, "a"), 0)), Taken::News { from: 0 });
    assert_eq!(live.totals().steps, Some(0));
    assert_eq!(live.take(&saved(run(3, "a"), 0)), Taken::Same);
    assert_eq!(live.take(&saved(run(3, "a"), 1)), Taken::News { from: 0 });
    assert_eq!(live.state(), Live::ToolsRunning);
    assert_eq!((live.steps()[0].reply, live.totals().steps), (Reply::ToolsRunning, Some(0)));
    assert_eq!(live.take(&saved(run(3, "a"), 2)), Taken::News { from: 0 });
    assert_eq!((live.state(), live.steps()[0].reply), (Live::WaitingForModel, Reply::Complete));
    assert_eq!(live.take(&saved(run(3, "a"), 3)), Taken::News { from: 1 });
    assert_eq!(live.take(&saved(run(3, "a"), 6)), Taken::News { from: 1 });
    let step = &live.steps()[1];
    assert_eq!((step.index, step.calls.len(), step.usage.cached), (2, 1, 7));
    assert_eq!(step.calls[0].args, r#"{"command":"ls 1"}"#);
    let result = step.calls[0].result.as_ref().unwrap();
    assert_eq!((result.ok, result.text.as_str()), (true, "a\nb\nw"));
    assert_eq!(live.totals().usage, Usage { input: 303, output: 30, cached: 21 });
    let mut ended = run(3, "a");
    ended["end_time"] = json!("2026-01-02T03:05:00");
    ended["success"] = json!(true);
    assert_eq!(live.take(&serde_json::to_vec_pretty(&ended).unwrap()), Taken::News { from: 3 });
    assert_eq!(live.state(), Live::Ended(End::Accepted));
    // the next task in the same file: the lists start again, the end of the old one is still written there
    ended["start_time"] = json!("2026-01-02T03:06:00");
    assert_eq!(live.take(&saved(ended, 1)), Taken::News { from: 0 });
    assert_eq!((live.steps().len(), live.state()), (1, Live::ToolsRunning));
}

#[test]
fn fixtures_tell_their_ends() {
    let state = |name: &str| whole(&fixture(name)).state();
    assert_eq!(state("running.json"), Live::WaitingForModel);
    assert_eq!(state("tool_running.json"), Live::ToolsRunning);
    assert_eq!(state("accepted.json"), Live::Ended(End::Accepted));
    assert_eq!(state("max_steps.json"), Live::Ended(End::MaxSteps));
    assert!(matches!(state("step_error.json"), Live::Ended(End::StepError(text)) if text.contains("429")));
    assert!(matches!(state("crashed_console.json"), Live::Ended(End::StepError(text)) if text.contains("closing tag")));
    assert_eq!(Trajectory::new().take(&fixture("torn.json")), Taken::Torn);
}

#[test]
fn accepted_ends_with_a_call_that_never_answers() {
    let trajectory = whole(&fixture("accepted.json"));
    let last = trajectory.steps().last().unwrap();
    assert_eq!((last.calls[0].name.as_str(), last.calls[0].result.as_ref()), ("task_done", None));
    assert_eq!(trajectory.steps()[1].harness, ["ERROR! Your Patch is empty. Please provide a patch that fixes the problem."]);
    // after a failed call and an accepted finish TRAE writes what went in once more: not news from the harness
    assert!(trajectory.steps()[4].harness.is_empty());
    assert!(whole(&fixture("step_error.json")).steps()[1].harness.is_empty());
    assert_eq!(trajectory.final_result(), Some("The scan is gone."));
    assert!(trajectory.ended_at() > trajectory.started_at());
}

#[test]
fn old_variant_with_other_states_and_holes() {
    let trajectory = whole(&fixture("old_variant.json"));
    assert_eq!(trajectory.steps().len(), 4);
    assert_eq!(trajectory.steps()[0].thought, "First, the layout.");
    assert_eq!(trajectory.steps()[1].calls[0].result.as_ref().unwrap().text, "no such file");
    assert_eq!(trajectory.steps()[2].calls.len(), 0);
    assert_eq!(trajectory.max_steps(), None);
}

#[test]
fn what_python_writes_and_json_does_not_know() {
    let text = String::from_utf8(saved(run(2, "a"), 4)).unwrap();
    let odd = text.replace("ls 1", r"half \ud83d of a pair \ud83d\ude00").replace("0.0", "NaN").replacen("200", "Infinity", 1);
    let trajectory = whole(format!("\u{feff}{odd}").as_bytes());
    assert_eq!(trajectory.steps()[1].calls[0].args, "{\"command\":\"half \u{fffd} of a pair \u{1f600}\"}");
    assert_eq!(trajectory.max_steps(), None);
    let mut cut = text.into_bytes();
    let at = cut.windows(7).rposition(|window| window == b"Looking").unwrap();
    cut[at] = 0xff;
    assert!(whole(&cut).steps()[1].thought.starts_with('\u{fffd}'));
}

#[test]
fn no_run_is_no_news() {
    for text in ["", " ", "{}", "[]", "12", "\u{feff}", "{\"task\":\"x\"}", "{\"agent_steps\":[}", "null", "\"agent_steps\""] {
        assert_eq!(Trajectory::new().take(text.as_bytes()), Taken::Torn, "{text}");
    }
    for text in
        [r#"{"agent_steps":null}"#, r#"{"llm_interactions":{"a":[1]},"agent_steps":"x","task":3}"#, r#"{"agent_steps":[1,null,"x",[]]}"#]
    {
        whole(text.as_bytes());
    }
}

#[test]
fn big_files_are_taken_quickly() {
    let mut run = run(350, "big");
    for list in ["llm_interactions", "agent_steps"] {
        for element in run[list].as_array_mut().unwrap() {
            element["padding"] = json!("some output of a build\n".repeat(250));
        }
    }
    let (early, late) = (saved(run.clone(), 699), serde_json::to_vec_pretty(&run).unwrap());
    assert!(late.len() > 4_000_000);
    let mut trajectory = whole(&early);
    let start = Instant::now();
    assert_eq!(trajectory.take(&late), Taken::News { from: 349 });
    let took = start.elapsed();
    eprintln!("re-taking {} bytes took {took:?}", late.len());
    assert!(took.as_millis() < if cfg!(debug_assertions) { 1000 } else { 15 }, "{took:?}");
}

/// Trajectories of the shared samples: path and bytes, `.gz` ones left out.
fn samples(at: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(at).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            samples(&path, found);
        } else if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with("trajectory.json")) {
            found.push(path);
        }
    }
}

#[test]
fn shared_samples_agree_with_a_plain_count() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let mut found = Vec::new();
    samples(&shared, &mut found);
    found.retain(|path| !path.to_string_lossy().contains("trae_agent_rs"));
    if found.is_empty() {
        eprintln!("skipped: {} is not there", shared.display());
        return;
    }
    let mut taken = 0;
    for path in &found {
        let bytes = fs::read(path).unwrap();
        let Ok(file) = serde_json::from_slice::<Value>(&bytes) else { continue };
        if file["agent_steps"].is_null() {
            continue;
        }
        let trajectory = whole(&bytes);
        let totals = trajectory.totals();
        let count = |name: &str| -> u64 {
            let list = file["llm_interactions"].as_array().unwrap();
            list.iter().filter_map(|interaction| interaction["response"]["usage"][name].as_u64()).sum()
        };
        assert_eq!(u64::from(totals.steps.unwrap()), file["agent_steps"].as_array().unwrap().len() as u64, "{}", path.display());
        assert_eq!(totals.usage.input, count("input_tokens"), "{}", path.display());
        assert_eq!(totals.usage.output, count("output_tokens"), "{}", path.display());
        assert_eq!(totals.usage.cached, count("cache_read_input_tokens"), "{}", path.display());
        for step in trajectory.steps() {
            assert!(step.at.is_some(), "{}: step {}", path.display(), step.index);
            assert!(step.calls.iter().all(|call| !call.name.is_empty()), "{}: step {}: {:?}", path.display(), step.index, step.calls);
        }
        taken += 1;
        if let Ok(out) = std::env::var("ISOBENCH_COUNTS") {
            use std::io::Write as _;
            let mut out = fs::OpenOptions::new().append(true).create(true).open(out).unwrap();
            let usage = totals.usage;
            let path = fs::canonicalize(path).unwrap();
            writeln!(
                out,
                "{}\t{}\t{}\t{}\t{}\t{:?}",
                path.display(),
                totals.steps.unwrap(),
                totals.calls,
                usage.input,
                usage.output,
                trajectory.state()
            )
            .unwrap();
        }
    }
    eprintln!("{taken} of {} samples taken", found.len());
    assert!(taken > 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever saves, and whatever parts of them, were seen before: the last good one decides.
    #[test]
    fn any_sequence_of_looks_gives_the_same_end(looks in prop::collection::vec((0_usize..13, 0_usize..40, any::<bool>()), 0..12), last in 0_usize..13) {
        let mut live = Trajectory::new();
        for (saves, cut, other) in looks {
            let bytes = saved(run(6, if other { "a" } else { "b" }), saves);
            let before = live.steps().to_vec();
            // half of the looks see the whole file, the others a part of it
            let end = if cut < 20 { bytes.len() } else { bytes.len() * (cut - 20) / 20 };
            match live.take(&bytes[..end]) {
                Taken::Torn => prop_assert_eq!(live.steps(), &before[..]),
                Taken::Same => prop_assert_eq!(live.steps(), &before[..]),
                Taken::News { from } => prop_assert_eq!(&live.steps()[..from], &before[..from]),
            }
        }
        let end = saved(run(6, "a"), last);
        live.take(&end);
        same(&live, &whole(&end));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut trajectory = Trajectory::new();
        trajectory.take(&bytes);
        let mut framed = br#"{"agent_steps":["#.to_vec();
        framed.extend_from_slice(&bytes);
        framed.extend_from_slice(b"]}");
        trajectory.take(&framed);
        let mut quoted = br#"{"agent_steps":[{"error":""#.to_vec();
        quoted.extend_from_slice(&bytes);
        quoted.extend_from_slice(b"\"}]}");
        trajectory.take(&quoted);
        trajectory.state();
        trajectory.last_at();
    }

    /// Any value in the place of any field.
    #[test]
    fn fields_of_any_type(at in 0_usize..400, kind in 0_usize..7) {
        let odd = [json!(null), json!(true), json!(-3.5), json!("x"), json!([[1, {}]]), json!({"content": {"a": 1}}), json!(u64::MAX)][kind].clone();
        let mut file = run(2, "a");
        let mut left = at;
        replace(&mut file, &odd, &mut left);
        let mut trajectory = Trajectory::new();
        trajectory.take(&serde_json::to_vec(&file).unwrap());
        trajectory.state();
        trajectory.totals();
    }
}

/// Puts `odd` in the place of the `left`-th value, counted depth first.
pub(crate) fn replace(value: &mut Value, odd: &Value, left: &mut usize) {
    if *left == 0 {
        *value = odd.clone();
    }
    *left = left.wrapping_sub(1);
    match value {
        Value::Array(list) if *left < usize::MAX / 2 => list.iter_mut().for_each(|value| replace(value, odd, left)),
        Value::Object(map) if *left < usize::MAX / 2 => map.values_mut().for_each(|value| replace(value, odd, left)),
        _ => {}
    }
}
