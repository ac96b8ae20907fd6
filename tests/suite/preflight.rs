//! The table before a run and the same by `doctor`: what it finds, what it says to do, and that it leaves nothing.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test says what went wrong by failing"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use isobench_tui::host::clock;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::campaign::{Campaign, GOOD_ARM, said};
use crate::support::{BINARY, folder, skip};

/// Variables of the machine that tests run on must not decide.
const KEYS: [&str; 19] = [
    "IS_SANDBOX",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CONFIG_DIR",
    "OPENAI_API_KEY",
    "CODEX_API_KEY",
    "CODEX_HOME",
    "LLM_API_KEY",
    "LLM_MODEL",
    "AWS_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
];

fn run(campaign: &Campaign, arguments: &[&str]) -> Output {
    let mut command = campaign.command(arguments);
    for name in KEYS {
        command.env_remove(name);
    }
    command.envs(campaign.env.iter().cloned()).output().unwrap()
}

/// What `doctor` finds, with its exit code.
fn doctor(campaign: &Campaign) -> (Option<i32>, Value) {
    let output = run(campaign, &["doctor", "--format", "json"]);
    let found = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
    (output.status.code(), found)
}

/// The rows about something: check and sentence.
fn rows(found: &Value, about: &str) -> Vec<(String, String)> {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows = found["rows"].as_array().unwrap().iter().filter(|row| row["about"] == about);
    rows.map(|row| (text(row, "check"), format!("{}: {}", text(row, "says"), text(row, "fix")))).collect()
}

/// The only row about something must stand so and say all of this.
fn is(found: &Value, about: &str, check: &str, says: &[&str]) {
    let rows = rows(found, about);
    let fits = |(is, sentence): &(String, String)| is == check && says.iter().all(|part| sentence.contains(part));
    assert!(rows.iter().any(fits), "no row about {about} is {check} and says {says:?}: {rows:#?}");
}

