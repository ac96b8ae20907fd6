//! Finding the harness: the folder that holds `state/`, the repository around it, the clone of the plan's repository,
//! the names of run folders.
//!
//! A checkout of ISO-Bench is a repository with an inner harness folder: `ISO-Bench/ISO-Bench/`, in older ones
//! `OmniPerf-Bench/perf-agents-bench/`. The inner one holds `bench.yaml`, `tasks/`, `bench/` and `state/`; `.env`,
//! `scripts/runners/`, `data/mappings/` and `third-party/` lie in the repository's root. People also keep everything in one
//! folder.

use std::fs;
use std::path::{Path, PathBuf};

use super::PlanFile;
use crate::domain::ItemId;

/// What can go wrong while the harness is looked for.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    /// More than one folder could be meant.
    #[error(
        "{} holds {} harness folders ({}): go into the one that is meant, or name it with --root",
        above.display(), folders.len(), names(folders)
    )]
    Ambiguous {
        /// The folder that holds them.
        above: PathBuf,
        /// The harness folders.
        folders: Vec<PathBuf>,
    },
    /// Our configuration lies where nobody reads it.
    #[error("{} lies above the harness folder {}, and beside its bench.yaml is where it is read: move it there", file.display(), inner.display())]
    Misplaced {
        /// The configuration.
        file: PathBuf,
        /// The harness folder below.
        inner: PathBuf,
    },
}

fn names(paths: &[PathBuf]) -> String {
    let name = |path: &PathBuf| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    paths.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// A harness folder and where its things lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The folder that holds `state/`: the working folder of `python -m bench.cli`. Our ledger is in `state/tui` of it.
    pub root: PathBuf,
    /// The repository's root, where `.env`, `scripts/`, `data/` and `third-party/` lie: the folder above `root` where that
    /// is a checkout of ISO-Bench, else `root` itself.
    pub repo_root: PathBuf,
    /// Holds `runs/`: `paths.state`, absolute.
    pub state: PathBuf,
    /// Holds `worktrees/` and `repos/`: `paths.work`, absolute.
    pub work: PathBuf,
}

/// Names of the inner folder, today's and the older one.
const INNER: [&str; 2] = ["ISO-Bench", "perf-agents-bench"];

/// Files of the state folder that are looked into for a plan under any name.
const MOST_GUESSES: usize = 64;

/// The largest of them, in bytes.
const LARGEST_GUESS: u64 = 4 << 20;

/// What a repository root of ISO-Bench holds.
const MARKS: [&str; 5] = ["scripts/runners", "data/mappings", "src/eval", "third-party/trae-agent", ".git"];

impl Checkout {
    /// The harness at this folder, whatever it holds.
    pub fn at(root: PathBuf) -> Self {
        let named = root.file_name().is_some_and(|name| INNER.iter().any(|inner| name == *inner));
        let package = root.join("bench").is_dir();
        let above = root.parent().filter(|above| (named && package) || ((named || package) && is_repository(above)));
        Self { repo_root: above.unwrap_or(&root).to_owned(), state: root.join("state"), work: root.join(".work"), root }
    }

    /// Where `.env` is looked for, in the harness's order: the first that exists is the agents'.
    pub fn env_folders(&self) -> [&Path; 2] {
        [&self.repo_root, &self.root]
    }

    /// With the configured folders in place of `state/` and `.work/`; relative ones are below the root.
    #[must_use]
    pub fn with_paths(self, state: &Path, work: &Path) -> Self {
        Self { state: self.root.join(state), work: self.root.join(work), ..self }
    }

    /// The harness that a named folder is or holds; the folder as it is where it looks like none.
    pub fn named(folder: &Path) -> Result<Self, CheckoutError> {
        if is_root(folder)? {
            return Ok(Self::at(folder.to_owned()));
        }
        Ok(Self::at(inner(folder)?.unwrap_or_else(|| folder.to_owned())))
    }

