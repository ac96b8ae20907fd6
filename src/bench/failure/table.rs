//! The one table: what a line says, and what that means. Texts: `reference/vllm-docker.md` section 1.6 and 3.2,
//! `reference/isobench.md` section 3, and what the failed runs of the corpus ended with.

use super::line::Line;
use crate::domain::FailureClass::{self, self as C};

/// How near to the cause a line is. The first line of the highest rank is the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// It says that it failed, and no more.
    Echo,
    /// It says that something failed elsewhere: a server is gone, nobody answers.
    Effect,
    /// It says what failed, and not why: an exception that the table does not know.
    Crash,
    /// It says why.
    Cause,
}

/// In whose words a row is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// Everybody's.
    Any,
    /// A benchmark's: server, client, Docker, patch.
    Bench,
    /// An agent's: its API, its program.
    Agent,
}

/// A row. Words are in lower case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Stands in the line.
    pub(super) says: &'static str,
    /// These stand there too.
    with: &'static [&'static str],
    /// None of these stands there.
    without: &'static [&'static str],
    /// A further condition.
    when: Option<fn(&Line<'_>) -> bool>,
    /// What it means.
    pub(super) class: FailureClass,
    /// How near to the cause it is.
    pub(super) rank: Rank,
    /// Where it is searched.
    pub(super) of: Of,
    /// What a person can do, where that is more exact than the class's own hint.
    pub(super) hint: Option<&'static str>,
}

impl Row {
    const fn new(of: Of, says: &'static str, class: FailureClass) -> Self {
        Self { says, with: &[], without: &[], when: None, class, rank: Rank::Cause, of, hint: None }
    }

    const fn with(self, with: &'static [&'static str]) -> Self {
        Self { with, ..self }
    }

    const fn without(self, without: &'static [&'static str]) -> Self {
        Self { without, ..self }
    }

    const fn when(self, when: fn(&Line<'_>) -> bool) -> Self {
        Self { when: Some(when), ..self }
    }

    const fn rank(self, rank: Rank) -> Self {
        Self { rank, ..self }
    }

    const fn hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// Whether the line, of which `low` is the lower case, says all of it. That it holds `says` is known.
    pub(super) fn fits(&self, line: &Line<'_>, low: &str) -> bool {
        self.with.iter().all(|word| low.contains(word))
            && !self.without.iter().any(|word| low.contains(word))
            && self.when.is_none_or(|is_so| is_so(line))
    }
}

const fn any(says: &'static str, class: FailureClass) -> Row {
    Row::new(Of::Any, says, class)
}

const fn bench(says: &'static str, class: FailureClass) -> Row {
    Row::new(Of::Bench, says, class)
}

const fn effect(says: &'static str, class: FailureClass) -> Row {
    Row::new(Of::Bench, says, class).rank(Rank::Effect)
}

const fn agent(says: &'static str, class: FailureClass) -> Row {
    Row::new(Of::Agent, says, class)
}

/// All rows: of those that fit a line equally well the first decides.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    [SURROUNDINGS, DOCKER, PATCH, MODEL, PYTHON, GPU, SERVER, HARNESS, AGENT].into_iter().flatten()
}

/// Disk, memory, signals.
const SURROUNDINGS: &[Row] = &[
    any("no space left on device", C::NoSpace),
    any("disk quota exceeded", C::NoSpace),
    any("not enough free disk space", C::NoSpace),
    any("out of memory: killed process", C::HostOom),
    any("oom-kill", C::HostOom),
    any("oomkilled", C::HostOom).without(&["false"]),
    any("cannot allocate memory", C::HostOom).without(&["cuda"]),
    any("can't allocate memory", C::HostOom).without(&["cuda"]),
    any("memoryerror", C::HostOom).when(begins_with_memory_error),
    any("running low on memory", C::HostOom),
    any("killed", C::Killed).when(is_killed).rank(Rank::Crash),
    any("exit code 137", C::Killed).rank(Rank::Crash),
    any("exit code: -9", C::Killed).rank(Rank::Crash),
    any("exit=137", C::Killed).rank(Rank::Crash),
    any("keyboardinterrupt", C::Killed).when(is_interrupt).rank(Rank::Crash).hint(INTERRUPTED),
    any("task execution interrupted by user", C::Killed).hint(INTERRUPTED),
];

const INTERRUPTED: &str = "a person or a script interrupted it: R runs the item again";

