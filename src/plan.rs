//! What now, and why not. Pure functions of model, configuration and time: nothing here reads a clock or a file.

pub mod answer;
pub mod next;
pub mod pipeline;
pub mod recover;

pub use answer::answer;
pub use next::{Next, next, why_not};
pub use recover::{Recovery, Seen, recover};
