//! Budgets, limits, automatic retries and the breaker.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::fs;

use serde_json::Value;

use crate::campaign::{Campaign, GOOD_ARM};
use crate::support::lives;

/// An agent that writes a TRAE trajectory of `$1` steps of 100 tokens read and 10 written each, one every 50 ms, and
/// then waits to be stopped, with its edit made before.
const TRAE: &str = r#"echo cost=50 >engine.sh; echo $$ >"$CAMPAIGN/$item.pid"
interaction='{"timestamp":"2026-01-01T00:00:00","provider":"p","model":"m","input_messages":[],"response":{"content":"hm","model":"m","finish_reason":"stop","usage":{"input_tokens":100,"output_tokens":10},"tool_calls":null},"tools_available":[]}'
steps= interactions= n=0
while [ $n -lt STEPS ]; do
  n=$((n+1)); [ -n "$steps" ] && steps="$steps," interactions="$interactions,"
  interactions="$interactions$interaction"
  steps="$steps{\"step_number\":$n,\"timestamp\":\"2026-01-01T00:00:00\",\"state\":\"completed\",\"llm_messages\":null,\"llm_response\":{\"content\":\"hm\",\"model\":\"m\",\"finish_reason\":\"stop\",\"usage\":{\"input_tokens\":100,\"output_tokens\":10}},\"tool_calls\":null,\"tool_results\":null,\"reflection\":null,\"error\":null}"
  printf '{"task":"t","start_time":"2026-01-01T00:00:00","end_time":"","provider":"p","model":"m","max_steps":200,"llm_interactions":[%s],"agent_steps":[%s],"success":false,"final_result":null,"execution_time":0.0}' "$interactions" "$steps" >"$dir/trajectory.json"
  sleep 0.05
done
[ -e "$CAMPAIGN/ends" ] || sleep 1000
"#;

fn trae(items: usize, steps: usize) -> Campaign {
    Campaign::new(items, &TRAE.replace("STEPS", &steps.to_string()), GOOD_ARM)
}

fn agents_end(campaign: &Campaign, nth: usize) -> Value {
    let id = campaign.id(nth);
    campaign.facts_of("stage_finished").into_iter().find(|fact| fact["stage"] == "agent" && fact["item"] == *id).unwrap()["outcome"].clone()
}

#[test]
fn an_agent_out_of_time_is_killed_with_its_tree_and_its_patch_is_benchmarked() {
    let agent =
        "echo cost=50 >engine.sh; setsid sh -c 'echo $$ >\"$CAMPAIGN/far\"; exec sleep 1000' & trap '' TERM; while :; do sleep 1; done";
    let campaign = Campaign::new(1, agent, GOOD_ARM);
    campaign.config("", "", "[budget]\nagent = 0.01");
    assert_eq!(campaign.headless(), Some(0));
    assert!(!lives(crate::support::pid_in(&campaign.root.join("far"))));
    let end = agents_end(&campaign, 1);
    assert_eq!((end["class"].as_str(), end["child"]["cause"].as_str()), (Some("agent_budget"), Some("deadline")), "{end:#}");
    assert!(end["why"].as_str().unwrap().contains("budget.agent"), "{end:#}");
    let item = campaign.item(1);
    assert_eq!((item["status"].as_str(), item["verdict"]["standing"].as_str()), (Some("done"), Some("beats")), "{item:#}");
    let journal = crate::campaign::json_of(&campaign.item_dir(1).join("journal.json"));
    assert_eq!(
        (journal["status"].as_str(), journal["script"]["returncode"].as_i64()),
        (Some("error"), Some(-15)),
        "as the harness says it"
    );
    campaign.assert_nothing_left();
}

#[test]
fn an_arm_out_of_time_is_a_timeout_and_the_others_still_run() {
    let campaign = Campaign::new(1, "echo cost=50 >engine.sh", ". ./engine.sh; [ $cost = 50 ] && sleep 1000; echo \"latency: $cost ms\"");
    campaign.config("", "", "[budget]\narm = 0.01");
    assert_eq!(campaign.headless(), Some(1));
    let item = campaign.item(1);
    assert_eq!((item["class"].as_str(), item["rung"].as_str()), (Some("timeout_benchmark"), Some("no_template")), "{item:#}");
    campaign.assert_nothing_left();
}

