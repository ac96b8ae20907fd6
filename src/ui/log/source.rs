//! The files that can be read: what the stages of an item wrote, its patch, what the harness keeps beside it, and the run log.

use jiff::Timestamp;

use super::{Choice, Stick};
use crate::domain::{AttemptId, FailureClass, PromptSource, Stage};
use crate::model::{Item, ItemState, Ran, StageState};
use crate::ui::Mood;
use crate::ui::message::Stream;
use crate::ui::state::{Access, Others, State};

/// A file that can be read here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// What a stage wrote.
    Stage {
        /// The attempt in which it ran.
        attempt: AttemptId,
        /// The stage.
        stage: Stage,
        /// Of an arm that was measured again in the same attempt: which time it was, from 1. `None`: the last there.
        round: Option<u32>,
        /// Where it wrote it.
        stream: Stream,
    },
    /// What the agent of an attempt changed: `model_patch.diff`.
    Patch(AttemptId),
    /// What the harness keeps of an attempt beside its patch.
    Kept(AttemptId, Kept),
    /// What the runner wrote: `runner.log`.
    Runner,
}

/// A file that the harness keeps in an item's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// What the agent was asked: `task.txt`.
    Prompt,
    /// How it went: `journal.json`.
    Journal,
    /// The same, shorter: `run_summary.json`.
    Summary,
    /// Which files were changed, and which might be: `diff_targets.json`.
    Targets,
}

impl Kept {
    /// Every one, in the order of the tabs.
    pub const ALL: [Self; 4] = [Self::Prompt, Self::Journal, Self::Summary, Self::Targets];

    /// Its name in the folder.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Prompt => "task.txt",
            Self::Journal => "journal.json",
            Self::Summary => "run_summary.json",
            Self::Targets => "diff_targets.json",
        }
    }

    /// Its name on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Journal => "journal",
            Self::Summary => "summary",
            Self::Targets => "targets",
        }
    }
}

impl Source {
    /// What a stage wrote, the newest time that it ran in the attempt.
    pub fn stage(attempt: &AttemptId, stage: Stage, stream: Stream) -> Self {
        Self::Stage { attempt: attempt.clone(), stage, round: None, stream }
    }

    /// Whether it is JSON, which is indented for the reader.
    pub const fn is_json(&self) -> bool {
        matches!(self, Self::Kept(_, Kept::Journal | Kept::Summary | Kept::Targets))
    }

    /// Whether it is laid out for the reader: what the harness keeps is no log.
    pub const fn is_laid_out(&self) -> bool {
        matches!(self, Self::Kept(..))
    }

    /// Whether it is read from its beginning: no log, of which the end says most.
    pub const fn begins_at_top(&self) -> bool {
        matches!(self, Self::Patch(_) | Self::Kept(..))
    }
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
    /// Its file's name, where that tells more than the stage's: the harness names what an agent printed after the agent.
    pub name: Option<String>,
}

/// A source as the screen names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// The file.
    pub source: Source,
    /// `agent`, `agent err`, `harness log`, `trae_stdout.txt`, `patch`, `prompt`, `run log`.
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
    let named = |source: &Source| log.written.iter().find(|written| written.source == *source)?.name.clone();
    let tab = |source: Source| Tab {
        name: named(&source).unwrap_or_else(|| name(state, &source)),
        mood: mood(&source),
        bytes: found(&source),
        source,
    };
    let shown = |source: &Source| log.source.as_ref() == Some(source) || found(source).is_some_and(|bytes| bytes > 0);
    candidates(state).into_iter().filter(shown).map(tab).collect()
}

