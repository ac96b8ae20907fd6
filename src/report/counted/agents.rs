//! Attempts by agent and model.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::ladder::{RungCount, ladder};
use super::tries::Tries;
use crate::domain::{FailureClass, Rung};
use crate::model::Energy;
use crate::report::median;
use crate::report::study::{ItemRow, Study};

/// What the attempts of an agent with a model came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AgentCount {
    /// The agent; empty for all together.
    pub agent: String,
    /// Its model; empty for all together.
    pub model: String,
    /// The repositories that it worked on.
    pub repos: BTreeSet<String>,
    /// Attempts.
    pub attempts: usize,
    /// Different commits.
    pub commits: usize,
    /// Attempts marked success.
    pub success: usize,
    /// Attempts with a patch that is not empty.
    pub with_patch: usize,
    /// Attempts whose last rung of the unbroken yes is this one; those without any rung are in none.
    pub rungs: BTreeMap<Rung, usize>,
    /// Attempts whose patch was measured: a benchmark printed its numbers.
    pub measured: usize,
    /// Attempts that hold to the top of the ladder: better than the baseline, beyond noise.
    pub true_success: usize,
    /// The ladder of those that are marked success.
    pub ladder: Vec<RungCount>,
    /// How often a commit was tried.
    pub tries: Tries,
    /// What went wrong with agents, not with patches.
    pub errors: Errors,
    /// What was used.
    pub used: Used,
}

/// What went wrong with agents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Errors {
    /// Attempts that an error of the API ended.
    pub terminal_api: usize,
    /// Attempts without a step, of those whose steps are known.
    pub no_steps: usize,
    /// Attempts whose steps are known.
    pub steps_known: usize,
    /// Attempts that ran out of time, steps or money.
    pub out_of_budget: usize,
    /// Attempts without a journal, and those that are not over.
    pub unfinished: usize,
    /// Attempts marked success without a patch.
    pub empty_success: usize,
}

/// What was used, as far as it is known: what nobody counted is not zero.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Used {
    /// Tokens in.
    pub input_tokens: u64,
    /// Tokens out.
    pub output_tokens: u64,
    /// Attempts whose tokens are known.
    pub tokens_known: usize,
    /// Seconds of agents in all.
    pub duration_s: f64,
    /// The median of an attempt, in seconds.
    pub median_s: Option<f64>,
    /// Attempts whose duration is known.
    pub duration_known: usize,
    /// US dollars.
    pub cost_usd: f64,
    /// Attempts whose cost is known.
    pub cost_known: usize,
    /// Energy of the GPUs in all stages.
    pub energy: Option<Energy>,
    /// Attempts whose energy is known.
    pub energy_known: usize,
}

/// One count an agent and model, in order of their names.
pub(super) fn by_agent(study: &Study) -> Vec<AgentCount> {
    let mut groups: BTreeMap<(&str, &str), Vec<&ItemRow>> = BTreeMap::new();
    for item in &study.items {
        groups.entry((&item.agent, &item.model)).or_default().push(item);
    }
    groups.into_iter().map(|((agent, model), items)| AgentCount::of(agent, model, &items)).collect()
}

/// How many different commits these attempts are about.
pub(super) fn commits(items: &[&ItemRow]) -> usize {
    items.iter().map(|item| item.commit_key()).collect::<BTreeSet<_>>().len()
}

impl AgentCount {
    pub(super) fn of(agent: &str, model: &str, items: &[&ItemRow]) -> Self {
        let count = |is: &dyn Fn(&ItemRow) -> bool| items.iter().filter(|item| is(item)).count();
        let mut rungs = BTreeMap::new();
        for rung in items.iter().filter_map(|item| item.rung) {
            *rungs.entry(rung).or_default() += 1;
        }
        Self {
            agent: agent.to_owned(),
            model: model.to_owned(),
            repos: items.iter().map(|item| item.repo.clone()).filter(|repo| !repo.is_empty()).collect(),
            attempts: items.len(),
            commits: commits(items),
            success: count(&ItemRow::is_marked),
            with_patch: count(&ItemRow::has_patch),
            rungs,
            measured: count(&|item| item.holds(Rung::Metrics)),
            true_success: count(&|item| item.rung == Some(Rung::BeyondNoise)),
            ladder: ladder(&items.iter().copied().filter(|item| item.is_marked())),
            tries: Tries::of(items),
            errors: Errors::of(items),
            used: Used::of(items),
        }
    }
}

impl Errors {
    fn of(items: &[&ItemRow]) -> Self {
        let count = |is: &dyn Fn(&ItemRow) -> bool| items.iter().filter(|item| is(item)).count();
        let failed_by =
            |item: &ItemRow, classes: &[FailureClass]| item.failure.as_ref().is_some_and(|cause| classes.contains(&cause.class));
        let budget = [FailureClass::AgentBudget, FailureClass::TimeoutAgent, FailureClass::Timeout];
        Self {
            terminal_api: count(&|item| item.terminal_error.is_some()),
            no_steps: count(&|item| item.steps == Some(0)),
            steps_known: count(&|item| item.steps.is_some()),
            out_of_budget: count(&|item| failed_by(item, &budget) || item.status == "max_steps_exceeded"),
            unfinished: count(&ItemRow::is_open),
            empty_success: count(&|item| item.is_marked() && !item.has_patch()),
        }
    }
}

impl Used {
    fn of(items: &[&ItemRow]) -> Self {
        let tokens = || items.iter().filter(|item| item.input_tokens.is_some() || item.output_tokens.is_some());
        let sum = |of: fn(&ItemRow) -> Option<u64>| items.iter().filter_map(|item| of(item)).fold(0, u64::saturating_add);
        let mut durations: Vec<f64> = items.iter().filter_map(|item| item.duration_s).collect();
        durations.sort_by(f64::total_cmp);
        let costs: Vec<f64> = items.iter().filter_map(|item| item.cost_usd).collect();
        Self {
            input_tokens: sum(|item| item.input_tokens),
            output_tokens: sum(|item| item.output_tokens),
            tokens_known: tokens().count(),
            duration_s: durations.iter().sum(),
            median_s: median(&durations),
            duration_known: durations.len(),
            cost_usd: costs.iter().sum(),
            cost_known: costs.len(),
            energy: Energy::sum(items.iter().filter_map(|item| item.energy)),
            energy_known: items.iter().filter(|item| item.energy.is_some()).count(),
        }
    }
}
