//! A folder that is followed and is not there any more: somebody removed it, or gave it another name.

use std::io::ErrorKind;
use std::path::Path;

use jiff::Timestamp;

use super::sight::{Sight, local};
use super::{Now, Says};
use crate::text::clean;

/// What was known of the folder while it was there.
#[derive(Debug, Default)]
pub(super) struct Known {
    last: Option<Now>,
    missing: Option<Timestamp>,
}

impl Known {
    /// What is to be told instead of what its files say, where it is gone or can't be looked into. Of a folder that was never
    /// there nothing is.
    pub(super) fn instead(&mut self, folder: &Path, now: Timestamp) -> Option<Now> {
        let Err(error) = std::fs::read_dir(folder) else {
            self.missing = None;
            return None;
        };
        let mut last = self.last.clone()?;
        let since = *self.missing.get_or_insert(now);
        // the third: another machine removed it from what both of them mount
        let is_gone = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::StaleNetworkFileHandle);
        let (place, at) = (clean::path(folder), local(since.into()));
        let what = if is_gone {
            format!("{place} is gone since {at}: it was removed or renamed")
        } else {
            format!("{place} can't be read since {at} ({error})")
        };
        last.sight = Sight::Absent(what.clone());
        last.gone = is_gone.then_some(since);
        last.is_catching_up = false;
        last.says.insert(0, Says::Trouble(format!("{what}; shown is what was known of it then, and it is read again once it is back")));
        Some(last)
    }

    /// Keeps what its files say.
    pub(super) fn keep(&mut self, now: &Now) {
        self.last = Some(now.clone());
    }
}
