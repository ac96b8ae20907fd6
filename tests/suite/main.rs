//! One binary for the tests that run the real program, so that it links once.

mod alone;
mod artifacts;
mod attach;
mod budgets;
mod campaign;
mod config;
mod controls;
mod corpus;
mod demo_agent;
mod errors;
mod fold;
mod keeper;
mod patches;
mod preflight;
mod pty;
mod recover;
mod sabotage;
mod screen;
mod screen_frames;
mod screen_journeys;
mod screen_pty;
mod screen_runs;
mod select;
mod support;
mod trae;
