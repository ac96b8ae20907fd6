//! D15: git and patches without end.

use std::collections::{BTreeMap, VecDeque};

use super::call::{Act, Called, Place, changes_git, place, verb};
use super::look::{Look, line};
use super::memory::Trail;
use super::rule::{Now, Rule, Told};
use crate::domain::{Detector, Level};

/// Steps with calls that are looked back at.
const BACK: usize = 24;

/// Of them: about git or a patch, and changing what git keeps or what the patch is.
const ABOUT: usize = 18;
const CHANGING: usize = 10;

/// Steps without a change of the source at least: an agent that still edits it needs git as well.
const UNCHANGED: u32 = 16;

/// Of nothing but git for so long, without a change of the source, it does not matter how many steps change what git keeps:
/// who only prepares a patch looks at other things in between.
const ABOUT_ALL: usize = 22;
const UNCHANGED_ALL: u32 = 24;

/// Steps of churn, and steps without a change of the source, at which it is stuck.
const STUCK: u32 = 40;
const UNCHANGED_STUCK: u32 = 60;

/// Words of a sentence.
const SHOWN: usize = 4;

/// The last steps with calls.
#[derive(Debug, Default)]
pub(super) struct VcsChurn {
    ring: VecDeque<One>,
    /// Steps of this episode, and the first of them.
    count: u32,
    first_step: u32,
    /// Steps since the source last changed.
    unchanged: u32,
    trail: Trail,
}

#[derive(Debug, Clone)]
struct One {
    step: u32,
    /// What it did, where it was about git or a patch.
    word: Option<String>,
    changes: bool,
}

impl Rule for VcsChurn {
    fn detector(&self) -> Detector {
        Detector::VcsChurn
    }

    fn take(&mut self, look: &Look<'_>) -> Now {
        self.unchanged = if look.changed_source() { 0 } else { self.unchanged.saturating_add(1) };
        if look.calls.is_empty() {
            return self.now();
        }
        let word = look.calls.iter().find(|call| is_about(call)).map(word);
        let changes = look.calls.iter().any(changes);
        if self.ring.len() >= BACK {
            self.ring.pop_front();
        }
        self.ring.push_back(One { step: look.step.index, word, changes });
        let about = self.ring.iter().filter(|one| one.word.is_some()).count();
        let changing = self.ring.iter().filter(|one| one.changes).count();
        let changes_much = changing >= CHANGING && self.unchanged >= UNCHANGED;
        let is_all = about >= ABOUT_ALL && self.unchanged >= UNCHANGED_ALL;
        if about >= ABOUT && changes_much || is_all {
            if self.count == 0 {
                self.first_step = self.ring.iter().find(|one| one.word.is_some()).map_or(look.step.index, |one| one.step);
                self.count = u32::try_from(self.ring.len()).unwrap_or_default();
            } else {
                self.count = self.count.saturating_add(1);
            }
            if changes || changing < CHANGING {
                self.trail.add(look.step.index, look.gist());
            }
        } else if self.count > 0 {
            // what was told is not told again: the next episode begins with steps of its own
            *self = Self { unchanged: self.unchanged, ..Self::default() };
        }
        self.now()
    }

    fn tell(&self) -> Told {
        let mut words: BTreeMap<&str, usize> = BTreeMap::new();
        for word in self.ring.iter().filter_map(|one| one.word.as_deref()) {
            *words.entry(word).or_default() += 1;
        }
        let mut words: Vec<_> = words.into_iter().collect();
        words.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
        let about: usize = words.iter().map(|(_, times)| times).sum();
        let others: usize = words.iter().skip(SHOWN).map(|(_, times)| times).sum();
        let mut words: Vec<String> = words.into_iter().take(SHOWN).map(|(word, times)| format!("{word} {times}×")).collect();
        words.extend((others > 0).then(|| format!("others {others}×")));
        Told {
            says: format!("{about} of the last {} steps with calls were about git and patches: {}", self.ring.len(), words.join(", ")),
            hint: "See what is in the worktree (`git status`, `git diff` to the base): the change may be there already, and only its form be wrong".to_owned(),
            evidence: self.trail.list(),
        }
    }
}

impl VcsChurn {
    fn now(&self) -> Now {
        let level = match self.count {
            STUCK.. if self.unchanged >= UNCHANGED_STUCK => Level::Stuck,
            1.. => Level::Warn,
            0 => Level::None,
        };
        Now { level, first_step: self.first_step, count: self.count, episode: 0 }
    }
}

/// A call about git or a patch, in a word or two.
fn word(call: &Called<'_>) -> String {
    let git = call.parts.iter().find(|part| part.program() == "git").map(verb);
    git.unwrap_or_else(|| if call.target.is_empty() { "patch".to_owned() } else { line(&call.target) })
}

/// Whether a call is about git or a patch.
fn is_about(call: &Called<'_>) -> bool {
    call.act == Act::Git
        || call.parts.iter().any(|part| matches!(part.program(), "git" | "patch"))
        || place(&call.target) == Place::Patch
        || call.edits.iter().any(|edit| edit.place == Place::Patch)
}

/// Whether it changes what git keeps, or what the patch is.
fn changes(call: &Called<'_>) -> bool {
    call.parts.iter().any(changes_git) || call.edits.iter().any(|edit| edit.place == Place::Patch)
}
