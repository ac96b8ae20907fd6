//! How each stage begins: the commands that its keeper runs, or our own work.

mod agent;
mod clean;
mod container;
mod harness;
mod line;
mod pull;
mod three_way;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

use tokio::task::JoinHandle;

use super::checking;
use super::conclude::failed;
use super::containers;
use super::job::Job;
use super::prompt::PromptError;
use super::{results, score};
use crate::bench::classify;
use crate::config::Engine;
use crate::domain::{AttemptId, FailureClass, ItemId, Stage, StageDetail, StageOutcome, short_sha};
use crate::host::gpu_lock::Gpu;
use crate::host::launch::Environment;
use crate::host::stage_folder::{Command, Spec};
use crate::ledger::Fact;
use crate::model::{Item, ItemState, Run};
use crate::patch::SCRATCH;

/// Time between the request to end and the kill, in ms.
const GRACE_MS: u64 = 5_000;

/// Build tools of an agent may eat the memory: they go before the runner does.
const AGENT_OOM_SCORE: i32 = 500;

/// What begins a stage.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one of it lives at a time, and it is moved once")]
pub enum Begun {
    /// Commands under a keeper, what they find in their environment, and what goes on record before they start.
    Commands(Spec, Environment, Vec<Fact>),
    /// Our own work on a thread, and the commands that a keeper runs once it is over, where there are any.
    Task(JoinHandle<StageOutcome>, Option<Box<(Spec, Environment)>>),
    /// It is over already.
    Over(StageOutcome),
}

/// Prepares a stage; an arm gets these GPUs. What can't be prepared is a failed stage, not an error of ours.
pub fn begin(job: &Job, run: &Run, item: &Item, (attempt, stage): (&AttemptId, Stage), gpus: &[Gpu]) -> Begun {
    let started = Instant::now();
    let is_harness = super::harness::is_used(&job.config);
    if stage == Stage::Check && !is_harness && !fs::symlink_metadata(job.worktree(item)).is_ok_and(|tree| tree.is_dir()) {
        // a link in its place would make us look at, and clean up, somebody else's folder
        let why = "the agent removed its worktree, or put something else in its place".to_owned();
        return Begun::Over(failed(FailureClass::AgentCrashed, why, None, StageDetail::Nothing));
    }
    let last = item.last_attempt();
    let is_first = last.is_some_and(|last| last.from == stage && last.stage(stage).is_none_or(|record| record.rounds() == 1));
    set_lost_aside(&if is_first { job.folder.attempt(attempt) } else { job.folder.stage(attempt, stage) });
    let mut facts = Vec::new();
    let mut environment = environment(job, attempt);
    let commands = match stage {
        Stage::Worktree if is_harness => harness::make_way(job, run, item, attempt),
        Stage::Worktree => worktree(job, run, item, attempt),
        Stage::Agent if is_harness => harness::begin(job, run, item, attempt),
        Stage::Agent => agent::begin(job, run, item, attempt, &mut environment, &mut facts),
        Stage::Check if is_harness => harness::check(job, run, item, attempt),
        Stage::Check => check(job, item, attempt),
        Stage::Human | Stage::Baseline | Stage::Candidate if super::three_way::is_used(&job.config) => {
            match three_way::begin(job, item, attempt, stage, started) {
                Ok(three_way::Arm::Command(command)) => Ok(vec![command]),
                Ok(three_way::Arm::Reused(outcome)) => return Begun::Over(outcome),
                Err(error) => Err(error),
            }
        }
        stage if containers::is_arm(&job.config, stage) => match results::reused(job, item, stage) {
            Some(taken) => match results::take(job, item, (attempt, stage), taken, started) {
                Ok(outcome) => return Begun::Over(outcome),
                Err(error) => Err(error),
            },
            None => container::begin(job, item, (attempt, stage), gpus, &mut environment),
        },
        Stage::Human | Stage::Baseline | Stage::Candidate => arm(job, run, item, attempt, stage),
        Stage::Score => match score::command(job, run, item, attempt).filter(|_| score::has_patch(item)) {
            Some(judge) => Ok(vec![judge]),
            None => return Begun::Over(score::outcome(job, item, started)),
        },
        Stage::Clean => {
            let prune = clean::prune(job, run, item, attempt);
            let then = prune.map(|command| Box::new((spec(job, attempt, stage, vec![command]), environment)));
            return Begun::Task(clean::remove(job.worktrees(), item.id.clone(), harness::leftovers(job, run, item)), then);
        }
        Stage::Pull => pull::begin(job, run, item, attempt),
    };
    match commands {
        Ok(commands) => Begun::Commands(spec(job, attempt, stage, commands), environment, facts),
        Err((doing, error)) => {
            let why = format!("can't {doing}: {error}");
            let class = match error.get_ref() {
                Some(error) if error.is::<container::NoCommand>() => FailureClass::NoCommand,
                error => match error.and_then(|error| error.downcast_ref::<PromptError>()) {
                    Some(error) => error.class(),
                    None => classify(&why).map_or(FailureClass::Unknown, |(class, _)| class),
                },
            };
            Begun::Over(failed(class, why, None, StageDetail::Nothing))
        }
    }
}

