//! The loop of the screen. It owns all I/O: terminal, keys, files, notifications.

mod chosen;
mod console;
pub mod effects;
pub mod encode;
pub mod input;
mod job;
pub mod keys;
pub mod log;
pub mod looks;
pub mod pace;
pub mod painter;
pub mod places;
pub mod reader;
pub mod screen;
pub mod setup;
pub mod signals;
pub mod terminal;
pub mod themes;
pub mod trail;
pub mod window;

pub use crate::ui::Left;
pub use places::Places;
pub use screen::run;
pub use setup::{ScreenError, Setup};
