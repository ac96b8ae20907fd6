//! How long the queue will take, by what items took: in this run first, then in earlier ones.
//!
//! Four hundred times the queue is gone through in thought, each item and stage taking as long as one of the past, chosen by
//! dice whose throws are always the same. The middle of these times is p50; nine of ten are no longer than p90. Each time
//! the past itself is drawn anew, with replacement: of few items little is known, and the two lie far apart.

mod dice;
mod words;

use std::collections::BTreeMap;

use jiff::Timestamp;

use self::dice::Dice;
pub use self::words::next_time_of_day;
use super::pipeline::{Follow, follow};
use crate::domain::Stage;
use crate::model::{Attempt, Item, ItemState, Past, PastItem, Run, StageRecord, StageState};

/// Below so many items the past is asked stage by stage, and that of earlier runs too.
const FEWEST: usize = 5;

/// How often the queue is gone through.
const DRAWS: usize = 400;

/// How long the queue will take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Eta {
    /// Nothing is left to do.
    #[default]
    Over,
    /// There is no history to go by.
    NoHistory,
    /// So long.
    Left(Left),
}

/// Time that the queue takes while it runs: no pauses, and no waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// As likely longer as shorter, in ms.
    pub p50_ms: u64,
    /// In nine of ten cases no longer, in ms.
    pub p90_ms: u64,
    /// What it is from.
    pub from: From,
    /// Stages that are to come and that nothing is known of: they are not in it.
    pub lacks: Vec<Stage>,
    /// The moment from which it counts.
    pub at: Timestamp,
}

/// What history an estimate is from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct From {
    /// Items of this run.
    pub items: usize,
    /// Earlier runs.
    pub runs: usize,
}

/// What is to be done.
#[derive(Debug, Clone, Default)]
pub struct Queue<'a> {
    /// The repository.
    pub repo: &'a str,
    /// The agent.
    pub agent: &'a str,
    /// Its model.
    pub model: &'a str,
    /// The stages of every item.
    pub stages: &'a [Stage],
    /// How often each arm is measured.
    pub repeat: u32,
    /// Its items.
    pub tasks: Vec<Task<'a>>,
    /// How many are worked on at once.
    pub workers: usize,
}

/// An item that is to be done, or its rest.
#[derive(Debug, Clone)]
pub struct Task<'a> {
    /// The human's commit; empty while unknown.
    pub commit: &'a str,
    /// Its first stage that is not over; where its arms take turns, the one that runs or comes next.
    pub from: Stage,
    /// That stage, where it runs.
    pub live: Option<Live>,
    /// Its arms, where each is measured more than once and they have begun.
    pub turns: Vec<Turn>,
    /// Its place in the queue: its throws are its own, whatever goes on around it.
    pub place: usize,
}

/// A stage that runs; of an arm that is measured more than once the round that runs.
#[derive(Debug, Clone, Copy)]
pub struct Live {
    /// For how long, in ms of unfrozen time.
    pub for_ms: u64,
    /// What is left of its budget, in ms.
    pub left_ms: Option<u64>,
}

/// An arm that is measured more than once, in turns with the others.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Which one.
    pub stage: Stage,
    /// What its good rounds took, in ms.
    pub took: Vec<u64>,
    /// Rounds that come after the one that runs.
    pub to_come: u32,
}

/// Of a run: what is left at a moment. `unnamed` items are to come that nothing names.
pub fn left(run: &Run, earlier: &[Past], unnamed: usize, now: Timestamp) -> Eta {
    if run.finished.is_some() {
        return Eta::Over;
    }
    let mut tasks: Vec<Task<'_>> = run.items.iter().enumerate().filter_map(|(place, item)| task(run, item, place, now)).collect();
    let first = run.stages.first().copied().unwrap_or(Stage::Worktree);
    tasks.extend((0..unnamed).map(|n| Task { commit: "", from: first, live: None, turns: Vec::new(), place: run.items.len() + n }));
    let workers = tasks.iter().filter(|task| task.live.is_some()).count();
    let queue = Queue { repo: &run.repo, agent: &run.agent, model: &run.model, stages: &run.stages, repeat: run.repeat, tasks, workers };
    estimate(&queue, &Past::of(run), earlier, now)
}

