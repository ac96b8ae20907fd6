//! The real Claude Code and the real Codex as our agent stage, against a model server that answers from a script: what our
//! files, our exit code and our screen then say. Ignored but for `tests/run --agents`, which installs the programs.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what went wrong by failing")]

mod errors;
mod real;
mod steered;

use std::fs;

use serde_json::{Value, json};

use crate::campaign::said;
use real::{Program, Real};

/// What the item's status says of its agent's end, in the few words that all tests look at.
fn ended(real: &Real) -> (String, String, String) {
    let item = real.campaign.item(1);
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    (word(&item["status"]), word(&item["agent_end"]["class"]), word(&item["agent_end"]["cause"]))
}

/// The findings on record, as detector and level.
fn findings(real: &Real) -> Vec<String> {
    let made = real.campaign.facts_of("finding_made").into_iter();
    made.map(|fact| format!("{} {}", fact["finding"]["detector"].as_str().unwrap(), fact["finding"]["level"].as_str().unwrap())).collect()
}

/// Tools that work, one that fails, one that is not there; then a patch is there and the agent ends.
fn tools(program: Program) {
    let Some(real) = Real::new(program, "tools") else { return };
    let output = real.run(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let item = real.campaign.item(1);
    assert_eq!((item["status"].as_str(), item["verdict"]["standing"].as_str()), (Some("done"), Some("beats")), "{item:#}");
    assert_eq!((item["steps"].as_u64(), item["calls"].as_u64(), item["level"].as_str()), (Some(6), Some(6), Some("none")), "{item:#}");
    assert_eq!(item["tokens"]["output"], 600, "{item:#}");
    assert_eq!(ended(&real), ("done".to_owned(), "-".to_owned(), "exited".to_owned()));
    let journal = real.journal();
    assert_eq!((journal["status"].as_str(), journal[program.kind()]["returncode"].as_i64()), (Some("success"), Some(0)), "{journal:#}");
    let patch = real.read("model_patch.diff");
    assert!(patch.contains("+cost=50") && patch.contains("+cost is 50 now"), "{patch}");
    // the trajectory that we keep is the program's own, and our reader finds everything in it
    assert!(real.item_dir().join(program.steps_file()).symlink_metadata().unwrap().is_file(), "a file, no link");
    let run = real.inspected();
    assert_eq!((run["agent"].as_str(), run["model"].as_str()), (Some(program.kind()), Some(program.model())), "{run:#}");
    let steps = run["steps"].as_array().unwrap();
    let thoughts: Vec<&str> = steps.iter().map(|step| step["thought"].as_str().unwrap()).collect();
    assert!(thoughts[0].contains("The engine's cost is in engine.sh.") && thoughts[0].contains("I look at what is there."), "{thoughts:?}");
    let words = ["A test first.", "A tool that nobody has.", "I make it faster.", "A note beside it.", "It is twice as fast now."];
    assert_eq!(thoughts[1..], words);
    let calls = |step: usize| steps[step]["calls"].as_array().unwrap().clone();
    let ok = |step: usize| calls(step).iter().map(|call| call["result"]["ok"].as_bool().unwrap()).collect::<Vec<_>>();
    assert_eq!([ok(0), ok(1), ok(2), ok(3), ok(4)], [vec![true, true], vec![false], vec![false], vec![true], vec![true]], "{run:#}");
    assert_eq!((calls(0)[0]["name"].as_str(), calls(4)[0]["name"].as_str()), (Some(program.shell()), Some(program.writer())));
    assert!(calls(0)[1]["result"]["text"].as_str().unwrap().contains("cost=100"), "{run:#}");
    // what the model was told is what our reader tells
    let asked = real.asked();
    assert_eq!(asked.len(), 6);
    assert_eq!(asked[1]["told"].as_array().unwrap().iter().filter(|told| told.get("result").is_some()).count(), 2, "{asked:#?}");
    real.assert_clean();
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn claude_works_and_fails_with_its_tools() {
    tools(Program::Claude);
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn codex_works_and_fails_with_its_tools() {
    tools(Program::Codex);
}

/// The same call again and again: the detectors say so while it does, and a policy ends it.
fn a_loop(program: Program) {
    let Some(real) = Real::new(program, "loop") else { return };
    let output = real.run(&["--on-stuck", "stop"]);
    assert_eq!(output.status.code(), Some(0), "its patch is benchmarked: {}", said(&output));
    assert_eq!(ended(&real), ("done".to_owned(), "agent_stuck".to_owned(), "stopped".to_owned()), "{:#}", real.campaign.item(1));
    let item = real.campaign.item(1);
    assert_eq!((item["level"].as_str(), item["verdict"]["standing"].as_str()), (Some("stuck"), Some("beats")), "{item:#}");
    let found = findings(&real);
    let live: Vec<&String> =
        ["D8 note", "D8 warn", "D8 stuck"].iter().filter_map(|want| found.iter().find(|found| found == want)).collect();
    assert_eq!(live.len(), 3, "{found:?}");
    // while it worked, not afterwards
    let facts = real.campaign.facts();
    let nth = |kind: &str| facts.iter().position(|fact| fact["kind"] == kind).unwrap();
    assert!(nth("finding_made") < nth("stage_stopping"), "{found:?}");
    let ours = &real.journal()["isobench_tui"];
    assert_eq!(ours["level"], "stuck", "{ours:#}");
    assert!(item["agent_failure"].as_str().unwrap().starts_with("agent stopped: stuck: "), "{item:#}");
    real.assert_clean();
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn claude_in_a_loop_is_found_live_and_stopped() {
    a_loop(Program::Claude);
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn codex_in_a_loop_is_found_live_and_stopped() {
    a_loop(Program::Codex);
}

/// Both programs have a hook at the end of a turn that can say no.
fn a_refused_finish(program: Program) {
    let Some(mut real) = Real::new(program, "refused") else { return };
    let says = "make the engine faster before you finish";
    let command = format!("grep -q cost=50 engine.sh || {{ echo '{says}' >&2; exit 2; }}");
    let hooks = json!({"hooks": {"Stop": [{"hooks": [{"type": "command", "command": command}]}]}});
    fs::create_dir_all(real.home()).unwrap();
    let file = if program == Program::Claude { "settings.json" } else { "hooks.json" };
    fs::write(real.home().join(file), hooks.to_string()).unwrap();
    if program == Program::Codex {
        // a person says once, on its screen, that they trust a hook
        real.wrap(r#"command=$1; shift; exec "$REAL" "$command" --dangerously-bypass-hook-trust "$@""#);
    }
    let output = real.run(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(ended(&real), ("done".to_owned(), "-".to_owned(), "exited".to_owned()));
    assert!(findings(&real).contains(&"D1 note".to_owned()), "{:?}", findings(&real));
    let finding = real.campaign.facts_of("finding_made").into_iter().find(|fact| fact["finding"]["detector"] == "D1").unwrap();
    assert!(finding["finding"]["says"].as_str().unwrap().contains("was refused"), "{finding:#}");
    assert!(finding.to_string().contains(says), "the hook's own words are its evidence: {finding:#}");
    let run = real.inspected();
    let told: Vec<&Value> = run["steps"].as_array().unwrap().iter().map(|step| &step["harness"]).collect();
    assert!([1, 2].iter().all(|step: &usize| told[*step].to_string().contains(says)), "{run:#}");
    assert!([0, 3, 4].iter().all(|step: &usize| told[*step].as_array().unwrap().is_empty()), "{run:#}");
    assert!(real.asked()[2]["told"].to_string().contains(says), "{:#?}", real.asked());
    real.assert_clean();
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn claude_s_finish_is_refused_by_its_hook() {
    a_refused_finish(Program::Claude);
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn codex_s_finish_is_refused_by_its_hook() {
    a_refused_finish(Program::Codex);
}

/// Our budget of steps, over an agent that never ends.
fn our_step_budget(program: Program) {
    let Some(real) = Real::new(program, "loop") else { return };
    real.config("max_steps = 6\non_stuck = \"mark\"", "");
    let output = real.run(&[]);
    assert_eq!(output.status.code(), Some(0), "its patch is benchmarked: {}", said(&output));
    assert_eq!(ended(&real), ("done".to_owned(), "agent_budget".to_owned(), "stopped".to_owned()), "{:#}", real.campaign.item(1));
    let item = real.campaign.item(1);
    assert!(item["steps"].as_u64().unwrap() >= 6 && item["verdict"]["standing"] == "beats", "{item:#}");
    assert!(real.journal()["isobench_tui"].to_string().contains("step budget: 6 steps (agent.max_steps)"), "{:#}", real.journal());
    real.assert_clean();
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn claude_runs_out_of_our_steps() {
    our_step_budget(Program::Claude);
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn codex_runs_out_of_our_steps() {
    our_step_budget(Program::Codex);
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn claude_runs_out_of_its_own_turns() {
    let Some(mut real) = Real::new(Program::Claude, "loop") else { return };
    real.wrap(r#"exec "$REAL" --max-turns 3 "$@""#);
    let output = real.run(&[]);
    assert_eq!(output.status.code(), Some(0), "its patch is benchmarked: {}", said(&output));
    assert_eq!(ended(&real), ("done".to_owned(), "agent_budget".to_owned(), "exited".to_owned()), "{:#}", real.campaign.item(1));
    let (item, run) = (real.campaign.item(1), real.inspected());
    assert_eq!((item["steps"].as_u64(), run["end"]["state"].as_str()), (Some(3), Some("max_steps")), "{item:#} {:#}", run["end"]);
    real.assert_clean();
}

/// A prompt longer than an argument may be reaches the model to its last word.
fn a_long_prompt(program: Program) {
    let Some(real) = Real::new(program, "tools") else { return };
    fs::write(real.campaign.root.join("long.txt"), format!("{}And that is the end of it.", "Make it faster. ".repeat(9000))).unwrap();
    real.config("", "[prompt]\ntemplate = \"long.txt\"");
    let output = real.run(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let told = real.asked()[0]["told"].to_string();
    assert!(told.contains("Make it faster. And that is the end of it."), "{told}");
    real.assert_clean();
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn claude_is_told_a_long_prompt_whole() {
    a_long_prompt(Program::Claude);
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn codex_is_told_a_long_prompt_whole() {
    a_long_prompt(Program::Codex);
}
