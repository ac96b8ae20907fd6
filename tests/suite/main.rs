//! One binary for the tests that run the real program, so that it links once.

mod keeper;
mod support;
mod trae;