/// What is left of an item; `None` where nothing is.
fn task<'a>(run: &Run, item: &'a Item, place: usize, now: Timestamp) -> Option<Task<'a>> {
    let last = item.last_attempt();
    // the images of an arm that was asked for again are pulled: the arms before it are over
    let is_before = |last: &&Attempt| last.stages.iter().all(|record| record.ran_in != last.n || record.stage == Stage::Pull);
    let before_arm = last.filter(is_before).map(|last| last.from).filter(|from| from.arm().is_some());
    let (from, live) = match &item.state {
        ItemState::Running if before_arm.is_some() => (before_arm?, None),
        ItemState::Queued { from }
        | ItemState::Waiting { from, .. }
        | ItemState::ForRoom { from, .. }
        | ItemState::Interrupted { from, .. } => (*from, None),
        ItemState::Running => match last.and_then(Attempt::live_stage) {
            Some(record) => {
                let for_ms = record.last_worked_ms(now);
                let budget = if let StageState::Running { budget_ms, .. } = &record.state { *budget_ms } else { None };
                (record.stage, Some(Live { for_ms, left_ms: budget.map(|budget| budget.saturating_sub(for_ms)) }))
            }
            None => match follow(last?, &run.stages, run.hold, run.repeat) {
                Follow::Stage(stage) => (stage, None),
                Follow::End(_) => return None,
            },
        },
        _ => return None,
    };
    let turns = last.filter(|_| run.repeat > 1 && from.arm().is_some()).map(|last| turns(run, item, last, from)).unwrap_or_default();
    Some(Task { commit: &item.human, from, live, turns, place })
}

/// The arms of an item that is at one of them; none where no arm has begun.
fn turns(run: &Run, item: &Item, last: &Attempt, from: Stage) -> Vec<Turn> {
    let arms = || run.stages.iter().copied().filter(|stage| stage.arm().is_some());
    // what a person asks for again is measured anew; what is taken up goes on with what is good
    let (goes_on, is_taken_up) = (matches!(item.state, ItemState::Running), item.is_taken_up());
    let has_failed = goes_on && arms().any(|arm| last.outcome(arm).is_some_and(|outcome| !outcome.is_done()));
    let turn = |stage: Stage| {
        let known = last.stage(stage).filter(|_| goes_on || is_taken_up || stage < from);
        let took: Vec<u64> = known.into_iter().flat_map(StageRecord::measured_ms).collect();
        let is_live = last.live_stage().is_some_and(|live| live.stage == stage);
        let is_reused = last.outcome(stage).is_some_and(|outcome| outcome.is_done() && outcome.child.is_none());
        let all = match known {
            Some(_) if has_failed || is_reused => 0,
            // where one fails each is measured once
            None if has_failed => 1,
            _ => run.repeat,
        };
        let over = u32::try_from(took.len()).unwrap_or(u32::MAX).saturating_add(u32::from(is_live));
        Turn { stage, took, to_come: all.saturating_sub(over) }
    };
    if arms().any(|arm| last.stage(arm).is_some()) { arms().map(turn).collect() } else { Vec::new() }
}

/// Of any queue, by what its own items and earlier runs took. Only runs in the same repository count, and of agents only the
/// same one.
pub fn estimate(queue: &Queue<'_>, own: &Past, earlier: &[Past], now: Timestamp) -> Eta {
    if queue.tasks.is_empty() {
        return Eta::Over;
    }
    let known = Known::of(queue, own, earlier);
    let lacks = known.lacks(queue);
    if lacks.contains(&Stage::Agent) || known.knows_nothing(queue) {
        return Eta::NoHistory;
    }
    let (mut sums, mut longest) = ([0_u64; DRAWS], [0_u64; DRAWS]);
    for task in &queue.tasks {
        let images = known.images(task.commit);
        for (draw, (sum, longest)) in sums.iter_mut().zip(&mut longest).enumerate() {
            let took = known.draw(task, &images, &Dice { draw, place: task.place });
            *sum = sum.saturating_add(took);
            if task.live.is_some() {
                *longest = took.max(*longest);
            }
        }
    }
    // several at once share the work, but one item is not shared
    let workers = u64::try_from(queue.workers.max(1)).unwrap_or(1);
    let mut times: Vec<u64> = sums.iter().zip(longest).map(|(sum, longest)| longest.max(sum / workers)).collect();
    times.sort_unstable();
    let rank = |percent: usize| times.get((DRAWS * percent).div_ceil(100) - 1).copied().unwrap_or_default();
    Eta::Left(Left { p50_ms: rank(50), p90_ms: rank(90), from: known.from, lacks, at: now })
}

/// The stages of an item that ran before with the same image, with their times.
type Images<'a> = Vec<(Stage, &'a [u64])>;

