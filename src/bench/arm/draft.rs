//! A plan in the making: the command's arguments, what was repaired in them, what is to be known.

use super::words::{Arguments, Command, Program, names};
use super::{ArmPlan, BATCH, LENGTHS, PROMPTS, Question, SMALL, data};
use crate::domain::{BenchKind, Repair};
use crate::text::clean;

/// Where results would be written to, inside; what is printed is all that is read.
const RESULT_FILES: [&str; 7] =
    ["--save-result", "--save-detailed", "--append-result", "--result-dir", "--result-filename", "--metadata", "--output-json"];

/// Where the server is: that is the arm's business.
const ADDRESS: [&str; 3] = ["--host", "--port", "--base-url"];

/// Arguments that are numbers, and what stands for a placeholder in their place.
const NUMBERS: [(&str, u64); 5] = [
    ("--batch-size", BATCH),
    ("--input-len", LENGTHS.0),
    ("--output-len", LENGTHS.1),
    ("--random-input-len", LENGTHS.0),
    ("--random-output-len", LENGTHS.1),
];

/// See the module.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) question: &'a Question<'a>,
    pub(super) kind: BenchKind,
    pub(super) program: Program,
    pub(super) arguments: Arguments,
    pub(super) plan: ArmPlan,
}

impl<'a> Draft<'a> {
    pub(super) fn new(question: &'a Question<'a>, command: Command, kind: BenchKind) -> Self {
        let Command { environment, mut program, arguments, notes } = command;
        let sources = question.sources.to_vec();
        let mut plan =
            ArmPlan { kind: Some(kind), environment, notes, sources, may_repair: question.repairs.to_vec(), ..ArmPlan::default() };
        if let Program::Script(name) = &mut program {
            let standard = format!("benchmark_{}.py", kind.name());
            if *name != standard {
                plan.notes.push(format!("{standard} is run in place of {}, which vLLM does not have", clean::shown(name)));
                *name = standard;
            }
        }
        plan.gpus = gpus(&arguments);
        Self { question, kind, program, arguments, plan }
    }

    /// Whether a repair may be made.
    pub(super) fn may(&self, repair: Repair) -> bool {
        self.question.repairs.contains(&repair)
    }

    /// A repair that was made, with what is to be known of it.
    pub(super) fn repaired(&mut self, repair: Repair, note: String) {
        if !self.plan.repairs.contains(&repair) {
            self.plan.repairs.push(repair);
        }
        self.plan.notes.push(note);
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.plan.notes.push(note.into());
    }

    /// Where the server is, and where results go to, is not for the command to say.
    pub(super) fn take_what_is_ours(&mut self) {
        let of =
            |listed: &[&str], arguments: &mut Arguments| names(&arguments.take_if(|argument| listed.contains(&argument.name.as_str())));
        let files = of(&RESULT_FILES, &mut self.arguments);
        if !files.is_empty() {
            self.note(format!("{files}: left out, what is printed is read"));
        }
        let address = of(&ADDRESS, &mut self.arguments);
        if !address.is_empty() {
            self.note(format!("{address}: the arm's own"));
        }
    }

    /// `--batch-size BS` and its like get a number.
    pub(super) fn fill_placeholders(&mut self) {
        for (name, number) in NUMBERS {
            let Some(value) = self.arguments.get(name).filter(|value| value.parse::<f64>().is_err()) else { continue };
            let value = clean::shown(value).into_owned();
            if self.may(Repair::MissingLengths) {
                self.arguments.set(name, &number.to_string());
                self.repaired(Repair::MissingLengths, format!("{name} {number} in place of '{value}'"));
            }
        }
    }

    /// The model is the mapping's, as ISO-Bench has it, else the command's; then what is served in its place.
    pub(super) fn choose_model(&mut self) -> Result<(), String> {
        let is_name = |model: &&str| !model.is_empty() && *model != "unknown";
        let mapped = self.question.model.filter(is_name);
        let written = self.arguments.get("--model").filter(|model| !model.is_empty()).map(str::to_owned);
        let own = written.as_deref().filter(|model| !is_placeholder(model));
        let asked = match (mapped, own) {
            (Some(mapped), Some(own)) if mapped != own => {
                self.plan
                    .notes
                    .push(format!("the command names the model {}, the mapping {mapped}: the mapping's counts", clean::shown(own)));
                mapped
            }
            (Some(mapped), None) => {
                if let Some(written) = &written {
                    self.plan.notes.push(format!("the model is {mapped} in place of '{}'", clean::shown(written)));
                }
                mapped
            }
            (Some(model), _) | (None, Some(model)) => model,
            (None, None) => match &written {
                Some(written) => {
                    return Err(format!(
                        "the command has the placeholder '{}' for its model, and the mapping names none: put \"model\" into the file of arms.mapping",
                        clean::shown(written)
                    ));
                }
                None if self.kind == BenchKind::Serving => {
                    return Err("neither the command nor the mapping names a model: put \"model\" into the file of arms.mapping".to_owned());
                }
                None => {
                    self.plan.notes.push(format!("no model is named: {SMALL}, as the benchmark has it"));
                    SMALL
                }
            },
        };
        let run = self.question.overrides.get(asked).map_or(asked, String::as_str).to_owned();
        for name in ["--tokenizer", "--served-model-name"] {
            if self.arguments.get(name).is_some_and(|value| value == asked || Some(value) == own) {
                self.arguments.set(name, &run);
            }
        }
        self.arguments.set("--model", &run);
        self.plan.model = Some(asked.to_owned());
        self.plan.model_run = Some(run);
        Ok(())
    }

