//! A look at the whole queue before anything starts: one table, each row ok, a warning or blocked, with the fix.

use std::path::{Path, PathBuf};

use super::prompt::Prompts;
use crate::agent::launch::program;
use crate::artifact::{Checkout, PlanFile};
use crate::config::{Config, Via};
use crate::domain::{AgentKind, FailureClass};
use crate::host::git::{self, Looked};
use crate::ledger::PlannedItem;
use crate::ledger::fact::Blocked;

/// What was found.
#[derive(Debug, Clone)]
pub struct Preflight {
    /// The rows that concern the whole run.
    pub checks: Vec<(Check, String)>,
    /// The items, resolved or blocked.
    pub items: Vec<PlannedItem>,
    /// The clone's git folder.
    pub git_dir: Option<PathBuf>,
}

/// How a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// As it should be.
    Ok,
    /// Goes, but look at it.
    Warning,
    /// Does not go.
    Blocked,
}

impl Check {
    /// The word of the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Blocked => "blocked",
        }
    }
}

impl Preflight {
    /// Whether anything can be run at all.
    pub fn is_runnable(&self) -> bool {
        self.items.iter().any(|item| item.blocked.is_none())
    }
}

/// Looks at clone, commits, agent and arms.
pub fn preflight(plan: &PlanFile, checkout: &Checkout, config: &Config) -> Preflight {
    let mut checks = Vec::new();
    let clone = find_clone(plan, checkout, config);
    let (git_dir, everything) = match &clone {
        Ok(git_dir) => {
            checks.push((Check::Ok, format!("clone: {}", git_dir.display())));
            (Some(git_dir.clone()), None)
        }
        Err(blocked) => {
            checks.push((Check::Blocked, format!("clone: {}", blocked.why)));
            (None, Some(blocked.clone()))
        }
    };
    let agent = agent_there(config);
    checks.push(match &agent {
        Ok(says) => (Check::Ok, format!("agent: {says}")),
        Err(blocked) => (Check::Blocked, format!("agent: {}", blocked.why)),
    });
    if config.arms.command.is_empty() {
        let says = "arms: no arms.command in isobench-tui.toml: patches are taken and checked, and not benchmarked";
        checks.push((Check::Warning, says.to_owned()));
    }
    let mut items = match (&everything, &git_dir) {
        (None, Some(git_dir)) => resolve(plan, git_dir),
        (Some(blocked), _) => blocked_all(plan, blocked),
        (None, None) => Vec::new(),
    };
    if let Err(no_agent) = &agent {
        // an item's own reason says more than the one that all of them have
        for item in &mut items {
            item.blocked.get_or_insert_with(|| no_agent.clone());
        }
    }
    checks.extend(asks(plan, checkout, config, &mut items));
    let runnable = items.iter().filter(|item| item.blocked.is_none()).count();
    let check = match runnable {
        0 => Check::Blocked,
        some if some < items.len() => Check::Warning,
        _ => Check::Ok,
    };
    checks.insert(0, (check, format!("plan: {runnable} of {} items can run", items.len())));
    Preflight { checks, items, git_dir }
}

/// What the agent is asked, where we are the ones who ask it. An item without a prompt is blocked.
fn asks(plan: &PlanFile, checkout: &Checkout, config: &Config, items: &mut [PlannedItem]) -> Option<(Check, String)> {
    if config.agent.via == Via::Harness {
        return None;
    }
    let prompts = Prompts::read(checkout, config, &plan.repo, &plan.task_id);
    let mut without = 0;
    for item in items.iter_mut().filter(|item| item.blocked.is_none()) {
        let found = prompts
            .as_ref()
            .map_or_else(|error| Err(error.to_string()), |prompts| prompts.check(&item.human).map_err(|error| error.to_string()));
        item.blocked = found.err().map(|why| Blocked { class: FailureClass::NoPrompt, why });
        without += usize::from(item.blocked.is_some());
    }
    Some(match prompts {
        Err(error) => (Check::Blocked, format!("prompt: {error}")),
        Ok(prompts) => match (prompts.gives_away(), without) {
            (_, 1..) => (Check::Warning, format!("prompt: {}; {without} of {} items have none", prompts.words(), items.len())),
            (shown, 0) if !shown.is_empty() => {
                (Check::Warning, format!("prompt: {}: it shows the agent the human's solution ({})", prompts.words(), shown.join(", ")))
            }
            _ => (Check::Ok, format!("prompt: {}", prompts.words())),
        },
    })
}

fn find_clone(plan: &PlanFile, checkout: &Checkout, config: &Config) -> Result<PathBuf, Blocked> {
    let missing = |why: String| Blocked { class: FailureClass::MissingRepo, why };
    let clone = checkout.clone_of(config.repo.as_deref(), &plan.repo, &plan.task_id).map_err(|looked| {
        missing(format!(
            "no clone of {} at {}: clone it there, name another with `repo` in {}, or run with --clone",
            plan.repo,
            looked.display(),
            Config::FILE
        ))
    })?;
    git::git_dir(&clone).map_err(|error| missing(error.to_string()))
}

