//! D6: answers that are cut off before any call: the model thinks until its output is full, and nothing is done.

use super::look::{Look, line};
use super::rule::{Now, Rule, Told};
use crate::domain::{Detector, Evidence};
use crate::text::tokens;

/// Answers in a row: note, warn, stuck.
const IN_A_ROW: [u32; 3] = [2, 3, 4];
/// Steps of evidence.
const SHOWN: usize = 4;

/// Answers in a row that were cut off.
#[derive(Debug, Default)]
pub(super) struct Truncated {
    count: u32,
    first_step: u32,
    output: u64,
    evidence: Vec<Evidence>,
}

impl Rule for Truncated {
    fn detector(&self) -> Detector {
        Detector::TruncatedOutput
    }

    fn take(&mut self, look: &Look<'_>) -> Now {
        let step = look.step;
        if step.error.is_some() && step.calls.is_empty() && !is_cut_off(step.finish.as_deref()) {
            // an answer that did not come says nothing of the length of answers
            return Now::at(self.count, IN_A_ROW, self.first_step);
        }
        if !step.calls.is_empty() || !is_cut_off(step.finish.as_deref()) {
            *self = Self::default();
            return Now::NOTHING;
        }
        if self.count == 0 {
            self.first_step = step.index;
        }
        self.count += 1;
        self.output = self.output.saturating_add(step.usage.output);
        let said = line(&step.thought);
        let text =
            format!("finish: {}; {}", line(step.finish.as_deref().unwrap_or_default()), if said.is_empty() { "no text" } else { &said });
        self.evidence.truncate(SHOWN - 1);
        self.evidence.insert(0, Evidence { step: step.index, text: line(&text) });
        Now::at(self.count, IN_A_ROW, self.first_step)
    }

    fn tell(&self) -> Told {
        let cost = if self.output > 0 { format!(", {} tokens written", tokens(self.output)) } else { String::new() };
        Told {
            says: format!("{} answers in a row were cut off before any tool call{cost}", self.count),
            hint: "Raise the output limit (max_tokens), or let the model think less: its thoughts fill the whole answer".to_owned(),
            evidence: self.evidence.iter().rev().cloned().collect(),
        }
    }
}

/// The words of the providers for an answer that ended because it was full.
fn is_cut_off(finish: Option<&str>) -> bool {
    let finish = finish.unwrap_or_default().to_ascii_lowercase();
    matches!(
        finish.as_str(),
        "length" | "incomplete" | "max_tokens" | "max_output_tokens" | "max_completion_tokens" | "model_length" | "token_limit"
    )
}
