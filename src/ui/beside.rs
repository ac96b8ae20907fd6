//! What stands beside the steps of an agent: the step under the cursor, or a file of its item. In a narrow frame the file takes the
//! place of the steps. The file is read by the same reader as that of the log screen.

use super::log::{self, Kept, Source, Written};
use super::message::{Stream, Unfolds};
use super::reading::Pane;
use super::state::State;
use super::{Action, Mood, Said, Screen, sought};
use crate::domain::Stage;
use crate::text;

/// What stands beside the steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Beside {
    /// The step under the cursor; in a narrow frame the steps alone.
    #[default]
    Step,
    /// What the agent changed.
    Patch,
    /// What it was asked.
    Prompt,
    /// How it went, as the harness wrote it down.
    Journal,
    /// What the agent printed.
    Output,
}

impl Beside {
    /// Every one, in order.
    pub const ALL: [Self; 5] = [Self::Step, Self::Patch, Self::Prompt, Self::Journal, Self::Output];

    /// Its name on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Patch => "patch",
            Self::Prompt => "prompt",
            Self::Journal => "journal",
            Self::Output => "output",
        }
    }
}

/// The file behind it.
pub fn source(state: &State, beside: Beside) -> Option<Source> {
    let item = state.selected_item()?;
    let agent = log::of_agent(item)?;
    match beside {
        Beside::Step => None,
        Beside::Patch => log::patch(item),
        Beside::Prompt => Some(Source::Kept(agent, Kept::Prompt)),
        Beside::Journal => Some(Source::Kept(agent, Kept::Journal)),
        Beside::Output => {
            let [out, err] = Stream::PROCESS.map(|stream| Source::stage(&agent, Stage::Agent, stream));
            let holds = |source: &Source| written(state, source).is_some_and(|written| written.bytes > 0);
            Some(if holds(&err) && !holds(&out) { err } else { out })
        }
    }
}

fn written<'a>(state: &'a State, source: &Source) -> Option<&'a Written> {
    state.log.written.iter().find(|written| written.source == *source)
}

/// Whether it can be looked at: steps always, a file unless it is known not to be there.
pub fn is_there(state: &State, beside: Beside) -> bool {
    let Some(source) = source(state, beside) else { return beside == Beside::Step };
    written(state, &source).is_none_or(|written| written.changed.is_some())
}

/// Bytes of its file, once they are known.
pub fn size(state: &State, beside: Beside) -> Option<u64> {
    let source = source(state, beside)?;
    written(state, &source).filter(|written| written.changed.is_some()).map(|written| written.bytes)
}

/// Whether there is anything but the steps, as far as is known.
pub fn has_files(state: &State) -> bool {
    let known = |beside: &Beside| source(state, *beside).is_some_and(|source| written(state, &source).is_some());
    Beside::ALL.iter().any(|beside| known(beside) && is_there(state, *beside))
}

/// What is said in the place of steps: why there are none, and which files there are.
pub fn without_steps(state: &State) -> Vec<Said> {
    let Some(item) = state.selected_item() else { return Vec::new() };
    let quiet = |says: String| Said::new(Mood::Quiet, says);
    let Some(attempt) = item.last_attempt().filter(|attempt| attempt.stage(Stage::Agent).is_some()) else {
        return vec![quiet("no agent was at work on this item".to_owned())];
    };
    if attempt.outcome(Stage::Agent).is_none() && !item.is_over() && !state.is_others() {
        return vec![quiet("no steps yet".to_owned())];
    }
    let files: Vec<String> = state
        .log
        .written
        .iter()
        .filter(|written| written.changed.is_some() && !matches!(written.source, Source::Runner))
        .filter(|written| !matches!(written.source, Source::Stage { stage, .. } if stage != Stage::Agent))
        .map(|written| {
            format!("{} {}", file_name(written), if written.bytes == 0 { "(empty)".to_owned() } else { text::bytes(written.bytes) })
        })
        .collect();
    let files = if files.is_empty() {
        "there are no other files of it here".to_owned()
    } else {
        format!("its files: {}; o shows them here, 6 all of them", files.join(", "))
    };
    // of a file that can't be read the header says why
    vec![quiet("no steps: no trajectory of its agent was found that can be read".to_owned()), quiet(files)]
}

