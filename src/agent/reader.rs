//! One reader for every format.

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::Live;
use super::claude::{Session, Stream};

use super::codex::{Exec, Rollout};

use super::mini_swe_agent;
use super::open::Format;
use super::openhands::Events;
use super::swe_agent;
use super::trae::{Taken, Trajectory};
use super::value::repaired;
use super::whole::Whole;
use crate::domain::{AgentTotals, Step};

/// What every reader tells.
pub(super) trait Told {
    fn steps(&self) -> &[Step];
    fn totals(&self) -> AgentTotals;
    fn state(&self) -> Live;
    fn model(&self) -> Option<&str>;
    fn last_at(&self) -> Option<Timestamp>;
    fn task(&self) -> Option<&str>;
    fn started_at(&self) -> Option<Timestamp>;
    fn max_steps(&self) -> Option<u32> {
        None
    }
}

/// A reader of one format.
#[derive(Debug)]
pub(super) enum Reader {
    Trae(Box<Trajectory>),
    Whole(Format, Box<Whole>),
    ClaudeStream(Box<Stream>),
    ClaudeSession(Box<Session>),
    CodexExec(Box<Exec>),
    CodexRollout(Box<Rollout>),
    Openhands(Format, Box<Events>),
}

impl Reader {
    /// Of a trajectory of which nothing was read yet.
    pub(super) fn of(format: Format) -> Self {
        match format {
            Format::Trae => Self::Trae(Box::default()),
            Format::SweAgent | Format::MiniSweAgent => Self::Whole(format, Box::default()),
            Format::ClaudeStream => Self::ClaudeStream(Box::default()),
            Format::ClaudeSession => Self::ClaudeSession(Box::default()),
            Format::CodexExec => Self::CodexExec(Box::default()),
            Format::CodexRollout => Self::CodexRollout(Box::default()),
            Format::OpenhandsV0 | Format::OpenhandsV1 => Self::Openhands(format, Box::default()),
        }
    }

    /// Of some lines of a trajectory, all of which count; `is_midway`: there are others before them; `has_own`: not all of
    /// them are of subagents. Of formats that are not read so it is a reader of all.
    pub(super) fn part(format: Format, is_midway: bool, has_own: bool) -> Self {
        match format {
            Format::ClaudeSession => Self::ClaudeSession(Box::new(Session::part(is_midway, has_own))),
            Format::ClaudeStream if is_midway => Self::ClaudeStream(Box::new(Stream::midway())),
            Format::CodexExec if is_midway => Self::CodexExec(Box::new(Exec::midway())),
            Format::CodexRollout if is_midway => Self::CodexRollout(Box::new(Rollout::midway())),
            Format::OpenhandsV1 if is_midway => Self::Openhands(format, Box::new(Events::midway())),
            other => Self::of(other),
        }
    }

    pub(super) const fn format(&self) -> Format {
        match self {
            Self::Trae(_) => Format::Trae,
            Self::ClaudeStream(_) => Format::ClaudeStream,
            Self::ClaudeSession(_) => Format::ClaudeSession,
            Self::CodexExec(_) => Format::CodexExec,
            Self::CodexRollout(_) => Format::CodexRollout,
            Self::Whole(format, _) | Self::Openhands(format, _) => *format,
        }
    }

    pub(super) fn told(&self) -> &dyn Told {
        match self {
            Self::Trae(trajectory) => trajectory.as_ref(),
            Self::Whole(_, whole) => whole.as_ref(),
            Self::ClaudeStream(stream) => stream.as_ref(),
            Self::ClaudeSession(session) => session.as_ref(),
            Self::CodexExec(exec) => exec.as_ref(),
            Self::CodexRollout(rollout) => rollout.as_ref(),
            Self::Openhands(_, events) => events.as_ref(),
        }
    }

    /// The steps, where nothing else is asked any more. Of a long trajectory they are not copied.
    pub(super) fn into_steps(self) -> Vec<Step> {
        match self {
            Self::Trae(trajectory) => trajectory.into_steps(),
            other => other.told().steps().to_vec(),
        }
    }

    /// Takes the next line.
    pub(super) fn line(&mut self, line: &[u8]) -> Option<usize> {
        match self {
            Self::ClaudeStream(stream) => stream.take(line),
            Self::ClaudeSession(session) => session.take(line),
            Self::CodexExec(exec) => exec.take(line),
            Self::CodexRollout(rollout) => rollout.take(line),
            Self::Openhands(_, events) => events.take(line).ok().flatten(),
            Self::Trae(_) | Self::Whole(..) => None,
        }
    }

    /// Takes a file that holds one JSON document.
    pub(super) fn document(&mut self, bytes: &[u8]) -> Taken {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        match self {
            Self::Trae(trajectory) => trajectory.take(bytes),
            Self::Whole(Format::MiniSweAgent, whole) => whole.take(bytes, mini_swe_agent::read),
            Self::Whole(_, whole) => whole.take(bytes, swe_agent::read),
            _ => self.array(bytes),
        }
    }

    /// An array of what is otherwise one a line.
    fn array(&mut self, bytes: &[u8]) -> Taken {
        let fixed;
        let elements = match serde_json::from_slice::<Vec<&RawValue>>(bytes) {
            Ok(elements) => elements,
            Err(error) if error.is_eof() => return Taken::Torn,
            Err(_) => {
                fixed = repaired(bytes);
                match serde_json::from_slice(&fixed) {
                    Ok(elements) => elements,
                    Err(_) => return Taken::Torn,
                }
            }
        };
        *self = Self::of(self.format());
        for raw in elements {
            // old OpenHands: pairs of an action and its observation
            match serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
                Ok(pair) => {
                    for raw in pair {
                        self.line(raw.get().as_bytes());
                    }
                }
                Err(_) => {
                    self.line(raw.get().as_bytes());
                }
            }
        }
        Taken::News { from: 0 }
    }
}

impl Told for Trajectory {
    fn steps(&self) -> &[Step] {
        self.steps()
    }
    fn totals(&self) -> AgentTotals {
        self.totals()
    }
    fn state(&self) -> Live {
        self.state()
    }
    fn model(&self) -> Option<&str> {
        Some(self.model()).filter(|name| !name.is_empty())
    }
    fn last_at(&self) -> Option<Timestamp> {
        self.last_at()
    }
    fn task(&self) -> Option<&str> {
        Some(self.task()).filter(|text| !text.is_empty())
    }
    fn started_at(&self) -> Option<Timestamp> {
        self.started_at()
    }
    fn max_steps(&self) -> Option<u32> {
        self.max_steps()
    }
}

/// A reader whose own methods are those of [`Told`].
macro_rules! told {
    ($reader:ty { $($more:item)* }) => {
        impl Told for $reader {
            fn steps(&self) -> &[Step] {
                self.steps()
            }
            fn totals(&self) -> AgentTotals {
                self.totals()
            }
            fn state(&self) -> Live {
                self.state()
            }
            fn model(&self) -> Option<&str> {
                self.model()
            }
            fn last_at(&self) -> Option<Timestamp> {
                self.last_at()
            }
            fn task(&self) -> Option<&str> {
                self.task()
            }
            fn started_at(&self) -> Option<Timestamp> {
                self.started_at()
            }
            $($more)*
        }
    };
}

told!(Stream {});
told!(Session {});
told!(Exec {});
told!(Rollout {});
told!(Events {
    fn max_steps(&self) -> Option<u32> {
        self.max_steps()
    }
});
told!(Whole {
    fn max_steps(&self) -> Option<u32> {
        self.max_steps()
    }
});
