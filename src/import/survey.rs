//! The same look at a tree, taken in steps: what there is by name, then one item after another in any order, then all of it
//! together. Who reports takes all steps at once; who browses shows what came of each.

use std::path::{Path, PathBuf};

use super::bytes::Scratch;
use super::harness::{self, Names};
use super::{Import, Imported, Problem, analysis, crew, fold, item, ours, repos_of, results, walk};
use crate::artifact::PlanFile;

/// What lies below some paths, by name.
#[derive(Debug)]
pub struct Survey {
    found: walk::Found,
    clone: Option<PathBuf>,
    /// Clones that the harness keeps, by run.
    repos: Vec<Option<PathBuf>>,
    /// Run and place in it, by item.
    items: Vec<(usize, usize)>,
}

/// An item's folder, listed.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// Its run, by its place in the order of runs.
    pub run: usize,
    /// The folder.
    pub folder: &'a Path,
}

/// A run folder of the harness, listed.
#[derive(Debug)]
pub struct ListedRun<'a> {
    /// The folder.
    pub path: &'a Path,
    /// Who ran, as far as the folder's path says.
    pub names: Names,
}

/// What the files of one item say.
#[derive(Debug)]
pub struct ItemRead(item::Read);

impl ItemRead {
    /// The human's commit; empty where nothing tells.
    pub fn human(&self) -> &str {
        &self.0.human
    }

    /// The run of ours that wrote it, where one did.
    pub fn ours(&self) -> Option<&str> {
        self.0.ours.as_ref().map(|(run, _)| run.as_str())
    }
}

impl Survey {
    /// Looks below these paths, at names alone. `clone`: as for [`super::import`].
    pub fn of(paths: &[PathBuf], clone: Option<&Path>) -> Self {
        let found = walk::walk(paths);
        let repos = found.runs.iter().map(|run| repos_of(&run.path)).collect();
        let items = found.runs.iter().enumerate().flat_map(|(run, dir)| (0..dir.items.len()).map(move |at| (run, at))).collect();
        Self { found, clone: clone.map(Path::to_owned), repos, items }
    }

    /// Items of the harness.
    pub const fn items(&self) -> usize {
        self.items.len()
    }

    /// One of them.
    pub fn item(&self, at: usize) -> Option<Listed<'_>> {
        let (run, _) = *self.items.get(at)?;
        Some(Listed { run, folder: &self.dir(at)?.path })
    }

    /// The runs of the harness.
    pub fn runs(&self) -> impl Iterator<Item = ListedRun<'_>> {
        self.found.runs.iter().map(|run| ListedRun { path: &run.path, names: Names::of(&run.path, &[]) })
    }

    /// Files and folders of events that may be trajectories by their names, and that no item holds.
    pub fn loose(&self) -> &[PathBuf] {
        &self.found.loose
    }

    /// The folders in which runs and results lie: what changes there is news.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        let runs = self.found.runs.iter().map(|run| run.path.as_path());
        let results = self.found.results.iter().map(|folder| folder.path.as_path());
        let loose = self.found.loose.iter().filter_map(|path| path.parent());
        runs.chain(results).chain(self.found.ours.iter().map(PathBuf::as_path)).chain(loose)
    }

    /// What could not be looked at.
    pub fn problems(&self) -> &[Problem] {
        &self.found.problems
    }

    /// The runs of ours, folded.
    pub fn ours(&self) -> Vec<Result<Imported, Problem>> {
        crew::each(&self.found.ours, |path, _| ours::load(path))
    }

    /// Reads an item; `None` where there is no such item.
    pub fn read(&self, at: usize, scratch: &mut Scratch) -> Option<ItemRead> {
        let repos = self.items.get(at).and_then(|(run, _)| self.repos.get(*run)).and_then(Option::as_deref);
        Some(ItemRead(item::read(self.dir(at)?, item::Against { clone: self.clone.as_deref(), repos }, scratch)))
    }

    /// An item as a run of its own: what is known of it before all others were read.
    pub fn alone(&self, at: usize, read: &ItemRead) -> Option<Imported> {
        let (run, _) = self.items.get(at)?;
        let path = &self.found.runs.get(*run)?.path;
        let items = vec![read.0.clone()];
        Some(harness::fold(path, &Names::of(path, &items), items, &harness::Measured::new()))
    }

    /// All of it, with what was read of each item, in their order. What was not read is left out.
    pub fn finish(&self, reads: Vec<Option<ItemRead>>) -> Import {
        let mut import = Import { problems: self.found.problems.clone(), ..Import::default() };
        for path in &self.found.plans {
            // a file that only looks like a plan by its name is none
            if let Ok((plan, _)) = PlanFile::read(path) {
                import.plans.push((path.clone(), plan));
            }
        }
        for path in &self.found.analyses {
            analysis::read(path, &mut import);
        }
        for loaded in self.ours() {
            match loaded {
                Ok(run) => import.runs.push(run),
                Err(problem) => import.problems.push(problem),
            }
        }
        let folders = results(&self.found.results, &import.runs, &mut import.problems);
        let reads = reads.into_iter().map(|read| read.map(|read| read.0)).collect();
        let runs = super::harness(&self.found.runs, reads, &mut import);
        fold(runs, &folders, &mut import);
        import.runs.extend(folders.iter().map(|(path, folder)| folder.fold(path)));
        import
    }

    fn dir(&self, at: usize) -> Option<&walk::ItemDir> {
        let (run, place) = *self.items.get(at)?;
        self.found.runs.get(run)?.items.get(place)
    }
}
