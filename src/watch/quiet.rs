//! D17: an agent that says nothing for longer than is usual for this run.

use std::collections::BTreeMap;

use super::kept::{Episodes, Told};
use crate::detect::silence::Usual;
use crate::domain::{Detector, Finding, Level};
use crate::text::duration::{clock, short};

/// Time between two looks that counts at most, in ms: a runner that was stopped itself, or a machine that slept, heard
/// nothing and knows nothing.
const LONGEST_LOOK: u64 = 5_000;

/// A moment in which the agent was looked at.
#[derive(Debug, Clone, Copy)]
pub struct Beat {
    /// Milliseconds since boot.
    pub up_ms: u64,
    /// Whether its processes stand still: nothing can be heard of them then.
    pub is_frozen: bool,
    /// Whether it wrote something since the last look.
    pub is_heard: bool,
    /// The step after which it is silent.
    pub step: u32,
}

/// How long the agent has been silent.
#[derive(Debug, Default)]
pub struct Quiet {
    /// Whether it can be heard at all.
    is_deaf: bool,
    /// After how long it is silent, where a person said so, in ms.
    set_ms: Option<u64>,
    /// Whether it was heard once: an agent may need a while to begin, and one that was never heard may write where we do not
    /// look.
    was_heard: bool,
    /// Unfrozen time since it was heard last, in ms.
    idle_ms: u64,
    /// When it was looked at last.
    looked: Option<u64>,
    /// The silence that is on record: its id and its level.
    open: Option<(u32, Level)>,
}

impl Quiet {
    /// With the silence that a runner before us put on record.
    pub(super) fn after(findings: &BTreeMap<u32, Finding>) -> Self {
        let open = findings.iter().rev().find(|(_, finding)| finding.detector == Detector::Silence && finding.is_open());
        Self { open: open.map(|(id, finding)| (*id, finding.level)), ..Self::default() }
    }

    /// What is set for it: `agent.silence_s`, and whether its files can be read.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be 0 ..= 1e7 seconds")]
    pub(super) fn can_be_heard(&mut self, set_s: Option<f64>, can_be_read: bool) {
        self.is_deaf = !can_be_read;
        self.set_ms = set_s.map(|seconds| (seconds * 1000.0) as u64);
    }

    /// What a look tells: that a silence began, became worse, or is over.
    pub(super) fn listen(&mut self, beat: &Beat, usual: &mut Usual, episodes: &mut Episodes) -> Option<Told> {
        let since = self.looked.replace(beat.up_ms).map_or(0, |looked| beat.up_ms.saturating_sub(looked));
        if !beat.is_frozen {
            self.idle_ms = self.idle_ms.saturating_add(since.min(LONGEST_LOOK));
        }
        if beat.is_heard {
            if self.was_heard {
                usual.heard(self.idle_ms);
            }
            (self.was_heard, self.idle_ms) = (true, 0);
            return self.open.take().map(|(id, _)| Told::Cleared(id, None));
        }
        if beat.is_frozen || self.is_deaf {
            return None;
        }
        let finding = self.finding(usual, beat.step)?;
        match self.open {
            Some((_, told)) if finding.level <= told => None,
            Some((id, _)) => {
                self.open = Some((id, finding.level));
                Some(Told::Made(id, finding))
            }
            None => {
                let level = finding.level;
                let told = episodes.open(finding)?;
                if let Told::Made(id, _) = &told {
                    self.open = Some((*id, level));
                }
                Some(told)
            }
        }
    }

