//! What the API refuses a real agent, and what we call it.

use serde_json::{Value, json};

use super::ended;
use super::real::{Program, Real};
use crate::campaign::said;

/// An edit, and after it nothing but this answer of the API.
struct Refusal {
    status: u16,
    error: &'static str,
    message: &'static str,
    /// What we call it.
    class: &'static str,
    /// What the program makes of it: the words that we show.
    says: &'static str,
}

/// Says whether it could be tried here.
fn refused_with(program: Program, refusal: &Refusal) -> bool {
    let Refusal { status, error, message, class, says } = refusal;
    let answer = json!({"status": status, "error": error, "code": error, "message": message});
    let script = json!({"answers": [{"say": "I make it faster.", "run": "echo cost=50 >engine.sh"}], "then": answer});
    let Some(real) = Real::answering(program, &script) else { return false };
    let output = real.run(&[]);
    let (end, run) = (real.agents_end(), real.inspected());
    assert_eq!(end["class"], *class, "{answer}: {end:#}");
    assert!(end["why"].as_str().unwrap().contains(says), "{answer}: {end:#}");
    assert_eq!(run["end"]["state"], "error", "{answer}: {:#}", run["end"]);
    assert!(run["end"]["reason"].as_str().unwrap().contains(says), "{answer}: {:#}", run["end"]);
    // what it had done until then is measured all the same
    assert_eq!(output.status.code(), Some(0), "{answer}: {}", said(&output));
    let item = real.campaign.item(1);
    assert_eq!((item["patch"]["added"].as_u64(), item["verdict"]["standing"].as_str()), (Some(1), Some("beats")), "{answer}: {item:#}");
    let journal = real.journal();
    assert_eq!((&journal["status"], &journal["isobench_tui"]["agent_end"]["class"]), (&json!("error"), &json!(class)), "{journal:#}");
    real.assert_clean();
    true
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn claude_s_api_errors_have_their_classes() {
    let of = |status, error, message, class, says| Refusal { status, error, message, class, says };
    let cases = [
        of(401, "authentication_error", "invalid x-api-key", "api_auth", "Invalid API key"),
        of(429, "rate_limit_error", "This request would exceed your organization's rate limit", "api_rate_limit", "rate limit"),
        of(500, "api_error", "Internal server error", "api_down", "Internal server error"),
        of(529, "overloaded_error", "Overloaded", "api_down", "Overloaded"),
        of(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", "context_overflow", "Prompt is too long"),
        of(
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API.",
            "api_quota",
            "Credit balance is too low",
        ),
        of(400, "invalid_request_error", "messages.1.content.0: unexpected `tool_use_id`", "api_protocol", "unexpected `tool_use_id`"),
    ];
    let _ = cases.iter().all(|case| refused_with(Program::Claude, case));
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn codex_s_api_errors_have_their_classes() {
    let of = |status, error, message, class, says| Refusal { status, error, message, class, says };
    let cases = [
        of(401, "invalid_api_key", "Incorrect API key provided: sk-fake", "api_auth", "Incorrect API key provided"),
        of(429, "rate_limit_exceeded", "Rate limit reached for gpt-5.5 in organization org-x", "api_rate_limit", "429 Too Many Requests"),
        of(429, "insufficient_quota", "You exceeded your current quota.", "api_quota", "Quota exceeded"),
        of(500, "server_error", "The server had an error while processing your request", "api_down", "high demand"),
        of(400, "context_length_exceeded", "Your input exceeds the context window of this model.", "context_overflow", "ran out of room"),
        of(400, "invalid_request_error", "Invalid value: 'input[3]'.", "api_protocol", "Invalid value: 'input[3]'."),
    ];
    let _ = cases.iter().all(|case| refused_with(Program::Codex, case));
}

/// An API that fails once and then answers is no failure.
fn tried_again(program: Program, answer: &Value) {
    let edit = json!({"say": "I make it faster.", "run": "echo cost=50 >engine.sh"});
    let script = json!({"answers": [edit, answer, {"say": "It is twice as fast now."}]});
    let Some(real) = Real::answering(program, &script) else { return };
    let output = real.run(&[]);
    assert_eq!(output.status.code(), Some(0), "{answer}: {}", said(&output));
    assert_eq!(ended(&real), ("done".to_owned(), "-".to_owned(), "exited".to_owned()), "{answer}: {:#}", real.campaign.item(1));
    let (asked, run) = (real.asked(), real.inspected());
    assert_eq!((asked.len(), run["steps"].as_array().unwrap().len()), (3, 2), "{answer}: {run:#}");
    assert_eq!(run["end"]["state"], "completed", "{answer}: {run:#}");
    real.assert_clean();
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn claude_tries_again_and_nothing_failed() {
    tried_again(Program::Claude, &json!({"status": 529, "error": "overloaded_error", "message": "Overloaded"}));
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn codex_tries_again_and_nothing_failed() {
    tried_again(Program::Codex, &json!({"status": 503, "error": "server_error", "message": "Slow down"}));
    tried_again(Program::Codex, &json!({"say": "Half of", "cut": true}));
}
