//! The loop of the screen. It owns all I/O: terminal, keys, files, notifications.

mod console;
pub mod effects;
pub mod encode;
pub mod keys;
pub mod looks;
pub mod painter;
pub mod places;
pub mod reader;
pub mod screen;
pub mod setup;
pub mod terminal;
pub mod trail;
pub mod window;

pub use crate::ui::Left;
pub use places::Places;
pub use screen::run;
pub use setup::{ScreenError, Setup};
