//! Each kind of agent launched for real: a recording stand-in in its place, the real program around it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test says what went wrong by failing")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::campaign::{Campaign, json_of, said};
use crate::support::lives;

/// An arm that also keeps its environment.
const ARM: &str = "env >>\"$CAMPAIGN/arms.env\"; . ./engine.sh; echo \"latency: $cost ms\"";

/// A git that keeps the environment in which each stage runs it.
const GIT: &str = "#!/bin/sh\nenv >>\"$CAMPAIGN/git.${ISOBENCH_STAGE_ID##*/}.env\"\nexec REAL \"$@\"\n";

/// A secret of `.env`.
const HUSH: &str = "hush-hush-hush-hush";

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/agents")
}

/// Puts the Python packages of the stand-ins where the harness expects the real ones: in the repository.
pub(crate) fn packages(repository: &Path) {
    fs::create_dir(repository.join("third-party")).unwrap();
    symlink(fixtures().join("trae"), repository.join("third-party/trae-agent")).unwrap();
    for package in ["codex_agent", "openhands"] {
        symlink(fixtures().join("root").join(package), repository.join(package)).unwrap();
    }
}

/// A campaign in the folders of a release, its agents stand-ins.
struct Stage {
    campaign: Campaign,
    kind: &'static str,
}

impl Stage {
    fn new(kind: &'static str, items: usize) -> Self {
        let mut campaign = Campaign::below("ISO-Bench/ISO-Bench", items, "", ARM);
        packages(campaign.root.parent().unwrap());
        fs::create_dir(campaign.root.join("record")).unwrap();
        fs::create_dir(campaign.root.join("bin")).unwrap();
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{}:{path}", campaign.root.join("bin").display(), fixtures().join("bin").display());
        let set = [
            ("PATH", path),
            ("STANDIN_RECORD", campaign.root.join("record").display().to_string()),
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ];
        campaign.env.extend(set.map(|(name, value)| (name.to_owned(), value)));
        // whoever runs the tests may have their own
        for name in ["CODEX_HOME", "CODEX_PROFILE", "CLAUDE_MODEL", "LLM_MODEL", "PYTHONPATH"] {
            campaign.env.push((name.to_owned(), String::new()));
        }
        let stage = Self { campaign, kind };
        stage.config("", "");
        stage
    }

    /// Lines for `[agent]`, and tables.
    fn config(&self, agent: &str, tables: &str) {
        let arm = self.campaign.root.join("arm.sh");
        let text = format!(
            "[agent]\nkind = \"{0}\"\nname = \"{0}\"\n{agent}\n[arms]\ncommand = [\"sh\", \"{1}\", \"{{item_id}}\", \"{{item_dir}}\"]\n{tables}\n",
            self.kind,
            arm.display()
        );
        fs::write(self.campaign.root.join("isobench-tui.toml"), text).unwrap();
    }

    fn set(&mut self, name: &str, value: &str) {
        self.campaign.env.push((name.to_owned(), value.to_owned()));
    }

    /// What the stand-in of the first item was called with.
    fn record(&self) -> Record {
        let said = json_of(&self.campaign.root.join("record/c-0001.json"));
        let words = |value: &Value| value.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect();
        Record {
            argv: words(&said["argv"]),
            env: serde_json::from_value(said["env"].clone()).unwrap(),
            cwd: said["cwd"].as_str().unwrap().to_owned(),
            stdin: said["stdin"].as_str().unwrap().to_owned(),
        }
    }

    fn worktree(&self) -> String {
        let run = self.campaign.folder().run_id().0;
        self.campaign.root.join(".work/worktrees").join(run).join("c-0001.1").display().to_string()
    }

    fn item_dir(&self, nth: usize) -> PathBuf {
        let runs = format!("repo/{}", self.kind);
        let model = fs::read_dir(self.campaign.root.join("state/runs").join(&runs)).unwrap().next().unwrap().unwrap();
        self.campaign.item_dir_of(&format!("{runs}/{}", model.file_name().to_string_lossy()), nth)
    }

    fn journal(&self, nth: usize) -> Value {
        json_of(&self.item_dir(nth).join("journal.json"))
    }

    fn read(&self, nth: usize, name: &str) -> String {
        fs::read_to_string(self.item_dir(nth).join(name)).unwrap()
    }

