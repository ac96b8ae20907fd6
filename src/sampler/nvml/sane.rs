//! What a reading can be. Where a structure of the library is not laid out as we think, numbers come that nothing can be: such a
//! reading is missing, and never shown.

/// A percentage.
pub(super) const PERCENT: u32 = 100;

/// A fan's, which may go beyond what it was made for.
pub(super) const FAN: u32 = 200;

/// A temperature in °C; one below zero comes as a huge number.
pub(super) const TEMPERATURE: u32 = 200;

/// A power in mW: 20 kW is more than any board has.
pub(super) const POWER: u32 = 20_000_000;

/// A clock in MHz.
pub(super) const CLOCK: u32 = 100_000;

/// Generation of a PCIe link, and its lanes.
pub(super) const LINK: [u32; 2] = [16, 32];

/// A memory in bytes: 1 PiB.
pub(super) const MEMORY: u64 = 1 << 50;

/// What counts up from 0: errors of memory, mJ.
pub(super) const COUNT: u64 = 1 << 53;

/// Traffic in KB/s: 1 TB/s.
pub(super) const TRAFFIC: u32 = 1_000_000_000;

/// A pid: the highest that Linux gives.
pub(super) const PID: u32 = 1 << 22;

/// The value, where it is one.
pub(super) fn sane<T: PartialOrd + Copy>(value: T, most: T) -> Option<T> {
    (value <= most).then_some(value)
}