fn agent_there(config: &Config) -> Result<String, Blocked> {
    let missing = |why: String| Blocked { class: FailureClass::AgentNotFound, why };
    let of_kind = program(config.agent.kind, config.agent.cli.as_deref());
    let own = (config.agent.kind != AgentKind::Command).then_some(&of_kind);
    let Some(program) = own.or(config.agent.command.first()) else {
        return Err(missing(format!("no agent is configured: write [agent] command = [\"program\", \"arg\", …] into {}", Config::FILE)));
    };
    find_program(program)
        .map(|path| path.display().to_string())
        .ok_or_else(|| missing(format!("the agent's program '{program}' is not there or not executable: check agent.command and PATH")))
}

/// A program by its path or on `PATH`.
pub fn find_program(program: &str) -> Option<PathBuf> {
    let executable = |path: &Path| path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    if program.contains('/') {
        let path = PathBuf::from(program);
        return executable(&path).then_some(path);
    }
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| executable(path))
}

fn blocked_all(plan: &PlanFile, blocked: &Blocked) -> Vec<PlannedItem> {
    let item = |item: &crate::artifact::PlanItem| PlannedItem {
        item: item.item_id.clone(),
        human: item.human.clone(),
        parent: item.pre.clone(),
        blocked: Some(blocked.clone()),
    };
    plan.items.iter().map(item).collect()
}

/// Looks up every commit and its parent in one git process each.
fn resolve(plan: &PlanFile, git_dir: &Path) -> Vec<PlannedItem> {
    let humans: Vec<String> = plan.items.iter().map(|item| item.human.trim().to_owned()).collect();
    let parents: Vec<String> = plan
        .items
        .iter()
        .map(|item| match item.pre.trim() {
            "" => format!("{}^{}", item.human.trim(), item.pre_parent_index.unwrap_or(1)),
            pre => pre.to_owned(),
        })
        .collect();
    let looked = git::look_up(git_dir, &humans).and_then(|humans| Ok((humans, git::look_up(git_dir, &parents)?)));
    let (human_answers, parent_answers) = match looked {
        Ok(answers) => answers,
        Err(error) => return blocked_all(plan, &Blocked { class: FailureClass::GitError, why: error.to_string() }),
    };
    let rows = plan.items.iter().zip(human_answers).zip(parent_answers);
    rows.map(|((item, human), parent)| resolve_one(item, human, parent, git_dir)).collect()
}

/// One commit for `add`, looked up as the plan's items are.
pub fn resolve_added(git_dir: &Path, item: &crate::artifact::PlanItem) -> PlannedItem {
    let plan = PlanFile::of_items(vec![item.clone()]);
    let unknown = PlannedItem { item: item.item_id.clone(), human: item.human.clone(), parent: String::new(), blocked: None };
    resolve(&plan, git_dir).into_iter().next().unwrap_or(unknown)
}

fn resolve_one(item: &crate::artifact::PlanItem, human: Looked, parent: Looked, git_dir: &Path) -> PlannedItem {
    // the zeroth parent of a commit is itself
    let parent = if item.pre.is_empty() && item.pre_parent_index == Some(0) { Looked::Missing } else { parent };
    let clone = git_dir.display();
    let written = &item.human;
    let blocked = |class, why| Some(Blocked { class, why });
    let (human, mut why) = match human {
        Looked::Found(sha) => (sha, None),
        Looked::Missing if written.trim().is_empty() => {
            (String::new(), blocked(FailureClass::BadSha, "the plan names no human commit: fill in `human`".to_owned()))
        }
        Looked::Missing => (
            written.clone(),
            blocked(
                FailureClass::BadSha,
                format!("commit {written} is not in {clone}: check the sha, or fetch it (git fetch origin {written})"),
            ),
        ),
        Looked::Ambiguous => (
            written.clone(),
            blocked(FailureClass::BadSha, format!("more than one commit of {clone} begins with {written}: write more of the sha")),
        ),
    };
    let parent = match parent {
        Looked::Found(sha) => sha,
        Looked::Missing | Looked::Ambiguous => {
            let index = item.pre_parent_index.unwrap_or(1);
            let says = if !item.pre.is_empty() {
                format!("commit {} (`pre` of the plan) is not in {clone}: check the sha, or fetch it", item.pre)
            } else if git::is_shallow_at(git_dir, &human) {
                format!("{clone} is a shallow clone that was cut off at {written}: git fetch --unshallow")
            } else {
                format!("{written} has no parent {index}: it is the first commit, or `pre_parent_index` is wrong")
            };
            why = why.or_else(|| blocked(FailureClass::MissingParent, says));
            String::new()
        }
    };
    PlannedItem { item: item.item_id.clone(), human, parent, blocked: why }
}