/// Whether an arm takes an older result and measures nothing.
pub fn is_reused(job: &Job, item: &Item, stage: Stage) -> bool {
    let Some(arm) = stage.arm() else { return false };
    match job.config.arms.engine {
        Engine::Process => false,
        Engine::ThreeWay => three_way::reused(job, item, arm).is_some(),
        Engine::Docker => results::reused(job, item, stage).is_some(),
    }
}

fn spec(job: &Job, attempt: &AttemptId, stage: Stage, commands: Vec<Command>) -> Spec {
    let in_container = containers::is_arm(&job.config, stage);
    Spec {
        tag: tag(job, attempt, stage),
        commands,
        budget_ms: job.budget_ms(stage),
        grace_ms: if in_container { container::GRACE_MS } else { GRACE_MS },
        oom_score_adj: (stage == Stage::Agent).then_some(AGENT_OOM_SCORE),
        pauses_itself: in_container,
        gpus: Vec::new(),
    }
}

/// The words by which a stage's processes are known, wherever they went.
fn tag(job: &Job, attempt: &AttemptId, stage: Stage) -> String {
    format!("{}/{attempt}/{stage}", job.folder.run_id())
}

/// What the stage's processes find in their environment beside ours.
fn environment(job: &Job, attempt: &AttemptId) -> Environment {
    let text = |name: &str, value: String| (OsString::from(name), OsString::from(value));
    let kill_switch: (OsString, OsString) = text("ISOBENCH_DIE_AFTER", String::new());
    Environment::Ours(vec![kill_switch, text("ISOBENCH_RUN", job.folder.run_id().0), text("ISOBENCH_ATTEMPT", attempt.to_string())])
}

type Commands = Result<Vec<Command>, (String, io::Error)>;

fn command(cwd: &Path, argv: Vec<String>) -> Command {
    Command { argv, cwd: cwd.to_owned(), env: Vec::new(), stdin: None, stdout: None, allow_codes: Vec::new() }
}

fn make_folder(path: &Path) -> Result<(), (String, io::Error)> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| (format!("create the folder {}", path.display()), error))
}

