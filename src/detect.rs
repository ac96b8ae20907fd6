//! Stuck agents: the suite D1–D20 of `agent-watching.md` §4, one rule a file.
//!
//! Every rule is given each finished step once, in order, and costs O(1) per step with bounded memory. The same code runs
//! live in the runner, in `inspect` and in `detect`.

mod call;
pub mod kind;
mod look;
mod memory;
mod print;
mod rule;
mod shell;
pub mod silence;
mod suite;
pub mod systemic;
pub mod text_period;
mod watch;

pub use suite::{Context, Human};
pub use watch::Watch;
