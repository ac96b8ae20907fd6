//! Honest after a kill: whatever dies, and whenever, a resumed run comes to the end that it would have come to.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::campaign::{Campaign, GOOD_ARM, said};
use crate::support::{lives, pid_in, wait_until};

/// What an agent does with an item: it is won, the agent fails and its patch crashes the benchmark, the patch is empty. And how a run of
/// such an item ends.
const AGENTS: [(&str, i32); 3] =
    [("echo cost=50 >engine.sh", 0), (r"printf 'cost=1\necho broken >&2\nexit 9\n' >engine.sh; echo 'gave up' >&2; exit 3", 1), (":", 1)];

/// An item of each of them.
fn three() -> Campaign {
    let [(first, _), (second, _), (third, _)] = AGENTS;
    Campaign::new(3, &format!("case $item in\nc-0001) {first};;\nc-0002) {second};;\nc-0003) {third};;\nesac"), GOOD_ARM)
}

/// Runs with these switches until the kill or the end; returns whether it was killed.
fn killed(campaign: &Campaign, arguments: &[&str], at: u64, code: i32) -> bool {
    let output = campaign.command(arguments).env("ISOBENCH_DIE_AFTER", at.to_string()).output().unwrap();
    match output.status.signal() {
        Some(9) => true,
        other => {
            assert_eq!((other, output.status.code()), (None, Some(code)), "{}", said(&output));
            false
        }
    }
}

/// What a run that nobody kills comes to.
fn expected(campaign: &Campaign, code: i32) -> Value {
    assert_eq!(campaign.headless(), Some(code));
    campaign.assert_nothing_left();
    campaign.outcome()
}

fn assert_same_end(campaign: &Campaign, (expected, code): (&Value, i32), how: &str) {
    let output = campaign.run(&["run", "--resume", "--headless"]);
    assert_eq!(output.status.code(), Some(code), "{how}: {}", said(&output));
    assert_eq!(&campaign.outcome(), expected, "{how}");
    campaign.assert_nothing_left();
}

/// Kills runs of one item after their first fact, their second, and so on; returns how many there are.
fn killed_at_any_fact(agent: &str, code: i32) -> u64 {
    let campaign = || Campaign::new(1, agent, GOOD_ARM);
    let expected = expected(&campaign(), code);
    for at in 1.. {
        let campaign = campaign();
        if !killed(&campaign, &["run", "--headless"], at, code) {
            assert_eq!(campaign.outcome(), expected);
            return at;
        }
        let facts = campaign.facts();
        assert_eq!(facts.len() as u64, at, "killed right after that append: {:?}", facts.last());
        assert_same_end(&campaign, (&expected, code), &format!("killed after fact {at}, {}", facts.last().unwrap()));
    }
    unreachable!("a run without an end")
}

#[test]
fn a_run_killed_at_any_fact_resumes_to_the_same_end() {
    let all: u64 = std::thread::scope(|scope| {
        AGENTS
            .map(|(agent, code)| scope.spawn(move || killed_at_any_fact(agent, code)))
            .into_iter()
            .map(|kills| kills.join().unwrap())
            .sum()
    });
    assert!(all > 60, "the runs have fewer facts than they had when this was written: {all}");
}

#[test]
fn a_run_killed_again_while_it_resumes_comes_to_the_same_end() {
    let expected = expected(&three(), 1);
    let pairs: Vec<(u64, u64)> = vec![(1, 1), (4, 1), (5, 2), (5, 3), (8, 1), (8, 2), (11, 3), (14, 4), (20, 2), (26, 5), (33, 1), (45, 2)];
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some((first, more)) = pairs.get(usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap()) {
                    let campaign = three();
                    assert!(killed(&campaign, &["run", "--headless"], *first, 1));
                    assert!(killed(&campaign, &["run", "--resume", "--headless"], first + more, 1));
                    assert!(killed(&campaign, &["run", "--resume", "--headless"], first + 2 * more + 1, 1));
                    assert_same_end(&campaign, (&expected, 1), &format!("killed after {first}, and twice {more} later"));
                }
            });
        }
    });
}

