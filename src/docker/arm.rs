//! An arm in a container, run by a process of its own, `run-arm FOLDER`, under the stage's keeper: what it is told
//! (`order.json`), and what it leaves (`outcome.json`). What it says meanwhile is `domain::ArmProgress`, in `progress.json`, and
//! a line of `domain::ServerFigures` a second, in `figures.jsonl`.
//!
//! The container sees one folder of ours, `io/`, as [`INSIDE`]: it holds the script, and takes what is printed. Nothing else
//! of the attempt can be reached from inside, where code of an agent runs as root.

mod ended;
mod fault;
mod life;
mod made;
mod pauses;
mod printed;
mod scrape;
mod seen;
mod sweep;
mod told;
mod work;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::{ArmPhase, AttemptId, BenchKind, Stage};
use crate::domain::{FailureClass, OutsidePause, PausedBefore, PhaseSpan, RunId};
pub use sweep::sweep;
pub use told::again;
pub use work::RunArm;

/// What is to be run, within the folder that `run-arm` gets.
pub const ORDER: &str = "order.json";

/// How far it is (`domain::ArmProgress`), within the same folder.
pub const PROGRESS: &str = "progress.json";

/// What the server said of itself, a line a sample (`domain::ServerFigures`), within the same folder.
pub const FIGURES: &str = "figures.jsonl";

/// How it ended, within the same folder. It is written once, durably, before the container is removed.
pub const OUTCOME: &str = "outcome.json";

/// The folder, within the same folder, that the container sees.
pub const IO: &str = "io";

/// Where the container sees that folder.
pub const INSIDE: &str = "/isobench-tui";

/// The script, within [`IO`]; written by the runner.
pub const SCRIPT: &str = "arm.sh";

/// What the client, or the offline benchmark, prints, within [`IO`]: stdout, and stderr with its bars.
pub const OUT: &str = "out";
/// See [`OUT`].
pub const ERR: &str = "err";

/// What the server prints, both streams, within [`IO`].
pub const SERVER: &str = "server";

/// What the script tells, a line a mark, within [`IO`]: see `bench::script`.
pub const MARKS: &str = "marks";

/// From here on exit codes stand for signals.
pub const SIGNALS: i64 = 128;

/// The variable that tells the script which port it may use.
pub const PORT_VARIABLE: &str = "ISOBENCH_PORT";

/// `order.json`: what is to be run. It holds no secret: those are variables of our own environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmOrder {
    /// The run.
    pub run: RunId,
    /// The attempt.
    pub attempt: AttemptId,
    /// The stage.
    pub stage: Stage,
    /// The image, with tag or digest. It is there: the stage `pull` saw to that.
    pub image: String,
    /// What is measured; `None` where the command does not tell.
    pub kind: Option<BenchKind>,
    /// Variables of our own environment that the container gets: tokens. Those that are not set are left out.
    pub pass: Vec<String>,
    /// Other variables of the container, `NAME=value`: nothing secret.
    pub set: Vec<String>,
    /// Folders and files of this machine that it sees, beside [`IO`].
    pub mounts: Vec<Mount>,
    /// Size of `/dev/shm`, in bytes.
    pub shm: u64,
    /// Whether it shares the machine's memory segments (`--ipc=host`).
    pub ipc_host: bool,
    /// The GPUs that it gets, by UUID; none where it is empty.
    pub gpus: Vec<String>,
    /// Time until the server answers, in ms; `None` for as long as it takes.
    pub ready_ms: Option<u64>,
    /// Time from then, or of an offline benchmark, in ms; `None` for as long as it takes.
    pub bench_ms: Option<u64>,
    /// Folders whose `.env` holds secrets: their values are shown nowhere.
    #[serde(default)]
    pub dot_env: Vec<PathBuf>,
}

/// A folder or file of this machine within the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Here.
    pub from: PathBuf,
    /// There.
    pub to: String,
    /// Whether it can't be changed there.
    pub read_only: bool,
}

/// `outcome.json`: how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmOutcome {
    /// How.
    #[serde(flatten)]
    pub end: ArmEnd,
    /// The container's id; `None` where none was made.
    #[serde(default)]
    pub container: Option<String>,
    /// The image's id, `sha256:…`; `None` where it was not found.
    #[serde(default)]
    pub image_id: Option<String>,
    /// The digest by which registries know it, `sha256:…`; `None` where the engine knows none.
    #[serde(default)]
    pub image_digest: Option<String>,
    /// The phases come to, with their times.
    pub phases: Vec<PhaseSpan>,
    /// The lines of [`MARKS`], as far as they make sense.
    pub marks: Vec<String>,
    /// Time in which the container was paused, in ms.
    pub paused_ms: u64,
    /// Of that, what none of us asked for; `None` where there was no such pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<OutsidePause>,
    /// What of all pauses was over when it began to measure; `None` where nobody knows when that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<PausedBefore>,
    /// All of it, paused time included, in ms.
    pub duration_ms: u64,
}

impl ArmOutcome {
    /// For how long of our own freezes, which lasted so long in all, it stood still while it measured, in ms.
    pub fn frozen_ms(&self, all_ms: u64) -> u64 {
        let ours = self.paused_ms.saturating_sub(self.outside.map_or(0, |outside| outside.ms));
        self.before.map_or(all_ms, |before| ours.saturating_sub(before.ours_ms))
    }

    /// The same of pauses that somebody else asked for; `None` where there was none.
    pub fn paused_outside(&self) -> Option<OutsidePause> {
        let outside = self.outside?;
        let ms = outside.ms.saturating_sub(self.before.unwrap_or_default().outside_ms);
        (ms > 0).then_some(OutsidePause { ms, ..outside })
    }
}

/// How an arm in a container ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum ArmEnd {
    /// The script returned.
    Exited {
        /// Its exit code; 128 + n where a signal ended it inside.
        code: i64,
        /// Whether the kernel killed something of it for its memory limit.
        oom: bool,
    },
    /// A phase took longer than it may.
    Late {
        /// Which one.
        phase: ArmPhase,
        /// What it may take, in ms.
        limit_ms: u64,
    },
    /// TERM came: the container was stopped.
    Stopped,
    /// The engine refused, died, or lost the container.
    Failed {
        /// The cause.
        class: FailureClass,
        /// In a sentence: what happened, where, what to do.
        why: String,
    },
}
