//! The files that can be read: what the stages of an item wrote, its patch, and the run log.

use jiff::Timestamp;

use super::{Choice, Stick};
use crate::domain::{AttemptId, FailureClass, PromptSource, Stage};
use crate::model::{Item, ItemState, StageState};
use crate::ui::Mood;
use crate::ui::message::Stream;
use crate::ui::state::State;

/// A file that can be read here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// What a stage wrote.
    Stage(AttemptId, Stage, Stream),
    /// What the agent of an attempt changed: `model_patch.diff`.
    Patch(AttemptId),
    /// What the runner wrote: `runner.log`.
    Runner,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub source: Source,
    /// Its bytes.
    pub bytes: u64,
    /// When it was written last.
    pub changed: Option<Timestamp>,
}

/// A source as the screen names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// The file.
    pub source: Source,
    /// `agent`, `agent err`, `harness log`, `patch`, `run log`.
    pub name: String,
    /// How the stage behind it went.
    pub mood: Mood,
    /// Its bytes, once they are known.
    pub bytes: Option<u64>,
}

/// The files that hold something, and the one that is shown.
pub fn tabs(state: &State) -> Vec<Tab> {
    let log = &state.log;
    let found = |source: &Source| log.written.iter().find(|written| written.source == *source).map(|written| written.bytes);
    let mood = |source: &Source| if state.selected_item().is_some_and(|item| went_wrong(item, source)) { Mood::Bad } else { Mood::Calm };
    let tab = |source: Source| Tab { name: name(state, &source), mood: mood(&source), bytes: found(&source), source };
    let shown = |source: &Source| log.source.as_ref() == Some(source) || found(source).is_some_and(|bytes| bytes > 0);
    candidates(state).into_iter().filter(shown).map(tab).collect()
}

/// Every file that there may be: of each stage of the newest attempt, in the order in which they run, its patch, the runner's.
pub(super) fn candidates(state: &State) -> Vec<Source> {
    let item = state.selected_item();
    let stages = item.and_then(|item| Some((item, item.last_attempt()?))).into_iter().flat_map(|(item, attempt)| {
        attempt.stages.iter().flat_map(|record| {
            let id = AttemptId { item: item.id.clone(), n: record.ran_in };
            [Stream::Out, Stream::Err].map(|stream| Source::Stage(id.clone(), record.stage, stream))
        })
    });
    stages.chain(item.and_then(patch)).chain([Source::Runner]).collect()
}

/// The file that is shown now.
pub(super) fn fitting(state: &State, candidates: &[Source]) -> Source {
    let log = &state.log;
    let kept = log.source.as_ref().filter(|source| candidates.contains(source));
    if let Some(kept) = kept.filter(|_| log.choice == Choice::Hand || log.stick == Stick::Hand) {
        return kept.clone();
    }
    let written = |source: &Source| log.written.iter().find(|written| written.source == *source && written.bytes > 0);
    let item = state.selected_item();
    if let Some(patch) = item.filter(|item| patch_tells(item)).and_then(patch).filter(|patch| written(patch).is_some()) {
        return patch;
    }
    let Some((attempt, stage)) = state.focus.as_ref().and_then(|focus| focus.output.clone()) else { return Source::Runner };
    let of = |stream| Source::Stage(attempt.clone(), stage, stream);
    let [out, err] = [of(Stream::Out), of(Stream::Err)];
    // where something went wrong, the cause stands here
    if item.is_some_and(|item| went_wrong(item, &err)) && written(&err).is_some() {
        return err;
    }
    // a stage that writes both does not make the screen go to and fro
    if let Some(kept) = kept.filter(|kept| [&out, &err].contains(kept) && written(kept).is_some()) {
        return kept.clone();
    }
    match (written(&out), written(&err)) {
        // the harness keeps what an agent prints only after its end
        (None, None) if state.is_others() && written(&Source::Runner).is_some() => Source::Runner,
        (None, Some(_)) => err,
        (Some(one), Some(other)) if other.changed > one.changed => err,
        _ => out,
    }
}

/// The patch of the newest attempt, which may go back to an earlier agent's.
fn patch(item: &Item) -> Option<Source> {
    let record = item.last_attempt()?.stage(Stage::Agent)?;
    Some(Source::Patch(AttemptId { item: item.id.clone(), n: record.ran_in }))
}

/// Whether the patch tells more than any log: all went well, or the patch itself is what is wrong.
fn patch_tells(item: &Item) -> bool {
    match &item.state {
        ItemState::Done => !item.is_done_without_agent(),
        ItemState::Failed { class, .. } => matches!(class, FailureClass::NoSource | FailureClass::PatchDoesNotApply),
        _ => false,
    }
}

/// Whether a stage of the newest attempt wrote this and did not end well.
fn went_wrong(item: &Item, source: &Source) -> bool {
    let Source::Stage(attempt, stage, _) = source else { return false };
    let record = item.last_attempt().and_then(|newest| newest.stage(*stage)).filter(|record| record.ran_in == attempt.n);
    record.is_some_and(|record| matches!(&record.state, StageState::Ended(outcome) if !outcome.is_done()))
}

/// So many tabs further.
pub(super) fn step(state: &mut State, by: isize) {
    let tabs = tabs(state);
    let at = tabs.iter().position(|tab| Some(&tab.source) == state.log.source.as_ref()).unwrap_or_default();
    let to = at.saturating_add_signed(by).min(tabs.len().saturating_sub(1));
    if to != at {
        choose(state, to);
    }
}

/// This tab.
pub(super) fn choose(state: &mut State, tab: usize) {
    if let Some(tab) = tabs(state).into_iter().nth(tab) {
        state.log.choice = Choice::Hand;
        if state.log.source.as_ref() != Some(&tab.source) {
            state.log.open(tab.source);
        }
    }
}

fn name(state: &State, source: &Source) -> String {
    match source {
        Source::Runner if state.is_others() => "ISO-Bench's log".to_owned(),
        Source::Runner => "run log".to_owned(),
        Source::Patch(_) => "patch".to_owned(),
        Source::Stage(_, stage, stream) => {
            let harness = *stage == Stage::Agent && !state.is_others() && state.selected_item().is_some_and(is_of_harness);
            match (stream, harness) {
                (Stream::Out, true) => "harness log".to_owned(),
                (Stream::Err, true) => "harness err".to_owned(),
                (Stream::Out, false) => stage.name().to_owned(),
                (Stream::Err, false) => format!("{stage} err"),
            }
        }
    }
}

/// Whether ISO-Bench's own script ran the agent: only then does it write the prompt, and say how far it is.
fn is_of_harness(item: &Item) -> bool {
    let harness = |asked: &crate::model::item::Asked| asked.source == PromptSource::Harness;
    item.last_attempt().is_some_and(|attempt| attempt.said.is_some() || attempt.asked.as_ref().is_some_and(harness))
}
