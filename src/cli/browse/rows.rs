//! Rows of the browser, made from those of the report: both show the same figures.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::agent::open::Opened;
use crate::domain::{Cause, Level};
use crate::import::{self, Import, Imported, ItemRead, ListedRun, Names, Origin, Survey};
use crate::ledger::fact::AttemptEnd;
use crate::model::{Attempt, Item};
use crate::report::Study;
use crate::report::study::{Compared, ItemRow, attempts};
use crate::report::verdict;
use crate::text::mask::Masker;
use crate::text::{clean, width};
use crate::ui::browse::{Branch, Facts, Judged, Kind, Outcome, Place, Row, Whole};

/// Characters of a cause that are kept.
const WHY: usize = 160;

/// Makes rows.
#[derive(Debug, Clone)]
pub(super) struct Maker {
    /// The folder that was opened.
    pub(super) folder: PathBuf,
    pub(super) masker: Masker,
}

impl Maker {
    fn name(&self, text: &str) -> String {
        clean::shown(&self.masker.mask(text)).into_owned()
    }

    /// Where the items of a run of the harness hang.
    fn branch(&self, path: &Path, names: &Names) -> Arc<Branch> {
        let time = names.run.rsplit('/').next().unwrap_or(&names.timestamp);
        let at = time_of(time).or_else(|| time_of(&names.timestamp));
        let names = [names.repo.as_str(), names.agent.as_str(), names.model.as_str(), time].map(|name| self.name(name));
        Arc::new(Branch { kind: Kind::Run, names: names.to_vec(), whole: Some(Whole::Others(path.to_owned())), at })
    }

    /// The same of a run that was folded, of ours too.
    fn branch_of(&self, imported: &Imported) -> Arc<Branch> {
        let run = &imported.run;
        if imported.origin == Origin::Results {
            let names = vec![self.name(imported.name.rsplit('/').next().unwrap_or(&imported.name))];
            return Arc::new(Branch { kind: Kind::Results, names, whole: Some(Whole::Others(imported.path.clone())), at: None });
        }
        let names = Names {
            run: imported.name.clone(),
            repo: crate::report::study::repo(&run.repo),
            agent: run.agent.clone(),
            model: run.model.clone(),
            timestamp: imported.name.clone(),
        };
        let branch = self.branch(&imported.path, &names);
        if imported.origin == Origin::Ours {
            return Arc::new(Branch { whole: Some(Whole::Ours(imported.path.clone())), ..(*branch).clone() });
        }
        branch
    }

    fn loose_branch(&self, path: &Path) -> Arc<Branch> {
        let above = path.parent().unwrap_or(path);
        let below = above.strip_prefix(&self.folder).ok().filter(|below| !below.as_os_str().is_empty());
        let name = below.map_or_else(|| above.file_name().map_or_else(|| above.into(), PathBuf::from), Path::to_owned);
        Arc::new(Branch { kind: Kind::Loose, names: vec![self.name(&name.to_string_lossy())], whole: None, at: None })
    }

    /// Everything by its name: the items of the harness, and the trajectories that look like some.
    pub(super) fn listed(&self, survey: &Survey) -> Vec<Row> {
        let branches: Vec<Arc<Branch>> = survey.runs().map(|ListedRun { path, names }| self.branch(path, &names)).collect();
        let item = |at: usize| {
            let listed = survey.item(at)?;
            let name = listed.folder.file_name().map(|name| self.name(&name.to_string_lossy())).unwrap_or_default();
            let branch = branches.get(listed.run)?.clone();
            let place = Place::Item(listed.folder.to_owned());
            Some(Row { place, task: Some(at), branch, name, facts: None, level: Judged::NotYet })
        };
        let items = (0..survey.items()).filter_map(item);
        let mut folders: HashMap<PathBuf, Arc<Branch>> = HashMap::new();
        let loose = survey.loose().iter().enumerate().filter(|(_, path)| is_likely(path)).map(|(at, path)| {
            let above = path.parent().unwrap_or(path).to_owned();
            let branch = folders.entry(above).or_insert_with(|| self.loose_branch(path)).clone();
            let name = path.file_name().map(|name| self.name(&name.to_string_lossy())).unwrap_or_default();
            let place = Place::Loose { path: path.clone(), instance: None };
            Row { place, task: Some(survey.items() + at), branch, name, facts: None, level: Judged::NotYet }
        });
        let loose: Vec<Row> = loose.collect();
        items.chain(loose).collect()
    }

