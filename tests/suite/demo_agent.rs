//! The demo's repository, its scripted agent and its benchmark: the real program in real git repositories.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use isobench_tui::agent::trae::{Taken, Trajectory};
use isobench_tui::agent::{End, Live};
use isobench_tui::demo::repo::prepare;
use isobench_tui::domain::Step;
use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_isobench-tui");

/// A prepared campaign.
struct Campaign {
    root: TempDir,
    /// Human commits of the items.
    humans: Vec<String>,
}

/// An agent's run and what it left.
struct Played {
    campaign: Campaign,
    folder: PathBuf,
    output: Output,
    file: Value,
    trajectory: Trajectory,
}

fn git(folder: &Path, args: &[&str]) -> String {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false", "-c", "advice.detachedHead=false"];
    let output = Command::new("git").args(identity).args(args).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

impl Campaign {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        prepare(root.path(), Path::new(PROGRAM), 1000.0).unwrap();
        let plan: Value = serde_json::from_slice(&fs::read(root.path().join("state/plan.json")).unwrap()).unwrap();
        let humans = plan["items"].as_array().unwrap().iter().map(|item| item["human"].as_str().unwrap().to_owned()).collect();
        Self { root, humans }
    }

    /// A checkout of a commit without its history, as the harness makes one.
    fn checkout(&self, name: &str, commit: &str) -> PathBuf {
        let worktree = self.root.path().join(name);
        let repo = self.root.path().join("repo");
        git(&repo, &["worktree", "add", "--quiet", "--detach", worktree.to_str().unwrap(), commit]);
        fs::remove_file(worktree.join(".git")).unwrap();
        git(&worktree, &["init", "--quiet"]);
        git(&worktree, &["add", "--all"]);
        git(&worktree, &["commit", "--quiet", "-m", "Initial state"]);
        worktree
    }

    fn command(&self, item: usize, speed: f64) -> (PathBuf, Command) {
        let folder = self.root.path().join(format!("item{item}"));
        let worktree = self.checkout(&format!("item{item}/wt"), &format!("{}^", self.humans[item]));
        fs::write(folder.join("task.txt"), "Make the engine faster, and keep its output.\n").unwrap();
        let mut command = Command::new(PROGRAM);
        command.current_dir(&folder).arg("demo-agent").arg("--worktree").arg(worktree);
        command.args(["--task", "task.txt", "--trajectory", "trajectory.json", "--patch", "model_patch.diff"]);
        command.args(["--item", &format!("demo_core-{item:04}"), "--speed", &speed.to_string()]);
        (folder, command)
    }

    fn play(self, item: usize) -> Played {
        let (folder, mut command) = self.command(item, 1000.0);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let bytes = fs::read(folder.join("trajectory.json")).unwrap();
        let mut trajectory = Trajectory::new();
        assert_eq!(trajectory.take(&bytes), Taken::News { from: 0 });
        Played { file: serde_json::from_slice(&bytes).unwrap(), folder, output, trajectory, campaign: self }
    }
}

impl Played {
    fn patch(&self) -> String {
        fs::read_to_string(self.folder.join("model_patch.diff")).unwrap()
    }

    /// What differs from the first commit in the end, whatever is staged.
    fn changes(&self) -> String {
        let worktree = self.folder.join("wt");
        git(&worktree, &["add", "--all"]);
        git(&worktree, &["diff", "--cached", "--name-only", "HEAD"])
    }

    fn writes(&self) -> usize {
        self.count(|step| step.calls.iter().filter(|call| call.args.contains("\"command\":\"create\"")).count())
    }

    fn count(&self, of: impl Fn(&Step) -> usize) -> usize {
        self.trajectory.steps().iter().map(of).sum()
    }
}

