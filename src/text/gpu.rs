//! GPUs and their driver in sentences: what is wrong, and what to do about it. The numbers of NVIDIA's errors in words.

use super::duration;
use crate::domain::Driver;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What happened, in a sentence without a point.
    pub says: String,
    /// The next step of a person.
    pub todo: String,
}

/// What is said while the driver was not asked to the end yet.
pub const STARTING: &str = "the driver is being asked";

/// Why pids of processes on GPUs name nothing in a container.
pub const IN_CONTAINER: &str = "this is a container: the driver says the pids of its host, which name nothing here";

/// What to do about it.
pub const IN_CONTAINER_TODO: &str = "run isobench-tui on the host, or start this container with --pid=host";

/// What keeps GPUs from being read. `None`: nothing, or it is not known yet.
pub fn driver(driver: &Driver) -> Option<Trouble> {
    let (says, todo) = match driver {
        Driver::Starting | Driver::Here => return None,
        Driver::Absent => (
            "no NVIDIA driver is installed here: there is no libnvidia-ml.so.1".to_owned(),
            "install the driver, or start this container with --gpus all; where no GPU is meant to be, nothing is to be done",
        ),
        Driver::Forbidden { says } => (
            format!("NVIDIA's driver is here, and we may not ask it: {says}"),
            "`ls -l /dev/nvidia*` shows who may: join that group, or start this container with --gpus all",
        ),
        Driver::Mismatch { says } => (
            format!("NVIDIA's driver was updated and not loaded anew, its library and its kernel module differ: {says}"),
            "reboot, or end all that uses the GPUs and load the module anew: `sudo rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia; sudo modprobe nvidia`",
        ),
        Driver::NotLoaded { says } => (
            format!("NVIDIA's library is here, and its kernel module is not loaded: {says}"),
            "`sudo modprobe nvidia`; where that fails, `sudo dmesg | grep -i nvrm` says why",
        ),
        Driver::Broken { says } => (
            format!("NVIDIA's driver is here, and its answer makes no sense: {says}"),
            "run `nvidia-smi` once: if it says the same, `sudo dmesg | grep -iE 'nvrm|xid'` says why; a container that says so alone wants to be restarted",
        ),
    };
    Some(Trouble { says, todo: todo.to_owned() })
}

/// A GPU that the driver cannot reach any more.
pub fn lost(index: u32) -> Trouble {
    Trouble {
        says: format!("GPU {index} is lost: the driver cannot reach it any more"),
        todo: "`sudo dmesg | grep -i xid` says since when; end what used it and reboot: a GPU off the bus comes back no other way"
            .to_owned(),
    }
}

/// A driver that has not answered for so many ms.
pub fn silent(ms: u64) -> Trouble {
    Trouble {
        says: format!("the driver has not answered for {}", duration::age(ms)),
        todo: "readings of GPUs are from before then, and nothing else waits for it; if it stays so, `sudo dmesg | grep -i nvrm` says why, and a reboot heals it"
            .to_owned(),
    }
}

/// `Xid 79, fell off the bus`; one that nobody named yet is its number.
pub fn xid(code: u64) -> String {
    xid_words(code).map_or_else(|| format!("Xid {code}"), |words| format!("Xid {code}, {words}"))
}

/// What an error's number means, in NVIDIA's words made short.
pub const fn xid_words(code: u64) -> Option<&'static str> {
    Some(match code {
        8 => "GPU stopped processing",
        13 => "graphics exception",
        31 => "memory page fault",
        32 => "corrupted push buffer",
        38 => "driver firmware error",
        43 => "GPU stopped processing",
        44 => "fault at a context switch",
        45 => "channel cleaned up after an error",
        46 => "GPU timed out",
        48 => "double bit ECC error",
        54 => "power cable not connected",
        61 => "microcontroller warning",
        62 => "microcontroller halt",
        63 => "memory row remapped",
        64 => "memory row not remapped",
        69 => "graphics engine class error",
        74 => "NVLink error",
        79 => "fell off the bus",
        92 => "many single bit ECC errors",
        94 => "contained ECC error",
        95 => "uncontained ECC error",
        109 => "context switch timed out",
        110 => "security fault",
        119 => "GSP timed out",
        120 => "GSP error",
        121 => "C2C link error",
        137 => "NVLink access fault",
        140 => "unrecovered ECC error",
        143 => "GPU initialisation failed",
        145 => "NVLink RLW error",
        149 => "NVLink NETIR error",
        154 => "GPU wants a recovery action",
        _ => return None,
    })
}

/// The next step after an error; `None` where nobody knows one.
pub const fn xid_todo(code: u64) -> Option<&'static str> {
    Some(match code {
        8 | 13 | 31 | 32 | 43 | 45 | 69 | 109 => "mostly the program's own fault: its log at this second says more",
        63 | 92 | 94 => "the GPU goes on; have it reset before the next run",
        46 | 48 | 61 | 62 | 64 | 74 | 95 | 119 | 120 | 140 | 143 => {
            "reset the GPU or reboot before the next arm; if it comes back, have the GPU looked at"
        }
        79 => "reboot: a GPU off the bus comes back no other way",
        154 => "`nvidia-smi -q | grep -i recovery` says which",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_is_absent_forbidden_and_broken_are_different_sentences_with_a_next_step() {
        let says = || "what it said".to_owned();
        let all = [
            Driver::Absent,
            Driver::Forbidden { says: says() },
            Driver::Mismatch { says: says() },
            Driver::NotLoaded { says: says() },
            Driver::Broken { says: says() },
        ];
        let mut told: Vec<Trouble> = all.iter().map(|one| driver(one).unwrap()).collect();
        told.extend([lost(3), silent(42_000)]);
        for (at, one) in told.iter().enumerate() {
            assert!(!one.todo.is_empty() && !one.says.ends_with('.'), "{one:?}");
            assert!(told.iter().skip(at + 1).all(|other| other.says != one.says && other.todo != one.todo), "{one:?}");
        }
        assert!(told.iter().filter(|one| one.says.contains("what it said")).count() == 4, "what the driver said is told");
        assert!(driver(&Driver::Here).is_none() && driver(&Driver::Starting).is_none());
    }

    #[test]
    fn the_age_of_silence_is_told_in_whole_seconds() {
        assert_eq!(silent(4_210).says, "the driver has not answered for 4 s");
        assert_eq!(silent(42_900).says, "the driver has not answered for 42 s");
        assert_eq!(silent(312_000).says, "the driver has not answered for 5m12s");
    }

    #[test]
    fn errors_have_words_and_unknown_ones_their_number() {
        assert_eq!((xid(79), xid(4711)), ("Xid 79, fell off the bus".to_owned(), "Xid 4711".to_owned()));
        for code in (0..256).filter(|code| xid_todo(*code).is_some()) {
            assert!(xid_words(code).is_some(), "Xid {code} has a next step and no words");
        }
    }
}
