//! Questions before something that costs.

use jiff::Timestamp;

use super::compare::Against;
use super::sent::ask;
use super::state::State;
use super::{Key, words};
use crate::domain::{AttemptId, Stage};
use crate::ledger::{Ask, By, Verb};
use crate::model::{Item, ItemState, StageState};
use crate::text::{self, duration};

/// The question before the screen is left.
const LEAVE: &str = "Leave the screen?";

/// A question with its answers. `Esc` and `n` always mean no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question<T = Then> {
    /// The question.
    pub title: String,
    /// What an answer would mean.
    pub says: Vec<String>,
    /// The answers, the first one also by `Enter` unless it destroys something.
    pub choices: Vec<Choice<T>>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<T = Then> {
    /// The keys that give it.
    pub keys: Vec<Key>,
    /// What it means.
    pub label: &'static str,
    /// What it costs, where it does.
    pub cost: Option<String>,
    /// What follows.
    pub then: T,
}

/// What follows an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// A wish is sent.
    Send(Ask),
    /// The runner is asked to end, and we leave when it has.
    StopAndLeave(Verb),
    /// An attempt is compared.
    Compare(AttemptId, Against),
    /// The prune of this folder is asked to stop.
    StopPrune(String),
    /// We leave; the run goes on.
    Detach,
    /// Nothing.
    Nothing,
}

impl<T> Question<T> {
    /// The answer that a key gives.
    pub fn answer(&self, key: Key) -> Option<&T> {
        self.choices.iter().find(|choice| choice.keys.contains(&key)).map(|choice| &choice.then)
    }
}

impl Question {
    pub(super) fn yes_no(title: String, says: Vec<String>, yes: &'static str, then: Then) -> Self {
        let choices = vec![
            Choice { keys: vec![Key::Char('y')], label: yes, cost: None, then },
            Choice { keys: vec![Key::Esc, Key::Char('n'), Key::Char('q')], label: "no", cost: None, then: Then::Nothing },
        ];
        Self { title, says, choices }
    }

    /// Whether an item is to be skipped.
    pub fn skip(item: &Item) -> Self {
        let mut says = Vec::new();
        if let Some(stage) = item.live_stage() {
            says.push(format!("It is running: its stage '{}' is stopped, and what it did so far stays on disk.", stage.stage));
        } else if matches!(item.state, ItemState::Running) {
            says.push("It is running: it ends before its next stage.".to_owned());
        } else {
            says.push("It is not run. R puts it back into the queue.".to_owned());
        }
        Self::yes_no(format!("Skip {}?", item.id), says, "skip it", Then::Send(ask(Verb::Skip, Some(item.id.clone()))))
    }

    /// Whether an item that came to a good end is to be run again.
    pub fn again(item: &Item, verb: Verb, now: Timestamp) -> Self {
        let took = item.last_attempt().map(|attempt| duration::short(attempt.worked_ms(now))).unwrap_or_default();
        let says = vec![
            "It is done. What it did stays on disk as an attempt of its own; the newest attempt counts.".to_owned(),
            format!("The last attempt took {took}."),
        ];
        Self::yes_no(format!("Run {} again?", item.id), says, "run it again", Then::Send(ask(verb, Some(item.id.clone()))))
    }

    /// Whether the live stage is to be stopped.
    pub fn stop(state: &State) -> Option<Self> {
        let (attempt, record) = state.run.live_stage()?;
        let says = vec!["Its processes are ended. The item counts as stopped; r runs the stage again.".to_owned()];
        Some(Self::yes_no(
            format!("Stop '{}' of {}?", record.stage, attempt.item),
            says,
            "stop it",
            about_stage(Verb::Stop, attempt, record.stage),
        ))
    }

    /// Whether the live stage is to be frozen, and what that costs.
    pub fn freeze(state: &State) -> Option<Self> {
        let (attempt, record) = state.run.live_stage()?;
        let cost = if record.stage.arm().is_some() {
            "This is a benchmark: a freeze while it measures makes its numbers invalid, and the arm will have to be run again."
        } else if record.stage == Stage::Agent {
            "An open API call of the agent may break; most agents then retry the step."
        } else {
            "The stage only waits; nothing is lost."
        };
        let says = vec![cost.to_owned(), "Frozen time counts against no budget. P thaws.".to_owned()];
        Some(Self::yes_no(
            format!("Freeze '{}' of {} now?", record.stage, attempt.item),
            says,
            "freeze it",
            about_stage(Verb::Freeze, attempt, record.stage),
        ))
    }

