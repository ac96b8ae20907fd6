//! The rows of agents: what their APIs, their limits and their own programs say.

use super::{C, Line, Rows, agent};

/// What ends an agent: its API, its limits, its own program.
pub(super) const AGENT: &[Rows] = &[
    agent(C::ApiQuota).says(&[
        "insufficient_quota",
        "quota exceeded",
        "exceeded your current quota",
        "credit balance is too low",
        "billing_hard_limit",
        "usage_limit_reached",
        "hit your usage limit",
        "usage limit reached",
        "usage limit has been reached",
        "insufficient credits",
        "insufficient balance",
        "error code: 402",
    ]),
    agent(C::ContextOverflow).says(&[
        "context_length_exceeded",
        "maximum context length",
        "prompt is too long",
        "input is too long",
        "exceeds the context window",
        "ran out of room in the model's context window",
    ]),
    agent(C::ApiRateLimit).says(&["rate limit", "rate_limit"]).when(is_about_a_refusal),
    agent(C::ApiRateLimit).says(&[
        "ratelimiterror",
        "too many requests",
        "error code: 429",
        "status code 429",
        "request rejected (429)",
        "api error: 429",
        "throttlingexception",
        "resource_exhausted",
    ]),
    agent(C::ApiAuth).says(&[
        "token has expired",
        "token is expired",
        "expiredtoken",
        "the sso session associated with this profile has expired",
    ]),
    agent(C::ApiAuth).says(&["retrieving token from sso", "error loading sso token"]).hint(SSO),
    agent(C::ApiAuth)
        .says(&["the config profile ("])
        .with(&["could not be found"])
        .hint("AWS_PROFILE names a profile that ~/.aws/config does not have"),
    agent(C::ApiAuth).says(&[
        "unable to locate credentials",
        "security token included in the request is invalid",
        "invalid api key",
        "invalid_api_key",
        "invalid x-api-key",
        "incorrect api key",
    ]),
    agent(C::ApiAuth).says(&["api_key client option must be set"]).hint("no key was given to the agent: set its API_KEY variable"),
    agent(C::ApiAuth).says(&[
        "authentication_error",
        "authenticationerror",
        "accessdeniedexception",
        "please run /login",
        "401 unauthorized",
        "403 forbidden",
        "error code: 401",
        "error code: 403",
        "failed to authenticate. api error",
        "api error: 401",
        "api error: 403",
    ]),
    agent(C::ApiProtocol)
        .says(&["there's an issue with the selected model", "does not exist or you do not have access to it"])
        .hint(NO_MODEL),
    agent(C::ApiProtocol).says(&[
        "no tool output found for function call",
        "ids were found without",
        "content cannot be empty",
        "error code: 400",
        "invalid_request_error",
        "api error: 400",
    ]),
    agent(C::ApiDown).says(&["overloaded_error"]),
    agent(C::ApiDown).says(&["overloaded"]).when(is_about_a_refusal),
    agent(C::ApiDown).says(&[
        "error code: 529",
        "error code: 504",
        "error code: 503",
        "error code: 502",
        "error code: 500",
        "api error: 5",
        "experiencing high demand, which may cause temporary errors",
        "500 internal server error",
        "503 service unavailable",
        "502 bad gateway",
        "connection error.",
        "apiconnectionerror",
        "apitimeouterror",
        "request timed out",
        "connection refused",
        "temporary failure in name resolution",
        "name or service not known",
        "stream disconnected before completion",
    ]),
    agent(C::AgentBudget).says(&["exceeded maximum steps", "maximum number of steps"]),
    agent(C::AgentCrashed)
        .says(&["unterminated string starting at"])
        .hint("the model's answer was cut off in a tool call: raise max_tokens in the agent's configuration"),
    agent(C::AgentNotFound).says(&["no module named"]).with(&["trae_agent"]).hint(NO_AGENT),
    agent(C::AgentNotFound).says(&["no module named"]).with(&["codex_agent"]).hint(NO_AGENT),
    agent(C::AgentNotFound).says(&["no module named"]).with(&["openhands"]).hint(NO_AGENT),
    agent(C::AgentCrashed)
        .says(&["required positional argument"])
        .with(&["modelconfig"])
        .hint("the agent's configuration lacks what the line names: add it to the model there"),
    agent(C::GitError).says(&["[errno 21] is a directory"]).with(&[".git"]),
];

const SSO: &str = "log in to AWS again (`aws sso login`), then a new runner: q x, then `run --resume`";
const NO_MODEL: &str = "the API knows no such model, or not for this key: set agent.model to one that it serves";
const NO_AGENT: &str = "the Python that starts the agent lacks its package: check the agent's environment";

/// Words that go with an API's refusal, and not with prose about limits.
fn is_about_a_refusal(line: &Line<'_>) -> bool {
    let low = line.says.to_lowercase();
    ["error", "exceeded", "reached", "429", "529", "try again", "retry"].iter().any(|word| low.contains(word))
}