/// Docker: the daemon, the registry, the start of a container.
const DOCKER: &[Row] = &[
    any("cannot connect to the docker daemon", C::NoDocker),
    any("permission denied while trying to connect to the docker", C::NoDocker)
        .hint("you may not talk to Docker: join the group `docker` and log in anew, or set DOCKER_HOST"),
    any("error during connect:", C::NoDocker),
    any("docker: command not found", C::NoDocker),
    any("no such file or directory: 'docker'", C::NoDocker).hint("the program `docker` is not there: install it, or set PATH"),
    bench("toomanyrequests", C::RateLimit),
    bench("pull rate limit", C::RateLimit),
    bench("too many requests", C::RateLimit).with(&["huggingface.co"]).hint(HUB_RATE),
    bench("429 client error", C::RateLimit).with(&["huggingface.co"]).hint(HUB_RATE),
    bench("manifest unknown", C::ImageMissing),
    bench("manifest for ", C::ImageMissing).with(&["not found"]),
    bench("failed to resolve reference", C::ImageMissing).with(&["not found"]),
    bench("no such image", C::ImageMissing),
    bench("no such manifest", C::ImageMissing),
    bench("no matching manifest for", C::ImageMissing).hint("the image is not made for this machine's processor"),
    bench("pull access denied", C::ImageAccess),
    bench("requested access to the resource is denied", C::ImageAccess),
    bench("unauthorized: ", C::ImageAccess).without(&["huggingface", "error code"]),
    bench("no basic auth credentials", C::ImageAccess),
    bench("dial tcp", C::ImageAccess).with(&["/v2/"]).hint(UNREACHABLE),
    bench("dial tcp: lookup", C::ImageAccess).hint(UNREACHABLE),
    bench("tls handshake timeout", C::ImageAccess).hint(UNREACHABLE),
    bench("x509: certificate", C::ImageAccess).hint(UNREACHABLE),
    any("could not select device driver", C::GpuLost)
        .hint("Docker can't hand out GPUs: install the NVIDIA container toolkit, then restart Docker"),
    any("nvidia-container-cli: ", C::GpuLost),
    bench("port is already allocated", C::PortInUse),
    bench("address already in use", C::PortInUse),
    bench("error while attempting to bind on address", C::PortInUse),
    bench("the container name", C::ArmCrashed)
        .with(&["is already in use"])
        .hint("a container of an earlier run has that name: `docker rm` it"),
    bench("executable file not found", C::ArmCrashed).hint("the image has no such program: is it the right image?"),
    bench("oci runtime create failed", C::ArmCrashed).hint("Docker could not start the program in the image: is it the right image?"),
    bench("error response from daemon", C::ArmCrashed).rank(Rank::Crash),
];

const UNREACHABLE: &str = "the registry can't be reached from here: check its name and the network";
const HUB_RATE: &str = "the model hub wants us slower: wait, or give HF_TOKEN to the run";

/// The agent's patch on its way into the tree of the image.
const PATCH: &[Row] = &[
    bench(HUNK, C::PatchDoesNotApply).with(&["failed at"]),
    bench(HUNKS, C::PatchDoesNotApply).with(&["out of"]),
    bench("only garbage was found in the patch", C::PatchDoesNotApply).hint("the patch is no diff: 6 shows it"),
    bench("malformed patch at line", C::PatchDoesNotApply).hint("the patch is broken: 6 shows it"),
    bench("can't find file to patch", C::PatchDoesNotApply).hint("the patch names a file that the parent does not have"),
    any("error: patch failed", C::PatchDoesNotApply),
    any("patch does not apply", C::PatchDoesNotApply),
    any("error: corrupt patch", C::PatchDoesNotApply).hint("the patch is broken: 6 shows it"),
    any("no valid patches in input", C::PatchDoesNotApply).hint("the patch is no diff: 6 shows it"),
    bench("syntaxerror: ", C::PatchSyntax).when(is_in_the_repository),
    bench("indentationerror: ", C::PatchSyntax).when(is_in_the_repository),
    bench("taberror: ", C::PatchSyntax).when(is_in_the_repository),
];

/// Of `patch`: one hunk, and the sum over a file.
const HUNK: &str = "hunk #";
const HUNKS: &str = " failed";

