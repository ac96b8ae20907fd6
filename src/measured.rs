//! What the arms of an attempt came to, laid side by side: the one account that the screen and the reports read.

pub mod arms;
pub mod tried;

use crate::bench::{ArmInput, score};
use crate::domain::rung::reached;
use crate::domain::{Answer, Arm, ArmDetail, BenchKind, Cause, Flag, Metric, Rung, RungAnswer, ScoreDetail, Stage, Standing};
use crate::ledger::fact::AttemptEnd;
use crate::model::{Attempt, Item};

/// What the arms of an attempt came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// What was measured.
    pub kind: Option<BenchKind>,
    /// The model that was asked for.
    pub model: Option<String>,
    /// The model that the arms served, after overrides.
    pub model_run: Option<String>,
    /// The arms that there are, each with its status.
    pub arms: Vec<(Arm, String)>,
    /// The key number of the agent's arm: the primary one of its kind.
    pub key: Option<Metric>,
    /// The rate of tokens of the agent's arm.
    pub rate: Option<Metric>,
    /// The flags of its arms.
    pub flags: Vec<Flag>,
    /// Why the agent's arm failed.
    pub failure: Option<Cause>,
    /// How they compare.
    pub score: ScoreDetail,
}

/// Two numbers that differ by no more are similar, in percent, where no run of ours says otherwise.
const THRESHOLD_PCT: f64 = 5.0;

impl Measured {
    /// Of an attempt with an arm.
    pub fn of(attempt: &Attempt) -> Self {
        let outcomes = || arms::STAGES.into_iter().filter_map(|(stage, arm)| Some((arm, attempt.counted(stage)?)));
        // of what was measured more than once the medians
        let merged: Vec<(Arm, ArmDetail)> =
            arms::STAGES.into_iter().filter_map(|(stage, arm)| Some((arm, arms::merged(attempt, stage)?))).collect();
        let details = || merged.iter().map(|(arm, detail)| (*arm, detail));
        let agents = || details().find(|(arm, _)| *arm == Arm::Agent).map(|(_, detail)| detail);
        let kind = agents().and_then(|detail| detail.kind).or_else(|| details().find_map(|(_, detail)| detail.kind));
        let mut flags: Vec<_> = details().flat_map(|(_, detail)| detail.flags.iter().copied()).collect();
        flags.sort_unstable();
        flags.dedup();
        let model = agents().or_else(|| details().next().map(|(_, detail)| detail));
        let nothing = ArmDetail::default();
        let status = |outcome| arms::status(outcome, arms::detail(outcome).unwrap_or(&nothing));
        Self {
            kind,
            model: model.and_then(|detail| detail.model.clone()),
            model_run: model.and_then(|detail| detail.model_run.clone().or_else(|| detail.model.clone())),
            arms: outcomes().map(|(arm, outcome)| (arm, status(outcome))).collect(),
            key: agents().and_then(|detail| key(kind, &detail.metrics)).cloned(),
            rate: agents().and_then(|detail| rate(&detail.metrics)).cloned(),
            flags,
            failure: outcomes().find(|(arm, _)| *arm == Arm::Agent).and_then(|(_, outcome)| arms::cause(outcome)),
            // what is still measured is compared once all of it is there
            score: attempt.score().cloned().unwrap_or_else(|| if is_open(attempt) { ScoreDetail::default() } else { scored(attempt) }),
        }
    }
}

/// Whether it is at work, or somebody goes on with it: its arms may still be measured.
pub const fn is_open(attempt: &Attempt) -> bool {
    matches!(attempt.end, None | Some((AttemptEnd::Interrupted { .. } | AttemptEnd::Deferred(_), _)))
}

/// The newest attempt with an arm.
pub fn last_measured(item: &Item) -> Option<&Attempt> {
    item.attempts.iter().rev().find(|attempt| arms::STAGES.iter().any(|(stage, _)| attempt.counted(*stage).is_some()))
}

/// How an item that is over stands against the human's commit; `None` where nothing tells.
pub fn standing(item: &Item) -> Option<Standing> {
    let attempt = last_measured(item).filter(|_| item.is_over())?;
    attempt.score().map_or_else(|| Measured::of(attempt).score.standing(), ScoreDetail::standing)
}

/// The comparison of arms that nobody compared: those of result folders.
fn scored(attempt: &Attempt) -> ScoreDetail {
    let brought = arms::brought(attempt);
    let inputs: Vec<ArmInput<'_>> =
        brought.iter().map(|(arm, brought)| ArmInput { arm: *arm, brought: brought.as_ref().map_err(Clone::clone) }).collect();
    let mut score = score(&inputs, THRESHOLD_PCT);
    match attempt.counted(Stage::Candidate) {
        Some(candidate) => score.rungs.extend(arms::rungs(candidate)),
        // what was never measured is unchecked, not wrong
        None => score.rungs.clear(),
    }
    score
}

/// The number behind `AGENT SUCCESS: X tok/s` of ISO-Bench's runner.
pub fn rate(metrics: &[Metric]) -> Option<&Metric> {
    ["output_token_throughput_tok_s", "throughput_tok_s"].iter().find_map(|name| metrics.iter().find(|metric| metric.name == *name))
}

/// The number that decides: the primary one of its kind, else the first.
pub fn key(kind: Option<BenchKind>, metrics: &[Metric]) -> Option<&Metric> {
    let primary = kind.map(BenchKind::primary);
    metrics.iter().find(|metric| primary == Some(metric.name.as_str())).or_else(|| metrics.first())
}

/// The ladder of an attempt with all that its arms tell.
pub fn ladder(attempt: &Attempt, measured: Option<&Measured>) -> Vec<RungAnswer> {
    let own = joined(&attempt.rungs(), &[]);
    // where only the baseline was measured there is nothing of the agent's
    match measured.filter(|_| attempt.counted(Stage::Candidate).is_some()) {
        Some(measured) => joined(&own, &measured.score.rungs),
        None => own,
    }
}

/// The last rung that it holds.
pub fn rung(attempt: &Attempt, measured: Option<&Measured>) -> Option<Rung> {
    reached(&ladder(attempt, measured))
}

/// The answers of two sources as one ladder: of two answers about a rung the one that was looked for counts, the attempt's
/// own first. A rung below one with an answer has one too: nobody looked.
pub fn joined(own: &[RungAnswer], more: &[RungAnswer]) -> Vec<RungAnswer> {
    let all = || own.iter().chain(more);
    let Some(highest) = all().map(|found| found.rung).max() else { return Vec::new() };
    let best = |rung: Rung| {
        let mut of = all().filter(|found| found.rung == rung);
        let looked = of.clone().find(|found| found.answer != Answer::Unchecked);
        let nobody = || RungAnswer { rung, answer: Answer::Unchecked, evidence: "nobody looked".to_owned() };
        looked.or_else(|| of.next()).cloned().unwrap_or_else(nobody)
    };
    Rung::ALL.into_iter().filter(|rung| *rung <= highest).map(best).collect()
}
