//! Keys that ask the runner for something.

use std::borrow::Cow;

use super::all_results::Scope;
use super::comparing;
use super::detected::{self, Which};
use super::keymap::{Binding, Place};
use super::machine::Errand;
use super::machine::gpus::Page;
use super::message::Sight;
use super::palette::{Palette, Row};
use super::question::{Question, Then, frozen};
use super::reading::{Fold, Pane};
use super::sent::{Asked, ask, what};
use super::state::{Access, Bell, Leaving, Over, State};
use super::{Action, Effect, Left, Mood, Said, Screen, beside, jumps, machine, moves, others, problems};
use crate::domain::ItemId;
use crate::ledger::{Ask, Verb};
use crate::model::{Breaker, Item, ItemState, RunState};
use crate::plan::answer::no_stage_failed;

/// Does what an action about the run or an item asks for. `None`: it is no such action.
pub(super) fn perform(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    if is_wish(action) && state.is_others() {
        return Some(refuse(state, others::refusal(state)));
    }
    if needs_runner(action) && !state.has_runner() && state.run.finished.is_none() {
        return Some(refuse(state, NO_RUNNER));
    }
    Some(match action {
        Action::Pause => pause(state),
        Action::Freeze => freeze(state),
        Action::Stop => match Question::stop(state) {
            Some(question) => ask_first(state, question),
            None => refuse(state, "no stage is running"),
        },
        Action::Skip => skip(state),
        Action::Compare => comparing::perform(state),
        Action::RetryStage => retry(state, Verb::RetryStage),
        Action::Retry => retry(state, Verb::Retry),
        Action::MoveDown => shift(state, Verb::MoveDown),
        Action::MoveUp => shift(state, Verb::MoveUp),
        Action::Hold if state.run.finished.is_some() => refuse(state, "the run is finished"),
        Action::Hold => send(state, ask(if state.run.hold { Verb::Unhold } else { Verb::Hold }, None)),
        Action::Continue => continue_run(state),
        Action::Detach => vec![Effect::Leave(if may_be_left(state) { Left::Quit } else { Left::Detached })],
        Action::Quit if may_be_left(state) => vec![Effect::Leave(Left::Quit)],
        Action::Quit => ask_first(state, Question::quit(state)),
        _ => return None,
    })
}

/// Whether only a runner can do it: without one there is nothing to ask.
const fn needs_runner(action: Action) -> bool {
    matches!(action, Action::Pause | Action::Freeze | Action::Stop | Action::Skip | Action::MoveDown | Action::MoveUp | Action::Hold)
}

/// What follows the answer to a question.
pub(super) fn follow(state: &mut State, then: Then) -> Vec<Effect> {
    match then {
        Then::Nothing => Vec::new(),
        Then::Detach => vec![Effect::Leave(Left::Detached)],
        Then::Compare(attempt, against) => vec![Effect::Compare(attempt, against)],
        Then::Send(wish) => send(state, wish),
        Then::StopPrune(folder) => vec![Effect::Machine(Box::new(Errand::Stop(folder)))],
        Then::StopAndLeave(verb) => {
            let effects = send(state, ask(verb, None));
            if !effects.is_empty() {
                state.leaving = Leaving::WhenStopped;
            }
            effects
        }
    }
}

