//! What an agent is asked: the text of `task.txt`, where it comes from, and its digest.

mod copy;
mod measured;

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Job;
use super::create::digest;
use crate::agent::prompt::{self as language, Template, TemplateError, Word, bullets};
use crate::artifact::{ArtifactError, Checkout, Mapping, TaskFile, repo_name, task_file};
use crate::config::Config;
use crate::domain::{FailureClass, ItemId, PromptSource, RunId, short_sha};
use crate::host::git::{self, GitError};
use crate::ledger::{LedgerError, Manifest, RunFolder};
use crate::model::{Follower, Item, Run};
use copy::Earlier;

/// Why an item has no prompt.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// A file can't be read.
    #[error("can't read the {what} {}: {source}", path.display())]
    Unreadable {
        /// What it is: `prompt template`, `earlier prompt`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A template is wrong.
    #[error("{}:{error}", path.display())]
    Template {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        error: TemplateError,
    },
    /// `prompt.from` names nothing.
    #[error(
        "prompt.from = \"{from}\" is neither a run of ours (`isobench-tui ls` lists them) nor a folder at {}",
        looked.display()
    )]
    NoRun {
        /// As configured.
        from: String,
        /// The folder that it would be.
        looked: PathBuf,
    },
    /// A run of ours that can't be read.
    #[error(transparent)]
    Run(#[from] LedgerError),
    /// No earlier run asked for the same commit.
    #[error(
        "no earlier prompt of commit {human} below {}{broken}: run it through the harness first (agent.via = \"harness\"), name a run that has it (prompt.from), \
         or ask by template (prompt.source = \"template\")",
        looked.display()
    )]
    NothingToCopy {
        /// The commit, abbreviated.
        human: String,
        /// Where we looked.
        looked: PathBuf,
        /// What is wrong with a file there, in brackets; empty where nothing is.
        broken: String,
    },
    /// The harness's own prompt, without the harness.
    #[error(
        "prompt.source = \"harness\": ISO-Bench writes that prompt itself, while it runs the agent: set agent.via = \"harness\", or prompt.source = \"copy\" to ask what it asked before"
    )]
    OnlyTheHarness,
    /// A file of the harness is broken.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The mapping, which says what is measured, is broken.
    #[error(transparent)]
    Mapping(ArtifactError),
    /// What the mapping says of this commit is broken.
    #[error("what arms.mapping says of it can't be read: {0}")]
    Entry(String),
    /// The human's commit, which the template asks for.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl PromptError {
    /// The class of what can't be asked for it.
    pub const fn class(&self) -> FailureClass {
        if let Self::Mapping(_) | Self::Entry(_) = self { FailureClass::NoCommand } else { FailureClass::NoPrompt }
    }
}

/// A prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The text for `task.txt`.
    pub text: String,
    /// Where it comes from.
    pub source: PromptSource,
    /// The file it was taken from, if any.
    pub from: Option<String>,
    /// SHA-256, in hex, of the text with `{worktree}` in the place of the worktree's path and `{item_dir}` in that of
    /// the item's folder: equal for two agents that were asked the same.
    pub digest: String,
}

/// Whom to ask, and about what.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The item.
    pub item: &'a ItemId,
    /// The human's commit.
    pub human: &'a str,
    /// Its parent.
    pub parent: &'a str,
    /// The clone's git folder; only for a template that asks for the human's commit.
    pub git_dir: Option<&'a Path>,
    /// The folder in which the agent works.
    pub worktree: &'a Path,
    /// The item's folder below `state/runs`; what lies in the same run's folder is never copied.
    pub item_dir: &'a Path,
}

/// What the prompts of a run are made from, read once.
#[derive(Debug)]
pub struct Prompts {
    makes: Makes,
    repo: String,
    task: Option<TaskFile>,
    threshold_pct: f64,
    minutes: f64,
    max_steps: Option<u32>,
}

#[derive(Debug)]
enum Makes {
    /// From a template, ours where there is no path.
    Template { template: Template, path: Option<PathBuf>, mapping: Option<Mapping> },
    /// From what was asked before.
    Copy { earlier: Vec<Earlier>, broken: Vec<String>, looked: PathBuf, whose: Whose },
}

/// Whose earlier prompt is taken where there are several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The newest, in a run that a person named.
    Newest,
    /// The newest that ISO-Bench itself wrote; the newest of ours where there is none.
    Theirs,
}