fn file_name(written: &Written) -> String {
    match (&written.name, &written.source) {
        (Some(name), _) => name.clone(),
        (None, Source::Kept(_, kept)) => kept.file().to_owned(),
        (None, Source::Patch(_)) => "model_patch.diff".to_owned(),
        (None, Source::Stage { stage, stream, .. }) => format!("{stage} {}", stream.name()),
        (None, Source::Runner) => "runner.log".to_owned(),
    }
}

/// Whether a file of the item is shown on the agent's screen.
pub fn shows_file(state: &State) -> bool {
    state.screen == Screen::Agent && source(state, state.beside).is_some()
}

/// Whether the file on the agent's screen has the keys: in a narrow frame it is all there is.
pub fn has_keys(state: &State) -> bool {
    shows_file(state)
        && match state.layout.unfolds {
            Unfolds::Beside => state.reading.pane == Pane::Beside,
            Unfolds::Inline => state.reading.pane != Pane::Found,
        }
}

/// The next thing that there is, or the one before. While something is searched for only what holds it.
pub(super) fn step(state: &mut State, forward: bool) {
    let at = Beside::ALL.iter().position(|beside| *beside == state.beside).unwrap_or_default();
    let all = Beside::ALL.len();
    let mut turn = (1..all).map(|by| if forward { (at + by) % all } else { (at + all - by) % all });
    let is_wanted = |beside: Beside| is_there(state, beside) && sought::may_hold(state, beside);
    let next = turn.find_map(|at| Beside::ALL.get(at).copied().filter(|beside| is_wanted(*beside)));
    match next {
        Some(beside) => choose(state, beside),
        None if state.sought.is_some() => {
            state.remark(Said::new(Mood::Quiet, "what is searched for is nowhere else; Esc ends the search"));
        }
        None => state.remark(Said::new(Mood::Quiet, "nothing stands beside these steps: no patch, prompt, journal or output was found")),
    }
}

/// This one. While something is searched for, its first match.
pub(super) fn choose(state: &mut State, beside: Beside) {
    if !is_there(state, beside) {
        return;
    }
    state.beside = beside;
    state.reading.inside = None;
    match beside {
        Beside::Step => state.reading.pane = Pane::Steps,
        _ if state.sought.is_some() => {
            state.reading.pane = Pane::Beside;
            state.log.look_for_match();
        }
        _ if state.reading.pane == Pane::Found => state.reading.pane = Pane::Steps,
        _ => {}
    }
}

/// Gives the keys to the file, or back to the steps. False: there is no file beside them.
pub(super) fn switch(state: &mut State) -> bool {
    let is_beside = shows_file(state) && state.layout.unfolds == Unfolds::Beside;
    if is_beside {
        state.reading.pane = if state.reading.pane == Pane::Beside { Pane::Steps } else { Pane::Beside };
    }
    is_beside
}

/// What was clicked: another one is shown, the one that is shown gets the keys.
pub(super) fn click(state: &mut State, beside: Beside) {
    if state.beside != beside || state.sought.is_some() {
        choose(state, beside);
    } else if beside != Beside::Step {
        state.reading.pane = Pane::Beside;
    }
}

/// Keys while the file has them.
pub(super) fn read(state: &mut State, action: Action) {
    let leaves = action == Action::Left && state.log.side == 0;
    if leaves || !log::perform(state, action) {
        leave(state);
    }
}

/// Back to the steps.
pub(super) fn leave(state: &mut State) {
    state.reading.pane = Pane::Steps;
    if state.layout.unfolds == Unfolds::Inline {
        state.beside = Beside::Step;
    }
}