/// Whether the footer should name the action now: it would do something.
pub fn is_offered(state: &State, action: Action) -> bool {
    if is_wish(action) && state.access != Access::Full {
        return false;
    }
    let item = state.selected_item();
    let alive = state.has_runner();
    match action {
        Action::Pause | Action::Hold => alive && state.run.finished.is_none(),
        Action::Freeze => alive && state.run.live_stage().is_some(),
        Action::Stop => {
            alive
                && state.run.live_stage().is_some()
                && (item.is_none() || state.screen == Screen::Machine || state.queue.selected == state.run.live)
        }
        Action::Skip => alive && item.is_some_and(may_be_skipped),
        Action::RetryStage => item.is_some_and(|item| matches!(item.state, ItemState::Failed { .. } | ItemState::Stopped { .. })),
        Action::Retry => item.is_some_and(Item::is_over),
        Action::MoveDown | Action::MoveUp => alive && item.is_some_and(Item::is_pending),
        Action::Continue => !alive && (state.run.finished.is_none() || !state.asked.is_empty()),
        Action::Open if beside::has_keys(state) => false,
        Action::Open if state.screen == Screen::Agent && item.is_some_and(Item::is_over) => {
            state.shown_trail().is_some_and(|trail| !trail.steps.is_empty())
        }
        Action::NextHalf => true,
        Action::NextGroup | Action::OnlyGroup | Action::Sort | Action::Reverse => !state.all_results.rows.is_empty(),
        Action::EveryRun => !state.all_results.earlier.is_empty(),
        Action::NextCurves => state.machine.gpus.page() == Page::Curves && !state.machine.gpus.keys().is_empty(),
        Action::NextMark | Action::PreviousMark | Action::ZoomIn | Action::ZoomOut | Action::WholeRun => {
            state.machine.gpus.page() == Page::Curves
        }
        Action::Open if state.screen == Screen::Results => state.all_results.row(state).is_some(),
        Action::Open if state.screen == Screen::Machine => state.machine.gpus.cursor.is_some(),
        // of one item there is no list to go back to
        Action::Prune => state.screen == Screen::Machine && state.machine.live_prune().is_none() && state.machine.here().is_some(),
        Action::Back if state.only_item().is_some() && state.screen == Screen::Agent => {
            let is_in_step = state.reading.inside.is_some();
            is_in_step || beside::has_keys(state) || state.sought.is_some() || state.reading.pane != Pane::Steps
        }
        Action::Open => item.is_some() && matches!(state.screen, Screen::Queue | Screen::Agent),
        Action::Detach => !may_be_left(state),
        Action::Follow => alive && state.run.live.is_some() && !moves::is_following(state),
        Action::NextProblem => problems::count(state) != Some((0, true)),
        Action::NextFinding | Action::PreviousFinding => !state.shown_entries().is_empty(),
        Action::FindingRight | Action::FindingWrong => {
            state.reading.pane == Pane::Found && matches!(state.reading.found, Some(Which::Finding(_)))
        }
        Action::Compare => item.is_some_and(|item| !item.attempts.is_empty()),
        Action::NextBeside => beside::has_files(state),
        Action::NextEdit | Action::NextRefusal | Action::NextCall => jumps::count(state, action) != Some((0, true)),
        Action::PageDown => matches!(state.over, Over::Help(top) if top + state.layout.help_rows < state.layout.help_lines),
        Action::FindNext => state.find.is_some(),
        _ => true,
    }
}

/// Whether the help tells of the action: of a run that is somebody else's nothing can be asked, and one item has no list.
pub fn is_told(state: &State, action: Action) -> bool {
    let is_machine = matches!(action, Action::Show(Screen::Machine) | Action::Prune) && !state.has_screen(Screen::Machine);
    let needs_list = matches!(action, Action::Show(Screen::Queue | Screen::Results) | Action::NextItem | Action::PreviousItem);
    let needs_life = matches!(action, Action::Detach | Action::Bell | Action::Since);
    !(is_machine
        || state.is_others() && (is_wish(action) || (needs_life && !state.has_runner()))
        || needs_list && state.only_item().is_some())
}

/// What a key of all runs does in one that is somebody else's, in a sentence.
pub fn of_others(state: &State, action: Action) -> Option<&'static str> {
    match action {
        Action::Quit if state.is_others() => Some("leave"),
        Action::Back if state.only_item().is_some() => Some("close what is open"),
        Action::Show(Screen::Log) if state.is_others() => Some("patch, prompt, journal and outputs"),
        _ => None,
    }
}

