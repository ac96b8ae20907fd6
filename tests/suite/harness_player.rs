//! Plays a run of the Python harness: writes its files in its order, one step at a time, and keeps a process that looks like
//! `python -m bench.cli prepare`.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use isobench_tui::artifact::Checkout;
use isobench_tui::import::follow::{Around, Follow, Now};
use isobench_tui::text::mask::Masker;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// A checkout with a run in it.
pub(crate) struct Player {
    pub(crate) root: PathBuf,
    pub(crate) run: PathBuf,
    process: Option<Child>,
}

/// A process that looks like one of ISO-Bench's scripts, for as long as it is kept.
pub(crate) fn script(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new("/bin/sh");
    command.arg0("python").args(["-c", "read _line; exit 0"]).args(arguments).current_dir(folder);
    let child = command.stdin(Stdio::piped()).spawn().unwrap();
    // the kernel wakes us a moment before the child has its arguments
    let arguments = format!("/proc/{}/cmdline", child.id());
    while fs::read(&arguments).unwrap().is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

pub(crate) fn human(n: usize) -> String {
    format!("{n:08x}{}", "c".repeat(32))
}

impl Player {
    /// A checkout with a plan of so many items, and no run.
    pub(crate) fn new(root: &Path, items: usize) -> Self {
        for folder in ["bench", "tasks", "state"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let bench = "agents:\n  default: trae\n  trae:\n    cli: python\n    time_budget_minutes: 60\n    args: {max_steps: 120}\n";
        fs::write(root.join("bench.yaml"), bench).unwrap();
        let now = isobench_tui::host::clock::now().to_zoned(TimeZone::system());
        let run = root.join(format!("state/runs/vllm/trae/gpt-5/{}", now.strftime("%Y-%m-%d_%H-%M-%S")));
        let player = Self { root: root.to_owned(), run, process: None };
        player.plan("plan.json", 0..items);
        player
    }

    pub(crate) fn plan(&self, name: &str, items: std::ops::Range<usize>) {
        let items: Vec<Value> = items.map(|n| json!({"item_id": id(n), "human": human(n), "pre": ""})).collect();
        let plan = json!({"repo": "https://github.com/vllm-project/vllm.git", "task_id": "vllm_core", "items": items});
        fs::write(self.root.join("state").join(name), plan.to_string()).unwrap();
    }

    /// `prepare` is at work.
    pub(crate) fn at_work(mut self) -> Self {
        self.start();
        self
    }

    pub(crate) fn start(&mut self) {
        self.process = Some(script(&self.root, &["-m", "bench.cli", "prepare", "tasks/vllm.yaml", "--from-plan", "state/plan.json"]));
    }

    /// It is killed.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub(crate) fn path(&self, n: usize, file: &str) -> PathBuf {
        self.run.join(id(n)).join(file)
    }

    pub(crate) fn folder(&self, n: usize) {
        fs::create_dir_all(self.run.join(id(n))).unwrap();
    }

    pub(crate) fn prompt(&self, n: usize) {
        self.folder(n);
        let prompt = json!({"task": "t", "description": "", "constraints": [], "target_files": ["a.py"], "success": {}, "commits": {"pre": "b".repeat(40), "human": human(n)}});
        fs::write(self.path(n, "prompt.json"), prompt.to_string()).unwrap();
    }

    pub(crate) fn asked(&self, n: usize) {
        self.prompt(n);
        fs::write(self.path(n, "task.txt"), "Make it fast.\n").unwrap();
    }

    /// The trajectory with these commands, written whole as TRAE does.
    pub(crate) fn trajectory(&self, n: usize, commands: &[&str]) {
        let call =
            |at: usize, command: &str| json!({"call_id": format!("c{at}"), "name": "bash", "arguments": {"command": command}, "id": null});
        let step = |(at, command): (usize, &&str)| {
            let result =
                json!([{"call_id": format!("c{at}"), "success": true, "result": format!("ran {command}"), "error": "", "id": null}]);
            json!({
                "step_number": at + 1, "timestamp": format!("2026-03-04T10:{:02}:{:02}.0", at / 60, at % 60),
                "state": "completed", "llm_messages": [],
                "llm_response": {"content": format!("Look at {command}."), "model": "m", "finish_reason": "tool_use", "usage": {"input_tokens": 100, "output_tokens": 10}, "tool_calls": [call(at, command)]},
                "tool_calls": [call(at, command)], "tool_results": result, "reflection": null, "error": null,
            })
        };
        let steps: Vec<Value> = commands.iter().enumerate().map(step).collect();
        let whole = json!({
            "task": "t", "start_time": "2026-03-04T10:00:00", "end_time": "", "provider": "p", "model": "m", "max_steps": 120,
            "llm_interactions": [], "agent_steps": steps, "success": false, "final_result": null, "execution_time": 0.0,
        });
        fs::write(self.path(n, "trajectory.json"), whole.to_string()).unwrap();
    }

    pub(crate) fn printed(&self, n: usize) {
        fs::write(self.path(n, "trae_stdout.txt"), "Agent said: done\n").unwrap();
        fs::write(self.path(n, "trae_stderr.txt"), "").unwrap();
        let patch = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a = 1\n+a = 2\n";
        fs::write(self.path(n, "model_patch.diff"), patch).unwrap();
    }

    pub(crate) fn journal_text(n: usize, status: &str) -> String {
        let written = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
        json!({
            "task_id": "vllm_core", "commits": {"pre": "b".repeat(40), "human": human(n)}, "agent_branch": "x", "status": status,
            "run_metadata": {"repo": "vllm", "agent": "trae", "model": "gpt-5", "run_timestamp": "t", "run_path": "p"},
            "metrics": {"changed_files_count": 1, "violations_count": 0},
            "trae": {"cli": "python", "time_budget_minutes": 60, "returncode": i32::from(status != "success"), "duration_s": 12.5},
            "timestamps": {"written": written},
        })
        .to_string()
    }

    pub(crate) fn journal(&self, n: usize, status: &str) {
        fs::write(self.path(n, "journal.json"), Self::journal_text(n, status)).unwrap();
    }

    /// All of an item, to its end.
    pub(crate) fn whole(&self, n: usize, status: &str) {
        self.asked(n);
        self.trajectory(n, &["ls", "cat a.py"]);
        self.printed(n);
        self.journal(n, status);
    }

    /// Makes a file so much older.
    pub(crate) fn age(&self, n: usize, file: &str, seconds: u64) {
        let path = self.path(n, file);
        let then = fs::metadata(&path).unwrap().modified().unwrap() - Duration::from_secs(seconds);
        File::options().write(true).open(&path).unwrap().set_modified(then).unwrap();
    }

    /// A line of the harness's log.
    pub(crate) fn log(&self, message: &str) {
        let mut file = File::options().append(true).create(true).open(self.root.join("pipeline_run_1.log")).unwrap();
        let now = isobench_tui::host::clock::now().to_zoned(TimeZone::system());
        writeln!(file, "{} - bench.prepare - INFO - {message}", now.strftime("%Y-%m-%d %H:%M:%S")).unwrap();
    }

    pub(crate) fn follow(&self) -> Follow {
        let around = Around { checkout: Some(Checkout::at(self.root.clone())), ..Around::default() };
        Follow::new(self.run.clone(), around, Masker::default())
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(crate) fn id(n: usize) -> String {
    format!("vllm_core-{n:04}")
}

/// Looks until nothing of what was there is left to be read, and the processes were asked about.
pub(crate) fn look(follow: &mut Follow) -> Now {
    let mut now = None;
    for _ in 0..9 {
        now = Some(follow.look(isobench_tui::host::clock::now(), isobench_tui::host::clock::up_ms()));
    }
    now.unwrap()
}
