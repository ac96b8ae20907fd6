//! D3: answers without a tool call, one after the other.

use super::look::{Look, line};
use super::memory::Trail;
use super::print;
use super::rule::{Now, Rule, Told};
use crate::domain::Detector;

/// Answers in a row for note, warn and stuck; of answers to which nothing is known to have been said, twice as many: a person
/// may have spoken in between, or a task that ended have begun a new turn.
const LEVELS: [u32; 3] = [2, 3, 5];
const LEVELS_ALONE: [u32; 3] = [4, 6, 10];

/// Counts answers without a call since the last call.
#[derive(Debug, Default)]
pub(super) struct NoToolCall {
    count: u32,
    first_step: u32,
    tokens: u64,
    /// What the harness said to the one before.
    said: Option<u64>,
    reminders: u32,
    /// Answers without a word of the harness, and without one of the provider why they ended.
    alone: u32,
    trail: Trail,
}

impl Rule for NoToolCall {
    fn detector(&self) -> Detector {
        Detector::NoToolCall
    }

    fn take(&mut self, look: &Look<'_>) -> Now {
        if !look.is_text() {
            // a failed request is no answer: neither with nor without a call
            if !look.calls.is_empty() {
                *self = Self::default();
            }
            return self.now();
        }
        let said = look.step.harness.first().map(|text| print::of_words(text));
        // a person who answers says something else each time; a reminder is the same
        let is_talk = said.is_some() && self.said.is_some() && said != self.said;
        // the end of a turn that nobody objects to is an answer to a person
        let is_end = said.is_none() && look.step.finish.as_deref() == Some("end_turn");
        if is_talk || is_end {
            *self = Self::default();
        }
        if is_end {
            return Now::NOTHING;
        }
        if self.count == 0 {
            self.first_step = look.step.index;
        }
        self.count = self.count.saturating_add(1);
        self.tokens = self.tokens.saturating_add(look.step.usage.output);
        self.reminders = self.reminders.saturating_add(u32::from(said.is_some()));
        self.alone = self.alone.saturating_add(u32::from(said.is_none() && look.step.finish.is_none()));
        self.said = said;
        self.trail.add(look.step.index, line(&look.step.thought));
        self.now()
    }

    fn tell(&self) -> Told {
        let reminded = match self.reminders {
            0 => String::new(),
            1 => ", reminded once".to_owned(),
            n => format!(", reminded {n} times"),
        };
        let tokens = if self.tokens > 0 { format!(" ({} tokens written)", crate::text::tokens(self.tokens)) } else { String::new() };
        Told {
            says: format!("{} answers in a row without a tool call{tokens}{reminded}", self.count),
            hint: "It talks and does not act: look whether its calls arrive as text (the server's tool parser), else stop it".to_owned(),
            evidence: self.trail.list(),
        }
    }
}

impl NoToolCall {
    fn now(&self) -> Now {
        Now::at(self.count, if self.alone * 2 > self.count { LEVELS_ALONE } else { LEVELS }, self.first_step)
    }
}
