//! How an agent ended is told wherever its item is, though its patch is benchmarked.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::fs;

use isobench_tui::domain::{FailureClass, Stage, StageDetail, StageEnd};
use isobench_tui::ledger::Fact;
use isobench_tui::ledger::fact::{AttemptEnd, Blocked};
use isobench_tui::ui::message::Sight;
use isobench_tui::ui::{Key, Msg};

use crate::campaign::{Campaign, GOOD_ARM, said};
use crate::screen::Bench;
use crate::screen_runs::{self as runs, Story, id};
use crate::support::wait_until;

/// An agent that edits, and is refused by its API until the file `fixed` is there.
const REFUSED: &str =
    "echo cost=50 >engine.sh; [ -e \"$CAMPAIGN/fixed\" ] && exit 0; echo 'Error code: 401 - token has expired' >&2; exit 1";

/// What the API said, as the screens of these tests have it.
const WHY: &str = "exit 1: 401 from the API: invalid x-api-key";

#[test]
fn a_refused_agent_that_left_an_edit_is_told_everywhere() {
    let campaign = Campaign::new(2, REFUSED, GOOD_ARM);
    let output = campaign.run(&["run", "--headless"]);
    assert_eq!(output.status.code(), Some(0), "its patch was benchmarked: {}", said(&output));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    for row in text.lines().filter(|line| line.starts_with("c-000")) {
        assert!(row.contains("agent: api_auth: exit 1: Error code: 401") && row.contains("one sample"), "{text}");
    }
    assert!(text.ends_with("2 items: 2 done (2 with an agent that failed)\n"), "{text}");
    let item = campaign.item(1);
    let end = &item["agent_end"];
    assert_eq!((item["status"].as_str(), end["end"].as_str(), end["class"].as_str()), (Some("done"), Some("failed"), Some("api_auth")));
    assert!(end["why"].as_str().unwrap().contains("401") && end["code"] == 1, "{item:#}");
    let listed = said(&campaign.run(&["ls"]));
    assert!(listed.contains("  2/2   2 with an agent that failed  "), "{listed}");
}

#[test]
fn an_agent_that_ended_well_says_so_and_nothing_else() {
    let campaign = Campaign::new(1, "echo cost=50 >engine.sh", GOOD_ARM);
    let output = campaign.run(&["run", "--headless"]);
    let text = said(&output);
    assert!(text.contains("\n1 item: 1 done\n") && !text.contains("agent:"), "{text}");
    let end = campaign.item(1)["agent_end"].clone();
    assert_eq!((end["end"].as_str(), &end["class"]), (Some("done"), &serde_json::Value::Null), "{end:#}");
    assert!(said(&campaign.run(&["ls"])).contains("  1/1   -  "));
}

#[test]
fn refused_agents_that_leave_edits_open_the_breaker() {
    let campaign = Campaign::new(6, REFUSED, GOOD_ARM);
    campaign.detached();
    campaign.wait_state("waiting");
    assert_eq!(campaign.statuses(), ["done", "done", "done", "queued", "queued", "queued"]);
    let told = "api_auth ended 3 items in a row; `isobench-tui ctl resume` resumes at once";
    wait_until("the line", || fs::read_to_string(campaign.folder().log()).unwrap().contains(told));
    campaign.ctl(&["resume"]);
    campaign.wait_fact("breaker_rearmed", |_| true);
    fs::write(campaign.root.join("fixed"), "").unwrap();
    campaign.ctl(&["resume"]);
    campaign.wait_end();
    assert_eq!(campaign.facts_of("breaker_closed").len(), 1);
    assert_eq!(said(&campaign.run(&["status"])).lines().last(), Some("6 items: 6 done (4 with an agent that failed)"));
}

