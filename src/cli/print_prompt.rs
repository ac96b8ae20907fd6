//! `print prompt ITEM`: exactly what would be asked. Starts nothing and writes nothing.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::settings::{self, SettingsArgs};
use super::{Format, find, read, tell, usage};
use crate::agent::prompt::DEFAULT;
use crate::artifact::{Checkout, PlanFile, PlanItem};
use crate::config::Via;
use crate::domain::{AttemptId, PromptSource, short_sha};
use crate::exit::Exit;
use crate::host::{environment, git};
use crate::ledger::PlannedItem;
use crate::runner::preflight::resolve_added;
use crate::runner::prompt::{Prompt, Prompts, Subject, harness_wrote, harness_wrote_in};
use crate::text::mask::{Masker, is_secret};

/// `print prompt`
#[derive(Debug, Args)]
pub(super) struct PromptArgs {
    /// The item: its id, or the start of its commit's sha
    item: String,
    /// The plan [default: state/plan.json of the harness]
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
    /// text: the prompt alone; json: with where it comes from
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What stands in a worktree's path for the id of a run that does not exist yet.
const NO_RUN: &str = "<run>";

/// The default template, to start one's own from.
pub(super) fn template() -> anyhow::Result<Exit> {
    say(DEFAULT)
}

/// The prompt of one item.
pub(super) fn prompt(root: Option<&Path>, args: &PromptArgs) -> anyhow::Result<Exit> {
    let checkout = match find::checkout(root) {
        Ok(checkout) => checkout,
        Err(says) => return Ok(usage(says)),
    };
    let resolution = match settings::resolved(&checkout, &args.settings) {
        Ok(resolution) => resolution,
        Err(error) => return Ok(usage(error)),
    };
    let (checkout, config) = (&resolution.checkout, &resolution.config);
    let plan_path = match settings::plan(&resolution, args.plan.as_deref()) {
        Ok(path) => path,
        Err(says) => return Ok(usage(says)),
    };
    let plan = match settings::read_plan(&resolution, &plan_path) {
        Ok((plan, _)) => plan,
        Err(error) => return Ok(usage(error)),
    };
    let item = match choose(&plan, &args.item) {
        Ok(item) => item,
        Err(says) => return Ok(usage(format!("{}: {says}", plan_path.display()))),
    };
    let git_dir = checkout.clone_of(config.repo.as_deref(), &plan.repo, &plan.task_id).ok().and_then(|clone| git::git_dir(&clone).ok());
    let planned = match &git_dir {
        Some(git_dir) => resolve_added(git_dir, item),
        None => PlannedItem { item: item.item_id.clone(), human: item.human.clone(), parent: item.pre.clone(), blocked: None },
    };
    if config.agent.via == Via::Harness {
        return of_the_harness(checkout, &planned, args.format);
    }
    let attempt = AttemptId { item: planned.item.clone(), n: 1 };
    let worktree = checkout.worktrees(NO_RUN).join(attempt.to_string());
    let item_dir = checkout.items(&plan.repo, &config.agent.name, &config.agent.model_name, NO_RUN).join(&planned.item.0);
    let subject = Subject {
        item: &planned.item,
        human: &planned.human,
        parent: &planned.parent,
        git_dir: git_dir.as_deref(),
        worktree: &worktree,
        item_dir: &item_dir,
    };
    let made =
        Prompts::read(checkout, config, &plan.repo, &plan.task_id).and_then(|prompts| Ok((prompts.gives_away(), prompts.of(&subject)?)));
    match made {
        Ok((gives_away, prompt)) => {
            if !gives_away.is_empty() {
                tell(format_args!("warning: the template shows the agent the human's solution: {}", gives_away.join(", ")));
            }
            show(&planned, &masked(checkout, prompt), args.format)
        }
        Err(error) => Ok(usage(error)),
    }
}

/// The prompt without the values of secrets, which a template or a task's variables can bring into it.
fn masked(checkout: &Checkout, prompt: Prompt) -> Prompt {
    let secret = environment::secrets(&checkout.env_folders()).into_iter().filter(|(name, _)| is_secret(name));
    let text = Masker::new(environment::variables(), secret).mask(&prompt.text).into_owned();
    if text != prompt.text {
        tell(format_args!("warning: the prompt holds the value of a secret; it is hidden here, and not for the agent"));
    }
    Prompt { text, ..prompt }
}

/// The item with this id, or the one whose commit begins so.
fn choose<'a>(plan: &'a PlanFile, word: &str) -> Result<&'a PlanItem, String> {
    if let Some(item) = plan.items.iter().find(|item| item.item_id.0 == word) {
        return Ok(item);
    }
    let is_of = |item: &&PlanItem| item.human.starts_with(word) || (item.human.len() >= 7 && word.starts_with(&item.human));
    let mut found = plan.items.iter().filter(is_of);
    match (found.next(), found.next()) {
        (Some(item), None) => Ok(item),
        (Some(one), Some(other)) => {
            Err(format!("{word} is the start of more than one commit ({}, {}): write more of it", one.item_id, other.item_id))
        }
        (None, _) => {
            let near = plan.items.iter().map(|item| (strsim::damerau_levenshtein(word, &item.item_id.0), &item.item_id.0)).min();
            let hint = near.filter(|(far, _)| *far <= 2).map_or_else(String::new, |(_, near)| format!(": did you mean {near}?"));
            Err(format!("no item has the id or the commit {word}{hint}"))
        }
    }
}

