//! Stuck agents: the suite D1–D20 of `agent-watching.md` §4, one rule a file.
//!
//! Every rule is given each finished step once, in order, and costs O(1) per step with bounded memory. The same code runs
//! live in the runner, in `inspect` and in `detect`.

mod act;
pub mod aim;
pub mod answer_peek;
mod budget;
mod call;
mod call_as_text;
mod cut;
mod cycle;
mod dead_tool;
mod error_wall;
mod identical_step;
pub mod kind;
pub mod labels;
mod look;
mod memory;
mod no_progress;
mod no_tool_call;
mod open_call;
mod patience;
mod place;
mod print;
mod refused_finish;
mod rule;
mod same_message;
mod say_again;
mod shell;
pub mod silence;
mod stale_share;
mod stand_in;
mod suite;
pub mod systemic;
pub mod text_period;
mod tool_refusal;
mod truncated;
mod vcs_churn;
mod watch;

pub use stand_in::is_package;
pub use suite::{Context, Human};
pub use watch::Watch;
