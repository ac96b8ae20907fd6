//! The arms of an item's newest attempt, as the screen tells them.

use jiff::Timestamp;

use super::{Curves, Figure, Live, Which};
use crate::domain::{ArmDetail, ArmPhase, PhaseSpan, PulledImage, Reused, Stage, StageEnd, StageOutcome};
use crate::model::{Attempt, Item, Round, StageRecord, StageState};
use crate::text::{self, arm, duration};
use crate::ui::now::{Pulse, pulse};
use crate::ui::words::{between, model_name, moment};
use crate::ui::{Mood, Said, State};

/// Workers write several times a second: when nothing came for so long, in ms, what they wrote is old.
const STALE: u64 = 4_000;

/// The arms of an item.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arms<'a> {
    /// Human, baseline, agent.
    pub arms: Vec<Arm<'a>>,
    /// Whether they run in containers: they have phases then.
    pub in_containers: bool,
    /// Whether one of them runs, or is still to run.
    pub are_live: bool,
    /// What the stage before them pulled, in a few words.
    pub pulled: Option<String>,
}

/// An arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm<'a> {
    /// `human`, `baseline`, `agent`.
    pub name: &'static str,
    /// How it stands, in a word or two.
    pub stands: Said,
    /// Unfrozen time that it took so far, in ms; of one that is measured more than once the last round's, as its phases.
    pub took: Option<u64>,
    /// Whether it runs now.
    pub is_live: bool,
    /// The image in short, where it is known.
    pub image: Option<String>,
    /// The phases come to; what goes on has its time so far.
    pub phases: Vec<PhaseSpan>,
    /// What it does now.
    pub now: Option<Now<'a>>,
    /// What its server said.
    pub curves: Option<&'a Curves>,
    /// What is to be known of it.
    pub notes: Vec<Said>,
    /// What it printed last: where, and the line.
    pub tail: Option<(&'static str, &'a str)>,
}

/// What an arm does now.
#[derive(Debug, Clone, PartialEq)]
pub struct Now<'a> {
    /// The phase with its clock, and when it is ended.
    pub says: Vec<Said>,
    /// The bar that moves.
    pub row: Option<Row<'a>>,
}

/// A bar that moves.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// What the program calls it.
    pub label: &'a str,
    /// How much is done; `None` where nobody knows how much there is.
    pub share: Option<f64>,
    /// `340/1000`, `41.2/s`, `16 s left`.
    pub figures: Vec<String>,
}

impl<'a> Arms<'a> {
    /// Of an item's newest attempt; none where it has none, or nothing is measured in this run.
    pub fn of(state: &'a State, item: &'a Item, now: Timestamp) -> Self {
        let Some(attempt) = item.last_attempt() else { return Self::default() };
        let now = state.clock(now);
        let stages = Stage::ALL.into_iter().filter_map(|stage| Some((stage, stage.arm()?)));
        let is_there = |stage: Stage| attempt.stage(stage).is_some();
        let planned = |stage: Stage| is_there(stage) || (state.run.stages.contains(&stage) && !state.is_others());
        let arms: Vec<Arm<'a>> = stages
            .filter(|(stage, _)| planned(*stage))
            .map(|(stage, arm)| Arm::of(state, item, attempt, (stage, arm.name()), now))
            .collect();
        // before the first one begins there is nothing to compare
        if !attempt.stages.iter().any(|record| record.stage.arm().is_some()) {
            return Self::default();
        }
        let in_containers = arms.iter().any(|arm| arm.now.is_some() || !arm.phases.is_empty());
        let are_live = in_containers && attempt.score().is_none() && !item.is_over();
        let pulled = attempt.outcome(Stage::Pull).zip(attempt.pull()).filter(|_| in_containers);
        let pulled = pulled.map(|(outcome, pull)| text::room::pulled(pull, outcome.duration_ms));
        Self { arms, in_containers, are_live, pulled }
    }

    /// The phases that any of them came to, in order.
    pub fn phases(&self) -> Vec<ArmPhase> {
        let came = |phase: &ArmPhase| self.arms.iter().any(|arm| arm.phases.iter().any(|span| span.phase == *phase));
        ArmPhase::ALL.into_iter().filter(came).collect()
    }

