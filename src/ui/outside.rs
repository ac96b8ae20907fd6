//! What leaves the terminal: copied, opened in a pager or an editor, saved. What is meant is said here; the shell does it.

use std::fmt::Write as _;

use super::detected::{Entry, Which};
use super::log::{self, Source};
use super::reading::Pane;
use super::state::State;
use super::{Action, Effect, Mood, Said, Screen, all_results, machine};
use crate::domain::{AttemptId, ItemId};
use crate::model::Item;

/// Something that is to leave the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// Which way.
    pub way: Way,
    /// What.
    pub what: What,
}

/// Where something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the terminal's clipboard.
    Copy,
    /// Into `$PAGER`.
    Pager,
    /// Into `$VISUAL` or `$EDITOR`.
    Editor,
    /// Into a file of the current folder, as Markdown.
    Save,
}

/// What is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A text that is told by the state alone.
    Text {
        /// What it is, for people: `finding D9`.
        name: String,
        /// The text.
        text: String,
    },
    /// The list of items.
    Queue,
    /// A step of an agent, by its index.
    Step(AttemptId, u32),
    /// Everything that an agent did.
    Steps(AttemptId),
    /// What came of an item.
    Result(ItemId, Part),
    /// A line of a log, by where it begins.
    Line(Source, u64),
    /// A log.
    File {
        /// Which.
        source: Source,
        /// Where the line begins that is looked at.
        at: u64,
        /// Its name on the screen: `patch`, `agent err`.
        name: String,
        /// The item that it is about, where it is about one.
        of: Option<AttemptId>,
    },
}

/// How much of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What is seen of it.
    Seen,
    /// All of it.
    All,
}

impl Way {
    /// Which way an action takes something, and how much of it; `None`: it takes nothing out of the terminal.
    pub(super) const fn of(action: Action) -> Option<(Self, Part)> {
        match action {
            Action::Copy => Some((Self::Copy, Part::Seen)),
            Action::CopyAll => Some((Self::Copy, Part::All)),
            Action::Page => Some((Self::Pager, Part::All)),
            Action::Edit => Some((Self::Editor, Part::All)),
            Action::Save => Some((Self::Save, Part::All)),
            _ => None,
        }
    }
}

/// Does what a key asks for that takes something out of the terminal.
pub(super) fn perform(state: &mut State, action: Action) -> Vec<Effect> {
    let Some((way, part)) = Way::of(action) else { return Vec::new() };
    match what(state, way, part) {
        Ok(what) => vec![Effect::Outside(Box::new(Errand { way, what }))],
        Err(why) => {
            state.remark(Said::new(Mood::Quiet, why));
            Vec::new()
        }
    }
}

/// What is under the cursor, or all of what is shown; the error says why there is nothing.
fn what(state: &State, way: Way, part: Part) -> Result<What, &'static str> {
    let item = || state.selected_item().ok_or("no item is selected");
    match state.screen {
        Screen::Queue if part == Part::All => Ok(What::Queue),
        Screen::Queue => {
            let item = item()?;
            Ok(What::Text { name: item.id.to_string(), text: format!("{} {}", item.id, item.human) })
        }
        Screen::Agent if part == Part::Seen && state.reading.pane == Pane::Found => {
            chosen(state).map(finding).ok_or("no finding is chosen")
        }
        Screen::Agent => {
            let trail = state.shown_trail().filter(|trail| !trail.steps.is_empty()).ok_or("no steps yet")?;
            // a step is read in a pager, and all of them are saved
            if part == Part::All && matches!(way, Way::Copy | Way::Save) {
                return Ok(What::Steps(trail.attempt.clone()));
            }
            let step = trail.steps.get(state.reading.cursor).ok_or("no step is chosen")?;
            Ok(What::Step(trail.attempt.clone(), step.index))
        }
        Screen::Machine if part == Part::Seen => Ok(What::Text { name: "the readings".to_owned(), text: machine::text::seen(state) }),
        Screen::Machine => Ok(What::Text { name: "the machine".to_owned(), text: machine::text::all(state) }),
        Screen::Results if part == Part::Seen => {
            let text = all_results::text::seen(state).ok_or("no item is shown")?;
            Ok(What::Text { name: "the row".to_owned(), text })
        }
        Screen::Results => Ok(What::Text { name: "the results".to_owned(), text: all_results::text::all(state) }),
        Screen::Benchmark => Ok(What::Result(item()?.id.clone(), part)),
        Screen::Log => {
            let log = &state.log;
            let visible = log.visible(state.layout.log_rows.max(1));
            let first = visible.first().ok_or("the log is empty")?;
            // the match that was found last, while it is seen
            let marked = visible.iter().find(|line| Some(line.at) == log.mark);
            let source = log.source.clone().ok_or("no log is shown")?;
            let at = marked.unwrap_or(first).at;
            if part == Part::Seen {
                return Ok(What::Line(source, at));
            }
            let name = log::tabs(state).into_iter().find(|tab| tab.source == source).map_or_else(|| "log".to_owned(), |tab| tab.name);
            let of = state.selected_item().and_then(Item::last_attempt_id).filter(|_| source != Source::Runner);
            Ok(What::File { source, at, name, of })
        }
    }
}

