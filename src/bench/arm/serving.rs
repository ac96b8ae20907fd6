//! The server of a serving benchmark: which of the command's arguments are its own.

use super::draft::Draft;
use super::words::{Argument, Arguments, names};
use super::{HOST, PORT};
use crate::domain::Repair;

/// Arguments that servers know and clients do not.
const SERVERS: [&str; 63] = [
    "--async-scheduling",
    "--attention-backend",
    "--block-size",
    "--chat-template",
    "--compilation-config",
    "--config-format",
    "--cpu-offload-gb",
    "--cuda-graph-sizes",
    "--data-parallel-size",
    "--device",
    "--disable-custom-all-reduce",
    "--disable-frontend-multiprocessing",
    "--disable-log-requests",
    "--disable-log-stats",
    "--disable-sliding-window",
    "--distributed-executor-backend",
    "--dtype",
    "--enable-auto-tool-choice",
    "--enable-chunked-prefill",
    "--enable-expert-parallel",
    "--enable-lora",
    "--enable-prefix-caching",
    "--enforce-eager",
    "--engine-use-ray",
    "--generation-config",
    "--gpu-memory-utilization",
    "--guided-decoding-backend",
    "--hf-overrides",
    "--kv-cache-dtype",
    "--kv-transfer-config",
    "--limit-mm-per-prompt",
    "--load-format",
    "--long-prefill-token-threshold",
    "--max-long-partial-prefills",
    "--max-model-len",
    "--max-num-batched-tokens",
    "--max-num-partial-prefills",
    "--max-num-seqs",
    "--max-seq-len-to-capture",
    "--mm-processor-kwargs",
    "--model-loader-extra-config",
    "--multi-step-stream-outputs",
    "--no-enable-chunked-prefill",
    "--no-enable-prefix-caching",
    "--num-gpu-blocks-override",
    "--num-lookahead-slots",
    "--num-scheduler-steps",
    "--num-speculative-tokens",
    "--override-generation-config",
    "--pipeline-parallel-size",
    "--preemption-mode",
    "--quantization",
    "--reasoning-parser",
    "--rope-scaling",
    "--scheduler-delay-factor",
    "--scheduling-policy",
    "--swap-space",
    "--task",
    "--tensor-parallel-size",
    "--tool-call-parser",
    "--use-v2-block-manager",
    "--worker-use-ray",
    "-O",
];

/// The short names of some.
const SHORT: [(&str, &str); 4] =
    [("-tp", "--tensor-parallel-size"), ("-pp", "--pipeline-parallel-size"), ("-dp", "--data-parallel-size"), ("-q", "--quantization")];

/// Arguments that both need to know.
const BOTH: [&str; 3] = ["--trust-remote-code", "--served-model-name", "--tokenizer-mode"];

/// Arguments of other benchmarks, which neither client nor server knows.
const NOBODYS: [&str; 6] =
    ["--async-engine", "--batch-size", "--guided-decoding-ratio", "--num-iters", "--num-iters-warmup", "--repeat-count"];

impl Draft<'_> {
    /// Takes the server's arguments out of the client's, and gives them to it, with what is given to every server.
    pub(super) fn server(&mut self) -> Vec<String> {
        let nobodys = self.arguments.take_if(|argument| NOBODYS.contains(&argument.name.as_str()));
        if !nobodys.is_empty() {
            self.note(format!("{}: left out, neither client nor server of a serving benchmark knows it", names(&nobodys)));
        }
        let mut server = Arguments::default();
        server.set("--model", self.plan.model_run.as_deref().unwrap_or_default());
        server.set("--host", HOST);
        server.set("--port", PORT);
        if self.may(Repair::ServerArguments) {
            let own = self.arguments.take_if(is_servers);
            if !own.is_empty() {
                self.repaired(Repair::ServerArguments, format!("{}: given to the server, the client does not know it", names(&own)));
                server.0.extend(own);
            }
            server.0.extend(self.arguments.0.iter().filter(|argument| BOTH.contains(&argument.name.as_str())).cloned());
        }
        let (defaults, _) = Arguments::read(self.question.server_args);
        let given: Vec<String> = server.0.iter().map(|argument| long(&argument.name).to_owned()).collect();
        for default in defaults.0.into_iter().filter(|default| !given.iter().any(|given| given == long(&default.name))) {
            if self.is_too_short(&default) {
                self.note(format!(
                    "{} of docker.server_args: left out, prompt and answer are longer",
                    names(std::slice::from_ref(&default))
                ));
                continue;
            }
            self.plan.server_defaults.push(default.name.clone());
            server.0.push(default);
        }
        server.words().collect()
    }

    /// Whether a length of ours is none that the workload fits into.
    fn is_too_short(&self, default: &Argument) -> bool {
        let length = |names: &[&str]| self.arguments.number(names).unwrap_or(0);
        let wanted = length(&["--random-input-len"]).saturating_add(length(&["--random-output-len", "--sharegpt-output-len"]));
        let most = default.values.first().and_then(|most| most.parse::<u64>().ok());
        default.name == "--max-model-len" && most.is_some_and(|most| wanted > most)
    }
}

fn is_servers(argument: &Argument) -> bool {
    let name = long(&argument.name);
    SERVERS.contains(&name) || name.starts_with("--speculative-") || name.starts_with("--spec-decoding-")
}

/// The long name of an argument.
fn long(name: &str) -> &str {
    SHORT.iter().find(|(short, _)| *short == name).map_or(name, |(_, long)| long)
}
