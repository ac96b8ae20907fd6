//! The model: a fold over the ledger. `Run::apply` is the only way it changes: in the runner, the screen, replay,
//! reports and tests.

pub mod act;
pub mod apply;
pub mod detected;
pub mod energy;
pub mod item;
pub mod load;
pub mod past;
mod rounds;
pub mod run;
mod suspect;

pub use energy::Energy;
pub use item::{Asked, Attempt, Item, ItemState, StageRecord, StageState};
pub use load::Follower;
pub use past::{Past, PastItem};
pub use rounds::{Ran, Round};
pub use run::{Band, Breaker, Delay, Fault, Pause, Run, RunState, Runner};