/// Runs the benchmark in a folder: the value of each printed metric, or the failure.
fn bench(folder: &Path) -> Result<Vec<(String, f64)>, String> {
    let output = Command::new(PROGRAM).args(["demo-bench", "--speed", "4"]).current_dir(folder).output().unwrap();
    if !output.status.success() {
        assert_eq!(output.status.code(), Some(1));
        assert!(!String::from_utf8_lossy(&output.stdout).contains("latency"), "a failed engine prints no number");
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    assert!(String::from_utf8_lossy(&output.stderr).contains('\r'), "a progress bar rewrites its line");
    let metrics = String::from_utf8(output.stdout).unwrap();
    let pairs = metrics.lines().filter_map(|line| line.split_once(": "));
    Ok(pairs.filter_map(|(name, rest)| Some((name.to_owned(), rest.split(' ').next()?.parse().ok()?))).collect())
}

fn latency(folder: &Path) -> f64 {
    bench(folder).unwrap().iter().find(|(name, _)| name == "latency_avg").unwrap().1
}

/// Whether one folder's engine is faster than another's by this factor; a busy machine gets a few tries.
fn faster(fast: &Path, slow: &Path, factor: f64) -> bool {
    (0..4).any(|_| latency(slow) > latency(fast) * factor)
}

#[test]
fn the_campaign_is_the_same_wherever_it_is_made() {
    let (one, two) = (Campaign::new(), Campaign::new());
    assert_eq!(one.humans.len(), 6);
    assert_eq!(one.humans, two.humans);
    let repo = one.root.path().join("repo");
    for human in &one.humans {
        assert_eq!(human.len(), 40);
        assert!(git(&repo, &["diff", "--name-only", &format!("{human}^"), human]).starts_with("engine/"));
    }
    assert_eq!(git(&repo, &["status", "--short"]), "");
    let text = fs::read_to_string(one.root.path().join("isobench-tui.toml")).unwrap();
    let toml: toml::Table = text.parse().unwrap();
    let command = toml["agent"]["command"].as_array().unwrap();
    assert_eq!((command[0].as_str(), command[1].as_str()), (Some(PROGRAM), Some("demo-agent")));
    assert_eq!(command.last().unwrap().as_str(), Some("1000"));
    assert_eq!(toml["agent"]["trajectory"].as_str(), Some("{item_dir}/trajectory.json"));
}

#[test]
fn every_commit_keeps_the_output_and_is_faster_than_its_parent() {
    let campaign = Campaign::new();
    for (at, human) in campaign.humans.iter().enumerate() {
        let before = campaign.checkout(&format!("before{at}"), &format!("{human}^"));
        let after = campaign.checkout(&format!("after{at}"), human);
        for folder in [&before, &after] {
            assert!(Command::new("sh").arg("tests/run.sh").current_dir(folder).stdout(Stdio::null()).status().unwrap().success());
        }
        assert!(faster(&after, &before, 1.15), "item {at}");
    }
}

#[test]
fn scenario_0_is_better_than_the_human() {
    let played = Campaign::new().play(0);
    let campaign = &played.campaign;
    assert_eq!(played.trajectory.state(), Live::Ended(End::Accepted));
    assert!((10..=15).contains(&played.trajectory.steps().len()));
    assert_eq!(played.changes(), "engine/cache.sh\nengine/tokenize.sh\n");
    assert!(played.count(|step| step.calls.iter().filter(|call| call.result.as_ref().is_some_and(|result| !result.ok)).count()) == 0);
    // the patch applies to the parent, and what comes of it is faster than the human's commit
    let parent = campaign.checkout("parent", &format!("{}^", campaign.humans[0]));
    let patch = parent.join("../p.diff");
    fs::write(&patch, played.patch()).unwrap();
    git(&parent, &["apply", patch.to_str().unwrap()]);
    assert!(Command::new("sh").arg("tests/run.sh").current_dir(&parent).stdout(Stdio::null()).status().unwrap().success());
    let human = campaign.checkout("human", &campaign.humans[0]);
    assert!(faster(&parent, &human, 1.1));
}

#[test]
fn scenario_1_dies_in_the_benchmark() {
    let played = Campaign::new().play(1);
    assert_eq!(played.trajectory.state(), Live::Ended(End::Accepted));
    assert!(played.patch().contains("QUEUE_$position"));
    let said = bench(&played.folder.join("wt")).unwrap_err();
    assert!(said.contains("QUEUE_1"), "{said}");
    assert!(played.count(|step| step.calls.iter().filter(|call| call.result.as_ref().is_some_and(|result| !result.ok)).count()) == 0);
}

#[test]
fn scenario_2_succeeds_without_a_change() {
    let played = Campaign::new().play(2);
    assert_eq!(played.trajectory.state(), Live::Ended(End::Accepted));
    assert_eq!((played.changes().as_str(), played.patch().as_str()), ("", ""));
    let refused = played.count(|step| step.harness.iter().filter(|said| said.contains("Patch is empty")).count());
    assert_eq!(refused, 1);
    assert_eq!(played.file["success"], true);
}

#[test]
fn scenario_3_says_one_sentence() {
    let played = Campaign::new().play(3);
    assert_eq!(played.trajectory.state(), Live::Ended(End::MaxSteps));
    assert_eq!((played.trajectory.steps().len(), played.trajectory.max_steps()), (75, Some(75)));
    assert_eq!(played.count(|step| step.thought.matches("I need to actually use the tools now.").count()), 2_412);
    assert_eq!(played.trajectory.totals().calls, 0);
    assert!(played.trajectory.steps().iter().all(|step| step.harness == ["It seems that you have not completed the task."]));
    assert_eq!(played.patch(), "");
}

#[test]
fn scenario_4_writes_packages_and_no_engine() {
    let played = Campaign::new().play(4);
    assert_eq!(played.trajectory.state(), Live::Ended(End::Accepted));
    assert_eq!(played.writes(), 84);
    let changes = played.changes();
    assert_eq!(changes.lines().count(), 84);
    assert!(changes.lines().all(|file| ["torch/", "triton/", "transformers/"].iter().any(|folder| file.starts_with(folder))));
    assert_eq!(played.patch().matches("diff --git").count(), 84);
}

#[test]
fn scenario_5_churns_until_the_budget_is_gone() {
    let played = Campaign::new().play(5);
    assert_eq!(played.trajectory.state(), Live::Ended(End::MaxSteps));
    assert_eq!((played.trajectory.steps().len(), played.trajectory.max_steps()), (200, Some(200)));
    let churn = played.count(|step| usize::from(step.calls.iter().any(|call| call.args.contains("\"command\":\"git "))));
    assert!(churn >= 190, "{churn}");
    let fails = |step: &Step| {
        step.calls.iter().filter(|call| call.result.as_ref().is_some_and(|r| r.text.contains("patch does not apply"))).count()
    };
    assert!(played.count(fails) > 70, "{}", played.count(fails));
    assert_eq!(played.changes(), "engine/detokenize.sh\n");
    assert!(played.patch().contains("+                break"));
    assert_eq!(played.file["final_result"], "Task execution exceeded maximum steps without completion.");
    let stdout = String::from_utf8(played.output.stdout).unwrap();
    assert!(stdout.contains("✅ Step 200: Completed") && stdout.contains("Success            │ ❌ No"));
}

#[test]
fn the_file_has_traes_shape() {
    let played = Campaign::new().play(0);
    let keys: Vec<&str> = played.file.as_object().unwrap().keys().map(String::as_str).collect();
    let want = "task start_time end_time provider model max_steps llm_interactions agent_steps success final_result execution_time";
    assert_eq!(keys.join(" "), want);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    let interaction = &played.file["llm_interactions"][0];
    assert_eq!(keys(interaction), "timestamp provider model input_messages response tools_available");
    assert_eq!(keys(&interaction["response"]), "content model finish_reason usage tool_calls");
    assert_eq!(keys(&interaction["response"]["tool_calls"][0]), "call_id name arguments id");
    let step = &played.file["agent_steps"][0];
    assert_eq!(keys(step), "step_number timestamp state llm_messages llm_response tool_calls tool_results reflection error");
    assert_eq!(keys(&step["tool_results"][0]), "call_id success result error id");
    let last = played.file["agent_steps"].as_array().unwrap().last().unwrap();
    assert!(last["tool_calls"].is_null() && last["llm_response"]["tool_calls"][0]["name"] == "task_done");
    // the text is what Python's json.dump(indent=2) writes
    let bytes = fs::read(played.folder.join("trajectory.json")).unwrap();
    assert_eq!(bytes, serde_json::to_vec_pretty(&played.file).unwrap());
    let totals = played.trajectory.totals();
    assert!(totals.usage.input > 40_000 && totals.usage.output > 1_000 && totals.usage.cached < totals.usage.input);
    let stdout = String::from_utf8(played.output.stdout.clone()).unwrap();
    assert!(stdout.lines().filter(|line| line.starts_with('│')).all(|line| unicode_width::UnicodeWidthStr::width(line) <= 120));
}

#[test]
fn a_reader_that_polls_never_loses_the_run() {
    let campaign = Campaign::new();
    let (folder, mut command) = campaign.command(5, 6.0);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let (mut trajectory, mut torn, mut best) = (Trajectory::new(), 0, 0);
    let patience = Instant::now();
    loop {
        let ended = child.try_wait().unwrap();
        let bytes = fs::read(folder.join("trajectory.json")).unwrap_or_default();
        match trajectory.take(&bytes) {
            Taken::Torn => torn += 1,
            Taken::Same => {}
            Taken::News { from } => assert!(from <= trajectory.steps().len()),
        }
        assert!(trajectory.steps().len() >= best, "steps were lost");
        best = trajectory.steps().len();
        if ended.is_some() {
            break;
        }
        assert!(patience.elapsed() < Duration::from_mins(1));
    }
    eprintln!("{torn} torn looks");
    assert_eq!((best, trajectory.state()), (200, Live::Ended(End::MaxSteps)));
    let mut fresh = Trajectory::new();
    fresh.take(&fs::read(folder.join("trajectory.json")).unwrap());
    assert_eq!(fresh.steps(), trajectory.steps());
}

#[test]
fn sigterm_ends_it_without_a_last_word() {
    let campaign = Campaign::new();
    let (folder, mut command) = campaign.command(3, 1.0);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let mut trajectory = Trajectory::new();
    let patience = Instant::now();
    while trajectory.steps().len() < 3 {
        trajectory.take(&fs::read(folder.join("trajectory.json")).unwrap_or_default());
        assert!(patience.elapsed() < Duration::from_secs(30));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15));
    trajectory.take(&fs::read(folder.join("trajectory.json")).unwrap());
    assert!(!matches!(trajectory.state(), Live::Ended(_)));
    assert!(!folder.join("model_patch.diff").exists());
}
