//! What of the detectors' words goes on record: made safe, bounded in size, bounded in number.

use std::collections::{BTreeMap, HashMap};

use crate::domain::{Detector, Evidence, Finding, ItemId, Level, Remark};
use crate::ledger::Fact;
use crate::text::mask::Masker;

/// Episodes of one detector that are kept in an attempt; one that is worse than all before it is kept beyond that.
const EPISODES: usize = 32;

/// How often one episode is told: it rises three times at most, and each further word says twice as much.
const TELLINGS: u32 = 24;

/// Alarms and badges of one detector that are kept in an attempt.
const REMARKS: usize = 16;

/// Characters of a sentence.
const SENTENCE: usize = 400;

/// Characters of a line of evidence.
const LINE: usize = 240;

/// Lines of evidence.
const LINES: usize = 8;

/// A word about an episode.
#[derive(Debug, PartialEq)]
pub(super) enum Told {
    /// It began, or became worse.
    Made(u32, Finding),
    /// It is over, since this step.
    Cleared(u32, Option<u32>),
}

/// The words of one look.
#[derive(Debug)]
pub(super) struct News {
    /// About episodes.
    pub(super) made: Vec<Told>,
    /// That a detector found more than is kept.
    pub(super) left_out: Vec<Remark>,
}

/// The episodes that are on record.
#[derive(Debug)]
pub(super) struct Episodes {
    known: Vec<Known>,
    /// Their places, by what an episode is known by.
    places: HashMap<(Detector, u32), Vec<usize>>,
    next: u32,
    /// Detectors that found more than is kept.
    full: Vec<Detector>,
}

#[derive(Debug)]
struct Known {
    id: u32,
    detector: Detector,
    level: Level,
    last_step: u32,
    is_open: bool,
    tellings: u32,
}

/// The alarms or badges that are on record.
#[derive(Debug)]
pub(super) struct Remarks {
    kept: Vec<Remark>,
    /// How many the detectors had said when they were looked at last.
    looked: usize,
}

impl Told {
    /// As a fact of an attempt.
    pub(super) fn fact(self, item: &ItemId, n: u32) -> Fact {
        let item = item.clone();
        match self {
            Self::Made(id, finding) => Fact::FindingMade { item, n, id, finding },
            Self::Cleared(id, step) => Fact::FindingCleared { item, n, id, step },
        }
    }
}

impl Episodes {
    /// With those that a runner before us put on record.
    pub(super) fn after(findings: &BTreeMap<u32, Finding>, badges: &[Remark]) -> Self {
        let full = badges.iter().filter(|badge| badge.says == says_more(badge.detector)).map(|badge| badge.detector).collect();
        let mut episodes = Self { known: Vec::new(), places: HashMap::new(), next: 0, full };
        for (id, finding) in findings {
            episodes.keep(*id, finding);
        }
        episodes
    }

    fn keep(&mut self, id: u32, finding: &Finding) {
        let Finding { detector, level, first_step, last_step, .. } = *finding;
        self.places.entry((detector, first_step)).or_default().push(self.known.len());
        self.known.push(Known { id, detector, level, last_step, is_open: finding.is_open(), tellings: 1 });
        self.next = self.next.max(id.saturating_add(1));
    }

    /// A new episode of something that is no rule over steps.
    pub(super) fn open(&mut self, finding: Finding) -> Option<Told> {
        if !self.has_room(&finding) {
            return None;
        }
        let id = self.next;
        self.keep(id, &finding);
        Some(Told::Made(id, finding))
    }