#[test]
fn an_agent_that_ends_while_no_runner_lives_is_reported_as_it_ended() {
    let campaign = Campaign::new(1, "gate agent; exit 7", GOOD_ARM);
    campaign.detached();
    campaign.at_gate(1, "agent");
    let keeper = campaign.keeper();
    campaign.kill(campaign.runner().unwrap());
    assert_eq!(campaign.status()["state"], "interrupted");
    assert!(lives(keeper), "the keeper outlives its runner");
    assert_eq!(campaign.item(1)["status"], "running");
    campaign.open(1, "agent");
    wait_until("the keeper's end", || !lives(keeper));
    let status = campaign.status();
    assert_eq!(
        (&status["items"][0]["status"], &status["counts"]["items"]["interrupted"]),
        (&"interrupted".into(), &1.into()),
        "{status:#}"
    );
    assert!(said(&campaign.run(&["status"])).contains("1 item: 1 interrupted"), "{}", said(&campaign.run(&["status"])));
    assert_eq!(campaign.resume(), Some(1));
    let item = campaign.item(1);
    assert_eq!((item["agent_end"]["cause"].as_str(), item["agent_end"]["code"].as_i64()), (Some("exited"), Some(7)), "{item:#}");
    assert_eq!((item["attempts"].as_i64(), item["class"].as_str()), (Some(1), Some("agent_crashed")), "{item:#}");
    campaign.assert_nothing_left();
}

#[test]
fn an_agent_that_lives_on_without_a_runner_is_adopted_by_the_next() {
    let campaign = Campaign::new(1, "gate agent; echo cost=50 >engine.sh", GOOD_ARM);
    campaign.detached();
    let agent = campaign.at_gate(1, "agent");
    campaign.kill(campaign.runner().unwrap());
    let runner = campaign.spawn(&["run", "--resume", "--headless"]);
    campaign.wait_fact("stage_adopted", |fact| fact["stage"] == "agent");
    assert!(lives(agent));
    campaign.open(1, "agent");
    assert_eq!(runner.wait_with_output().unwrap().status.code(), Some(0));
    let item = campaign.item(1);
    assert_eq!((item["attempts"].as_i64(), item["status"].as_str()), (Some(1), Some("done")), "{item:#}");
    assert_eq!(item["verdict"]["standing"], "beats");
    campaign.assert_nothing_left();
}

#[test]
fn a_grandchild_in_a_session_of_its_own_dies_with_its_stage() {
    let agent = "setsid sh -c 'echo $$ >\"$CAMPAIGN/far\"; exec sleep 1000' & until [ -s \"$CAMPAIGN/far\" ]; do sleep 0.02; done; echo cost=50 >engine.sh";
    let campaign = Campaign::new(1, agent, GOOD_ARM);
    assert_eq!(campaign.headless(), Some(0));
    assert!(!lives(pid_in(&campaign.root.join("far"))));
    assert_eq!(campaign.item(1)["agent_end"]["swept"], 1);
    campaign.assert_nothing_left();
}

#[test]
fn when_runner_and_keeper_are_killed_the_item_is_interrupted_and_run_again() {
    let agent = "[ -e \"$CAMPAIGN/again\" ] || { touch \"$CAMPAIGN/again\"; echo half >other.py; gate agent; }; echo cost=50 >engine.sh";
    let campaign = Campaign::new(1, agent, GOOD_ARM);
    campaign.detached();
    let agent = campaign.at_gate(1, "agent");
    let keeper = campaign.keeper();
    campaign.kill(campaign.runner().unwrap());
    campaign.kill(keeper);
    assert_eq!(campaign.resume(), Some(0));
    assert!(!lives(agent), "what the dead keeper left was swept");
    let interrupted = campaign.facts_of("attempt_finished").into_iter().find(|fact| fact["status"] == "interrupted");
    assert!(interrupted.is_some(), "{:#?}", campaign.facts_of("attempt_finished"));
    let item = campaign.item(1);
    assert_eq!((item["attempts"].as_i64(), item["status"].as_str()), (Some(2), Some("done")), "{item:#}");
    assert!(!campaign.patch(1).contains("half"), "the second try began with the first one's edits");
    campaign.assert_nothing_left();
}

