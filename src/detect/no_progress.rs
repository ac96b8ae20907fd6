//! D14: the source does not change any more.

use super::look::{Look, line};
use super::rule::{Now, Rule, Told};
use crate::domain::{Detector, Evidence};

/// Steps without a change for note and warn. Never stuck: to read and to measure is work too.
const LEVELS: [u32; 3] = [25, 40, u32::MAX];

/// The same before the first change, which is no more than a note: it has to find its way, and some tasks are to read.
const LEVELS_AT_FIRST: [u32; 3] = [60, u32::MAX, u32::MAX];

/// Steps since the source or its tests last changed.
#[derive(Debug, Default)]
pub(super) struct NoProgress {
    count: u32,
    first_step: u32,
    last: Option<Evidence>,
}

impl Rule for NoProgress {
    fn detector(&self) -> Detector {
        Detector::NoProgress
    }

    fn take(&mut self, look: &Look<'_>) -> Now {
        if look.changed_source() {
            let call = look.calls.iter().find(|call| call.changed_source());
            let text = call.map(|call| line(&call.gist())).unwrap_or_default();
            *self = Self { last: Some(Evidence { step: look.step.index, text }), ..Self::default() };
            return Now::NOTHING;
        }
        if self.count == 0 {
            self.first_step = look.step.index;
        }
        self.count = self.count.saturating_add(1);
        Now::at(self.count, if self.last.is_some() { LEVELS } else { LEVELS_AT_FIRST }, self.first_step)
    }

    fn tell(&self) -> Told {
        let says = match &self.last {
            Some(_) => format!("the source has not changed for {} steps", self.count),
            None => format!("{} steps, and the source has not changed yet", self.count),
        };
        Told {
            says,
            hint: "See what it is after: an agent that is done and does not end it, or one that has lost its way".to_owned(),
            evidence: self.last.iter().cloned().collect(),
        }
    }
}
