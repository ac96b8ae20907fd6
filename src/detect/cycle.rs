//! D9: a cycle of steps, call by call and answer by answer.

use std::collections::VecDeque;

use super::look::Look;
use super::rule::{Now, Rule, Told};
use crate::domain::{Detector, Evidence, Level};

/// Rounds for note, warn and stuck.
const LEVELS: [u32; 3] = [2, 3, 4];

/// Steps of the longest cycle.
const LONGEST: usize = 12;

/// The last steps, and for each period how many in a row equal the one a period before.
#[derive(Debug, Default)]
pub(super) struct Cycle {
    ring: VecDeque<(u64, u32, String)>,
    /// By period, from 1: steps that fit, and the first of the cycle.
    fits: [(u32, u32); LONGEST],
    /// The period of this episode, and its rounds.
    period: usize,
    rounds: u32,
    first_step: u32,
}

impl Rule for Cycle {
    fn detector(&self) -> Detector {
        Detector::Cycle
    }

    fn take(&mut self, look: &Look<'_>) -> Now {
        let Some(print) = look.print.filter(|_| !look.waits()) else { return self.now() };
        // newest first: a period of 1 is the step before
        for (fits, before) in self.fits.iter_mut().zip(self.ring.iter().map(Some).chain(std::iter::repeat(None))) {
            *fits = match before {
                Some((known, step, _)) if *known == print => (fits.0.saturating_add(1), if fits.0 == 0 { *step } else { fits.1 }),
                _ => (0, 0),
            };
        }
        if self.ring.len() >= LONGEST {
            self.ring.pop_back();
        }
        self.ring.push_front((print, look.step.index, look.gist()));
        let in_a_row = self.fits.first().map_or(0, |fits| fits.0);
        let found = (2_u32..).zip(self.fits.iter().skip(1)).find_map(|(period, (fits, first))| {
            let rounds = fits / period + 1;
            // one and the same step over and over is D8's
            (rounds >= 2 && in_a_row + 1 < period).then_some((period, rounds, *first))
        });
        match found {
            Some((period, rounds, first)) => {
                self.period = usize::try_from(period).unwrap_or_default();
                self.rounds = rounds;
                self.first_step = first;
            }
            None => self.rounds = 0,
        }
        self.now()
    }

    fn tell(&self) -> Told {
        let round: Vec<_> = self.ring.iter().take(self.period).collect();
        let evidence = round.iter().rev().take(6).map(|(_, step, gist)| Evidence { step: *step, text: gist.clone() }).collect();
        Told {
            says: format!("it went {} times round the same {} steps, with the same answers", self.rounds, self.period),
            hint: "Every round sees what the round before saw: stop it, or tell it what it has overlooked".to_owned(),
            evidence,
        }
    }
}

impl Cycle {
    fn now(&self) -> Now {
        let now = Now::at(self.rounds, LEVELS, self.first_step);
        if now.level == Level::None { Now::NOTHING } else { now }
    }
}