    /// What becomes of the run when the screen is left.
    pub fn quit(state: &State) -> Self {
        let over = if state.run.finished.is_some() {
            Some("The run is finished: nothing runs any more.")
        } else {
            (!state.has_runner()).then_some("The run has no runner any more; c continues it.")
        };
        if let Some(over) = over {
            let says = vec![over.to_owned()];
            let leave = [Key::Char('d'), Key::Enter, Key::Char('s'), Key::Char('x')].to_vec();
            let choices = vec![
                Choice { keys: leave, label: "leave (come back with: isobench-tui)", cost: None, then: Then::Detach },
                Choice { keys: vec![Key::Esc, Key::Char('n'), Key::Char('q')], label: "stay", cost: None, then: Then::Nothing },
            ];
            return Self { title: LEAVE.to_owned(), says, choices };
        }
        let live = state.run.live_stage().map(|(attempt, record)| format!("{} · {}", attempt.item, record.stage));
        let says = match &live {
            Some(live) => vec![format!("{live} is running. The runner needs no screen.")],
            None => vec!["Nothing runs at this moment. The runner needs no screen.".to_owned()],
        };
        let choice = |keys: &[Key], label, cost, then| Choice { keys: keys.to_vec(), label, cost, then };
        let leave = choice(&[Key::Char('d'), Key::Enter], "leave it running (come back with: isobench-tui)", None, Then::Detach);
        let mut choices = vec![leave];
        match state.live_stage() {
            Some(stage) => choices.extend([
                choice(
                    &[Key::Char('s')],
                    "stop the run after this stage",
                    Some(format!("waits for '{stage}' to end")),
                    Then::StopAndLeave(Verb::Quit),
                ),
                choice(&[Key::Char('x')], "stop the run now", cost_of_now(state), Then::StopAndLeave(Verb::QuitNow)),
            ]),
            // between two stages both would be the same
            None => choices.push(choice(&[Key::Char('s'), Key::Char('x')], "stop the run", None, Then::StopAndLeave(Verb::Quit))),
        }
        choices.push(choice(&[Key::Esc, Key::Char('n'), Key::Char('q')], "stay", None, Then::Nothing));
        Self { title: LEAVE.to_owned(), says, choices }
    }

    /// Whether it asks about leaving.
    pub fn is_about_leaving(&self) -> bool {
        self.title == LEAVE
    }
}

/// What is lost when the live stage is cut off now.
fn cost_of_now(state: &State) -> Option<String> {
    let (_, record) = state.run.live_stage()?;
    let worked = duration::short(record.last_worked_ms(state.clock(state.now)));
    let steps = || {
        let read = state.shown_trail().filter(|_| state.queue.selected == state.run.live).map(|trail| trail.totals.steps);
        read.unwrap_or_else(|| state.run.live_item()?.totals()?.steps).map(|n| format!(" {},", text::count(n as usize, "step")))
    };
    Some(match record.stage {
        Stage::Agent => format!("agent,{} {worked} in: begins again from a fresh worktree", steps().unwrap_or_default()),
        stage if stage.arm().is_some() => format!("{stage}, {worked} in: the benchmark is run again"),
        stage => format!("{stage}, {worked} in: is run again"),
    })
}

/// A wish about the stage that the question named: what runs when it is answered may be another.
fn about_stage(verb: Verb, attempt: AttemptId, stage: Stage) -> Then {
    Then::Send(Ask { stage: Some(stage), ..ask(verb, Some(attempt.item)) })
}

/// Since when the live stage is frozen, and by whom.
pub fn frozen(state: &State) -> Option<(String, &By)> {
    let (_, record) = state.run.live_stage()?;
    match &record.state {
        StageState::Running { frozen: Some((since, by)), .. } => {
            Some((duration::short(words::between(*since, state.clock(state.now))), by))
        }
        _ => None,
    }
}
