//! At home in ISO-Bench: a copy of the real corpus with a small real repository in vLLM's place runs through with each
//! kind of agent, from the corpus's own bench file; and the harness's own rules say of our run what we say of it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what went wrong by failing")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::agents::{fixtures, packages};
use crate::campaign::said;
use crate::support::{BINARY, folder, shared};

/// Real runs that lie beside ours: one of each shape.
const REAL_RUNS: [&str; 4] = [
    "vllm/trae/gpt-4o/2025-11-05_16-39-51",
    "vllm/codex/gpt-4o/2025-11-19_18-08-24",
    "vllm/trae/gpt-4o/2025-10-08_16-04-31",
    "vllm/trae/gpt-4o/2025-10-08_16-14-08",
];

/// What each item's agent does. The ids have gaps, as in real plans.
const ITEMS: [(&str, &str); 5] = [
    ("vllm_core-0000", "ok"),
    ("vllm_core-0003", "exit1"),
    ("vllm_core-0004", "nochange"),
    ("vllm_core-0010", "api_error"),
    ("vllm_core-0011", "ok"),
];

/// A release's folders with a copy of the corpus in them.
struct Home {
    _folder: tempfile::TempDir,
    /// The harness folder.
    root: PathBuf,
    /// The repository around it.
    repository: PathBuf,
}

impl Home {
    fn new() -> Option<Self> {
        let corpus = shared()?.join("corpus");
        let (folder, path) = folder();
        let repository = path.canonicalize().unwrap().join("ISO-Bench");
        let root = repository.join("ISO-Bench");
        fs::create_dir_all(root.join("state")).unwrap();
        copy(&corpus.join("bench.yaml"), &root.join("bench.yaml"));
        copy(&corpus.join("tasks"), &root.join("tasks"));
        copy(&corpus.join("mappings"), &repository.join("data/mappings"));
        for run in REAL_RUNS {
            copy(&corpus.join("state/runs").join(run), &root.join("state/runs").join(run));
        }
        packages(&repository);
        fs::create_dir(path.join("home")).unwrap();
        fs::write(repository.join("trae_config.yaml"), "models:\n  gpt5:\n    model: gpt-5-2025-08-07\n").unwrap();
        fs::write(repository.join(".env"), "OPENAI_API_KEY=sk-proj-0123456789abcdefghijklmnop\n").unwrap();
        let home = Self { _folder: folder, root, repository };
        home.stands_for_vllm();
        Some(home)
    }