/// Models, tokenizers, the hub.
const MODEL: &[Row] = &[
    bench("unknown rope scaling", C::RopeType),
    bench("rope_scaling", C::RopeType).with(&["must be a dictionary"]),
    bench("rope_scaling", C::RopeType).with(&["keyerror"]),
    bench("default_chat_template", C::ChatTemplate),
    bench("chat template", C::ChatTemplate).with(&["must have"]),
    bench("default chat template is no longer allowed", C::ChatTemplate),
    bench("chat_template is not set", C::ChatTemplate),
    bench("gatedrepoerror", C::GatedModel),
    bench("gated repo", C::GatedModel).without(&["private or gated"]),
    bench("access to model", C::GatedModel).with(&["is restricted"]),
    bench("401 client error", C::GatedModel).with(&["huggingface.co"]).without(&["repositorynotfound"]),
    bench("403 client error", C::GatedModel).with(&["huggingface.co"]),
    bench("repositorynotfounderror", C::ModelMissing),
    bench("repository not found for url", C::ModelMissing),
    bench("is not a valid model identifier", C::ModelMissing),
    bench("invalid repository id", C::ModelMissing),
    bench("hfvalidationerror", C::ModelMissing),
    bench("localentrynotfounderror", C::ModelMissing)
        .hint("the model is not in the cache, and the hub can't be reached: check the network"),
    bench("offlinemodeisenabled", C::ModelMissing).hint("HF_HUB_OFFLINE is set, and the model is not in the cache"),
    bench("couldn't connect to 'https://huggingface.co'", C::ModelMissing).hint("the model hub can't be reached: check the network"),
    bench("we couldn't connect to", C::ModelMissing).with(&["huggingface.co"]).hint("the model hub can't be reached: check the network"),
    bench("does not appear to have a file named", C::ModelMissing),
    bench("can't load the configuration of", C::ModelMissing),
    bench("max_model_len", C::ServerCrashed)
        .with(&["is greater than the derived"])
        .hint("the model is shorter than --max-model-len asks for: lower it, or set VLLM_ALLOW_LONG_MAX_MODEL_LEN=1"),
    bench("model architectures", C::ServerCrashed)
        .with(&["not supported"])
        .hint("this vLLM does not know the model: measure with a model of its time"),
    bench("max_model_len is greater than the sum of", C::ArmCrashed)
        .hint("prompt and output are longer than --max-model-len: since vLLM 0.32 give --random-input-len and --random-output-len"),
    bench("input_len must be provided", C::ArmCrashed).hint("give --input-len and --output-len to the benchmark"),
];

/// Packages and programs in the image.
const PYTHON: &[Row] = &[
    bench("no module named 'transformers.", C::BrokenTransformers),
    bench("cannot import name", C::BrokenTransformers).with(&["from 'transformers"]),
    bench("module 'transformers", C::BrokenTransformers).with(&["has no attribute"]),
    bench("failed to import transformers", C::BrokenTransformers),
    bench("but transformers does not recognize this architecture", C::BrokenTransformers)
        .hint("the model is newer than the image's transformers: measure with an older model"),
    bench("is already used by a transformers config", C::BrokenTransformers),
    bench("all_special_tokens_extended", C::BrokenTransformers),
    bench("deprecated: this script has been moved to the vllm cli", C::BenchmarkMissing),
    bench("can't open file", C::BenchmarkMissing).with(&["bench"]),
    bench("no such file or directory", C::BenchmarkMissing).with(&["benchmark_", ".py"]).without(&["ls: ", "checking file"]),
    bench("no module named", C::BenchmarkMissing).with(&["bench_serving"]),
    bench("no module named", C::BenchmarkMissing).with(&["vllm.benchmarks"]),
    bench("invalid choice: 'bench'", C::BenchmarkMissing)
        .hint("this vLLM has no `vllm bench` yet: use benchmarks/benchmark_*.py of its commit"),
    bench("modulenotfounderror: ", C::ImportError),
    bench("importerror: ", C::ImportError),
    bench("undefined symbol", C::ImportError)
        .hint("vLLM's extension does not fit the CUDA or torch that it runs with: build the image anew"),
    bench("cannot open shared object file", C::ImportError),
    bench(": no module named ", C::ImportError).with(&["python"]),
    bench("could not find python with vllm", C::ImportError).hint("the image has no Python that can import vLLM: build it anew"),
    bench("vllm not found at", C::ImportError).hint("the image has no vLLM where it should lie: build it anew"),
    bench("http error 40", C::ArmCrashed).with(&["vllm-wheels"]).hint("there is no wheel of the parent commit: build the image instead"),
    bench("unrecognized arguments", C::ServerCrashed)
        .with(&["api_server"])
        .hint("this vLLM does not know one of the server's flags: the line names it"),
    bench("unrecognized arguments", C::ArmCrashed).hint("this version does not know one of the command's flags: the line names it"),
    bench("can't open file", C::ArmCrashed).hint("the command names a file that is not in the image"),
    bench("command not found", C::ArmCrashed).rank(Rank::Crash).hint("the image has no such program"),
    bench("segmentation fault", C::ArmCrashed).rank(Rank::Crash),
];