fn chosen(state: &State) -> Option<Entry<'_>> {
    let which: Option<Which> = state.reading.found;
    state.shown_entries().into_iter().find(|entry| Some(entry.which()) == which)
}

/// What was found, with what shows it.
fn finding(entry: Entry<'_>) -> What {
    let detector = entry.detector();
    let at = entry.first_step().map_or_else(String::new, |step| format!(" from step {step}"));
    let mut text = format!("{} {} {}{at}: {}\n", entry.word(), detector.id(), detector.title(), entry.says());
    for line in std::iter::once(entry.hint()).filter(|hint| !hint.is_empty()) {
        let _ = writeln!(text, "{line}");
    }
    for shown in entry.evidence().iter().filter(|shown| !shown.text.trim().is_empty()) {
        let _ = writeln!(text, "  step {}: {}", shown.step, shown.text);
    }
    What::Text { name: format!("finding {}", detector.id()), text }
}

impl What {
    /// What it is, for people.
    pub fn name(&self) -> String {
        match self {
            Self::Text { name, .. } => name.clone(),
            Self::Queue => "the queue".to_owned(),
            Self::Step(_, index) => format!("step {index}"),
            Self::Steps(attempt) => format!("all steps of {attempt}"),
            Self::Result(item, Part::All) => format!("the result of {item}"),
            Self::Result(item, Part::Seen) => format!("what is seen of the result of {item}"),
            Self::Line(..) => "a line".to_owned(),
            Self::File { name, of: None, .. } => format!("the {name}"),
            Self::File { name, of: Some(of), .. } => format!("the {name} of {of}"),
        }
    }

    /// Beginning of the name of a file with it.
    pub fn stem(&self) -> String {
        let stem = match self {
            Self::Text { name, .. } => name.clone(),
            Self::Queue => "queue".to_owned(),
            Self::Step(attempt, index) => format!("{attempt}.step-{index}"),
            Self::Steps(attempt) => attempt.to_string(),
            Self::Result(item, _) => format!("{item}.result"),
            Self::Line(..) => "line".to_owned(),
            Self::File { name, of: None, .. } => name.clone(),
            Self::File { name, of: Some(of), .. } => format!("{of}.{name}"),
        };
        self::stem(&stem)
    }
}

/// The same as the beginning of a file's name: ids and names come out of files. None is hidden, and none begins with a dash:
/// programs would take it for an option.
pub fn stem(name: &str) -> String {
    let safe = |char: char| if char.is_alphanumeric() || "-_.".contains(char) { char } else { '-' };
    let safe: String = name.trim_start_matches('.').chars().take(120).map(safe).collect();
    let rest = safe.trim_start_matches('-');
    format!("{}{rest}", "_".repeat(safe.len() - rest.len()))
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn no_name_of_a_file_is_hidden_or_reads_as_an_option() {
        for (name, wanted) in [
            ("vllm_core-0003.1", "vllm_core-0003.1"),
            ("../../etc/x", "_..-etc-x"),
            ("\u{2022}\u{2022}\u{2022}.jsonl", "___.jsonl"),
            ("-rf", "_rf"),
            (".--help me", "__help-me"),
        ] {
            assert_eq!(stem(name), wanted, "{name}");
        }
    }
}