/// What of the past is like what is to come.
struct Known<'a> {
    stages: &'a [Stage],
    /// How often each arm is measured.
    repeat: u32,
    /// Items that went their way to the end; empty where there are too few.
    whole: Vec<&'a PastItem>,
    /// Those of them that reached a stage, each with what it took from that stage on.
    reached: BTreeMap<Stage, Vec<(u64, &'a PastItem)>>,
    /// Times of each stage, of an arm of each round.
    by_stage: BTreeMap<Stage, Vec<u64>>,
    /// Times of pulls and of rounds of benchmarks of the same commit, in earlier runs.
    by_commit: BTreeMap<(&'a str, Stage), Vec<u64>>,
    from: From,
}

impl<'a> Known<'a> {
    fn of(queue: &Queue<'a>, own: &'a Past, earlier: &'a [Past]) -> Self {
        let here: Vec<&Past> = earlier.iter().filter(|past| past.repo == queue.repo).collect();
        let of_agent: Vec<&Past> = here.iter().copied().filter(|past| past.agent == queue.agent).collect();
        let of_model: Vec<&Past> = of_agent.iter().copied().filter(|past| past.model == queue.model).collect();
        // of another model of the same agent only where nothing is known of this one
        let like = if of_model.is_empty() { of_agent } else { of_model };
        let (whole, mut from) = whole(queue, own, &like);
        let mut by_stage: BTreeMap<Stage, Vec<u64>> = BTreeMap::new();
        for stage in queue.stages {
            let mut times: Vec<u64> = times(&own.items, *stage).collect();
            if times.len() < FEWEST {
                let others = if *stage == Stage::Agent { &like } else { &here };
                times.extend(others.iter().flat_map(|past| self::times(&past.items, *stage)));
            }
            if !times.is_empty() {
                by_stage.insert(*stage, times);
            }
        }
        if whole.is_empty() {
            let reached = own.items.iter().filter(|item| item.took.iter().any(|(stage, _)| *stage == Stage::Agent));
            from.items = reached.count();
            from.runs = if from.items < FEWEST { like.iter().filter(|past| !past.items.is_empty()).count() } else { 0 };
        }
        let mut by_commit: BTreeMap<(&str, Stage), Vec<u64>> = BTreeMap::new();
        for item in here.iter().flat_map(|past| &past.items).filter(|item| !item.commit.is_empty()) {
            for (stage, took) in item.took.iter().filter(|(stage, _)| is_of_image(*stage)) {
                by_commit.entry((item.commit.as_str(), *stage)).or_default().push(*took);
            }
        }
        let rest = |item: &'a PastItem, from: Stage| {
            let reached = item.took.iter().any(|(stage, _)| *stage >= from);
            reached.then(|| (item.took.iter().filter(|(stage, _)| *stage >= from).map(|(_, took)| took).sum(), item))
        };
        let reached = queue.stages.iter().map(|stage| (*stage, whole.iter().filter_map(|item| rest(item, *stage)).collect()));
        Self { stages: queue.stages, repeat: queue.repeat, reached: reached.collect(), by_stage, by_commit, from, whole }
    }

    /// Stages that take long, are to come, and of which nothing is known.
    fn lacks(&self, queue: &Queue<'_>) -> Vec<Stage> {
        let first = queue.tasks.iter().map(|task| task.from).min();
        let takes_long = |stage: &Stage| *stage == Stage::Agent || is_of_image(*stage);
        let is_needed = |stage: &&Stage| first.is_some_and(|first| **stage >= first) && takes_long(stage);
        let is_unknown = |stage: &&Stage| self.whole.is_empty() && !self.by_stage.contains_key(*stage);
        queue.stages.iter().filter(is_needed).filter(is_unknown).copied().collect()
    }

    /// Whether no stage that is to come is known.
    fn knows_nothing(&self, queue: &Queue<'_>) -> bool {
        let first = queue.tasks.iter().map(|task| task.from).min();
        self.whole.is_empty() && !self.by_stage.keys().any(|stage| first.is_some_and(|first| *stage >= first))
    }

    /// What pulls and benchmarks of a commit took before.
    fn images(&self, commit: &'a str) -> Images<'_> {
        let stages = self.stages.iter().filter(|stage| is_of_image(**stage));
        stages.filter_map(|stage| Some((*stage, self.by_commit.get(&(commit, *stage))?.as_slice()))).collect()
    }

    /// What a task takes, this time.
    fn draw(&self, task: &Task<'_>, images: &Images<'_>, dice: &Dice) -> u64 {
        let rest = task.live.map(|live| self.rest_of(task, live, images, dice));
        let begun = if task.turns.is_empty() { task.from } else { Stage::Candidate };
        let to_come = task.turns.iter().map(|turn| self.round(turn, images, dice).saturating_mul(u64::from(turn.to_come)));
        let next = match rest {
            None if task.turns.is_empty() => Some(task.from),
            _ => self.stages.iter().copied().find(|stage| *stage > begun),
        };
        let after = next.map_or(0, |stage| self.from(images, stage, task.from, dice));
        to_come.chain(rest).fold(after, u64::saturating_add)
    }

    /// What another round of an arm takes: as long as those before it, else as long as others took.
    fn round(&self, turn: &Turn, images: &Images<'_>, dice: &Dice) -> u64 {
        let own = turn.took.get(dice.pick(turn.took.len(), turn.stage)).copied();
        own.or_else(|| of_image(images, turn.stage, dice)).or_else(|| self.of_stage(turn.stage, dice)).unwrap_or_default()
    }

    /// What an item takes from a stage on, of those that reached another one.
    fn from(&self, images: &Images<'_>, from: Stage, reached: Stage, dice: &Dice) -> u64 {
        let those = self.reached.get(&reached).map(Vec::as_slice).unwrap_or_default();
        match those.get(dice.pick(those.len(), reached)) {
            Some((rest, _)) if images.is_empty() && from == reached => *rest,
            // an image and its benchmark take what they took before, whoever brings the patch
            Some((_, item)) => {
                let stages = item.took.iter().filter(|(stage, _)| *stage >= from);
                stages.map(|(stage, took)| of_image(images, *stage, dice).unwrap_or(*took)).sum()
            }
            None => {
                let stages = self.stages.iter().filter(|stage| **stage >= from);
                let once = |stage: Stage| of_image(images, stage, dice).or_else(|| self.of_stage(stage, dice));
                stages.filter_map(|stage| Some(once(*stage)?.saturating_mul(stage.times(self.repeat).into()))).sum()
            }
        }
    }

    /// What a stage takes, of an arm a round.
    fn of_stage(&self, stage: Stage, dice: &Dice) -> Option<u64> {
        let times = self.by_stage.get(&stage)?;
        times.get(dice.pick(times.len(), stage)).copied()
    }

    /// What is left of a stage that runs: those of the past that lasted longer say it. One that outlasted them all may take as
    /// long again at most, and no longer than its budget.
    fn rest_of(&self, task: &Task<'_>, live: Live, images: &Images<'_>, dice: &Dice) -> u64 {
        let longer = |times: &[u64]| {
            let longer = times.iter().filter(|took| **took > live.for_ms);
            let n = longer.clone().count();
            longer.copied().nth(dice.pick(n, task.from)).map(|took| took - live.for_ms)
        };
        if let Some(own) = task.turns.iter().find(|turn| turn.stage == task.from && !turn.took.is_empty()) {
            // by as much as it outlasted all rounds before it, it may go on at most
            let beyond = live.for_ms.saturating_sub(own.took.iter().copied().max().unwrap_or_default());
            return longer(&own.took).unwrap_or_else(|| dice.part_of(beyond, task.from));
        }
        let of_image = images.iter().find(|(stage, _)| *stage == task.from).and_then(|(_, times)| longer(times));
        let rest = of_image.or_else(|| longer(self.by_stage.get(&task.from)?));
        let most = live.left_ms.unwrap_or(u64::MAX);
        // of a stage that nothing is known of nothing is said
        let unheard = || if self.by_stage.contains_key(&task.from) { dice.part_of(live.for_ms.min(most), task.from) } else { 0 };
        rest.unwrap_or_else(unheard).min(most)
    }
}

/// What a stage took with the same image, of an arm a round.
fn of_image(images: &Images<'_>, of: Stage, dice: &Dice) -> Option<u64> {
    let (_, times) = images.iter().find(|(stage, _)| *stage == of)?;
    times.get(dice.pick(times.len(), of)).copied()
}

/// Items that went their way to the end: of this run where there are enough, with those of earlier runs else; none where these
/// are too few as well.
fn whole<'a>(queue: &Queue<'_>, own: &'a Past, like: &[&'a Past]) -> (Vec<&'a PastItem>, From) {
    fn of(past: &Past) -> impl Iterator<Item = &PastItem> {
        past.items.iter().filter(|item| item.is_whole)
    }
    let mut whole: Vec<&PastItem> = of(own).collect();
    let mut from = From { items: whole.len(), runs: 0 };
    if whole.len() < FEWEST {
        for past in like.iter().filter(|past| past.stages == queue.stages && past.repeat == queue.repeat && of(past).next().is_some()) {
            whole.extend(of(past));
            from.runs += 1;
        }
    }
    if whole.len() < FEWEST { (Vec::new(), From::default()) } else { (whole, from) }
}

/// Whether what a stage takes depends on the item's images and benchmark, and not on who brings the patch.
const fn is_of_image(stage: Stage) -> bool {
    matches!(stage, Stage::Pull) || stage.arm().is_some()
}

/// The times of a stage.
fn times(items: &[PastItem], of: Stage) -> impl Iterator<Item = u64> + '_ {
    items.iter().flat_map(move |item| item.took.iter().filter(move |(stage, _)| *stage == of).map(|(_, took)| *took))
}

#[cfg(test)]
mod tests;
