//! What the script tells, and the phases that follow from it.

use crate::domain::{ArmPhase, PhaseSpan};
use crate::text::mask::Masker;

/// A longer line is no mark, in bytes.
const LONGEST: usize = 512;

/// More marks make no sense.
const MOST: usize = 400;

/// How a mark begins that names a repair.
const REPAIRED: &str = "repaired ";

/// How a mark begins that names an argument which the server does not take.
const WITHOUT: &str = "server without ";

/// The marks so far, and the beginning of the next.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Those that make sense, without secrets.
    pub(super) lines: Vec<String>,
    /// Whether anything was told at all.
    pub(super) any: bool,
    rest: Vec<u8>,
}

impl Marks {
    /// Takes what was written since the last time, cut anywhere. The marks that are new.
    pub(super) fn feed(&mut self, bytes: &[u8], masker: &Masker) -> Vec<String> {
        let mut new = Vec::new();
        for byte in bytes {
            self.any = true;
            if *byte != b'\n' {
                // of a line that is too long only this is kept, by which it is known
                if self.rest.len() <= LONGEST {
                    self.rest.push(*byte);
                }
                continue;
            }
            let line = std::mem::take(&mut self.rest);
            if line.len() <= LONGEST && self.lines.len() < MOST {
                let line = masker.line(&String::from_utf8_lossy(&line));
                if !line.is_empty() {
                    self.lines.push(line.clone());
                    new.push(line);
                }
            }
        }
        new
    }

    /// The repairs that were made inside, and the arguments that the server was started again without.
    pub(super) fn repairs(&self) -> Vec<String> {
        let repair = |line: &String| line.strip_prefix(REPAIRED).or_else(|| line.starts_with(WITHOUT).then_some(line)).map(str::to_owned);
        let mut repairs: Vec<String> = self.lines.iter().filter_map(repair).collect();
        repairs.sort();
        repairs.dedup();
        repairs
    }
}

/// The file, as [`super::SERVER`] is one, of which a mark says that what it held until then, in bytes, is no cause of what goes wrong
/// from then on: something was repaired and is tried again.
pub fn again(mark: &str) -> Option<(&str, u64)> {
    let (file, bytes) = mark.strip_prefix("again ")?.split_once(' ')?;
    Some((file, bytes.trim().parse().ok()?))
}

/// The phase that a mark says has begun.
pub(super) fn phase(mark: &str) -> Option<ArmPhase> {
    let name = mark.strip_prefix("phase ")?;
    ArmPhase::ALL.into_iter().find(|phase| phase.name() == name)
}

/// The phases come to. They go forwards: the server prints what it did some time after the script has gone on, and of several
/// processes the slowest one is late.
#[derive(Debug, Default)]
pub(super) struct Phases(pub(super) Vec<PhaseSpan>);

impl Phases {
    /// A phase begins, so many ms after the arm did. Whether that is news.
    pub(super) fn come_to(&mut self, phase: ArmPhase, now_ms: u64) -> bool {
        if self.now().is_some_and(|now| now >= phase) {
            return false;
        }
        self.end(now_ms);
        self.0.push(PhaseSpan { phase, from_ms: now_ms, ms: None });
        true
    }

    /// The last one is over.
    pub(super) fn end(&mut self, now_ms: u64) {
        if let Some(last) = self.0.last_mut() {
            last.ms.get_or_insert(now_ms.saturating_sub(last.from_ms));
        }
    }

    /// The one under way.
    pub(super) fn now(&self) -> Option<ArmPhase> {
        self.0.last().map(|span| span.phase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_whole_lines_and_no_nonsense() {
        let (mut marks, masker) = (Marks::default(), Masker::new([("A_TOKEN", "sesame-12")], []));
        assert!(marks.feed(b"phase pre", &masker).is_empty() && marks.any);
        assert_eq!(marks.feed(b"pare\nvllm 0.6.3\x1b[31m sesame-12\n\n\xff", &masker), ["phase prepare", "vllm 0.6.3 •••"]);
        marks.feed(&vec![b'x'; 1 << 20], &masker);
        assert!(marks.rest.len() <= LONGEST + 1);
        assert_eq!(marks.feed(b"\nrepaired transformers\nrepaired transformers\n", &masker).len(), 2);
        assert_eq!(marks.repairs(), ["transformers"]);
        marks.feed(b"server without --disable-log-requests\n", &masker);
        assert_eq!(marks.repairs(), ["server without --disable-log-requests", "transformers"]);
        marks.feed(&b"again\n".repeat(2 * MOST), &masker);
        assert_eq!(marks.lines.len(), MOST);
        assert_eq!(["again server 317", "again out ", "again", "phase start"].map(again), [Some(("server", 317)), None, None, None]);
        assert_eq!((phase("phase prepare"), phase("phase lunch"), phase("phase")), (Some(ArmPhase::Prepare), None, None));
    }

    #[test]
    fn phases_go_forwards() {
        let mut phases = Phases::default();
        let come = |phases: &mut Phases, phase, now| phases.come_to(phase, now);
        assert!(come(&mut phases, ArmPhase::Create, 0) && come(&mut phases, ArmPhase::Start, 5) && come(&mut phases, ArmPhase::Ready, 20));
        assert!(!come(&mut phases, ArmPhase::Weights, 30) && !come(&mut phases, ArmPhase::Ready, 30));
        phases.end(50);
        phases.end(70);
        let spans: Vec<_> = phases.0.iter().map(|span| (span.phase, span.from_ms, span.ms)).collect();
        assert_eq!(spans, [(ArmPhase::Create, 0, Some(5)), (ArmPhase::Start, 5, Some(15)), (ArmPhase::Ready, 20, Some(30))]);
    }
}