    /// The agent's end of an item as the ledger has it.
    fn agents_end(&self, nth: usize) -> Value {
        let id = self.campaign.id(nth);
        let mut ends = self.campaign.facts_of("stage_finished").into_iter();
        ends.find(|fact| fact["stage"] == "agent" && fact["item"] == *id).unwrap()["outcome"].clone()
    }

    fn files(&self, nth: usize) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(self.item_dir(nth)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

struct Record {
    argv: Vec<String>,
    env: BTreeMap<String, String>,
    cwd: String,
    stdin: String,
}

impl Record {
    fn is_set(&self, name: &str, value: &str) {
        assert_eq!(self.env.get(name).map(String::as_str), Some(value), "{name}");
    }
}

/// What every kind of agent that we know must find, and what it must not.
fn assert_launched_as_the_harness_does(stage: &Stage, record: &Record) {
    let above = stage.campaign.root.parent().unwrap().display().to_string();
    assert_eq!(record.cwd, stage.worktree());
    record.is_set("SANDBOX_VOLUMES", &format!("{}:/workspace:rw", stage.worktree()));
    record.is_set("PYTHONPATH", &format!("{above}/third-party/trae-agent:{above}:/of/the/env/file"));
    let fixed = "LOG_ALL_EVENTS=true OPENHANDS_DEBUG=true PYTHONUNBUFFERED=1 OPENHANDS_AUTO_CONTINUE=false AUTO_CONTINUE=false \
                 MAX_EMPTY_RESPONSES=2 TRAE_LOG_STARTUP=1 AGENT_MODE=action_oriented LOG_LEVEL=DEBUG OPENHANDS_LOG_LEVEL=DEBUG";
    for pair in fixed.split_whitespace() {
        let (name, value) = pair.split_once('=').unwrap();
        record.is_set(name, value);
    }
    for gone in ["GOOGLE_API_KEY", "TAVILY_API_KEY", "PERPLEXITY_API_KEY"] {
        assert!(!record.env.contains_key(gone), "{gone}");
    }
}

/// The values of `.env` are the agent's alone: no other stage finds them, nothing that we write holds them.
fn assert_dot_env_is_the_agents_alone(stage: &Stage, record: &Record) {
    record.is_set("DOT_ENV_TOKEN", HUSH);
    assert!(!record.env.contains_key("SECOND_FILE"), "only the first .env counts");
    let root = &stage.campaign.root;
    for stage in ["worktree", "check", "human", "baseline", "candidate"] {
        let seen = fs::read_to_string(root.join(format!("git.{stage}.env"))).unwrap();
        assert!(seen.contains("ISOBENCH_RUN=") && !seen.contains("DOT_ENV_TOKEN"), "{stage}: {seen}");
    }
    let arms = fs::read_to_string(root.join("arms.env")).unwrap();
    assert_eq!(arms.matches("ISOBENCH_RUN=").count(), 3, "{arms}");
    assert!(!arms.contains("DOT_ENV_TOKEN") && arms.contains("TAVILY_API_KEY=mine"), "{arms}");
    for path in files_below(&root.join("state")) {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        assert!(!text.contains(HUSH), "{}", path.display());
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Runs one item with `.env` files and a recording git, and looks at what is the same for every kind.
fn launched(mut stage: Stage) -> (Stage, Record) {
    let root = stage.campaign.root.clone();
    let env = format!(
        "# keys\nexport DOT_ENV_TOKEN='{HUSH}'\nGOOGLE_API_KEY=of-the-env-file\nLOG_LEVEL=INFO # not for long\nPYTHONPATH=/of/the/env/file\n"
    );
    fs::write(root.parent().unwrap().join(".env"), env).unwrap();
    fs::write(root.join(".env"), "SECOND_FILE=1\n").unwrap();
    let which = std::process::Command::new("sh").args(["-c", "command -v git"]).output().unwrap();
    fs::write(root.join("bin/git"), GIT.replace("REAL", said(&which).trim())).unwrap();
    fs::set_permissions(root.join("bin/git"), fs::Permissions::from_mode(0o755)).unwrap();
    stage.set("TAVILY_API_KEY", "mine");
    let output = stage.campaign.run(&["run", "--headless"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let record = stage.record();
    assert_launched_as_the_harness_does(&stage, &record);
    assert_dot_env_is_the_agents_alone(&stage, &record);
    let journal = stage.journal(1);
    assert_eq!((journal["status"].as_str(), journal["run_metadata"]["agent"].as_str()), (Some("success"), Some(stage.kind)), "{journal:#}");
    assert_eq!((journal[stage.kind]["returncode"].as_i64(), journal["metrics"]["changed_files_count"].as_i64()), (Some(0), Some(1)));
    assert_eq!(stage.campaign.item(1)["verdict"]["standing"], "beats");
    stage.campaign.assert_nothing_left();
    (stage, record)
}

fn words(line: &str, stage: &Stage) -> Vec<String> {
    let jd = stage.item_dir(1).display().to_string();
    line.split_whitespace().map(|word| word.replace("JD", &jd).replace("WT", &stage.worktree())).collect()
}

/// What the prediction and the summary name.
fn assert_model(stage: &Stage, model: &str) {
    let prediction: Value = serde_json::from_str(&stage.read(1, "prediction.jsonl")).unwrap();
    assert_eq!(prediction["model_name_or_path"], model);
    let summary = json_of(&stage.item_dir(1).join("run_summary.json"));
    assert_eq!(summary["meta"]["model_full"], model);
    let folder = stage.item_dir(1);
    let folder = folder.ancestors().nth(2).unwrap().file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(stage.journal(1)["run_metadata"]["model"], *folder);
}

/// The harness's files of an item, with these between them.
fn with_common(own: &[&str]) -> Vec<String> {
    let common =
        ["diff_targets.json", "journal.json", "model_patch.diff", "prediction.jsonl", "prompt.json", "run_summary.json", "task.txt"];
    let mut names: Vec<String> = common.iter().chain(own).map(|name| (*name).to_owned()).collect();
    names.sort();
    names
}

#[test]
fn trae_is_launched_as_the_harness_launches_it() {
    let stage = Stage::new("trae", 1);
    fs::write(stage.campaign.root.join("trae_config.yaml"), "").unwrap();
    stage.config("cli = \"python3\"\nmax_steps = 120\nconfig_file = \"trae_config.yaml\"", "");
    let (stage, record) = launched(stage);
    let config = stage.campaign.root.join("trae_config.yaml").display().to_string();
    let line = "python3 -m trae_agent.cli run --file JD/task.txt --working-dir WT --max-steps 120 --must-patch --patch-path JD/model_patch.diff \
                --trajectory-file JD/trajectory.json --config-file";
    assert_eq!(record.argv[1..], [&words(line, &stage)[1..], &[config]].concat());
    assert_eq!(record.stdin, "");
    record.is_set("COLUMNS", "160");
    record.is_set("TRAE_STEP_LOG_FILE", &stage.item_dir(1).join("trae_steps.log").display().to_string());
    assert!(!record.env.contains_key("CODEX_STEP_LOG_FILE"));
    assert_eq!(stage.files(1), with_common(&["trajectory.json", "trae_stderr.txt", "trae_stdout.txt"]));
    assert!(stage.read(1, "trae_stdout.txt").contains("Trajectory saved to"));
    assert_eq!(stage.journal(1)["trae"]["cli"], "python3");
    assert_eq!(stage.campaign.item(1)["steps"], 5);
    assert_model(&stage, "gpt-5-2025-08-07");
}

#[test]
fn codex_is_the_fork_of_trae_with_its_own_module() {
    let (stage, record) = launched(Stage::new("codex", 1));
    let line = "python3 -m codex_agent.cli run --file JD/task.txt --working-dir WT --max-steps 50 --must-patch --patch-path JD/model_patch.diff \
                --trajectory-file JD/trajectory.json";
    assert_eq!(record.argv[1..], words(line, &stage)[1..]);
    let steps = stage.item_dir(1).join("trae_steps.log").display().to_string();
    record.is_set("TRAE_STEP_LOG_FILE", &steps);
    record.is_set("CODEX_STEP_LOG_FILE", &steps);
    assert_eq!(stage.files(1), with_common(&["trajectory.json", "codex_stderr.txt", "codex_stdout.txt"]));
    assert_model(&stage, "gpt-5-2025-08-07");
}

#[test]
fn claude_code_streams_and_leaves_what_the_harness_would_have_left() {
    let (stage, record) = launched(Stage::new("claude_code", 1));
    let line =
        "-p --output-format stream-json --verbose --dangerously-skip-permissions --model sonnet --disallowedTools WebFetch,WebSearch";
    assert_eq!(record.argv[1..], words(line, &stage));
    assert_eq!(record.stdin, stage.read(1, "task.txt"), "the prompt is what it reads");
    let own = ["claude_code_stderr.txt", "claude_code_stdout.txt", "claude_code_stream.jsonl"];
    assert_eq!(stage.files(1), with_common(&own));
    let result: Value = serde_json::from_str(&stage.read(1, "claude_code_stdout.txt")).unwrap();
    assert_eq!((result["type"].as_str(), result["num_turns"].as_i64()), (Some("result"), Some(5)));
    let stream = stage.read(1, "claude_code_stream.jsonl");
    assert!(stream.lines().count() > 10 && stream.starts_with("{\"type\": \"system\""), "{stream}");
    assert!(stage.item_dir(1).join("claude_code_stream.jsonl").symlink_metadata().unwrap().is_file(), "a file, no link");
    assert_eq!(stage.journal(1)["claude_code"]["cli"], "claude");
    assert_eq!(stage.campaign.item(1)["steps"], 5);
    assert_model(&stage, "claude-sonnet-4-5-20250929");
}

#[test]
fn the_codex_cli_has_a_home_of_its_own_and_the_prompt_as_its_last_word() {
    let stage = Stage::new("codex_cli", 1);
    stage.config("profile = \"fast\"", "");
    let (stage, record) = launched(stage);
    let mut line = words("exec --cd WT --sandbox danger-full-access -p fast", &stage);
    line.push(stage.read(1, "task.txt"));
    assert_eq!(record.argv[1..], line);
    assert_eq!(record.stdin, "");
    let home = stage.campaign.root.join(".codex_home").display().to_string();
    record.is_set("HOME", &home);
    record.is_set("XDG_STATE_HOME", &format!("{home}/.xdg/state"));
    record.is_set("XDG_CACHE_HOME", &format!("{home}/.xdg/cache"));
    record.is_set("CODEX_HOME", &format!("{home}/.codex"));
    assert_eq!(stage.files(1), with_common(&["codex_rollout.jsonl", "openhands_stderr.txt", "openhands_stdout.txt"]));
    assert_eq!(stage.read(1, "openhands_stdout.txt"), "It is twice as fast now.\n");
    assert!(stage.read(1, "codex_rollout.jsonl").contains("task_complete"));
    assert_eq!(stage.campaign.item(1)["steps"], 5);
    assert_model(&stage, "gpt-5-codex");
}

#[test]
fn what_an_agent_wrote_that_ends_before_its_file_is_looked_for_again_is_judged_too() {
    let stage = Stage::new("codex_cli", 1);
    let told = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/codex/hooked.jsonl");
    let day = "$CODEX_HOME/sessions/$(date +%Y/%m/%d)";
    // it is looked for as the agent starts, and then once a second
    let quick = format!(
        "#!/bin/sh\nsleep 0.2\nmkdir -p {day}\nsed \"s|/work/engine|$3|; /task_complete/d\" '{}' >\"{day}/rollout-$(date +%Y-%m-%dT%H-%M-%S)-r1.jsonl\"\n",
        told.display()
    );
    let path = stage.campaign.root.join("bin/codex");
    fs::write(&path, quick).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    stage.campaign.run(&["run", "--headless"]);
    let found: Vec<Value> = stage.campaign.facts_of("finding_made").into_iter().map(|fact| fact["finding"]["detector"].clone()).collect();
    assert!(found.contains(&Value::from("D1")), "{found:?}");
}

#[test]
fn a_prompt_too_long_for_an_argument_is_read_from_stdin() {
    let stage = Stage::new("codex_cli", 1);
    fs::write(stage.campaign.root.join("long.txt"), "Make it faster. ".repeat(9000)).unwrap();
    stage.config("model = \"gpt-5\"\n[prompt]\ntemplate = \"long.txt\"", "");
    let output = stage.campaign.run(&["run", "--headless"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let record = stage.record();
    assert_eq!(record.argv[1..], words("exec --cd WT --sandbox danger-full-access -m gpt-5 -", &stage));
    assert_eq!(record.stdin.len(), 16 * 9000);
}

#[test]
fn openhands_by_uvx_keeps_its_events_with_the_attempt() {
    let stage = Stage::new("openhands", 1);
    stage.config("max_steps = 30\nmax_usd = 2.5", "");
    let (stage, record) = launched(stage);
    let line = "--python 3.12 --from openhands-ai python -m openhands.core.main -d WT -f JD/task.txt -i 30 -b 2.5";
    assert_eq!(record.argv[1..], words(line, &stage));
    record.is_set("FILE_STORE", "local");
    record.is_set("FILE_STORE_PATH", &stage.campaign.stage_dir(1, 1, "agent").join("openhands").display().to_string());
    assert!(!record.env.contains_key("TRAE_STEP_LOG_FILE"));
    assert_eq!(stage.files(1), with_common(&["openhands_events", "openhands_stderr.txt", "openhands_stdout.txt"]));
    let events = stage.item_dir(1).join("openhands_events");
    assert!(events.symlink_metadata().unwrap().is_dir() && events.join("0.json").is_file(), "a folder, no link");
    assert_eq!(stage.campaign.item(1)["steps"], 5);
}

#[test]
fn openhands_by_python_takes_the_harness_s_configuration() {
    let stage = Stage::new("openhands", 1);
    fs::create_dir(stage.campaign.root.join("config")).unwrap();
    fs::write(stage.campaign.root.join("config/main_openai.toml"), "[llm]\n").unwrap();
    stage.config("cli = \"python3\"", "");
    let (stage, record) = launched(stage);
    let config = stage.campaign.root.join("config/main_openai.toml").display().to_string();
    let line = "-m openhands.core.main --config-file CONFIG --log-level INFO -d WT -f JD/task.txt -i 50 -b 10.0";
    assert_eq!(record.argv[1..], words(&line.replace("CONFIG", &config), &stage));
}

#[test]
fn any_command_gets_the_env_file_and_else_what_it_always_got() {
    let mut stage = Stage::new("command", 1);
    let script = "env >\"$CAMPAIGN/agent.env\"; echo cost=50 >engine.sh";
    fs::write(stage.campaign.root.join("agent.sh"), script).unwrap();
    stage.config(&format!("command = [\"sh\", \"{}\"]", stage.campaign.root.join("agent.sh").display()), "");
    fs::write(stage.campaign.root.join(".env"), format!("DOT_ENV_TOKEN={HUSH}\n")).unwrap();
    stage.set("TAVILY_API_KEY", "mine");
    assert_eq!(stage.campaign.headless(), Some(0));
    let env = fs::read_to_string(stage.campaign.root.join("agent.env")).unwrap();
    assert!(env.contains(&format!("DOT_ENV_TOKEN={HUSH}")) && env.contains("TAVILY_API_KEY=mine"), "{env}");
    assert!(!env.contains("TRAE_LOG_STARTUP"), "{env}");
    assert!(!fs::read_to_string(stage.campaign.root.join("arms.env")).unwrap().contains(HUSH));
    assert_eq!(stage.files(1), with_common(&["command_stderr.txt", "command_stdout.txt"]));
}

/// A budget of steps over an agent that never ends.
fn stops_by_steps(kind: &'static str) {
    let mut stage = Stage::new(kind, 1);
    stage.config("max_steps = 6", "");
    stage.set("STANDIN_MODES", "*=loops");
    assert_eq!(stage.campaign.headless(), Some(0), "its patch is benchmarked all the same");
    let end = stage.agents_end(1);
    assert_eq!((end["class"].as_str(), end["child"]["cause"].as_str()), (Some("agent_budget"), Some("stopped")), "{end:#}");
    let ours = &stage.journal(1)["isobench_tui"];
    assert!(ours.to_string().contains("step budget: 6 steps (agent.max_steps)"), "{ours:#}");
    let item = stage.campaign.item(1);
    assert!(item["steps"].as_u64().unwrap() >= 6 && item["verdict"]["standing"] == "beats", "{item:#}");
    stage.campaign.assert_nothing_left();
}

#[test]
fn the_step_budget_stops_claude_code() {
    stops_by_steps("claude_code");
}

#[test]
fn the_step_budget_stops_the_codex_cli() {
    stops_by_steps("codex_cli");
}

#[test]
fn the_token_budget_stops_agents_that_have_none() {
    for kind in ["claude_code", "codex_cli", "openhands"] {
        let mut stage = Stage::new(kind, 1);
        stage.config("max_steps = 100000", "[limits]\nitem_tokens = 5000");
        stage.set("STANDIN_MODES", "*=loops");
        stage.campaign.headless();
        let end = stage.agents_end(1);
        assert!(end["why"].as_str().unwrap().contains("of 5000 tokens (limits.item_tokens)"), "{kind}: {end:#}");
        stage.campaign.assert_nothing_left();
    }
}

#[test]
fn the_time_budget_ends_every_kind_even_one_that_ignores_term() {
    for kind in ["trae", "codex", "claude_code", "codex_cli", "openhands"] {
        let mut stage = Stage::new(kind, 1);
        stage.config("max_steps = 100000", "[budget]\nagent = 0.03");
        stage.set("STANDIN_MODES", if kind == "trae" { "*=stubborn" } else { "*=loops" });
        assert_eq!(stage.campaign.headless(), Some(0), "{kind}");
        let end = stage.agents_end(1);
        assert_eq!((end["class"].as_str(), end["child"]["cause"].as_str()), (Some("agent_budget"), Some("deadline")), "{kind}: {end:#}");
        let journal = stage.journal(1);
        assert_eq!((journal["status"].as_str(), journal[kind]["returncode"].as_i64()), (Some("error"), Some(-15)), "{kind}: {journal:#}");
        stage.campaign.assert_nothing_left();
    }
}

#[test]
fn an_agent_s_failure_is_said_whatever_its_exit_code() {
    for (kind, exits) in [("trae", 0), ("claude_code", 1), ("codex_cli", 1), ("openhands", 0)] {
        let mut stage = Stage::new(kind, 3);
        stage.set("STANDIN_MODES", "c-0001=api_error c-0002=exit1 c-0003=nochange");
        assert_eq!(stage.campaign.headless(), Some(1), "{kind}");
        let (api, exit) = (stage.agents_end(1), stage.agents_end(2));
        assert_eq!((api["class"].as_str(), api["child"]["code"].as_i64()), (Some("api_auth"), Some(exits)), "{kind}: {api:#}");
        assert_eq!(exit["class"], "agent_crashed", "{kind}: {exit:#}");
        let statuses = [1, 2, 3].map(|nth| stage.journal(nth)["status"].as_str().unwrap().to_owned());
        let lenient = if exits == 0 { "success" } else { "error" };
        assert_eq!(statuses, [lenient, "error", "error"], "{kind}: as the harness says it");
    }
}

#[test]
fn a_missing_program_is_said_before_anything_starts() {
    for kind in ["trae", "claude_code", "codex_cli", "openhands"] {
        let stage = Stage::new(kind, 1);
        stage.config("cli = \"no-such-program\"", "");
        let output = stage.campaign.run(&["run", "--headless"]);
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        assert!(said(&output).contains("no-such-program"), "{}", said(&output));
    }
}

#[test]
fn a_worktree_stands_on_the_agent_s_branch() {
    let mut stage = Stage::new("command", 1);
    let script = "git symbolic-ref HEAD >\"$CAMPAIGN/branch\"; git log --format=%s >>\"$CAMPAIGN/branch\"; echo $$ >\"$CAMPAIGN/pid\"; echo cost=50 >engine.sh";
    fs::write(stage.campaign.root.join("agent.sh"), script).unwrap();
    stage.config(&format!("command = [\"sh\", \"{}\"]", stage.campaign.root.join("agent.sh").display()), "");
    stage.set("GIT_CONFIG_GLOBAL", "/dev/null");
    assert_eq!(stage.campaign.headless(), Some(0));
    let human = &stage.campaign.commits[1][..8];
    assert_eq!(fs::read_to_string(stage.campaign.root.join("branch")).unwrap(), format!("refs/heads/agent/t/{human}\nInitial state\n"));
    assert!(!lives(crate::support::pid_in(&stage.campaign.root.join("pid"))));
}