impl Prompts {
    /// Reads what the configuration names. What is wrong with a template or a mapping is told here, before any agent
    /// starts.
    pub fn read(checkout: &Checkout, config: &Config, repo: &str, task_id: &str) -> Result<Self, PromptError> {
        // a copied text has all it needs
        let is_filled = config.prompt.source == PromptSource::Template;
        let task = if is_filled { task_of(checkout, config, task_id)? } else { None };
        let makes = match config.prompt.source {
            PromptSource::Harness => return Err(PromptError::OnlyTheHarness),
            PromptSource::Template => {
                let path = config.prompt.template.as_ref().map(|path| checkout.root.join(path));
                let mapping = match &config.arms.mapping {
                    Some(path) => Some(checkout.root.join(path)),
                    None => Mapping::find(&checkout.root),
                };
                Makes::Template {
                    template: template(path.as_deref())?,
                    path,
                    mapping: mapping.map(|path| Mapping::read(&path)).transpose().map_err(PromptError::Mapping)?,
                }
            }
            PromptSource::Copy => {
                let looked = copied_from(checkout, config)?;
                let named = config.prompt.from.as_deref().is_some_and(|from| !from.is_empty());
                let (earlier, broken) = Earlier::below(&looked);
                Makes::Copy { earlier, broken, looked, whose: if named { Whose::Newest } else { Whose::Theirs } }
            }
        };
        Ok(Self {
            makes,
            repo: repo.to_owned(),
            task,
            threshold_pct: config.arms.threshold_pct,
            minutes: config.budget.agent,
            max_steps: config.agent.max_steps,
        })
    }

    /// Whether an item has a prompt: nothing is missing that is looked up by commit, and what is copied can be read.
    pub fn check(&self, human: &str) -> Result<(), PromptError> {
        match &self.makes {
            Makes::Template { mapping, .. } => known(mapping.as_ref(), human),
            Makes::Copy { earlier, broken, looked, whose } => copied(pick(earlier, broken, (looked, *whose), human, None)?).map(|_| ()),
        }
    }

    /// What is wrong with earlier runs' files, so that nobody can tell whose prompts lie beside them.
    pub fn broken(&self) -> &[String] {
        match &self.makes {
            Makes::Template { .. } => &[],
            Makes::Copy { broken, .. } => broken,
        }
    }

    /// The words of the template by which it gives the human's solution away.
    pub fn gives_away(&self) -> Vec<&'static str> {
        match &self.makes {
            Makes::Template { template, .. } => Word::HUMAN.into_iter().filter(|word| template.names(*word)).map(Word::name).collect(),
            Makes::Copy { .. } => Vec::new(),
        }
    }

    /// What they are made from, in a few words: `our template`, `copies of the prompts in …`.
    pub fn words(&self) -> String {
        match &self.makes {
            Makes::Template { path: None, .. } => "our template".to_owned(),
            Makes::Template { path: Some(path), .. } => format!("template {}", path.display()),
            Makes::Copy { looked, whose: Whose::Newest, .. } => format!("copies of the prompts in {}", looked.display()),
            Makes::Copy { looked, .. } => format!("copies of the prompts in {}, ISO-Bench's own before ours", looked.display()),
        }
    }

    /// The prompt of an item.
    pub fn of(&self, subject: &Subject<'_>) -> Result<Prompt, PromptError> {
        let (tree, item_dir) = (subject.worktree.display().to_string(), subject.item_dir.display().to_string());
        let (text, source, from) = match &self.makes {
            Makes::Template { template, path, mapping } => {
                let text = self.filled(template, mapping.as_ref(), subject, &tree)?;
                (text, PromptSource::Template, path.clone())
            }
            Makes::Copy { earlier, broken, looked, whose } => {
                let earlier = pick(earlier, broken, (looked, *whose), subject.human, Some(subject.item_dir))?;
                let text = copied(earlier)?;
                (copy::moved(&text, &earlier.folder, &tree, &item_dir), PromptSource::Copy, Some(earlier.task()))
            }
        };
        let digest = digest_of(&text, &tree, &item_dir);
        Ok(Prompt { text, source, from: from.map(|path| path.display().to_string()), digest })
    }

    fn filled(&self, template: &Template, mapping: Option<&Mapping>, subject: &Subject<'_>, tree: &str) -> Result<String, PromptError> {
        known(mapping, subject.human)?;
        let human = Human::read(template, subject)?;
        let task = self.task.as_ref();
        let entry = mapping.and_then(|mapping| mapping.entry(subject.human));
        let command = entry.and_then(|entry| entry.perf_command.as_deref());
        let mode = entry.and_then(|entry| entry.benchmark_mode.as_deref());
        let some = |text: &str| Some(text.to_owned());
        Ok(template.render(|word| match word {
            Word::Worktree => some(tree),
            Word::Repo => Some(shown_repo(&self.repo)),
            Word::ItemId => some(&subject.item.0),
            Word::Task => some(&task?.name),
            Word::Description => some(&task?.description),
            Word::Constraints => bullets(&task?.constraints),
            Word::TargetFiles => bullets(&task?.target_files),
            Word::Model => some(entry?.model.as_deref()?),
            Word::BenchmarkMode => some(mode?),
            Word::PerfCommand => some(command?),
            Word::Metric => measured::metric(command, mode).map(str::to_owned).or_else(|| measured_by(task?)),
            Word::ThresholdPct => Some(self.threshold_pct.to_string()),
            Word::TimeBudget => (self.minutes > 0.0).then(|| format!("{} minutes", self.minutes)),
            Word::MaxSteps => Some(self.max_steps?.to_string()),
            Word::Scratch => Some(format!("{tree}/.bench_scratch")),
            Word::HumanCommit => some(subject.human),
            Word::HumanMessage => some(&human.message),
            Word::HumanFiles => bullets(&human.files),
            Word::HumanDiff => some(&human.diff),
        }))
    }
}

