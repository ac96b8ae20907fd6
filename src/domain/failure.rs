//! Why things fail, and what that means for the rest of the queue.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The cause of a failed stage. The names are those of the result files and reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The commit is not in the clone, or its sha is ambiguous.
    BadSha,
    /// There is no clone of the repository.
    MissingRepo,
    /// The commit has no such parent.
    MissingParent,
    /// A git command failed.
    GitError,
    /// A disk or a quota is full.
    NoSpace,
    /// There is nothing to ask the agent: no earlier prompt to copy, or a template that is wrong.
    NoPrompt,
    /// The agent's program could not be started.
    AgentNotFound,
    /// The agent's program ended with an error of its own.
    AgentCrashed,
    /// Steps, time or tokens ran out.
    AgentBudget,
    /// The agent did not get on any more, and was stopped for that (`--on-stuck`).
    AgentStuck,
    /// The agent changed nothing.
    EmptyPatch,
    /// The agent changed files, but no source file.
    NoSource,
    /// The agent left its work uncommitted, and ISO-Bench counts only commits.
    Uncommitted,
    /// The patch changes files that the task's `strict_targets` forbids.
    OutsideTargets,
    /// The patch does not apply to the parent commit.
    PatchDoesNotApply,
    /// The registry has no such image or tag.
    ImageMissing,
    /// The registry refuses us the image.
    ImageAccess,
    /// The registry wants us slower: too many pulls.
    RateLimit,
    /// The registry does not answer, or not as a registry does.
    RegistryDown,
    /// There is no Docker daemon to talk to.
    NoDocker,
    /// The container does not see the GPU, or the driver lost it.
    GpuLost,
    /// The GPU's memory is full, or too small for what was asked.
    CudaOom,
    /// The machine's memory is full.
    HostOom,
    /// The command wants more GPUs than there are.
    TooFewGpus,
    /// This vLLM does not know the model's RoPE scaling.
    RopeType,
    /// The installed `transformers` does not fit this vLLM.
    BrokenTransformers,
    /// The tokenizer has no chat template.
    ChatTemplate,
    /// Python could not import a module.
    ImportError,
    /// There is no such model, or it can't be downloaded from here.
    ModelMissing,
    /// The model is gated, and the token may not have it.
    GatedModel,
    /// Nothing says how the commit is measured.
    NoCommand,
    /// The benchmark script is not in the image, or has moved.
    BenchmarkMissing,
    /// Only some hunks of the patch went in.
    PatchHalfApplied,
    /// A file that the patch changed can't be parsed.
    PatchSyntax,
    /// The server ended before the benchmark did.
    ServerCrashed,
    /// The server did not answer in its time.
    ServerNeverReady,
    /// Something else listens on the server's port.
    PortInUse,
    /// The image did not come in its time.
    TimeoutPull,
    /// The server was still starting when the time ran out.
    TimeoutServer,
    /// The benchmark did not end in its time.
    TimeoutBenchmark,
    /// The agent's process hung when its time ran out.
    TimeoutAgent,
    /// A benchmark command ended with an error.
    ArmCrashed,
    /// A benchmark command ended well, and printed no number.
    NoMetrics,
    /// Something disturbed the measurement: its numbers are not to be trusted.
    Tainted,
    /// A stage ran out of its time. Only ledgers of old have it: a new one says which phase.
    Timeout,
    /// Something killed the process: the kernel out of memory, or a person.
    Killed,
    /// The API refused the credentials.
    ApiAuth,
    /// The API account is out of credit.
    ApiQuota,
    /// The API wants us slower.
    ApiRateLimit,
    /// The API was given something it does not understand: the agent's own fault.
    ApiProtocol,
    /// The API does not answer.
    ApiDown,
    /// The prompt outgrew the model.
    ContextOverflow,
    /// None of the above. The last one: a test counts by it.
    Unknown,
}

/// How a class of failures behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temper {
    /// The agent's own fault or a fact of the item: the same again would end the same.
    Lasting,
    /// Worth trying again after a pause.
    Transient,
}

/// Whether the next items will meet the same cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// It is about this item.
    Item,
    /// It lies outside of the item.
    Queue,
}

/// What there is to know of a class.
struct Row {
    name: &'static str,
    temper: Temper,
    reach: Reach,
    hint: &'static str,
}

impl Row {
    const fn of(name: &'static str, hint: &'static str) -> Self {
        Self { name, temper: Temper::Lasting, reach: Reach::Item, hint }
    }

    const fn transient(self) -> Self {
        Self { temper: Temper::Transient, ..self }
    }

    const fn of_the_queue(self) -> Self {
        Self { reach: Reach::Queue, ..self }
    }
}