#[test]
fn a_keeper_killed_under_a_living_runner_is_a_failure_that_is_tried_again() {
    let agent = "[ -e \"$CAMPAIGN/again\" ] || { touch \"$CAMPAIGN/again\"; gate agent; }; echo cost=50 >engine.sh";
    let campaign = Campaign::new(1, agent, GOOD_ARM);
    campaign.config("", "", "[retry]\nbackoff_s = 0.1");
    campaign.detached();
    campaign.at_gate(1, "agent");
    campaign.kill(campaign.keeper());
    campaign.wait_end();
    assert_eq!(campaign.item(1)["status"], "done");
    let failed = campaign.wait_fact("stage_finished", |fact| fact["stage"] == "agent" && fact["n"] == 1);
    assert_eq!(failed["outcome"]["class"], "killed", "{failed:#}");
    campaign.assert_nothing_left();
}

#[test]
fn a_hang_up_does_not_touch_the_runner() {
    let campaign = Campaign::new(1, "gate agent; echo cost=50 >engine.sh", GOOD_ARM);
    let runner = campaign.spawn(&["run", "--headless"]);
    campaign.at_gate(1, "agent");
    let pid = Pid::from_raw(i32::try_from(runner.id()).unwrap()).unwrap();
    kill_process(pid, Signal::HUP).unwrap();
    // answered after the signal was taken: the runner is still at work
    campaign.ctl(&["hold"]);
    campaign.open(1, "agent");
    assert_eq!(runner.wait_with_output().unwrap().status.code(), Some(0));
}

#[test]
fn a_closed_terminal_does_not_touch_the_runner() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let campaign = Campaign::new(1, "gate agent; echo cost=50 >engine.sh", GOOD_ARM);
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let side = || fs::File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let program = campaign.command(&["run", "--headless"]);
    let mut command = std::process::Command::new("setsid");
    command.arg("--ctty").arg(program.get_program()).args(program.get_args()).stdin(side()).stdout(side()).stderr(side());
    campaign.dress(&mut command);
    let mut runner = command.spawn().unwrap();
    drop(command);
    campaign.at_gate(1, "agent");
    drop(terminal);
    campaign.ctl(&["hold"]);
    campaign.open(1, "agent");
    assert_eq!(runner.wait().unwrap().code(), Some(0));
    assert_eq!(campaign.item(1)["status"], "done");
}

#[test]
fn whoever_closes_the_runners_output_does_not_end_it() {
    let campaign = Campaign::good(1);
    // a plan item that is blocked makes it talk before it starts
    campaign.plan(&[(campaign.id(1), campaign.commits.get(1).unwrap().clone()), ("bad".to_owned(), "deadbeefdeadbeef".to_owned())]);
    let mut command = campaign.command(&["run", "--headless"]);
    let mut runner = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((runner.stdout.take(), runner.stderr.take()));
    assert_eq!(runner.wait().unwrap().code(), Some(1));
    assert_eq!(campaign.statuses(), ["done", "blocked"]);
}

#[test]
fn an_interrupt_ends_the_runner_after_the_stage_and_a_second_one_at_once() {
    let campaign = Campaign::new(2, "gate agent; echo cost=50 >engine.sh", GOOD_ARM);
    let runner = campaign.spawn(&["run", "--headless"]);
    let pid = Pid::from_raw(i32::try_from(runner.id()).unwrap()).unwrap();
    campaign.at_gate(1, "agent");
    kill_process(pid, Signal::INT).unwrap();
    campaign.open(1, "agent");
    assert_eq!(runner.wait_with_output().unwrap().status.code(), Some(0));
    let ended = campaign.facts_of("stage_finished");
    assert_eq!(ended.last().unwrap().get("stage").unwrap(), "agent", "no stage began after it");
    let runner = campaign.spawn(&["run", "--resume", "--headless"]);
    let pid = Pid::from_raw(i32::try_from(runner.id()).unwrap()).unwrap();
    let agent = campaign.at_gate(2, "agent");
    kill_process(pid, Signal::INT).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    // two of a kind may arrive as one
    wait_until("the runner's end", || {
        let _ = kill_process(pid, Signal::INT);
        !lives(pid.as_raw_nonzero().get())
    });
    runner.wait_with_output().unwrap();
    wait_until("the agent's end", || !lives(agent));
    assert_eq!(campaign.statuses(), ["done", "interrupted"]);
    campaign.open(2, "agent");
    assert_eq!(campaign.resume(), Some(0));
    campaign.assert_nothing_left();
}
