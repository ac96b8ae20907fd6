//! A search over the steps of a large file: only those are read whose lines may hold what is searched for.

use std::io;
use std::ops::Range;

use super::scan::scan;
use super::{Index, LEAD, Paged, SOME_BYTES};
use crate::domain::Step;

/// Bytes whose lines are looked at before their steps are read: few at first, so that somebody sees something soon.
const FIRST_BYTES: u64 = 1 << 20;

/// Words that Codex's readers give to what its lines call otherwise, or not at all.
const OF_CODEX: [&str; 19] = [
    "action",
    "apply_patch",
    "call",
    "changes",
    "command",
    "explanation",
    "hook",
    "input",
    "item",
    "local_shell",
    "path",
    "plan",
    "prompt",
    "query",
    "shell",
    "update_plan",
    "view_image",
    "web_search",
    "workdir",
];

/// Where a search is.
struct Found {
    /// Steps that are to be read, in order, apart from each other.
    wanted: Vec<Range<usize>>,
    /// Steps before this one were read, or need not be.
    next: usize,
    /// The byte up to which lines were looked at when steps were read last.
    read_at: u64,
    bytes: u64,
}

impl Paged {
    /// Gives `take` the steps from `from` on of which a line may hold what is searched for, in their order, with the position
    /// up to which none is left out; it says whether to go on. `may_hold` is asked of the bytes of each line, as they are written, on
    /// several threads: a gigabyte takes about a second. It may say yes too often, and what it says no to is not read. An
    /// answer may come some steps later than its call: those are read as well.
    pub fn hunt(
        &self,
        index: &Index,
        from: usize,
        may_hold: impl Fn(&[u8]) -> bool + Sync,
        mut take: impl FnMut(Vec<Step>, usize) -> bool,
    ) -> io::Result<()> {
        let begin = index.steps.get(from).copied().unwrap_or(self.len);
        let mut found = Found { wanted: Vec::new(), next: from, read_at: begin, bytes: FIRST_BYTES };
        let mut outcome = Ok(());
        scan(
            &self.file,
            begin,
            self.len,
            |line| may_hold(line).then_some(()),
            |seen, upto| {
                for (at, ()) in seen {
                    found.add(index.step_at(at));
                }
                if upto < self.len && upto - found.read_at < found.bytes {
                    return true;
                }
                let read = self.read_found(index, &mut found, upto, &mut take);
                let goes_on = matches!(read, Ok(true));
                outcome = read.map(drop);
                goes_on
            },
        )?;
        outcome
    }

    /// Whether a word may stand in steps though no line of theirs holds it: the reader of the format wrote it.
    pub fn writes(&self, word: &str) -> bool {
        let word = word.to_ascii_lowercase();
        self.format.agent() == "codex_cli" && OF_CODEX.iter().any(|own| own.contains(&word))
    }

    fn read_found(&self, index: &Index, found: &mut Found, upto: u64, take: &mut impl FnMut(Vec<Step>, usize) -> bool) -> io::Result<bool> {
        (found.read_at, found.bytes) = (upto, (found.bytes * 2).min(SOME_BYTES));
        for range in std::mem::take(&mut found.wanted) {
            found.next = range.end;
            if !self.some_by_some(index, range, |some, upto| Ok(take(some, upto)))? {
                return Ok(false);
            }
        }
        if upto == self.len {
            return Ok(take(Vec::new(), index.len()));
        }
        // a line further on may still lead back to these
        found.next = found.next.max(index.step_at(upto).saturating_sub(LEAD));
        Ok(take(Vec::new(), found.next))
    }

    /// The same with every step from `from` on.
    pub fn every(&self, index: &Index, from: usize, mut take: impl FnMut(Vec<Step>, usize) -> bool) -> io::Result<()> {
        if self.some_by_some(index, from..index.len(), |some, upto| Ok(take(some, upto)))? {
            take(Vec::new(), index.len());
        }
        Ok(())
    }
}

impl Found {
    fn add(&mut self, step: usize) {
        let (start, end) = (step.saturating_sub(LEAD), step + 1);
        if end <= self.next {
            return;
        }
        match self.wanted.last_mut() {
            // what lies between them would be read anyway
            Some(last) if start <= last.end + LEAD => last.end = last.end.max(end),
            _ => self.wanted.push(start.max(self.next)..end),
        }
    }
}
