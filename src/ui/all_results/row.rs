//! A row of the table: what came of an item, by the account that the reports print.

use jiff::Timestamp;

use crate::domain::{
    Arm, ArmDetail, Band, BenchKind, Direction, FailureClass, Flag, ItemId, Metric, Quadrant, Repair, RunId, Rung, SecretAt, Stage,
    Standing, Verdict,
};
use crate::measured::{Measured, arms, last_measured, rung, tried};
use crate::model::{Attempt, Item, ItemState, Run};
use crate::ui::since::standing;

/// An item in the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The run that it belongs to; `None`: the one that is shown.
    pub run: Option<String>,
    /// The item.
    pub item: ItemId,
    /// The human's commit.
    pub human: String,
    /// Agent and model, as folders name them.
    pub agent: String,
    /// What was measured, where anything tells.
    pub kind: Option<BenchKind>,
    /// The model that was asked for, and the one that was served in its place.
    pub model: Option<(String, Option<String>)>,
    /// The number that decides.
    pub figure: Option<Figure>,
    /// The hard class, or why there is none.
    pub class: Class,
    /// The last rung of the unbroken yes.
    pub rung: Option<Rung>,
    /// Why it failed.
    pub failure: Option<FailureClass>,
    /// Hard and soft verdict together, where both are known.
    pub quadrant: Option<Quadrant>,
    /// What is to be known of the numbers, the gravest first.
    pub marks: Vec<Mark>,
    /// The word for its state.
    pub status: &'static str,
    /// Whether a person should look at it.
    pub is_problem: bool,
    /// When its newest attempt came to an end.
    pub ended: Option<Timestamp>,
}

/// The agent's number, and how it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The metric.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// The agent's number.
    pub value: f64,
    /// Which way is better, where it was compared.
    pub direction: Option<Direction>,
    /// Against the human in percent, + is better.
    pub human_pct: Option<f64>,
    /// Against the baseline in percent, + is better.
    pub baseline_pct: Option<f64>,
    /// What that means, by the noise of both.
    pub to_baseline: Option<Standing>,
}

/// How an item stands against the human's commit, or why that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Better by more than the threshold.
    Beats,
    /// Within the threshold either way.
    Similar,
    /// Worse by more than the threshold.
    Worse,
    /// The agent has numbers, and the human has none that compare.
    Incomparable,
    /// It is over, and the agent has no numbers.
    NoNumbers,
    /// It is not over.
    ToCome,
}

/// What is to be known of the numbers of an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// The machine was not itself while these arms were measured.
    Tainted(Vec<Arm>),
    /// The patch was forced in, perhaps by half.
    Forced,
    /// Other reasons to look twice.
    Suspicious(Vec<Flag>),
    /// Where the patch holds the values of secrets.
    Secrets(Vec<SecretAt>),
    /// A later round of these arms failed; the good ones count.
    LostRound(Vec<Arm>),
    /// The numbers are those of an older attempt: which one, of how many.
    Older(u32, usize),
    /// Repairs that were made before an arm was measured.
    Repaired(Vec<Repair>),
    /// These arms were not measured anew.
    Reused(Vec<Arm>),
    /// The agent's arm was measured so often.
    Samples(usize),
    /// The same, with the difference that is noise: the larger one of those against human and baseline.
    Band(Band),
}

impl Class {
    /// Every class, in the order of the table.
    pub const ALL: [Self; 6] = [Self::Beats, Self::Similar, Self::Worse, Self::Incomparable, Self::NoNumbers, Self::ToCome];

    /// Its word on the screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Beats => standing(Standing::Beats),
            Self::Similar => standing(Standing::Similar),
            Self::Worse => standing(Standing::Worse),
            Self::Incomparable => "incomparable",
            Self::NoNumbers => "no numbers",
            Self::ToCome => "to come",
        }
    }

    fn of(item: &Item, measured: Option<&Measured>) -> Self {
        // what is tried again counts once it is over, whatever was measured before
        if !item.is_over() {
            return Self::ToCome;
        }
        match measured.map(|found| (found.score.standing(), !found.score.verdicts.is_empty() || found.key.is_some())) {
            Some((Some(Standing::Beats), _)) => Self::Beats,
            Some((Some(Standing::Similar), _)) => Self::Similar,
            Some((Some(Standing::Worse), _)) => Self::Worse,
            Some((None, true)) => Self::Incomparable,
            _ => Self::NoNumbers,
        }
    }
}