    fn finding(&self, usual: &Usual, step: u32) -> Option<Finding> {
        let mut finding = match self.set_ms {
            None => usual.finding(self.idle_ms, step)?,
            Some(set) => {
                let level = match self.idle_ms {
                    idle if idle >= set.saturating_mul(4) => Level::Stuck,
                    idle if idle >= set.saturating_mul(2) => Level::Warn,
                    idle if idle >= set => Level::Note,
                    _ => return None,
                };
                let says = format!("silent for {}; agent.silence_s is {}", clock(self.idle_ms), short(set));
                let usual = usual.finding(u64::MAX, step)?;
                Finding { level, says, ..usual }
            }
        };
        // nobody may end an agent only because its files lie where we do not look
        if !self.was_heard {
            finding.level = finding.level.min(Level::Warn);
            finding.says.push_str("; nothing was heard of it so far");
        }
        Some(finding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A beat every second, with what is heard and what is frozen.
    fn play(quiet: &mut Quiet, usual: &mut Usual, episodes: &mut Episodes, seconds: std::ops::Range<u64>, how: char) -> Vec<(u64, Told)> {
        let beat = |second: u64| Beat { up_ms: second * 1000, is_frozen: how == 'f', is_heard: how == 'h', step: 7 };
        seconds.filter_map(|second| Some((second, quiet.listen(&beat(second), usual, episodes)?))).collect()
    }

    fn levels(told: &[(u64, Told)]) -> Vec<(u64, u32, Option<Level>)> {
        let plain = |(second, told): &(u64, Told)| match told {
            Told::Made(id, finding) => (*second, *id, Some(finding.level)),
            Told::Cleared(id, _) => (*second, *id, None),
        };
        told.iter().map(plain).collect()
    }

    fn set() -> (Quiet, Usual, Episodes) {
        let mut quiet = Quiet::after(&BTreeMap::new());
        quiet.can_be_heard(Some(10.0), true);
        (quiet, Usual::default(), Episodes::after(&BTreeMap::new(), &[]))
    }

    #[test]
    fn a_silence_rises_once_a_level_and_the_next_event_ends_it() {
        let (mut quiet, mut usual, mut episodes) = set();
        assert_eq!(levels(&play(&mut quiet, &mut usual, &mut episodes, 0..2, 'h')), []);
        let told = play(&mut quiet, &mut usual, &mut episodes, 2..100, '-');
        assert_eq!(levels(&told), [(11, 0, Some(Level::Note)), (21, 0, Some(Level::Warn)), (41, 0, Some(Level::Stuck))]);
        let Some((_, Told::Made(_, finding))) = told.first() else { return };
        assert_eq!((finding.says.as_str(), finding.first_step), ("silent for 0:10; agent.silence_s is 10 s", 7));
        assert_eq!(levels(&play(&mut quiet, &mut usual, &mut episodes, 100..102, 'h')), [(100, 0, None)]);
        assert_eq!(levels(&play(&mut quiet, &mut usual, &mut episodes, 102..115, '-')), [(111, 1, Some(Level::Note))]);
        assert_eq!(usual.known(), 3);
    }

    #[test]
    fn an_agent_that_stands_still_or_a_runner_that_did_is_no_silence() {
        let (mut quiet, mut usual, mut episodes) = set();
        play(&mut quiet, &mut usual, &mut episodes, 0..2, 'h');
        assert_eq!(levels(&play(&mut quiet, &mut usual, &mut episodes, 2..500, 'f')), []);
        // the machine slept for an hour
        assert_eq!(levels(&play(&mut quiet, &mut usual, &mut episodes, 4000..4005, '-')), []);
        assert_eq!(levels(&play(&mut quiet, &mut usual, &mut episodes, 4005..4008, '-')), [(4005, 0, Some(Level::Note))]);
    }

    #[test]
    fn an_agent_that_was_never_heard_is_not_called_stuck_and_one_without_files_not_silent() {
        let (mut quiet, mut usual, mut episodes) = set();
        let told = play(&mut quiet, &mut usual, &mut episodes, 0..500, '-');
        assert_eq!(levels(&told), [(10, 0, Some(Level::Note)), (20, 0, Some(Level::Warn))]);
        let (mut quiet, mut usual, mut episodes) = set();
        quiet.can_be_heard(Some(10.0), false);
        assert_eq!(levels(&play(&mut quiet, &mut usual, &mut episodes, 0..500, '-')), []);
    }

    #[test]
    fn a_silence_on_record_goes_on_under_its_id() {
        let (mut quiet, mut usual, mut episodes) = set();
        play(&mut quiet, &mut usual, &mut episodes, 0..2, 'h');
        let told = play(&mut quiet, &mut usual, &mut episodes, 2..25, '-');
        let findings: BTreeMap<u32, Finding> =
            told.into_iter().filter_map(|(_, told)| if let Told::Made(id, finding) = told { Some((id, finding)) } else { None }).collect();
        let mut next = Quiet::after(&findings);
        next.can_be_heard(Some(10.0), true);
        let mut episodes = Episodes::after(&findings, &[]);
        assert_eq!(levels(&play(&mut next, &mut usual, &mut episodes, 0..30, '-')), [], "it is told at this level");
        assert_eq!(levels(&play(&mut next, &mut usual, &mut episodes, 30..31, 'h')), [(30, 0, None)]);
    }
}
