//! The one table: what a line says, and what that means. Texts: `reference/vllm-docker.md` section 1.6 and 3.2,
//! `reference/isobench.md` section 3, and what the failed runs of the corpus ended with.

mod agents;

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

/// Rows that differ in what stands in the line, and in nothing else.
#[derive(Debug, Clone, Copy)]
struct Rows {
    says: &'static [&'static str],
    row: Row,
}

impl Rows {
    const fn new(of: Of, class: FailureClass) -> Self {
        Self { says: &[], row: Row { says: "", with: &[], without: &[], when: None, class, rank: Rank::Cause, of, hint: None } }
    }

    const fn says(self, says: &'static [&'static str]) -> Self {
        Self { says, ..self }
    }

    const fn with(self, with: &'static [&'static str]) -> Self {
        Self { row: Row { with, ..self.row }, ..self }
    }

    const fn without(self, without: &'static [&'static str]) -> Self {
        Self { row: Row { without, ..self.row }, ..self }
    }

    const fn when(self, when: fn(&Line<'_>) -> bool) -> Self {
        Self { row: Row { when: Some(when), ..self.row }, ..self }
    }

    const fn rank(self, rank: Rank) -> Self {
        Self { row: Row { rank, ..self.row }, ..self }
    }

    const fn hint(self, hint: &'static str) -> Self {
        Self { row: Row { hint: Some(hint), ..self.row }, ..self }
    }
}

impl Row {
    /// Whether the line, of which `low` is the lower case, says all of it. That it holds `says` is known.
    pub(super) fn fits(&self, line: &Line<'_>, low: &str) -> bool {
        self.with.iter().all(|word| low.contains(word))
            && !self.without.iter().any(|word| low.contains(word))
            && self.when.is_none_or(|is_so| is_so(line))
    }
}

const fn any(class: FailureClass) -> Rows {
    Rows::new(Of::Any, class)
}

const fn bench(class: FailureClass) -> Rows {
    Rows::new(Of::Bench, class)
}

const fn effect(class: FailureClass) -> Rows {
    Rows::new(Of::Bench, class).rank(Rank::Effect)
}

const fn agent(class: FailureClass) -> Rows {
    Rows::new(Of::Agent, class)
}

/// All rows: of those that fit a line equally well the first decides.
pub(super) fn rows() -> impl Iterator<Item = Row> {
    let all = [SURROUNDINGS, DOCKER, PATCH, MODEL, PYTHON, GPU, SERVER, HARNESS, agents::AGENT].into_iter().flatten();
    all.flat_map(|rows| rows.says.iter().map(|says| Row { says, ..rows.row }))
}

/// Disk, memory, signals.
const SURROUNDINGS: &[Rows] = &[
    any(C::NoSpace).says(&["no space left on device", "disk quota exceeded", "not enough free disk space"]),
    any(C::HostOom).says(&["out of memory: killed process", "oom-kill"]),
    any(C::HostOom).says(&["oomkilled"]).without(&["false"]),
    any(C::HostOom).says(&["cannot allocate memory", "can't allocate memory"]).without(&["cuda"]),
    any(C::HostOom).says(&["memoryerror"]).when(begins_with_memory_error),
    any(C::HostOom).says(&["running low on memory"]),
    any(C::Killed).says(&["killed"]).when(is_killed).rank(Rank::Crash),
    any(C::Killed).says(&["exit code 137", "exit code: -9", "exit=137"]).rank(Rank::Crash),
    any(C::Killed).says(&["keyboardinterrupt"]).when(is_interrupt).rank(Rank::Crash).hint(INTERRUPTED),
    any(C::Killed).says(&["task execution interrupted by user"]).hint(INTERRUPTED),
    // sentences of ours
    any(C::Killed)
        .says(&["somebody removed the container", "stopped from outside", "not by its keeper", "docker was started again"])
        .hint(BY_SOMEBODY),
];

const BY_SOMEBODY: &str = "somebody ended it, which is no fault of the patch: r runs the stage again";

const INTERRUPTED: &str = "a person or a script interrupted it: R runs the item again";

