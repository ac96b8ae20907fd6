//! A whole campaign in a temporary folder: a real git repository, a plan over it, an agent and arms that are shell
//! scripts, and the real program.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use isobench_tui::domain::StageEnd;
use isobench_tui::host::process;
use isobench_tui::ledger::{RunFolder, RunnerLock};
use isobench_tui::model::{Follower, Run, StageState};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{BINARY, lives, pid_in, wait_for, wait_until};

/// What every script of a campaign may use: `$item`, `$dir` (the item's folder), and `gate NAME`, which says that it
/// is there and waits until the test opens it.
const PRELUDE: &str = r#"item=$1 dir=$2
gate() { echo $$ >"$CAMPAIGN/$item.$1.new"; mv "$CAMPAIGN/$item.$1.new" "$CAMPAIGN/$item.$1"; until [ -e "$CAMPAIGN/$item.$1.go" ]; do sleep 0.02; done; }
"#;

/// An agent that makes the engine twice as fast.
pub(crate) const GOOD_AGENT: &str = "echo cost=50 >engine.sh";

/// An arm that prints what the engine costs: the same for the same files.
pub(crate) const GOOD_ARM: &str = ". ./engine.sh; echo \"latency: $cost ms\"";

/// A campaign whose processes and folders go away with it.
pub(crate) struct Campaign {
    folder: tempfile::TempDir,
    /// The harness folder.
    pub(crate) root: PathBuf,
    /// Full shas, the root commit first.
    pub(crate) commits: Vec<String>,
    /// Added to the environment of every process of the program.
    pub(crate) env: Vec<(String, String)>,
    /// Run as this user in place of ours.
    pub(crate) uid: Option<u32>,
}

impl Campaign {
    /// `n` items over `n + 1` commits; each commit makes the engine one cheaper than 100.
    pub(crate) fn new(n: usize, agent: &str, arm: &str) -> Self {
        Self::below("", n, agent, arm)
    }

