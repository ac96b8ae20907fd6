//! What was measured, as far as an output tells: the arguments that make two measurements comparable, or not.

use serde::{Deserialize, Serialize};

/// The work that a benchmark was given. A field that the output does not tell is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Workload {
    /// The model asked for, as the arguments name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `sharegpt`, `random`, `sonnet`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// Tokens of a prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_len: Option<u64>,
    /// Tokens asked for a prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_len: Option<u64>,
    /// Requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_prompts: Option<u64>,
    /// Prompts of a batch (latency).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<u32>,
    /// Requests a second in their shortest form: `inf`, `8`, `0.5`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_rate: Option<String>,
    /// Requests under way at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<u32>,
    /// Every answer has all the tokens asked for, whatever the model says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_eos: Option<bool>,
}

impl Workload {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

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
            ("batch size", number(self.batch_size.map(u64::from)), number(other.batch_size.map(u64::from))),
            ("concurrency", number(self.max_concurrency.map(u64::from)), number(other.max_concurrency.map(u64::from))),
        ];
        let differ = |(what, mine, theirs): (&str, Option<String>, Option<String>)| {
            let (mine, theirs) = mine.zip(theirs).filter(|(mine, theirs)| mine != theirs)?;
            Some(format!("{what} {mine} / {theirs}"))
        };
        fields.into_iter().filter_map(differ).collect()
    }

    /// In a few words: `sonnet 550/150, 100 prompts, rate inf`. Empty where nothing is known.
    pub fn words(&self) -> String {
        let number = |number: Option<u64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
        let lens = (self.input_len.is_some() || self.output_len.is_some())
            .then(|| format!("{}/{}", number(self.input_len), number(self.output_len)));
        let data = [self.dataset.clone(), lens].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let parts = [
            Some(data).filter(|data| !data.is_empty()),
            self.num_prompts.map(|prompts| format!("{prompts} prompts")),
            self.batch_size.map(|size| format!("batch {size}")),
            self.request_rate.as_ref().map(|rate| format!("rate {rate}")),
            self.max_concurrency.map(|most| format!("at most {most} at once")),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
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

    #[test]
    fn words_leave_out_what_nothing_tells() {
        let sonnet = Workload { dataset: Some("sonnet".to_owned()), input_len: Some(550), num_prompts: Some(30), ..Workload::default() };
        assert_eq!(sonnet.words(), "sonnet 550/?, 30 prompts");
        assert!(Workload::default().words().is_empty() && Workload::default().is_empty());
    }
}
