//! The stages of an item that ISO-Bench's own `prepare` runs: making way for its worktree, its command, its patch.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::agent::set_older_aside;
use super::{Commands, command, expected, make_folder, remove_tree, take_diff};
use crate::artifact::bench_file::BenchFile;
use crate::config::Config;
use crate::domain::{AgentKind, AttemptId, ItemId, Stage};
use crate::host::git;
use crate::host::stage_folder::Command;
use crate::model::{Item, Run};
use crate::runner::Job;
use crate::runner::checking;
use crate::runner::harness::end::LEFT;
use crate::runner::harness::{base, bench_file, python, task_of};

/// What the harness takes where its bench file says nothing: minutes, steps, dollars, Claude Code's model.
const DEFAULTS: (f64, u32, f64, &str) = (60.0, 50, 10.0, "sonnet");

/// Minutes that stand for no limit: the harness has no word for that.
const NO_LIMIT: f64 = 7.0 * 24.0 * 60.0;

/// Removes a folder, whatever the modes in it.
const REMOVE: &str = r#"rm -rf -- "$1" 2>/dev/null && exit; chmod -R u+rwX -- "$1"; exec rm -rf -- "$1""#;

/// What `prepare` would trip over: it reuses a worktree with the last agent's edits, fails on one that it detached
/// before, and can't make one that git still has on its list. What was changed in it is kept first, new files
/// included; files that git ignores are not, and go with it: they are builds and caches, some of them larger than a disk.
pub(super) fn make_way(job: &Job, run: &Run, item: &Item, attempt: &AttemptId) -> Commands {
    let (folder, tree) = (job.folder.stage(attempt, Stage::Worktree), job.worktree(item));
    refuse_far(job)?;
    refuse_links(&job.checkout.work, &tree)?;
    make_folder(&folder.join("objects"))?;
    let mut commands = Vec::new();
    match fs::symlink_metadata(&tree) {
        Ok(there) if there.is_dir() => {
            commands.extend(take_diff(job, item, &folder, &tree, LEFT));
            let argv = ["sh", "-c", REMOVE, "sh"].map(str::to_owned).into_iter().chain([tree.display().to_string()]).collect();
            commands.push(command(Path::new("/"), argv));
        }
        // a link leads to somebody else's folder: the link goes, the folder stays
        Ok(_) => fs::remove_file(&tree).map_err(|error| (format!("remove {}", tree.display()), error))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err((format!("look at {}", tree.display()), error)),
    }
    if let Some(base) = base(&job.checkout, &run.repo, &job.task_id) {
        let words = |words: &[&str]| ["git"].iter().chain(words).map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let mut forget = words(&["worktree", "remove", "--force", "--force"]);
        forget.push(tree.display().to_string());
        // one that was locked half-made stays on the list for ever; one that is not on it is refused with 128
        commands.push(Command { allow_codes: vec![128], ..command(&base, forget) });
        commands.push(command(&base, words(&["worktree", "prune"])));
    }
    if commands.is_empty() {
        commands.push(command(Path::new("/"), vec!["true".to_owned()]));
    }
    Ok(commands)
}

/// A task id names a folder in which we remove things.
fn refuse_far(job: &Job) -> Result<(), (String, io::Error)> {
    match ItemId(job.task_id.clone()).unfit() {
        Some(why) => Err((format!("use the task id '{}'", job.task_id), io::Error::other(why))),
        None => Ok(()),
    }
}