/// Docker: the daemon, the registry, the start of a container.
const DOCKER: &[Rows] = &[
    any(C::NoDocker).says(&["cannot connect to the docker daemon"]),
    any(C::NoDocker)
        .says(&["permission denied while trying to connect to the docker"])
        .hint("you may not talk to Docker: join the group `docker` and log in anew, or set DOCKER_HOST"),
    any(C::NoDocker).says(&["error during connect:", "docker: command not found"]),
    any(C::NoDocker).says(&["no such file or directory: 'docker'"]).hint("the program `docker` is not there: install it, or set PATH"),
    bench(C::RateLimit).says(&["toomanyrequests", "pull rate limit"]),
    bench(C::RateLimit).says(&["too many requests", "429 client error"]).with(&["huggingface.co"]).hint(HUB_RATE),
    bench(C::ImageMissing).says(&["manifest unknown"]),
    bench(C::ImageMissing).says(&["manifest for ", "failed to resolve reference"]).with(&["not found"]),
    bench(C::ImageMissing).says(&["no such image", "no such manifest"]),
    bench(C::ImageMissing).says(&["no matching manifest for"]).hint("the image is not made for this machine's processor"),
    bench(C::ImageAccess).says(&["pull access denied", "requested access to the resource is denied"]),
    bench(C::ImageAccess).says(&["unauthorized: "]).without(&["huggingface", "error code"]),
    bench(C::ImageAccess).says(&["no basic auth credentials"]),
    bench(C::RegistryDown).says(&["dial tcp"]).with(&["/v2/"]).hint(UNREACHABLE),
    bench(C::RegistryDown).says(&["dial tcp: lookup", "tls handshake timeout", "x509: certificate"]).hint(UNREACHABLE),
    any(C::GpuLost)
        .says(&["could not select device driver"])
        .hint("Docker can't hand out GPUs: install the NVIDIA container toolkit, then restart Docker"),
    any(C::GpuLost).says(&["nvidia-container-cli: "]),
    bench(C::PortInUse).says(&["port is already allocated", "address already in use", "error while attempting to bind on address"]),
    bench(C::ArmCrashed)
        .says(&["the container name"])
        .with(&["is already in use"])
        .hint("a container of an earlier run has that name: `docker rm` it"),
    bench(C::ArmCrashed).says(&["executable file not found"]).hint("the image has no such program: is it the right image?"),
    bench(C::ArmCrashed)
        .says(&["oci runtime create failed"])
        .hint("Docker could not start the program in the image: is it the right image?"),
    bench(C::ArmCrashed).says(&["error response from daemon"]).rank(Rank::Crash),
];

const UNREACHABLE: &str = "the registry can't be reached from here: check its name and the network";
const HUB_RATE: &str = "the model hub wants us slower: wait, or give HF_TOKEN to the run";

/// The agent's patch on its way into the tree of the image.
const PATCH: &[Rows] = &[
    bench(C::PatchDoesNotApply).says(&[HUNK]).with(&["failed at"]),
    bench(C::PatchDoesNotApply).says(&[HUNKS]).with(&["out of"]),
    bench(C::PatchDoesNotApply).says(&["only garbage was found in the patch"]).hint("the patch is no diff: 6 shows it"),
    bench(C::PatchDoesNotApply).says(&["malformed patch at line"]).hint("the patch is broken: 6 shows it"),
    bench(C::PatchDoesNotApply).says(&["can't find file to patch"]).hint("the patch names a file that the parent does not have"),
    any(C::PatchDoesNotApply).says(&["error: patch failed", "patch does not apply"]),
    any(C::PatchDoesNotApply).says(&["error: corrupt patch"]).hint("the patch is broken: 6 shows it"),
    any(C::PatchDoesNotApply).says(&["no valid patches in input"]).hint("the patch is no diff: 6 shows it"),
    bench(C::PatchSyntax).says(&["syntaxerror: ", "indentationerror: ", "taberror: "]).when(is_in_the_repository),
];

/// Of `patch`: one hunk, and the sum over a file.
const HUNK: &str = "hunk #";
const HUNKS: &str = " failed";