/// Every file below a folder with its length.
fn files(of: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    let mut folders = vec![of.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let there = entry.metadata().unwrap();
            found.push((entry.path(), if there.is_file() { there.len() } else { 0 }));
            if there.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn program(path: &Path, text: &str) {
    write(path, text);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn in_seconds(seconds: i64) -> Timestamp {
    Timestamp::from_second(clock::now().as_second() + seconds).unwrap()
}

/// A token that nobody signed, as base64url by hand.
fn jwt(end: Timestamp) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let encode = |text: String| {
        let mut out = String::new();
        for three in text.as_bytes().chunks(3) {
            let number = three.iter().fold(0_u32, |number, byte| (number << 8) | u32::from(*byte)) << (8 * (3 - three.len()));
            for nth in 0..=three.len() {
                out.push(char::from(LETTERS[usize::try_from((number >> (18 - 6 * nth)) & 63).unwrap()]));
            }
        }
        out
    };
    let claims = json!({"sub": "ann", "exp": end.as_second()}).to_string();
    format!("{}.{}.c2lnbmF0dXJl", encode(json!({"alg": "RS256"}).to_string()), encode(claims))
}

/// A campaign with an agent of this kind; its program is there.
fn agent_of(kind: &str, more: &str) -> Campaign {
    let campaign = Campaign::good(3);
    program(&campaign.root.join("bin/agent"), "#!/bin/sh\nexit 0\n");
    configure(&campaign, kind, more);
    campaign
}

fn configure(campaign: &Campaign, kind: &str, more: &str) {
    let cli = campaign.root.join("bin/agent");
    let cli = if more.contains("cli =") { String::new() } else { format!("cli = {:?}\n", cli.display().to_string()) };
    fs::write(campaign.root.join("isobench-tui.toml"), format!("[agent]\nkind = \"{kind}\"\n{cli}{more}\n")).unwrap();
}

#[test]
fn doctor_finds_a_good_campaign_good_and_leaves_no_trace() {
    let campaign = Campaign::good(3);
    let before = files(&campaign.root);
    let (code, found) = doctor(&campaign);
    assert_eq!((code, &found["runnable"], &found["items"]), (Some(0), &json!(3), &json!(3)), "{found:#}");
    is(&found, "plan", "ok", &["3 of 3 items can run"]);
    is(&found, "commits", "ok", &["3 commits"]);
    is(&found, "length", "ok", &["no history; at most 3 items × "]);
    is(&found, "folders", "ok", &["state/tui"]);
    is(&found, "disk", "ok", &["free", "a checkout is"]);
    is(&found, "git", "ok", &["git version"]);
    let text = String::from_utf8(run(&campaign, &["doctor"]).stdout).unwrap();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(!text.contains('\u{1b}'), "no colour where no terminal is");
    assert_eq!(files(&campaign.root), before, "something was left");
}

#[test]
fn doctor_works_without_a_harness_a_plan_or_a_configuration() {
    let (_keep, empty) = folder();
    let mut command = Command::new(BINARY);
    command.args(["doctor", "--format", "json"]).current_dir(&empty).env("HOME", &empty).env_remove("XDG_STATE_HOME");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    is(&found, "checkout", "blocked", &["no ISO-Bench harness", "--root"]);
    is(&found, "git", "ok", &[]);
    assert_eq!(fs::read_dir(&empty).unwrap().count(), 0);

    let campaign = Campaign::good(1);
    let plan = campaign.root.join("state/plan.json");
    for (text, says) in [(None, "no plan"), (Some(""), "empty"), (Some("{\"repo\": 7}"), "plan.json:1:")] {
        match text {
            None => fs::remove_file(&plan).unwrap(),
            Some(text) => fs::write(&plan, text).unwrap(),
        }
        let (code, found) = doctor(&campaign);
        assert_eq!(code, Some(3), "{found:#}");
        is(&found, "plan", "blocked", &[says]);
        // what can be said without it is said
        is(&found, "agent", "ok", &["script"]);
        is(&found, "folders", "ok", &[]);
    }
    fs::write(campaign.root.join("isobench-tui.toml"), "[agent]\nnmae = \"x\"\n").unwrap();
    let (code, found) = doctor(&campaign);
    assert_eq!(code, Some(3));
    is(&found, "config", "blocked", &["isobench-tui.toml:2:1", "name"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_found_by_trying() {
    let mut campaign = Campaign::good(1);
    if !campaign.as_nobody() {
        skip("neither an ordinary user nor able to become one: modes mean nothing to root");
        return;
    }
    fs::create_dir_all(campaign.root.join(".work/worktrees")).unwrap();
    fs::set_permissions(campaign.root.join(".work/worktrees"), fs::Permissions::from_mode(0o555)).unwrap();
    let (code, found) = doctor(&campaign);
    assert_eq!(code, Some(3));
    is(&found, "folders", "blocked", &[".work/worktrees", "Permission denied", "writable"]);
    let output = run(&campaign, &["run", "--headless"]);
    assert_eq!((output.status.code(), campaign.folders().len()), (Some(2), 0), "{}", said(&output));
    fs::set_permissions(campaign.root.join(".work/worktrees"), fs::Permissions::from_mode(0o755)).unwrap();
    // the plan itself
    fs::set_permissions(campaign.root.join("state/plan.json"), fs::Permissions::from_mode(0o000)).unwrap();
    is(&doctor(&campaign).1, "plan", "blocked", &["plan.json", "Permission denied"]);
}

#[test]
fn a_key_is_found_by_its_name_and_its_value_is_said_nowhere() {
    let campaign = agent_of("claude_code", "");
    is(&doctor(&campaign).1, "keys", "warning", &["no key for Claude Code", "ANTHROPIC_API_KEY", "expect every item to fail"]);
    let secret = "sk-ant-api03-0123456789abcdef";
    fs::write(campaign.root.join(".env"), format!("export ANTHROPIC_API_KEY={secret}\nOTHER=also-hidden-here\n")).unwrap();
    let (code, found) = doctor(&campaign);
    assert_eq!(code, Some(0), "{found:#}");
    is(&found, "keys", "ok", &["ANTHROPIC_API_KEY in .env"]);
    let text = said(&run(&campaign, &["doctor"])) + &found.to_string();
    assert!(!text.contains(secret) && !text.contains("also-hidden"), "{text}");
    // a name in a path is a value of .env too
    fs::write(campaign.root.join(".env"), format!("A_PATH={}\n", campaign.root.join("bin").display())).unwrap();
    let found = doctor(&campaign).1;
    assert!(!found["rows"].to_string().contains("/bin/agent"), "{found:#}");
}

#[test]
fn a_token_is_held_against_the_length_of_the_queue() {
    // 3 items of at most 120 minutes: 6 h
    let campaign = agent_of("claude_code", "");
    let with = |end| {
        fs::write(campaign.root.join(".env"), format!("ANTHROPIC_AUTH_TOKEN={}\n", jwt(end))).unwrap();
        doctor(&campaign)
    };
    let (code, found) = with(in_seconds(2 * 3600 + 60));
    assert_eq!(code, Some(0), "a warning alone");
    is(
        &found,
        "keys",
        "warning",
        &["ANTHROPIC_AUTH_TOKEN in .env expires in 2 h", "the queue needs at most 6 h", "expect items to fail from"],
    );
    is(&with(in_seconds(7 * 3600)).1, "keys", "ok", &["good for 7 h"]);
    let (code, found) = with(in_seconds(-7200));
    assert_eq!((code, &found["runnable"]), (Some(3), &json!(0)));
    is(&found, "keys", "blocked", &["expired 2 h ago", "renew ANTHROPIC_AUTH_TOKEN"]);
    let output = run(&campaign, &["run", "--headless"]);
    assert_eq!((output.status.code(), campaign.folders().len()), (Some(3), 0), "{}", said(&output));
    assert!(said(&output).contains("blocked  keys"), "{}", said(&output));
    assert!(!said(&output).contains("c2lnbmF0dXJl"));
    // a login of Claude Code's own, without and with the means to renew itself
    fs::remove_file(campaign.root.join(".env")).unwrap();
    let login = |refresh: &str| {
        let end = in_seconds(-60).as_millisecond();
        let text = json!({"claudeAiOauth": {"accessToken": "a-b-c", "refreshToken": refresh, "expiresAt": end}});
        write(&campaign.root.join("home/.claude/.credentials.json"), &text.to_string());
        doctor(&campaign).1
    };
    is(&login(""), "keys", "blocked", &[".claude/.credentials.json expired", "claude /login"]);
    is(&login("r-s-t"), "keys", "ok", &["renews itself"]);
}

#[test]
fn an_aws_login_that_ends_within_the_queue_is_a_warning_before_it_is_82_failed_items() {
    let mut campaign = agent_of("claude_code", "");
    campaign.env.push(("CLAUDE_CODE_USE_BEDROCK".to_owned(), "1".to_owned()));
    is(&doctor(&campaign).1, "keys", "warning", &["needs AWS", "aws sso login"]);
    let cache = campaign.root.join("home/.aws/sso/cache");
    // a client's registration lasts for months and is no login
    write(&cache.join("botocore-client-id.json"), r#"{"clientId":"c","clientSecret":"s","expiresAt":"2099-01-01T00:00:00Z"}"#);
    is(&doctor(&campaign).1, "keys", "warning", &["needs AWS"]);
    let login = |end: String, more: Value| {
        let mut text = json!({"startUrl": "https://a.example/start", "accessToken": "t-o-k", "expiresAt": end});
        text.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        write(&cache.join("0123.json"), &text.to_string());
        doctor(&campaign).1
    };
    let soon = in_seconds(3 * 3600 + 20 * 60 + 20);
    let utc = soon.strftime("%Y-%m-%dT%H:%M:%SUTC").to_string();
    is(&login(utc, json!({})), "keys", "warning", &["expires in 3 h 20 min", "at most 6 h", "`aws sso login` before"]);
    is(&login(in_seconds(-600).to_string(), json!({})), "keys", "blocked", &["expired 10 min ago", "aws sso login"]);
    let renewing = json!({"refreshToken": "r", "registrationExpiresAt": in_seconds(80 * 86_400).to_string()});
    is(&login(soon.to_string(), renewing), "keys", "ok", &["renews itself"]);
    campaign.env.extend(
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].map(|name| (name.to_owned(), "x-y-z-x-y-z".to_owned())),
    );
    is(&doctor(&campaign).1, "keys", "warning", &["AWS_SESSION_TOKEN ends some time", "nothing here says when"]);
}

#[test]
fn codex_looks_for_its_login_in_the_home_that_the_harness_gives_it() {
    let campaign = agent_of("codex_cli", "");
    write(&campaign.root.join("home/.codex/auth.json"), r#"{"OPENAI_API_KEY":"sk-elsewhere"}"#);
    is(&doctor(&campaign).1, "keys", "warning", &["no key for Codex", "home/.codex is not used", ".codex_home codex login"]);
    let own = campaign.root.join(".codex_home/.codex");
    let tokens = |refresh: &str| json!({"tokens": {"access_token": jwt(in_seconds(-60)), "refresh_token": refresh}}).to_string();
    write(&own.join("auth.json"), &tokens("r"));
    is(&doctor(&campaign).1, "keys", "ok", &[".codex_home/.codex/auth.json, renews itself"]);
    write(&own.join("auth.json"), &tokens(""));
    is(&doctor(&campaign).1, "keys", "blocked", &["expired"]);
    write(&own.join("config.toml"), "model_provider = \"inner\"\n[model_providers.inner]\nenv_key = \"INNER_KEY\"\n");
    is(&doctor(&campaign).1, "keys", "warning", &["INNER_KEY, which is not set"]);
}

#[test]
fn trae_needs_its_python_its_module_its_configuration_and_its_providers_key() {
    let campaign = agent_of("trae", "cli = \"python3\"\nconfig_file = \"trae.yaml\"");
    let blocked = doctor(&campaign);
    assert_eq!(blocked.0, Some(3));
    is(&blocked.1, "agent", "blocked", &["no module trae_agent", "third-party/trae-agent"]);
    is(&blocked.1, "agent", "blocked", &["trae.yaml", "No such file", "agent.config_file"]);
    write(&campaign.root.join("third-party/trae-agent/trae_agent/__init__.py"), "raise SystemExit('it was run')\n");
    let yaml = |provider: &str, key: &str| {
        let text = format!(
            "agents:\n  trae_agent:\n    model: m\nmodels:\n  m:\n    model_provider: p\n    model: gpt-5\nmodel_providers:\n  p:\n    provider: {provider}\n    api_key: {key}\n"
        );
        write(&campaign.root.join("trae.yaml"), &text);
        doctor(&campaign).1
    };
    let found = yaml("openai", "your_openai_api_key");
    is(&found, "agent", "ok", &["its configuration", "trae.yaml"]);
    is(&found, "keys", "warning", &["neither OPENAI_API_KEY, nor api_key in", "trae.yaml"]);
    is(&yaml("openai", "sk-real-0123456789"), "keys", "ok", &["api_key of provider p"]);
    is(&yaml("google", "''"), "keys", "warning", &["the harness hides GOOGLE_API_KEY"]);
    is(&yaml("ollama", "''"), "keys", "ok", &["ollama"]);
    is(&yaml("bedrock", "''"), "keys", "warning", &["needs AWS"]);
    write(&campaign.root.join("trae.yaml"), "agents: [\n");
    is(&doctor(&campaign).1, "agent", "blocked", &["trae.yaml"]);
    let output = run(&campaign, &["run", "--headless"]);
    assert_eq!((output.status.code(), campaign.folders().len()), (Some(3), 0), "{}", said(&output));
}

#[test]
fn a_python_that_hangs_holds_nobody_up() {
    let campaign = agent_of("codex", "cli = \"bin/hangs\"");
    program(&campaign.root.join("bin/hangs"), "#!/bin/sh\nsleep 1000 & echo $! >\"$CAMPAIGN/sleeper\"; wait\n");
    let (code, found) = doctor(&campaign);
    assert_eq!(code, Some(0));
    is(&found, "agent", "warning", &["did not say within 5 s", "codex_agent"]);
    let sleeper = crate::support::pid_in(&campaign.root.join("sleeper"));
    crate::support::wait_until("what it had started to be gone", || !crate::support::lives(sleeper));
}

/// Journals of one of ISO-Bench's own runs of TRAE: ids, how each ended, its seconds, and what we add to it.
fn journals(campaign: &Campaign, of: &[(&str, &str, f64, Value)]) {
    for (id, status, seconds, ours) in of {
        let mut text = json!({"status": status, "commits": {"pre": "", "human": ""}, "trae": {"cli": "x", "duration_s": seconds}});
        text.as_object_mut().unwrap().extend(ours.as_object().unwrap().clone());
        write(&campaign.root.join("state/runs/repo/trae/gpt-5/2026-01-01_00-00-00").join(id).join("journal.json"), &text.to_string());
    }
}

#[test]
fn the_length_is_told_by_items_whose_agent_worked() {
    let campaign = Campaign::good(2);
    configure(&campaign, "trae", "cli = \"sh\"\nmodel = \"gpt-5\"");
    let ours = |end: &str| json!({"isobench_tui": {"agent_end": {"end": end}}});
    let good = |id, seconds| (id, "success", seconds, json!({}));
    // three 401s, an agent that never answered, one of ours that failed although its program returned
    let bad = ["e", "f", "g"].map(|id| (id, "error", 0.24, json!({})));
    journals(&campaign, &bad);
    journals(&campaign, &[good("h", 0.24), ("i", "success", 7.0, ours("failed")), ("j", "success", 7.0, json!({"isobench_tui": {}}))]);
    is(&doctor(&campaign).1, "length", "ok", &["no history; at most 2 items × 2 h = 4 h"]);
    journals(&campaign, &[good("a", 60.0), good("b", 200.0), good("c", 5000.0), good("d", 70.0)]);
    is(&doctor(&campaign).1, "length", "ok", &["2 items ≈ ", " (p50–p90), from 1 earlier run"]);
    // whatever is drawn of these two, it is the same
    let campaign = Campaign::good(2);
    configure(&campaign, "trae", "cli = \"sh\"\nmodel = \"gpt-5\"");
    journals(&campaign, &[good("a", 600.0), ("k", "success", 600.0, ours("done"))]);
    is(&doctor(&campaign).1, "length", "ok", &["2 items ≈ 20 min (p50–p90), from 1 earlier run"]);
}

#[test]
fn the_length_of_our_own_items_has_their_benchmarks_in_it() {
    let campaign = Campaign::good(5);
    fs::write(campaign.root.join(".env"), format!("SOME_NAME={}\n", campaign.root.join("repo").display())).unwrap();
    assert_eq!(campaign.headless(), Some(0));
    // what was found goes on record, without what `.env` holds
    let manifest = crate::campaign::json_of(&campaign.folder().manifest());
    let record = manifest["config"]["preflight"].as_array().unwrap();
    assert!(record.iter().any(|row| row["about"] == "clone" && row["check"] == "ok" && row["says"] == "•••/.git"), "{record:#?}");
    let found = doctor(&campaign).1;
    is(&found, "length", "ok", &["5 items ≈ ", " (p50–p90), from 1 earlier run"]);
    assert!(!found["rows"].to_string().contains("unknown length"), "{found:#}");
    // where the runs themselves are gone nothing says what the benchmarks take
    fs::remove_dir_all(campaign.root.join("state/tui")).unwrap();
    is(&doctor(&campaign).1, "length", "ok", &[" (p50–p90), and benchmarks of unknown length, from 1 earlier run"]);
}

#[test]
fn commits_named_twice_are_a_warning_and_of_many_blocked_items_only_some_are_listed() {
    let campaign = Campaign::good(2);
    let mut items: Vec<(String, String)> = (0..2000).map(|nth| (format!("no-{nth:04}"), format!("{nth:040x}"))).collect();
    items.push(("one".to_owned(), campaign.commits[1].clone()));
    items.push(("two".to_owned(), campaign.commits[1][..8].to_owned()));
    campaign.plan(&items);
    let (code, found) = doctor(&campaign);
    assert_eq!((code, &found["runnable"], found["blocked"].as_array().unwrap().len()), (Some(0), &json!(2), 2000));
    is(&found, "plan", "warning", &["2 of 2002 items can run"]);
    is(&found, "plan", "warning", &["stands in the plan more than once (one, two)"]);
    let text = said(&run(&campaign, &["doctor"]));
    assert!(text.contains("no-0019") && !text.contains("no-0020") && text.contains("… and 1980 more"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn what_blocks_many_items_is_said_once() {
    let campaign = Campaign::good(1);
    let mut items: Vec<(String, String)> = (0..96).map(|nth| (format!("no-{nth:04}"), format!("{nth:040x}"))).collect();
    items.push(("first".to_owned(), campaign.commits[0].clone()));
    items.push(("one".to_owned(), campaign.commits[1].clone()));
    campaign.plan(&items);
    let text = String::from_utf8(run(&campaign, &["doctor"]).stdout).unwrap();
    let found = doctor(&campaign).1;
    let clone = campaign.root.join("repo");
    is(
        &found,
        "commits",
        "warning",
        &["96 commits and 1 parent are not in the clone", &format!("`git -C {} fetch --all`", clone.display())],
    );
    assert!(text.contains("\nblocked  96 items  "), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words.matches("check the sha, or fetch it").count(), 1, "{text}");
    assert!(words.contains("commit … is not in ") && words.contains("no-0019, … and 76 more blocked first "), "{text}");
    assert!(words.contains("it is the first commit"), "{text}");
    // of one item it is said with its sha, and nothing is said of what is not
    campaign.plan(&[items[3].clone(), items[97].clone()]);
    let found = doctor(&campaign).1;
    is(&found, "commits", "warning", &["1 commit is not in the clone"]);
    let text = String::from_utf8(run(&campaign, &["doctor"]).stdout).unwrap();
    assert!(text.contains("blocked  no-0003  00000000  ") && !text.contains('…'), "{text}");
    campaign.plan(&items[96..97]);
    is(&doctor(&campaign).1, "commits", "warning", &["1 parent is not in the clone"]);
    let output = run(&campaign, &["run", "--headless"]);
    assert!(said(&output).contains("the only item is blocked"), "{}", said(&output));
    campaign.plan(&items[97..]);
    is(&doctor(&campaign).1, "commits", "ok", &["1 commit with its parent is in the clone"]);
}

#[test]
fn a_prompt_that_cannot_be_had_names_the_file_that_is_wrong() {
    let campaign = Campaign::good(2);
    is(&doctor(&campaign).1, "prompt", "warning", &["no task file", "the id 't' of the plan", "harness.task"]);
    campaign.task_file();
    assert_eq!(rows(&doctor(&campaign).1, "prompt").len(), 1);
    let task = campaign.root.join("tasks/t.yaml");
    fs::write(&task, "id: t\nname: one\nid: t\n").unwrap();
    is(&doctor(&campaign).1, "prompt", "warning", &["tasks/t.yaml: the last one counts", "(id"]);
    fs::write(&task, "id: t\nname: [\n").unwrap();
    let (code, found) = doctor(&campaign);
    assert_eq!(code, Some(3));
    is(&found, "prompt", "blocked", &["mend tasks/t.yaml, or name another with harness.task"]);
    // what is a row is not said again of each item
    let text = String::from_utf8(run(&campaign, &["doctor"]).stdout).unwrap();
    assert!(!text.contains("c-0001"), "{text}");
    campaign.task_file();
    write(&campaign.root.join("data/mappings/benchmark_mode_mapping.json"), "{\n  nothing\n}");
    is(&doctor(&campaign).1, "arms", "blocked", &["mend data/mappings/benchmark_mode_mapping.json, or name another with arms.mapping"]);
    campaign.config("", "", "mapping = \"mine.json\"\n[harness]\ntask = \"nowhere.yaml\"");
    is(&doctor(&campaign).1, "prompt", "blocked", &["mend nowhere.yaml, or name another with harness.task"]);
    write(&campaign.root.join("nowhere.yaml"), "id: t\nname: one\n");
    is(&doctor(&campaign).1, "arms", "blocked", &["mend mine.json, or name another with arms.mapping"]);
    campaign.config("", "", "[prompt]\ntemplate = \"mine.md\"");
    fs::remove_dir_all(campaign.root.join("data")).unwrap();
    write(&campaign.root.join("mine.md"), "{no_such_word}");
    is(&doctor(&campaign).1, "prompt", "blocked", &["mend mine.md, or name another with prompt.template"]);
}

#[test]
fn a_broken_mapping_is_told_once_and_as_what_it_is() {
    let campaign = Campaign::good(2);
    write(&campaign.root.join("data/mappings/benchmark_mode_mapping.json"), "{\"8a1f\": {\"perf_command\": \"vllm");
    for engine in ["process", "docker"] {
        campaign.config("", "", &format!("engine = \"{engine}\""));
        let (code, found) = doctor(&campaign);
        assert_eq!(code, Some(3));
        is(&found, "arms", "blocked", &["benchmark_mode_mapping.json:1:", "mend ", "or name another with arms.mapping"]);
        let classes: Vec<&str> = found["blocked"].as_array().unwrap().iter().map(|item| item["class"].as_str().unwrap()).collect();
        assert_eq!(classes, ["no_command"; 2], "{found:#}");
        let text = String::from_utf8(run(&campaign, &["doctor"]).stdout).unwrap();
        assert_eq!((text.matches("benchmark_mode_mapping.json:1:").count(), text.contains("c-0001")), (1, false), "{engine}: {text}");
    }
}

#[test]
fn what_the_mapping_says_wrongly_of_a_commit_blocks_its_own_item_alone() {
    let campaign = Campaign::good(2);
    let entry = |nth: usize, command: Value| {
        let commit = &campaign.commits[nth];
        (commit[..8].to_owned(), json!({"commit_full": commit, "perf_command": command}))
    };
    let good = entry(2, json!("python benchmarks/benchmark_latency.py --model facebook/opt-125m"));
    let mapping: serde_json::Map<String, Value> = [entry(1, json!(5)), good].into_iter().collect();
    write(&campaign.root.join("data/mappings/benchmark_mode_mapping.json"), &Value::from(mapping).to_string());
    for engine in ["process", "docker"] {
        campaign.config("", "", &format!("engine = \"{engine}\""));
        let (_, found) = doctor(&campaign);
        let blocked = found["blocked"].as_array().unwrap();
        assert_eq!(blocked.len(), 1, "{engine}: {found:#}");
        assert_eq!((blocked[0]["item_id"].as_str(), blocked[0]["class"].as_str()), (Some("c-0001"), Some("no_command")), "{found:#}");
        let why = blocked[0]["why"].as_str().unwrap();
        assert!(
            why.contains("can't be read: ") && why.contains("benchmark_mode_mapping.json:1:") && why.contains(".perf_command"),
            "{why}"
        );
    }
}

#[test]
fn what_the_bench_file_says_and_nobody_does_is_told() {
    let campaign = Campaign::good(1);
    let bench = |text: &str| {
        fs::write(campaign.root.join("bench.yaml"), text).unwrap();
        doctor(&campaign).1
    };
    fs::remove_file(campaign.root.join("isobench-tui.toml")).unwrap();
    let trae = "agents:\n  default: trae\n  trae:\n    cli: sh\n    config_file: ${NO_SUCH_TRAE_CONFIG}\n    args: {max_steps: 120}\n";
    let found = bench(trae);
    is(&found, "agent", "warning", &["NO_SUCH_TRAE_CONFIG is not set", "takes its default configuration", "…/trae/default", "set NO_SUCH"]);
    is(&found, "keys", "warning", &["can't tell which key trae needs", "names no configuration"]);
    assert!(!found.to_string().contains("the agent stops after"));
    write(&campaign.root.join("trae.yaml"), "agents: {}\n");
    let found = bench(&trae.replace("${NO_SUCH_TRAE_CONFIG}", "trae.yaml").replace("120", "5"));
    is(&found, "keys", "warning", &["can't tell which key trae needs", "trae.yaml names no provider"]);
    is(&found, "agent", "warning", &["stops after 5 steps", "args.max_steps"]);
    let found = bench("agents:\n  default: openhands\n  openhands:\n    cli: sh\n    container_image: img:1\n    args: {iterations: 1}\n");
    is(&found, "agent", "warning", &["container_image img:1 of", "bench.yaml is not used", "sh is started"]);
    is(&found, "agent", "warning", &["stops after 1 step:", "args.iterations"]);
    let found = bench("agents:\n  default: openhands\n  openhands:\n    cli: sh\n    args: {iterations: 6}\n");
    assert!(!found.to_string().contains("container_image") && !found.to_string().contains("stops after"), "{found:#}");
}

#[test]
fn claude_code_as_root_is_warned_of_before_every_item_fails() {
    let mut campaign = Campaign::good(1);
    write(&campaign.root.join("isobench-tui.toml"), "[agent]\nkind = \"claude_code\"\nname = \"claude_code\"\ncli = \"sh\"\n");
    let is_told = |campaign: &Campaign| doctor(campaign).1.to_string().contains("as root: expect every item to fail");
    let is_root = rustix::process::getuid().is_root();
    assert_eq!(is_told(&campaign), is_root);
    write(&campaign.root.join(".env"), "IS_SANDBOX=1\n");
    assert!(!is_told(&campaign), "somebody said that the machine is there for that");
    fs::remove_file(campaign.root.join(".env")).unwrap();
    if is_root && campaign.as_nobody() {
        assert!(!is_told(&campaign), "not as somebody else");
    }
}

#[test]
fn a_dot_env_that_cannot_work_is_told_without_what_it_holds() {
    let campaign = Campaign::below("ISO-Bench", 1, "", GOOD_ARM);
    let above = campaign.root.parent().unwrap().to_owned();
    fs::create_dir_all(campaign.root.join("bench")).unwrap();
    program(&campaign.root.join("bin/agent"), "#!/bin/sh\n");
    configure(&campaign, "claude_code", "");
    let outer = above.join(".env");
    is(&doctor(&campaign).1, "keys", "warning", &["set ANTHROPIC_API_KEY in ", &outer.display().to_string()]);
    fs::write(campaign.root.join(".env"), "A=b\n").unwrap();
    let inner = campaign.root.join(".env").display().to_string();
    is(&doctor(&campaign).1, "keys", "warning", &["set ANTHROPIC_API_KEY in ", &inner]);
    assert!(!doctor(&campaign).1.to_string().contains("is read, and"));
    fs::write(&outer, "GOOD='x y' \nANTHROPIC_API_KEY=\"sk-hidden-0123456789\" # mine\nB=\"\nC=\"c'\nD=\"d\"\n").unwrap();
    let found = doctor(&campaign).1;
    is(&found, "keys", "warning", &[&format!("{} is read, and {inner} is not", outer.display())]);
    is(&found, "keys", "warning", &["ANTHROPIC_API_KEY, B, C begin with a quote that does not end the value"]);
    let text = said(&run(&campaign, &["doctor"])) + &found.to_string();
    assert!(!text.contains("sk-hidden") && !text.contains("UTF-8: what"), "{text}");
    fs::write(&outer, b"ANTHROPIC_API_KEY=sk-\xff-0123456789\n").unwrap();
    is(&doctor(&campaign).1, "keys", "warning", &["is not UTF-8", "save it"]);
}

#[test]
fn a_link_that_leads_results_out_of_the_state_folder_is_found_before_the_first_item() {
    let campaign = Campaign::good(1);
    let (_keep, elsewhere) = folder();
    fs::create_dir_all(campaign.root.join("state/runs/repo")).unwrap();
    let link = campaign.root.join("state/runs/repo/script");
    std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
    let (code, found) = doctor(&campaign);
    assert_eq!(code, Some(3));
    is(&found, "folders", "blocked", &["a link leads", "state/runs/repo/script", &elsewhere.display().to_string()]);
    let output = run(&campaign, &["run", "--headless"]);
    assert_eq!((output.status.code(), campaign.folders().len()), (Some(2), 0), "{}", said(&output));
    // the state folder itself may be anywhere
    fs::remove_file(&link).unwrap();
    fs::rename(campaign.root.join("state/runs"), elsewhere.join("runs")).unwrap();
    std::os::unix::fs::symlink(elsewhere.join("runs"), campaign.root.join("state/runs")).unwrap();
    is(&doctor(&campaign).1, "folders", "ok", &["can be written"]);
}

#[test]
fn a_disk_without_room_for_one_checkout_blocks_and_one_with_little_warns() {
    if !Command::new("unshare").args(["-m", "true"]).output().is_ok_and(|output| output.status.success()) {
        skip("may not mount in a namespace of its own");
        return;
    }
    let campaign = Campaign::good(1);
    fs::create_dir(campaign.root.join(".work")).unwrap();
    let on = |size: &str| {
        let script = format!("mount -t tmpfs -o size={size} tmpfs \"$1/.work\" && shift && exec \"$@\"");
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", &script, "sh"]).arg(&campaign.root).arg(BINARY).arg("--root").arg(&campaign.root);
        campaign.dress(&mut command);
        let output = command.args(["doctor", "--format", "json"]).output().unwrap();
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    let (code, found) = on("8m");
    assert_eq!(code, Some(0));
    is(&found, "disk", "warning", &["work (", "8.4 MB free", "one item needs about 1.0 GB"]);
    is(&found, "disk", "ok", &["state ("]);
    let (code, found) = on("500k");
    assert_eq!(code, Some(3));
    is(&found, "disk", "blocked", &["work (", "free space there"]);
}

#[test]
fn the_three_way_runner_takes_commands_and_token_from_files_of_its_own() {
    let mut campaign = Campaign::new(3, "", GOOD_ARM);
    campaign.config("", "", "");
    let config = campaign.root.join("isobench-tui.toml");
    let text = fs::read_to_string(&config).unwrap();
    let (agent, _) = text.split_once("[arms]").unwrap();
    fs::write(&config, format!("{agent}[arms]\nengine = \"three_way\"\n[harness]\npython = \"./no-python\"\n")).unwrap();
    is(&doctor(&campaign).1, "arms", "blocked", &["run_3way_benchmarks.py", "use a whole checkout"]);
    write(&campaign.root.join("scripts/runners/run_3way_benchmarks.py"), "");
    is(&doctor(&campaign).1, "arms", "blocked", &["no-python' is not there", "harness.python"]);
    fs::write(&config, format!("{agent}[arms]\nengine = \"three_way\"\n")).unwrap();
    campaign.env.push(("HF_TOKEN".to_owned(), "hf_0123456789".to_owned()));
    let found = doctor(&campaign).1;
    is(&found, "arms", "ok", &["run_3way_benchmarks.py"]);
    is(&found, "arms", "warning", &["no benchmark commands", "benchmark_mode_mapping.json"]);
    is(&found, "keys", "warning", &["HF_TOKEN is set, and the 3-way runner does not look at it", "gated models"]);
    let human = |nth: usize| isobench_tui::domain::short_sha(&campaign.commits[nth]);
    let mut mapping = json!({human(1): {"perf_command": "vllm bench serve"}, human(2): {"perf_command": null}});
    let path = campaign.root.join("data/mappings/benchmark_mode_mapping.json");
    write(&path, &mapping.to_string());
    is(&doctor(&campaign).1, "arms", "warning", &["2 of 3 items have no benchmark command"]);
    for nth in [2, 3] {
        mapping[human(nth)] = json!({"perf_command": "vllm bench serve"});
    }
    write(&path, &mapping.to_string());
    let found = doctor(&campaign).1;
    assert!(rows(&found, "arms").iter().all(|(check, _)| check == "ok"), "{:#?}", rows(&found, "arms"));
    write(&campaign.root.join("home/.cache/huggingface/token"), "hf_0123456789\n");
    is(&doctor(&campaign).1, "keys", "ok", &["Hugging Face"]);
}

#[test]
fn on_a_terminal_the_table_is_as_wide_as_it_and_coloured_unless_nobody_wants_that() {
    let campaign = agent_of("codex_cli", "");
    let shown = |no_colour: bool| {
        let mut command = campaign.command(&["doctor"]);
        for name in KEYS {
            command.env_remove(name);
        }
        if no_colour {
            command.env("NO_COLOR", "1");
        }
        let mut pty = crate::pty::Pty::spawn(&command, 60, 60);
        assert_eq!(pty.wait_code(), 0);
        String::from_utf8_lossy(&pty.written).into_owned()
    };
    let (plain, coloured) = (shown(true), shown(false));
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    assert!(coloured.contains("\u{1b}[32mok      \u{1b}[0m") && coloured.contains("\u{1b}[33mwarning \u{1b}[0m"), "{coloured:?}");
    assert!(plain.lines().all(|line| line.trim_end().chars().count() <= 60), "{plain}");
    assert!(plain.contains("terminal  TERM=xterm-256color, no colours") && plain.contains("UTF-8"), "{plain}");
    assert!(plain.lines().any(|line| line.starts_with("                   > ")), "the fix stands below: {plain}");
}

#[test]
fn a_missing_clone_is_made_only_when_asked_for_and_where_the_harness_would() {
    let campaign = Campaign::good(1);
    let origin = campaign.root.join("far/origin");
    fs::create_dir(campaign.root.join("far")).unwrap();
    fs::rename(campaign.root.join("repo"), &origin).unwrap();
    let plan = campaign.root.join("state/plan.json");
    let url = format!("\"file://{}\"", origin.display());
    fs::write(&plan, fs::read_to_string(&plan).unwrap().replace("\"repo\": \"repo\"", &format!("\"repo\": {url}"))).unwrap();
    let output = campaign.run(&["run", "--headless"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("--clone") && !campaign.root.join(".work/repos").exists(), "{}", said(&output));
    let output = campaign.run(&["run", "--headless", "--clone"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(campaign.root.join(".work/repos/t/.git").is_dir());
}
