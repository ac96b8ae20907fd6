//! What happened since this person's last look, for the banner on attach.

use jiff::Timestamp;

use super::all_results::{Class, Mark, Row};
use super::keymap::{self, Place};
use super::message::{Looked, Turn};
use super::state::{Over, State};
use super::words::{between, moment};
use super::{Action, Key, Mood, Said, Screen, detected, moves, problems, update};
use crate::domain::{ItemId, Level, Quadrant, Standing};
use crate::ledger::By;
use crate::ledger::fact::AttemptEnd;
use crate::model::act::{Act, Deed};
use crate::model::{Attempt, Breaker, Item, ItemState, Run};
use crate::text::{self, duration};

/// Acts of one kind that are told one by one; more of them are told together.
const ONE_BY_ONE: usize = 3;

/// What happened since the last look.
#[derive(Debug, Clone, PartialEq)]
pub struct Since {
    /// How long ago that was, in ms.
    pub ago_ms: u64,
    /// What happened, the most important first.
    pub lines: Vec<Line>,
    /// What to look at first.
    pub first: Option<ItemId>,
    /// Whether there are results that the table can show.
    pub has_results: bool,
}

/// A line of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// A word for what follows, or the moment of an act.
    pub label: String,
    /// The sentence.
    pub says: Said,
    /// What undoes it: a key and what it does.
    pub undo: Option<(&'static str, &'static str)>,
}

/// What happened since the last look; `None` where that is nothing, where there was none, or where it lies ahead: the
/// clock was set back.
pub fn since(state: &State, now: Timestamp) -> Option<Since> {
    let last = state.last_look.filter(|last| *last <= now)?;
    let run = &state.run;
    let ended: Vec<&Item> = run.items.iter().filter(|item| ended_after(item, last)).collect();
    let stuck = run.live_item().filter(|live| detected::is_stuck_now(live));
    let first = stuck.or_else(|| ended.iter().copied().find(|item| problems::is_problem(item))).map(|item| item.id.clone());
    let mut lines = Vec::new();
    if let Some(live) = stuck {
        lines.push(stuck_now(live));
    } else if let Some(item) = first.as_ref().and_then(|id| run.item(id)) {
        let why = item.why().map(str::to_owned).or_else(|| item.agent_failure()).unwrap_or_default();
        lines.push(Line { undo: Some(("Enter", "goes there")), ..line("look first", Mood::Calm, format!("{}: {why}", item.id)) });
    }
    lines.extend(silent(state, now).filter(|_| stuck.is_none()));
    lines.extend(failed(&ended));
    lines.extend(were_stuck(&ended));
    let rows: Vec<Row> = ended.iter().map(|item| Row::of(run, item, problems::is_problem(item))).collect();
    let shows = if first.is_some() { ("5", "shows them") } else { ("Enter", "shows them") };
    let results = results(&rows, &ended).map(|line| Line { undo: state.has_screen(Screen::Results).then_some(shows), ..line });
    let has_results = results.is_some();
    lines.extend(results);
    lines.extend(doubts(&rows));
    lines.extend(stopped(run, &ended, last));
    lines.extend(acts(run, last, |at| moment(at, now, &state.zone)));
    if let Some(at) = run.finished.filter(|at| *at > last) {
        let says = format!("at {}: nothing is left to do", moment(at, now, &state.zone));
        lines.push(line("finished", Mood::Good, says));
    }
    (!lines.is_empty()).then(|| Since { ago_ms: between(last, now), lines, first, has_results })
}

fn line(label: &str, mood: Mood, says: String) -> Line {
    Line { label: label.to_owned(), says: Said::new(mood, says), undo: None }
}

/// Whether its newest attempt came to an end after a moment.
fn ended_after(item: &Item, last: Timestamp) -> bool {
    item.last_attempt().and_then(|attempt| attempt.end.as_ref()).is_some_and(|(_, at)| *at > last)
}

/// The agent at work that does not get on any more.
fn stuck_now(item: &Item) -> Line {
    let says = detected::sentence(item).map(|said| said.text).unwrap_or_default();
    Line { undo: Some(("Enter", "goes there; x ends its stage")), ..line("look first", Mood::Bad, format!("{}: {says}", item.id)) }
}

/// `3 items: 2 cycle, 1 git churn`: those whose agents did not get on any more.
fn were_stuck(ended: &[&Item]) -> Option<Line> {
    let worst = ended.iter().filter_map(|item| detected::worst(item)).filter(|finding| finding.level == Level::Stuck);
    let counted = counted(worst.map(|finding| finding.detector.title()));
    let all: usize = counted.iter().map(|(_, n)| n).sum();
    (all > 0).then(|| line("stuck", Mood::Bad, format!("the agents of {}: {}", text::count(all, "item"), listed(&counted))))
}

