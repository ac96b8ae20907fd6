//! Stuck agents: the suite D1–D20 of `agent-watching.md` §4, one rule a file.
//!
//! Every rule is given each finished step once, in order, and costs O(1) per step with bounded memory. The same code runs
//! live in the runner, in `inspect` and in `detect`.

mod call;
mod cycle;
mod dead_tool;
mod error_wall;
mod identical_step;
pub mod kind;
mod look;
mod memory;
mod no_progress;
mod no_tool_call;
mod open_call;
mod print;
mod refused_finish;
mod rule;
mod same_message;
mod shell;
pub mod silence;
mod stale_share;
mod suite;
pub mod systemic;
pub mod text_period;
mod vcs_churn;
mod watch;

pub use suite::{Context, Human};
pub use watch::Watch;
