//! One binary for the tests that run the real program, so that it links once.

mod alone;
mod artifacts;
mod budgets;
mod campaign;
mod controls;
mod errors;
mod fold;
mod keeper;
mod patches;
mod recover;
mod support;
mod trae;