    /// One item, before all others were read.
    pub(super) fn alone(&self, survey: &Survey, at: usize, read: &ItemRead) -> Option<Row> {
        let imported = survey.alone(at, read)?;
        let row = attempts(&imported).pop()?;
        let row = judged(row, imported.run.items.last()?.last_attempt()?);
        let place = Place::Item(survey.item(at)?.folder.to_owned());
        Some(self.row(row, place, Some(at), self.branch_of(&imported), Judged::NotYet))
    }

    /// The runs of a trajectory that no harness knows. Their detectors are asked at once: the steps are there.
    pub(super) fn loose(&self, task: usize, path: &Path, runs: &[Opened]) -> Vec<Row> {
        let branch = self.loose_branch(path);
        let several = runs.len() > 1;
        let rows = runs.iter().flat_map(|run| {
            let imported = import::bare(path, std::slice::from_ref(run));
            let level = Judged::Is(level(std::slice::from_ref(run)));
            attempts(&imported).into_iter().map(move |row| (row, run.instance.clone(), level)).collect::<Vec<_>>()
        });
        let row = |(row, instance, level): (ItemRow, Option<String>, Judged)| {
            let file = path.file_name().map(|name| self.name(&name.to_string_lossy())).unwrap_or_default();
            let place = Place::Loose { path: path.to_owned(), instance: instance.clone().filter(|_| several) };
            let made = self.row(row, place, Some(task), branch.clone(), level);
            Row { name: instance.filter(|_| several).map_or(file.clone(), |instance| format!("{file}  {}", self.name(&instance))), ..made }
        };
        rows.map(row).collect()
    }

    /// Everything of which report tells, in its figures. `tasks`: which item is whose, by its folder.
    pub(super) fn whole(&self, import: &Import, tasks: &HashMap<PathBuf, usize>) -> Vec<Row> {
        let study = Study::of(&[], import);
        let keys: Vec<(String, PathBuf)> = study.items.iter().map(|row| (row.run.clone(), row.folder.clone())).collect();
        let study = study.safe(&self.masker);
        let mut joined: HashMap<(String, PathBuf), ItemRow> = keys.into_iter().zip(study.items).collect();
        let mut rows = Vec::new();
        for imported in import.runs.iter().filter(|run| run.origin != Origin::Results) {
            let branch = self.branch_of(imported);
            let places = imported.run.items.iter().flat_map(|item| item.attempts.iter().map(move |attempt| (item, attempt)));
            for (row, (item, attempt)) in attempts(imported).into_iter().zip(places) {
                let Some(row) = joined.remove(&(row.run, row.folder)) else { continue };
                let row = judged(row, attempt);
                let made = if let Some(path) = imported.items.get(&item.id) {
                    self.row(row, Place::Item(path.clone()), tasks.get(path).copied(), branch.clone(), Judged::NotYet)
                } else {
                    self.ours(row, imported, item, attempt, &branch)
                };
                rows.push(made);
            }
        }
        rows.extend(self.measured(import, &study.compared));
        rows
    }

    /// An attempt of a run of ours: its ledger knows what the detectors said.
    fn ours(&self, row: ItemRow, imported: &Imported, item: &Item, attempt: &Attempt, branch: &Arc<Branch>) -> Row {
        let place = Place::Ours { run: imported.path.clone(), item: item.id.clone(), n: attempt.n };
        let level = if attempt.totals().is_some() { Judged::Is(attempt.level()) } else { Judged::Never };
        let row = self.row(row, place, None, branch.clone(), level);
        let name = if item.attempts.len() > 1 { format!("{} .{}", row.name, attempt.n) } else { row.name.clone() };
        Row { name, ..row }
    }

