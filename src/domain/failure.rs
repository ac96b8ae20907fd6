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
    /// The patch does not apply to the parent commit.
    PatchDoesNotApply,
    /// The registry has no such image or tag.
    ImageMissing,
    /// The registry refuses us the image.
    ImageAccess,
    /// The registry wants us slower: too many pulls.
    RateLimit,
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
    /// A stage ran out of its time.
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
    /// None of the above.
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

impl FailureClass {
    /// Every class, for tables and tests.
    pub const ALL: [Self; 49] = [
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
        Self::PatchDoesNotApply,
        Self::ImageMissing,
        Self::ImageAccess,
        Self::RateLimit,
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

    /// The word used in files and on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadSha => "bad_sha",
            Self::MissingRepo => "missing_repo",
            Self::MissingParent => "missing_parent",
            Self::GitError => "git_error",
            Self::NoSpace => "no_space",
            Self::NoPrompt => "no_prompt",
            Self::AgentNotFound => "agent_not_found",
            Self::AgentCrashed => "agent_crashed",
            Self::AgentBudget => "agent_budget",
            Self::AgentStuck => "agent_stuck",
            Self::EmptyPatch => "empty_patch",
            Self::NoSource => "no_source",
            Self::PatchDoesNotApply => "patch_does_not_apply",
            Self::ImageMissing => "image_missing",
            Self::ImageAccess => "image_access",
            Self::RateLimit => "rate_limit",
            Self::NoDocker => "no_docker",
            Self::GpuLost => "gpu_lost",
            Self::CudaOom => "cuda_oom",
            Self::HostOom => "host_oom",
            Self::TooFewGpus => "too_few_gpus",
            Self::RopeType => "rope_type",
            Self::BrokenTransformers => "broken_transformers",
            Self::ChatTemplate => "chat_template",
            Self::ImportError => "import_error",
            Self::ModelMissing => "model_missing",
            Self::GatedModel => "gated_model",
            Self::BenchmarkMissing => "benchmark_missing",
            Self::PatchHalfApplied => "patch_half_applied",
            Self::PatchSyntax => "patch_syntax",
            Self::ServerCrashed => "server_crashed",
            Self::ServerNeverReady => "server_never_ready",
            Self::PortInUse => "port_in_use",
            Self::TimeoutPull => "timeout_pull",
            Self::TimeoutServer => "timeout_server",
            Self::TimeoutBenchmark => "timeout_benchmark",
            Self::TimeoutAgent => "timeout_agent",
            Self::ArmCrashed => "arm_crashed",
            Self::NoMetrics => "no_metrics",
            Self::Tainted => "tainted",
            Self::Timeout => "timeout",
            Self::Killed => "killed",
            Self::ApiAuth => "api_auth",
            Self::ApiQuota => "api_quota",
            Self::ApiRateLimit => "api_rate_limit",
            Self::ApiProtocol => "api_protocol",
            Self::ApiDown => "api_down",
            Self::ContextOverflow => "context_overflow",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the same again may end otherwise.
    pub const fn temper(self) -> Temper {
        match self {
            Self::ApiRateLimit | Self::ApiDown | Self::RateLimit | Self::Killed | Self::GitError | Self::TimeoutPull => Temper::Transient,
            _ => Temper::Lasting,
        }
    }

    /// Whether this cause lies outside the item, so that the next items will meet it too.
    /// Three such ends in a row open the breaker.
    pub const fn is_systemic(self) -> bool {
        matches!(
            self,
            Self::ApiAuth
                | Self::ApiQuota
                | Self::ApiRateLimit
                | Self::ApiDown
                | Self::NoSpace
                | Self::NoDocker
                | Self::GpuLost
                | Self::RateLimit
        )
    }

    /// What a person can do about it.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::BadSha => "check the sha in the plan, or fetch it into the clone",
            Self::MissingRepo => "clone the repository, or run with --clone",
            Self::MissingParent => "fetch the parent into the clone (a shallow clone lacks it)",
            Self::GitError => "6 shows what the stage wrote; R tries the item again",
            Self::NoSpace => "free space on the disk named, then resume",
            Self::NoPrompt => "`isobench-tui print prompt ITEM` says what is missing",
            Self::AgentNotFound => "check agent.command in the configuration and PATH",
            Self::AgentCrashed => "6 shows what the agent wrote; R tries the item again",
            Self::AgentBudget => "raise the budget, or leave it: the patch so far was benchmarked if there was one",
            Self::AgentStuck => "2 shows the agent's last steps; R tries the item again",
            Self::EmptyPatch => "nothing to benchmark; 2 shows the agent's last steps",
            Self::NoSource => "nothing to benchmark; 6 shows the patch",
            Self::PatchDoesNotApply => "6 shows the patch: it was made against other files",
            Self::ImageMissing => "the image is not in the registry: build and push it, or name another",
            Self::ImageAccess => "log in to the registry (`docker login`), or check the name of the image",
            Self::RateLimit => "wait, or log in to the registry: a logged-in account may pull more",
            Self::NoDocker => "start Docker, or say where it is with DOCKER_HOST",
            Self::GpuLost => "compare `nvidia-smi` on the host and in a container; recreate the container, or restart Docker",
            Self::CudaOom => "look for other processes on the GPU; or lower gpu_memory_utilization or max_model_len",
            Self::HostOom => "give the container more memory, or run less beside it",
            Self::TooFewGpus => "run it where there are as many GPUs as --tensor-parallel-size asks for",
            Self::RopeType => "the model is newer than this vLLM: measure with an older model (Meta-Llama-3 for Llama-3.1)",
            Self::BrokenTransformers => "pin transformers to the version of that vLLM's requirements",
            Self::ChatTemplate => "use --dataset-name random instead of sonnet, or a model with a chat template",
            Self::ImportError => "the package is missing or built for another version: look at the evidence line",
            Self::ModelMissing => "check the model's name, and the network to the model hub",
            Self::GatedModel => "ask for access on the model's page, and give HF_TOKEN to the run",
            Self::BenchmarkMissing => "since vLLM 0.11 it is `vllm bench`: use that, or the image of the commit",
            Self::PatchHalfApplied => "the patch was made against other files; its numbers say nothing",
            Self::PatchSyntax => "the agent's fault: the patch breaks the file",
            Self::ServerCrashed => "6 shows what the server wrote",
            Self::ServerNeverReady => "6 shows what the server wrote; or raise its time",
            Self::PortInUse => "look for a server that was left behind (`docker ps`), and stop it",
            Self::TimeoutPull => "pull it by hand first, or raise the budget",
            Self::TimeoutServer => "raise the budget: loading and compiling count",
            Self::TimeoutBenchmark => "raise the budget: pulling, loading and compiling count where nothing says otherwise",
            Self::TimeoutAgent => "raise the budget, or look at its last steps (2)",
            Self::ArmCrashed => "6 shows what the arm wrote; r tries the stage again",
            Self::NoMetrics => "the command printed no 'name: number unit' line; 6 shows what it wrote",
            Self::Tainted => "r runs this arm again",
            Self::Timeout => "6 shows what the stage wrote until it hung; or raise its budget",
            Self::Killed => "look for the out-of-memory killer in the kernel log; R tries again",
            Self::ApiAuth => "a renewed key needs a new runner: q x, then `run --resume`",
            Self::ApiQuota => "top up the account, then resume",
            Self::ApiRateLimit => "wait; the queue tries again by itself",
            Self::ApiProtocol => "the agent sent a malformed request; R tries again",
            Self::ApiDown => "wait; the queue tries again by itself",
            Self::ContextOverflow => "the conversation outgrew the model; R tries again",
            Self::Unknown => "6 shows what the stage wrote",
        }
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
