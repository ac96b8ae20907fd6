//! A run as a reader sees it: its ledger followed and folded.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use super::Run;
use crate::ledger::{Line, RunFolder, Tail, regular};

/// Follows one run's ledger.
#[derive(Debug)]
pub struct Follower {
    /// The model so far.
    pub run: Run,
    tail: Tail,
}

impl Follower {
    /// At the start of the ledger, which need not exist yet.
    pub fn new(folder: &RunFolder) -> Self {
        Self { run: Run::default(), tail: Tail::new(folder.events()) }
    }

    /// Reads to the end. True when something new came.
    pub fn catch_up(&mut self) -> io::Result<bool> {
        let mut news = false;
        let run = &mut self.run;
        self.tail.read_on(|line| {
            news = true;
            run.apply_line(line);
        })?;
        Ok(news)
    }

    /// The run as its first fact made it: who and what, without the thousands of facts that follow.
    pub fn beginning(folder: &RunFolder) -> io::Result<Run> {
        let mut run = Run::default();
        let mut line = Vec::new();
        BufReader::new(regular::open(File::options().read(true), &folder.events())?).take(regular::LONGEST).read_until(b'\n', &mut line)?;
        // a damaged beginning is a fault that the whole fold tells
        run.apply_line(Line::Text(0, String::from_utf8_lossy(&line).trim_end()));
        Ok(run)
    }

    /// Folds a whole ledger once.
    pub fn load(folder: &RunFolder) -> io::Result<Run> {
        let mut follower = Self::new(folder);
        follower.catch_up()?;
        Ok(follower.run)
    }
}