impl Row {
    /// What came of an item of a run: of its newest attempt with an arm, else of the newest one.
    pub fn of(run: &Run, item: &Item, is_problem: bool) -> Self {
        let arms_of = last_measured(item);
        let attempt = arms_of.or_else(|| item.last_attempt());
        let measured = arms_of.map(Measured::of);
        let class = Class::of(item, measured.as_ref());
        let failure = match &item.state {
            ItemState::Failed { class, .. } | ItemState::Blocked { class, .. } => Some(*class),
            _ => attempt.and_then(tried::failure).map(|cause| cause.class),
        };
        let model = run.model.as_str();
        Self {
            run: None,
            item: item.id.clone(),
            human: item.human.clone(),
            agent: if model.is_empty() { run.agent.clone() } else { format!("{} {model}", run.agent) },
            kind: measured.as_ref().and_then(|found| found.kind),
            model: measured.as_ref().and_then(served),
            figure: measured.as_ref().and_then(Figure::of),
            class,
            rung: attempt.and_then(|attempt| rung(attempt, measured.as_ref())),
            failure: failure.or_else(|| measured.as_ref()?.failure.as_ref().map(|cause| cause.class)),
            quadrant: measured.as_ref().and_then(|found| found.score.quadrant),
            marks: attempt.map(|attempt| marks(item, attempt, measured.as_ref())).unwrap_or_default(),
            status: item.status(),
            is_problem,
            ended: item.last_attempt().and_then(|last| last.end.as_ref()).map(|(_, at)| *at),
        }
    }

    /// What came of the items of an earlier run that were tried in it.
    pub fn of_earlier(id: &RunId, run: &Run) -> impl Iterator<Item = Self> {
        let tried = run.items.iter().filter(|item| !item.attempts.is_empty());
        tried.map(|item| Self { run: Some(id.0.clone()), ..Self::of(run, item, false) })
    }

    /// Whether the agent has a number.
    pub const fn has_numbers(&self) -> bool {
        self.figure.is_some()
    }

    /// Everything that a search looks at.
    pub(super) fn words(&self) -> impl Iterator<Item = String> {
        let name = |kind: BenchKind| kind.name().to_owned();
        let models = self.model.iter().flat_map(|(asked, run)| std::iter::once(asked).chain(run)).cloned();
        let words = [Some(self.class.name().to_owned()), self.kind.map(name), self.rung.map(|rung| rung.name().to_owned())];
        let more = [
            self.failure.map(|class| class.name().to_owned()),
            self.quadrant.map(|quadrant| format!("{} {}", quadrant.short(), quadrant.says())),
            self.figure.as_ref().map(|figure| figure.name.clone()),
            self.run.clone(),
            Some(self.agent.clone()),
        ];
        words.into_iter().chain(more).flatten().chain(models).chain(self.marks.iter().map(Mark::words))
    }
}

/// The model that was asked for, and the one in its place.
fn served(measured: &Measured) -> Option<(String, Option<String>)> {
    let run = measured.model_run.clone()?;
    let asked = measured.model.clone().unwrap_or_else(|| run.clone());
    let instead = Some(run).filter(|run| *run != asked);
    Some((asked, instead))
}

impl Figure {
    /// What was compared, or the agent's own number.
    fn of(measured: &Measured) -> Option<Self> {
        let compared = |verdict: &Verdict| Self {
            name: verdict.metric.clone(),
            unit: verdict.unit.clone(),
            value: verdict.agent,
            direction: Some(verdict.direction),
            human_pct: verdict.against_human_pct,
            baseline_pct: verdict.against_baseline_pct,
            to_baseline: verdict.against_baseline(),
        };
        let alone = |Metric { name, value, unit }: &Metric| Self {
            name: name.clone(),
            unit: unit.clone(),
            value: *value,
            direction: None,
            human_pct: None,
            baseline_pct: None,
            to_baseline: None,
        };
        measured.score.verdicts.first().map(compared).or_else(|| measured.key.as_ref().map(alone))
    }
}

