//! What the requests of a benchmark are made of: the dataset, lengths, how many.

use super::draft::Draft;
use super::words::Arguments;
use super::{LENGTHS, SHAREGPT};
use crate::domain::{BenchKind, Repair, Workload};
use crate::text::clean;

/// Requests of serving and throughput where the command names no number, in every version.
pub(super) const ALL_PROMPTS: u64 = 1000;

/// Datasets that `--dataset` may name by mistake for `--dataset-name`.
const DATASETS: [&str; 8] = ["sharegpt", "random", "sonnet", "burstgpt", "hf", "custom", "prefix_repetition", "random-mm"];

impl Draft<'_> {
    /// Of the serving benchmark.
    pub(super) fn requests(&mut self) {
        self.old_dataset();
        let dataset = self.arguments.get("--dataset-name").map(str::to_owned);
        let dataset = dataset.or_else(|| self.arguments.has("--dataset-path").then(|| "sharegpt".to_owned()));
        match dataset.as_deref() {
            Some("sharegpt") => {
                self.arguments.set("--dataset-name", "sharegpt");
                self.sharegpt("--dataset-path");
                // the script has its own name for it; it knows none for a prompt's length, which the file decides
                self.rename("--output-len", "--sharegpt-output-len");
            }
            Some("sonnet") if self.may(Repair::SonnetToRandom) => self.sonnet("--random-input-len", "--random-output-len"),
            Some("random") => self.random(),
            Some(_) => {}
            None if self.arguments.has("--random-input-len") || self.arguments.has("--random-output-len") => {
                self.arguments.set("--dataset-name", "random");
                self.note("--dataset-name random: the command gives its lengths");
                self.random();
            }
            None if self.may(Repair::MissingLengths) => {
                self.own_workload();
                self.random();
            }
            None => self.note("the command names no data, and missing_lengths is not among docker.repairs"),
        }
    }

    /// Of the offline throughput benchmark.
    pub(super) fn prompts(&mut self) {
        let lengths = ("--input-len", "--output-len");
        let named = self.arguments.get("--dataset-name").map(str::to_owned);
        match named.as_deref() {
            Some("sonnet") if self.may(Repair::SonnetToRandom) => self.sonnet(lengths.0, lengths.1),
            Some("sharegpt") => self.sharegpt("--dataset-path"),
            Some("random") if self.arguments.has("--random-input-len") => {}
            Some("random") => self.lengths(lengths.0, lengths.1),
            Some(_) => {}
            None if self.arguments.has("--dataset-path") => self.sharegpt("--dataset-path"),
            None if self.arguments.has("--dataset") => self.sharegpt("--dataset"),
            None if self.arguments.has("--random-input-len") => {}
            None => self.lengths(lengths.0, lengths.1),
        }
    }

    /// `--dataset`, as the first versions had it, as `--dataset-name` and `--dataset-path`.
    fn old_dataset(&mut self) {
        let Some(value) = self.arguments.take("--dataset") else { return };
        if DATASETS.contains(&value.as_str()) {
            self.arguments.set("--dataset-name", &value);
            self.note(format!("--dataset-name {value} in place of --dataset"));
        } else if value.contains('/') || value.to_lowercase().contains("sharegpt") {
            self.arguments.set("--dataset-path", &value);
        } else {
            self.note(format!("the dataset '{}' is none of the serving benchmark's: left out", clean::shown(&value)));
        }
    }

    /// The file of `ShareGPT` lies where it is mounted.
    fn sharegpt(&mut self, argument: &str) {
        let written = self.arguments.get(argument).map(str::to_owned);
        if written.as_deref() != Some(SHAREGPT) {
            self.arguments.set(argument, SHAREGPT);
            let place = written.filter(|path| !path.is_empty()).map(|path| format!(" in place of {}", clean::shown(&path)));
            self.note(format!("{argument} {SHAREGPT}{}", place.unwrap_or_default()));
        }
        self.plan.dataset = Some(SHAREGPT.to_owned());
    }

    /// Random prompts of the same lengths.
    fn sonnet(&mut self, input: &str, output: &str) {
        for (from, to, length) in [("--sonnet-input-len", input, LENGTHS.0), ("--sonnet-output-len", output, LENGTHS.1)] {
            if let Some(written) = self.arguments.take(from) {
                self.arguments.set(to, &written);
            } else if !self.arguments.has(to) {
                self.arguments.set(to, &length.to_string());
            }
        }
        self.arguments.take("--sonnet-prefix-len");
        self.arguments.take("--dataset-path");
        self.arguments.set("--dataset-name", "random");
        let lengths = [input, output].map(|name| self.arguments.get(name).unwrap_or_default().to_owned()).join("/");
        self.repaired(Repair::SonnetToRandom, format!("random prompts of {lengths} tokens in place of sonnet's"));
    }

    /// Random prompts have lengths, by the names that the client knows.
    fn random(&mut self) {
        self.rename("--input-len", "--random-input-len");
        self.rename("--output-len", "--random-output-len");
        self.lengths("--random-input-len", "--random-output-len");
    }

    /// What the serving client knows by another name.
    fn rename(&mut self, from: &str, to: &str) {
        if !self.may(Repair::MissingLengths) {
            return;
        }
        if let Some(value) = self.arguments.take(from) {
            if !self.arguments.has(to) {
                self.arguments.set(to, &value);
            }
            self.repaired(Repair::MissingLengths, format!("{to} {} in place of {from}", clean::shown(&value)));
        }
    }
}

/// What is measured, by the arguments as they are at last, and by the defaults that all versions share.
pub(super) fn workload(kind: BenchKind, arguments: &Arguments) -> Workload {
    let small = |names: &[&str]| arguments.number(names).and_then(|number| number.try_into().ok());
    let named = arguments.get("--dataset-name").map(str::to_owned);
    let common = Workload { model: arguments.get("--model").map(str::to_owned), dataset: named.clone(), ..Workload::default() };
    match kind {
        BenchKind::Serving => {
            let of = |what: &str| {
                let by_name = named.as_ref().map(|name| format!("--{name}-{what}")).unwrap_or_default();
                arguments.number(&[by_name.as_str(), &format!("--{what}")])
            };
            let rate = arguments.get("--request-rate").unwrap_or("inf");
            Workload {
                input_len: of("input-len"),
                output_len: of("output-len"),
                num_prompts: Some(arguments.number(&["--num-prompts"]).unwrap_or(ALL_PROMPTS)),
                request_rate: rate.parse::<f64>().ok().map(|rate| rate.to_string()),
                max_concurrency: small(&["--max-concurrency"]),
                ignore_eos: Some(arguments.has("--ignore-eos")),
                ..common
            }
        }
        BenchKind::Latency => Workload {
            input_len: Some(arguments.number(&["--input-len"]).unwrap_or(32)),
            output_len: Some(arguments.number(&["--output-len"]).unwrap_or(128)),
            batch_size: Some(small(&["--batch-size"]).unwrap_or(8)),
            ..common
        },
        BenchKind::Throughput => Workload {
            input_len: arguments.number(&["--input-len", "--random-input-len"]),
            output_len: arguments.number(&["--output-len", "--random-output-len"]),
            num_prompts: Some(arguments.number(&["--num-prompts"]).unwrap_or(ALL_PROMPTS)),
            ..common
        },
        BenchKind::PrefixCaching => Workload {
            output_len: Some(arguments.number(&["--output-len"]).unwrap_or(10)),
            num_prompts: arguments.number(&["--num-prompts"]),
            ..common
        },
    }
}
