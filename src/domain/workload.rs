//! What an arm was measured with. Two arms compare only where this is the same.

use serde::{Deserialize, Serialize};

/// What a benchmark was asked to send. A field that nothing tells is `None`, and then it keeps nothing from being compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Workload {
    /// `sonnet`, `random`, `sharegpt`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// Tokens of a prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_len: Option<u64>,
    /// Tokens of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_len: Option<u64>,
    /// How many prompts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_prompts: Option<u64>,
    /// Requests a second as written: `inf`, `4.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_rate: Option<String>,
}

impl Workload {
    /// Whether the requests are sent as fast as they are taken: only then the time for all of them says how fast it is.
    pub fn is_full_rate(&self) -> bool {
        self.request_rate.as_deref().is_some_and(|rate| rate.trim().eq_ignore_ascii_case("inf"))
    }

    /// What differs between two, in words: `dataset sonnet / random`. A rate is a number: 4 and 4.0 are the same.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let rate = |rate: &Option<String>| {
            let text = rate.as_deref()?.trim().to_lowercase();
            Some(text.parse::<f64>().map_or(text, |number| number.to_string()))
        };
        let dataset = |dataset: &Option<String>| dataset.as_deref().map(|name| name.trim().to_lowercase());
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let fields = [
            ("dataset", dataset(&self.dataset), dataset(&other.dataset)),
            ("input length", number(self.input_len), number(other.input_len)),
            ("output length", number(self.output_len), number(other.output_len)),
            ("prompts", number(self.num_prompts), number(other.num_prompts)),
            ("request rate", rate(&self.request_rate), rate(&other.request_rate)),
        ];
        let differ = |(what, mine, theirs): (&str, Option<String>, Option<String>)| {
            let (mine, theirs) = mine.zip(theirs).filter(|(mine, theirs)| mine != theirs)?;
            Some(format!("{what} {mine} / {theirs}"))
        };
        fields.into_iter().filter_map(differ).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_both_tell_can_differ() {
        let sonnet = Workload {
            dataset: Some("sonnet".to_owned()),
            output_len: Some(64),
            request_rate: Some("inf".to_owned()),
            ..Workload::default()
        };
        let random = Workload { dataset: Some("Random".to_owned()), num_prompts: Some(100), ..Workload::default() };
        assert_eq!(sonnet.differences(&random), ["dataset sonnet / random"]);
        assert!(sonnet.differences(&Workload::default()).is_empty());
        let rate = |rate: &str| Workload { request_rate: Some(rate.to_owned()), ..Workload::default() };
        assert!(rate("4").differences(&rate("4.0")).is_empty() && rate("inf").differences(&rate(" INF ")).is_empty());
        assert_eq!(rate("4").differences(&rate("inf")), ["request rate 4 / inf"]);
        assert!(rate("Inf").is_full_rate() && !rate("4").is_full_rate() && !Workload::default().is_full_rate());
    }
}