/// Between the work folder and a worktree in it lie real folders, or nothing yet: what is removed or made behind a link
/// is somebody else's. The work folder itself may be a link, to a disk that is large enough.
fn refuse_links(work: &Path, tree: &Path) -> Result<(), (String, io::Error)> {
    let above = tree.parent().into_iter().flat_map(Path::ancestors).take_while(|folder| *folder != work);
    for folder in above {
        match fs::symlink_metadata(folder) {
            Ok(there) if there.is_dir() => {}
            Ok(there) => {
                let to = fs::read_link(folder).map(|to| format!(" to {}", to.display())).unwrap_or_default();
                let is = if there.is_symlink() { format!("a link{to}") } else { "no folder".to_owned() };
                let says = format!("{} is {is}, and nothing is removed or made behind it: remove it, or move paths.work", folder.display());
                return Err((format!("use the worktree {}", tree.display()), io::Error::other(says)));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err((format!("look at {}", folder.display()), error)),
        }
    }
    Ok(())
}

/// `python -m bench.cli prepare` on a plan of one item, in the harness folder.
pub(super) fn begin(job: &Job, run: &Run, item: &Item, attempt: &AttemptId) -> Commands {
    refuse_far(job)?;
    refuse_links(&job.checkout.work, &job.worktree(item))?;
    let items = job.item_folder(run, &item.id).path;
    set_older_aside(job, item, &items).map_err(|error| (format!("set the older {} aside", items.display()), error))?;
    let folder = job.folder.attempt(attempt);
    make_folder(&folder)?;
    let text = |path: &Path| path.display().to_string();
    let plan = folder.join("plan.json");
    write(&plan, &plan_of_one(run, item)).map_err(|error| (format!("write {}", plan.display()), error))?;
    let (task, _) =
        task_of(&job.checkout, &job.config, &run.task_id).map_err(|says| ("find the task".to_owned(), io::Error::other(says)))?;
    let bench = bench_to_use(job, &folder)?;
    let state = job.checkout.state.join("runs");
    let run_id = items.parent().and_then(|run| run.strip_prefix(&state).ok()).unwrap_or(&items);
    let argv = [python(&job.checkout, &job.config).as_str(), "-m", "bench.cli", "prepare", &text(&task), "--from-plan", &text(&plan)]
        .into_iter()
        .chain(["--bench-cfg", &text(&bench), "--max-workers", "1", "--run-id", &text(run_id)])
        .map(str::to_owned)
        .collect();
    let mut prepare = command(&job.checkout.root, argv);
    prepare.env = vec![("PYTHONUNBUFFERED".to_owned(), "1".to_owned())];
    if let (AgentKind::Openhands, Some(model)) = (job.config.agent.kind, &job.config.agent.model) {
        // OpenHands takes its model from here; the bench file has no word for it
        prepare.env.push(("LLM_MODEL".to_owned(), model.clone()));
    }
    Ok(vec![prepare])
}

/// The item as preflight resolved it: a plan that was changed since changes nothing.
fn plan_of_one(run: &Run, item: &Item) -> Value {
    let item = json!({"item_id": item.id, "human": item.human, "pre": item.parent, "pre_parent_index": 1});
    json!({"repo": run.repo, "task_id": run.task_id, "items": [item]})
}

/// The configured bench file, or a copy with what was asked for in its place: another agent, model, limit or folder.
fn bench_to_use(job: &Job, folder: &Path) -> Result<PathBuf, (String, io::Error)> {
    let path = bench_file(&job.checkout, &job.config);
    let bench = BenchFile::read(&path, &|name| std::env::var(name).ok())
        .map_err(|error| ("read the bench file".to_owned(), io::Error::other(error)))?;
    let Some(changed) = derived(&bench, &job.config) else { return Ok(path) };
    // JSON is YAML too
    let path = folder.join("bench.yaml");
    write(&path, &changed).map_err(|error| (format!("write {}", path.display()), error))?;
    Ok(path)
}

/// The bench file with what differs changed, everything else as it is written; `None` where nothing differs.
fn derived(bench: &BenchFile, config: &Config) -> Option<Value> {
    let mut whole = bench.written().clone();
    let kind = config.agent.kind;
    let agent = bench.agent(kind.name()).cloned().unwrap_or_default();
    let mut set = |path: &[&str], value: Value| place(&mut whole, path, value);
    if bench.default_agent.as_deref() != Some(kind.name()) {
        set(&["agents", "default"], json!(kind.name()));
    }
    let minutes = if config.budget.agent > 0.0 { config.budget.agent } else { NO_LIMIT };
    if !same(agent.time_budget_minutes.unwrap_or(DEFAULTS.0), minutes) {
        set(&["agents", kind.name(), "time_budget_minutes"], number(minutes));
    }
    let steps = if kind == AgentKind::Openhands { ("iterations", agent.args.iterations) } else { ("max_steps", agent.args.max_steps) };
    if let Some(asked) = config.agent.max_steps.filter(|asked| *asked != steps.1.unwrap_or(DEFAULTS.1)) {
        set(&["agents", kind.name(), "args", steps.0], json!(asked));
    }
    if let (Some(usd), AgentKind::Openhands) = (config.agent.max_usd, kind)
        && !same(agent.args.max_budget_per_task.unwrap_or(DEFAULTS.2), usd)
    {
        set(&["agents", kind.name(), "args", "max_budget_per_task"], number(usd));
    }
    let sonnet = (kind == AgentKind::ClaudeCode).then(|| DEFAULTS.3.to_owned());
    let model = agent.args.model.clone().or(sonnet);
    let words = [
        (&["agents", kind.name(), "cli"][..], &config.agent.cli, &agent.cli),
        (&["agents", kind.name(), "args", "model"], &config.agent.model, &model),
        (&["agents", kind.name(), "args", "profile"], &config.agent.profile, &agent.args.profile),
    ];
    for (path, asked, there) in words {
        if asked.is_some() && asked != there {
            set(path, json!(asked));
        }
    }
    let config_file = config.agent.config_file.as_ref().map(|path| path.display().to_string());
    if config_file.is_some() && config_file != agent.config_file {
        set(&["agents", kind.name(), "config_file"], json!(config_file));
    }
    for (name, ours, theirs) in
        [("state_root", &config.paths.state, &bench.state_root), ("work_root", &config.paths.work, &bench.work_root)]
    {
        let is_same =
            theirs.as_ref().is_some_and(|theirs| Path::new(".").join(theirs).components().eq(Path::new(".").join(ours).components()));
        if !is_same {
            set(&["paths", name], json!(ours));
        }
    }
    (whole != *bench.written()).then_some(whole)
}

/// Whether two numbers of a configuration are the same.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

/// Puts a value at a place, making the maps above it.
fn place(whole: &mut Value, path: &[&str], value: Value) {
    let Some((name, rest)) = path.split_first() else {
        *whole = value;
        return;
    };
    if !whole.is_object() {
        *whole = Value::Object(Map::new());
    }
    if let Some(map) = whole.as_object_mut() {
        place(map.entry((*name).to_owned()).or_insert(Value::Null), rest, value);
    }
}

/// A whole number as one: the harness prints it.
#[expect(clippy::cast_possible_truncation, reason = "minutes and dollars, checked to be at most 1e7")]
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

fn write(path: &Path, value: &Value) -> io::Result<()> {
    let text = serde_json::to_vec_pretty(value).map_err(io::Error::other)?;
    let mut file = fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    io::Write::write_all(&mut file, &text)
}

/// Takes the patch from the harness's worktree, as from ours; where that is gone, from the harness's own patch file.
pub(super) fn check(job: &Job, run: &Run, item: &Item, attempt: &AttemptId) -> Commands {
    let tree = job.worktree(item);
    // its agent may have put a link there since
    refuse_links(&job.checkout.work, &tree)?;
    if fs::symlink_metadata(&tree).is_ok_and(|tree| tree.is_dir()) {
        return super::check(job, item, attempt);
    }
    let folder = job.folder.stage(attempt, Stage::Check);
    make_folder(&folder)?;
    let theirs = job.item_folder(run, &item.id).patch();
    if !theirs.metadata().is_ok_and(|there| there.is_file()) {
        let says = format!("neither {} nor {} is there", tree.display(), theirs.display());
        return Err(("take the patch".to_owned(), io::Error::new(io::ErrorKind::NotFound, says)));
    }
    let mut copy = command(&folder, vec!["cat".to_owned(), "--".to_owned(), theirs.display().to_string()]);
    copy.stdout = Some(folder.join("model_patch.diff"));
    Ok(vec![copy, expected(job, item, &folder, &folder), checking::command(job, item, &folder)])
}

/// What `prepare` leaves behind that `clean` removes.
#[derive(Debug)]
pub(super) struct Leftovers {
    work: PathBuf,
    tree: Option<PathBuf>,
    base: Option<PathBuf>,
}

/// The harness's worktree of the item, and the clone that has it on its list.
pub(super) fn leftovers(job: &Job, run: &Run, item: &Item) -> Leftovers {
    let is_ours = crate::runner::harness::is_used(&job.config) && refuse_far(job).is_ok();
    let base = || base(&job.checkout, &run.repo, &job.task_id);
    Leftovers { work: job.checkout.work.clone(), tree: is_ours.then(|| job.worktree(item)), base: is_ours.then(base).flatten() }
}

impl Leftovers {
    /// Removes it.
    pub(super) fn remove(&self) -> io::Result<()> {
        let Some(tree) = &self.tree else { return Ok(()) };
        refuse_links(&self.work, tree).map_err(|(_, error)| error)?;
        if tree.is_symlink() {
            fs::remove_file(tree)?;
        } else {
            remove_tree(tree)?;
        }
        // the last item leaves an empty folder
        let _ = tree.parent().map(fs::remove_dir);
        match &self.base {
            Some(base) => git::prune_worktrees(base).map_err(io::Error::other),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may")]

    use super::*;

    const BENCH: &str = r#"{"container": {"gpus": "${BENCH_GPUS:-none}"}, "paths": {"work_root": "./.work", "state_root": "./state"},
        "agents": {"default": "${A:-trae}", "trae": {"cli": "${TRAE_PYTHON}", "time_budget_minutes": 120, "args": {"max_steps": 400}},
        "claude_code": {"args": {"model": "${CLAUDE_MODEL:-sonnet}"}}}}"#;

    fn bench() -> BenchFile {
        BenchFile::parse(Path::new("bench.yaml"), BENCH.as_bytes(), &|_| None).unwrap()
    }

    #[test]
    fn a_bench_file_that_says_what_is_wanted_is_used_as_it_is() {
        let mut config = Config::default();
        config.agent.kind = AgentKind::Trae;
        assert_eq!(derived(&bench(), &config), None);
        config.agent.max_steps = Some(400);
        assert_eq!(derived(&bench(), &config), None);
    }

    #[test]
    fn what_is_asked_for_is_changed_and_the_rest_stays_unexpanded() {
        let mut config = Config::default();
        config.agent.kind = AgentKind::ClaudeCode;
        config.agent.model = Some("opus".to_owned());
        config.agent.max_steps = Some(7);
        config.budget.agent = 0.5;
        let changed = derived(&bench(), &config).unwrap();
        let expected = json!({"container": {"gpus": "${BENCH_GPUS:-none}"}, "paths": {"work_root": "./.work", "state_root": "./state"},
            "agents": {"default": "claude_code", "trae": {"cli": "${TRAE_PYTHON}", "time_budget_minutes": 120, "args": {"max_steps": 400}},
            "claude_code": {"args": {"model": "opus", "max_steps": 7}, "time_budget_minutes": 0.5}}});
        assert_eq!(changed, expected);
    }

    #[test]
    fn a_bench_file_without_the_agent_gets_it() {
        let empty = BenchFile::parse(Path::new("bench.yaml"), b"{}", &|_| None).unwrap();
        let mut config = Config::default();
        config.agent.kind = AgentKind::Codex;
        config.budget.agent = 0.0;
        let changed = derived(&empty, &config).unwrap();
        let expected = json!({"agents": {"default": "codex", "codex": {"time_budget_minutes": 10080}}, "paths": {"state_root": "state", "work_root": ".work"}});
        assert_eq!(changed, expected);
    }
}