/// The agent at work that does not move. It may be stuck, or its model may be slow: nobody knows, so that is what is said.
fn silent(state: &State, now: Timestamp) -> Option<Line> {
    let item = state.run.live_item()?;
    let trail = state.live_trail().filter(|trail| !matches!(trail.turn, Turn::Over(_)))?;
    let idle = between(trail.last_at?, state.clock(now));
    let (long, usual) = (duration::short(idle), duration::clock(trail.usual.p99()));
    let says = format!("{}: its agent has written nothing for {long} (usually under {usual})", item.id);
    (trail.usual.level(idle) >= Level::Warn).then(|| Line { undo: Some(("x", "ends its stage")), ..line("silent", Mood::Warn, says) })
}

/// `4: 3 api_auth, 1 empty_patch`, the most frequent class first.
fn failed(ended: &[&Item]) -> Option<Line> {
    let classes = ended.iter().filter_map(|item| match &item.state {
        ItemState::Failed { class, .. } => Some(class.name()),
        _ => None,
    });
    let counted = counted(classes);
    let all: usize = counted.iter().map(|(_, n)| n).sum();
    (all > 0).then(|| line("failed", Mood::Bad, format!("{}: {}", text::count(all, "item"), listed(&counted))))
}

/// `5 items: 2 beat the human's commit (1 tainted), 1 similar, 1 worse, 1 incomparable · 1 true success (Q1)`, the best first.
fn results(rows: &[Row], ended: &[&Item]) -> Option<Line> {
    // what failed stands in a line of its own
    let is_done = |row: &&Row| ended.iter().any(|item| item.id == row.item && matches!(item.state, ItemState::Done));
    let done: Vec<&Row> = rows.iter().filter(|row| row.has_numbers() || is_done(row)).collect();
    let count = |is: &dyn Fn(&Row) -> bool| done.iter().filter(|row| is(row)).count();
    let classes = Class::ALL.map(|class| (count(&|row| row.class == class), achieved(class)));
    let is_tainted = |row: &Row| row.marks.iter().any(|mark| matches!(mark, Mark::Tainted(_)));
    let (beats, tainted) = (|row: &Row| row.class == Class::Beats, count(&|row| row.class == Class::Beats && is_tainted(row)));
    let doubt = |word: &str| if tainted > 0 && word == achieved(Class::Beats) { format!(" ({tainted} tainted)") } else { String::new() };
    let told: Vec<String> = classes.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}{}", doubt(word))).collect();
    let quadrants = Quadrant::ALL.map(|quadrant| (count(&|row| row.quadrant == Some(quadrant)), quadrant));
    let judged = quadrants.iter().filter(|(n, _)| *n > 0).map(|(n, quadrant)| format!("{n} {} ({})", quadrant.says(), quadrant.short()));
    let without = ended.iter().filter(|item| item.is_done_without_agent()).count();
    let failed = (without > 0).then(|| format!("{without} with an agent that failed"));
    let parts: Vec<String> = std::iter::once(told.join(", ")).chain(judged).chain(failed).collect();
    let mood = if count(&beats) > tainted { Mood::Good } else { Mood::Calm };
    let says = format!("{}: {}", text::count(done.len(), "item"), parts.join(" · "));
    (!done.is_empty()).then(|| line("results", mood, says))
}

/// The class of an item in a sentence about what was achieved.
const fn achieved(class: Class) -> &'static str {
    match class {
        Class::Beats => "beat the human's commit",
        Class::NoNumbers => "without numbers",
        class => class.name(),
    }
}

/// `2 items tainted: what was measured proves nothing · 1 with repairs`
fn doubts(rows: &[Row]) -> Option<Line> {
    let count = |is: fn(&Mark) -> bool| rows.iter().filter(|row| row.marks.iter().any(is)).count();
    let (tainted, forced) = (count(|mark| matches!(mark, Mark::Tainted(_))), count(|mark| matches!(mark, Mark::Forced)));
    let (repaired, reused) = (count(|mark| matches!(mark, Mark::Repaired(_))), count(|mark| matches!(mark, Mark::Reused(_))));
    let parts = [
        (tainted, format!("{} tainted: what was measured proves nothing", text::count(tainted, "item"))),
        (forced, format!("{forced} with a patch that was forced in")),
        (repaired, format!("{repaired} with repairs")),
        (reused, format!("{reused} with arms that were not measured anew")),
    ];
    let says: Vec<String> = parts.into_iter().filter(|(n, _)| *n > 0).map(|(_, says)| says).collect();
    let mood = if tainted + forced > 0 { Mood::Warn } else { Mood::Calm };
    (!says.is_empty()).then(|| line("numbers", mood, says.join(" · ")))
}