/// GPUs, their memory, their number.
const GPU: &[Row] = &[
    bench("cuda out of memory", C::CudaOom),
    bench("hip out of memory", C::CudaOom),
    bench("cuda error: out of memory", C::CudaOom),
    bench("cublas_status_alloc_failed", C::CudaOom),
    bench("no available memory for the cache blocks", C::CudaOom),
    bench("max seq len", C::CudaOom).with(&["kv cache"]).hint(SHORTER),
    bench("to serve at least one request", C::CudaOom).with(&["kv cache"]).hint(SHORTER),
    bench("free memory on device", C::CudaOom).with(&["less than desired"]).hint(TAKEN),
    bench("error in memory profiling", C::CudaOom).hint(TAKEN),
    bench("not enough memory. please try to increase --mem-fraction-static", C::CudaOom),
    bench("number of required gpus exceeds", C::TooFewGpus),
    bench("is larger than the number of available gpus", C::TooFewGpus),
    bench("invalid device ordinal", C::TooFewGpus),
    bench("cannot provide a placement group", C::TooFewGpus),
    bench("failed to initialize nvml", C::GpuLost),
    bench("driver/library version mismatch", C::GpuLost).hint("the driver was updated under the running kernel: restart the machine"),
    bench("no cuda gpus are available", C::GpuLost),
    bench("no cuda-capable device is detected", C::GpuLost),
    bench("found no nvidia driver", C::GpuLost),
    bench("failed to infer device type", C::GpuLost),
    bench("gpu is lost", C::GpuLost),
    bench("fallen off the bus", C::GpuLost),
    bench("uncorrectable ecc error", C::GpuLost),
    bench("bfloat16 is only supported on gpus", C::ServerCrashed).hint("this GPU has no bfloat16: give --dtype half"),
    bench("illegal memory access", C::ServerCrashed).hint("a kernel read or wrote out of bounds: look at the patch's kernels first"),
    bench("error while creating shared memory segment", C::ServerCrashed).hint(SHM),
    bench("ncclsystemerror", C::ServerCrashed).hint(SHM),
    bench("nccl error in", C::ServerCrashed)
        .hint("GPUs could not talk to each other: 6 shows what the server wrote; NCCL_DEBUG=INFO says more"),
];

const SHORTER: &str = "the model's length does not fit into what is left for the KV cache: lower max_model_len";
const TAKEN: &str = "something else holds the GPU's memory, often a server that was left behind: `nvidia-smi` names it";
const SHM: &str = "/dev/shm is too small for NCCL: give the container --shm-size=16g or --ipc=host";

/// What a dead or silent server leaves in the words of others.
const SERVER: &[Row] = &[
    bench("died unexpectedly", C::ServerCrashed).rank(Rank::Crash),
    bench("engine iteration timed out", C::ServerCrashed).rank(Rank::Crash),
    effect("server_crashed", C::ServerCrashed),
    effect("engine core initialization failed", C::ServerCrashed),
    effect("engine process failed to start", C::ServerCrashed),
    effect("enginecore failed to start", C::ServerCrashed),
    effect("enginecore encountered", C::ServerCrashed),
    effect("enginedeaderror", C::ServerCrashed),
    effect("mqllmengine is already dead", C::ServerCrashed),
    effect("background loop has errored", C::ServerCrashed),
    effect("workerproc initialization failed", C::ServerCrashed),
    effect("executor failed.", C::ServerCrashed),
    effect("serverdisconnectederror", C::ServerCrashed),
    effect("clientpayloaderror", C::ServerCrashed),
    effect("connectionreseterror", C::ServerCrashed),
    effect("server_timeout", C::ServerNeverReady),
    effect("server_start_failed", C::ServerNeverReady),
    effect("endpoint is not ready", C::ServerNeverReady),
    effect("server failed to start within", C::ServerNeverReady),
    effect("server failed to start", C::ServerCrashed),
    effect("cannot connect to host", C::ServerNeverReady),
    effect("connectionrefusederror", C::ServerNeverReady),
    effect("connection refused", C::ServerNeverReady),
    effect("connect call failed", C::ServerNeverReady),
];

