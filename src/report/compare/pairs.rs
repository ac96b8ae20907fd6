//! Which rows of two trees belong together.

use std::collections::{BTreeMap, BTreeSet};

use super::{Delta, Pair, Side};
use crate::bench::{ArmInput, Missing, score};
use crate::domain::{Arm, ArmDetail, Flag};
use crate::report::study::{Compared, ItemRow, ResultRow, Study};

/// Two numbers that differ by no more are similar, in percent: what a GPU does by itself.
const THRESHOLD_PCT: f64 = 5.0;

/// A commit of a tree, by its beginning, with the agent where the trees have several.
type Key = (String, String);

/// What a tree has of a commit.
#[derive(Default)]
struct Found<'a> {
    items: Vec<&'a ItemRow>,
    arms: BTreeMap<Arm, &'a ResultRow>,
    compared: Option<&'a Compared>,
}

/// Everything that either tree has, in order of commits.
pub(super) fn of(a: &Study, b: &Study) -> Vec<Pair> {
    // two trees of one agent each are paired by commit, whoever the agents are
    let by_agent = agents(a).len() > 1 || agents(b).len() > 1;
    let (mut first, mut second) = (gathered(a, by_agent), gathered(b, by_agent));
    let keys: BTreeSet<Key> = first.keys().chain(second.keys()).cloned().collect();
    keys.into_iter().map(|key| pair(first.remove(&key).as_ref(), second.remove(&key).as_ref())).collect()
}

/// Agents with their models; folders of results by their agent, where no attempt is theirs.
fn agents(study: &Study) -> BTreeSet<String> {
    let of_items = study.items.iter().map(|item| format!("{} {}", item.agent, item.model));
    of_items.chain(labels(study).into_values()).collect()
}

/// The agents of arms: as its folder names each, and as its attempts do, if there are any.
fn labels(study: &Study) -> BTreeMap<&str, String> {
    let mut labels = BTreeMap::new();
    for result in &study.results {
        labels.entry(result.agent.as_str()).or_insert_with(|| {
            let item = study.items.iter().find(|item| result.is_of(item));
            item.map_or_else(|| result.agent.clone(), |item| format!("{} {}", item.agent, item.model))
        });
    }
    labels
}

fn gathered(study: &Study, by_agent: bool) -> BTreeMap<Key, Found<'_>> {
    let mut found: BTreeMap<Key, Found<'_>> = BTreeMap::new();
    let key = |commit: &str, agent: String| (commit.to_owned(), if by_agent { agent } else { String::new() });
    for item in &study.items {
        found.entry(key(item.commit_key(), format!("{} {}", item.agent, item.model))).or_default().items.push(item);
    }
    let labels = labels(study);
    for result in &study.results {
        let agent = labels.get(result.agent.as_str()).cloned().unwrap_or_default();
        found.entry(key(result.commit_key(), agent)).or_default().arms.insert(result.arm, result);
    }
    for row in &study.compared {
        let agent = labels.get(row.agent.as_str()).cloned().unwrap_or_else(|| row.agent.clone());
        if let Some(found) = found.get_mut(&key(row.commit_key(), agent)) {
            found.compared = Some(row);
        }
    }
    found
}

fn pair(a: Option<&Found<'_>>, b: Option<&Found<'_>>) -> Pair {
    let either = || [a, b].into_iter().flatten();
    let items = either().flat_map(|found| found.items.iter().map(|item| item.human.as_str()));
    let commits = items.chain(either().flat_map(|found| found.arms.values().map(|arm| arm.commit.as_str())));
    let deltas = [Arm::Human, Arm::Baseline, Arm::Agent].into_iter().filter_map(|arm| {
        let (one, other) = (a.and_then(|found| found.arms.get(&arm)), b.and_then(|found| found.arms.get(&arm)));
        (one.is_some() || other.is_some()).then(|| delta(arm, one.copied(), other.copied()))
    });
    Pair {
        commit: commits.max_by_key(|sha| sha.len()).unwrap_or_default().to_owned(),
        deltas: if a.is_some() && b.is_some() { deltas.collect() } else { Vec::new() },
        a: a.map(side),
        b: b.map(side),
    }
}

