//! The language of prompt templates: text with words in braces.
//!
//! | written | becomes |
//! |---|---|
//! | `{word}` | the word's value; `(not known)` where it has none |
//! | `{?word}…{/word}` | what stands between, where the word has a value |
//! | `{!word}…{/word}` | what stands between, where it has none |
//! | `{# … #}` | nothing: a remark for whoever reads the template |
//! | `{{`, `}}` | a brace |
//!
//! Sections may stand inside sections. A line that holds nothing but one mark of a section, or a remark, is left out
//! whole. A value is put in as it is: braces in it mean nothing.

use std::fmt::Write as _;

/// Our own template.
pub const DEFAULT: &str = include_str!("prompt.txt");

/// What stands for a word without a value.
pub const NOT_KNOWN: &str = "(not known)";

/// What a template may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The folder in which the agent works.
    Worktree,
    /// The repository's name.
    Repo,
    /// The item's id.
    ItemId,
    /// The task's name, from its task file.
    Task,
    /// The task's description.
    Description,
    /// The task's constraints, a bullet line each.
    Constraints,
    /// The files that the task's contract names, a bullet line each. Never those of the human's commit.
    TargetFiles,
    /// The model that is benchmarked.
    Model,
    /// The mapping's word for the benchmark: `serving`, `standalone`, `prefix_caching`.
    BenchmarkMode,
    /// The benchmark's command.
    PerfCommand,
    /// What the benchmark measures, and which way is better.
    Metric,
    /// The difference in percent below which two results count as equal.
    ThresholdPct,
    /// How long the agent may work: `120 minutes`.
    TimeBudget,
    /// How many steps it may take.
    MaxSteps,
    /// A folder for what is no part of the work.
    Scratch,
    /// The human's commit. Gives the solution away.
    HumanCommit,
    /// Its message. Gives the solution away.
    HumanMessage,
    /// The files that it changes, a bullet line each. Gives the solution away.
    HumanFiles,
    /// Its diff. Is the solution.
    HumanDiff,
}

impl Word {
    /// Every word.
    pub const ALL: [Self; 19] = [
        Self::Worktree,
        Self::Repo,
        Self::ItemId,
        Self::Task,
        Self::Description,
        Self::Constraints,
        Self::TargetFiles,
        Self::Model,
        Self::BenchmarkMode,
        Self::PerfCommand,
        Self::Metric,
        Self::ThresholdPct,
        Self::TimeBudget,
        Self::MaxSteps,
        Self::Scratch,
        Self::HumanCommit,
        Self::HumanMessage,
        Self::HumanFiles,
        Self::HumanDiff,
    ];

    /// The words that give the human's solution away.
    pub const HUMAN: [Self; 4] = [Self::HumanCommit, Self::HumanMessage, Self::HumanFiles, Self::HumanDiff];

    /// As it stands in a template.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Worktree => "worktree",
            Self::Repo => "repo",
            Self::ItemId => "item_id",
            Self::Task => "task",
            Self::Description => "description",
            Self::Constraints => "constraints",
            Self::TargetFiles => "target_files",
            Self::Model => "model",
            Self::BenchmarkMode => "benchmark_mode",
            Self::PerfCommand => "perf_command",
            Self::Metric => "metric",
            Self::ThresholdPct => "threshold_pct",
            Self::TimeBudget => "time_budget",
            Self::MaxSteps => "max_steps",
            Self::Scratch => "scratch",
            Self::HumanCommit => "human_commit",
            Self::HumanMessage => "human_message",
            Self::HumanFiles => "human_files",
            Self::HumanDiff => "human_diff",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.name() == name)
    }
}

/// What is wrong with a template, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {says}")]
pub struct TemplateError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub says: String,
}

/// A template that was read and is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Word(Word),
    Section(Section),
}

/// Text that is there for some items only.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Section {
    word: Word,
    /// Whether the word must have a value, or must have none.
    wants: Wants,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wants {
    Value,
    None,
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut reader = Reader { text, at: 0, open: Vec::new(), parts: Vec::new() };
        reader.read()?;
        if reader.parts.iter().all(|part| matches!(part, Part::Text(text) if text.trim().is_empty())) {
            return Err(reader.wrong(0, "the template is empty: it asks the agent for nothing".to_owned()));
        }
        Ok(Self { parts: reader.parts })
    }

    /// The text with the words' values in it. A blank value is none.
    pub fn render(&self, value: impl Fn(Word) -> Option<String>) -> String {
        let value = |word| value(word).filter(|value| !value.trim().is_empty());
        let mut out = String::new();
        put(&self.parts, &value, &mut out);
        out
    }

    /// Whether the template names a word anywhere.
    pub fn names(&self, word: Word) -> bool {
        mentions(&self.parts, word)
    }
}

/// A list as a value: a bullet line each; `None` for an empty list.
pub fn bullets<S: AsRef<str>>(lines: &[S]) -> Option<String> {
    let text = lines.iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "- {}", line.as_ref().trim());
        text
    });
    (!text.is_empty()).then(|| text.trim_end().to_owned())
}

fn put(parts: &[Part], value: &impl Fn(Word) -> Option<String>, out: &mut String) {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Word(word) => out.push_str(&value(*word).unwrap_or_else(|| NOT_KNOWN.to_owned())),
            Part::Section(section) => {
                if value(section.word).is_some() == (section.wants == Wants::Value) {
                    put(&section.parts, value, out);
                }
            }
        }
    }
}