/// The three-way runner's own sentences.
const HARNESS: &[Row] = &[
    any("missing parent_commit", C::MissingParent).hint("the mapping has no parent_commit for it: fill it in, or leave the commit out"),
    bench("could not convert string to float", C::NoMetrics)
        .rank(Rank::Effect)
        .hint("the runner's pattern found a number that is none: `isobench-tui parse` reads the output itself"),
    effect("server crashed", C::ServerCrashed),
    effect("server startup timeout", C::ServerNeverReady),
    bench("metrics in output", C::NoMetrics).rank(Rank::Echo),
    bench("metrics in agent output", C::NoMetrics).rank(Rank::Echo),
    // the client's own sentence; what it missed stands in the traceback that it quotes
    bench("initial test run failed", C::ArmCrashed).rank(Rank::Echo),
];

/// What ends an agent: its API, its limits, its own program.
const AGENT: &[Row] = &[
    agent("insufficient_quota", C::ApiQuota),
    agent("quota exceeded", C::ApiQuota),
    agent("exceeded your current quota", C::ApiQuota),
    agent("credit balance is too low", C::ApiQuota),
    agent("billing_hard_limit", C::ApiQuota),
    agent("usage_limit_reached", C::ApiQuota),
    agent("hit your usage limit", C::ApiQuota),
    agent("usage limit reached", C::ApiQuota),
    agent("usage limit has been reached", C::ApiQuota),
    agent("insufficient credits", C::ApiQuota),
    agent("insufficient balance", C::ApiQuota),
    agent("error code: 402", C::ApiQuota),
    agent("context_length_exceeded", C::ContextOverflow),
    agent("maximum context length", C::ContextOverflow),
    agent("prompt is too long", C::ContextOverflow),
    agent("input is too long", C::ContextOverflow),
    agent("exceeds the context window", C::ContextOverflow),
    agent("ran out of room in the model's context window", C::ContextOverflow),
    agent("rate limit", C::ApiRateLimit).when(is_about_a_refusal),
    agent("rate_limit", C::ApiRateLimit).when(is_about_a_refusal),
    agent("ratelimiterror", C::ApiRateLimit),
    agent("too many requests", C::ApiRateLimit),
    agent("error code: 429", C::ApiRateLimit),
    agent("status code 429", C::ApiRateLimit),
    agent("request rejected (429)", C::ApiRateLimit),
    agent("api error: 429", C::ApiRateLimit),
    agent("throttlingexception", C::ApiRateLimit),
    agent("resource_exhausted", C::ApiRateLimit),
    agent("token has expired", C::ApiAuth),
    agent("token is expired", C::ApiAuth),
    agent("expiredtoken", C::ApiAuth),
    agent("the sso session associated with this profile has expired", C::ApiAuth),
    agent("retrieving token from sso", C::ApiAuth).hint(SSO),
    agent("error loading sso token", C::ApiAuth).hint(SSO),
    agent("the config profile (", C::ApiAuth)
        .with(&["could not be found"])
        .hint("AWS_PROFILE names a profile that ~/.aws/config does not have"),
    agent("unable to locate credentials", C::ApiAuth),
    agent("security token included in the request is invalid", C::ApiAuth),
    agent("invalid api key", C::ApiAuth),
    agent("invalid_api_key", C::ApiAuth),
    agent("invalid x-api-key", C::ApiAuth),
    agent("incorrect api key", C::ApiAuth),
    agent("api_key client option must be set", C::ApiAuth).hint("no key was given to the agent: set its API_KEY variable"),
    agent("authentication_error", C::ApiAuth),
    agent("authenticationerror", C::ApiAuth),
    agent("accessdeniedexception", C::ApiAuth),
    agent("please run /login", C::ApiAuth),
    agent("401 unauthorized", C::ApiAuth),
    agent("403 forbidden", C::ApiAuth),
    agent("error code: 401", C::ApiAuth),
    agent("error code: 403", C::ApiAuth),
    agent("failed to authenticate. api error", C::ApiAuth),
    agent("api error: 401", C::ApiAuth),
    agent("api error: 403", C::ApiAuth),
    agent("there's an issue with the selected model", C::ApiProtocol).hint(NO_MODEL),
    agent("does not exist or you do not have access to it", C::ApiProtocol).hint(NO_MODEL),
    agent("no tool output found for function call", C::ApiProtocol),
    agent("ids were found without", C::ApiProtocol),
    agent("content cannot be empty", C::ApiProtocol),
    agent("error code: 400", C::ApiProtocol),
    agent("invalid_request_error", C::ApiProtocol),
    agent("api error: 400", C::ApiProtocol),
    agent("overloaded_error", C::ApiDown),
    agent("overloaded", C::ApiDown).when(is_about_a_refusal),
    agent("error code: 529", C::ApiDown),
    agent("error code: 504", C::ApiDown),
    agent("error code: 503", C::ApiDown),
    agent("error code: 502", C::ApiDown),
    agent("error code: 500", C::ApiDown),
    agent("api error: 500", C::ApiDown),
    agent("api error: 502", C::ApiDown),
    agent("api error: 503", C::ApiDown),
    agent("api error: 504", C::ApiDown),
    agent("api error: 529", C::ApiDown),
    agent("experiencing high demand, which may cause temporary errors", C::ApiDown),
    agent("status 500 internal server error", C::ApiDown),
    agent("status: 500 internal server error", C::ApiDown),
    agent("503 service unavailable", C::ApiDown),
    agent("502 bad gateway", C::ApiDown),
    agent("connection error.", C::ApiDown),
    agent("apiconnectionerror", C::ApiDown),
    agent("apitimeouterror", C::ApiDown),
    agent("request timed out", C::ApiDown),
    agent("connection refused", C::ApiDown),
    agent("temporary failure in name resolution", C::ApiDown),
    agent("name or service not known", C::ApiDown),
    agent("stream disconnected before completion", C::ApiDown),
    agent("exceeded maximum steps", C::AgentBudget),
    agent("maximum number of steps", C::AgentBudget),
    agent("unterminated string starting at", C::AgentCrashed)
        .hint("the model's answer was cut off in a tool call: raise max_tokens in the agent's configuration"),
    agent("no module named", C::AgentNotFound).with(&["trae_agent"]).hint(NO_AGENT),
    agent("no module named", C::AgentNotFound).with(&["codex_agent"]).hint(NO_AGENT),
    agent("no module named", C::AgentNotFound).with(&["openhands"]).hint(NO_AGENT),
    agent("required positional argument", C::AgentCrashed)
        .with(&["modelconfig"])
        .hint("the agent's configuration lacks what the line names: add it to the model there"),
    agent("[errno 21] is a directory", C::GitError).with(&[".git"]),
];