    /// The nearest harness upwards: a harness folder, or the root of a repository that holds one.
    pub fn find(from: &Path) -> Result<Option<Self>, CheckoutError> {
        for folder in from.ancestors() {
            if is_root(folder)? {
                return Ok(Some(Self::at(folder.to_owned())));
            }
            // further up only a checkout is looked into: a harness beside our folder is somebody else's
            if (folder == from || is_repository(folder))
                && let Some(inner) = inner(folder)?
            {
                return Ok(Some(Self::at(inner)));
            }
        }
        Ok(None)
    }

    /// The plan that is taken when none is named and none other is there.
    pub fn default_plan(&self) -> PathBuf {
        self.state.join("plan.json")
    }

    /// The plans of the state folder, by name: every `*plan*.json` or `.yaml`; where none is called so, whatever else
    /// there reads as one.
    pub fn plans(&self) -> Vec<PathBuf> {
        let could_be = |name: &str| !name.starts_with('.') && has_suffix(name, &["json", "yaml", "yml"]);
        let named = listed(&self.state, |name| could_be(name) && name.contains("plan"));
        if !named.is_empty() {
            return named;
        }
        let is_small = |path: &PathBuf| fs::metadata(path).is_ok_and(|there| there.len() <= LARGEST_GUESS);
        let others = listed(&self.state, could_be).into_iter().filter(is_small).take(MOST_GUESSES);
        others.filter(|path| PlanFile::read(path).is_ok()).collect()
    }

    /// The bench files: every `bench*.yaml`, by name.
    pub fn bench_files(&self) -> Vec<PathBuf> {
        listed(&self.root, is_bench_file)
    }

    /// The task files: every `tasks/*.yaml`, by name.
    pub fn task_files(&self) -> Vec<PathBuf> {
        listed(&self.root.join("tasks"), |name| has_suffix(name, &["yaml", "yml"]))
    }

    /// The clone of the plan's repository: as configured, the path in the plan, the harness's own clone, or a clone
    /// beside the harness. `Err` is where the harness would have cloned it to.
    pub fn clone_of(&self, configured: Option<&Path>, repo: &str, task_id: &str) -> Result<PathBuf, PathBuf> {
        if let Some(path) = configured {
            let path = self.root.join(path);
            return if path.is_dir() { Ok(path) } else { Err(path) };
        }
        let name = repo_name(repo);
        // a task id is free text of a file: it must not lead out of the folder
        let folder = if ItemId(task_id.to_owned()).unfit().is_none() { task_id } else { name.as_str() };
        let harness_clone = self.work.join("repos").join(folder);
        let mut places = vec![self.root.join(repo), harness_clone.clone(), self.root.join(&name), self.repo_root.join(&name)];
        places.extend(self.repo_root.parent().map(|above| above.join(&name)));
        places.retain(|place| place.join(".git").exists() || place.join("HEAD").is_file());
        places.into_iter().next().ok_or(harness_clone)
    }

    /// The folder of a run's items: `state/runs/<repo>/<agent>/<model>/<timestamp>`.
    pub fn items(&self, repo: &str, agent: &str, model: &str, timestamp: &str) -> PathBuf {
        self.state.join("runs").join(repo_name(repo)).join(agent).join(harness_model(model)).join(timestamp)
    }

    /// Where a folder of an item really is when a link leads it out of `state/runs`; `None` where it does not. The
    /// state folder itself may be anywhere.
    pub fn leads_out(&self, folder: &Path) -> Option<PathBuf> {
        let runs = self.state.join("runs").canonicalize().ok()?;
        let really = folder.ancestors().find_map(|there| there.canonicalize().ok())?;
        (!really.starts_with(&runs)).then_some(really)
    }

    /// What is known of Docker here: whose images are whose, manifests, prunes. It lies beside our ledgers.
    pub fn docker(&self) -> PathBuf {
        self.root.join("state/docker")
    }

    /// The worktrees of a run.
    pub fn worktrees(&self, run: &str) -> PathBuf {
        self.work.join("worktrees").join(run)
    }
}

fn is_repository(folder: &Path) -> bool {
    MARKS.iter().any(|mark| folder.join(mark).exists())
}

