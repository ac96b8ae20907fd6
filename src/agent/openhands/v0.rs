//! V0: actions and observations.

use jiff::Timestamp;
use serde_json::Value;

use super::{Events, usage};
use crate::agent::End;
use crate::agent::value::{Fields, content, list, part, some, text};
use crate::domain::ToolResult;

/// Actions with the agent as their source that are none of the model's.
const OWN: [&str; 6] = ["system", "recall", "change_agent_state", "condensation", "condensation_request", "null"];

impl Events {
    pub(super) fn take_v0(&mut self, fields: &Fields<'_>, recorded: Option<Timestamp>) {
        match (some(&fields.get("action")), some(&fields.get("observation"))) {
            (Some(action), _) if text(&fields.get("source")) == "agent" && !OWN.contains(&action.as_str()) => {
                self.action(&action, fields, recorded);
            }
            (Some(action), _) => {
                if action == "message" && matches!(text(&fields.get("source")).as_str(), "user" | "environment") {
                    self.heard(&some(part(&fields.get("args"), "content")).unwrap_or_else(|| text(&fields.get("message"))));
                }
                self.count_v0(fields, None);
            }
            (None, Some(observation)) => self.observation(&observation, fields),
            (None, None) => {}
        }
    }

    /// One action of the agent is a step. A message is one without a call.
    fn action(&mut self, action: &str, fields: &Fields<'_>, recorded: Option<Timestamp>) {
        self.goes_on();
        self.fault = None;
        // whatever still ran was given up
        self.steps.close_all();
        let at = self.steps.begin(recorded);
        let mut args = fields.get("args");
        let thought = args.as_object_mut().and_then(|args| args.shift_remove("thought")).unwrap_or_default();
        let thought = if thought.is_object() { content(part(&thought, "text")) } else { content(&thought) };
        self.steps.say(at, &thought);
        let metadata = fields.get("tool_call_metadata");
        let response = part(&metadata, "model_response");
        self.model = some(part(response, "model")).or_else(|| self.model.take());
        if let Some(step) = self.steps.edit(at) {
            step.finish = list(part(response, "choices")).first().and_then(|choice| some(part(choice, "finish_reason")));
        }
        if action == "message" {
            self.steps.say(at, &content(part(&args, "content")));
        } else {
            // OpenHands' own word says more than the function, but for functions of others
            let function = some(part(&metadata, "function_name")).filter(|_| action == "call_tool_mcp");
            let name = function.unwrap_or_else(|| action.to_owned());
            let event = text(&fields.get("id"));
            // an id of the provider that came before does not tell which call an observation answers
            let call = some(part(&metadata, "tool_call_id")).filter(|id| !self.steps.knows(id)).unwrap_or_else(|| event.clone());
            self.steps.call(at, call.clone(), name, args.to_string());
            self.actions.insert(event, (at, call));
        }
        self.count_v0(fields, Some(at));
        if action == "finish" {
            self.ends(End::Accepted);
        } else if action == "reject" {
            self.ends(End::Failed("the agent rejected the task".to_owned()));
        }
    }

    fn observation(&mut self, observation: &str, fields: &Fields<'_>) {
        let extras = fields.get("extras");
        if observation == "agent_state_changed" {
            self.agent_state(&text(part(&extras, "agent_state")), text(part(&extras, "reason")));
            return;
        }
        let said = content(&fields.get("content"));
        let code = part(part(&extras, "metadata"), "exit_code").as_i64().or_else(|| part(&extras, "exit_code").as_i64());
        let is_failure = matches!(observation, "error" | "user_rejected");
        if is_failure {
            self.fault = Some(said.clone());
        }
        let ok = !is_failure && fields.get("success") != Value::Bool(false) && code.is_none_or(|code| code == 0);
        let by_cause = self.actions.get(&text(&fields.get("cause"))).map(|(_, call)| call.clone());
        let by_id = || some(part(&fields.get("tool_call_metadata"), "tool_call_id")).filter(|id| self.steps.knows(id));
        if let Some(call) = by_cause.or_else(by_id) {
            self.steps.answer(&call, ToolResult { ok, text: said });
        }
    }

    fn agent_state(&mut self, state: &str, reason: String) {
        match state {
            "finished" => self.ends(End::Accepted),
            "rejected" => self.ends(End::Failed("the agent rejected the task".to_owned())),
            "error" => {
                let says = some(&Value::String(reason)).or_else(|| self.fault.take());
                self.ends(Self::failure(says.unwrap_or_default()));
            }
            "stopped" => self.ends(End::Failed(if reason.is_empty() { "it was stopped".to_owned() } else { reason })),
            // before its first action it waits for its task
            "paused" | "awaiting_user_input" if self.steps.len() > 0 => self.ends(End::Unexplained),
            "running" | "loading" | "init" | "rate_limited" => self.goes_on(),
            _ => {}
        }
    }

    fn count_v0(&mut self, fields: &Fields<'_>, at: Option<usize>) {
        if let Some(told) = usage(part(&fields.get("llm_metrics"), "accumulated_token_usage")) {
            self.count(told, at);
        }
    }
}