/// The digest of a prompt: the same wherever the same is asked.
pub fn digest_of(text: &str, worktree: &str, item_dir: &str) -> String {
    digest(text.replace(worktree, "{worktree}").replace(item_dir, "{item_dir}").as_bytes())
}

/// What a template that asks for it by name is told of the human's commit.
#[derive(Default)]
struct Human {
    message: String,
    files: Vec<String>,
    diff: String,
}

impl Human {
    fn read(template: &Template, subject: &Subject<'_>) -> Result<Self, PromptError> {
        let Some(git_dir) = subject.git_dir else { return Ok(Self::default()) };
        let ask = |word, arguments: &[&str]| {
            if template.names(word) { git::answer(git_dir, arguments).map(|text| text.trim_end().to_owned()) } else { Ok(String::new()) }
        };
        let commits = [subject.parent, subject.human];
        Ok(Self {
            message: ask(Word::HumanMessage, &["show", "--no-patch", "--format=%B", subject.human])?,
            files: ask(Word::HumanFiles, &[&["-c", "core.quotePath=false", "diff", "--name-only", "--no-renames"][..], &commits].concat())?
                .lines()
                .map(str::to_owned)
                .collect(),
            diff: ask(Word::HumanDiff, &[&["diff", "--no-color", "--no-ext-diff", "--no-textconv"][..], &commits].concat())?,
        })
    }
}

/// The repository as people write it: the folder's name may have lost its last letters.
fn shown_repo(repo: &str) -> String {
    crate::artifact::shown_repo(&repo_name(repo)).to_owned()
}

/// The task's own word for what it measures, where that is a time or a rate and no check.
fn measured_by(task: &TaskFile) -> Option<String> {
    let primary = task.primary_metric.as_ref()?;
    task.metrics.iter().any(|metric| metric.name == *primary && metric.using.starts_with("runtime:")).then(|| primary.clone())
}