/// The word for how an agent's numbers stand against the human's.
pub const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Beats => "better",
        Standing::Similar => "similar",
        Standing::Worse => "worse",
    }
}

/// Items that were taken out, by whom, and those that were added and can't run.
fn stopped(run: &Run, ended: &[&Item], last: Timestamp) -> Vec<Line> {
    let mut lines = Vec::new();
    let deeds = || run.acts.iter().filter(|act| act.at > last).map(|act| &act.what);
    let is = |id: &ItemId, status: &str| run.item(id).is_some_and(|item| item.status() == status);
    let skipped: Vec<(&ItemId, &By)> = deeds()
        .filter_map(|deed| match deed {
            Deed::Skipped { item, by } if is(item, "skipped") => Some((item, by)),
            _ => None,
        })
        .collect();
    if let [(item, by)] = skipped.as_slice() {
        lines.push(Line { undo: Some(("R", "runs it again")), ..line("skipped", Mood::Calm, format!("{item} by {}", by.words())) });
    } else if !skipped.is_empty() {
        let persons: Vec<String> = skipped.iter().map(|(_, by)| by.words()).collect();
        let by = counted(persons.iter().map(String::as_str));
        let by: Vec<String> = by.into_iter().map(|(who, n)| format!("{n} by {who}")).collect();
        let says = format!("{}: {}", text::count(skipped.len(), "item"), by.join(", "));
        lines.push(Line { undo: Some(("R", "runs one again")), ..line("skipped", Mood::Calm, says) });
    }
    for item in ended {
        if let Some((AttemptEnd::Stopped { why }, _)) = item.last_attempt().and_then(|attempt| attempt.end.as_ref())
            && matches!(item.state, ItemState::Stopped { .. })
        {
            let says = format!("{}: {why}", item.id);
            lines.push(Line { undo: Some(("r", "runs the stage again")), ..line("stopped", Mood::Warn, says) });
        }
    }
    let blocked = deeds().filter(|deed| matches!(deed, Deed::Added { item } if is(item, "blocked"))).count();
    if blocked > 0 {
        lines.push(line("blocked", Mood::Bad, format!("{} that somebody added can't run here", text::count(blocked, "item"))));
    }
    lines
}

/// What the runner did by itself; many acts of one kind are told together.
fn acts(run: &Run, last: Timestamp, when: impl Fn(Timestamp) -> String) -> Vec<Line> {
    let told: Vec<(Timestamp, &'static str, Line)> =
        run.acts.iter().filter(|act| act.at > last).filter_map(|act| act_line(run, act).map(|(kind, line)| (act.at, kind, line))).collect();
    let kinds = counted(told.iter().map(|(_, kind, _)| *kind));
    let mut grouped: Vec<&str> = Vec::new();
    let mut lines: Vec<Line> = Vec::new();
    for (at, kind, line) in &told {
        let alike = kinds.iter().find(|(other, _)| other == kind).map_or(0, |(_, n)| *n);
        if alike <= ONE_BY_ONE {
            lines.push(Line { label: when(*at), ..line.clone() });
        } else if !grouped.contains(kind) {
            grouped.push(kind);
            let undo = told.iter().filter(|(_, other, _)| other == kind).find_map(|(_, _, line)| line.undo);
            lines.push(Line { label: when(*at), says: Said::new(Mood::Calm, format!("{alike} times: {kind}")), undo });
        }
    }
    lines
}

/// What an automatic act is called, and how it is told; `None` for what a person did. What is over needs no undoing.
fn act_line(run: &Run, act: &Act) -> Option<(&'static str, Line)> {
    let is_pending = |item: &ItemId| run.item(item).is_some_and(Item::is_pending);
    let is_paused = |by: &By| run.pause.as_ref().is_some_and(|pause| pause.by == *by && pause.at == act.at);
    let (kind, says, undo, stands) = match &act.what {
        Deed::Retried { item, from, why } => {
            ("an item was tried again", format!("{item} again from {from}: {why}"), ("s", "skips it"), is_pending(item))
        }
        Deed::BreakerOpened { class, items, error } => {
            let of = error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
            let says = format!("the queue waited: {class} ended {} in a row{of}", text::count(*items, "item"));
            let stands = matches!(run.breaker, Breaker::Open { .. });
            ("the queue waited for the breaker", says, ("space", "resumes at once"), stands)
        }
        Deed::BreakerClosed { item } => ("the queue went on", format!("the queue went on: {item} got through"), ("", ""), false),
        Deed::Paused { by, why } => {
            let (kind, who, undo) = match by {
                by if *by == By::rule("limit") => ("a limit paused the queue", "a limit", ("space", "goes on without it")),
                by if *by == By::rule("hold") => ("hold paused the queue", "hold", ("space", "resumes")),
                _ => ("a rule paused the queue", "a rule", ("space", "resumes")),
            };
            (kind, format!("paused by {who}: {why}"), undo, is_paused(by))
        }
        Deed::Interrupted { item, from, why } => {
            let says = format!("{item} was interrupted, goes on with {from}: {why}");
            ("an attempt was interrupted", says, ("s", "skips it"), is_pending(item))
        }
        Deed::Adopted { item, stage } => {
            let is_live = run.live.as_ref() == Some(item) && run.live_stage().is_some_and(|(_, record)| record.stage == *stage);
            let says = format!("{item}: '{stage}' outlived its runner and was taken over");
            ("a stage outlived its runner", says, ("x", "ends it"), is_live)
        }
        Deed::StuckStopped { item, why } => {
            let stands =
                run.item(item).is_some_and(|item| item.is_over() && item.last_attempt().is_some_and(Attempt::was_stopped_as_stuck));
            ("a stuck agent was stopped", format!("{item}'s agent was stopped: {why}"), ("R", "runs it again"), stands)
        }
        Deed::StuckSkipped { item, why } => {
            let stands = run.item(item).is_some_and(|item| item.is_over() && item.is_skipped_as_stuck());
            ("a stuck item was skipped", format!("{item} was skipped, its patch is kept: {why}"), ("R", "runs it again"), stands)
        }
        Deed::Skipped { .. } | Deed::Added { .. } => return None,
    };
    Some((kind, Line { label: String::new(), says: Said::new(Mood::Calm, says), undo: stands.then_some(undo) }))
}

/// How often each word comes, the most frequent first.
fn counted<'a>(words: impl Iterator<Item = &'a str>) -> Vec<(&'a str, usize)> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for word in words {
        match counts.iter_mut().find(|(counted, _)| *counted == word) {
            Some((_, n)) => *n += 1,
            None => counts.push((word, 1)),
        }
    }
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    counts
}

