//! From raw output to the class of a failure: one table, and the first cause wins, not the last message.

use crate::domain::{Cause, FailureClass};
use crate::text::clean;

/// What a line says, in lower case, and what that means. The first row that matches a line decides it.
const TABLE: [(&str, FailureClass); 35] = [
    ("no space left on device", FailureClass::NoSpace),
    ("disk quota exceeded", FailureClass::NoSpace),
    ("insufficient_quota", FailureClass::ApiQuota),
    ("exceeded your current quota", FailureClass::ApiQuota),
    ("credit balance is too low", FailureClass::ApiQuota),
    ("billing_hard_limit", FailureClass::ApiQuota),
    ("rate limit", FailureClass::ApiRateLimit),
    ("rate_limit", FailureClass::ApiRateLimit),
    ("too many requests", FailureClass::ApiRateLimit),
    ("error code: 429", FailureClass::ApiRateLimit),
    ("throttlingexception", FailureClass::ApiRateLimit),
    ("token has expired", FailureClass::ApiAuth),
    ("token is expired", FailureClass::ApiAuth),
    ("expiredtoken", FailureClass::ApiAuth),
    ("the sso session associated with this profile has expired", FailureClass::ApiAuth),
    ("unable to locate credentials", FailureClass::ApiAuth),
    ("invalid api key", FailureClass::ApiAuth),
    ("invalid_api_key", FailureClass::ApiAuth),
    ("incorrect api key", FailureClass::ApiAuth),
    ("authentication_error", FailureClass::ApiAuth),
    ("error code: 401", FailureClass::ApiAuth),
    ("error code: 403", FailureClass::ApiAuth),
    ("context_length_exceeded", FailureClass::ContextOverflow),
    ("maximum context length", FailureClass::ContextOverflow),
    ("prompt is too long", FailureClass::ContextOverflow),
    ("no tool output found for function call", FailureClass::ApiProtocol),
    ("ids were found without", FailureClass::ApiProtocol),
    ("content cannot be empty", FailureClass::ApiProtocol),
    ("error code: 400", FailureClass::ApiProtocol),
    ("overloaded_error", FailureClass::ApiDown),
    ("error code: 529", FailureClass::ApiDown),
    ("error code: 503", FailureClass::ApiDown),
    ("error code: 500", FailureClass::ApiDown),
    ("connection error.", FailureClass::ApiDown),
    ("connection refused", FailureClass::ApiDown),
];

/// The first line that names a cause, with its class.
pub fn classify(text: &str) -> Option<(FailureClass, &str)> {
    text.lines().find_map(|line| {
        let low = line.to_lowercase();
        TABLE.iter().find(|(says, _)| low.contains(says)).map(|(_, class)| (*class, line.trim()))
    })
}

/// The first cause that a raw output names.
pub fn first_cause(text: &str) -> Option<Cause> {
    classify(text).map(|(class, line)| Cause { class, evidence: clean::line(line) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cause_wins_over_the_last_message() {
        let text = "pulling\nwrite /x: no space left on device\nError code: 500\nNo metrics in agent output";
        assert_eq!(classify(text).map(|(class, _)| class), Some(FailureClass::NoSpace));
    }

    #[test]
    fn a_quota_is_no_rate_limit_though_both_are_429() {
        let text = "Error code: 429 - {'error': {'code': 'insufficient_quota', 'message': 'You exceeded your current quota'}}";
        assert_eq!(classify(text).map(|(class, _)| class), Some(FailureClass::ApiQuota));
        assert_eq!(classify("Error code: 429 - Rate limit reached").map(|(class, _)| class), Some(FailureClass::ApiRateLimit));
    }

    #[test]
    fn text_without_a_cause_has_none() {
        assert_eq!(classify("all well\n"), None);
    }
}