    /// A repository where the harness would have cloned vLLM, and a plan over its commits.
    fn stands_for_vllm(&self) {
        let clone = self.root.join(".work/repos/vllm_core");
        fs::create_dir_all(clone.join("vllm/core")).unwrap();
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            command.arg("-C").arg(&clone).args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "gc.auto=0"]).args(arguments);
            let output = command.env("HOME", self.repository.parent().unwrap().join("home")).output().unwrap();
            assert!(output.status.success(), "git {arguments:?}: {}", said(&output));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        git(&["init", "-q", "-b", "main"]);
        fs::write(clone.join("vllm/core/scheduler.py"), "def cost():\n    return 100\n").unwrap();
        let mut items = Vec::new();
        for (nth, (id, _)) in ITEMS.into_iter().enumerate() {
            git(&["add", "-A"]);
            git(&["commit", "-q", "--allow-empty", "-m", &format!("commit {nth}")]);
            fs::write(clone.join("vllm/core/engine.py"), format!("cost = {}\n", 100 - nth)).unwrap();
            git(&["add", "-A"]);
            git(&["commit", "-q", "-m", &format!("[Core] Make it {nth} faster")]);
            items.push(json!({"item_id": id, "human": git(&["rev-parse", "HEAD"]), "pre": "", "pre_parent_index": 1}));
        }
        let plan = json!({"repo": "https://github.com/vllm-project/vllm.git", "task_id": "vllm_core", "items": items});
        fs::write(self.plan(), serde_json::to_string_pretty(&plan).unwrap()).unwrap();
    }

    fn plan(&self) -> PathBuf {
        self.root.join("state/plan.json")
    }

    /// Runs the program from the harness folder, as people do.
    fn run(&self, arguments: &[&str]) -> Output {
        let path = format!("{}:{}", fixtures().join("bin").display(), std::env::var("PATH").unwrap());
        let modes: Vec<String> = ITEMS.iter().map(|(id, mode)| format!("{id}={mode}")).collect();
        let mut command = Command::new(BINARY);
        command.args(arguments).current_dir(&self.root).stdin(Stdio::null());
        for name in
            ["CODEX_HOME", "CODEX_PROFILE", "CLAUDE_MODEL", "CLAUDE_CLI", "LLM_MODEL", "OPENHANDS_CLI", "PYTHONPATH", "OPENAI_API_KEY"]
        {
            command.env_remove(name);
        }
        command.env("HOME", self.repository.parent().unwrap().join("home")).env("USER", "ann").env("PATH", path);
        command.env("TRAE_PYTHON", "python3").env("CODEX_PYTHON", "python3");
        for name in ["TRAE_CONFIG", "CODEX_CONFIG"] {
            command.env(name, self.repository.join("trae_config.yaml"));
        }
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("STANDIN_MODES", modes.join(" "));
        command.env("STANDIN_EDIT", "echo 'cost = 50' >vllm/core/engine.py && git add -A");
        command.output().unwrap()
    }

    fn status(&self) -> Value {
        let output = self.run(&["status", "--format", "json"]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)))
    }

    /// The answer of the script that follows the harness's rules.
    fn rules(&self, words: &[&str]) -> Value {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness_rules.py");
        let output = Command::new("python3").arg(script).args(words).current_dir(&self.root).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)))
    }

    /// Every file of the real runs with its bytes.
    fn real_runs(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        REAL_RUNS.iter().flat_map(|run| files_below(&self.root.join("state/runs").join(run))).collect()
    }
}

/// Copies a file or a folder, writable: the corpus itself is not.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::write(to, fs::read(from).unwrap()).unwrap();
        fs::set_permissions(to, fs::Permissions::from_mode(0o644)).unwrap();
    }
}

fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    files
}

/// What `status` says of an item, in the harness's word: it looks at the exit code and at the changed files alone.
fn by_our_status(item: &Value) -> &'static str {
    let ended_well = item["agent_end"]["cause"] == "exited" && item["agent_end"]["code"] == 0;
    if ended_well && item["class"] != "empty_patch" { "success" } else { "error" }
}

fn ids(items: &Value) -> Vec<&str> {
    items.as_array().unwrap().iter().map(|item| item["item_id"].as_str().or(item.as_str()).unwrap()).collect()
}