    /// What is new in what the detectors say now, having read up to the step `read_to`, the last that there is. `None`:
    /// there are more to be read, and what they know already is no news: an episode that is open now may be one that was
    /// over long ago, and one that is not found may still come.
    pub(super) fn told(&mut self, found: &[&Finding], read_to: Option<u32>, masker: &Masker) -> News {
        let mut news = News { made: Vec::new(), left_out: Vec::new() };
        let mut nth: HashMap<(Detector, u32), usize> = HashMap::new();
        let mut is_found = vec![false; self.known.len()];
        for finding in found {
            let key = (finding.detector, finding.first_step);
            let place = nth.entry(key).or_default();
            let at = self.places.get(&key).and_then(|places| places.get(*place)).copied();
            *place += 1;
            match at {
                Some(at) => {
                    if let Some(is_found) = is_found.get_mut(at) {
                        *is_found = true;
                    }
                    if let Some(known) = self.known.get_mut(at) {
                        known.went_on(finding, read_to.is_some(), masker, &mut news.made);
                    }
                }
                None if self.has_room(finding) => {
                    let id = self.next;
                    self.keep(id, finding);
                    news.made.push(Told::Made(id, safe(finding, masker)));
                    news.made.extend(finding.cleared.map(|step| Told::Cleared(id, Some(step))));
                }
                None if !self.full.contains(&finding.detector) => {
                    self.full.push(finding.detector);
                    news.left_out.push(more(finding));
                }
                None => {}
            }
        }
        // a file that was written anew may hold an episode no more
        for (known, is_found) in self.known.iter_mut().zip(is_found) {
            if !is_found && known.is_open && known.detector != Detector::Silence && read_to.is_some_and(|read_to| known.last_step < read_to)
            {
                known.is_open = false;
                news.made.push(Told::Cleared(known.id, None));
            }
        }
        news
    }

    /// Whether one more is kept.
    fn has_room(&self, finding: &Finding) -> bool {
        let of_it = || self.known.iter().filter(|known| known.detector == finding.detector);
        of_it().count() < EPISODES || of_it().all(|known| known.level < finding.level)
    }
}

impl Known {
    fn went_on(&mut self, finding: &Finding, is_all_read: bool, masker: &Masker, told: &mut Vec<Told>) {
        let is_worse = finding.level > self.level;
        let says_more = if self.is_open { finding.last_step > self.last_step } else { is_all_read && finding.is_open() };
        if is_worse || says_more && finding.level == self.level && self.tellings < TELLINGS {
            (self.level, self.last_step, self.is_open) = (finding.level, finding.last_step, true);
            self.tellings += 1;
            told.push(Told::Made(self.id, safe(finding, masker)));
        }
        if self.is_open && !finding.is_open() {
            self.is_open = false;
            told.push(Told::Cleared(self.id, finding.cleared));
        }
    }
}

impl Remarks {
    /// With those that a runner before us put on record.
    pub(super) fn after(remarks: &[Remark]) -> Self {
        Self { kept: remarks.to_vec(), looked: 0 }
    }

    /// The detectors begin anew.
    pub(super) const fn begin_anew(&mut self) {
        self.looked = 0;
    }

    /// What is new in what the detectors say now.
    pub(super) fn told(&mut self, said: &[&Remark], masker: &Masker) -> Vec<Remark> {
        if said.len() <= self.looked {
            return Vec::new();
        }
        self.looked = said.len();
        let mut told = Vec::new();
        let mut counts: HashMap<Detector, usize> = HashMap::new();
        for kept in &self.kept {
            *counts.entry(kept.detector).or_default() += 1;
        }
        for remark in said {
            let count = counts.entry(remark.detector).or_default();
            if *count >= REMARKS {
                continue;
            }
            let remark = safe_remark(remark, masker);
            if !self.kept.contains(&remark) {
                *count += 1;
                self.kept.push(remark.clone());
                told.push(remark);
            }
        }
        told
    }
}

/// That a detector found more episodes than are kept.
fn more(finding: &Finding) -> Remark {
    Remark {
        detector: finding.detector,
        step: Some(finding.first_step),
        says: says_more(finding.detector),
        hint: String::new(),
        evidence: Vec::new(),
    }
}

fn says_more(detector: Detector) -> String {
    format!("'{}' began again more than {EPISODES} times: only what is worse is told from here on", detector.title())
}

/// A finding as it may be stored and shown, as the open episode that it is or was.
fn safe(finding: &Finding, masker: &Masker) -> Finding {
    Finding {
        says: text(&finding.says, SENTENCE, masker),
        hint: text(&finding.hint, SENTENCE, masker),
        evidence: evidence(&finding.evidence, masker),
        cleared: None,
        ..*finding
    }
}

