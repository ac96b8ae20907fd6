//! Small things, drawn from what they are given.

pub mod bar;
pub mod column;
pub mod dialog;
pub mod dots;
pub mod heading;
pub mod strip;
