//! A run for scripts and for people without a screen: from the same model that the screen draws.

pub mod status;
pub mod table;

pub use status::status;
pub use table::table;
