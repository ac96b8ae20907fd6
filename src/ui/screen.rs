//! The screens of a run, by the digit that opens each.

/// A screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Screen {
    /// The list of items, the selected one beside it.
    #[default]
    Queue,
    /// What the agent of the selected item did.
    Agent,
    /// What came of the selected item: ladder, arms side by side.
    Benchmark,
    /// The machine: disks, the Docker engine and its images, what is pulled and removed.
    Machine,
    /// What came of all items: groups, and a table.
    Results,
    /// Logs: what the stages of the selected item wrote, and the runner.
    Log,
}

impl Screen {
    /// Every screen, in order.
    pub const ALL: [Self; 6] = [Self::Queue, Self::Agent, Self::Benchmark, Self::Machine, Self::Results, Self::Log];

    /// The key that opens it.
    pub const fn digit(self) -> char {
        match self {
            Self::Queue => '1',
            Self::Agent => '2',
            Self::Benchmark => '3',
            Self::Machine => '4',
            Self::Results => '5',
            Self::Log => '6',
        }
    }

    /// Its name on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Agent => "agent",
            Self::Benchmark => "benchmark",
            Self::Machine => "machine",
            Self::Results => "results",
            Self::Log => "log",
        }
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Queue => Self::Agent,
            Self::Agent => Self::Benchmark,
            Self::Benchmark => Self::Machine,
            Self::Machine => Self::Results,
            Self::Results => Self::Log,
            Self::Log => Self::Queue,
        }
    }

    /// The one before it.
    #[must_use]
    pub const fn previous(self) -> Self {
        self.next().next().next().next().next()
    }
}
