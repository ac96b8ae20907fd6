//! Room on disks. A network disk whose server is gone answers no question, so each is asked by a thread of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::host::{clock, disk};
use crate::telemetry::DiskReading;

/// What a disk said longer ago is not what it is now, in ms.
const STALE_MS: u64 = 3_000;

/// The disks that are looked at, by the folders by which they were asked for.
#[derive(Debug, Default)]
pub(super) struct Disks {
    disks: BTreeMap<PathBuf, Disk>,
}

/// One of them.
#[derive(Debug)]
struct Disk {
    /// Asks its thread to look.
    ask: SyncSender<()>,
    /// What the thread saw; `None` where it can't be seen.
    seen: Receiver<Option<DiskReading>>,
    /// What it saw last, and when in ms since boot.
    last: Option<(u64, DiskReading)>,
}

impl Disks {
    /// Looks at one more, if it is new.
    pub(super) fn add(&mut self, folder: &Path) {
        if !self.disks.contains_key(folder)
            && let Some(disk) = Disk::start(folder)
        {
            self.disks.insert(folder.to_owned(), disk);
        }
    }

    /// What they said in the last seconds, and asks them anew. A disk that does not answer is missing.
    pub(super) fn look(&mut self) -> BTreeMap<String, DiskReading> {
        let now = clock::up_ms();
        self.disks.iter_mut().filter_map(|(folder, disk)| Some((folder.display().to_string(), disk.look(now)?))).collect()
    }
}

impl Disk {
    /// `None` where the system gives us no thread.
    fn start(folder: &Path) -> Option<Self> {
        let (ask, asked) = sync_channel(1);
        let (see, seen) = sync_channel(1);
        let folder = folder.to_owned();
        let look = move || {
            for () in asked {
                if see.send(read(&folder)).is_err() {
                    break;
                }
            }
        };
        // it needs little: the default of 2 MiB would only be address space, and still
        thread::Builder::new().name("disk".to_owned()).stack_size(128 << 10).spawn(look).ok()?;
        let _ = ask.try_send(());
        Some(Self { ask, seen, last: None })
    }

    fn look(&mut self, now: u64) -> Option<DiskReading> {
        while let Ok(seen) = self.seen.try_recv() {
            self.last = seen.map(|reading| (now, reading));
        }
        // one that hangs has its question already
        let _ = self.ask.try_send(());
        self.last.as_ref().filter(|(at, _)| now.saturating_sub(*at) <= STALE_MS).map(|(_, reading)| reading.clone())
    }
}

/// The room in a folder, or where it would be made.
fn read(folder: &Path) -> Option<DiskReading> {
    let room = disk::room(folder).ok()?;
    // what is kept for root alone is no room for anybody else
    let total = room.total.saturating_sub(room.unused.saturating_sub(room.bytes));
    Some(DiskReading { free: room.bytes, total, files: room.files })
}