fn listed(counts: &[(&str, usize)]) -> String {
    counts.iter().map(|(word, n)| format!("{n} {word}")).collect::<Vec<_>>().join(", ")
}

/// When this person looked before: the banner comes by itself, where there is something to tell.
pub(super) fn take(state: &mut State, looked: Looked) {
    match looked {
        Looked::Until(at) => {
            state.last_look = Some(at);
            if state.over == Over::Nothing && since(state, state.now).is_some() {
                state.over = Over::Since;
            }
        }
        Looked::Never => {}
        Looked::Unknown(why) => state.remark(Said::new(Mood::Quiet, format!("your looks can't be remembered: {why}"))),
    }
}

/// Opens it again.
pub(super) fn open(state: &mut State) {
    match state.last_look {
        _ if since(state, state.now).is_some() => state.over = Over::Since,
        Some(last) => {
            let ago = duration::short(between(last, state.now));
            state.remark(Said::new(Mood::Quiet, format!("nothing happened since your last look, {ago} ago")));
        }
        None => state.remark(Said::new(Mood::Quiet, "this is your first look at this run")),
    }
}

/// Any key closes it, and does what it does everywhere; Esc and its own key only close it. Enter goes to what should be looked at first,
/// or else to the results, and 5 to these.
pub(super) fn press(state: &mut State, key: Key) -> Vec<super::Effect> {
    let told = since(state, state.now);
    state.over = Over::Nothing;
    let is_enter = key == Key::Enter;
    if let Some(Since { first, has_results, .. }) = told {
        if let Some(row) = first.as_ref().filter(|_| is_enter).and_then(|id| state.run.position(id)) {
            state.screen = Screen::Queue;
            moves::select_row(state, row);
            return Vec::new();
        }
        if has_results && state.has_screen(Screen::Results) && (is_enter || key == Key::Char(Screen::Results.digit())) {
            state.screen = Screen::Results;
            state.all_results.only.clear();
            state.all_results.since = state.last_look;
            return Vec::new();
        }
    }
    match keymap::action(Place::of(state.screen), key) {
        _ if is_enter || key == Key::Esc => {}
        Some(Action::Since) => {}
        // it asks nobody, and the banner may have named another item
        Some(Action::Retry | Action::RetryStage) => {
            if let Some(selected) = state.queue.selected.clone() {
                state.remark(Said::new(Mood::Quiet, format!("{selected} is selected: once more runs that one again")));
            }
        }
        _ => return update::press(state, key),
    }
    Vec::new()
}