fn marks(item: &Item, attempt: &Attempt, measured: Option<&Measured>) -> Vec<Mark> {
    let details: Vec<(Arm, &ArmDetail)> =
        arms::STAGES.into_iter().filter_map(|(stage, arm)| Some((arm, arms::detail(attempt.counted(stage)?)?))).collect();
    let which = |is: &dyn Fn(&ArmDetail) -> bool| details.iter().filter(|(_, detail)| is(detail)).map(|(arm, _)| *arm).collect::<Vec<_>>();
    let mut flags: Vec<Flag> = attempt.flags();
    flags.extend(measured.map(|found| found.flags.clone()).unwrap_or_default());
    let is_forced = flags.contains(&Flag::PatchForced);
    // these have marks of their own
    flags.retain(|flag| !matches!(flag, Flag::Tainted | Flag::PatchForced | Flag::ModelOverridden));
    let secrets = attempt.check().map(|check| check.secrets.clone()).unwrap_or_default();
    let lost: Vec<Arm> = attempt.lost_rounds().filter_map(|(stage, _)| stage.arm()).collect();
    flags.retain(|flag| (*flag != Flag::SecretInPatch || secrets.is_empty()) && (*flag != Flag::RoundFailed || lost.is_empty()));
    let mut repairs: Vec<Repair> = details.iter().flat_map(|(_, detail)| detail.repairs.iter().copied()).collect();
    repairs.sort_unstable();
    repairs.dedup();
    // a result file of the harness states its status; one of them that was taken over does not
    let reused = which(&|detail| detail.reused.is_some() || (detail.from.is_some() && detail.status.is_none()));
    let older = item.last_attempt().is_some_and(|last| last.n != attempt.n);
    let samples = attempt.samples(Stage::Candidate).len();
    let first = measured.and_then(|found| found.score.verdicts.first());
    let bands = first.into_iter().flat_map(|first| [first.band, first.baseline_band]).flatten();
    let band = bands.filter(|band| !band.is_of_one()).max_by(|one, other| one.pct.total_cmp(&other.pct));
    let samples = band.map(Mark::Band).or_else(|| (samples > 0).then_some(Mark::Samples(samples)));
    let found = [
        (!attempt.tainted().is_empty()).then(|| Mark::Tainted(attempt.tainted())),
        is_forced.then_some(Mark::Forced),
        (!flags.is_empty()).then_some(Mark::Suspicious(flags)),
        (!secrets.is_empty()).then_some(Mark::Secrets(secrets)),
        (!lost.is_empty()).then_some(Mark::LostRound(lost)),
        older.then_some(Mark::Older(attempt.n, item.attempts.len())),
        (!repairs.is_empty()).then_some(Mark::Repaired(repairs)),
        (!reused.is_empty()).then_some(Mark::Reused(reused)),
        samples,
    ];
    found.into_iter().flatten().collect()
}

impl Mark {
    /// A word or two.
    pub fn short(&self) -> String {
        match self {
            Self::Tainted(_) => "tainted".to_owned(),
            Self::Forced => "forced".to_owned(),
            Self::Suspicious(_) => "suspicious".to_owned(),
            Self::Secrets(_) => "secret".to_owned(),
            Self::LostRound(_) => "round lost".to_owned(),
            Self::Older(n, _) => format!("attempt {n}"),
            Self::Repaired(_) => "repaired".to_owned(),
            Self::Reused(_) => "reused".to_owned(),
            Self::Band(band) => band.says(),
            Self::Samples(1) => "one sample".to_owned(),
            Self::Samples(n) => format!("{n} samples"),
        }
    }

    /// With what it is about.
    pub fn words(&self) -> String {
        let arms = |arms: &[Arm]| arms.iter().map(|arm| arm.name()).collect::<Vec<_>>().join(", ");
        match self {
            Self::Tainted(of) => format!("tainted: {}", arms(of)),
            Self::Forced => Flag::PatchForced.says().to_owned(),
            Self::Suspicious(flags) => flags.iter().map(|flag| flag.says()).collect::<Vec<_>>().join("; "),
            Self::Secrets(secrets) => secrets.iter().map(SecretAt::says).collect::<Vec<_>>().join("; "),
            Self::LostRound(of) => format!("a later round failed: {}", arms(of)),
            Self::Older(n, of) => format!("numbers of attempt {n} of {of}"),
            Self::Repaired(repairs) => {
                format!("repaired: {}", repairs.iter().map(|repair| repair.name()).collect::<Vec<_>>().join(", "))
            }
            Self::Reused(of) => format!("not measured anew: {}", arms(of)),
            Self::Samples(_) | Self::Band(_) => self.short(),
        }
    }

    /// Whether the numbers, or the patch, are to be doubted for it.
    pub const fn is_doubt(&self) -> bool {
        matches!(self, Self::Tainted(_) | Self::Forced | Self::Suspicious(_) | Self::Secrets(_))
    }
}
