//! GPUs: what hampers them, what is wrong with their driver, and whose the processes on them are.

use serde::{Deserialize, Serialize};

use super::{AttemptId, ItemId, Stage};

/// Why clocks are lower than they could be: the bits of NVML's `nvmlClocksThrottleReasons`, as they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Throttle(pub u64);

impl Throttle {
    /// Nothing runs.
    pub const GPU_IDLE: Self = Self(0x1);
    /// Somebody set the clocks.
    pub const APPLICATION_CLOCKS: Self = Self(0x2);
    /// At the power limit: normal under full load.
    pub const SW_POWER_CAP: Self = Self(0x4);
    /// The hardware halves the clocks: heat, power brake, or a power supply that is too weak.
    pub const HW_SLOWDOWN: Self = Self(0x8);
    /// Clocks of a group of GPUs are kept equal.
    pub const SYNC_BOOST: Self = Self(0x10);
    /// The driver lowers the clocks because of heat.
    pub const SW_THERMAL: Self = Self(0x20);
    /// The hardware lowers the clocks because of heat.
    pub const HW_THERMAL: Self = Self(0x40);
    /// The machine's power supply asks for less.
    pub const HW_POWER_BRAKE: Self = Self(0x80);
    /// A display limits the clocks.
    pub const DISPLAY_CLOCKS: Self = Self(0x100);

    /// Those that spoil a benchmark: heat, hardware slowdown, power brake.
    pub const SPOILS: Self = Self(Self::HW_SLOWDOWN.0 | Self::SW_THERMAL.0 | Self::HW_THERMAL.0 | Self::HW_POWER_BRAKE.0);

    /// Every reason with its word, the worst first.
    pub const NAMED: [(Self, &'static str); 9] = [
        (Self::HW_THERMAL, "hw thermal"),
        (Self::HW_POWER_BRAKE, "power brake"),
        (Self::HW_SLOWDOWN, "hw slowdown"),
        (Self::SW_THERMAL, "sw thermal"),
        (Self::SW_POWER_CAP, "power cap"),
        (Self::SYNC_BOOST, "sync boost"),
        (Self::APPLICATION_CLOCKS, "app clocks"),
        (Self::DISPLAY_CLOCKS, "display clocks"),
        (Self::GPU_IDLE, "idle"),
    ];

    /// Whether any of the other's reasons is among them.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Their words, the worst first; reasons that nobody named yet are a number.
    pub fn names(self) -> Vec<String> {
        let known = Self::NAMED.iter().fold(0, |all, (reason, _)| all | reason.0);
        let mut names: Vec<String> =
            Self::NAMED.iter().filter(|(reason, _)| self.has(*reason)).map(|(_, name)| (*name).to_owned()).collect();
        if self.0 & !known != 0 {
            names.push(format!("{:#x}", self.0 & !known));
        }
        names
    }
}

/// How NVIDIA's driver answers. What is absent, what is forbidden and what is broken are different things.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Driver {
    /// It was not asked to the end yet.
    #[default]
    Starting,
    /// It answers.
    Here,
    /// There is no `libnvidia-ml.so.1`: no NVIDIA driver is installed here.
    Absent,
    /// It is there, and we may not ask it.
    Forbidden {
        /// What it said.
        says: String,
    },
    /// Its library and the part in the kernel are of different versions: it was updated, and not loaded anew.
    Mismatch {
        /// What it said.
        says: String,
    },
    /// Its library is there, and the part in the kernel does not run.
    NotLoaded {
        /// What it said.
        says: String,
    },
    /// It is there and answers nothing that makes sense.
    Broken {
        /// What it said.
        says: String,
    },
}

impl Driver {
    /// Whether GPUs can be read.
    pub const fn is_here(&self) -> bool {
        matches!(self, Self::Here)
    }
}

/// Whose a process or a container is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "whose", rename_all = "snake_case")]
pub enum Whose {
    /// A stage of a run of ours: the one that is watched, or another on this machine.
    Stage {
        /// The run's id.
        run: String,
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// The stage.
        stage: Stage,
    },
    /// A container that is none of ours.
    Container {
        /// Its id, in 12 digits.
        id: String,
        /// Its name, where the engine says it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Somebody else's process on this machine.
    Foreign {
        /// Its user, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
    },
    /// Its pid means nothing here: it is gone, hidden, or of another pid namespace (in a container NVML says the host's pids).
    #[default]
    Unknown,
}

impl Whose {
    /// The stage that a process's tag names: `<run>/<item>.<n>/<stage>`. `None`: it names none.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let mut parts = tag.split('/');
        let (run, attempt, stage) = (parts.next()?, parts.next()?, parts.next()?);
        let (item, n) = attempt.rsplit_once('.')?;
        let item = ItemId(item.to_owned());
        let is_whole = parts.next().is_none() && !run.is_empty() && item.unfit().is_none();
        is_whole.then_some(Self::Stage { run: run.to_owned(), item, n: n.parse().ok()?, stage: Stage::from_name(stage)? })
    }

    /// The attempt whose stage it is.
    pub fn attempt(&self) -> Option<(AttemptId, Stage)> {
        match self {
            Self::Stage { item, n, stage, .. } => Some((AttemptId { item: item.clone(), n: *n }, *stage)),
            _ => None,
        }
    }

    /// Whether it is visible and nobody's of this run: what taints an arm. Unknown ones are shown, and never taint.
    pub fn is_foreign_to(&self, here: &str) -> bool {
        match self {
            Self::Stage { run, .. } => run != here,
            Self::Container { .. } | Self::Foreign { .. } => true,
            Self::Unknown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_a_stage_or_nothing() {
        let stage = |n| Whose::Stage { run: "r".to_owned(), item: ItemId("a.b-1".to_owned()), n, stage: Stage::Human };
        assert_eq!(Whose::of_tag("r/a.b-1.12/human"), Some(stage(12)));
        for bad in
            ["", "r", "r/i.1", "r/i.1/lunch", "r/i/human", "r/.1/human", "/i.1/human", "r/i.x/human", "r/i.1/human/", "a/r/i.1/human"]
        {
            assert_eq!(Whose::of_tag(bad), None, "{bad:?}");
        }
    }
}