fn show(item: &PlannedItem, prompt: &Prompt, format: Format) -> anyhow::Result<Exit> {
    match format {
        Format::Text => {
            let from = prompt.from.as_ref().map_or_else(String::new, |from| match prompt.source {
                PromptSource::Copy => format!(" from {from}, written by {}", wrote(from)),
                _ => format!(" from {from}"),
            });
            tell(format_args!("{} {}: {}{from}, digest {}", item.item, short_sha(&item.human), prompt.source.name(), prompt.digest));
            say(&prompt.text)
        }
        Format::Json => {
            let prompt = json!({
                "item_id": item.item.0,
                "human": item.human,
                "source": prompt.source,
                "from": prompt.from,
                "digest": prompt.digest,
                "text": prompt.text,
            });
            say(&format!("{}\n", serde_json::to_string_pretty(&prompt)?))
        }
    }
}

/// ISO-Bench writes its own prompt only while it runs the item: all there is to show is what it wrote before.
fn of_the_harness(checkout: &Checkout, item: &PlannedItem, format: Format) -> anyhow::Result<Exit> {
    let last = harness_wrote(checkout, &item.human);
    let (path, text) = last.map(|(path, text)| (path.display().to_string(), text)).unzip();
    if format == Format::Json {
        let prompt = json!({"item_id": item.item.0, "human": item.human, "source": "harness", "from": path, "digest": "", "text": text});
        return say(&format!("{}\n", serde_json::to_string_pretty(&prompt)?));
    }
    let before = path.map_or("it has not written one for this commit yet".to_owned(), |path| {
        format!("this is the last one it wrote for this commit, {path}")
    });
    tell(format_args!(
        "{} {}: agent.via = \"harness\": ISO-Bench writes the prompt itself while it runs the item; {before}",
        item.item,
        short_sha(&item.human)
    ));
    say(&text.unwrap_or_default())
}

/// Who wrote an earlier prompt, as far as its journal tells.
fn wrote(task: &str) -> &'static str {
    let its_own = Path::new(task).parent().is_some_and(harness_wrote_in);
    if its_own { "ISO-Bench" } else { "isobench-tui, or in a run without its journal" }
}

fn say(text: &str) -> anyhow::Result<Exit> {
    use std::io::Write;
    read::written(std::io::stdout().write_all(text.as_bytes()))?;
    Ok(Exit::Well)
}
