//! One binary for the tests that run the real program, so that it links once.

mod alone;
mod artifacts;
mod attach;
mod budgets;
mod campaign;
mod controls;
mod corpus;
mod demo_agent;
mod errors;
mod fold;
mod keeper;
mod patches;
mod pty;
mod recover;
mod sabotage;
mod screen;
mod screen_frames;
mod screen_journeys;
mod screen_pty;
mod screen_runs;
mod support;
mod through_harness;
mod trae;
