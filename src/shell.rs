//! The loop of the screen. It owns all I/O: terminal, keys, files, notifications.

mod console;
pub mod effects;
pub mod encode;
pub mod home;
pub mod keys;
pub mod painter;
pub mod places;
pub mod reader;
mod screen;
pub mod setup;
pub mod sitting;
pub mod terminal;
pub mod trail;
pub mod window;

pub use crate::ui::Left;
pub use home::HomeSetup;
pub use places::Places;
pub use setup::{ScreenError, Setup};
pub use sitting::{Sitting, run};