/// A remark as it may be stored and shown.
pub fn safe_remark(remark: &Remark, masker: &Masker) -> Remark {
    Remark {
        says: text(&remark.says, SENTENCE, masker),
        hint: text(&remark.hint, SENTENCE, masker),
        evidence: evidence(&remark.evidence, masker),
        ..*remark
    }
}

fn evidence(lines: &[Evidence], masker: &Masker) -> Vec<Evidence> {
    let safe = |line: &Evidence| Evidence { step: line.step, text: text(&line.text, LINE, masker) };
    lines.iter().take(LINES).map(safe).collect()
}

fn text(says: &str, longest: usize, masker: &Masker) -> String {
    masker.quoted(says).chars().take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(detector: Detector, level: Level, first_step: u32) -> Finding {
        Finding {
            detector,
            level,
            first_step,
            last_step: first_step + 2,
            says: "it says so".to_owned(),
            hint: "look".to_owned(),
            evidence: Vec::new(),
            cleared: None,
        }
    }

    fn nobody() -> Masker {
        Masker::default()
    }

    fn told(episodes: &mut Episodes, found: &[Finding]) -> Vec<(u32, Option<Level>)> {
        let news = episodes.told(&found.iter().collect::<Vec<_>>(), Some(1_000_000), &nobody());
        let plain = |told: Told| match told {
            Told::Made(id, finding) => (id, Some(finding.level)),
            Told::Cleared(id, _) => (id, None),
        };
        news.made.into_iter().map(plain).collect()
    }

    #[test]
    fn an_episode_is_told_when_it_begins_rises_doubles_and_ends() {
        let mut episodes = Episodes::after(&BTreeMap::new(), &[]);
        let note = finding(Detector::NoToolCall, Level::Note, 3);
        assert_eq!(told(&mut episodes, std::slice::from_ref(&note)), [(0, Some(Level::Note))]);
        assert_eq!(told(&mut episodes, std::slice::from_ref(&note)), []);
        let warn = Finding { level: Level::Warn, last_step: 6, ..note };
        assert_eq!(told(&mut episodes, std::slice::from_ref(&warn)), [(0, Some(Level::Warn))]);
        let again = Finding { last_step: 9, ..warn };
        assert_eq!(told(&mut episodes, std::slice::from_ref(&again)), [(0, Some(Level::Warn))]);
        let over = Finding { cleared: Some(10), ..again };
        assert_eq!(told(&mut episodes, std::slice::from_ref(&over)), [(0, None)]);
        assert_eq!(told(&mut episodes, &[over, finding(Detector::NoToolCall, Level::Note, 12)]), [(1, Some(Level::Note))]);
    }

    #[test]
    fn what_the_ledger_holds_is_not_told_again_and_ids_go_on() {
        let known = finding(Detector::Cycle, Level::Warn, 5);
        let mut episodes = Episodes::after(&BTreeMap::from([(3, known.clone())]), &[]);
        assert_eq!(told(&mut episodes, std::slice::from_ref(&known)), []);
        let worse = Finding { level: Level::Stuck, last_step: 30, ..known };
        let other = finding(Detector::Cycle, Level::Note, 40);
        assert_eq!(told(&mut episodes, &[worse, other]), [(3, Some(Level::Stuck)), (4, Some(Level::Note))]);
        // the agent wrote its file anew, and neither is in it
        assert_eq!(told(&mut episodes, &[]), [(3, None), (4, None)]);
    }

    #[test]
    fn an_episode_that_was_over_is_not_told_again_while_the_steps_are_read_again() {
        let open = finding(Detector::Cycle, Level::Warn, 5);
        let over = Finding { cleared: Some(9), ..open.clone() };
        let mut episodes = Episodes::after(&BTreeMap::from([(0, over.clone())]), &[]);
        let mut told = |found: &[&Finding], read_to| episodes.told(found, read_to, &nobody()).made.len();
        let milder = Finding { level: Level::Note, ..open.clone() };
        assert_eq!([told(&[], None), told(&[&milder], None), told(&[&open], None), told(&[&over], Some(40))], [0; 4]);
        assert_eq!(told(&[&open], Some(7)), 1, "the agent wrote its file anew, and is in it again");
    }

    #[test]
    fn what_was_left_out_is_said_once_whatever_runner_says_it() {
        let flood: Vec<Finding> = (0..40).map(|at| finding(Detector::ErrorWall, Level::Note, at)).collect();
        let flood: Vec<&Finding> = flood.iter().collect();
        let first = Episodes::after(&BTreeMap::new(), &[]).told(&flood, Some(50), &nobody());
        let kept = (0..).zip(flood.iter().take(EPISODES).map(|finding| (*finding).clone())).collect();
        let again = Episodes::after(&kept, &first.left_out).told(&flood, Some(50), &nobody());
        assert_eq!((first.left_out.len(), again.left_out, again.made), (1, vec![], vec![]));
    }

    #[test]
    fn a_flood_does_not_fill_the_ledger_and_hides_nothing_worse() {
        let mut episodes = Episodes::after(&BTreeMap::new(), &[]);
        let flood: Vec<Finding> = (0..100_000).map(|at| finding(Detector::ErrorWall, Level::Note, at)).collect();
        let news = episodes.told(&flood.iter().collect::<Vec<_>>(), Some(0), &nobody());
        assert_eq!((news.made.len(), news.left_out.len()), (EPISODES, 1));
        let worse = [finding(Detector::ErrorWall, Level::Stuck, 200_000), finding(Detector::ErrorWall, Level::Stuck, 200_001)];
        let other = finding(Detector::Cycle, Level::Note, 7);
        let all: Vec<&Finding> = flood.iter().chain(&worse).chain([&other]).collect();
        let news = episodes.told(&all, Some(0), &nobody());
        assert_eq!((news.made.len(), news.left_out.len()), (2, 0), "one that is worse, and another detector's");
    }

    #[test]
    fn one_episode_is_told_a_few_times_only() {
        let mut episodes = Episodes::after(&BTreeMap::new(), &[]);
        let each = |last_step| Finding { last_step, ..finding(Detector::Cycle, Level::Note, 1) };
        let said: usize = (3..1000).map(|last_step| told(&mut episodes, &[each(last_step)]).len()).sum();
        assert_eq!(said, TELLINGS as usize);
    }

    #[test]
    fn words_are_masked_cleaned_and_bounded() {
        let masker = Masker::new([("API_KEY", "sk-very-secret-thing")], []);
        let evidence = |text: &str| Evidence { step: 1, text: text.to_owned() };
        let hostile = Finding {
            says: format!("\u{1b}]0;x\u{7}said \"sk-very-se…\" and sk-very-secret-thing {}", "y".repeat(5_000)),
            evidence: (0..50).map(|_| evidence("export A=sk-very-sec")).collect(),
            ..finding(Detector::Cycle, Level::Note, 1)
        };
        let seen = safe(&hostile, &masker);
        assert!(seen.says.starts_with("said \"•••…\" and ••• yyy"), "{}", seen.says);
        assert_eq!((seen.says.chars().count(), seen.evidence.len()), (SENTENCE, LINES));
        assert!(seen.evidence.iter().all(|line| line.text == "export A=•••"), "{:?}", seen.evidence);
    }

    #[test]
    fn remarks_are_told_once_and_bounded() {
        let remark = |step: u32| Remark {
            detector: Detector::OpenCall,
            step: Some(step),
            says: "a call without an answer".to_owned(),
            hint: String::new(),
            evidence: Vec::new(),
        };
        let all: Vec<Remark> = (0..50).map(remark).collect();
        let mut remarks = Remarks::after(all.get(..1).unwrap_or_default());
        let said = |of: usize| all.iter().take(of).collect::<Vec<_>>();
        assert_eq!(remarks.told(&said(2), &nobody()), [remark(1)]);
        assert_eq!(remarks.told(&said(2), &nobody()), []);
        assert_eq!(remarks.told(&said(50), &nobody()).len(), REMARKS - 2);
    }
}
