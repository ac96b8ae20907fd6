//! Agents without a step limit of their own, stopped by ours; each goes on for ever if nobody stops it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::campaign::{Campaign, GOOD_ARM, json_of};
use crate::support::lives;

/// Writes messages of 100 tokens read and 10 written as Claude Code streams them.
const CLAUDE: &str = r#"echo cost=50 >engine.sh; echo $$ >"$CAMPAIGN/$item.pid"
out="$dir/claude_code_stream.jsonl" n=0
echo '{"type":"system","subtype":"init","model":"m"}' >>"$out"
while :; do
  n=$((n+1))
  echo '{"type":"assistant","message":{"id":"m'$n'","model":"m","content":[{"type":"tool_use","id":"t'$n'","name":"Bash","input":{"command":"ls"}}],"usage":{"input_tokens":100,"output_tokens":10}}}' >>"$out"
  echo '{"type":"user","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"t'$n'","content":"a"}]}}' >>"$out"
  sleep 0.05
done"#;

/// Writes turns as Codex's rollout has them, below its own home.
const CODEX: &str = r#"#!/bin/sh
echo cost=50 >engine.sh; echo $$ >"$CAMPAIGN/c-0001.pid"
day="$CODEX_HOME/sessions/$(date -u +%Y/%m/%d)" n=0
mkdir -p "$day"; out="$day/rollout-2026-01-01T00-00-00-x.jsonl"
echo '{"timestamp":"2026-01-01T00:00:00Z","type":"session_meta","payload":{"cwd":"'"$PWD"'","source":"exec"}}' >>"$out"
while :; do
  n=$((n+1))
  echo '{"type":"turn_context","payload":{"model":"m"}}' >>"$out"
  echo '{"type":"response_item","payload":{"type":"function_call","name":"shell","arguments":"{}","call_id":"c'$n'"}}' >>"$out"
  echo '{"type":"response_item","payload":{"type":"function_call_output","call_id":"c'$n'","output":"a"}}' >>"$out"
  echo '{"type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":'$((n*100))',"cached_input_tokens":0,"output_tokens":'$((n*10))'}}}}' >>"$out"
  sleep 0.05
done
"#;

/// Writes events as OpenHands stores them.
const OPENHANDS: &str = r#"#!/bin/sh
echo $$ >"$CAMPAIGN/c-0001.pid"
tree=${SANDBOX_VOLUMES%%:*}; echo cost=50 >"$tree/engine.sh"
events="$FILE_STORE_PATH/sessions/s1/events" n=0
mkdir -p "$events"
while :; do
  n=$((n+2))
  echo '{"id":'$n',"source":"agent","action":"run","args":{"command":"ls","thought":""},"llm_metrics":{"accumulated_token_usage":{"prompt_tokens":'$((n*100))',"completion_tokens":'$n'}}}' >"$events/$n.json"
  echo '{"id":'$((n+1))',"source":"agent","observation":"run","content":"a","cause":'$n',"extras":{},"success":true}' >"$events/$((n+1)).json"
  sleep 0.05
done
"#;

/// A campaign of one item whose agent is this stand-in of a kind.
fn stand_in(kind: &str, script: &str, agent: &str) -> Campaign {
    let campaign = Campaign::new(1, "exit 1", GOOD_ARM);
    let cli = campaign.root.join(kind);
    fs::write(&cli, script).unwrap();
    fs::set_permissions(&cli, fs::Permissions::from_mode(0o755)).unwrap();
    campaign.config("", &format!("kind = \"{kind}\"\ncli = \"{}\"\n{agent}", cli.display()), "[budget]\nagent = 1");
    campaign
}

/// The agent was stopped for this reason, its work counted, and its patch went on.
fn stopped(campaign: &Campaign, why: &str) -> Value {
    assert_eq!(campaign.headless(), Some(0), "{:#?}", campaign.facts_of("stage_finished"));
    let stopping = campaign.facts_of("stage_stopping");
    assert_eq!(stopping.len(), 1, "{stopping:#?}");
    assert_eq!((stopping[0]["class"].as_str(), stopping[0]["by"]["rule"].as_str()), (Some("agent_budget"), Some("budget")));
    let ends = campaign.facts_of("stage_finished");
    let end = ends.iter().find(|fact| fact["stage"] == "agent").unwrap()["outcome"].clone();
    assert_eq!((end["class"].as_str(), end["child"]["cause"].as_str()), (Some("agent_budget"), Some("stopped")), "{end:#}");
    assert!(end["why"].as_str().unwrap().contains(why), "{end:#}");
    let item = campaign.item(1);
    assert_eq!((item["status"].as_str(), item["verdict"]["standing"].as_str()), (Some("done"), Some("beats")), "{item:#}");
    assert!(!lives(crate::support::pid_in(&campaign.root.join("c-0001.pid"))));
    campaign.assert_nothing_left();
    item
}

#[test]
fn claude_code_is_stopped_by_the_step_budget() {
    let campaign = Campaign::new(1, CLAUDE, GOOD_ARM);
    campaign.config("", "max_steps = 4", "[budget]\nagent = 1");
    let item = stopped(&campaign, "step budget: 4 steps (agent.max_steps)");
    assert!(item["steps"].as_u64().unwrap() >= 4, "{item:#}");
    let journal = json_of(&campaign.item_dir(1).join("journal.json"));
    assert!(journal.to_string().contains("step budget: 4 steps"), "{journal:#}");
}

#[test]
fn claude_code_is_stopped_by_the_token_budget() {
    let campaign = Campaign::new(1, CLAUDE, GOOD_ARM);
    campaign.config("", "", "[budget]\nagent = 1\n[limits]\nitem_tokens = 400");
    let item = stopped(&campaign, "of 400 tokens (limits.item_tokens)");
    assert!(item["tokens"]["input"].as_u64().unwrap() >= 400, "{item:#}");
}

#[test]
fn codex_is_stopped_by_the_step_budget_as_its_rollout_tells() {
    let campaign = stand_in("codex_cli", CODEX, "max_steps = 4");
    let item = stopped(&campaign, "step budget: 4 steps (agent.max_steps)");
    assert!(item["tokens"]["input"].as_u64().unwrap() >= 400, "{item:#}");
    let kept = campaign.item_dir(1).join("codex_rollout.jsonl");
    assert!(fs::symlink_metadata(&kept).unwrap().is_file(), "it outlives Codex's home");
    assert!(fs::read_to_string(kept).unwrap().contains("\"call_id\":\"c4\""));
}

#[test]
fn openhands_is_stopped_by_the_step_budget_as_its_events_tell() {
    let campaign = stand_in("openhands", OPENHANDS, "max_steps = 4");
    let item = stopped(&campaign, "step budget: 4 steps (agent.max_steps)");
    assert!(item["tokens"]["input"].as_u64().unwrap() >= 400, "{item:#}");
    let kept = campaign.item_dir(1).join("openhands_events");
    assert!(!kept.is_symlink() && kept.join("2.json").is_file(), "they outlive the worktree");
}
