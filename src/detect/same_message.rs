//! D4: the harness says the same again and again.

use std::collections::VecDeque;

use super::call::{Act, Called};
use super::look::{Look, line};
use super::memory::Trail;
use super::print;
use super::rule::{Now, Rule, Told};
use crate::domain::Detector;

/// Times within the last steps for note, warn and stuck.
const LEVELS: [u32; 3] = [3, 5, 8];

/// Steps that are looked back at.
const BACK: usize = 12;

/// The last steps, each with what the harness said to it.
#[derive(Debug, Default)]
pub(super) struct SameMessage {
    ring: VecDeque<(u32, Option<u64>)>,
    /// The message of this episode, and how often it came.
    message: Option<u64>,
    count: u32,
    first_step: u32,
    words: String,
    trail: Trail,
}

impl Rule for SameMessage {
    fn detector(&self) -> Detector {
        Detector::SameHarnessMessage
    }

    fn take(&mut self, look: &Look<'_>) -> Now {
        // words beside a call that works are the harness's habit, not its complaint
        let works = |call: &Called<'_>| call.worked() && call.act != Act::Finish;
        let complains = !look.calls.iter().any(works);
        let said = look.step.harness.first().filter(|_| complains);
        let print = said.map(|text| print::of_words(text));
        if self.ring.len() >= BACK {
            self.ring.pop_front();
        }
        self.ring.push_back((look.step.index, print));
        let times = |print: u64| self.ring.iter().filter(|(_, said)| *said == Some(print)).count();
        if let Some(print) = print
            && self.message != Some(print)
            && (self.message.is_none_or(|message| times(message) < times(print)) || self.count == 0)
        {
            self.message = Some(print);
            self.count = u32::try_from(times(print)).unwrap_or(u32::MAX).saturating_sub(1);
            self.first_step = self.ring.iter().find(|(_, said)| *said == Some(print)).map_or(look.step.index, |(step, _)| *step);
            self.trail.clear();
        }
        let Some(message) = self.message else { return Now::NOTHING };
        if let (Some(text), true) = (said, print == Some(message)) {
            self.count = self.count.saturating_add(1);
            self.words = line(text);
            // who is told the same may do something and say nothing, or neither
            let did = [line(&look.step.thought), look.gist(), self.words.clone()];
            self.trail.add(look.step.index, did.into_iter().find(|text| !text.is_empty()).unwrap_or_default());
        }
        let within = u32::try_from(times(message)).unwrap_or(u32::MAX);
        let now = Now::at(within, LEVELS, self.first_step);
        if within == 0 || (now.level == crate::domain::Level::None && self.count >= 3) {
            // what was told is not told again: the next episode begins with steps of its own
            *self = Self::default();
            return Now::NOTHING;
        }
        Now { count: self.count, episode: message, ..now }
    }

    fn tell(&self) -> Told {
        Told {
            says: format!("the harness said the same {} times: {}", self.count, self.words),
            hint: "It does not understand what the harness wants: stop it, or see whether the two fit together at all".to_owned(),
            evidence: self.trail.list(),
        }
    }
}
