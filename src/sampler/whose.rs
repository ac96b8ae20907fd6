//! Whose a process is: pid → cgroup → container, or → keeper → run, item, stage.

use std::collections::BTreeMap;

use crate::domain::Whose;
use crate::telemetry::GroupReading;

/// A process as far as it can be known here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: Option<String>,
    /// Its user.
    pub user: Option<String>,
    /// Whose it is.
    pub whose: Whose,
}

/// Knows whose processes are, and what containers and stages use. What was found out is kept: a look is cheap.
#[derive(Debug, Default)]
pub struct Attribution {}

impl Attribution {
    /// Of a pid as the driver says it.
    pub fn of(&mut self, _pid: u32) -> Known {
        Known::default()
    }

    /// What containers and stages use, by a name of their own.
    pub fn groups(&mut self) -> BTreeMap<String, GroupReading> {
        BTreeMap::new()
    }

    /// Whether we are in a container ourselves, where the driver's pids resolve to nothing.
    pub fn in_container(&self) -> bool {
        false
    }
}
