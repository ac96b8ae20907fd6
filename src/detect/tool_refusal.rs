//! D11, whatever is asked for: the tools themselves refuse one call after the other, or no edit of any file works.

use std::sync::LazyLock;

use regex::Regex;

use super::call::{Act, Called};
use super::look::{Look, line};
use super::memory::Trail;
use super::rule::{Now, Rule, Told};
use crate::domain::{Detector, Level};

/// Steps in a row that were refused, for note, warn and stuck.
const LEVELS: [u32; 3] = [3, 4, 7];

/// Steps in a row whose edits failed, of several files: of one file `error_wall` counts.
const LEVELS_OF_EDITS: [u32; 3] = [3, 5, 8];

/// A refusal is short, and says so in its first lines.
const LONGEST: usize = 2000;

/// Words of one class of refusal.
type Words = LazyLock<Option<Regex>>;

/// The agent has no right to it.
static FORBIDDEN: Words = LazyLock::new(|| {
    Regex::new(r"(?i)requested permissions? to|haven't granted|permission to use \S+ (?:has been |was )?denied|requires? (?:your )?approval|(?:rejected|denied) by (?:the )?(?:user|policy)|tool use was rejected").ok()
});

/// There is no such tool.
static UNKNOWN: Words = LazyLock::new(|| {
    Regex::new(r"(?i)no such tool|unknown tool|unknown function|unsupported call|tool \S{1,80} (?:was )?(?:not found|does not exist|is not available)").ok()
});

/// The tool does not take such arguments.
static ARGUMENTS: Words = LazyLock::new(|| {
    Regex::new(r"(?i)invalid (?:\w+ ){0,2}(?:arguments?|parameters?|params|input)|inputvalidationerror|missing (?:\d+ )?required|required (?:parameter|argument|property)|failed to parse \w* ?arguments|parameter \S+ is (?:required|missing)").ok()
});

/// What fails in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Forbidden,
    Unknown,
    Arguments,
    Edits,
}

/// Refusals and failed edits in a row.
#[derive(Debug, Default)]
pub(super) struct ToolRefusal {
    refused: Option<Row>,
    edits: Option<Row>,
}

#[derive(Debug)]
struct Row {
    class: Class,
    /// Steps, and the last of them.
    count: u32,
    first_step: u32,
    last_step: u32,
    /// What the first was about, and whether another was about something else.
    target: String,
    is_many: bool,
    trail: Trail,
}

impl Rule for ToolRefusal {
    fn detector(&self) -> Detector {
        Detector::ErrorWall
    }

    fn take(&mut self, look: &Look<'_>) -> Now {
        for call in &look.calls {
            match class(call) {
                Some(class) => add(&mut self.refused, class, look.step.index, call),
                None if call.worked() && call.act != Act::Think => self.refused = None,
                None => {}
            }
            if call.act == Act::Edit && is_plain_edit(call) {
                if call.failed() {
                    add(&mut self.edits, Class::Edits, look.step.index, call);
                } else if call.worked() {
                    self.edits = None;
                }
            } else if call.changed_source() {
                self.edits = None;
            }
        }
        self.worst().map_or(Now::NOTHING, Row::now)
    }

    fn tell(&self) -> Told {
        let Some(row) = self.worst() else {
            return Told { says: String::new(), hint: String::new(), evidence: Vec::new() };
        };
        let (what, hint) = match row.class {
            Class::Forbidden => {
                ("were refused: it has no right to what it calls", "give it the right, or stop it: it can't go on by itself")
            }
            Class::Unknown => ("called a tool that is not there", "see which tools it was given: its prompt or its model speaks of others"),
            Class::Arguments => (
                "were refused for their arguments",
                "see how the tool is described to it, and how the server reads its calls: it does not find the right form",
            ),
            Class::Edits => {
                ("tried to edit files, and no edit worked", "it works from a wrong idea of the files: let it view them again, or stop it")
            }
        };
        Told {
            says: format!("{} steps in a row since step {} {what}", row.count, row.first_step),
            hint: hint.to_owned(),
            evidence: row.trail.list(),
        }
    }
}

impl ToolRefusal {
    fn worst(&self) -> Option<&Row> {
        self.refused.iter().chain(&self.edits).max_by_key(|row| row.now().level)
    }
}

impl Row {
    fn now(&self) -> Now {
        let now = match self.class {
            Class::Edits if !self.is_many => Now::NOTHING,
            Class::Edits => Now::at(self.count, LEVELS_OF_EDITS, self.first_step),
            Class::Forbidden | Class::Unknown | Class::Arguments => Now::at(self.count, LEVELS, self.first_step),
        };
        if now.level == Level::None { Now::NOTHING } else { Now { episode: self.class as u64, ..now } }
    }
}

/// One more step of a row; the first of a new one, where something else failed before.
fn add(row: &mut Option<Row>, class: Class, step: u32, call: &Called<'_>) {
    let fresh =
        || Row { class, count: 0, first_step: step, last_step: 0, target: call.target.clone(), is_many: false, trail: Trail::default() };
    if row.as_ref().is_some_and(|row| row.class != class) {
        *row = None;
    }
    let row = row.get_or_insert_with(fresh);
    row.is_many |= row.target != call.target;
    // calls of one answer share one mistake
    if row.last_step != step {
        row.last_step = step;
        row.count = row.count.saturating_add(1);
        row.trail.add(step, line(call.answer()));
    }
}

fn class(call: &Called<'_>) -> Option<Class> {
    let text = call.answer();
    if !call.failed() || text.len() > LONGEST {
        return None;
    }
    let is = |words: &Words| words.as_ref().is_some_and(|words| words.is_match(text));
    match call {
        _ if is(&FORBIDDEN) => Some(Class::Forbidden),
        _ if is(&UNKNOWN) => Some(Class::Unknown),
        // what a shell prints of arguments is of the program that it runs
        _ if !call.is_shell() && is(&ARGUMENTS) => Some(Class::Arguments),
        _ => None,
    }
}

/// An edit and nothing else: a script that edits and then runs something fails for other reasons too.
fn is_plain_edit(call: &Called<'_>) -> bool {
    let is_editor =
        |program: &str| matches!(program, "edit" | "insert" | "str_replace" | "str_replace_editor" | "apply_patch" | "applypatch" | "sed");
    !call.is_shell() || matches!(call.parts.as_slice(), [part] if is_editor(part.program()))
}