/// Models, tokenizers, the hub.
const MODEL: &[Rows] = &[
    bench(C::RopeType).says(&["unknown rope scaling"]),
    bench(C::RopeType).says(&["rope_scaling"]).with(&["must be a dictionary"]),
    bench(C::RopeType).says(&["rope_scaling"]).with(&["keyerror"]),
    bench(C::ChatTemplate).says(&["default_chat_template"]),
    bench(C::ChatTemplate).says(&["chat template"]).with(&["must have"]),
    bench(C::ChatTemplate).says(&["default chat template is no longer allowed", "chat_template is not set"]),
    bench(C::GatedModel).says(&["gatedrepoerror"]),
    bench(C::GatedModel).says(&["gated repo"]).without(&["private or gated"]),
    bench(C::GatedModel).says(&["access to model"]).with(&["is restricted"]),
    bench(C::GatedModel).says(&["401 client error"]).with(&["huggingface.co"]).without(&["repositorynotfound"]),
    bench(C::GatedModel).says(&["403 client error"]).with(&["huggingface.co"]),
    bench(C::ModelMissing).says(&[
        "repositorynotfounderror",
        "repository not found for url",
        "is not a valid model identifier",
        "invalid repository id",
        "hfvalidationerror",
    ]),
    bench(C::ModelMissing)
        .says(&["localentrynotfounderror"])
        .hint("the model is not in the cache, and the hub can't be reached: check the network"),
    bench(C::ModelMissing).says(&["offlinemodeisenabled"]).hint("HF_HUB_OFFLINE is set, and the model is not in the cache"),
    bench(C::ModelMissing)
        .says(&["couldn't connect to 'https://huggingface.co'"])
        .hint("the model hub can't be reached: check the network"),
    bench(C::ModelMissing)
        .says(&["we couldn't connect to"])
        .with(&["huggingface.co"])
        .hint("the model hub can't be reached: check the network"),
    bench(C::ModelMissing).says(&["does not appear to have a file named", "can't load the configuration of"]),
    bench(C::ServerCrashed)
        .says(&["max_model_len"])
        .with(&["is greater than the derived"])
        .hint("the model is shorter than --max-model-len asks for: lower it, or set VLLM_ALLOW_LONG_MAX_MODEL_LEN=1"),
    bench(C::ServerCrashed)
        .says(&["model architectures"])
        .with(&["not supported"])
        .hint("this vLLM does not know the model: measure with a model of its time"),
    bench(C::ArmCrashed)
        .says(&["max_model_len is greater than the sum of"])
        .hint("prompt and output are longer than --max-model-len: since vLLM 0.32 give --random-input-len and --random-output-len"),
    bench(C::ArmCrashed).says(&["input_len must be provided"]).hint("give --input-len and --output-len to the benchmark"),
];

/// Packages and programs in the image.
const PYTHON: &[Rows] = &[
    bench(C::BrokenTransformers).says(&["no module named 'transformers."]),
    bench(C::BrokenTransformers).says(&["cannot import name"]).with(&["from 'transformers"]),
    bench(C::BrokenTransformers).says(&["module 'transformers"]).with(&["has no attribute"]),
    bench(C::BrokenTransformers).says(&["failed to import transformers"]),
    bench(C::BrokenTransformers)
        .says(&["but transformers does not recognize this architecture"])
        .hint("the model is newer than the image's transformers: measure with an older model"),
    bench(C::BrokenTransformers).says(&["is already used by a transformers config", "all_special_tokens_extended"]),
    bench(C::BenchmarkMissing).says(&["deprecated: this script has been moved to the vllm cli"]),
    bench(C::BenchmarkMissing).says(&["can't open file"]).with(&["bench"]),
    bench(C::BenchmarkMissing).says(&["no such file or directory"]).with(&["benchmark_", ".py"]).without(&["ls: ", "checking file"]),
    bench(C::BenchmarkMissing).says(&["no module named"]).with(&["bench_serving"]),
    bench(C::BenchmarkMissing).says(&["no module named"]).with(&["vllm.benchmarks"]),
    bench(C::BenchmarkMissing)
        .says(&["invalid choice: 'bench'"])
        .hint("this vLLM has no `vllm bench` yet: use benchmarks/benchmark_*.py of its commit"),
    bench(C::ImportError).says(&["modulenotfounderror: ", "importerror: "]),
    bench(C::ImportError)
        .says(&["undefined symbol"])
        .hint("vLLM's extension does not fit the CUDA or torch that it runs with: build the image anew"),
    bench(C::ImportError).says(&["cannot open shared object file"]),
    bench(C::ImportError).says(&[": no module named "]).with(&["python"]),
    bench(C::ImportError).says(&["could not find python with vllm"]).hint("the image has no Python that can import vLLM: build it anew"),
    bench(C::ImportError).says(&["vllm not found at"]).hint("the image has no vLLM where it should lie: build it anew"),
    bench(C::ArmCrashed)
        .says(&["http error 40"])
        .with(&["vllm-wheels"])
        .hint("there is no wheel of the parent commit: build the image instead"),
    bench(C::ServerCrashed)
        .says(&["unrecognized arguments"])
        .with(&["api_server"])
        .hint("this vLLM does not know one of the server's flags: the line names it"),
    bench(C::ArmCrashed).says(&["unrecognized arguments"]).hint("this version does not know one of the command's flags: the line names it"),
    bench(C::ArmCrashed).says(&["can't open file"]).hint("the command names a file that is not in the image"),
    bench(C::ArmCrashed).says(&["command not found"]).rank(Rank::Crash).hint("the image has no such program"),
    bench(C::ArmCrashed).says(&["segmentation fault"]).rank(Rank::Crash),
];

