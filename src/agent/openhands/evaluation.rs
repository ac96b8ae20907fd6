//! A line of `output.jsonl`: one run, with its events as `history`.
//!
//! The history is a list of events; of older versions a list of pairs of an action and its observation, or of bare ones: all
//! arguments beside the name, no ids and no times, each observation after its action.

use serde_json::{Value, json};

use super::{Events, usage};
use crate::agent::End;
use crate::agent::value::{Fields, elements, object, some, words};

impl Events {
    /// Reads such a line: which of several it is, and what happened. `None` for anything else.
    pub(in crate::agent) fn of_run(line: &[u8]) -> Option<(Option<String>, Self)> {
        let line = object(line)?;
        let fields = Fields::of(&line);
        if !fields.has("history") {
            return None;
        }
        let mut events = Self { begun: true, ..Self::default() };
        for raw in fields.list("history") {
            events.past(raw);
        }
        let metadata = fields.part("metadata");
        let model = metadata.part("llm_config").text("model");
        events.model = Some(model).filter(|model| !model.is_empty()).or_else(|| events.model.take());
        events.max_steps = metadata.raw("max_iterations").and_then(|raw| raw.parse().ok());
        events.task = some(&fields.get("instruction")).or_else(|| events.task.take());
        if let Some(told) = usage(&fields.part("metrics").get("accumulated_token_usage")) {
            events.count(told, None);
        }
        let error = fields.raw("error").map(words).unwrap_or_default();
        if !error.is_empty() {
            events.ends(Self::failure(error));
        } else if events.end.is_none() {
            events.ends(End::Unexplained);
        }
        let instance = some(&fields.get("instance_id")).or_else(|| some(&fields.part("issue").get("number")));
        Some((instance, events))
    }

    /// An element of a history.
    fn past(&mut self, raw: &str) {
        let pair = elements(raw);
        if !pair.is_empty() {
            for raw in pair {
                self.past_event(raw);
            }
            return;
        }
        self.past_event(raw);
    }

    fn past_event(&mut self, raw: &str) {
        let fields = Fields::of(raw);
        if fields.has("args") || fields.has("extras") || fields.has("source") {
            let _ = self.take(raw.as_bytes());
            return;
        }
        // a bare one is put into the form of today
        let Ok(Value::Object(mut bare)) = serde_json::from_str::<Value>(raw) else { return };
        let number = self.past;
        let event = if let Some(action) = bare.shift_remove("action") {
            self.past += 1;
            // the first message is what the user asked
            let source = if action == "message" && number == 0 { "user" } else { "agent" };
            json!({"id": number, "source": source, "action": action, "args": bare})
        } else if let Some(observation) = bare.shift_remove("observation") {
            let content = bare.shift_remove("content");
            json!({"cause": number.saturating_sub(1), "observation": observation, "content": content, "extras": bare})
        } else {
            return;
        };
        let _ = self.take(event.to_string().as_bytes());
    }
}
