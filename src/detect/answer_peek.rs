//! D20: a look at the human's answer. The commit that the agent is to come up with lies in the repository's history; nine runs
//! of the corpus showed it to themselves. A badge: whoever reads the result must know. Without the human's commit, nothing.

use regex::{Regex, RegexBuilder};

use super::look::{Look, line};
use super::rule::Notice;
use super::suite::{Context, Human};
use crate::domain::{Detector, Evidence, Remark, Step};

/// The shortest beginning of a commit's id that means this one.
const SHORTEST: usize = 7;
/// Lines of the human's patch that are looked for, the longest ones.
const LINES: usize = 64;
/// The shortest of them: a shorter one stands in other files too.
const LONG: usize = 24;
/// Lines in one answer that show the patch; one alone may be the agent's own.
const ENOUGH: usize = 3;
/// Git's commands that show a commit, or take it.
const SHOWS: [&str; 14] = [
    "show",
    "diff",
    "log",
    "checkout",
    "cherry-pick",
    "reset",
    "merge",
    "rebase",
    "restore",
    "switch",
    "format-patch",
    "cat-file",
    "range-diff",
    "archive",
];

/// What the agent is not to see.
#[derive(Debug)]
pub(super) struct AnswerPeek {
    id: String,
    lines: Option<Regex>,
    has_told: [bool; 2],
}

impl AnswerPeek {
    /// Of an agent of which nothing was seen yet.
    pub(super) fn new(context: &Context) -> Self {
        let human = context.human.clone().unwrap_or_default();
        let mut lines: Vec<&str> = human.added.iter().map(|line| line.trim()).filter(|line| line.len() >= LONG).collect();
        lines.sort_by_key(|line| std::cmp::Reverse(line.len()));
        lines.dedup();
        lines.truncate(LINES);
        let any = lines.iter().map(|line| regex::escape(line)).collect::<Vec<_>>().join("|");
        let lines = if lines.len() < ENOUGH { None } else { RegexBuilder::new(&any).build().ok() };
        Self { id: human.sha.trim().to_ascii_lowercase(), lines, has_told: [false; 2] }
    }

    /// Whether a word of a command means the human's commit: `ab12cd3`, `ab12cd3^..HEAD`, `ab12cd3:vllm/x.py`.
    fn is_id(&self, word: &str) -> bool {
        let names = word.split(|char: char| !char.is_ascii_alphanumeric());
        names.filter(|name| name.len() >= SHORTEST).any(|name| self.id.starts_with(&name.to_ascii_lowercase()))
    }

    /// The lines of the patch in an answer, where there are enough of them.
    fn shown(&self, answer: &str) -> Option<String> {
        let lines = self.lines.as_ref()?;
        let mut seen: Vec<&str> = Vec::new();
        for found in lines.find_iter(answer) {
            if !seen.contains(&found.as_str()) {
                seen.push(found.as_str());
            }
            if seen.len() >= ENOUGH {
                return seen.first().map(|line| (*line).to_owned());
            }
        }
        None
    }
}

impl Notice for AnswerPeek {
    fn take(&mut self, look: &Look<'_>) -> Vec<Remark> {
        let mut remarks = Vec::new();
        if self.id.len() < SHORTEST && self.lines.is_none() {
            return remarks;
        }
        let [has_asked, has_seen] = self.has_told;
        for called in look.calls.iter().filter(|called| !called.failed()) {
            let asks = |part: &super::shell::Part| {
                part.program() == "git" && part.rest().any(|word| SHOWS.contains(&word)) && part.rest().any(|word| self.is_id(word))
            };
            if !has_asked && !self.has_told[0] && self.id.len() >= SHORTEST && called.parts.iter().any(asks) {
                self.has_told[0] = true;
                remarks.push(remark(look.step.index, "it looked at the human's commit", &called.command));
            } else if !has_seen
                && !self.has_told[1]
                && !called.changed_source()
                && called.parts.iter().any(|part| part.program() == "git")
                && let Some(shown) = self.shown(called.answer())
            {
                self.has_told[1] = true;
                remarks.push(remark(look.step.index, "git showed it lines of the human's patch", &shown));
            }
        }
        remarks
    }
}

/// What a finished run's steps show of it by the commands that name the commit, for who reads many runs and looks for nothing
/// else.
pub fn look(sha: &str, steps: &[Step]) -> Vec<Remark> {
    let mut looking = Looking::of(sha);
    steps.iter().flat_map(|step| looking.take(step)).collect()
}

/// The same over steps that come one by one.
#[derive(Debug)]
pub struct Looking(Option<AnswerPeek>);

impl Looking {
    /// For the human's commit; where that is not known nothing is found.
    pub fn of(sha: &str) -> Self {
        let human = Some(Human { sha: sha.to_owned(), added: Vec::new() });
        Self(Some(AnswerPeek::new(&Context { human, ..Context::default() })).filter(|rule| rule.id.len() >= SHORTEST))
    }

    /// The next step; what is to be told of it.
    pub fn take(&mut self, step: &Step) -> Vec<Remark> {
        self.0.as_mut().map(|rule| rule.take(&Look::of(step)).into_iter().collect()).unwrap_or_default()
    }
}

fn remark(step: u32, says: &str, text: &str) -> Remark {
    Remark {
        detector: Detector::AnswerPeek,
        step: Some(step),
        says: says.to_owned(),
        hint: "Do not count this run as the agent's own work before you have compared the patches".to_owned(),
        evidence: vec![Evidence { step, text: line(text) }],
    }
}