    fn measured<'a>(&'a self, import: &'a Import, compared: &'a [Compared]) -> impl Iterator<Item = Row> + 'a {
        let results = import.runs.iter().filter(|run| run.origin == Origin::Results);
        results.flat_map(move |imported| {
            let branch = self.branch_of(imported);
            let name = self.name(&imported.name);
            let row = move |item: &Item| {
                let found = compared.iter().find(|row| row.run == name && row.commit == item.human)?;
                let facts = measured(found);
                let place = Place::Measured { folder: imported.path.clone(), item: item.id.clone() };
                let name = self.name(crate::domain::short_sha(&item.human));
                Some(Row { place, task: None, branch: branch.clone(), name, facts: Some(Box::new(facts)), level: Judged::Never })
            };
            imported.run.items.iter().filter_map(row).collect::<Vec<_>>()
        })
    }

    fn row(&self, row: ItemRow, place: Place, task: Option<usize>, branch: Arc<Branch>, level: Judged) -> Row {
        let name = self.name(&row.item_id);
        let facts = Facts {
            outcome: outcome(&row),
            why: row.failure.as_ref().map(|cause| width::clip(&self.masker.quoted(&cause.evidence), WHY).into_owned().into_boxed_str()),
            class: row.failure.as_ref().map(|cause| cause.class),
            status: self.name(&row.status),
            commit: self.name(&row.human),
            rung: row.rung,
            steps: row.steps,
            tokens: tokens(&row),
            duration_ms: row.duration_s.map(millis),
            patch_bytes: row.patch_bytes,
            flags: row.flags,
            at: row.at,
        };
        Row { place, task, branch, name, facts: Some(Box::new(facts)), level }
    }
}

/// The row as the fold judges it, which is what opening it shows: the harness's `success` counts where there is something of it.
fn judged(row: ItemRow, attempt: &Attempt) -> ItemRow {
    match &attempt.end {
        Some((AttemptEnd::Failed { class, why }, _)) if row.is_marked() => {
            ItemRow { failure: Some(Cause { class: *class, evidence: why.clone() }), ..row }
        }
        _ => row,
    }
}

/// What a status comes to. An item that is still written is never one that failed.
fn outcome(row: &ItemRow) -> Outcome {
    match row.status.as_str() {
        _ if row.is_marked() && row.failure.is_none() => Outcome::Success,
        "unfinished" | "running" | "interrupted" | "skipped" => Outcome::Open,
        _ if row.failure.is_some() => Outcome::Failed,
        _ => Outcome::Open,
    }
}

fn tokens(row: &ItemRow) -> Option<u64> {
    match (row.input_tokens, row.output_tokens) {
        (None, None) => None,
        (input, output) => Some(input.unwrap_or_default().saturating_add(output.unwrap_or_default())),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the report's seconds come from whole milliseconds")]
fn millis(seconds: f64) -> u64 {
    (seconds.max(0.0) * 1000.0).round() as u64
}

/// What the arms of a commit came to: the agent's where it was measured.
fn measured(row: &Compared) -> Facts {
    let agent = row.arms.iter().find(|(arm, _)| *arm == crate::domain::Arm::Agent).or_else(|| row.arms.first());
    let status = agent.map_or_else(|| "not measured".to_owned(), |(_, status)| status.clone());
    let outcome = match (status.as_str(), &row.failure) {
        ("success", None) => Outcome::Success,
        (_, Some(_)) => Outcome::Failed,
        _ => Outcome::Open,
    };
    Facts {
        status,
        outcome,
        commit: row.commit.clone(),
        rung: row.rung,
        class: row.failure.as_ref().map(|cause| cause.class),
        why: row.failure.as_ref().map(|cause| width::clip(&cause.evidence, WHY).into_owned().into_boxed_str()),
        steps: None,
        tokens: None,
        duration_ms: None,
        patch_bytes: None,
        flags: row.flags.clone(),
        at: None,
    }
}

/// Whether a file is shown before anybody looked into it.
fn is_likely(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.trim_end_matches(".gz");
    [".jsonl", ".ndjson", ".traj", "trajectory.json", ".traj.json"].iter().any(|end| name.ends_with(end))
}

/// `2025-11-06_03-26-11`, with which the names of runs begin.
fn time_of(name: &str) -> Option<Timestamp> {
    let time: DateTime = DateTime::strptime("%Y-%m-%d_%H-%M-%S", name.get(..19)?).ok()?;
    time.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp())
}

/// How bad it was with an agent, by its steps. What can't be read any more is not judged.
pub(super) fn level(runs: &[Opened]) -> Level {
    runs.iter().filter_map(|run| verdict::watch(run, None).ok()).map(|watch| watch.level()).max().unwrap_or_default()
}
