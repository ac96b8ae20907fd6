//! A real agent that is watched, stopped, frozen and thawed while it works.

use std::fs;

use super::ended;
use super::real::{Program, Real, code_of};
use crate::support::{lives, pid_in, state_of, wait_until};

/// The agent's screen while the agent waits for its model, and on to its end.
fn watched(program: Program) {
    let Some(real) = Real::new(program, "look") else { return };
    let runner = real.start();
    real.at_gate("look");
    let mut screen = real.screen(120, 40);
    screen.press("2");
    // its words, its calls, and the results of both
    for text in ["I look at what is there.", "A test first.", "I make it faster.", "cat engine.sh", "steps 3 "] {
        screen.wait_for(text);
    }
    assert!(!screen.text().contains("It is twice as fast now."), "{}", screen.text());
    real.open("look");
    screen.wait_for("It is twice as fast now.");
    screen.wait_for("finished");
    screen.press("q");
    assert_eq!(screen.wait_code(), 0);
    assert_eq!(code_of(runner), Some(0));
    real.assert_clean();
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn claude_is_watched_while_it_works() {
    watched(Program::Claude);
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn codex_is_watched_while_it_works() {
    watched(Program::Codex);
}

/// A stop in the middle of a command of the agent's.
fn stopped(program: Program) {
    let Some(real) = Real::new(program, "waits") else { return };
    let runner = real.start();
    let command = pid_in(&real.campaign.root.join("pid"));
    real.wait_steps(1);
    assert!(real.processes().contains(&command), "the command is one of the stage's");
    real.campaign.ctl(&["stop"]);
    assert_eq!(code_of(runner), Some(1));
    assert!(!lives(command), "what its tool started is gone as well");
    let item = real.campaign.item(1);
    assert_eq!(ended(&real), ("stopped".to_owned(), "-".to_owned(), "stopped".to_owned()), "{item:#}");
    assert!(item["why"].as_str().unwrap().contains("asked for by ann@"), "{item:#}");
    let run = real.inspected();
    let steps = run["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 2, "{run:#}");
    assert!(steps[1]["calls"][0]["args"].to_string().contains("until"), "{run:#}");
    let kept = fs::read_to_string(real.campaign.stage_dir(1, 1, "check").join("model_patch.diff")).unwrap();
    assert!(kept.contains("+cost=50"), "{kept}");
    real.assert_clean();
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn claude_is_stopped_with_all_that_it_started() {
    stopped(Program::Claude);
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn codex_is_stopped_with_all_that_it_started() {
    stopped(Program::Codex);
}

/// Frozen in the middle of a command: nothing of it moves, and it goes on as if nothing had been.
fn frozen(program: Program) {
    let Some(real) = Real::new(program, "waits") else { return };
    let runner = real.start();
    let command = pid_in(&real.campaign.root.join("pid"));
    real.wait_steps(1);
    real.campaign.ctl(&["freeze"]);
    let stand = || real.processes().iter().all(|pid| matches!(state_of(*pid), Some('T') | None));
    wait_until("the freeze of all that the agent is", stand);
    assert_eq!(state_of(command), Some('T'));
    assert!(real.processes().len() >= 2, "the agent and its command: {:?}", real.processes());
    let item = real.campaign.item(1);
    assert!(item["live"].to_string().contains("frozen") || real.campaign.status().to_string().contains("frozen"), "{item:#}");
    let asked = real.asked().len();
    // what the command waits for is there now, and the command does not see it
    fs::write(real.campaign.root.join("built"), "").unwrap();
    let mut screen = real.screen(120, 40);
    screen.wait_for("frozen");
    assert!(stand(), "still");
    assert_eq!(real.asked().len(), asked);
    real.campaign.ctl(&["thaw"]);
    screen.wait_for("1 done");
    assert_eq!(code_of(runner), Some(0));
    let item = real.campaign.item(1);
    assert_eq!(ended(&real), ("done".to_owned(), "-".to_owned(), "exited".to_owned()), "{item:#}");
    assert!(item["agent_end"]["frozen_ms"].as_u64().unwrap() > 0, "{item:#}");
    assert_eq!((item["steps"].as_u64(), item["verdict"]["standing"].as_str()), (Some(3), Some("beats")), "{item:#}");
    assert!(real.inspected()["steps"][1]["calls"][0]["result"]["text"].as_str().unwrap().contains("built"));
    real.assert_clean();
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn claude_is_frozen_and_goes_on() {
    frozen(Program::Claude);
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn codex_is_frozen_and_goes_on() {
    frozen(Program::Codex);
}

/// A runner that is killed leaves the agent at work, and the next one takes it over.
fn taken_over(program: Program) {
    let Some(real) = Real::new(program, "look") else { return };
    let first = real.start();
    real.at_gate("look");
    real.wait_steps(3);
    let agent = real.processes();
    real.campaign.kill(real.campaign.runner().unwrap());
    let next = real.campaign.spawn(&["run", "--resume", "--headless"]);
    real.campaign.wait_fact("stage_adopted", |_| true);
    assert_eq!(real.processes(), agent, "the same processes");
    real.open("look");
    assert_eq!((code_of(next), ended(&real)), (Some(0), ("done".to_owned(), "-".to_owned(), "exited".to_owned())));
    drop(first);
    let item = real.campaign.item(1);
    assert_eq!((item["steps"].as_u64(), item["attempts"].as_u64()), (Some(4), Some(1)), "{item:#}");
    assert_eq!(real.asked().len(), 4);
    real.assert_clean();
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn claude_is_taken_over_by_the_next_runner() {
    taken_over(Program::Claude);
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn codex_is_taken_over_by_the_next_runner() {
    taken_over(Program::Codex);
}