/// A git command on the clone with a work tree and an index of its own: nothing of the clone changes.
fn git(job: &Job, tree: &Path, index: &Path, arguments: &[&str]) -> Command {
    let git_dir = job.git_dir.clone().unwrap_or_default();
    let mut argv = vec!["git".to_owned(), format!("--git-dir={}", git_dir.display()), format!("--work-tree={}", tree.display())];
    argv.extend(["-c", "core.bare=false", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"].map(str::to_owned));
    // what an agent may have written into the clone's configuration must not change what the next ones get
    argv.extend(["-c", "core.autocrlf=false", "-c", "core.eol=lf", "-c", "core.attributesFile=/dev/null"].map(str::to_owned));
    argv.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    let mut command = command(tree, argv);
    command.env = vec![("GIT_INDEX_FILE".to_owned(), index.display().to_string()), ("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned())];
    command
}

/// A checkout of a commit into a new folder.
fn checkout(job: &Job, tree: &Path, index: &Path, commit: &str) -> Result<Command, (String, io::Error)> {
    remove_tree(tree).map_err(|error| (format!("remove what an interrupted attempt left at {}", tree.display()), error))?;
    make_folder(tree)?;
    make_folder(index.parent().unwrap_or(tree))?;
    let _ = fs::remove_file(index);
    Ok(git(job, tree, index, &["read-tree", "-u", "--reset", commit]))
}

/// The parent commit without its history: the agent must not find the human's commit in it.
fn worktree(job: &Job, run: &Run, item: &Item, attempt: &AttemptId) -> Commands {
    let tree = job.worktree(item);
    let index = job.folder.stage(attempt, Stage::Worktree).join("index");
    let own = |arguments: &[&str]| {
        let mut argv = vec!["git".to_owned()];
        argv.extend(
            ["-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.hooksPath=/dev/null", "-c", "init.defaultBranch=main"]
                .map(str::to_owned),
        );
        argv.extend(
            ["-c", "user.name=isobench-tui", "-c", "user.email=isobench-tui@localhost", "-c", "commit.gpgSign=false"].map(str::to_owned),
        );
        argv.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        command(&tree, argv)
    };
    let mut branch = own(&["checkout", "-q", "-B", &format!("agent/{}/{}", run.task_id, short_sha(&item.human))]);
    // where git does not like the name the harness goes on without the branch
    branch.argv.splice(0..0, ["sh", "-c", r#""$@" || :"#, "sh"].map(str::to_owned));
    Ok(vec![
        checkout(job, &tree, &index, &item.parent)?,
        own(&["init", "-q", "--template="]),
        // tracked files that .gitignore names belong to the first state too
        own(&["add", "-A", "-f"]),
        own(&["commit", "-q", "--allow-empty", "--no-verify", "-m", "Initial state"]),
        branch,
    ])
}

/// A ledger that lost its last lines counts attempts and stages again that have been: what they left stays, under
/// another name.
fn set_lost_aside(folder: &Path) {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let older = |nth: u32| folder.with_file_name(format!("{name}.older{nth}"));
    if folder.exists()
        && let Some(free) = (1..u32::MAX).map(older).find(|path| !path.exists())
        && let Err(error) = fs::rename(folder, &free)
    {
        tracing::warn!("can't set {} aside: {error}", folder.display());
    }
}

/// The files of an arm that is measured once more in this attempt make way: `<stage>.round<k>`, from 1.
pub fn set_round_aside(job: &Job, item: &Item, attempt: &AttemptId, stage: Stage) {
    let record = item.last_attempt().and_then(|last| last.stage(stage)).filter(|record| record.ran_in == attempt.n);
    let Some(record) = record else { return };
    let folder = job.folder.stage(attempt, stage);
    let round = folder.with_file_name(format!("{stage}.round{}", record.rounds()));
    set_lost_aside(&round);
    if let Err(error) = fs::rename(&folder, &round)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!("can't set {} aside: {error}", folder.display());
    }
}

/// Takes the patch: base tree against final tree, with an object store of our own, so that it works whatever the
/// agent did to the worktree's `.git`.
fn check(job: &Job, item: &Item, attempt: &AttemptId) -> Commands {
    let (folder, tree) = (job.folder.stage(attempt, Stage::Check), job.worktree(item));
    let index = folder.join("index");
    make_folder(&folder.join("objects"))?;
    // with the index of the checkout git need not read the files that did not change; the harness leaves none
    if let Some(made) = job.ran(item, Stage::Worktree).filter(|_| !super::harness::is_used(&job.config)) {
        copy_index(&made.join("index"), &index).map_err(|error| ("copy the checkout's index".to_owned(), error))?;
    }
    let mut commands = take_diff(job, item, &folder, &tree, "model_patch.diff");
    commands.push(expected(job, item, &folder, &tree));
    commands.push(checking::command(job, item, &folder));
    Ok(commands)
}

/// The paths that the human's commit changes, into the file `expected`.
fn expected(job: &Job, item: &Item, folder: &Path, tree: &Path) -> Command {
    let mut expected = git(
        job,
        tree,
        &folder.join("index"),
        &["-c", "core.quotePath=false", "diff-tree", "-r", "--name-only", "--no-commit-id", &item.parent, &item.human],
    );
    expected.stdout = Some(folder.join("expected"));
    expected
}

/// The difference from the parent commit to what lies in a tree now, committed there or not, into a file of this
/// name; with index and object store of our own in the folder.
fn take_diff(job: &Job, item: &Item, folder: &Path, tree: &Path, name: &str) -> Vec<Command> {
    let (index, objects) = (folder.join("index"), folder.join("objects"));
    let store = job.git_dir.clone().unwrap_or_default().join("objects");
    let with_store = |mut command: Command| {
        command.env.push(("GIT_OBJECT_DIRECTORY".to_owned(), objects.display().to_string()));
        command.env.push(("GIT_ALTERNATE_OBJECT_DIRECTORIES".to_owned(), store.display().to_string()));
        command
    };
    let excluded: Vec<String> = SCRATCH.iter().map(|scratch| format!(":(top,exclude){scratch}")).collect();
    let mut add = vec!["-c", "advice.addEmbeddedRepo=false", "add", "-A", "--", "."];
    add.extend(excluded.iter().map(String::as_str));
    let mut diff = with_store(git(
        job,
        tree,
        &index,
        &[
            "-c",
            "diff.noprefix=false",
            "-c",
            "diff.mnemonicPrefix=false",
            "diff",
            "--cached",
            "--binary",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            &item.parent,
        ],
    ));
    diff.stdout = Some(folder.join(name));
    let mut add = with_store(git(job, tree, &index, &add));
    add.argv.splice(0..0, ["sh", "-c", ADD_AGAIN, "sh"].map(str::to_owned));
    vec![add, diff]
}

/// git refuses to add anything at all where an agent left a repository without a commit inside the worktree: its files
/// are then taken as files. One with commits is a submodule to git, and stays one.
const ADD_AGAIN: &str = r#""$@" && exit
find . -mindepth 2 -name .git -prune -exec sh -c '
  for inner; do git --git-dir="$inner" rev-parse -q --verify HEAD >/dev/null 2>&1 || rm -rf "$inner"; done' sh {} +
exec "$@""#;

/// Copies an index with its time: a file changed in the second in which it was checked out, to the same length, looks
/// unchanged, and git looks closer only where the index is not younger than that.
fn copy_index(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    fs::File::options().write(true).open(to)?.set_modified(fs::metadata(from)?.modified()?)
}

/// An arm runs in a checkout of its own, made fresh.
fn arm(job: &Job, run: &Run, item: &Item, attempt: &AttemptId, stage: Stage) -> Commands {
    let tree = job.arm_tree(attempt, stage);
    let index = job.folder.stage(attempt, stage).join("index");
    let commit = if stage == Stage::Human { &item.human } else { &item.parent };
    let mut commands = vec![checkout(job, &tree, &index, commit)?];
    if stage == Stage::Candidate {
        let patch = job.ran(item, Stage::Check).unwrap_or_default().join("model_patch.diff");
        commands.push(git(job, &tree, &index, &["apply", "--whitespace=nowarn", &patch.display().to_string()]));
    }
    let arm = stage.arm().map_or("", crate::domain::Arm::name);
    let argv = job.config.arms.command.iter().map(|word| job.fill(word, run, item).replace("{arm}", arm)).collect();
    commands.push(command(&tree, argv));
    Ok(commands)
}

/// Removes what an item left that was skipped while nothing of it ran: no stage of its own does.
pub fn sweep(job: &Job, run: &Run) {
    for item in run.items.iter().filter(|item| matches!(item.state, ItemState::Skipped { .. })) {
        for tree in trees_of(&job.worktrees(), &item.id).unwrap_or_default() {
            if let Err(error) = remove_tree(&tree) {
                tracing::warn!("can't remove {}: {error}", tree.display());
            }
        }
    }
    let _ = fs::remove_dir(job.worktrees());
}

/// `<item>.<n>` and `<item>.<n>.<arm>`, and not those of an item whose id begins the same.
fn trees_of(worktrees: &Path, item: &ItemId) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(worktrees) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let is_ours = |name: &str| {
        let Some(rest) = name.strip_prefix(item.0.as_str()).and_then(|rest| rest.strip_prefix('.')) else { return false };
        let (n, arm) = rest.split_once('.').unwrap_or((rest, "human"));
        n.parse::<u32>().is_ok() && Stage::from_name(arm).is_some()
    };
    entries.filter_map(|entry| entry.map(|entry| is_ours(&entry.file_name().to_string_lossy()).then(|| entry.path())).transpose()).collect()
}

/// Removes a folder with all that is in it, read-only folders included.
fn remove_tree(tree: &Path) -> io::Result<()> {
    match fs::remove_dir_all(tree) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            make_writable(tree)?;
            fs::remove_dir_all(tree)
        }
        Err(error) => Err(error),
    }
}

fn make_writable(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_writable(&entry.path())?;
        }
    }
    Ok(())
}