#[test]
fn the_step_budget_stops_the_agent_and_its_patch_is_benchmarked() {
    let campaign = trae(1, 6);
    campaign.config("", "trajectory = \"{trajectory}\"\nmax_steps = 4", "");
    assert_eq!(campaign.headless(), Some(0));
    let end = agents_end(&campaign, 1);
    assert_eq!(end["class"], "agent_budget", "{end:#}");
    assert!(end["why"].as_str().unwrap().contains("4 steps (agent.max_steps)"), "{end:#}");
    let item = campaign.item(1);
    assert!(item["steps"].as_u64().unwrap() >= 5, "{item:#}");
    assert_eq!((item["status"].as_str(), item["agent_end"]["cause"].as_str()), (Some("done"), Some("stopped")), "{item:#}");
    assert!(!lives(crate::support::pid_in(&campaign.root.join("c-0001.pid"))));
    campaign.assert_nothing_left();
}

#[test]
fn the_token_budget_of_an_item_stops_its_agent() {
    let campaign = trae(1, 5);
    campaign.config("", "trajectory = \"{trajectory}\"", "[limits]\nitem_tokens = 400");
    assert_eq!(campaign.headless(), Some(0));
    let end = agents_end(&campaign, 1);
    assert_eq!(end["class"], "agent_budget", "{end:#}");
    assert!(end["why"].as_str().unwrap().contains("of 400 tokens (limits.item_tokens)"), "{end:#}");
    let tokens = &campaign.item(1)["tokens"];
    assert!(tokens["input"].as_u64().unwrap() >= 400 && tokens["output"].as_u64().unwrap() >= 40, "{tokens:#}");
    campaign.assert_nothing_left();
}

#[test]
fn tokens_of_the_run_pause_it_and_whoever_resumes_lifts_the_limit() {
    let campaign = trae(2, 3);
    fs::write(campaign.root.join("ends"), "").unwrap();
    campaign.config("", "trajectory = \"{trajectory}\"", "[limits]\nrun_tokens = 300");
    campaign.detached();
    campaign.wait_state("paused");
    let status = campaign.status();
    assert!(status["why"].as_str().unwrap().contains("limits.run_tokens: 330 of 300"), "{status:#}");
    assert_eq!(campaign.statuses(), ["done", "queued"]);
    campaign.ctl(&["resume"]);
    campaign.wait_end();
    assert_eq!(campaign.statuses(), ["done", "done"]);
    assert_eq!(campaign.status()["tokens"]["input"], 600);
}

#[test]
fn dollars_of_the_run_pause_it_too() {
    let campaign = trae(2, 3);
    fs::write(campaign.root.join("ends"), "").unwrap();
    campaign.config(
        "",
        "trajectory = \"{trajectory}\"",
        "[limits]\nrun_usd = 0.5\nusd_per_mtok_input = 1000.0\nusd_per_mtok_output = 10000.0",
    );
    campaign.detached();
    campaign.wait_state("paused");
    assert!(campaign.status()["why"].as_str().unwrap().contains("$0.60 of $0.50"), "{:#}", campaign.status());
}

#[test]
fn a_stage_that_could_not_end_by_the_hour_is_not_started() {
    let campaign = Campaign::good(1);
    // no budget fits into less than a day but one of none; the next full hour is less than a day away
    campaign.config("", "", "[limits]\nuntil = \"00:00\"\n[budget]\nworktree = 1500");
    campaign.detached();
    campaign.wait_state("paused");
    assert!(campaign.status()["why"].as_str().unwrap().contains("limits.until"), "{:#}", campaign.status());
    assert_eq!(campaign.facts_of("stage_starting").len(), 0);
}