    /// The time of the longest of them from its first phase to its last, in ms.
    pub fn longest(&self) -> u64 {
        let ends = self.arms.iter().flat_map(|arm| &arm.phases).map(|span| span.from_ms.saturating_add(span.ms.unwrap_or(0)));
        ends.max().unwrap_or(0).max(1)
    }
}

impl<'a> Arm<'a> {
    fn of(state: &'a State, item: &'a Item, attempt: &'a Attempt, (stage, name): (Stage, &'static str), now: Timestamp) -> Self {
        let record = attempt.stage(stage);
        let mut all: Vec<Which> = item.ran(stage).into_iter().map(|ran| Which::of(item, stage, ran)).collect();
        let which = all.pop();
        let outcome = attempt.outcome(stage);
        let detail = outcome.and_then(arm_of);
        let live = state.machine.arm.as_ref().filter(|live| outcome.is_none() && Some(&live.of) == which.as_ref());
        // an arm that was cut off got as far as it told
        let is_cut_off = outcome.is_none() && matches!(pulse(state, item), Pulse::CutOff(_));
        let has_ended = is_cut_off && live.is_some_and(|live| live.progress.phases.last().is_some_and(|span| span.ms.is_some()));
        let now = live.filter(|_| is_cut_off).map_or(now, |live| now.max(live.progress.at));
        let past = state.machine.past.iter().find(|past| outcome.is_some() && Some(&past.of) == which.as_ref());
        let tail =
            state.output.as_ref().filter(|output| live.is_some_and(|live| output.attempt == live.of.attempt && output.stage == stage));
        let tail = tail.and_then(|output| output.lines.iter().rev().find(|line| !line.text.trim().is_empty()));
        Self {
            name,
            stands: if has_ended { Said::new(Mood::Warn, "ended") } else { stands(state, item, (attempt, stage), record) },
            // what was taken over took no time that would tell anything
            took: record.filter(|record| !is_reused(state, attempt, record)).map(|record| record.last_worked_ms(now)),
            is_live: record.is_some() && outcome.is_none(),
            image: live.map(|live| short_image(&live.progress.image)).or_else(|| image(item, detail?.image.as_ref()?)),
            phases: live.map_or_else(|| detail.map(|detail| detail.phases.clone()).unwrap_or_default(), |live| so_far(live, now)),
            now: live.map(|live| Now::of(state, live, is_cut_off, now)),
            curves: live.map(|live| &live.curves).or_else(|| past.map(|past| &past.curves)).filter(|curves| !curves.is_empty()),
            notes: notes(state, item, (attempt, stage), record, live)
                .into_iter()
                .chain(has_ended.then(|| Said::new(Mood::Warn, "it ended without a runner: c takes its result")))
                .chain(rounds(state, &all))
                .collect(),
            tail: tail.map(|line| (line.from.name(), line.text.trim())),
        }
    }
}