/// The newest attempt of a commit, and where there is none its arms.
fn side(found: &Found<'_>) -> Side {
    let newest = found.items.iter().max_by_key(|item| item.order());
    let rung = newest.and_then(|item| item.rung).or_else(|| found.compared.and_then(|row| row.rung));
    if let Some(item) = newest {
        return Side {
            agent: item.agent.clone(),
            model: item.model.clone(),
            run: item.run.clone(),
            tries: found.items.len(),
            status: Some(item.status.clone()),
            rung,
            steps: item.steps,
            input_tokens: item.input_tokens,
            output_tokens: item.output_tokens,
            duration_s: item.duration_s,
            patch_bytes: item.patch_bytes,
            failure: item.failure.as_ref().map(|cause| cause.class),
        };
    }
    let arm = found.arms.get(&Arm::Agent).or_else(|| found.arms.values().next());
    let of = |text: fn(&ResultRow) -> &str| arm.map_or_else(String::new, |arm| text(arm).to_owned());
    Side {
        agent: of(|arm| &arm.agent),
        model: of(|arm| arm.model_run.as_deref().unwrap_or_default()),
        run: of(|arm| &arm.run),
        status: arm.map(|arm| arm.status.clone()),
        rung,
        failure: arm.and_then(|arm| arm.failure.as_ref()).map(|cause| cause.class),
        ..Side::default()
    }
}

/// The same arm there and here, by the rules of the score: the second stands where the agent does, the first where the
/// human does.
fn delta(arm: Arm, a: Option<&ResultRow>, b: Option<&ResultRow>) -> Delta {
    let (first, second) = (a.map(detail), b.map(detail));
    let brought = |row: Option<&ResultRow>| match row.map(|row| row.failure.clone()) {
        None => Some(Missing::NotRun),
        Some(Some(cause)) => Some(Missing::Failed(cause)),
        Some(None) => None,
    };
    let input = |whose, row, detail| ArmInput { arm: whose, brought: brought(row).map_or(Ok(detail), Err) };
    let nothing = ArmDetail::default();
    let (there, here) = (first.as_ref().unwrap_or(&nothing), second.as_ref().unwrap_or(&nothing));
    let score = score(&[input(Arm::Human, a, there), input(Arm::Agent, b, here)], THRESHOLD_PCT);
    let number = |row: Option<&ResultRow>| row.filter(|row| row.is_measured()).and_then(ResultRow::key).cloned();
    let verdict = score.verdicts.first();
    let named = verdict.map(|verdict| (verdict.metric.clone(), verdict.unit.clone()));
    let named = named.or_else(|| number(a).or_else(|| number(b)).map(|metric| (metric.name, metric.unit)));
    let (metric, unit) = named.unzip();
    Delta {
        arm,
        direction: verdict.map(|verdict| verdict.direction),
        a: verdict.map_or_else(|| number(a).map(|metric| metric.value), |verdict| verdict.human),
        b: verdict.map_or_else(|| number(b).map(|metric| metric.value), |verdict| Some(verdict.agent)),
        pct: verdict.and_then(|verdict| verdict.against_human_pct),
        class: verdict.and_then(|verdict| verdict.standing),
        incomparable: score.incomparable.map(|why| in_letters(&why)),
        metric,
        unit,
    }
}

/// An arm as the score wants it. That the harness measures agents with other data than humans says nothing of two agents.
fn detail(row: &ResultRow) -> ArmDetail {
    ArmDetail {
        metrics: row.metrics.clone(),
        kind: row.kind,
        model: row.model.clone(),
        model_run: row.model_run.clone(),
        flags: row.flags.iter().copied().filter(|flag| *flag != Flag::DifferentWorkload).collect(),
        workload: row.workload.clone(),
        ..ArmDetail::default()
    }
}

/// A sentence of the score about A, which stood for the human, and B, which stood for the agent.
fn in_letters(why: &str) -> String {
    let pairs =
        [("human and agent", "A and B"), ("human: ", "A: "), ("agent: ", "B: "), ("for the agent", "in B"), ("with the agent", "with B")];
    pairs.iter().fold(why.to_owned(), |why, (word, letter)| why.replace(word, letter))
}