const SSO: &str = "log in to AWS again (`aws sso login`), then a new runner: q x, then `run --resume`";
const NO_MODEL: &str = "the API knows no such model, or not for this key: set agent.model to one that it serves";
const NO_AGENT: &str = "the Python that starts the agent lacks its package: check the agent's environment";

/// Whether patches may fail and still go in: lines of `patch`, whose meaning depends on how it ended.
pub(super) fn is_of_patch(row: &Row) -> bool {
    row.class == C::PatchDoesNotApply && row.of == Of::Bench
}

/// Whether the row tells of a hunk that was left out.
pub(super) fn is_hunk(row: &Row) -> bool {
    is_of_patch(row) && (row.says == HUNK || row.says == HUNKS)
}

/// Words that go with an API's refusal, and not with prose about limits.
fn is_about_a_refusal(line: &Line<'_>) -> bool {
    let low = line.says.to_lowercase();
    ["error", "exceeded", "reached", "429", "529", "try again", "retry"].iter().any(|word| low.contains(word))
}

/// A shell's word for a process that signal 9 ended.
fn is_killed(line: &Line<'_>) -> bool {
    line.says.trim() == "Killed" || (line.says.contains(": line ") && line.says.contains(" Killed"))
}

fn is_interrupt(line: &Line<'_>) -> bool {
    line.says == "KeyboardInterrupt" || line.says.starts_with("KeyboardInterrupt:")
}

fn begins_with_memory_error(line: &Line<'_>) -> bool {
    line.says == "MemoryError" || line.says.starts_with("MemoryError:") || line.says.contains("ArrayMemoryError")
}

/// Whether the traceback names a file of the repository: one of another package, or a script on the command line, is not
/// the patch's doing. Without any traceback nothing speaks against it.
fn is_in_the_repository(line: &Line<'_>) -> bool {
    line.file.is_none_or(|file| {
        let own = ["/vllm", "/sglang", "vllm/", "sglang/", "benchmarks/"].iter().any(|part| file.contains(part));
        own && !file.starts_with('<')
    })
}
