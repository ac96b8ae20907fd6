//! Benchmarks: the numbers that a command printed, the cause of a failure, the comparison.

pub mod arm;
pub mod failure;
pub mod live;
pub mod metrics;
pub mod output;
pub mod prometheus;
pub mod ready;
pub mod score;

pub use failure::{AgentEnd, Patched, Printed, classify, first_cause, hint, of_agent, of_result, timeout_of};
pub use metrics::{MOST_METRICS, parse_metrics, take_most};
pub use output::{Output, Stated, read, read_from, read_result};
pub use score::{ArmInput, Missing, score, unit_at_end};
