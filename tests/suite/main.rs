//! One binary for the tests that run the real program, so that it links once.

mod demo_agent;
mod keeper;
mod support;
mod trae;
