//! What the lines of vLLM's server, engines and clients tell, by the texts of all versions (`reference/vllm-docker.md` section
//! 1): one automaton finds them, so that a line that tells nothing costs next to nothing.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use jiff::Timestamp;
use regex::Regex;

use crate::domain::{ArmPhase, FiguresFrom, ServerFigures};

/// What a text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    Begins(Begins),
    Bar,
    Figures,
}

/// What begins with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    /// A phase.
    At(ArmPhase),
    /// Offline, prompts are worked on: measured, or to warm up.
    Prompts,
}

const fn at(phase: ArmPhase) -> Means {
    Means::Begins(Begins::At(phase))
}

const PROMPTS: Means = Means::Begins(Begins::Prompts);

/// The texts, and what each means.
const TEXTS: [(&str, Means); 45] = [
    ("vLLM API server version", at(ArmPhase::Start)),
    ("Initializing an LLM engine", at(ArmPhase::Start)),
    ("Initializing a V1 LLM engine", at(ArmPhase::Start)),
    ("Starting to load model", at(ArmPhase::Weights)),
    ("checkpoint shards:", at(ArmPhase::Weights)),
    ("Loading weights took", at(ArmPhase::Weights)),
    // the first line about them until 0.5
    ("Loading model weights took", at(ArmPhase::Weights)),
    ("Model loading took", at(ArmPhase::Weights)),
    ("for vLLM's torch.compile", at(ArmPhase::Compile)),
    ("Dynamo bytecode transform time", at(ArmPhase::Compile)),
    ("Start compiling function", at(ArmPhase::Compile)),
    ("Compiling a graph for", at(ArmPhase::Compile)),
    ("torch.compile takes", at(ArmPhase::Compile)),
    ("torch.compile took", at(ArmPhase::Compile)),
    ("Memory profiling takes", at(ArmPhase::Graphs)),
    ("# GPU blocks:", at(ArmPhase::Graphs)),
    ("# cuda blocks:", at(ArmPhase::Graphs)),
    ("# cpu blocks:", at(ArmPhase::Graphs)),
    ("Available KV cache memory:", at(ArmPhase::Graphs)),
    ("KV cache size:", at(ArmPhase::Graphs)),
    ("Profiling CUDA graph memory", at(ArmPhase::Graphs)),
    ("Capturing the model for CUDA graphs", at(ArmPhase::Graphs)),
    ("Capturing cudagraphs", at(ArmPhase::Graphs)),
    ("Capturing CUDA graph", at(ArmPhase::Graphs)),
    ("Graph capturing finished", at(ArmPhase::Graphs)),
    ("Application startup complete", at(ArmPhase::Ready)),
    ("Uvicorn running on", at(ArmPhase::Ready)),
    ("Warming up", at(ArmPhase::Warmup)),
    ("Warmup iterations:", at(ArmPhase::Warmup)),
    ("------warm up------", at(ArmPhase::Warmup)),
    ("Starting initial single prompt test run", at(ArmPhase::Warmup)),
    ("Starting main benchmark run", at(ArmPhase::Bench)),
    // the first line of a client until 0.4
    ("Traffic request rate:", at(ArmPhase::Bench)),
    ("Profiling iterations:", at(ArmPhase::Bench)),
    ("Bench iterations:", at(ArmPhase::Bench)),
    ("------start generating------", at(ArmPhase::Bench)),
    ("Processed prompts:", PROMPTS),
    ("Rendering prompts:", PROMPTS),
    ("Adding requests:", PROMPTS),
    ("%|", Means::Bar),
    ("% Completed |", Means::Bar),
    ("it [", Means::Bar),
    ("B [", Means::Bar),
    (" elapsed, ", Means::Bar),
    ("Avg prompt throughput:", Means::Figures),
];

/// Finds them all at once.
static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(TEXTS.iter().map(|(text, _)| text)).ok());

/// The engine's line, every 5 s (V0) or 10 s (V1). Which device's cache it is differs; the first is the one that is used.
static STATISTICS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let number = r"([0-9]+(?:\.[0-9]+)?)";
    Regex::new(&format!(
        r"^Avg prompt throughput: {number} tokens/s, Avg generation throughput: {number} tokens/s, Running: {number} reqs, (?:Swapped: [0-9]+ reqs, )?(?:Pending|Waiting): {number} reqs(?:.*?KV cache usage: {number}%)?"
    ))
    .ok()
});

/// What a line tells.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// What begins with it, in order; more than these tell nothing new.
    pub(super) phases: [Option<Begins>; 4],
    /// There may be a progress bar in it.
    pub(super) has_bar: bool,
    /// Where the engine's figures begin in it, in bytes.
    pub(super) figures: Option<usize>,
}

impl Told {
    pub(super) fn of(line: &[u8]) -> Self {
        let mut told = Self::default();
        for hit in FINDER.iter().flat_map(|finder| finder.find_iter(line)) {
            match TEXTS.get(hit.pattern().as_usize()).map(|(_, means)| means) {
                Some(Means::Begins(begins)) => {
                    if let Some(free) = told.phases.iter_mut().find(|free| free.is_none()) {
                        *free = Some(*begins);
                    }
                }
                Some(Means::Bar) => told.has_bar = true,
                Some(Means::Figures) => told.figures = Some(hit.start()),
                None => {}
            }
        }
        told
    }
}

/// Figures of the engine's line.
pub(super) fn figures(line: &str, at: Timestamp) -> Option<ServerFigures> {
    let found = STATISTICS.as_ref()?.captures(line)?;
    let number = |at: usize| found.get(at)?.as_str().parse::<f64>().ok();
    Some(ServerFigures {
        at,
        from: FiguresFrom::Log,
        prompt_tok_s: number(1),
        generation_tok_s: number(2),
        running: number(3),
        waiting: number(4),
        kv_pct: number(5),
        ttft_ms: None,
        answered: None,
        preempted: None,
    })
}
