//! D8: the same calls with the same answers, one step after the other.

use super::look::Look;
use super::memory::Trail;
use super::patience::{self, Patience};
use super::rule::{Now, Rule, Told};
use crate::domain::Detector;

/// Steps in a row for note, warn and stuck; of steps that only wait, or run once more what
/// passes, three times as many: they are to see the same for a while.
const LEVELS: [u32; 3] = [2, 3, 5];
const LEVELS_OF_WAITING: [u32; 3] = [6, 9, 15];

/// Of steps that failed on the way to something: a few tries are no loop.
const LEVELS_OF_TRANSIENT: [u32; 3] = [4, 5, 7];

/// The step before, and how often it came in a row. What is said beside the calls does not count.
#[derive(Debug, Default)]
pub(super) struct IdenticalStep {
    print: u64,
    count: u32,
    first_step: u32,
    patience: Patience,
    gist: String,
    trail: Trail,
}

impl Rule for IdenticalStep {
    fn detector(&self) -> Detector {
        Detector::IdenticalStep
    }

    fn take(&mut self, look: &Look<'_>) -> Now {
        // steps of text only, and those without an answer, stand between: they neither count nor end it
        if let Some(print) = look.print {
            if self.count == 0 || print != self.print {
                *self = Self { print, first_step: look.step.index, gist: look.gist(), ..Self::default() };
            }
            self.patience = self.patience.max(patience::of(look));
            self.count = self.count.saturating_add(1);
            let answer = look.calls.first().map(|call| super::look::line(call.answer())).unwrap_or_default();
            self.trail.add(look.step.index, answer);
        }
        let levels = match self.patience {
            Patience::None => LEVELS,
            Patience::Transient => LEVELS_OF_TRANSIENT,
            Patience::Waiting => LEVELS_OF_WAITING,
        };
        Now::at(self.count, levels, self.first_step)
    }

    fn tell(&self) -> Told {
        Told {
            says: format!("the same call with the same answer {} times in a row: {}", self.count, self.gist),
            hint: "Nothing will be different the next time: stop it, or change what the call finds".to_owned(),
            evidence: self.trail.list(),
        }
    }
}