/// Whether a folder is a harness folder: it has our configuration, something of a run, or a bench file with its state.
fn is_root(folder: &Path) -> Result<bool, CheckoutError> {
    let state = folder.join("state");
    if is_harness(folder) || ["plan.json", "runs", "tui"].iter().any(|inside| state.join(inside).exists()) {
        return Ok(true);
    }
    let file = folder.join("isobench-tui.toml");
    if !file.is_file() {
        return Ok(false);
    }
    // alone it makes a folder a harness folder, unless the real one is below it
    match inner(folder)? {
        Some(inner) => Err(CheckoutError::Misplaced { file, inner }),
        None => Ok(true),
    }
}

/// Whether a folder looks like the harness itself: a bench file, and what it works on.
fn is_harness(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).is_dir();
    (has("state") || (has("tasks") && has("bench"))) && !listed(folder, is_bench_file).is_empty()
}

/// The one harness folder in a folder: by its name, else the only one that looks like it.
fn inner(above: &Path) -> Result<Option<PathBuf>, CheckoutError> {
    let mut found: Vec<PathBuf> = INNER.iter().map(|name| above.join(name)).filter(|folder| is_harness(folder)).collect();
    if found.is_empty() {
        let children = fs::read_dir(above).into_iter().flatten().flatten().map(|entry| entry.path());
        found = children.filter(|folder| folder.is_dir() && is_harness(folder)).collect();
        found.sort();
    }
    if found.len() > 1 {
        return Err(CheckoutError::Ambiguous { above: above.to_owned(), folders: found });
    }
    Ok(found.pop())
}

fn is_bench_file(name: &str) -> bool {
    name.starts_with("bench") && has_suffix(name, &["yaml", "yml"])
}

fn has_suffix(name: &str, suffixes: &[&str]) -> bool {
    Path::new(name).extension().is_some_and(|found| suffixes.iter().any(|suffix| found == *suffix))
}

/// The files of a folder with such a name, sorted. No folder, no files.
fn listed(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(&wanted))
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found
}

/// The repository's folder below `state/runs`, by the harness's own rule: of a GitHub URL the tail without any of the
/// characters `.git` at its end, which makes `sglan` of `sglang.git` and of `sglang`; else the last part of the path.
pub fn repo_name(repo: &str) -> String {
    let whole = repo.trim_end_matches('/');
    let whole = if repo.contains("github.com") { whole.trim_end_matches(['.', 'g', 'i', 't']) } else { whole };
    let name = whole.rsplit('/').next().unwrap_or(whole);
    let usable = !name.is_empty() && name != ".." && name != ".";
    if usable { name.to_owned() } else { "repo".to_owned() }
}

/// The model's folder by the harness's rule: lower case, anything but word characters and `-` turned into `-`, never two
/// in a row nor one at an end; `unknown` where nothing is left.
pub fn harness_model(model: &str) -> String {
    let word = |c: char| if c.is_alphanumeric() || c == '_' { c } else { '-' };
    let dashed: String = model.to_lowercase().chars().map(word).collect();
    let parts: Vec<&str> = dashed.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "unknown".to_owned() } else { parts.join("-") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repo_folders_are_named_as_the_harness_names_them() {
        assert_eq!(repo_name("https://github.com/vllm-project/vllm.git"), "vllm");
        assert_eq!(repo_name("https://github.com/sgl-project/sglang.git"), "sglan");
        assert_eq!(repo_name("https://github.com/sgl-project/sglang/"), "sglan");
        assert_eq!(repo_name("https://gitlab.example/a/sglang.git"), "sglang.git");
        assert_eq!(repo_name("/data/sglang/"), "sglang");
        assert_eq!(repo_name("repo"), "repo");
        assert_eq!(repo_name(".."), "repo");
    }

    #[test]
    fn model_folders_are_named_as_the_harness_names_them() {
        assert_eq!(harness_model("us.anthropic.Claude-Sonnet-4-5:0"), "us-anthropic-claude-sonnet-4-5-0");
        assert_eq!(harness_model("a //b--c."), "a-b-c");
        assert_eq!(harness_model("../.."), "unknown");
        assert_eq!(harness_model(""), "unknown");
    }
}
