//! What the three-way runner prints (`reference/isobench.md` §3). None of it carries a time.

use jiff::Timestamp;

use crate::domain::Stage;

/// An arm that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arm {
    /// The human's commit, eight characters.
    pub(super) commit: String,
    pub(super) stage: Stage,
    /// When the line was seen.
    pub(super) since: Timestamp,
}

/// What was printed so far.
#[derive(Debug, Default)]
pub(super) struct Printed {
    /// Commits in the order in which they were taken up.
    seen: Vec<String>,
    /// Which of how many commits.
    place: (usize, usize),
    arm: Option<Arm>,
    /// Whether the summary was printed.
    is_over: bool,
}

impl Printed {
    /// Takes lines that were printed up to a moment.
    pub(super) fn take(&mut self, lines: &[String], at: Timestamp) {
        for line in lines {
            self.hear(line.trim(), at);
        }
    }

    fn hear(&mut self, line: &str, at: Timestamp) {
        if line.starts_with("=== Agent Type:") {
            // another run of it into the same log
            *self = Self::default();
        } else if let Some((place, commit)) = line.strip_prefix('[').and_then(|rest| rest.split_once("] Processing ")) {
            let number = |text: &str| text.trim().parse().ok();
            if let Some((one, all)) = place.split_once('/').and_then(|(one, all)| Some((number(one)?, number(all)?))) {
                self.place = (one, all);
            }
            let commit: String = commit.chars().take_while(char::is_ascii_hexdigit).take(40).collect();
            self.arm = None;
            if commit.len() >= 7 {
                self.seen.push(commit);
            }
        } else if let Some(stage) = begins(line) {
            self.arm = self.seen.last().map(|commit| Arm { commit: commit.clone(), stage, since: at });
        } else if line.starts_with("Saved to ") || line.starts_with("SKIP: ") || is_end(line) {
            self.arm = None;
        } else if line == "SUMMARY" {
            (self.arm, self.is_over) = (None, true);
        }
    }

    /// The arm that was begun last, where nothing said that it ended.
    pub(super) const fn under_way(&self) -> Option<&Arm> {
        self.arm.as_ref()
    }

    /// The commits that were taken up.
    pub(super) fn seen(&self) -> impl Iterator<Item = &str> {
        self.seen.iter().map(String::as_str)
    }

    /// Which of how many commits; nothing of nothing where it did not say, or is through.
    pub(super) const fn progress(&self) -> (usize, usize) {
        if self.is_over { (0, 0) } else { self.place }
    }
}

/// `--- Running HUMAN benchmark ---`
fn begins(line: &str) -> Option<Stage> {
    let word = line.strip_prefix("--- Running ")?.strip_suffix(" benchmark ---")?;
    stage(word)
}

/// `HUMAN SUCCESS: 12.3 tok/s`, `AGENT FAILED: …`
fn is_end(line: &str) -> bool {
    let mut words = line.splitn(3, ' ');
    words.next().and_then(stage).is_some() && words.next().is_some_and(|word| matches!(word.trim_end_matches(':'), "SUCCESS" | "FAILED"))
}

fn stage(word: &str) -> Option<Stage> {
    Some(match word {
        "HUMAN" => Stage::Human,
        "BASELINE" => Stage::Baseline,
        "AGENT" => Stage::Candidate,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str) -> Printed {
        let mut printed = Printed::default();
        printed.take(&text.lines().map(str::to_owned).collect::<Vec<_>>(), Timestamp::UNIX_EPOCH);
        printed
    }

    fn under_way(text: &str) -> Option<(String, Stage)> {
        heard(text).under_way().map(|arm| (arm.commit.clone(), arm.stage))
    }

    const BEGIN: &str = "=== Agent Type: codex_cli ===\n[3/39] Processing 0123abcd\n  Model: a/b\n  --- Running HUMAN benchmark ---\n";

    #[test]
    fn the_arm_under_way_is_the_one_begun_last() {
        assert_eq!(under_way(BEGIN), Some(("0123abcd".to_owned(), Stage::Human)));
        assert_eq!(heard(BEGIN).progress(), (3, 39));
        let next =
            format!("{BEGIN}  Running serving with image: a/vllm-bench:x\n  HUMAN SUCCESS: 9 tok/s\n  --- Running AGENT benchmark ---\n");
        assert_eq!(under_way(&next), Some(("0123abcd".to_owned(), Stage::Candidate)));
    }

    #[test]
    fn an_end_of_any_kind_ends_it() {
        for end in [
            "  Saved to x.json",
            "  HUMAN FAILED: No metrics",
            "  SKIP: No agent patch available for 0123abcd",
            "[4/39] Processing 89ab4567",
        ] {
            assert_eq!(under_way(&format!("{BEGIN}{end}\n")), None, "{end}");
        }
        let over = format!("{BEGIN}SUMMARY\nHuman benchmarks: 1/1 succeeded\n");
        assert_eq!((under_way(&over), heard(&over).progress()), (None, (0, 0)));
    }
}