    /// What the requests are made of.
    pub(super) fn data(&mut self) {
        match self.kind {
            BenchKind::Serving => self.requests(),
            BenchKind::Throughput => self.prompts(),
            BenchKind::Latency | BenchKind::PrefixCaching => {}
        }
        let rate =
            self.arguments.get("--request-rate").and_then(|rate| rate.parse::<f64>().ok()).filter(|rate| rate.is_finite() && *rate > 0.0);
        let prompts = self.arguments.number(&["--num-prompts"]).unwrap_or(data::ALL_PROMPTS);
        #[expect(clippy::cast_precision_loss, reason = "nobody sends 2^53 requests")]
        let minutes = rate.map_or(0.0, |rate| prompts as f64 / rate / 60.0);
        if self.kind == BenchKind::Serving && minutes >= 10.0 {
            self.note(format!("{prompts} requests at this rate take {minutes:.0} minutes: see budget.bench"));
        }
    }

    /// The plan, with its server.
    pub(super) fn done(mut self, server: Vec<String>) -> ArmPlan {
        let mut arguments = self.arguments;
        self.plan.workload = data::workload(self.kind, &arguments);
        if self.kind == BenchKind::Serving {
            arguments.set("--host", super::HOST);
            arguments.set("--port", super::PORT);
        }
        let cli = |name: &str, arguments: &Arguments| {
            let words = ["vllm", "bench", name].map(str::to_owned);
            words.into_iter().chain(arguments.words()).collect::<Vec<_>>()
        };
        match &self.program {
            Program::Cli(name) => self.plan.client = cli(name, &arguments),
            Program::Script(name) => {
                let words = ["python".to_owned(), format!("benchmarks/{name}")];
                self.plan.client = words.into_iter().chain(arguments.words()).collect();
                self.plan.client_cli = match self.kind {
                    BenchKind::Serving => cli("serve", &in_the_cli(arguments)),
                    BenchKind::Latency => cli("latency", &in_the_cli(arguments)),
                    BenchKind::Throughput => cli("throughput", &in_the_cli(arguments)),
                    // the script stayed where it was
                    BenchKind::PrefixCaching => Vec::new(),
                };
            }
        }
        self.plan.server = server;
        self.plan
    }

    /// Lengths that are missing, by the names that the benchmark has for them. They are known then.
    pub(super) fn lengths(&mut self, input: &str, output: &str) {
        let missing: Vec<_> = [(input, LENGTHS.0), (output, LENGTHS.1)].into_iter().filter(|(name, _)| !self.arguments.has(name)).collect();
        if missing.is_empty() || !self.may(Repair::MissingLengths) {
            return;
        }
        for (name, length) in &missing {
            self.arguments.set(name, &length.to_string());
        }
        let words: Vec<_> = missing.iter().map(|(name, length)| format!("{name} {length}")).collect();
        self.repaired(Repair::MissingLengths, format!("the command does not say how long: {}", words.join(" ")));
    }

    /// ISO-Bench's own workload, where the command names no data.
    pub(super) fn own_workload(&mut self) {
        self.arguments.set("--dataset-name", "random");
        let mut words = "random prompts".to_owned();
        if !self.arguments.has("--num-prompts") {
            self.arguments.set("--num-prompts", &PROMPTS.to_string());
            words = format!("{PROMPTS} random prompts");
        }
        self.repaired(Repair::MissingLengths, format!("the command names no data: {words}, as ISO-Bench has them"));
    }
}

/// The same for the CLI, which knows two of them by other names.
fn in_the_cli(mut arguments: Arguments) -> Arguments {
    // its default speaks to the same address, and some of its versions do not know `vllm`
    if arguments.get("--backend").is_some_and(|backend| ["vllm", "openai"].contains(&backend)) {
        arguments.take("--backend");
    }
    arguments.take("--best-of");
    if let Some(path) = arguments.take("--dataset") {
        arguments.set("--dataset-name", "sharegpt");
        arguments.set("--dataset-path", &path);
    }
    arguments
}

/// GPUs that the arguments want: the product of what is spread over.
fn gpus(arguments: &Arguments) -> usize {
    let spread = [["--tensor-parallel-size", "-tp"], ["--pipeline-parallel-size", "-pp"], ["--data-parallel-size", "-dp"]];
    let product = spread.iter().map(|names| arguments.number(names).unwrap_or(1).max(1)).fold(1, u64::saturating_mul);
    usize::try_from(product).unwrap_or(usize::MAX)
}

/// Whether a model is none, but stands for one: `MODEL`, `$MODEL`, `<model>`, a folder of somebody's machine.
fn is_placeholder(model: &str) -> bool {
    model.contains(['$', '<', '>', '{', '}'])
        || model.starts_with(['/', '.', '~'])
        || model.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b' '))
}