impl<'a> Now<'a> {
    fn of(state: &State, Live { progress, .. }: &'a Live, is_cut_off: bool, now: Timestamp) -> Self {
        let Some(span) = progress.phases.last() else { return Self { says: vec![Said::new(Mood::Live, "starts")], row: None } };
        let clock = format!("{} {}", arm::phase(span.phase), duration::clock(arm::under_way(progress, now)));
        let age = between(progress.at, now);
        let mut says = Vec::new();
        if is_cut_off {
            says.push(Said::new(Mood::Warn, clock));
        } else if let Some(since) = progress.paused {
            let clock_of_it = duration::clock(between(since, now));
            // who paused it, and what can be done, stands below
            let paused = if progress.is_paused_outside() {
                format!("paused from outside for {clock_of_it}")
            } else if progress.measures() {
                format!("paused for {clock_of_it}: its numbers will prove nothing")
            } else {
                format!("paused for {clock_of_it}")
            };
            says.extend([Said::new(Mood::Live, clock), Said::new(Mood::Warn, paused)]);
        } else {
            let limit = progress.deadline.filter(|_| span.phase < ArmPhase::Stop).map(|at| {
                let word = if span.phase < ArmPhase::Ready { "ready" } else { "done" };
                let left = between(now, at);
                let is_near = at <= now || left < 60_000;
                let clock = moment(at, now, &state.zone);
                let says = if at <= now {
                    format!("should be {word} by {clock}: it is ended")
                } else {
                    format!("{word} by {clock}, {} left", duration::clock(left))
                };
                Said::new(if is_near { Mood::Warn } else { Mood::Quiet }, says)
            });
            says.push(Said::new(Mood::Live, clock));
            says.extend(limit);
        }
        // what is paused says nothing new
        if age >= STALE && state.has_runner() && progress.paused.is_none() {
            says.push(Said::new(Mood::Warn, format!("nothing was heard of it for {}", duration::clock(age))));
        }
        let row = progress.row.as_ref().map(|row| {
            let share = row.total.filter(|total| *total > 0).map(|total| crate::ui::now::ratio(row.done, total).min(1.0));
            let mut figures = arm::of_row(row, span.phase);
            if span.phase < ArmPhase::Ready
                && let Some(total) = row.total
            {
                figures.push(format!("{}/{total}", row.done));
            }
            figures.extend(arm::left(Some(row), age).filter(|_| progress.paused.is_none() && !is_cut_off));
            Row { label: &row.label, share, figures }
        });
        Self { says, row }
    }
}

/// How it stands, in a word or two.
fn stands(state: &State, item: &Item, (attempt, stage): (&Attempt, Stage), record: Option<&StageRecord>) -> Said {
    let Some(record) = record else {
        return if item.is_over() { Said::new(Mood::Quiet, "not run") } else { Said::new(Mood::Quiet, "waiting") };
    };
    match &record.state {
        StageState::Running { .. } if matches!(pulse(state, item), Pulse::CutOff(_)) => Said::new(Mood::Warn, "cut off"),
        StageState::Running { frozen: Some(_), .. } => Said::new(Mood::Warn, "frozen"),
        StageState::Running { stopping: Some(_), .. } => Said::new(Mood::Warn, "ending"),
        StageState::Running { .. } if state.run.delay_of(&item.id).is_some() => Said::new(Mood::Warn, "waiting"),
        StageState::Running { .. } => {
            let round = record.round(state.run.repeat).map_or_else(String::new, |round| format!(" {round}"));
            Said::new(Mood::Live, format!("running{round}"))
        }
        StageState::Ended(StageOutcome { end, .. }) => {
            let tainted = attempt.outcome(stage).and_then(arm_of).is_some_and(ArmDetail::is_tainted);
            match end {
                StageEnd::Done if tainted => Said::new(Mood::Warn, "done, tainted"),
                StageEnd::Done if is_reused(state, attempt, record) => Said::new(Mood::Good, "reused"),
                StageEnd::Done => Said::new(Mood::Good, done(state, record)),
                StageEnd::Failed { .. } if attempt.lost_round(stage).is_some() => Said::new(Mood::Warn, "a round failed"),
                StageEnd::Failed { .. } => Said::new(Mood::Bad, "failed"),
                StageEnd::Stopped { .. } => Said::new(Mood::Warn, "stopped"),
                StageEnd::Interrupted { .. } => Said::new(Mood::Warn, "interrupted"),
                StageEnd::Deferred(_) => Said::new(Mood::Warn, "deferred"),
            }
        }
    }
}

/// `done`; of one that is measured more than once `1 of 3 rounds done`.
fn done(state: &State, record: &StageRecord) -> String {
    match record.round(state.run.repeat) {
        None => "done".to_owned(),
        Some(Round { n, of }) if n >= of => format!("{n} rounds done"),
        Some(Round { n, of }) => format!("{n} of {of} rounds done"),
    }
}

/// Whether its numbers are those of another run, or of an earlier attempt.
fn is_reused(state: &State, attempt: &Attempt, record: &StageRecord) -> bool {
    let from = if let StageState::Ended(outcome) = &record.state {
        arm_of(outcome).and_then(|detail| detail.from.as_ref().or(detail.reused.as_ref().map(|reused| &reused.file)))
    } else {
        None
    };
    !state.is_others() && (from.is_some() || record.ran_in != attempt.n)
}

