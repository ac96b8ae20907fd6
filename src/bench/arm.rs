//! An arm in a container: what is measured, made of the `perf_command` of `arms.mapping`, and the script that measures it.
//!
//! Everything here is pure: the same question has the same answer on every machine, and for all arms of an item the workload
//! is the same.

mod data;
mod draft;
pub mod script;
mod serving;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;

use crate::domain::{BenchKind, Repair, Workload};
use draft::Draft;
use words::Program;

/// Stands for the port within [`ArmPlan::client`] and [`ArmPlan::server`].
const PORT: &str = "{port}";

/// The server is for its client alone: containers share the network of the machine.
const HOST: &str = "127.0.0.1";

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The command by which the human measured, as it stands in the mapping.
    pub perf_command: &'a str,
    /// The model that the mapping names, where it does.
    pub model: Option<&'a str>,
    /// Models that are served in place of others.
    pub overrides: &'a BTreeMap<String, String>,
    /// The repairs that may be made.
    pub repairs: &'a [Repair],
    /// Arguments of the server, where the command does not say otherwise.
    pub server_args: &'a [String],
    /// Folders of the image in which vLLM's repository may lie, for its `benchmarks/`.
    pub sources: &'a [String],
}

/// What is measured, and how.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ArmPlan {
    /// Serving where the command does not tell, as ISO-Bench does.
    pub kind: Option<BenchKind>,
    /// The model that was asked for.
    pub model: Option<String>,
    /// The model that is served.
    pub model_run: Option<String>,
    /// Variables that stand before the command: `VLLM_USE_V1=1`.
    pub environment: Vec<(String, String)>,
    /// The client, or the offline benchmark: program and arguments. `{port}` is filled in by the script.
    pub client: Vec<String>,
    /// The same by the CLI, `vllm bench …`, for images that have no such script; empty where the command is that already.
    pub client_cli: Vec<String>,
    /// Arguments of the server, `--model` first; empty where none is needed.
    pub server: Vec<String>,
    /// Which of them are ours and not the command's, by name: a server that refuses one is started again without it.
    pub server_defaults: Vec<String>,
    /// A file that the client reads, as the container sees it.
    pub dataset: Option<String>,
    /// The repairs that were made in the command. Those that can only be seen inside are told by the script.
    pub repairs: Vec<Repair>,
    /// The same for the script: repairs that it may make.
    pub may_repair: Vec<Repair>,
    /// What is to be known of it, in sentences.
    pub notes: Vec<String>,
    /// What is measured, as far as the command tells.
    pub workload: Workload,
    /// GPUs that it wants.
    pub gpus: usize,
    /// Where vLLM's repository may lie in the image.
    pub sources: Vec<String>,
}

/// The model of `benchmark_latency.py` and `benchmark_throughput.py` that name none, in most versions.
const SMALL: &str = "facebook/opt-125m";

/// Tokens of a prompt and of an answer, and requests: ISO-Bench's own workload, where a command tells none.
const LENGTHS: (u64, u64) = (256, 64);
const PROMPTS: u64 = 100;

/// Prompts of a batch, as `benchmark_latency.py` has them.
const BATCH: u64 = 8;

/// Where the containers see the file of ShareGPT, as ISO-Bench mounts it (`docker.mounts`).
const SHAREGPT: &str = "/data/sharegpt_dataset.json";

/// Makes the plan; the error says what is wrong with the command.
pub fn plan(question: &Question<'_>) -> Result<ArmPlan, String> {
    let command = words::read(question.perf_command)?;
    let kind = match &command.program {
        Program::Cli(name) => {
            BenchKind::of_command(&format!("bench {name}")).ok_or_else(|| format!("'vllm bench {name}' is no benchmark that we know"))?
        }
        Program::Script(name) => BenchKind::of_command(name).unwrap_or(BenchKind::Serving),
    };
    let mut draft = Draft::new(question, command, kind);
    draft.take_what_is_ours();
    draft.fill_placeholders();
    draft.choose_model()?;
    draft.data();
    let server = if kind == BenchKind::Serving { draft.server() } else { Vec::new() };
    Ok(draft.done(server))
}
