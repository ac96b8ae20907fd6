//! The harness is found, and the configuration is put together from all that says something about it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use isobench_tui::config::Config;
use serde_json::{Value, json};

use crate::campaign::{Campaign, said};
use crate::support::{BINARY, folder, shared};

const BENCH: &str = r#"paths:
  work_root: "./.work"
  state_root: "./state"
agents:
  default: "trae"
  trae:
    cli: "${TRAE_PYTHON}"
    args:
      max_steps: 400
    time_budget_minutes: 120
    config_file: "${TRAE_CONFIG:-config/trae.yaml}"
  codex:
    cli: "python"
  codex_cli:
    cli: "${CODEX_CLI:-codex}"
    args: {max_steps: 120, profile: "${CODEX_PROFILE:-}"}
    time_budget_minutes: 90
  claude_code:
    args: {model: ""}
  openhands:
    args: {iterations: 7}
"#;

/// A harness in one folder.
struct Harness {
    _keep: tempfile::TempDir,
    root: PathBuf,
    env: Vec<(&'static str, String)>,
}

impl Harness {
    fn new() -> Self {
        let (keep, path) = folder();
        let root = path.canonicalize().unwrap().join("harness");
        for name in ["state", "tasks", "home"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        let harness = Self { _keep: keep, root, env: Vec::new() };
        harness.write("bench.yaml", BENCH);
        harness.write("state/plan.json", &plan(2));
        harness
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn command(&self, folder: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(BINARY);
        command.args(arguments).current_dir(folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", self.root.join("home")).envs(self.env.iter().map(|(name, value)| (name, value)));
        command.output().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(&self.root, arguments)
    }

    /// `print config --format json` with these flags.
    fn config(&self, flags: &[&str]) -> Value {
        let output = self.run(&[&["print", "config", "--format", "json"], flags].concat());
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// A value and its origin.
    fn value(&self, key: &str, flags: &[&str]) -> (Value, String) {
        let row = self.config(flags)["config"][key].clone();
        (row["value"].clone(), row["origin"].as_str().unwrap().to_owned())
    }

    /// That these flags are refused, and that all of this is said.
    fn refused(&self, flags: &[&str], says: &[&str]) {
        let output = self.run(&[&["print", "config"], flags].concat());
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        for part in says {
            assert!(text.contains(part), "'{part}' is not said in: {text}");
        }
    }
}

fn plan(items: usize) -> String {
    let item = |nth| json!({"item_id": format!("i-{nth}"), "human": "abcdef12", "pre": "", "pre_parent_index": 1});
    json!({"repo": "repo", "task_id": "t", "items": (0..items).map(item).collect::<Vec<_>>()}).to_string()
}

fn at(value: impl Into<Value>, origin: &str) -> (Value, String) {
    (value.into(), origin.to_owned())
}

#[test]
fn the_real_bench_file_says_which_agent_and_how_long() {
    let Some(shared) = shared() else { return };
    let harness = Harness::new();
    let root = shared.join("corpus").canonicalize().unwrap();
    let output = harness.command(&root, &["print", "config", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let wanted = [
        ("agent.kind", json!("trae"), "bench.yaml: agents.default"),
        ("agent.max_steps", json!(400), "bench.yaml: agents.trae.args.max_steps"),
        ("agent.cli", Value::Null, "bench.yaml: agents.trae.cli ($TRAE_PYTHON is not set)"),
        ("budget.agent", json!(120.0), "bench.yaml: agents.trae.time_budget_minutes"),
        ("paths.work", json!(".work"), "bench.yaml: paths.work_root"),
        ("agent.name", json!("trae"), "from agent.kind"),
    ];
    for (key, value, origin) in wanted {
        assert_eq!(found["config"][key], json!({"value": value, "origin": origin}), "{key}");
    }
    assert_eq!(found["root"], json!(root));
    assert_eq!(found["repo_root"], json!(root));
    assert_eq!(found["task"], json!(root.join("tasks/vllm.yaml")));
    assert_eq!(found["plans"][0]["holds"], "96 items of vllm_core");
    let claude = harness.command(&root, &["print", "config", "--agent", "claude_code", "--format", "json"]);
    let claude: Value = serde_json::from_slice(&claude.stdout).unwrap();
    let says = "bench.yaml: agents.claude_code.args.model (its default: $CLAUDE_MODEL is not set)";
    assert_eq!(claude["config"]["agent.model"], json!({"value": "sonnet", "origin": says}));
}

#[test]
fn the_inner_folder_is_found_from_everywhere_in_the_repository_under_all_its_names() {
    for (outer, inner) in [("ISO-Bench", "ISO-Bench"), ("OmniPerf-Bench", "perf-agents-bench"), ("mine", "harness")] {
        let harness = Harness::new();
        let repo = harness.root.join(outer);
        let root = repo.join(inner);
        for folder in [root.join("bench"), root.join("tasks"), root.join("state/runs/vllm"), repo.join("scripts/runners")] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::rename(harness.root.join("bench.yaml"), root.join("bench.yaml")).unwrap();
        fs::remove_dir_all(harness.root.join("state")).unwrap();
        for from in [&repo, &root, &root.join("state/runs/vllm"), &repo.join("scripts/runners"), &root.join("bench")] {
            let output = harness.command(from, &["print", "config", "--format", "json"]);
            assert_eq!(output.status.code(), Some(0), "{}: {}", from.display(), said(&output));
            let found: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!((&found["root"], &found["repo_root"]), (&json!(root), &json!(repo)), "{}", from.display());
        }
        let named = harness.config(&["--root", repo.to_str().unwrap()]);
        assert_eq!(named["root"], json!(root));
        // a second one of the same rank
        let other = if inner == "harness" {
            "another"
        } else if inner == "ISO-Bench" {
            "perf-agents-bench"
        } else {
            "ISO-Bench"
        };
        fs::create_dir_all(repo.join(other).join("state")).unwrap();
        fs::copy(root.join("bench.yaml"), repo.join(other).join("bench.yaml")).unwrap();
        for arguments in [&["print", "config"][..], &["run", "--headless"], &["ls"]] {
            let output = harness.command(&repo, arguments);
            let text = said(&output);
            assert_eq!(output.status.code(), Some(2), "{text}");
            assert!(text.contains(inner) && text.contains(other) && text.contains("--root"), "{text}");
        }
        fs::write(repo.join("plan.json"), plan(1)).unwrap();
        let output = harness.command(&repo, &["run", "--headless", "--plan", "plan.json"]);
        assert_eq!(output.status.code(), Some(2), "a plan does not make a third one of it");
        assert!(said(&output).contains(other) && !repo.join("state").exists(), "{}", said(&output));
        let output = harness.command(&root, &["print", "config"]);
        assert_eq!(output.status.code(), Some(0), "inside one of them there is no question: {}", said(&output));
    }
}

#[test]
fn a_configuration_in_the_repositorys_root_is_not_read_in_silence_nor_passed_over() {
    let harness = Harness::new();
    let repo = harness.root.parent().unwrap();
    fs::write(repo.join("isobench-tui.toml"), "hold = true\n").unwrap();
    let output = harness.command(repo, &["print", "config"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("isobench-tui.toml") && text.contains(harness.root.to_str().unwrap()) && text.contains("move"), "{text}");
}

#[test]
fn a_harness_beside_a_folder_further_up_is_somebody_elses() {
    let harness = Harness::new();
    let above = harness.root.parent().unwrap().to_owned();
    let beside = above.join("beside/deep");
    fs::create_dir_all(&beside).unwrap();
    let output = harness.command(&beside, &["print", "config"]);
    assert_eq!(output.status.code(), Some(2));
    let text = said(&output);
    for part in ["no ISO-Bench harness", "bench.yaml", "perf-agents-bench", "--root"] {
        assert!(text.contains(part), "{text}");
    }
    let output = harness.command(&above, &["print", "config"]);
    assert_eq!(output.status.code(), Some(0), "the folder that we stand in is looked into: {}", said(&output));
}

#[test]
fn of_several_bench_files_the_named_the_usual_or_the_agents_own_is_taken() {
    let harness = Harness::new();
    let bench = |name: &str, agent: &str, minutes: u32| {
        harness.write(name, &format!("agents:\n  default: {agent}\n  {agent}: {{time_budget_minutes: {minutes}}}\n"));
    };
    let taken = |flags: &[&str]| harness.value("budget.agent", flags);
    bench("bench_claude.yaml", "claude_code", 30);
    assert_eq!(taken(&[]), at(120.0, "bench.yaml: agents.trae.time_budget_minutes"), "bench.yaml goes before all others");
    fs::remove_file(harness.root.join("bench.yaml")).unwrap();
    assert_eq!(taken(&[]), at(30.0, "bench_claude.yaml: agents.claude_code.time_budget_minutes"), "the only one");
    bench("bench_trae.yaml", "trae", 40);
    harness.refused(&[], &["2 bench files", "bench_claude.yaml", "bench_trae.yaml", "--bench-cfg"]);
    assert_eq!(taken(&["--agent", "trae"]), at(40.0, "bench_trae.yaml: agents.trae.time_budget_minutes"));
    assert_eq!(taken(&["--bench-cfg", "bench_claude.yaml"]).0, 30.0);
    assert_eq!(harness.value("harness.bench", &["--bench-cfg", "bench_claude.yaml"]), at("bench_claude.yaml", "--bench-cfg"));
    harness.write("isobench-tui.toml", "[harness]\nbench = \"bench_trae.yaml\"\n");
    assert_eq!(taken(&[]).0, 40.0);
    assert_eq!(harness.value("harness.bench", &[]), at("bench_trae.yaml", "isobench-tui.toml:2"));
    assert_eq!(taken(&["--bench-cfg", "bench_claude.yaml"]).0, 30.0, "the flag goes before the file");
    harness.write("isobench-tui.toml", "[agent]\nkind = \"claude_code\"\n");
    assert_eq!(taken(&[]).0, 30.0, "the file's agent chooses as well");
    bench("bench_trae_too.yaml", "trae", 50);
    harness.refused(&["--agent", "trae"], &["bench_trae.yaml", "bench_trae_too.yaml"]);
    harness.refused(&["--bench-cfg", "no_such.yaml"], &["no_such.yaml"]);
    harness.write("isobench-tui.toml", "[harness]\nbench = \"\"\n");
    assert_eq!(harness.value("agent.kind", &[]), at("command", "default"), "none is wanted");
}

#[test]
fn each_layer_goes_before_the_one_below_it_and_is_named() {
    let mut harness = Harness::new();
    harness.write("bench.yaml", &BENCH.replace("default: \"trae\"", "default: claude_code"));
    assert_eq!(harness.value("agent.model", &[]), at("sonnet", "the harness's own default"));
    assert_eq!(harness.value("budget.agent", &[]), at(60.0, "the harness's own default"), "the section is there, the field is not");
    harness.write(".env", "export CLAUDE_MODEL=from-file # for all\n");
    assert_eq!(harness.value("agent.model", &[]), at("from-file", ".env: CLAUDE_MODEL"), "nobody sourced it");
    harness.env.push(("CLAUDE_MODEL", "from-env".to_owned()));
    assert_eq!(harness.value("agent.model", &[]), at("from-env", "environment variable CLAUDE_MODEL"));
    assert_eq!(harness.value("agent.model_name", &[]), at("from-env", "from agent.model"));
    harness.write("isobench-tui.toml", "\n[agent]\nmodel = \"from-toml\"\n");
    assert_eq!(harness.value("agent.model", &[]), at("from-toml", "isobench-tui.toml:3"));
    assert_eq!(harness.value("agent.model", &["--model", "from-flag"]), at("from-flag", "--model"));
    assert_eq!(harness.value("agent.model_name", &["--model", "from-flag"]), at("from-flag", "--model"));
    assert_eq!(harness.value("agent.via", &["--via", "harness"]), at("harness", "--via"));
    harness.write(".env", "TRAE_PYTHON=/of/file\n");
    assert_eq!(harness.value("agent.cli", &["--agent", "trae"]), at("/of/file", "bench.yaml: agents.trae.cli (.env: TRAE_PYTHON)"));
    harness.env = vec![("TRAE_PYTHON", "/of/env".to_owned())];
    assert_eq!(harness.value("agent.cli", &["--agent", "trae"]), at("/of/env", "bench.yaml: agents.trae.cli ($TRAE_PYTHON)"));
    harness.env = vec![("LLM_MODEL", "gpt-9".to_owned()), ("CODEX_PROFILE", "fast".to_owned())];
    harness.write("isobench-tui.toml", "[agent]\nkind = \"codex_cli\"\n");
    assert_eq!(harness.value("agent.profile", &[]), at("fast", "bench.yaml: agents.codex_cli.args.profile ($CODEX_PROFILE)"));
    assert_eq!(harness.value("agent.model", &[]), at(Value::Null, "default"));
    assert_eq!(harness.value("agent.model_name", &[]), at("gpt-9", "environment variable LLM_MODEL"));
    assert_eq!(harness.value("agent.max_steps", &["--agent", "openhands"]), at(7, "bench.yaml: agents.openhands.args.iterations"));
    assert_eq!(harness.value("agent.max_usd", &["--agent", "openhands"]), at(10.0, "the harness's own default"));
    assert_eq!(harness.value("agent.model", &["--agent", "openhands"]), at("gpt-9", "environment variable LLM_MODEL"));
    assert_eq!(harness.value("agent.max_steps", &["--agent", "codex"]), at(50, "the harness's own default"));
}

#[test]
fn the_models_folder_has_the_name_that_the_agents_own_configuration_has() {
    let mut harness = Harness::new();
    let name = |harness: &Harness, flags: &[&str]| harness.value("agent.model_name", flags);
    assert_eq!(name(&harness, &[]).0, "default");
    assert!(harness.config(&[])["notes"][0].as_str().unwrap().contains("config/trae.yaml"), "why it is no better name");
    harness.write(
        "config/trae.yaml",
        "models:\n  zeta: {temperature: 1}\n  beta: {model: first}\n  alpha: {model: second}\nllm: {model: x}\n",
    );
    let at_file = |field: &str, file: &str| format!("from {}: {field}", harness.root.join(file).display());
    assert_eq!(name(&harness, &[]), at("first", &at_file("models.beta.model", "config/trae.yaml")), "in the file's order");
    harness.write("config/trae.yaml", "llm: {model: x}\n");
    assert_eq!(name(&harness, &[]), at("x", &at_file("llm.model", "config/trae.yaml")));
    harness.write("config/trae.yaml", "models: [\n");
    assert_eq!(name(&harness, &[]).0, "default");
    assert!(harness.config(&[])["notes"][0].as_str().unwrap().contains("trae.yaml"));
    harness.write(".codex_home/.codex/config.toml", "model = \"m\"\n[profiles.fast]\nmodel = \"f\"\n");
    assert_eq!(name(&harness, &["--agent", "codex_cli"]).0, "m");
    harness.write("elsewhere/config.toml", "model = \"e\"\n[profiles.fast]\nmodel = \"f\"\n");
    harness.env = vec![("CODEX_HOME", harness.root.join("elsewhere").display().to_string())];
    assert_eq!(name(&harness, &["--agent", "codex_cli"]).0, "e");
    harness.env.push(("CODEX_PROFILE", "fast".to_owned()));
    let at_profile = format!("from {}: profiles.fast.model", harness.root.join("elsewhere/config.toml").display());
    assert_eq!(name(&harness, &["--agent", "codex_cli"]), at("f", &at_profile));
}

#[test]
fn another_agent_does_not_get_what_the_file_has_for_its_own() {
    let harness = Harness::new();
    harness.write("isobench-tui.toml", "[agent]\nkind = \"trae\"\nname = \"mine\"\ncli = \"/opt/python\"\nmax_steps = 9\n");
    let found = harness.config(&["--agent", "claude_code"]);
    assert_eq!(found["config"]["agent.name"]["value"], "claude_code");
    assert_eq!(found["config"]["agent.cli"]["value"], Value::Null);
    assert_eq!(found["config"]["agent.max_steps"]["value"], 9, "a limit is for all");
    let notes = found["notes"].to_string();
    assert!(notes.contains("isobench-tui.toml:4: agent.cli is for trae and not taken for claude_code"), "{notes}");
    assert_eq!(harness.value("agent.cli", &["--agent", "trae"]), at("/opt/python", "isobench-tui.toml:4"));
    harness.refused(&["--agent", "claud_code"], &["--agent claud_code", "did you mean claude_code?"]);
    harness.write("isobench-tui.toml", "[agent]\ncommand = [\"true\"]\n");
    assert_eq!(harness.value("agent.kind", &[]), at("command", "from agent.command"), "a command means itself");
    assert_eq!(harness.value("agent.name", &["--agent", "second"]), at("second", "--agent"), "a command's folder has any name");
    harness.refused(&["--agent", "../second"], &["--agent ../second", "slash"]);
    harness.refused(&["--model", " "], &["--model", "empty"]);
    harness.refused(&["--via", "both"], &["direct or harness"]);
}

/// Every key with a value that is not its default.
const EVERYTHING: &str = r#"repo = "r \" \\ é\u007f"
hold = true
[paths]
state = "s"
work = "/w"
[agent]
kind = "codex_cli"
via = "harness"
name = "n"
model = "m"
model_name = "mn"
cli = "c"
command = ["a", "b c", "\t{task}"]
trajectory = "t"
config_file = "cf"
profile = "p"
max_steps = 3
max_usd = 0.25
on_stuck = "stop"
silence_s = 90.0
[prompt]
source = "copy"
template = "te"
from = "f"
[harness]
bench = "bench.yaml"
task = "ta"
python = "py"
[arms]
engine = "three_way"
mapping = "ma"
reuse = "all"
repeat = 3
unmeasured = true
command = ["x"]
threshold_pct = 1e-7
images = ["org/bench:{human}", "org/base:{parent12}"]
prune = "all"
gpus = [0, 2]
gpu_wait = 2
[docker]
org = "o"
human = "{org}/h:{human8}"
baseline = "{org}/b:{parent12}"
cache = "/c"
mounts = ["d:/d:ro", "/e:/e"]
pass = ["A_TOKEN"]
set = ["B=c"]
shm_gib = 1.5
ipc_host = true
models = { "a/b" = "c/d", "e \"f\"" = "g" }
repairs = ["transformers"]
server_args = ["--x"]
sources = ["/s"]
[judge]
command = ["j", "{item_dir}"]
timeout_s = 5.5
[budget]
worktree = 1.5
agent = 2
check = 3
pull = 4
arm = 0
ready = 0.5
bench = 9
[limits]
item_tokens = 4
run_tokens = 9007199254740993
run_usd = 6
usd_per_mtok_input = 7
usd_per_mtok_output = 8
until = "09:00"
[retry]
transient = 5
backoff_s = 1
[breaker]
items = 1
probe_minutes = 1
"#;

#[test]
fn every_setting_is_printed_and_what_is_printed_can_be_loaded_again() {
    let harness = Harness::new();
    harness.write("all.toml", EVERYTHING);
    let everything = harness.config(&["--config", "all.toml"]);
    let found: Vec<&str> = everything["config"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(found, Config::keys(), "every key, in the order of the structs");
    for (key, row) in everything["config"].as_object().unwrap() {
        assert!(row["origin"].as_str().unwrap().starts_with("all.toml:"), "{key} is not set in EVERYTHING: {row}");
    }
    let values = |found: &Value| -> Vec<Value> { found["config"].as_object().unwrap().values().map(|row| row["value"].clone()).collect() };
    for flags in [&["--config", "all.toml"][..], &[], &["--agent", "claude_code"]] {
        let printed = harness.run(&[&["print", "config"], flags].concat());
        assert_eq!(printed.status.code(), Some(0), "{}", said(&printed));
        let text = String::from_utf8(printed.stdout).unwrap();
        harness.write("again.toml", &text);
        assert_eq!(values(&harness.config(&["--config", "again.toml"])), values(&harness.config(flags)), "{text}");
    }
}

#[test]
fn secrets_are_masked_and_the_env_file_is_named_without_its_values() {
    let mut harness = Harness::new();
    harness.env.push(("MY_API_KEY", "sk-0123456789".to_owned()));
    harness.write(".env", "HF_TOKEN=hf_0123456789\nDATABASE=postgres://ann:pass@db\nTRAE_CONFIG=config/trae_mine.yaml\n");
    let words = "[\"a\", \"--key=sk-0123456789\", \"hf_0123456789\", \"postgres://ann:pass@db\"]";
    harness.write("isobench-tui.toml", &format!("[agent]\nkind = \"trae\"\ncommand = {words}\n"));
    for format in ["text", "json"] {
        let output = harness.run(&["print", "config", "--format", format]);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(0), "{text}");
        for secret in ["0123456789", "pass@db"] {
            assert!(!text.contains(secret), "{text}");
        }
        for shown in ["DATABASE", "HF_TOKEN", "config/trae_mine.yaml", "--key=•••"] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
    }
}

#[test]
fn mistakes_in_the_bench_file_are_named_with_file_place_and_field() {
    let harness = Harness::new();
    let with = |old: &str, new: &str, says: &[&str]| {
        harness.write("bench.yaml", &BENCH.replacen(old, new, 1));
        harness.refused(&[], says);
        assert_eq!(harness.run(&["run", "--headless"]).status.code(), Some(2));
    };
    with("default: \"trae\"", "default: \"tare\"", &["bench.yaml:5:3", "agents.default", "did you mean trae?"]);
    let kind = harness.value("agent.kind", &["--agent", "claude_code"]);
    assert_eq!(kind, at("claude_code", "--agent"), "an unknown default is nobody's business where another agent is wanted");
    with("max_steps: 400", "max_steps: many", &["bench.yaml:9:", "agents.trae.args.max_steps"]);
    with("time_budget_minutes: 120", "time_budget_minutes: -1", &["bench.yaml:10:5", "agents.trae.time_budget_minutes", "out of range"]);
    with("time_budget_minutes: 120", "time_budget_minutes: .nan", &["bench.yaml:10:"]);
    with("  trae:", "  trae: {}\n  trae:", &["bench.yaml:7:3", "'trae' stands here twice"]);
    with("agents:", "agents: [", &["bench.yaml:"]);
    with("\"${TRAE_PYTHON}\"", "\"a\\0b\"", &["bench.yaml:7:", "agents.trae.cli", "NUL"]);
    fs::write(harness.root.join("bench.yaml"), b"agents: \xff").unwrap();
    harness.refused(&[], &["bench.yaml:1:9", "UTF-8"]);
    assert!(!harness.root.join("state/tui").exists(), "nothing was written");
}

#[test]
fn a_configuration_that_is_a_pipe_a_folder_or_huge_is_refused() {
    let harness = Harness::new();
    let path = harness.root.join("isobench-tui.toml");
    fs::create_dir(&path).unwrap();
    harness.refused(&[], &["isobench-tui.toml", "no regular file"]);
    fs::remove_dir(&path).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    harness.refused(&["--config", "isobench-tui.toml"], &["isobench-tui.toml", "no regular file"]);
    fs::remove_file(&path).unwrap();
    fs::write(&path, "# long\n".repeat(200_000)).unwrap();
    harness.refused(&[], &["isobench-tui.toml", "larger than 1 MiB"]);
}

#[test]
fn of_several_plans_one_must_be_named() {
    let harness = Harness::new();
    let run = |arguments: &[&str]| said(&harness.run(&[&["run", "--headless"], arguments].concat()));
    harness.write("isobench-tui.toml", "[agent]\ncommand = [\"true\"]\n");
    fs::rename(harness.root.join("state/plan.json"), harness.root.join("state/plan_remaining.json")).unwrap();
    assert!(run(&[]).contains("i-1"), "the only plan is taken");
    harness.write("state/other_plan.yaml", "repo: repo\ntask_id: u\nitems:\n  - {item_id: y-7, human: abcdef12}\n");
    let text = run(&[]);
    for part in ["2 plans", "plan_remaining.json", "2 items of t", "other_plan.yaml", "1 item of u", "--plan"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(run(&["--plan", "state/other_plan.yaml"]).contains("y-7"), "YAML");
    harness.write("commits.txt", "# mine\nabcdef12 | 2026-01-01 | faster\n");
    assert!(run(&["--plan", "commits.txt"]).contains("needs its task"));
    harness.write("tasks/one.yaml", "id: one_core\nrepo: {url: repo}\n");
    assert!(run(&["--plan", "commits.txt"]).contains("one_core-0001"), "the comment's line counts");
    harness.write("tasks/two.yaml", "id: two_core\nrepo: {url: repo}\n");
    let text = run(&["--plan", "commits.txt"]);
    assert!(text.contains("harness.task") && text.contains("tasks/two.yaml"), "{text}");
    harness.write("isobench-tui.toml", "[agent]\ncommand = [\"true\"]\n[harness]\ntask = \"tasks/two.yaml\"\n");
    assert!(run(&["--plan", "commits.txt"]).contains("two_core-0001"));
}

#[test]
fn plans_under_other_names_are_looked_for() {
    let harness = Harness::new();
    let run = |arguments: &[&str]| said(&harness.run(&[&["run", "--headless"], arguments].concat()));
    harness.write("isobench-tui.toml", "[agent]\ncommand = [\"true\"]\n");
    fs::rename(harness.root.join("state/plan.json"), harness.root.join("state/a.json")).unwrap();
    harness.write("state/notes.json", "{\"a\": 1}");
    harness.write("state/large.json", &" ".repeat(5 << 20));
    assert!(run(&[]).contains("i-1"), "the only one that is a plan is taken");
    harness.write("state/b.yaml", "repo: repo\ntask_id: u\nitems:\n- {item_id: y-7, human: 1234e567}\n");
    let text = run(&[]);
    for part in ["2 plans", "a.json  (2 items of t)", "b.yaml  (1 item of u)"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("notes.json") && !text.contains("large.json"), "{text}");
    harness.write("state/plan.json", &plan(1));
    assert!(run(&[]).contains("i-0"), "the usual name goes before");
}

#[test]
fn a_file_that_is_not_here_and_is_in_the_harness_folder_is_taken_and_said() {
    let harness = Harness::new();
    harness.write("../README", "");
    harness.write("isobench-tui.toml", "[agent]\ncommand = [\"true\"]\n");
    harness.write("state/x.json", &plan(1).replace("i-0", "x-0"));
    harness.write("other.toml", "[agent]\ncommand = [\"true\"]\nname = \"other\"\n");
    harness.write("bench_two.yaml", "agents: {default: trae}\n");
    let above = harness.root.parent().unwrap();
    let run = |arguments: &[&str]| said(&harness.command(above, arguments));
    let taken = |flag: &str, name: &str| format!("{flag} {name}: it is not in this folder; taken is {}", harness.root.join(name).display());
    let text = run(&["run", "--headless", "--plan", "state/x.json"]);
    assert!(text.contains(&taken("--plan", "state/x.json")) && text.contains("x-0"), "{text}");
    let text = run(&["print", "config", "--config", "other.toml", "--bench-cfg", "bench_two.yaml"]);
    assert!(text.contains(&taken("--config", "other.toml")) && text.contains(&taken("--bench-cfg", "bench_two.yaml")), "{text}");
    assert!(text.contains("name = \"other\"") && text.contains("bench = \"bench_two.yaml\""), "{text}");
    fs::create_dir(above.join("state")).unwrap();
    fs::write(above.join("state/x.json"), plan(1).replace("i-0", "here-0")).unwrap();
    let text = run(&["run", "--headless", "--plan", "state/x.json"]);
    assert!(text.contains("here-0") && !text.contains("taken is"), "what is here goes first: {text}");
    assert!(run(&["run", "--headless", "--plan", "state/none.json"]).contains("no plan at state/none.json"));
}

#[test]
fn what_nobody_reads_is_said() {
    let harness = Harness::new();
    harness.write("bench.yaml", &BENCH.replace("  codex_cli:", "  tare: {cli: x}\n  mine:\n  codex_cli:"));
    let keys = "command = [\"a\"]\ntrajectory = \"t\"\nprofile = \"p\"\nconfig_file = \"c\"\nmax_usd = 3\n";
    harness.write("isobench-tui.toml", &format!("[agent]\nkind = \"claude_code\"\n{keys}"));
    let notes = harness.config(&[])["notes"].to_string();
    for part in [
        "bench.yaml: agents.tare is read by nobody, there is no such agent: did you mean trae?",
        "agents.mine is read by nobody",
        "isobench-tui.toml:3: agent.command is for agents of kind command: claude_code has no use for it",
        "isobench-tui.toml:4: agent.trajectory is for",
        "isobench-tui.toml:5: agent.profile is for agents of kind codex_cli",
        "isobench-tui.toml:6: agent.config_file is for agents of kind trae and codex",
        "isobench-tui.toml:7: agent.max_usd is for agents of kind openhands",
    ] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
    let doctor = said(&harness.run(&["doctor", "--format", "json"]));
    assert!(doctor.contains("agents.tare is read by nobody") && doctor.contains("agent.max_usd is for"), "{doctor}");
    harness.write("bench.yaml", BENCH);
    harness.write("isobench-tui.toml", "[agent]\nkind = \"command\"\ncommand = [\"a\"]\nprofile = \"\"\nmax_usd = 0\n");
    assert_eq!(harness.config(&[])["notes"], json!([]), "what is used, and what is nothing");
}

#[test]
fn from_inside_a_state_that_is_a_link_the_harness_with_the_link_is_meant() {
    let mut harness = Harness::new();
    let elsewhere = harness.root.parent().unwrap().join("disk");
    fs::create_dir_all(elsewhere.join("state/runs")).unwrap();
    fs::remove_dir_all(harness.root.join("state")).unwrap();
    std::os::unix::fs::symlink(elsewhere.join("state"), harness.root.join("state")).unwrap();
    let here = harness.root.join("state/runs");
    let root = |harness: &Harness| {
        let output = harness.command(&here, &["print", "config", "--format", "json"]);
        serde_json::from_slice::<Value>(&output.stdout).map(|found| found["root"].clone()).map_err(|_no_json| said(&output))
    };
    harness.env = vec![("PWD", here.display().to_string())];
    assert_eq!(root(&harness), Ok(json!(harness.root)));
    // where the shell tells of another folder, ours is the one that we are in
    harness.env = vec![("PWD", harness.root.display().to_string())];
    assert_eq!(root(&harness), Ok(json!(elsewhere)));
}

#[test]
fn state_and_work_are_where_the_configuration_has_them_and_the_ledger_is_not() {
    let campaign = Campaign::good(1);
    campaign.config("", "", "[paths]\nstate = \"kept/state\"\nwork = \"kept/work\"\n");
    fs::create_dir_all(campaign.root.join("kept/state")).unwrap();
    fs::rename(campaign.root.join("state/plan.json"), campaign.root.join("kept/state/plan.json")).unwrap();
    // the runner in the background knows the folders from the manifest alone
    campaign.detached();
    campaign.wait_end();
    assert_eq!(campaign.statuses(), ["done"]);
    let model = campaign.root.join("kept/state/runs/repo/script/default");
    let run = fs::read_dir(&model).unwrap().next().unwrap().unwrap().path();
    assert!(run.join("c-0001/journal.json").is_file(), "{}", run.display());
    assert!(campaign.root.join("kept/work/worktrees").is_dir());
    assert!(!campaign.root.join("state/runs").exists() && !campaign.root.join(".work").exists());
    assert!(campaign.folder().path().starts_with(campaign.root.join("state/tui")));
    let manifest: Value = serde_json::from_slice(&fs::read(campaign.folder().manifest()).unwrap()).unwrap();
    let origin = manifest["config"]["origins"]["paths.state"].as_str().unwrap();
    assert!(origin.starts_with("isobench-tui.toml:"), "{origin}");
    assert!(manifest["config"]["origins"]["paths.work"].is_string() && manifest["config"]["origins"]["retry.transient"].is_null());
}

#[test]
fn a_link_in_the_tree_of_runs_is_not_written_through_and_one_to_the_whole_state_is() {
    // preflight finds one that is there before the run: this one comes while the first item is at work
    let link = "[ $item = c-0002 ] || { mv $CAMPAIGN/state/runs/repo $CAMPAIGN/outside/repo; ln -s $CAMPAIGN/outside/repo $CAMPAIGN/state/runs/repo; }; echo cost=50 >engine.sh";
    let campaign = Campaign::new(2, link, crate::campaign::GOOD_ARM);
    let outside = campaign.root.join("outside");
    fs::create_dir_all(&outside).unwrap();
    assert_eq!(campaign.headless(), Some(1));
    let why = campaign.item(2).to_string();
    assert!(why.contains("leads it out") && why.contains("paths.state"), "{why}");
    let output = Command::new("find").arg(&outside).args(["-name", "c-0002"]).output().unwrap();
    assert!(output.stdout.is_empty(), "nothing is written through the link: {}", String::from_utf8_lossy(&output.stdout));
    campaign.agent(crate::campaign::GOOD_AGENT);
    fs::remove_file(campaign.root.join("state/runs/repo")).unwrap();
    fs::rename(campaign.root.join("state"), outside.join("state")).unwrap();
    std::os::unix::fs::symlink(outside.join("state"), campaign.root.join("state")).unwrap();
    assert_eq!(campaign.run(&["run", "--new", "--headless"]).status.code(), Some(0));
    assert!(outside.join("state/runs/repo/script/default").is_dir());
}