/// Whether it changes the run.
const fn is_wish(action: Action) -> bool {
    needs_runner(action) || matches!(action, Action::RetryStage | Action::Retry | Action::Continue)
}

/// Whether the state of the run calls for the action before anything else.
pub fn is_called_for(state: &State, action: Action) -> bool {
    match action {
        Action::Pause => is_stopped_queue(state),
        Action::Freeze => frozen(state).is_some(),
        Action::Continue => true,
        // what is stuck costs money until somebody looks, or ends it
        Action::Stop | Action::NextFinding => is_stuck(state),
        _ => false,
    }
}

/// Whether the selected item is the one that runs, and its agent does not get on any more. The list of findings has keys of its
/// own, and says so itself.
fn is_stuck(state: &State) -> bool {
    let is_in_list = state.screen == Screen::Agent && state.reading.pane == Pane::Found;
    !is_in_list && state.queue.selected == state.run.live && state.run.live_item().is_some_and(detected::is_stuck_now)
}

/// The name of a key and what it does, where that depends on the state.
pub fn words(state: &State, binding: &Binding) -> (Cow<'static, str>, &'static str) {
    let (name, says) = match binding.action {
        Action::Pause if is_stopped_queue(state) => ("resume", "the queue goes on"),
        Action::Freeze if frozen(state).is_some() => ("thaw", "the processes of the live stage go on"),
        Action::Back if state.screen == Screen::Machine && machine::stops(state).is_some() => {
            ("stop prune", "stop the prune between two things")
        }
        Action::NextHalf => return (state.machine.gpus.page().next().name().into(), binding.sentence()),
        Action::Back if state.screen == Screen::Machine && state.machine.gpus.cursor.is_some() => {
            ("no cursor", "back to the newest columns")
        }
        Action::EveryRun if state.all_results.scope == Scope::Every => ("this run", "this run alone"),
        Action::Back if state.screen == Screen::Results && (state.all_results.is_filtered() || state.find.is_some()) => {
            ("show all", "all rows again")
        }
        Action::Hold if state.run.hold => ("let go", "after a failure the queue goes on"),
        Action::Open if state.screen == Screen::Agent && state.reading.pane == Pane::Found => ("go there", "to its first step"),
        Action::Open if state.screen == Screen::Agent && state.reading.fold(state.reading.cursor) != Fold::Folded => {
            ("fold", "folds it again")
        }
        Action::Back if state.screen == Screen::Agent && state.reading.pane == Pane::Found => ("to the steps", "back to the steps"),
        Action::NextFinding => return (format!("{} ({})", binding.short, state.shown_entries().len()).into(), binding.sentence()),
        Action::NextEdit | Action::NextRefusal | Action::NextCall => {
            let counted = jumps::count(state, binding.action).unwrap_or((0, true));
            return (counted_name(binding, counted).into(), binding.sentence());
        }
        Action::Bell if state.bell == Bell::Muted => ("let it ring", binding.sentence()),
        Action::NextProblem => match problems::count(state) {
            Some(counted) => return (counted_name(binding, counted).into(), binding.sentence()),
            None => (binding.short, binding.sentence()),
        },
        action => (binding.short, of_others(state, action).unwrap_or(binding.sentence())),
    };
    (name.into(), says)
}

/// `next error (12)`, `next error (12…)` while steps are still looked at.
fn counted_name(binding: &Binding, (n, is_all): (usize, bool)) -> String {
    format!("{} ({n}{})", binding.short, if is_all { "" } else { "…" })
}

/// What can be chosen in the palette.
pub fn commands(state: &State, palette: &Palette) -> Vec<Row> {
    palette.rows(Place::of(state.screen), |binding| {
        (is_offered(state, binding.action) && is_told(state, binding.action)).then(|| words(state, binding))
    })
}

fn may_be_left(state: &State) -> bool {
    state.is_others() || !state.has_runner() || state.run_state() == RunState::Finished
}

