//! Which plans and agents there are, and what preflight finds of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::agent::launch;
use crate::artifact::Checkout;
use crate::artifact::runs;
use crate::cli::run::{self, refusal};
use crate::cli::select::whole;
use crate::cli::settings::{self, SettingsArgs};
use crate::cli::{doctor, find, table};
use crate::config::Resolution;
use crate::domain::{About, AgentKind, Row};
use crate::host::detach;
use crate::ledger::Manifest;
use crate::runner::create::stages;
use crate::runner::preflight::find_program;
use crate::text::clean;
use crate::ui::home::card::{OwnRuns, PlanSize};
use crate::ui::home::{AgentCard, Choice, Found, Looked, PlanCard};

/// The plans and agents of a checkout.
pub(super) fn found(checkout: &Checkout) -> Found {
    let configured = settings::resolved(checkout, &SettingsArgs::default()).ok();
    // its folders may be configured
    let own = configured.as_ref().map_or(checkout, |resolution| &resolution.checkout);
    let usual = own.default_plan();
    let mut paths = own.plans();
    paths.sort_by_key(|path| *path != usual);
    let plans = paths.into_iter().map(|path| plan(checkout, configured.as_ref(), &path)).collect();
    Found { plans, agents: agents(checkout, configured.as_ref()), own_runs: own_runs(own) }
}

/// ISO-Bench's own runs: those that no run of ours made.
fn own_runs(checkout: &Checkout) -> Vec<OwnRuns> {
    let ours = find::runs(checkout).into_iter().filter_map(|run| Some(Manifest::look(&run).ok()?.harness_timestamp));
    let (ours, all): (Vec<String>, _) = (ours.collect(), checkout.state.join("runs"));
    let mut groups: Vec<OwnRuns> = Vec::new();
    for folder in runs::below(&all) {
        let names: Vec<String> =
            folder.strip_prefix(&all).iter().flat_map(|inside| inside.iter()).map(|name| name.to_string_lossy().into()).collect();
        let (name, newest) = match names.as_slice() {
            [repo, agent, model, timestamp] => (format!("{} {agent} {model}", runs::shown_repo(repo)), timestamp.clone()),
            others => (others.join("/"), String::new()),
        };
        if ours.contains(&newest) {
            continue;
        }
        if let Some(group) = groups.iter_mut().find(|group| group.name == name) {
            group.runs += 1;
            group.newest = newest.max(std::mem::take(&mut group.newest));
        } else {
            groups.push(OwnRuns { name, runs: 1, newest });
        }
    }
    groups
}

fn plan(checkout: &Checkout, resolution: Option<&Resolution>, path: &Path) -> PlanCard {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let read = match resolution {
        Some(resolution) => settings::read_plan(resolution, path),
        None => crate::artifact::PlanFile::read(path),
    };
    let masker = doctor::secrets(Some(checkout));
    let size = read
        .map(|(plan, _)| PlanSize { items: plan.items.len(), task: plan.task_id, repo: plan.repo })
        .map_err(|error| masker.line(&error.to_string()));
    PlanCard { path: path.to_owned(), name, size }
}

/// The configured agent, those that ran here before, and those whose program is on this machine.
fn agents(checkout: &Checkout, configured: Option<&Resolution>) -> Vec<AgentCard> {
    let first = match configured {
        Some(resolution) => card(None, resolution, "as configured"),
        None => AgentCard {
            asked: None,
            name: "as configured".to_owned(),
            model: String::new(),
            bench: None,
            origin: "but the configuration is wrong",
        },
    };
    let before = earlier(configured.map_or(checkout, |resolution| &resolution.checkout));
    let mut cards = vec![first];
    for kind in AgentKind::ALL.into_iter().filter(|kind| *kind != AgentKind::Command) {
        let name = kind.name();
        let ran = before.contains(name);
        if cards.iter().any(|card| card.name == name) {
            continue;
        }
        let Ok(resolution) = settings::resolved(checkout, &SettingsArgs::of_agent(Some(name))) else { continue };
        if ran || is_installed(&resolution) {
            cards.push(card(Some(name.to_owned()), &resolution, if ran { "ran here before" } else { "found on this machine" }));
        }
    }
    let rank = |card: &AgentCard| (card.asked.is_some(), card.origin == "found on this machine");
    cards.sort_by_key(rank);
    cards
}

