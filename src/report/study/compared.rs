//! Arms side by side, commit by commit, and what the analysis files say of them.

use std::collections::HashMap;

use super::items::place;
use super::whose::is_whose;
use super::{Compared, ItemRow, commit_key};
use crate::domain::rung::reached;
use crate::domain::{Answer, Quadrant, Rung, Stage, Standing};
use crate::import::{Import, Imported, Origin};
use crate::measured::tried::status;
use crate::measured::{Measured, is_open, joined, last_measured};
use crate::model::{Attempt, Item};

/// One row an attempt with an arm, then what only analysis files know of; joins the attempts' ladders with their arms.
pub(super) fn of(import: &Import, rows: &mut [ItemRow]) -> Vec<Compared> {
    let mut by_commit: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        by_commit.entry(row.commit_key().to_owned()).or_default().push(at);
    }
    let mut all = Vec::new();
    for imported in &import.runs {
        for (item, attempt) in imported.run.items.iter().filter_map(|item| Some((item, last_measured(item)?))) {
            let measured = Measured::of(attempt);
            let whose = by_commit.get(commit_key(&item.human)).and_then(|places| attempt_of(imported, (item, attempt), places, rows));
            let rung = whose.and_then(|at| rows.get_mut(at)).and_then(|row| {
                row.rungs = joined(&row.rungs, &measured.score.rungs);
                row.rung = reached(&row.rungs);
                row.rung
            });
            let open = is_open(attempt).then(|| status(attempt));
            all.push(Compared { open, rung, ..compared(imported, item, measured) });
        }
    }
    hard(import, &mut all);
    soft(import, &mut all);
    all
}

/// The row of the attempt whose patch was measured: in a run of ours the attempt itself; for a folder of results the one of
/// its agent at this commit to which the import gave what was measured.
fn attempt_of(imported: &Imported, (item, attempt): (&Item, &Attempt), places: &[usize], rows: &[ItemRow]) -> Option<usize> {
    attempt.counted(Stage::Candidate)?;
    let label = imported.run.agent.as_str();
    let is_measured = |row: &ItemRow| row.answer(Rung::Metrics) != Answer::Unchecked && is_whose(label, &row.agent, &row.model);
    let own = place(imported, item, attempt).filter(|_| imported.origin != Origin::Results);
    let fits = |row: &ItemRow| own.as_ref().map_or_else(|| is_measured(row), |own| row.run == imported.name && row.folder == *own);
    // an attempt that was tried again brought what was measured last
    places.iter().copied().rev().find(|at| rows.get(*at).is_some_and(fits))
}

fn compared(imported: &Imported, item: &Item, measured: Measured) -> Compared {
    let Measured { kind, model_run, arms, key, rate, flags, failure, score, .. } = measured;
    Compared {
        commit: item.human.clone(),
        agent: imported.run.agent.clone(),
        model: imported.run.model.clone(),
        run: imported.name.clone(),
        kind,
        model_run,
        arms,
        key,
        rate,
        flags,
        failure,
        hard: score.standing(),
        incomparable: score.incomparable,
        verdicts: score.verdicts,
        why_not: score.why_not,
        soft: score.soft,
        quadrant: score.quadrant,
        ..Compared::default()
    }
}

/// What `hard_metrics.json` says, where no comparison of ours does; one that contradicts ours is told.
fn hard(import: &Import, all: &mut Vec<Compared>) {
    let places = by_commit(all);
    for row in &import.hard {
        let found = places.get(commit_key(&row.commit)).and_then(|places| one_of(places, all, |label| is_same(label, &row.tool)));
        match found.and_then(|at| all.get_mut(at)) {
            Some(known) if known.hard.is_none() => (known.hard, known.hard_from) = (row.standing, Some(row.path.clone())),
            Some(known) if row.standing.is_some_and(|standing| known.hard != Some(standing)) => {
                known.why_not.push(format!("hard_metrics.json says {}", row.standing.map_or("nothing", Standing::name)));
            }
            Some(_) => {}
            None => all.push(Compared {
                commit: row.commit.clone(),
                agent: row.tool.clone(),
                run: "hard_metrics.json".to_owned(),
                hard: row.standing,
                hard_from: Some(row.path.clone()),
                ..Compared::default()
            }),
        }
    }
}

/// What the judges of soft-metrics files say, and the quadrants. Where a judge looked at an agent's patches, a commit
/// without a verdict counts as not passed; where nobody judged there are no quadrants.
fn soft(import: &Import, all: &mut Vec<Compared>) {
    let places = by_commit(all);
    for row in &import.soft {
        let model = row.model.as_deref().unwrap_or_default();
        let fits = |label: &str| is_whose(label, &row.agent, model) || is_same(label, &row.agent);
        match places.get(commit_key(&row.commit)).and_then(|places| one_of(places, all, fits)).and_then(|at| all.get_mut(at)) {
            Some(known) => known.soft = Some(row.verdict.clone()),
            None => all.push(Compared {
                commit: row.commit.clone(),
                agent: row.agent.clone(),
                model: model.to_owned(),
                run: "soft_metrics.json".to_owned(),
                soft: Some(row.verdict.clone()),
                ..Compared::default()
            }),
        }
    }
    let judged: std::collections::BTreeSet<String> =
        all.iter().filter(|row| row.soft.is_some()).map(|row| row.whose().to_owned()).collect();
    for row in all.iter_mut().filter(|row| row.quadrant.is_none() && judged.contains(row.whose())) {
        let soft = row.soft.as_ref().is_some_and(|verdict| verdict.target.passes());
        let hard = row.hard.is_some_and(Standing::passes);
        row.quadrant = Some(Quadrant::of(soft, hard));
    }
}

fn by_commit(all: &[Compared]) -> HashMap<String, Vec<usize>> {
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, row) in all.iter().enumerate() {
        places.entry(commit_key(&row.commit).to_owned()).or_default().push(at);
    }
    places
}

fn one_of(places: &[usize], all: &[Compared], fits: impl Fn(&str) -> bool) -> Option<usize> {
    places.iter().copied().find(|at| all.get(*at).is_some_and(|row| fits(row.whose())))
}

/// Whether two labels are about the same agent: `trae_gpt5_0123` and `trae_gpt5`.
fn is_same(one: &str, other: &str) -> bool {
    one == other || is_whose(one, other, "") || is_whose(other, one, "")
}
