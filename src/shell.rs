//! The loop of the screen. It owns all I/O: terminal, keys, files, notifications.

pub mod bell;
mod chosen;
mod console;
pub mod effects;
pub mod encode;
pub mod home;
pub mod input;
mod job;
pub mod keys;
pub mod labels;
pub mod log;
pub mod looks;
pub mod pace;
pub mod painter;
pub mod places;
pub mod reader;
mod screen;
mod seek;
pub mod setup;
pub mod signals;
pub mod sitting;
pub mod terminal;
pub mod themes;
pub mod trail;
pub mod window;

pub use crate::ui::Left;
pub use home::HomeSetup;
pub use places::Places;
pub use places::{ItemPlace, Items};
pub use setup::{Begin, Facts, Folded, ScreenError, Setup};
pub use sitting::Sitting;