const fn may_be_skipped(item: &Item) -> bool {
    !item.is_over()
}

fn is_stopped_queue(state: &State) -> bool {
    state.run.finished.is_none() && (state.run.pause.is_some() || matches!(state.run.breaker, Breaker::Open { .. }))
}

fn ask_first(state: &mut State, question: Question) -> Vec<Effect> {
    state.over = Over::Question(question);
    Vec::new()
}

fn refuse(state: &mut State, why: impl Into<String>) -> Vec<Effect> {
    state.remark(Said::new(Mood::Quiet, why));
    Vec::new()
}

fn pause(state: &mut State) -> Vec<Effect> {
    if state.run.finished.is_some() {
        return refuse(state, "the run is finished");
    }
    send(state, ask(if is_stopped_queue(state) { Verb::Resume } else { Verb::Pause }, None))
}

fn freeze(state: &mut State) -> Vec<Effect> {
    if frozen(state).is_some() {
        return send(state, ask(Verb::Thaw, None));
    }
    match Question::freeze(state) {
        Some(question) => ask_first(state, question),
        None => refuse(state, "no stage is running"),
    }
}

fn skip(state: &mut State) -> Vec<Effect> {
    let Some(item) = state.selected_item() else { return refuse(state, "no item is selected") };
    if may_be_skipped(item) {
        let question = Question::skip(item);
        ask_first(state, question)
    } else {
        let why = format!("{} is {}: there is nothing to skip", item.id, item.status());
        refuse(state, why)
    }
}

fn retry(state: &mut State, verb: Verb) -> Vec<Effect> {
    let Some(item) = state.selected_item() else { return refuse(state, "no item is selected") };
    if !item.is_over() {
        let why = format!("{} is {}: it will run anyway", item.id, item.status());
        return refuse(state, why);
    }
    if let Some(why) = no_stage_failed(item).filter(|_| verb == Verb::RetryStage) {
        return refuse(state, why);
    }
    if matches!(item.state, ItemState::Done) {
        let question = Question::again(item, verb, state.now);
        return ask_first(state, question);
    }
    let id = item.id.clone();
    send(state, ask(verb, Some(id)))
}

fn shift(state: &mut State, verb: Verb) -> Vec<Effect> {
    let Some(item) = state.selected_item() else { return refuse(state, "no item is selected") };
    if !item.is_pending() {
        let why = format!("{} is {}: only queued items move", item.id, item.status());
        return refuse(state, why);
    }
    let id: ItemId = item.id.clone();
    send(state, ask(verb, Some(id)))
}

fn continue_run(state: &mut State) -> Vec<Effect> {
    match state.runner {
        Sight::Unseen => refuse(state, others::refusal(state)),
        Sight::Alive(pid) => refuse(state, format!("the run has a runner (pid {pid})")),
        Sight::Gone if state.run.finished.is_some() && state.asked.is_empty() => refuse(state, "the run is finished; R runs an item again"),
        Sight::Gone if state.access != Access::Full => refuse(state, READ_ONLY),
        Sight::Gone => vec![Effect::StartRunner],
    }
}

const NO_RUNNER: &str = "no runner; c continues the run";

const READ_ONLY: &str = "a newer isobench-tui made this run: use that one";

/// Sends a wish; a wish that makes sense without a runner starts one.
fn send(state: &mut State, wish: Ask) -> Vec<Effect> {
    if state.access != Access::Full {
        return refuse(state, READ_ONLY);
    }
    let (verb, gone) = (wish.verb, !state.has_runner());
    if gone && !verb.starts_runner() {
        return refuse(state, NO_RUNNER);
    }
    let what = what(&wish);
    let request = state.asker.request(state.now, wish);
    state.asked.push(Asked { id: request.id.clone(), verb, what, at: state.now });
    let mut effects = vec![Effect::Send(request)];
    if gone {
        effects.push(Effect::StartRunner);
    }
    effects
}