impl FailureClass {
    /// Every class, for tables and tests.
    pub const ALL: [Self; 53] = [
        Self::BadSha,
        Self::MissingRepo,
        Self::MissingParent,
        Self::GitError,
        Self::NoSpace,
        Self::NoPrompt,
        Self::AgentNotFound,
        Self::AgentCrashed,
        Self::AgentBudget,
        Self::AgentStuck,
        Self::EmptyPatch,
        Self::NoSource,
        Self::Uncommitted,
        Self::OutsideTargets,
        Self::PatchDoesNotApply,
        Self::ImageMissing,
        Self::ImageAccess,
        Self::RateLimit,
        Self::RegistryDown,
        Self::NoDocker,
        Self::GpuLost,
        Self::CudaOom,
        Self::HostOom,
        Self::TooFewGpus,
        Self::RopeType,
        Self::BrokenTransformers,
        Self::ChatTemplate,
        Self::ImportError,
        Self::ModelMissing,
        Self::GatedModel,
        Self::NoCommand,
        Self::BenchmarkMissing,
        Self::PatchHalfApplied,
        Self::PatchSyntax,
        Self::ServerCrashed,
        Self::ServerNeverReady,
        Self::PortInUse,
        Self::TimeoutPull,
        Self::TimeoutServer,
        Self::TimeoutBenchmark,
        Self::TimeoutAgent,
        Self::ArmCrashed,
        Self::NoMetrics,
        Self::Tainted,
        Self::Timeout,
        Self::Killed,
        Self::ApiAuth,
        Self::ApiQuota,
        Self::ApiRateLimit,
        Self::ApiProtocol,
        Self::ApiDown,
        Self::ContextOverflow,
        Self::Unknown,
    ];