fn unreadable(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PromptError {
    let path = path.to_owned();
    move |source| PromptError::Unreadable { what, path, source }
}

/// A template: the person's, or ours.
fn template(path: Option<&Path>) -> Result<Template, PromptError> {
    let text = match path {
        Some(path) => copy::text(path).map_err(unreadable("prompt template", path))?,
        None => language::DEFAULT.to_owned(),
    };
    Template::parse(&text).map_err(|error| PromptError::Template { path: path.unwrap_or(Path::new("our template")).to_owned(), error })
}

/// The task file of the plan: the one that is configured, or the one of its id.
pub fn task_of(checkout: &Checkout, config: &Config, task_id: &str) -> Result<Option<TaskFile>, ArtifactError> {
    let variables = |name: &str| std::env::var(name).ok();
    Ok(match &config.harness.task {
        Some(path) => Some(TaskFile::read(&checkout.root.join(path), &variables)?),
        None => task_file::find(&checkout.root, task_id, &variables)?,
    })
}

/// The folder in or below which earlier prompts are looked for: the run's that is named, else that of all runs.
fn copied_from(checkout: &Checkout, config: &Config) -> Result<PathBuf, PromptError> {
    let runs = checkout.state.join("runs");
    let Some(from) = config.prompt.from.as_deref().filter(|from| !from.is_empty()) else { return Ok(runs) };
    let ours = RunFolder::of(&checkout.root, &RunId(from.to_owned()));
    if !from.contains('/') && ours.manifest().is_file() {
        let (manifest, run) = (Manifest::look(&ours)?, Follower::load(&ours).map_err(unreadable("run", ours.path()))?);
        return Ok(checkout.items(&run.repo, &run.agent, &run.model, &manifest.harness_timestamp));
    }
    // people also write it as it stands below the harness folder: state/runs/…
    let places = [runs.join(from), checkout.root.join(from)];
    let [looked, _] = &places;
    let none = PromptError::NoRun { from: from.to_owned(), looked: looked.clone() };
    places.into_iter().find(|place| place.is_dir()).ok_or(none)
}

/// The newest earlier item of a commit that is not one of this run.
fn pick<'a>(
    earlier: &'a [Earlier],
    broken: &[String],
    (looked, whose): (&Path, Whose),
    human: &str,
    item_dir: Option<&Path>,
) -> Result<&'a Earlier, PromptError> {
    let own = item_dir.and_then(Path::parent);
    let mut fit = earlier.iter().filter(|earlier| earlier.is_of(human) && (own.is_none() || earlier.folder.parent() != own));
    let theirs = if whose == Whose::Theirs { fit.clone().find(|earlier| harness_wrote_in(&earlier.folder)) } else { None };
    theirs.or_else(|| fit.next()).ok_or_else(|| PromptError::NothingToCopy {
        human: short_sha(human).to_owned(),
        looked: looked.to_owned(),
        broken: broken.first().map_or_else(String::new, |first| format!(" (whose prompt this is can't be told: {first})")),
    })
}

/// The text of an earlier prompt.
fn copied(earlier: &Earlier) -> Result<String, PromptError> {
    let path = earlier.task();
    copy::prompt_text(&path).map_err(unreadable("earlier prompt", &path))
}

/// The prompt of an item of a run.
pub fn prompt(job: &Job, run: &Run, item: &Item) -> Result<Prompt, PromptError> {
    let (worktree, folder) = (job.worktree(item), job.item_folder(run, &item.id));
    Prompts::read(&job.checkout, &job.config, &run.repo, &run.task_id)?.of(&Subject {
        item: &item.id,
        human: &item.human,
        parent: &item.parent,
        git_dir: job.git_dir.as_deref(),
        worktree: &worktree,
        item_dir: &folder.path,
    })
}

/// The harness's own `prompt.json`, as far as it may be known before the agent has ended: the files of the human's
/// commit are not in it.
pub fn prompt_json(job: &Job, run: &Run, item: &Item) -> Value {
    let task = task_of(&job.checkout, &job.config, &run.task_id).ok().flatten();
    let task = task.as_ref();
    json!({
        "task": task.map_or(run.task_id.as_str(), |task| &task.name),
        "description": task.map_or("Optimise the repository's performance", |task| &task.description),
        "constraints": task.map_or(&[][..], |task| &task.constraints),
        "target_files": task.map_or(&[][..], |task| &task.target_files),
        "success": {
            "primary_metric": task.and_then(|task| task.primary_metric.as_deref()).unwrap_or("runtime"),
            "rules": ["Do not modify tests or metrics harness", "Preserve external behavior; optimize internals only"],
        },
        "commits": {"pre": item.parent, "human": item.human},
    })
}

/// The prompt that ISO-Bench itself wrote last for a commit: its file and its text.
pub fn harness_wrote(checkout: &Checkout, human: &str) -> Option<(PathBuf, String)> {
    let (all, _) = Earlier::below(&checkout.state.join("runs"));
    let last = all.iter().filter(|earlier| earlier.is_of(human)).find(|earlier| harness_wrote_in(&earlier.folder))?;
    Some((last.task(), copy::text(&last.task()).ok()?))
}

/// Whether ISO-Bench itself wrote the prompt in an item's folder. An item of ours without a journal, one that was
/// skipped, can't be told from one of its own: neither counts.
pub fn harness_wrote_in(folder: &Path) -> bool {
    let journal = copy::text(&folder.join("journal.json")).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let source = |journal: &Value| journal.pointer("/isobench_tui/prompt/source").cloned();
    journal.is_some_and(|journal| journal.get("isobench_tui").is_none() || source(&journal) == Some(json!(PromptSource::Harness)))
}

/// Nothing is asked that would leave out, without a word, what is measured.
fn known(mapping: Option<&Mapping>, human: &str) -> Result<(), PromptError> {
    mapping.and_then(|mapping| mapping.unread(human)).map_or(Ok(()), |why| Err(PromptError::Entry(why.to_owned())))
}
