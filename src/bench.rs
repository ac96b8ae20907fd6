//! Benchmarks: the numbers that a command printed, the cause of a failure, the comparison.

pub mod failure;
pub mod metrics;
pub mod score;

pub use failure::classify;
pub use metrics::{MOST_METRICS, parse_metrics, take_most};
pub use score::score;
