//! V1: events by kind.

use jiff::Timestamp;
use serde_json::Value;

use super::{Events, usage};
use crate::agent::End;
use crate::agent::value::{Fields, content, part, some, text};
use crate::domain::{ToolResult, Usage};

impl Events {
    pub(super) fn take_v1(&mut self, fields: &Fields<'_>, recorded: Option<Timestamp>) {
        match text(&fields.get("kind")).as_str() {
            "ActionEvent" => self.call_v1(fields, recorded),
            "MessageEvent" if text(&fields.get("source")) == "agent" => {
                self.goes_on();
                let at = self.answer_v1(fields, recorded);
                self.steps.say(at, &content(part(&fields.get("llm_message"), "content")));
            }
            // what skills add lies in `extended_content`
            "MessageEvent" if matches!(text(&fields.get("source")).as_str(), "user" | "environment") => {
                self.heard(&content(part(&fields.get("llm_message"), "content")));
            }
            "ObservationEvent" => {
                let observation = fields.get("observation");
                let code = part(&observation, "exit_code").as_i64();
                let ok = part(&observation, "is_error") != &Value::Bool(true) && code.is_none_or(|code| code == 0);
                // a finish is accepted only here: it may be refused as well
                let is_finish = text(part(&observation, "kind")) == "FinishObservation" && ok;
                let said = content(part(&observation, "content"));
                self.steps.answer(&text(&fields.get("tool_call_id")), ToolResult { ok, text: said });
                if is_finish {
                    self.ends(End::Accepted);
                }
            }
            "AgentErrorEvent" => {
                let said = content(&fields.get("error"));
                self.steps.answer(&text(&fields.get("tool_call_id")), ToolResult { ok: false, text: said });
            }
            "UserRejectObservation" => {
                let said = content(&fields.get("rejection_reason"));
                self.steps.answer(&text(&fields.get("tool_call_id")), ToolResult { ok: false, text: said });
            }
            "ConversationErrorEvent" => {
                let (code, detail) = (text(&fields.get("code")), content(&fields.get("detail")));
                self.ends(Self::failure(if detail.is_empty() { code } else { format!("{code}: {detail}") }));
            }
            "ConversationStateUpdateEvent" => match text(&fields.get("key")).as_str() {
                "stats" => self.stats_v1(&fields.get("value")),
                "execution_status" => self.status_v1(&text(&fields.get("value"))),
                "full_state" => {
                    let state = fields.get("value");
                    self.stats_v1(part(&state, "stats"));
                    self.status_v1(&text(part(&state, "execution_status")));
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn call_v1(&mut self, fields: &Fields<'_>, recorded: Option<Timestamp>) {
        self.goes_on();
        let at = self.answer_v1(fields, recorded);
        let thought = content(&fields.get("thought"));
        self.steps.say(at, if thought.is_empty() { content(&fields.get("reasoning_content")) } else { thought }.as_str());
        let call = fields.get("tool_call");
        let arguments = part(&call, "arguments");
        let arguments = arguments.as_str().map_or_else(|| arguments.to_string(), str::to_owned);
        let name = some(&fields.get("tool_name")).unwrap_or_else(|| text(part(&call, "name")));
        self.steps.call(at, text(&fields.get("tool_call_id")), name, arguments);
    }

    /// The step of the answer of the model that an event belongs to.
    fn answer_v1(&mut self, fields: &Fields<'_>, recorded: Option<Timestamp>) -> usize {
        let id = some(&fields.get("llm_response_id")).unwrap_or_else(|| text(&fields.get("id")));
        if let Some((at, _)) = self.actions.get(&id) {
            return *at;
        }
        self.steps.close_all();
        let at = self.steps.begin(recorded);
        self.actions.insert(id, (at, String::new()));
        at
    }

    /// The counts of all that the models were used for.
    pub(super) fn stats_v1(&mut self, stats: &Value) {
        let mut all: Option<Usage> = None;
        for one in part(stats, "usage_to_metrics").as_object().into_iter().flatten().map(|(_, one)| one) {
            if let Some(told) = usage(part(one, "accumulated_token_usage")) {
                let mut sum = all.unwrap_or_default();
                sum += told;
                all = Some(sum);
            }
        }
        if let Some(told) = all {
            self.count(told, self.steps.len().checked_sub(1));
        }
    }

    pub(super) fn status_v1(&mut self, status: &str) {
        match status {
            "finished" => self.ends(End::Accepted),
            // the event that says why comes of its own
            "error" if self.end.is_none() => self.ends(End::Unexplained),
            "stuck" => self.ends(End::Failed("it was stuck: the same steps again and again".to_owned())),
            "running" => self.goes_on(),
            _ => {}
        }
    }
}