/// What is to be known of it, what is wrong first.
fn notes(state: &State, item: &Item, (attempt, stage): (&Attempt, Stage), record: Option<&StageRecord>, live: Option<&Live>) -> Vec<Said> {
    let Some(record) = record else { return unbegun(state, item, attempt, stage).into_iter().collect() };
    let mut notes = Vec::new();
    if let Some(delay) = state.run.delay_of(&item.id).filter(|delay| delay.stage == stage) {
        notes.push(Said::new(Mood::Warn, delay.says()));
    }
    if let Some(Live { progress, .. }) = live {
        notes.extend(arm::outside(progress).map(|says| Said::new(Mood::Warn, says)));
        notes.extend(progress.says.iter().map(|says| Said::new(Mood::Warn, says.as_str())));
        notes.extend(repaired(progress.repairs.iter().map(String::as_str)));
    }
    if let StageState::Ended(outcome) = &record.state {
        notes.extend(wrong(item, &outcome.end));
        notes.extend(arm_of(outcome).into_iter().flat_map(|detail| known(state, detail)));
        if is_reused(state, attempt, record) && record.ran_in != attempt.n {
            notes.push(Said::new(Mood::Quiet, format!("measured in attempt {}", record.ran_in)));
        }
    }
    if let Some(Round { of, .. }) = record.round(state.run.repeat).filter(|_| !record.earlier.is_empty()) {
        let is_over = matches!(record.state, StageState::Ended(_));
        let which = if is_over { "; clock and phases are of the last one" } else { " so far" };
        notes.push(Said::new(Mood::Quiet, format!("{} of {of} rounds measured{which}", attempt.samples(stage).len())));
    }
    notes
}

/// What its server said of itself in each earlier measurement, in means: `round 1: running 24.1, KV cache 63 %, TTFT 182 ms`.
fn rounds(state: &State, earlier: &[Which]) -> Vec<Said> {
    let says = |(round, which): (usize, &Which)| {
        let past = state.machine.past.iter().find(|past| past.of == *which)?;
        let mean = |figure: Figure| Some(format!("{} {}", figure.name(), figure.says(past.curves.mean(figure)?)));
        let means: Vec<String> = Figure::ALL.into_iter().filter_map(mean).collect();
        (!means.is_empty()).then(|| Said::new(Mood::Quiet, format!("round {round}: {}", means.join(", "))))
    };
    (1..).zip(earlier).filter_map(says).collect()
}

/// Why it did not begin, or what comes before it.
fn unbegun(state: &State, item: &Item, attempt: &Attempt, stage: Stage) -> Option<Said> {
    let bad = |record: &&StageRecord| record.stage < stage && matches!(&record.state, StageState::Ended(outcome) if !outcome.is_done());
    let before = attempt.stages.iter().find(bad);
    if item.is_over() {
        return Some(Said::new(
            Mood::Quiet,
            before.map_or_else(|| "its turn never came".to_owned(), |record| format!("{} went wrong before it", record.stage)),
        ));
    }
    let live = attempt.live_stage().map(|record| record.stage);
    let is_next = |live: Stage| {
        state.run.stages.iter().position(|known| *known == live).is_some_and(|at| state.run.stages.get(at + 1) == Some(&stage))
    };
    live.filter(|live| is_next(*live)).map(|live| Said::new(Mood::Quiet, format!("begins after {live}")))
}

/// How it went wrong; what the item itself says is not said again.
fn wrong(item: &Item, end: &StageEnd) -> Option<Said> {
    let told = |why: &str| item.why().is_some_and(|told| told.contains(why));
    match end {
        StageEnd::Done => None,
        StageEnd::Failed { class, why } if told(why) => Some(Said::new(Mood::Bad, class.name())),
        StageEnd::Failed { class, why } => Some(Said::new(Mood::Bad, format!("{class}: {why}"))),
        StageEnd::Stopped { why } | StageEnd::Interrupted { why } => (!told(why)).then(|| Said::new(Mood::Warn, why.as_str())),
        StageEnd::Deferred(deferral) => (!told(&deferral.why)).then(|| Said::new(Mood::Warn, deferral.why.as_str())),
    }
}