#[test]
fn a_transient_failure_is_tried_twice_more_and_waits_longer_each_time() {
    let campaign = Campaign::new(1, "echo 'Error code: 503 - overloaded' >&2; exit 1", GOOD_ARM);
    campaign.config("", "", "[retry]\nbackoff_s = 0.2");
    assert_eq!(campaign.headless(), Some(1));
    let item = campaign.item(1);
    assert_eq!((item["attempts"].as_i64(), item["class"].as_str()), (Some(3), Some("api_down")), "{item:#}");
    let requeued = campaign.facts_of("item_requeued");
    assert!(requeued.iter().all(|fact| fact["automatic"] == true && fact["by"]["rule"] == "retry"), "{requeued:#?}");
    assert!(requeued[1]["why"].as_str().unwrap().contains("retry 2 of 2 after api_down"), "{requeued:#?}");
    let facts = campaign.facts();
    let up = |kind: &str| facts.iter().filter(|fact| fact["kind"] == kind).map(|fact| fact["up_ms"].as_u64().unwrap()).collect::<Vec<_>>();
    let (started, ended) = (up("attempt_started"), up("attempt_finished"));
    assert!(started[1] - ended[0] >= 199 && started[2] - ended[1] >= 399, "{started:?} {ended:?}");
    campaign.assert_nothing_left();
}

#[test]
fn the_agents_own_faults_are_not_tried_again() {
    for (words, class) in [
        ("Error code: 400 - no tool output found for function call x", "api_protocol"),
        ("Traceback", "agent_crashed"),
        ("context_length_exceeded", "context_overflow"),
    ] {
        let campaign = Campaign::new(1, &format!("echo '{words}' >&2; exit 1"), GOOD_ARM);
        campaign.config("", "", "[retry]\nbackoff_s = 0.1");
        assert_eq!(campaign.headless(), Some(1));
        let item = campaign.item(1);
        assert_eq!((item["attempts"].as_i64(), item["class"].as_str()), (Some(1), Some(class)), "{item:#}");
    }
}

/// An agent whose credentials are refused until the file `fixed` is there.
const EXPIRED: &str =
    "[ -e \"$CAMPAIGN/fixed\" ] && { echo cost=50 >engine.sh; exit 0; }; echo 'Error code: 401 - token has expired' >&2; exit 1";

#[test]
fn three_items_with_the_same_systemic_end_pause_the_queue_and_a_resume_probes_at_once() {
    let campaign = Campaign::new(6, EXPIRED, GOOD_ARM);
    campaign.detached();
    campaign.wait_state("waiting");
    assert_eq!(campaign.statuses(), ["failed", "failed", "failed", "queued", "queued", "queued"]);
    let opened = campaign.wait_fact("breaker_opened", |_| true);
    assert_eq!((opened["class"].as_str(), opened["items"].as_array().unwrap().len()), (Some("api_auth"), 3), "{opened:#}");
    // the first probe fails as well
    campaign.ctl(&["resume"]);
    campaign.wait_fact("breaker_rearmed", |_| true);
    campaign.wait_state("waiting");
    assert_eq!(campaign.statuses(), ["failed", "failed", "failed", "failed", "queued", "queued"]);
    fs::write(campaign.root.join("fixed"), "").unwrap();
    campaign.ctl(&["resume"]);
    campaign.wait_end();
    assert_eq!(campaign.statuses(), ["failed", "failed", "failed", "failed", "done", "done"]);
    assert_eq!(campaign.facts_of("breaker_closed").len(), 1);
    campaign.assert_nothing_left();
}

#[test]
fn the_breaker_heals_itself_with_a_probe() {
    let campaign = Campaign::new(5, EXPIRED, GOOD_ARM);
    campaign.config("", "", "[breaker]\nprobe_minutes = 0.01");
    campaign.detached();
    campaign.wait_fact("breaker_rearmed", |_| true);
    fs::write(campaign.root.join("fixed"), "").unwrap();
    campaign.wait_end();
    assert_eq!(campaign.statuses()[..4], ["failed"; 4]);
    assert_eq!(campaign.statuses()[4], "done");
}

#[test]
fn other_ends_in_between_keep_the_breaker_closed() {
    let agent = "[ $item = c-0003 ] && exit 0; echo 'Error code: 401' >&2; exit 1";
    let campaign = Campaign::new(5, agent, GOOD_ARM);
    assert_eq!(campaign.headless(), Some(1));
    assert_eq!(campaign.facts_of("breaker_opened").len(), 0);
    assert_eq!(campaign.item(3)["class"], "empty_patch");
}
