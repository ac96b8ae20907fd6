//! Drawing: a pure function of state, theme and time. One file a region; `parts/` are drawn from what they are given.

pub mod all_results;
pub mod bench;
pub mod beside;
pub mod browse;
pub mod canvas;
pub mod compare;
pub mod detail;
pub mod findings;
pub mod footer;
pub mod frame;
pub mod header;
pub mod help;
pub mod home;
pub mod item;
pub mod live;
pub mod log;
pub mod machine;
pub mod opened;
pub mod outcome;
pub mod output;
pub mod palette;
pub mod parts;
pub mod prompt;
pub mod question;
pub mod queue;
pub mod since;
pub mod steps;

pub use canvas::{Canvas, Words};
pub use frame::draw;
