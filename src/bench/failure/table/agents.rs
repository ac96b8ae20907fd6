//! The rows of agents: what their APIs, their limits and their own programs say.

use super::{C, Line, Row, agent};

/// What ends an agent: its API, its limits, its own program.
pub(super) const AGENT: &[Row] = &[
    agent("insufficient_quota", C::ApiQuota),
    agent("quota exceeded", C::ApiQuota),
    agent("exceeded your current quota", C::ApiQuota),
    agent("credit balance is too low", C::ApiQuota),
    agent("billing_hard_limit", C::ApiQuota),
    agent("usage_limit_reached", C::ApiQuota),
    agent("hit your usage limit", C::ApiQuota),
    agent("usage limit reached", C::ApiQuota),
    agent("usage limit has been reached", C::ApiQuota),
    agent("insufficient credits", C::ApiQuota),
    agent("insufficient balance", C::ApiQuota),
    agent("error code: 402", C::ApiQuota),
    agent("context_length_exceeded", C::ContextOverflow),
    agent("maximum context length", C::ContextOverflow),
    agent("prompt is too long", C::ContextOverflow),
    agent("input is too long", C::ContextOverflow),
    agent("exceeds the context window", C::ContextOverflow),
    agent("ran out of room in the model's context window", C::ContextOverflow),
    agent("rate limit", C::ApiRateLimit).when(is_about_a_refusal),
    agent("rate_limit", C::ApiRateLimit).when(is_about_a_refusal),
    agent("ratelimiterror", C::ApiRateLimit),
    agent("too many requests", C::ApiRateLimit),
    agent("error code: 429", C::ApiRateLimit),
    agent("status code 429", C::ApiRateLimit),
    agent("request rejected (429)", C::ApiRateLimit),
    agent("api error: 429", C::ApiRateLimit),
    agent("throttlingexception", C::ApiRateLimit),
    agent("resource_exhausted", C::ApiRateLimit),
    agent("token has expired", C::ApiAuth),
    agent("token is expired", C::ApiAuth),
    agent("expiredtoken", C::ApiAuth),
    agent("the sso session associated with this profile has expired", C::ApiAuth),
    agent("retrieving token from sso", C::ApiAuth).hint(SSO),
    agent("error loading sso token", C::ApiAuth).hint(SSO),
    agent("the config profile (", C::ApiAuth)
        .with(&["could not be found"])
        .hint("AWS_PROFILE names a profile that ~/.aws/config does not have"),
    agent("unable to locate credentials", C::ApiAuth),
    agent("security token included in the request is invalid", C::ApiAuth),
    agent("invalid api key", C::ApiAuth),
    agent("invalid_api_key", C::ApiAuth),
    agent("invalid x-api-key", C::ApiAuth),
    agent("incorrect api key", C::ApiAuth),
    agent("api_key client option must be set", C::ApiAuth).hint("no key was given to the agent: set its API_KEY variable"),
    agent("authentication_error", C::ApiAuth),
    agent("authenticationerror", C::ApiAuth),
    agent("accessdeniedexception", C::ApiAuth),
    agent("please run /login", C::ApiAuth),
    agent("401 unauthorized", C::ApiAuth),
    agent("403 forbidden", C::ApiAuth),
    agent("error code: 401", C::ApiAuth),
    agent("error code: 403", C::ApiAuth),
    agent("failed to authenticate. api error", C::ApiAuth),
    agent("api error: 401", C::ApiAuth),
    agent("api error: 403", C::ApiAuth),
    agent("there's an issue with the selected model", C::ApiProtocol).hint(NO_MODEL),
    agent("does not exist or you do not have access to it", C::ApiProtocol).hint(NO_MODEL),
    agent("no tool output found for function call", C::ApiProtocol),
    agent("ids were found without", C::ApiProtocol),
    agent("content cannot be empty", C::ApiProtocol),
    agent("error code: 400", C::ApiProtocol),
    agent("invalid_request_error", C::ApiProtocol),
    agent("api error: 400", C::ApiProtocol),
    agent("overloaded_error", C::ApiDown),
    agent("overloaded", C::ApiDown).when(is_about_a_refusal),
    agent("error code: 529", C::ApiDown),
    agent("error code: 504", C::ApiDown),
    agent("error code: 503", C::ApiDown),
    agent("error code: 502", C::ApiDown),
    agent("error code: 500", C::ApiDown),
    agent("api error: 5", C::ApiDown),
    agent("experiencing high demand, which may cause temporary errors", C::ApiDown),
    agent("500 internal server error", C::ApiDown),
    agent("503 service unavailable", C::ApiDown),
    agent("502 bad gateway", C::ApiDown),
    agent("connection error.", C::ApiDown),
    agent("apiconnectionerror", C::ApiDown),
    agent("apitimeouterror", C::ApiDown),
    agent("request timed out", C::ApiDown),
    agent("connection refused", C::ApiDown),
    agent("temporary failure in name resolution", C::ApiDown),
    agent("name or service not known", C::ApiDown),
    agent("stream disconnected before completion", C::ApiDown),
    agent("exceeded maximum steps", C::AgentBudget),
    agent("maximum number of steps", C::AgentBudget),
    agent("unterminated string starting at", C::AgentCrashed)
        .hint("the model's answer was cut off in a tool call: raise max_tokens in the agent's configuration"),
    agent("no module named", C::AgentNotFound).with(&["trae_agent"]).hint(NO_AGENT),
    agent("no module named", C::AgentNotFound).with(&["codex_agent"]).hint(NO_AGENT),
    agent("no module named", C::AgentNotFound).with(&["openhands"]).hint(NO_AGENT),
    agent("required positional argument", C::AgentCrashed)
        .with(&["modelconfig"])
        .hint("the agent's configuration lacks what the line names: add it to the model there"),
    agent("[errno 21] is a directory", C::GitError).with(&[".git"]),
];

const SSO: &str = "log in to AWS again (`aws sso login`), then a new runner: q x, then `run --resume`";
const NO_MODEL: &str = "the API knows no such model, or not for this key: set agent.model to one that it serves";
const NO_AGENT: &str = "the Python that starts the agent lacks its package: check the agent's environment";

/// Words that go with an API's refusal, and not with prose about limits.
fn is_about_a_refusal(line: &Line<'_>) -> bool {
    let low = line.says.to_lowercase();
    ["error", "exceeded", "reached", "429", "529", "try again", "retry"].iter().any(|word| low.contains(word))
}