/// Every file that there may be: of each stage of the newest attempt, in the order in which they run, its patch and what else is
/// kept of it, and the log of who makes the run.
pub(super) fn candidates(state: &State) -> Vec<Source> {
    let item = state.selected_item();
    let stages = item.and_then(|item| Some((item, item.last_attempt()?))).into_iter().flat_map(|(item, attempt)| {
        attempt.stages.iter().flat_map(|record| {
            let of = |ran: Ran, stream: Stream| Source::Stage {
                attempt: AttemptId { item: item.id.clone(), n: ran.attempt },
                stage: record.stage,
                round: ran.round,
                stream,
            };
            item.ran(record.stage).into_iter().flat_map(move |ran| Stream::of(record.stage).iter().map(move |stream| of(ran, *stream)))
        })
    });
    let kept = Kept::ALL.into_iter().filter_map(|kept| Some(Source::Kept(item.and_then(of_agent)?, kept)));
    // files that were opened have no script that makes them
    let runner = (state.access != Access::Others(Others::Files)).then_some(Source::Runner);
    stages.chain(item.and_then(patch)).chain(kept).chain(runner).collect()
}

/// The file that is shown now on the log screen.
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
    let of = |stream| Source::stage(&attempt, stage, stream);
    // where something went wrong, the cause stands here
    let causes = [Stream::Server, Stream::ClientErr, Stream::Err].map(of);
    let is_wrong = item.is_some_and(|item| went_wrong(item, &of(Stream::Err)));
    if let Some(cause) = causes.iter().find(|cause| is_wrong && written(cause).is_some()) {
        return cause.clone();
    }
    let all: Vec<Source> = Stream::of(stage).iter().copied().map(of).collect();
    // a stage that writes several does not make the screen go to and fro
    if let Some(kept) = kept.filter(|kept| all.contains(kept) && written(kept).is_some()) {
        return kept.clone();
    }
    // of those that were written at the same time the first
    let newest = all.iter().rev().filter_map(|source| Some((written(source)?.changed, source))).max_by_key(|(changed, _)| *changed);
    match newest {
        Some((_, newest)) => newest.clone(),
        // the harness keeps what an agent prints only after its end
        None if state.is_others() && written(&Source::Runner).is_some() => Source::Runner,
        None => of(Stream::Out),
    }
}

/// The patch of the newest attempt, which may go back to an earlier agent's.
pub(in crate::ui) fn patch(item: &Item) -> Option<Source> {
    of_agent(item).map(Source::Patch)
}

/// The attempt in which the agent of the newest attempt ran.
pub(in crate::ui) fn of_agent(item: &Item) -> Option<AttemptId> {
    let record = item.last_attempt()?.stage(Stage::Agent)?;
    Some(AttemptId { item: item.id.clone(), n: record.ran_in })
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
    let Source::Stage { attempt, stage, round: None, .. } = source else { return false };
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
        Source::Kept(_, kept) => kept.name().to_owned(),
        Source::Stage { attempt, stage, round, stream } => {
            let is_it = |ran: &Ran| (ran.attempt, ran.round) == (attempt.n, *round);
            let all = state.selected_item().map(|item| item.ran(*stage)).unwrap_or_default();
            // the last one has no number
            let nth = all.iter().position(is_it).filter(|nth| nth + 1 < all.len());
            let round = nth.map_or_else(String::new, |nth| format!(" {}", nth + 1));
            let harness = *stage == Stage::Agent && !state.is_others() && state.selected_item().is_some_and(is_of_harness);
            match (stream, harness) {
                (Stream::Out, true) => "harness log".to_owned(),
                (Stream::Err, true) => "harness err".to_owned(),
                (Stream::Out, false) => format!("{stage}{round}"),
                (_, _) => format!("{stage}{round} {}", stream.name()),
            }
        }
    }
}

/// Whether ISO-Bench's own script ran the agent: only then does it write the prompt, and say how far it is.
fn is_of_harness(item: &Item) -> bool {
    let harness = |asked: &crate::model::item::Asked| asked.source == PromptSource::Harness;
    item.last_attempt().is_some_and(|attempt| attempt.said.is_some() || attempt.asked.as_ref().is_some_and(harness))
}
