//! What now, and why not. Pure functions of model, configuration and time: nothing here reads a clock or a file.

pub mod answer;
pub mod eta;
pub mod next;
pub mod pipeline;
pub mod recover;
pub mod room;
pub mod why;

pub use answer::{LookedUp, answer};
pub use eta::Eta;
pub use next::{Next, next};
pub use recover::{Recovery, Seen, recover};
pub use why::{WhyNot, why_not};
