//! What the runner does with signals: INT once ends after the stage, twice at once; TERM at once; HUP is nothing.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// How far the runner is from leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leaving {
    /// It stays.
    Stays,
    /// After the live stage.
    AfterStage,
    /// At once; the live stage is stopped, and is interrupted, not failed.
    Now,
}

/// The signals of the runner.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    _hangup: Signal,
}

impl Signals {
    /// Takes over INT, TERM and HUP.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            // taken and never looked at: a closed terminal is none of the runner's business
            _hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next signal and says what it means for a runner in this state.
    pub async fn next(&mut self, now: Leaving) -> Leaving {
        tokio::select! {
            _ = self.interrupt.recv() => if now == Leaving::Stays { Leaving::AfterStage } else { Leaving::Now },
            _ = self.terminate.recv() => Leaving::Now,
        }
    }
}