/// GPUs, their memory, their number.
const GPU: &[Rows] = &[
    bench(C::CudaOom).says(&[
        "cuda out of memory",
        "hip out of memory",
        "cuda error: out of memory",
        "cublas_status_alloc_failed",
        "no available memory for the cache blocks",
    ]),
    bench(C::CudaOom).says(&["max seq len", "to serve at least one request"]).with(&["kv cache"]).hint(SHORTER),
    bench(C::CudaOom).says(&["free memory on device"]).with(&["less than desired"]).hint(TAKEN),
    bench(C::CudaOom).says(&["error in memory profiling"]).hint(TAKEN),
    bench(C::CudaOom).says(&["not enough memory. please try to increase --mem-fraction-static"]),
    bench(C::TooFewGpus).says(&[
        "number of required gpus exceeds",
        "is larger than the number of available gpus",
        "invalid device ordinal",
        "cannot provide a placement group",
    ]),
    bench(C::GpuLost).says(&["failed to initialize nvml"]),
    bench(C::GpuLost)
        .says(&["driver/library version mismatch"])
        .hint("the driver was updated under the running kernel: restart the machine"),
    bench(C::GpuLost).says(&[
        "no cuda gpus are available",
        "no cuda-capable device is detected",
        "found no nvidia driver",
        "failed to infer device type",
        "gpu is lost",
        "fallen off the bus",
        "uncorrectable ecc error",
    ]),
    bench(C::ServerCrashed).says(&["bfloat16 is only supported on gpus"]).hint("this GPU has no bfloat16: give --dtype half"),
    bench(C::ServerCrashed)
        .says(&["illegal memory access"])
        .hint("a kernel read or wrote out of bounds: look at the patch's kernels first"),
    bench(C::ServerCrashed).says(&["error while creating shared memory segment", "ncclsystemerror"]).hint(SHM),
    bench(C::ServerCrashed)
        .says(&["nccl error in"])
        .hint("GPUs could not talk to each other: 6 shows what the server wrote; NCCL_DEBUG=INFO says more"),
];

const SHORTER: &str = "the model's length does not fit into what is left for the KV cache: lower max_model_len";
const TAKEN: &str = "something else holds the GPU's memory, often a server that was left behind: `nvidia-smi` names it";
const SHM: &str = "/dev/shm is too small for NCCL: give the container --shm-size=16g or --ipc=host";

/// What a dead or silent server leaves in the words of others.
const SERVER: &[Rows] = &[
    bench(C::ServerCrashed).says(&["died unexpectedly", "engine iteration timed out"]).rank(Rank::Crash),
    effect(C::ServerCrashed).says(&[
        "server_crashed",
        "engine core initialization failed",
        "engine process failed to start",
        "enginecore failed to start",
        "enginecore encountered",
        "enginedeaderror",
        "mqllmengine is already dead",
        "background loop has errored",
        "workerproc initialization failed",
        "executor failed.",
        "serverdisconnectederror",
        "clientpayloaderror",
        "connectionreseterror",
    ]),
    effect(C::ServerNeverReady).says(&["server_timeout", "server_start_failed", "endpoint is not ready", "server failed to start within"]),
    effect(C::ServerCrashed).says(&["server failed to start"]),
    effect(C::ServerNeverReady).says(&["cannot connect to host", "connectionrefusederror", "connection refused", "connect call failed"]),
];

/// The three-way runner's own sentences.
const HARNESS: &[Rows] = &[
    any(C::MissingParent)
        .says(&["missing parent_commit"])
        .hint("the mapping has no parent_commit for it: fill it in, or leave the commit out"),
    bench(C::NoMetrics)
        .says(&["could not convert string to float"])
        .rank(Rank::Effect)
        .hint("the runner's pattern found a number that is none: `isobench-tui parse` reads the output itself"),
    effect(C::ServerCrashed).says(&["server crashed"]),
    effect(C::ServerNeverReady).says(&["server startup timeout"]),
    bench(C::NoMetrics).says(&["metrics in output", "metrics in agent output"]).rank(Rank::Echo),
    // the client's own sentence; what it missed stands in the traceback that it quotes
    bench(C::ArmCrashed).says(&["initial test run failed"]).rank(Rank::Echo),
];

/// Whether patches may fail and still go in: lines of `patch`, whose meaning depends on how it ended.
pub(super) fn is_of_patch(row: &Row) -> bool {
    row.class == C::PatchDoesNotApply && row.of == Of::Bench
}

/// Whether the row tells of a hunk that was left out.
pub(super) fn is_hunk(row: &Row) -> bool {
    is_of_patch(row) && (row.says == HUNK || row.says == HUNKS)
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