fn mentions(parts: &[Part], word: Word) -> bool {
    parts.iter().any(|part| match part {
        Part::Text(_) => false,
        Part::Word(named) => *named == word,
        Part::Section(section) => section.word == word || mentions(&section.parts, word),
    })
}

/// Reads from the front to the back.
struct Reader<'t> {
    text: &'t str,
    /// Bytes read.
    at: usize,
    /// The sections around this place, the outermost first: where each began, and what stood before it.
    open: Vec<(usize, Word, Wants, Vec<Part>)>,
    /// What was read of the innermost section.
    parts: Vec<Part>,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn wrong(&self, at: usize, says: String) -> TemplateError {
        let before = self.text.get(..at).unwrap_or_default();
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        TemplateError { line: before.matches('\n').count() + 1, column, says }
    }

    fn read(&mut self) -> Result<(), TemplateError> {
        while let Some(next) = self.rest().find(['{', '}']) {
            self.say(self.rest().get(..next).unwrap_or_default());
            self.at += next;
            let rest = self.rest();
            if let Some(brace) = ["{{", "}}"].into_iter().find(|brace| rest.starts_with(brace)) {
                self.say(brace.get(..1).unwrap_or_default());
                self.at += brace.len();
            } else if rest.starts_with('}') {
                return Err(self.wrong(self.at, "a '}' without its '{': write }} for a brace".to_owned()));
            } else {
                self.mark()?;
            }
        }
        self.say(self.rest());
        if let Some((began, word, _, _)) = self.open.last() {
            let says = format!("this section has no end: close it with {{/{}}}", word.name());
            return Err(self.wrong(*began, says));
        }
        Ok(())
    }

    /// A mark in braces.
    fn mark(&mut self) -> Result<(), TemplateError> {
        let began = self.at;
        if self.rest().starts_with("{#") {
            let Some(length) = self.rest().find("#}") else {
                return Err(self.wrong(began, "this remark has no end: close it with #}".to_owned()));
            };
            self.pass(began, began + length + 2);
            return Ok(());
        }
        let inside = self.rest().get(1..).unwrap_or_default();
        let Some(length) = inside.find(['{', '}', '\n']).filter(|end| inside.get(*end..).is_some_and(|rest| rest.starts_with('}'))) else {
            return Err(self.wrong(began, "a '{' without its '}': write {{ for a brace".to_owned()));
        };
        let inside = inside.get(..length).unwrap_or_default();
        let end = began + length + 2;
        let (wants, name) = match inside.chars().next() {
            Some('?') => (Some(Wants::Value), inside.get(1..).unwrap_or_default()),
            Some('!') => (Some(Wants::None), inside.get(1..).unwrap_or_default()),
            Some('/') => return self.close(began, inside.get(1..).unwrap_or_default(), end),
            _ => (None, inside),
        };
        let word = Word::from_name(name).ok_or_else(|| self.wrong(began, unknown(name)))?;
        if let Some(wants) = wants {
            self.pass(began, end);
            let before = std::mem::take(&mut self.parts);
            self.open.push((began, word, wants, before));
        } else {
            self.parts.push(Part::Word(word));
            self.at = end;
        }
        Ok(())
    }

    fn close(&mut self, began: usize, name: &str, end: usize) -> Result<(), TemplateError> {
        self.pass(began, end);
        match self.open.pop() {
            Some((_, word, wants, before)) if word.name() == name => {
                let parts = std::mem::replace(&mut self.parts, before);
                self.parts.push(Part::Section(Section { word, wants, parts }));
                Ok(())
            }
            Some((_, word, _, _)) => {
                Err(self.wrong(began, format!("{{/{name}}} closes no section: the open one ends with {{/{}}}", word.name())))
            }
            None => Err(self.wrong(began, format!("{{/{name}}} closes no section: none is open"))),
        }
    }

    /// Goes behind a mark that prints nothing, with the rest of its line where nothing else stands on it.
    fn pass(&mut self, began: usize, end: usize) {
        self.at = end;
        let line = self.text.get(..began).and_then(|before| before.rsplit('\n').next()).unwrap_or_default();
        let rest = self.rest();
        let behind = rest.split_inclusive('\n').next().unwrap_or_default();
        if line.trim().is_empty() && behind.trim().is_empty() {
            self.at += behind.len();
            if let Some(Part::Text(text)) = self.parts.last_mut() {
                let kept = text.len().saturating_sub(line.len());
                text.truncate(kept);
            }
        }
    }

    fn say(&mut self, says: &str) {
        match self.parts.last_mut() {
            _ if says.is_empty() => {}
            Some(Part::Text(text)) => text.push_str(says),
            _ => self.parts.push(Part::Text(says.to_owned())),
        }
    }
}

/// A word that is none, with the one that was likely meant.
fn unknown(name: &str) -> String {
    let near = Word::ALL.into_iter().map(|word| (strsim::damerau_levenshtein(name, word.name()), word.name())).min();
    match near {
        Some((far, near)) if far <= 2.max(near.len() / 3) && far < name.chars().count() => {
            format!("there is no word {{{name}}}: did you mean {{{near}}}? ({{{{ for a brace)")
        }
        _ => {
            let names: Vec<&str> = Word::ALL.into_iter().map(Word::name).collect();
            format!("there is no word {{{name}}}: the words are {} ({{{{ for a brace)", names.join(" "))
        }
    }
}