    /// The same with the harness folder not at the top of the temporary folder, but this deep below it.
    pub(crate) fn below(path: &str, n: usize, agent: &str, arm: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join(path);
        fs::create_dir_all(&root).unwrap();
        for name in ["state", "repo", "home"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        let mut campaign = Self { folder, root, commits: Vec::new(), env: Vec::new(), uid: None };
        campaign.git(&["init", "-q", "-b", "main"]);
        for name in ["README.md", "other.py", "noise.txt"] {
            fs::write(campaign.root.join("repo").join(name), format!("{name}\n")).unwrap();
        }
        for nth in 0..=n {
            fs::write(campaign.root.join("repo/engine.sh"), format!("cost={}\n", 100 - nth)).unwrap();
            campaign.commit(&format!("commit {nth}"));
        }
        campaign.plan(&(1..=n).map(|nth| (campaign.id(nth), campaign.commits[nth].clone())).collect::<Vec<_>>());
        campaign.agent(agent);
        fs::write(campaign.root.join("arm.sh"), format!("{PRELUDE}{arm}\n")).unwrap();
        campaign.config("", "", "");
        campaign
    }

    /// A campaign whose agent and arms do well.
    pub(crate) fn good(n: usize) -> Self {
        Self::new(n, GOOD_AGENT, GOOD_ARM)
    }

    /// The id of the `nth` item, from 1.
    #[expect(clippy::unused_self, reason = "reads better")]
    pub(crate) fn id(&self, nth: usize) -> String {
        format!("c-{nth:04}")
    }

    /// Commits what is in the repository's folder.
    pub(crate) fn commit(&mut self, says: &str) -> String {
        self.git(&["add", "-A", "-f"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", says]);
        let sha = self.git(&["rev-parse", "HEAD"]);
        self.commits.push(sha.clone());
        sha
    }

    /// Runs git in the repository.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(self.root.join("repo"))
            .args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "gc.auto=0"])
            .args(arguments);
        command.env("HOME", self.root.join("home"));
        for name in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
            command.env(name, "2026-01-01T00:00:00Z");
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Writes the plan: ids with their commits.
    pub(crate) fn plan(&self, items: &[(String, String)]) {
        let items: Vec<Value> =
            items.iter().map(|(id, human)| json!({"item_id": id, "human": human, "pre": "", "pre_parent_index": 1})).collect();
        let plan = json!({"repo": "repo", "task_id": "t", "items": items});
        fs::write(self.root.join("state/plan.json"), serde_json::to_string_pretty(&plan).unwrap()).unwrap();
    }

    /// Writes the plan's task file: without one there is something to warn of.
    pub(crate) fn task_file(&self) {
        fs::create_dir_all(self.root.join("tasks")).unwrap();
        fs::write(self.root.join("tasks/t.yaml"), "id: t\nname: Faster\ndescription: Make it faster\n").unwrap();
    }

    /// Writes the agent's script.
    pub(crate) fn agent(&self, script: &str) {
        fs::write(self.root.join("agent.sh"), format!("{PRELUDE}{script}\n")).unwrap();
    }

    /// Writes the configuration: lines for the top, lines for `[agent]`, and tables.
    pub(crate) fn config(&self, top: &str, agent: &str, tables: &str) {
        let script = |name: &str| json!(["sh", self.root.join(name).display().to_string(), "{item_id}", "{item_dir}"]).to_string();
        let text = format!(
            "{top}\n[agent]\nname = \"script\"\ncommand = {}\n{agent}\n[arms]\ncommand = {}\n{tables}\n",
            script("agent.sh"),
            script("arm.sh")
        );
        fs::write(self.root.join("isobench-tui.toml"), text).unwrap();
    }

    /// The program with these arguments, not yet started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = match self.uid {
            None => Command::new(BINARY),
            Some(uid) => {
                let mut command = Command::new("setpriv");
                command.args([format!("--reuid={uid}"), format!("--regid={uid}"), "--clear-groups".to_owned(), BINARY.to_owned()]);
                command
            }
        };
        command.arg("--root").arg(&self.root).args(arguments).stdin(Stdio::null()).current_dir(&self.root);
        self.dress(&mut command);
        command
    }

    /// Gives a command the campaign's environment.
    pub(crate) fn dress(&self, command: &mut Command) {
        command.env("CAMPAIGN", &self.root).env("HOME", self.root.join("home")).env("USER", "ann").env_remove("ISOBENCH_DIE_AFTER");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs the plan here to its end, and returns the exit code.
    pub(crate) fn headless(&self) -> Option<i32> {
        self.run(&["run", "--headless"]).status.code()
    }

    /// Continues the run here to its end, and returns the exit code.
    pub(crate) fn resume(&self) -> Option<i32> {
        self.run(&["run", "--resume", "--headless"]).status.code()
    }

    /// Starts a run in the background.
    pub(crate) fn detached(&self) {
        let output = self.run(&["run", "--detach"]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }

    /// Starts a run as a child of ours, its words kept in `root/said`.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        let file = fs::File::create(self.root.join("said")).unwrap();
        self.command(arguments).stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap()
    }

    /// Sends a verb that must be obeyed.
    pub(crate) fn ctl(&self, arguments: &[&str]) -> String {
        let output = self.run(&[&["ctl"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "ctl {arguments:?}: {}", said(&output));
        said(&output)
    }

    /// Sends a verb that must not be: its exit code must be this one. Returns what it said.
    pub(crate) fn ctl_refused(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(&[&["ctl"], arguments].concat());
        assert_eq!(output.status.code(), Some(code), "ctl {arguments:?}: {}", said(&output));
        said(&output)
    }

    /// Every run's folder, the oldest first.
    pub(crate) fn folders(&self) -> Vec<RunFolder> {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(self.root.join("state/tui")).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        paths.sort();
        paths.into_iter().map(RunFolder::at).collect()
    }

    /// The newest run's folder.
    pub(crate) fn folder(&self) -> RunFolder {
        self.folders().pop().unwrap()
    }

    /// `status --format json`.
    pub(crate) fn status(&self) -> Value {
        let output = self.run(&["status", "--format", "json"]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The `nth` item of the status, from 1.
    pub(crate) fn item(&self, nth: usize) -> Value {
        self.status()["items"][nth - 1].clone()
    }

    /// One word a row: the items' statuses.
    pub(crate) fn statuses(&self) -> Vec<String> {
        self.status()["items"].as_array().unwrap().iter().map(|item| item["status"].as_str().unwrap().to_owned()).collect()
    }

    /// The facts of the newest run; a line that is being written is left out.
    pub(crate) fn facts(&self) -> Vec<Value> {
        let text = fs::read(self.folder().events()).unwrap_or_default();
        text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }

    /// The bodies of the facts of one kind.
    pub(crate) fn facts_of(&self, kind: &str) -> Vec<Value> {
        self.facts().into_iter().filter(|fact| fact["kind"] == kind).map(|fact| fact["data"].clone()).collect()
    }

    /// Waits for a fact of a kind that looks as wanted.
    pub(crate) fn wait_fact(&self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        wait_for(&format!("a fact {kind}; the last are {:#?}", self.facts().iter().rev().take(3).collect::<Vec<_>>()), || {
            self.facts_of(kind).into_iter().find(&wanted)
        })
    }

    /// Waits until the run is in a state.
    pub(crate) fn wait_state(&self, state: &str) {
        wait_until(&format!("the state {state}, it is {}", self.status()["state"]), || self.status()["state"] == state);
    }

    /// Waits until the newest run is finished and its runner gone.
    pub(crate) fn wait_end(&self) {
        self.wait_state("finished");
        wait_until("the runner to leave", || self.runner().is_none());
    }

    /// The model of the newest run.
    pub(crate) fn model(&self) -> Run {
        Follower::load(&self.folder()).unwrap()
    }

    /// Pid of the runner of the newest run.
    pub(crate) fn runner(&self) -> Option<i32> {
        RunnerLock::holder(&self.folder()).and_then(|pid| i32::try_from(pid).ok())
    }

    /// Waits until a script is at a gate; returns its pid.
    pub(crate) fn at_gate(&self, nth: usize, name: &str) -> i32 {
        pid_in(&self.root.join(format!("{}.{name}", self.id(nth))))
    }

    /// Lets a script through a gate, now or when it comes there.
    pub(crate) fn open(&self, nth: usize, name: &str) {
        fs::write(self.root.join(format!("{}.{name}.go", self.id(nth))), "").unwrap();
    }

    /// Kills a process as the out-of-memory killer does, and waits for its death.
    #[expect(clippy::unused_self, reason = "reads better")]
    pub(crate) fn kill(&self, pid: i32) {
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        wait_until("its death", || !lives(pid));
    }

    /// Pid of the keeper of the stage that runs now.
    pub(crate) fn keeper(&self) -> i32 {
        // a script may be quicker than the fact that it runs
        wait_until("the fact that it runs", || self.facts().last().is_some_and(|fact| fact["kind"] != "stage_starting"));
        i32::try_from(self.facts_of("stage_started").last().unwrap()["pid"].as_i64().unwrap()).unwrap()
    }

    /// The item's folder in ISO-Bench's own tree.
    pub(crate) fn item_dir(&self, nth: usize) -> PathBuf {
        self.item_dir_of("repo/script/default", nth)
    }

    /// The item's folder below `state/runs/<repo>/<agent>/<model>`.
    pub(crate) fn item_dir_of(&self, run: &str, nth: usize) -> PathBuf {
        let runs = self.root.join("state/runs").join(run);
        let newest = fs::read_dir(runs).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
        newest.join(self.id(nth))
    }

    /// The folder of a stage.
    pub(crate) fn stage_dir(&self, nth: usize, attempt: u32, stage: &str) -> PathBuf {
        self.folder().path().join("attempts").join(format!("{}.{attempt}", self.id(nth))).join(stage)
    }

    /// The patch of an item.
    pub(crate) fn patch(&self, nth: usize) -> String {
        String::from_utf8_lossy(&fs::read(self.item_dir(nth).join("model_patch.diff")).unwrap()).into_owned()
    }

    /// What is left of a run but its files: processes that carry it in their environment.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let runs: Vec<String> = self.folders().iter().map(|folder| folder.run_id().0).collect();
        let ours = |pid: i32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|entry| {
                let entry = String::from_utf8_lossy(entry);
                runs.iter().any(|run| entry == format!("ISOBENCH_RUN={run}") || entry.starts_with(&format!("ISOBENCH_STAGE_ID={run}/")))
            })
        };
        process::living(&process::all()).map(|process| process.id.pid).filter(|pid| ours(*pid)).collect()
    }

    /// No process, no worktree and no mount of the run is left.
    pub(crate) fn assert_nothing_left(&self) {
        wait_until("every process of the run to be gone", || self.processes().is_empty());
        let worktrees = self.root.join(".work/worktrees");
        let left: Vec<PathBuf> = fs::read_dir(worktrees).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        assert_eq!(left, Vec::<PathBuf>::new(), "worktrees are left over");
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        assert!(!mounts.contains(&self.root.display().to_string()), "a mount is left over");
    }

    /// What an item came to: everything but times, pids and numbers of attempts.
    pub(crate) fn outcome(&self) -> Value {
        let run = self.model();
        assert!(run.finished.is_some(), "the run did not finish");
        assert_eq!(run.faults, [], "the ledger has faults");
        run.items
            .iter()
            .map(|item| {
                let last = item.last_attempt();
                let stages: Vec<Value> = last
                    .into_iter()
                    .flat_map(|last| &last.stages)
                    .map(|record| match &record.state {
                        StageState::Running { .. } => json!([record.stage, "running"]),
                        StageState::Ended(outcome) => match &outcome.end {
                            StageEnd::Done => json!([record.stage, "done"]),
                            StageEnd::Failed { class, why } => json!([record.stage, class, why]),
                            other => json!([record.stage, other]),
                        },
                    })
                    .collect();
                let standing = last.and_then(|last| last.score()).and_then(|score| score.verdicts.first()).map(|verdict| verdict.standing);
                json!({
                    "item": item.id,
                    "status": item.status(),
                    "why": item.why(),
                    "stages": stages,
                    "rungs": item.rungs(),
                    "patch": last.and_then(|last| last.check()).map(|check| check.patch_digest.clone()),
                    "standing": standing,
                })
            })
            .collect()
    }

    /// Lets nobody's user own everything, so that modes mean something. False where we can't.
    pub(crate) fn as_nobody(&mut self) -> bool {
        if !rustix::process::getuid().is_root() {
            return true;
        }
        let tried = Command::new("setpriv").args(["--reuid=65534", "--regid=65534", "--clear-groups", BINARY, "--version"]).output();
        if !tried.is_ok_and(|output| output.status.success()) {
            return false;
        }
        assert!(Command::new("chown").args(["-R", "65534:65534"]).arg(&self.root).status().unwrap().success());
        self.uid = Some(65534);
        true
    }

    /// Appends a raw line to the inbox.
    pub(crate) fn inbox(&self, line: &str) {
        let mut file = fs::File::options().append(true).create(true).open(self.folder().requests()).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
}

impl Drop for Campaign {
    fn drop(&mut self) {
        for folder in self.folders() {
            if let Some(pid) = RunnerLock::holder(&folder).and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        for _ in 0..3 {
            for pid in self.processes() {
                let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
            }
        }
        let _ = Command::new("chmod").args(["-R", "u+rwX"]).arg(self.folder.path()).output();
    }
}

/// Everything that a process said.
pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A JSON file.
pub(crate) fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}