fn card(asked: Option<String>, resolution: &Resolution, origin: &'static str) -> AgentCard {
    let agent = &resolution.config.agent;
    let bench = resolution.bench.as_ref();
    let root = &resolution.checkout.root;
    let shown = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
    AgentCard { asked, name: agent.name.clone(), model: agent.model_name.clone(), bench: bench.map(|bench| shown(&bench.path)), origin }
}

/// Names of agents in `state/runs/<repo>/<agent>`.
fn earlier(checkout: &Checkout) -> BTreeSet<String> {
    let below = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let agents = below(&checkout.state.join("runs")).flat_map(|repo| below(&repo).collect::<Vec<_>>());
    agents.filter_map(|agent| agent.file_name().map(|name| name.to_string_lossy().into_owned())).collect()
}

/// Whether an agent's program is on this machine. Those that are Python modules lie in the repository as well.
fn is_installed(resolution: &Resolution) -> bool {
    let (agent, checkout) = (&resolution.config.agent, &resolution.checkout);
    let is_module = matches!(agent.kind, AgentKind::Trae | AgentKind::Codex);
    if is_module && !checkout.repo_root.join("third-party/trae-agent").is_dir() {
        return false;
    }
    let program = launch::program(agent.kind, agent.cli.as_deref());
    let program = if program.contains('/') { checkout.root.join(program).display().to_string() } else { program };
    find_program(&program).is_some()
}

/// What preflight finds of a plan and an agent.
pub(super) fn look(checkout: &Checkout, choice: Choice) -> Looked {
    let resolution = match settings::resolved(checkout, &SettingsArgs::of_agent(choice.agent.as_deref())) {
        Ok(resolution) => resolution,
        Err(error) => return unread(checkout, choice, About::Config, &error.to_string(), "mend the file"),
    };
    let chosen = match whole(&resolution, choice.plan.clone()) {
        Ok(chosen) => chosen,
        Err(error) => return unread(checkout, choice, About::Plan, &error.to_string(), "mend the file"),
    };
    let notes = doctor::configuration(&resolution);
    let digest = chosen.digest.clone();
    let looked = run::look(resolution, chosen);
    let masker = doctor::secrets(Some(checkout));
    let mut rows: Vec<Row> = notes.into_iter().map(|row| Row { says: masker.line(&row.says), ..row }).collect();
    rows.extend(looked.found.rows.iter().cloned());
    if let detach::Logout::Kills(says) = detach::logout() {
        rows.push(Row::warning(About::Logout, says, "do that before a run that is to outlive the connection"));
    }
    let root = &looked.checkout.root;
    let shown = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
    Looked {
        digest,
        agent: looked.config.agent.name.clone(),
        model: looked.config.agent.model_name.clone(),
        items: looked.found.items.len(),
        runnable: looked.found.items.iter().filter(|item| item.blocked.is_none()).count(),
        stages: stages(&looked.config),
        length: looked.found.length.words(),
        results: shown(&looked.checkout.state.join("runs")),
        worktrees: shown(&looked.checkout.work.join("worktrees")),
        refusal: refusal(&looked.found).map(|(_, why)| why),
        blocked: table::own_of_screen(&looked.found),
        rows,
        choice,
    }
}

/// What is left to say where a file can't be read.
fn unread(checkout: &Checkout, choice: Choice, about: About, says: &str, fix: &str) -> Looked {
    let says = clean::line(&doctor::secrets(Some(checkout)).mask(says));
    Looked {
        choice,
        digest: String::new(),
        agent: String::new(),
        model: String::new(),
        items: 0,
        runnable: 0,
        stages: Vec::new(),
        length: "nobody knows how long".to_owned(),
        results: String::new(),
        worktrees: String::new(),
        rows: vec![Row::blocked(about, says.clone(), fix)],
        blocked: Vec::new(),
        refusal: Some(says),
    }
}