#[test]
fn lines_of_a_run_without_a_screen_end_with_a_word() {
    // without arms an item that is done has no result
    let campaign = Campaign::good(1);
    let file = campaign.root.join("isobench-tui.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.split("[arms]").next().unwrap()).unwrap();
    let output = campaign.run(&["run", "--headless"]);
    let text = said(&output);
    assert!(text.contains("c-0001: done\n") && !text.lines().any(|line| line.ends_with(' ')), "{text:?}");
}

#[test]
fn the_clock_of_an_agent_through_iso_bench_runs_against_its_own_budget() {
    let campaign = crate::through_harness::campaign(1);
    campaign.headless();
    let begun = campaign.facts_of("stage_starting").into_iter().find(|fact| fact["stage"] == "agent").unwrap();
    assert_eq!(begun["budget_ms"], 180_000, "{begun:#}");
}

/// A run whose only agent failed so and left a patch that was benchmarked.
fn story(class: FailureClass, why: &str) -> Story {
    let mut story = Story::of(2);
    story.done(1, 3.0);
    let agent = |fact: &mut (u64, Fact)| {
        if let Fact::StageFinished { stage: Stage::Agent, outcome, .. } = &mut fact.1 {
            outcome.end = StageEnd::Failed { class, why: why.to_owned() };
        }
    };
    story.facts.iter_mut().for_each(agent);
    story
}

#[test]
fn row_head_and_result_say_how_the_agent_ended() {
    let mut bench = Bench::with(&story(FailureClass::ApiAuth, WHY), Sight::Gone);
    bench.press(Key::Home);
    let text = bench.text(200, 60);
    assert!(text.contains("done !") && text.contains("(1 agent failed)"), "{text}");
    assert!(text.contains("api_auth") && text.contains(&format!("agent: api_auth: {WHY}")), "{text}");
    let row = |text: &str| text.lines().find(|line| line.contains("-0001") && line.contains("done !")).map(str::to_owned);
    let at = text.lines().position(|line| Some(line) == row(&text).as_deref()).unwrap();
    let column = text.lines().nth(at).unwrap().split("done !").next().unwrap().chars().count();
    assert_eq!(bench.roles(200, 60).lines().nth(at).unwrap().chars().nth(column), Some('w'), "a warning");
    assert!(bench.text(80, 24).contains("done !"));
    // the head of an opened item, and its result
    bench.type_in("3");
    let text = bench.text(120, 40);
    assert_eq!(text.matches(&format!("agent: api_auth: {WHY}")).count(), 1, "{text}");
    assert!(text.contains("done in") && text.contains("R runs the item again"), "{text}");
    let mut bench = Bench::with(&story(FailureClass::AgentBudget, "step budget: 6 steps (agent.max_steps)"), Sight::Gone);
    bench.press(Key::Home);
    let text = bench.text(120, 40);
    assert!(text.contains("agent stopped: step budget: 6"), "{text}");
}

#[test]
fn the_cause_is_told_once_where_it_is_the_item_s_own() {
    let mut story = Story::of(1);
    story.failed(1, 1, Stage::Agent, FailureClass::ApiAuth, WHY);
    let text = Bench::with(&story, Sight::Gone).text(200, 60);
    assert_eq!(text.matches(WHY).count(), 1, "{text}");
}

/// A run without arms, as `stages` may say.
fn without_arms(items: usize) -> Story {
    let mut story = Story::of(items);
    if let Fact::RunCreated(plan) = &mut story.facts[0].1 {
        plan.stages = vec![Stage::Worktree, Stage::Agent, Stage::Check, Stage::Clean];
    }
    story
}

#[test]
fn without_arms_no_heading_of_the_list_is_cut() {
    for (cols, rows) in [(80, 24), (100, 30), (120, 40), (200, 60)] {
        let text = Bench::on(&without_arms(2)).text(cols, rows);
        assert!(!text.contains("vs human") && !text.contains("sta…") && !text.contains("stag…"), "{text}");
    }
}

#[test]
fn a_blocked_item_tells_all_of_its_reason_where_there_is_room() {
    let words: Vec<String> = (1..=80).map(|n| format!("reason{n}")).collect();
    let mut story = Story::of(1);
    if let Fact::RunCreated(plan) = &mut story.facts[0].1 {
        plan.items[0].blocked = Some(Blocked { class: FailureClass::BadSha, why: words.join(" ") });
    }
    for (cols, rows, keys) in [(120, 40, None), (120, 40, Some(Key::Enter)), (80, 40, None)] {
        let mut bench = Bench::on(&story);
        keys.map(|key| bench.press(key));
        let text = bench.text(cols, rows);
        assert!(words.iter().all(|word| text.contains(word.as_str())), "{text}");
    }
}

#[test]
fn the_answer_of_a_tool_says_how_much_of_it_is_not_seen() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.trail(7, 2, "running.json", 41);
    bench.frame(120, 40);
    bench.press(Key::Enter);
    let text = bench.text(120, 40);
    // an editor's own words say nothing: what stands below them is counted
    let view = text.lines().find(|line| line.contains("✓ view  /tmp/w/engine")).unwrap();
    assert!(view.trim_end().ends_with(" 2 lines") && !text.contains("Here's the files"), "{text}");
}

#[test]
fn the_question_before_leaving_follows_the_run() {
    let mut story = runs::paused();
    let mut bench = Bench::on(&story);
    bench.type_in("q");
    assert!(bench.text(80, 24).contains("baseline is running"));
    story.end(2, 1, Stage::Baseline, StageEnd::Done, StageDetail::Nothing);
    story.push(Fact::AttemptFinished { item: id(2), n: 1, end: AttemptEnd::Done });
    bench.state.run = story.run();
    bench.tell(Msg::Facts);
    let text = bench.text(80, 24);
    assert!(text.contains("Nothing runs at this moment") && !text.contains("is running. The"), "{text}");
    story.push(Fact::RunFinished {});
    bench.state.run = story.run();
    bench.tell(Msg::Facts);
    let text = bench.text(80, 24);
    assert!(text.contains("The run is finished") && !text.contains("stop the run"), "{text}");
    assert!(
        bench.type_in("x").iter().all(|effect| matches!(effect, isobench_tui::ui::Effect::Leave(_))),
        "nothing is asked of a run that is over"
    );
}

#[test]
fn a_patch_with_a_token_in_it_stays_as_it_is_and_is_told() {
    let token = "hf_0123456789abcdef";
    let mut campaign = Campaign::new(1, "printf 'cost=50\\n# %s\\n' \"$HF_TOKEN\" >engine.sh", GOOD_ARM);
    campaign.env.push(("HF_TOKEN".to_owned(), token.to_owned()));
    let output = campaign.run(&["run", "--headless"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let says = "the patch contains the value of HF_TOKEN, line 2 of engine.sh: do not publish it";
    assert!(campaign.patch(1).contains(token), "raw data is altered");
    assert!(said(&output).contains(says) && !said(&output).contains(token), "{}", said(&output));
    let item = campaign.item(1);
    assert_eq!(item["patch"]["secrets"], serde_json::json!([{"name": "HF_TOKEN", "file": "engine.sh", "line": 2}]), "{item:#}");
    assert!(item["flags"].as_array().unwrap().contains(&"secret_in_patch".into()), "{item:#}");
    let report = campaign.run(&["report", &campaign.folder().path().display().to_string()]);
    assert!(said(&report).contains("secret_in_patch") && !said(&report).contains(token), "{}", said(&report));
}
