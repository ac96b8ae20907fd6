//! Searching the steps of an agent as they were read: what is shown of a step may be cut, what is found in it is not.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::domain::{AttemptId, Step};
use crate::text::clean;
use crate::text::find::Pattern;
use crate::text::mask::Masker;
use crate::ui::message::SoughtNews;

/// How long it goes on before it tells how far it is.
const SLICE: Duration = Duration::from_millis(60);

/// A search over the steps of an agent.
#[derive(Debug)]
pub(super) struct Seek {
    attempt: AttemptId,
    pattern: Pattern,
    /// The first step that is not searched, by its position.
    next: usize,
    found: Vec<(usize, usize)>,
    /// What was told last: how many steps were found, and whether it was all.
    told: Option<(usize, bool)>,
}

impl Seek {
    pub(super) const fn new(attempt: AttemptId, pattern: Pattern) -> Self {
        Self { attempt, pattern, next: 0, found: Vec::new(), told: None }
    }

    /// Whether this is what is searched.
    pub(super) fn is_of(&self, attempt: &AttemptId, pattern: &Pattern) -> bool {
        self.attempt == *attempt && self.pattern == *pattern
    }

    /// Whose steps are searched.
    pub(super) const fn attempt(&self) -> &AttemptId {
        &self.attempt
    }

    /// The steps from this position on are others now.
    pub(super) fn rewind(&mut self, from: usize) {
        if from < self.next {
            self.next = from;
            self.found.retain(|(at, _)| *at < from);
            self.told = None;
        }
    }

    /// Searches on for a while; what there is to tell.
    pub(super) fn go_on(&mut self, steps: &[Step], masker: &Masker) -> Option<SoughtNews> {
        let begun = Instant::now();
        while let Some(step) = steps.get(self.next).filter(|_| begun.elapsed() < SLICE) {
            let lines = lines_with(step, &self.pattern, masker);
            if lines > 0 {
                self.found.push((self.next, lines));
            }
            self.next += 1;
        }
        let is_all = self.next >= steps.len();
        if self.told.replace((self.found.len(), is_all)) == Some((self.found.len(), is_all)) {
            return None;
        }
        let (attempt, pattern) = (self.attempt.clone(), self.pattern.clone());
        Some(SoughtNews { attempt, pattern, from: 0, found: self.found.clone(), upto: self.next, is_all })
    }

    /// Whether there are steps left to search.
    pub(super) const fn is_done(&self, steps: &[Step]) -> bool {
        self.next >= steps.len()
    }
}

/// How many lines of a step hold it: of its thought, of calls, arguments and results, of its error and of what the harness said.
pub(super) fn lines_with(step: &Step, pattern: &Pattern, masker: &Masker) -> usize {
    let mut lines = in_text(&step.thought, pattern, masker);
    for call in &step.calls {
        lines += in_text(&call.name, pattern, masker);
        lines += match serde_json::from_str::<Value>(&call.args) {
            Ok(Value::Object(fields)) => fields.iter().map(|(name, value)| in_field(name, value, pattern, masker)).sum(),
            Ok(value) => in_text(&words(&value), pattern, masker),
            Err(_) => in_text(&call.args, pattern, masker),
        };
        lines += call.result.as_ref().map_or(0, |result| in_text(&result.text, pattern, masker));
    }
    lines + step.error.iter().chain(&step.harness).map(|said| in_text(said, pattern, masker)).sum::<usize>()
}

/// An argument: its name stands before a text of one line, as it is shown.
fn in_field(name: &str, value: &Value, pattern: &Pattern, masker: &Masker) -> usize {
    let words = words(value);
    let told = words.trim_matches(['\n', '\r']);
    if told.contains('\n') {
        in_text(name, pattern, masker) + in_text(told, pattern, masker)
    } else {
        in_text(&format!("{name}: {told}"), pattern, masker)
    }
}

fn words(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}

fn in_text(text: &str, pattern: &Pattern, masker: &Masker) -> usize {
    // what is hidden is not found
    let masked = masker.mask(text);
    if clean::is_clean(&masked) || masked.lines().all(clean::is_clean) {
        return masked.lines().filter(|line| pattern.is_in(line)).count();
    }
    clean::lines(&masked).map(|line| masker.again(line)).filter(|line| pattern.is_in(line)).count()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::domain::{ItemId, Reply, ToolCall, ToolResult, Usage};
    use crate::text::find::Meaning;

    fn step(index: u32, thought: &str, args: &str, result: &str) -> Step {
        let call = ToolCall {
            id: String::new(),
            name: "bash".to_owned(),
            args: args.to_owned(),
            result: Some(ToolResult { ok: true, text: result.to_owned() }),
        };
        Step {
            index,
            at: None,
            thought: thought.to_owned(),
            calls: vec![call],
            usage: Usage::default(),
            error: Some("needle: 429".to_owned()),
            finish: None,
            harness: vec!["your patch is empty\nneedle".to_owned()],
            reply: Reply::Complete,
            within: None,
        }
    }

    fn found(steps: &[Step], text: &str, meaning: Meaning) -> Vec<(usize, usize)> {
        let attempt = AttemptId { item: ItemId("x".to_owned()), n: 1 };
        let mut seek = Seek::new(attempt, Pattern::new(text, meaning).unwrap());
        let masker = Masker::new([("A_KEY", "needle-secret")], []);
        loop {
            let news = seek.go_on(steps, &masker);
            if seek.is_done(steps) {
                return news.map(|news| news.found).unwrap_or_default();
            }
        }
    }

    #[test]
    fn every_line_of_a_raw_step_counts_and_no_secret() {
        let long = format!("{}needle\n{}", "line\n".repeat(5000), "line\n".repeat(5000));
        let steps = [
            step(1, "a Needle\nneedle-secret", r#"{"command":"echo needle","n":[1]}"#, &long),
            step(2, "nothing", r#"{"text":"one\ntwo needle\nthree needle"}"#, "\u{1b}[31mnee\u{1b}[0mdle\r\n"),
        ];
        assert_eq!(found(&steps, "needle", Meaning::Text), [(0, 5), (1, 5)]);
        assert_eq!(found(&steps, "^command: echo", Meaning::Regex), [(0, 1)]);
        assert_eq!(found(&steps, "secret", Meaning::Text), []);
    }

    #[test]
    fn steps_that_changed_are_searched_again() {
        let attempt = AttemptId { item: ItemId("x".to_owned()), n: 1 };
        let mut seek = Seek::new(attempt, Pattern::new("bash", Meaning::Text).unwrap());
        let mut steps = vec![step(1, "", "{}", ""), step(2, "", "{}", "")];
        assert_eq!(seek.go_on(&steps, &Masker::default()).unwrap().found, [(0, 1), (1, 1)]);
        assert_eq!(seek.go_on(&steps, &Masker::default()), None);
        steps.pop();
        steps.push(step(2, "bash", "{}", ""));
        seek.rewind(1);
        assert_eq!(seek.go_on(&steps, &Masker::default()).unwrap().found, [(0, 1), (1, 2)]);
    }
}
