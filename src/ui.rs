//! What the screen knows and does: state, messages, actions, keys. It knows no colour, no I/O and no clock.

pub mod action;
pub mod focus;
pub mod home;
pub mod key;
pub mod keymap;
pub mod kind;
pub mod log;
pub mod message;
pub mod mood;
pub mod mouse;
mod moves;
pub mod notice;
pub mod now;
pub mod palette;
mod pointed;
pub mod prompt;
pub mod question;
pub mod reading;
pub mod results;
pub mod screen;
mod searching;
pub mod sent;
pub mod state;
pub mod step;
pub mod update;
pub mod verbs;
pub mod words;

pub use action::Action;
pub use focus::Focus;
pub use key::Key;
pub use message::{Effect, Left, Msg};
pub use mood::{Mood, Said};
pub use mouse::Mouse;
pub use screen::Screen;
pub use state::State;
pub use update::update;
