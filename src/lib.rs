//! `isobench-tui`: launch and watch ISO-Bench from one terminal.
//!
//! A run is a directory of facts. One runner appends them to `events.jsonl`; the model is a fold over them; the screen
//! is a reader. The table of who may use whom is in `tests/architecture.rs`.

pub mod agent;
pub mod artifact;
pub mod bench;
pub mod cli;
pub mod config;
pub mod demo;
pub mod detect;
pub mod docker;
pub mod domain;
pub mod exit;
pub mod host;
pub mod import;
pub mod ledger;
pub mod measured;
pub mod model;
pub mod patch;
pub mod plan;
pub mod report;
pub mod runner;
pub mod sampler;
pub mod shell;
pub mod telemetry;
pub mod text;
pub mod theme;
pub mod ui;
pub mod view;
pub mod watch;