/// What its result says of how it was measured.
fn known(state: &State, detail: &ArmDetail) -> Vec<Said> {
    let taints = detail.taints.iter().map(|taint| Said::new(Mood::Warn, format!("tainted, {}: {}", taint.kind.name(), taint.evidence)));
    let repairs = repaired(detail.repairs.iter().map(|repair| repair.name()));
    let model = detail.model.as_ref().zip(detail.model_run.as_ref()).filter(|(asked, run)| asked != run);
    let model = model.map(|(asked, run)| {
        // who made them is no news
        let (short, of) = (model_name(run), model_name(asked));
        let (run, asked) = if short == of { (run.as_str(), asked.as_str()) } else { (short, of) };
        Said::new(Mood::Warn, format!("served {run} in place of {asked}"))
    });
    let from = detail.reused.as_ref().map(Reused::says).or_else(|| Some(format!("taken from {}", detail.from.as_ref()?)));
    let from = from.filter(|_| !state.is_others()).map(|says| Said::new(Mood::Quiet, says));
    let notes = detail.notes.iter().map(|note| Said::new(Mood::Quiet, note.as_str()));
    taints.chain(from).chain(repairs).chain(model).chain(notes).collect()
}

fn repaired<'a>(repairs: impl Iterator<Item = &'a str>) -> Option<Said> {
    let names: Vec<String> = repairs.map(|name| name.replace('_', " ")).collect();
    (!names.is_empty()).then(|| Said::new(Mood::Calm, format!("repaired: {}", names.join(", "))))
}

/// What an arm's stage left.
const fn arm_of(outcome: &StageOutcome) -> Option<&ArmDetail> {
    if let crate::domain::StageDetail::Arm(detail) = &outcome.detail { Some(detail) } else { None }
}

/// The phases up to now.
fn so_far(Live { progress, .. }: &Live, now: Timestamp) -> Vec<PhaseSpan> {
    let open =
        |span: &PhaseSpan| PhaseSpan { ms: span.ms.or_else(|| Some(between(progress.started, now).saturating_sub(span.from_ms))), ..*span };
    progress.phases.iter().map(open).collect()
}

/// The name under which the image of this digest was pulled, or the digest in short.
fn image(item: &Item, digest: &str) -> Option<String> {
    let is_it = |image: &&PulledImage| image.id == digest || image.digest.as_deref() == Some(digest);
    // an attempt that goes on with what was measured before may not have pulled it
    let mut pulls = item.attempts.iter().rev().filter_map(Attempt::pull);
    let pulled = pulls.find_map(|pull| pull.images.iter().find(is_it));
    pulled.map(|image| short_image(&image.reference)).or_else(|| Some(digest.get(..19)?.to_owned()))
}

/// Without registry and owner, and a long commit in 12 digits.
fn short_image(reference: &str) -> String {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    match name.split_once(':') {
        Some((name, tag)) if tag.len() == 40 => format!("{name}:{}", tag.get(..12).unwrap_or(tag)),
        _ => name.to_owned(),
    }
}

/// The arms that are over whose figures are looked at, and their earlier measurements.
pub(in crate::ui) fn past(state: &State) -> Vec<Which> {
    let Some((item, attempt)) = state.selected_item().and_then(|item| Some((item, item.last_attempt()?))) else { return Vec::new() };
    let has_phases = |record: &StageRecord| matches!(&record.state, StageState::Ended(outcome) if arm_of(outcome).is_some_and(|detail| !detail.phases.is_empty() && detail.from.is_none()));
    let ran = |record: &StageRecord| {
        let mut ran = item.ran(record.stage);
        // the last one stands in its arm's column while it runs, and where nothing is known of it there is nothing to look at
        if !has_phases(record) {
            ran.pop();
        }
        ran.into_iter().map(|ran| Which::of(item, record.stage, ran)).collect::<Vec<_>>()
    };
    attempt.stages.iter().filter(|record| record.stage.arm().is_some()).flat_map(ran).collect()
}
