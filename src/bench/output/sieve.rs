//! What may name a cause, of an output of any size. An engine that dies under load writes the same traces over and over,
//! 33 MB in a few seconds, and a server that lives a line a request: of lines alike, numbers apart, one is enough.

use std::hash::Hasher;

use rustc_hash::{FxHashSet, FxHasher};

/// So much of an output's beginning is kept as it is, in bytes.
const WHOLE: usize = 8 * 1024 * 1024;

/// And so much in all, in bytes.
const MOST: usize = 32 * 1024 * 1024;

/// Kinds of lines that are told apart.
const MOST_KINDS: usize = 500_000;

/// Lines that are worth reading again.
#[derive(Debug, Default)]
pub(super) struct Sieve {
    pub(super) text: String,
    seen: FxHashSet<u64>,
}

impl Sieve {
    /// Takes a line.
    pub(super) fn line(&mut self, line: &str) {
        if self.text.len() >= WHOLE && !(self.text.len() < MOST && self.seen.len() < MOST_KINDS && self.seen.insert(kind(line))) {
            return;
        }
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// A line without its numbers.
fn kind(line: &str) -> u64 {
    let mut hasher = FxHasher::default();
    for byte in line.bytes().filter(|byte| !byte.is_ascii_digit()) {
        hasher.write_u8(byte);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_the_same_is_kept_once() {
        let mut sieve = Sieve::default();
        for nth in 0..400_000 {
            sieve.line(&format!("(EngineCore pid={nth}) ERROR at 0x{:04} in a trace that comes again", nth % 1000));
        }
        let before = sieve.text.len();
        sieve.line("torch.OutOfMemoryError: CUDA out of memory.");
        assert!(before < WHOLE + 1000, "{before}");
        assert!(sieve.text.ends_with("CUDA out of memory.\n"));
    }
}
