//! What was measured, as far as an output tells: the arguments that make two measurements comparable, or not.

use serde::{Deserialize, Serialize};

/// The work that a benchmark was given. A field that the output does not tell is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Workload {
    /// The model asked for, as the arguments name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `vllm`, `openai`, `sglang`, …: whom the client spoke to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
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
    pub batch_size: Option<u64>,
    /// Requests a second in their shortest form: `inf`, `8`, `0.5`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_rate: Option<String>,
    /// Requests under way at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<u64>,
    /// Every answer has all the tokens asked for, whatever the model says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_eos: Option<bool>,
}

impl Workload {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What both tell and tell otherwise: name, here, there. Empty: nothing speaks against a comparison. Who was spoken to
    /// (`backend`) is no part of the work, and neither is the model's name: that is compared where overrides are known.
    pub fn differences(&self, other: &Self) -> Vec<(&'static str, String, String)> {
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let fields = [
            ("dataset", self.dataset.clone(), other.dataset.clone()),
            ("input_len", number(self.input_len), number(other.input_len)),
            ("output_len", number(self.output_len), number(other.output_len)),
            ("num_prompts", number(self.num_prompts), number(other.num_prompts)),
            ("batch_size", number(self.batch_size), number(other.batch_size)),
            ("request_rate", self.request_rate.clone(), other.request_rate.clone()),
            ("max_concurrency", number(self.max_concurrency), number(other.max_concurrency)),
        ];
        fields.into_iter().filter_map(|(name, here, there)| Some((name, here?, there?))).filter(|(_, here, there)| here != there).collect()
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
            input_len: Some(550),
            request_rate: Some("inf".to_owned()),
            ..Workload::default()
        };
        let random = Workload {
            dataset: Some("random".to_owned()),
            num_prompts: Some(100),
            request_rate: Some("inf".to_owned()),
            ..Workload::default()
        };
        assert_eq!(sonnet.differences(&random), [("dataset", "sonnet".to_owned(), "random".to_owned())]);
        assert_eq!(sonnet.words(), "sonnet 550/?, rate inf");
        assert!(Workload::default().words().is_empty() && Workload::default().is_empty());
    }
}
