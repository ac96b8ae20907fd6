//! D7: texts that say the same again: answers without a call, each much like the one before.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::cut;
use super::look::{Look, line};
use super::print;
use super::rule::{Now, Rule, Told};
use crate::domain::{Detector, Evidence};

/// Texts in a row that say the same, the first one included: note, warn, stuck.
const IN_A_ROW: [u32; 3] = [2, 3, 5];
/// Words of a shingle.
const WORDS: usize = 3;
/// Shingles of a text that are kept: those with the smallest hashes, so that two long texts keep the same ones.
const MOST: usize = 512;
/// Bytes of a text that are read.
const READ: usize = 256 * 1024;

/// Texts in a row.
#[derive(Debug, Default)]
pub(super) struct SayAgain {
    /// Of the text before: hashes of its shingles, sorted, each once.
    before: Vec<u64>,
    /// What was said to it.
    said: Option<u64>,
    count: u32,
    first: Option<Evidence>,
    last: Option<Evidence>,
}

impl Rule for SayAgain {
    fn detector(&self) -> Detector {
        Detector::SayAgain
    }

    fn take(&mut self, look: &Look<'_>) -> Now {
        let step = look.step;
        if step.error.is_some() && step.calls.is_empty() {
            return self.now();
        }
        // a plan or a thought that a tool keeps is a text too, but one that is asked for
        if !look.is_text() {
            *self = Self::default();
            return Now::NOTHING;
        }
        // who says nothing does not say the same; D3 counts it
        if step.thought.trim().is_empty() {
            return self.now();
        }
        let said = step.harness.first().map(|words| print::of_words(words));
        // a person says something else each time, and an answer to that is none to the words before
        let is_talk = said.is_some() && self.said.is_some() && said != self.said;
        self.said = said;
        let shingles = shingles(&step.thought);
        let evidence = Evidence { step: step.index, text: line(&step.thought) };
        if self.count > 0 && !is_talk && is_alike(&self.before, &shingles) {
            self.count += 1;
        } else {
            self.count = 1;
            self.first = Some(evidence.clone());
        }
        self.last = Some(evidence);
        self.before = shingles;
        self.now()
    }

    fn tell(&self) -> Told {
        Told {
            says: format!("{} texts in a row say the same, and no tool is called", self.count),
            hint: "Tell it what to do next, or stop it: it waits for something that nobody will give".to_owned(),
            evidence: self.first.iter().chain(&self.last).cloned().collect(),
        }
    }
}

impl SayAgain {
    fn now(&self) -> Now {
        Now::at(self.count, IN_A_ROW, self.first.as_ref().map_or(0, |first| first.step))
    }
}

/// Whether at least half of what both say is the same.
fn is_alike(left: &[u64], right: &[u64]) -> bool {
    let mut both = 0;
    let (mut left_rest, mut right_rest) = (left.iter().peekable(), right.iter().peekable());
    let mut all = 0;
    // of the union only the smallest count, as each side keeps only those
    while all < MOST {
        let order = match (left_rest.peek(), right_rest.peek()) {
            (Some(left), Some(right)) => left.cmp(right),
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
        };
        all += 1;
        both += usize::from(order.is_eq());
        if order.is_le() {
            left_rest.next();
        }
        if order.is_ge() {
            right_rest.next();
        }
    }
    all > 0 && both * 2 >= all
}

/// Hashes of every three words in a row, letters only in small, numbers all alike.
fn shingles(text: &str) -> Vec<u64> {
    let text = cut::start(text, READ);
    let words = text.split(|char: char| !char.is_alphanumeric() && char != '_').filter(|word| !word.is_empty());
    let mut row: [u64; WORDS] = [0; WORDS];
    let mut read = 0_usize;
    let mut all = Vec::new();
    for word in words {
        let mut hasher = DefaultHasher::new();
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            '#'.hash(&mut hasher);
        } else {
            word.chars().flat_map(char::to_lowercase).for_each(|char| char.hash(&mut hasher));
        }
        row.rotate_left(1);
        if let Some(last) = row.last_mut() {
            *last = hasher.finish();
        }
        read += 1;
        if read >= WORDS {
            all.push(of_row(row));
        }
    }
    if all.is_empty() {
        // a text of one word, or of marks alone
        if read == 0 {
            row = [text.trim().len() as u64; WORDS];
        }
        all.push(of_row(row));
    }
    all.sort_unstable();
    all.dedup();
    all.truncate(MOST);
    all
}

fn of_row(row: [u64; WORDS]) -> u64 {
    let mut hasher = DefaultHasher::new();
    row.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(left: &str, right: &str) -> bool {
        is_alike(&shingles(left), &shingles(right))
    }

    #[test]
    fn half_of_the_words_is_enough() {
        assert!(alike("The patch is complete and not empty (412 lines).", "The patch is complete, and NOT empty (413 lines)!"));
        assert!(alike("task_done", "task_done"));
        assert!(alike("...", "..."));
        assert!(!alike("The patch is complete.", "I will now look at the scheduler."));
        let long = |n: usize| (0..n).map(|n| format!("word{n} ")).collect::<Vec<_>>().concat();
        assert!(alike(&long(100_000), &long(100_000)));
        assert!(alike(&long(1000), &long(1600)));
        assert!(!alike(&long(1000), &long(3000)));
    }
}
