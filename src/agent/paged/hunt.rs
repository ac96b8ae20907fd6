//! A search over the lines of a large file, by steps.

use std::io;

use super::scan::scan;
use super::{Index, Paged};

/// What was found so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hunted {
    /// The steps with a line that may hold what is searched for, by position, in order.
    pub steps: Vec<usize>,
    /// Such lines.
    pub lines: usize,
}

/// How far a search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hunt {
    /// Steps that were found.
    pub steps: usize,
    /// Bytes that were searched, of `of`.
    pub searched: u64,
    /// Bytes of the file.
    pub of: u64,
}

/// Most steps that are remembered; more are counted.
const MOST: usize = 1 << 20;

impl Paged {
    /// Searches the lines as they are written, on several threads: a gigabyte takes about a second. `holds` is asked of
    /// each line's bytes; what JSON escapes (a `"`, a line's end, what is no ASCII in some writers) is escaped in them. A
    /// line belongs to the step that began last before it, so that an answer which comes late is found at a later step:
    /// whoever wants to be exact asks again in the step itself ([`Paged::read`]). `progress` hears how far it is, and says
    /// whether to go on; where it does not, what was found until then is told.
    pub fn hunt(&self, index: &Index, holds: impl Fn(&[u8]) -> bool + Sync, mut progress: impl FnMut(Hunt) -> bool) -> io::Result<Hunted> {
        let mut hunted = Hunted::default();
        let of = self.len();
        scan(
            &self.file,
            0,
            of,
            |line| holds(line).then_some(()),
            |seen, searched| {
                for (at, ()) in seen {
                    hunted.lines += 1;
                    let step = index.step_at(at);
                    if hunted.steps.last() != Some(&step) && hunted.steps.len() < MOST {
                        hunted.steps.push(step);
                    }
                }
                progress(Hunt { steps: hunted.steps.len(), searched, of })
            },
        )?;
        Ok(hunted)
    }
}
