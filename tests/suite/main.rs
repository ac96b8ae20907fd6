//! One binary for the tests that run the real program, so that it links once.

mod demo_agent;
mod keeper;
mod pty;
mod screen;
mod screen_frames;
mod screen_journeys;
mod screen_pty;
mod screen_runs;
mod support;
mod trae;
