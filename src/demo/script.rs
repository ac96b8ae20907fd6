//! What the scripted agent thinks and does, one scenario an item.

mod churn;
mod crash;
mod empty;
pub(super) mod history;
mod sentence;
mod stubs;
mod win;

use std::borrow::Cow;

use super::tools::{Ask, Text};

/// One answer of the model: a thought, and the tools that it asks for.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) thought: Text,
    pub(super) asks: Vec<Ask>,
}

/// A run of the agent. It ends with an accepted `task_done`, or when the turns are over: its step budget.
#[derive(Debug)]
pub(super) struct Scenario {
    /// How long it takes at speed 1, in seconds.
    pub(super) seconds: f64,
    /// The step budget.
    pub(super) max_steps: u32,
    pub(super) turns: Vec<Turn>,
}

/// How many scenarios there are.
pub(super) const COUNT: usize = 6;

/// The scenario of this number, modulo their count.
pub(super) fn scenario(number: usize) -> Scenario {
    match number % COUNT {
        0 => win::scenario(),
        1 => crash::scenario(),
        2 => empty::scenario(),
        3 => sentence::scenario(),
        4 => stubs::scenario(),
        _ => churn::scenario(),
    }
}

/// The scenario of an item: the number at the end of its id.
pub(super) fn number(item: &str) -> usize {
    let digits = item.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or_default()
}

/// Starts a turn.
fn say(thought: impl Into<Text>) -> Turn {
    Turn { thought: thought.into(), asks: Vec::new() }
}

impl Turn {
    fn bash(self, command: impl Into<Text>) -> Self {
        self.ask(Ask::Bash(command.into()))
    }

    fn fails(self, command: impl Into<Text>, said: impl Into<Text>) -> Self {
        self.ask(Ask::Fails(command.into(), said.into()))
    }

    fn view(self, path: &'static str) -> Self {
        self.ask(Ask::View(path))
    }

    fn create(self, path: impl Into<Text>, text: impl Into<Text>) -> Self {
        self.ask(Ask::Create(path.into(), text.into()))
    }

    fn replace(self, path: &'static str, old: &'static str, new: &'static str) -> Self {
        self.ask(Ask::Replace(path, old, new))
    }

    fn think(self, text: &'static str, number: u32, total: u32) -> Self {
        self.ask(Ask::Think(text, number, total))
    }

    fn done(self) -> Self {
        self.ask(Ask::Done)
    }

    fn ask(mut self, ask: Ask) -> Self {
        self.asks.push(ask);
        self
    }
}

/// Serves the requests five times and prints what that took: `times` is in every shell.
const MEASURE: Text =
    Cow::Borrowed("i=0; while [ $i -lt 5 ]; do sh engine/run.sh data/requests.txt >/dev/null || exit; i=$((i + 1)); done; times");
