//! Benchmarks: the numbers that a command printed, the cause of a failure, the comparison.

pub mod failure;
pub mod metrics;
pub mod output;
pub mod score;

pub use failure::{classify, first_cause};
pub use metrics::{MOST_METRICS, parse_metrics, take_most};
pub use output::{Output, read};
pub use score::{ArmInput, Missing, score};