    /// The one table of the classes: the compiler sees that none is missing.
    const fn row(self) -> Row {
        match self {
            Self::BadSha => Row::of("bad_sha", "check the sha in the plan, or fetch it into the clone"),
            Self::MissingRepo => Row::of("missing_repo", "clone the repository, or run with --clone"),
            Self::MissingParent => Row::of("missing_parent", "fetch the parent into the clone (a shallow clone lacks it)"),
            Self::GitError => Row::of("git_error", "6 shows what the stage wrote; R tries the item again").transient(),
            Self::NoSpace => Row::of("no_space", "free space on the disk named, then resume").of_the_queue(),
            Self::NoPrompt => Row::of("no_prompt", "`isobench-tui print prompt ITEM` says what is missing"),
            Self::AgentNotFound => Row::of("agent_not_found", "check agent.command in the configuration and PATH"),
            Self::AgentCrashed => Row::of("agent_crashed", "6 shows what the agent wrote; R tries the item again"),
            Self::AgentBudget => {
                Row::of("agent_budget", "raise the budget, or leave it: the patch so far was benchmarked if there was one")
            }
            Self::AgentStuck => Row::of("agent_stuck", "2 shows the agent's last steps; R tries the item again"),
            Self::EmptyPatch => Row::of("empty_patch", "nothing to benchmark; 2 shows the agent's last steps"),
            Self::NoSource => Row::of("no_source", "nothing to benchmark; 6 shows the patch"),
            Self::Uncommitted => Row::of("uncommitted", "6 shows the patch: it can be measured; ISO-Bench counts only what was committed"),
            Self::OutsideTargets => Row::of("outside_targets", "6 shows the patch; the task's target_files say what may be changed"),
            Self::PatchDoesNotApply => Row::of("patch_does_not_apply", "6 shows the patch: it was made against other files"),
            Self::ImageMissing => Row::of("image_missing", "the image is not in the registry: build and push it, or name another"),
            Self::ImageAccess => Row::of("image_access", "log in to the registry (`docker login`), or check the name of the image"),
            Self::RateLimit => {
                Row::of("rate_limit", "wait, or log in to the registry: a logged-in account may pull more").transient().of_the_queue()
            }
            Self::RegistryDown => {
                Row::of("registry_down", "check the registry's name and the network to it, then resume").transient().of_the_queue()
            }
            Self::NoDocker => Row::of("no_docker", "start Docker, or say where it is with DOCKER_HOST").of_the_queue(),
            Self::GpuLost => {
                Row::of("gpu_lost", "compare `nvidia-smi` on the host and in a container; recreate the container, or restart Docker")
                    .of_the_queue()
            }
            Self::CudaOom => Row::of("cuda_oom", "look for other processes on the GPU; or lower gpu_memory_utilization or max_model_len"),
            Self::HostOom => Row::of("host_oom", "give the container more memory, or run less beside it"),
            Self::TooFewGpus => Row::of("too_few_gpus", "run it where there are as many GPUs as --tensor-parallel-size asks for"),
            Self::RopeType => {
                Row::of("rope_type", "the model is newer than this vLLM: measure with an older model (Meta-Llama-3 for Llama-3.1)")
            }
            Self::BrokenTransformers => Row::of("broken_transformers", "pin transformers to the version of that vLLM's requirements"),
            Self::ChatTemplate => Row::of("chat_template", "use --dataset-name random instead of sonnet, or a model with a chat template"),
            Self::ImportError => Row::of("import_error", "the package is missing or built for another version: look at the evidence line"),
            Self::ModelMissing => Row::of("model_missing", "check the model's name, and the network to the model hub"),
            Self::GatedModel => Row::of("gated_model", "ask for access on the model's page, and give HF_TOKEN to the run"),
            Self::NoCommand => Row::of("no_command", "add the commit with its perf_command to arms.mapping, then r tries the stage again"),
            Self::BenchmarkMissing => {
                Row::of("benchmark_missing", "since vLLM 0.11 it is `vllm bench`: use that, or the image of the commit")
            }
            Self::PatchHalfApplied => Row::of("patch_half_applied", "the patch was made against other files; its numbers say nothing"),
            Self::PatchSyntax => Row::of("patch_syntax", "the agent's fault: the patch breaks the file"),
            Self::ServerCrashed => Row::of("server_crashed", "6 shows what the server wrote"),
            Self::ServerNeverReady => Row::of("server_never_ready", "6 shows what the server wrote; or raise its time"),
            Self::PortInUse => Row::of("port_in_use", "look for a server that was left behind (`docker ps`), and stop it"),
            Self::TimeoutPull => Row::of("timeout_pull", "pull it by hand first, or raise the budget").transient(),
            Self::TimeoutServer => Row::of("timeout_server", "raise the budget: loading and compiling count"),
            Self::TimeoutBenchmark => {
                Row::of("timeout_benchmark", "raise the budget: pulling, loading and compiling count where nothing says otherwise")
            }
            Self::TimeoutAgent => Row::of("timeout_agent", "raise the budget, or look at its last steps (2)"),
            Self::ArmCrashed => Row::of("arm_crashed", "6 shows what the arm wrote; r tries the stage again"),
            Self::NoMetrics => Row::of("no_metrics", "the command printed no 'name: number unit' line; 6 shows what it wrote"),
            Self::Tainted => Row::of("tainted", "r runs this arm again"),
            Self::Timeout => Row::of("timeout", "6 shows what the stage wrote until it hung; or raise its budget"),
            Self::Killed => Row::of("killed", "look for the out-of-memory killer in the kernel log; R tries again").transient(),
            Self::ApiAuth => Row::of("api_auth", "a renewed key needs a new runner: q x, then `run --resume`").of_the_queue(),
            Self::ApiQuota => Row::of("api_quota", "top up the account, then resume").of_the_queue(),
            Self::ApiRateLimit => Row::of("api_rate_limit", "wait; the queue tries again by itself").transient().of_the_queue(),
            Self::ApiProtocol => Row::of("api_protocol", "the agent sent a malformed request; R tries again"),
            Self::ApiDown => Row::of("api_down", "wait; the queue tries again by itself").transient().of_the_queue(),
            Self::ContextOverflow => Row::of("context_overflow", "the conversation outgrew the model; R tries again"),
            Self::Unknown => Row::of("unknown", "6 shows what the stage wrote"),
        }
    }

    /// The word used in files and on the screen.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Whether the same again may end otherwise.
    pub const fn temper(self) -> Temper {
        self.row().temper
    }

    /// Whether this cause lies outside the item, so that the next items will meet it too.
    /// Three such ends in a row open the breaker.
    pub const fn is_systemic(self) -> bool {
        matches!(self.row().reach, Reach::Queue)
    }

    /// Whether a limit or a policy ended the agent: what it had done until then is work, and is measured.
    pub const fn is_agent_stopped(self) -> bool {
        matches!(self, Self::AgentBudget | Self::AgentStuck | Self::TimeoutAgent)
    }

    /// What a person can do about it. Where the evidence is known, `bench::hint` may have a more exact one.
    pub const fn hint(self) -> &'static str {
        self.row().hint
    }
}

/// A failure's first cause: its class, and the line that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// What it was.
    pub class: FailureClass,
    /// The line of the raw output (or the sentence of a file) that names it, cleaned and cut to a line.
    pub evidence: String,
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_in_the_list_once_and_is_called_as_serde_calls_it() {
        assert_eq!(FailureClass::ALL.len(), FailureClass::Unknown as usize + 1);
        for (at, class) in FailureClass::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, at, "{class}");
            assert_eq!(serde_json::to_value(class).ok(), Some(serde_json::json!(class.name())));
            assert!(!class.hint().is_empty(), "{class}");
        }
    }
}
