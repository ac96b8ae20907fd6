//! What time it is, how long the machine is up, and which boot this is.

use std::fs;
use std::sync::OnceLock;

use rustix::time::{ClockId, clock_gettime};

/// The wall clock. It may jump; durations are taken from [`up_ms`].
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Time since the machine booted, suspended time included, in ms. Never goes back within a boot.
pub fn up_ms() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u64::try_from(time.tv_nsec).unwrap_or_default();
    seconds.saturating_mul(1000).saturating_add(nanos / 1_000_000)
}

/// The id the kernel gave this boot. Pids and start times mean nothing beyond it. Empty where `/proc` does not tell.
pub fn boot_id() -> String {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_has_an_id_that_stays() {
        assert_eq!(boot_id().len(), 36, "{:?}", boot_id());
        assert_eq!(boot_id(), boot_id());
    }

    #[test]
    fn up_time_does_not_go_back() {
        let first = up_ms();
        assert!(first > 0 && up_ms() >= first);
    }
}