/// Runs the copy through with a kind of agent and compares every answer.
fn runs_through(kind: &str, model: &str, real_model: &str, own: &[&str]) {
    let Some(home) = Home::new() else { return };
    let before = home.real_runs();
    let mut command = String::new();
    if kind == "command" {
        let script = "case $1 in *0003) exit 1;; *0004) ;; *) echo 'cost = 50' >vllm/core/engine.py;; esac";
        command = format!("command = {}\n", json!(["sh", "-c", script, "sh", "{item_id}"]));
    }
    // the corpus allows one step: whoever has no limit of his own would be ended, where he is slow enough to be met
    fs::write(home.root.join("isobench-tui.toml"), format!("[agent]\nmax_steps = 50\n{command}")).unwrap();
    let output = home.run(&["run", "--headless", "--agent", kind]);
    assert_eq!(output.status.code(), Some(1), "some items fail: {}", said(&output));
    let status = home.status();
    assert_eq!((status["state"].as_str(), status["agent"].as_str(), status["model"].as_str()), (Some("finished"), Some(kind), Some(model)));

    let items = status["items"].as_array().unwrap();
    let wanted = |word: &str| -> Vec<&str> {
        items.iter().filter(|item| by_our_status(item) == word).map(|item| item["item_id"].as_str().unwrap()).collect()
    };
    let (good, bad) = (wanted("success"), wanted("error"));
    assert!(good.len() >= 2 && bad.len() >= 2, "{status:#}");
    let run = home.root.join("state/runs/vllm").join(kind).join(isobench_tui::artifact::harness_model(model));
    let run = fs::read_dir(run).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.join(ITEMS[4].0).is_dir()).unwrap();
    let (run, plan) = (run.to_str().unwrap(), home.plan());
    let plan = plan.to_str().unwrap();

    let report = home.rules(&["report", run]);
    let counts = ["num_items", "num_success", "num_error"].map(|name| report[name].as_u64().unwrap());
    assert_eq!(counts, [ITEMS.len() as u64, good.len() as u64, bad.len() as u64], "{report:#}\n{status:#}");
    for (theirs, ours) in report["items"].as_array().unwrap().iter().zip(items) {
        assert_eq!(theirs["item_id"], ours["item_id"]);
        assert_eq!((&theirs["human"], &theirs["pre"]), (&ours["human"], &ours["parent"]));
        assert_eq!(theirs["status"], by_our_status(ours), "{theirs:#}\n{ours:#}");
    }
    let resume = home.rules(&["resume", run, plan]);
    assert_eq!((ids(&resume["skipped"]), ids(&resume["run"])), (good, bad.clone()));
    assert_eq!(ids(&home.rules(&["filtered", plan, run, "failed"])["items"]), bad);
    assert_eq!(ids(&home.rules(&["filtered", plan, run, "missing"])["items"]), Vec::<&str>::new());

    let item = Path::new(run).join(ITEMS[0].0);
    for name in own {
        assert!(item.join(name).exists(), "{name} is missing: {:?}", files_below(&item).keys());
    }
    let prediction: Value = serde_json::from_slice(&fs::read(item.join("prediction.jsonl")).unwrap()).unwrap();
    assert_eq!(prediction["model_name_or_path"], real_model);
    assert!(prediction["instance_id"].as_str().unwrap().starts_with("vllm-project__vllm-"), "{prediction:#}");
    let summary: Value = serde_json::from_slice(&fs::read(item.join("run_summary.json")).unwrap()).unwrap();
    assert_eq!((summary["meta"]["model_full"].as_str(), summary["meta"]["task_id"].as_str()), (Some(real_model), Some("vllm_core")));
    assert!(home.real_runs() == before, "what was there is as it was");
}

#[test]
fn trae_runs_through_a_copy_of_the_corpus() {
    runs_through("trae", "gpt-5-2025-08-07", "gpt-5-2025-08-07", &["trajectory.json", "trae_stdout.txt", "trae_stderr.txt"]);
}

#[test]
fn the_fork_of_trae_runs_through_a_copy_of_the_corpus() {
    runs_through("codex", "gpt-5-2025-08-07", "gpt-5-2025-08-07", &["trajectory.json", "codex_stdout.txt", "codex_stderr.txt"]);
}

#[test]
fn claude_code_runs_through_a_copy_of_the_corpus() {
    runs_through("claude_code", "sonnet", "claude-sonnet-4-5-20250929", &["claude_code_stdout.txt", "claude_code_stream.jsonl"]);
}

#[test]
fn the_codex_cli_runs_through_a_copy_of_the_corpus() {
    runs_through("codex_cli", "default", "gpt-5-codex", &["codex_rollout.jsonl", "openhands_stdout.txt", "openhands_stderr.txt"]);
}

#[test]
fn openhands_runs_through_a_copy_of_the_corpus() {
    runs_through("openhands", "default", "anthropic/claude-sonnet-4-20250514", &["openhands_events", "openhands_stdout.txt"]);
}

#[test]
fn any_command_runs_through_a_copy_of_the_corpus() {
    runs_through("command", "default", "default", &["command_stdout.txt", "command_stderr.txt"]);
}
