//! The words of the field, without I/O and without a clock.

pub mod agent_kind;
pub mod arm_run;
pub mod bench_kind;
pub mod check;
pub mod failure;
pub mod finding;
pub mod flag;
pub mod gpu;
pub mod ids;
pub mod machine_use;
pub mod measured;
pub mod metric;
pub mod outcome;
pub mod prune;
pub mod pull;
pub mod repair;
pub mod room;
pub mod rung;
pub mod samples;
pub mod soft;
pub mod stage;
pub mod step;
pub mod workload;

pub use agent_kind::{AgentKind, PromptSource};
pub use arm_run::{ArmPhase, ArmProgress, FiguresFrom, OutsidePause, PausedBefore, PhaseSpan, ProgressRow, ServerFigures};
pub use bench_kind::{BenchEngine, BenchKind};
pub use check::{About, Check, Row};
pub use failure::{Cause, FailureClass, Temper};
pub use finding::{Detector, Evidence, Finding, Level, OnStuck, Remark};
pub use flag::Flag;
pub use gpu::{Driver, Throttle, Whose};
pub use ids::{AttemptId, ItemId, RunId, is_same_commit, short_sha};
pub use machine_use::{MachineUse, Taint, TaintKind};
pub use measured::{Machine, Reused};
pub use metric::{Band, Direction, Metric, Standing, Verdict, is_measured};
pub use outcome::{
    AgentTotals, ArmDetail, CheckDetail, ChildEnd, Deferral, EndCause, ScoreDetail, SecretAt, StageDetail, StageEnd, StageOutcome,
};
pub use prune::{Fate, PruneDetail, PruneEnd, PrunePlan, PruneProgress, PruneScope, Thing};
pub use pull::{Bar, ImagePull, LayerPull, LayerState, PullDetail, PullPhase, PullProgress, PulledImage};
pub use repair::Repair;
pub use room::{Need, QueueRoom, Shortage};
pub use rung::{Answer, Rung, RungAnswer};
pub use samples::{LostRound, Samples};
pub use soft::{Quadrant, SoftVerdict, Target};
pub use stage::{Arm, Stage};
pub use step::{Reply, Step, ToolCall, ToolResult, Usage};
pub use workload::Workload;
