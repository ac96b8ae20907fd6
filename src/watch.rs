//! An agent at work, whoever runs it: what the detectors say of it, how long it is silent, what the harness's log says.

mod context;
mod detection;
pub mod folder;
mod kept;
pub mod log;
mod quiet;

pub use context::context;
pub use detection::{Detection, Seen, says_of};
pub use kept::safe_remark;
pub use quiet::{Beat, Quiet};
