//! The disk that an engine keeps its images on.

use std::io;

use super::About;
use crate::host::disk::{self, Room};
use crate::text::clean;

/// Why nobody can say how much is free.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    /// The disk is not on this machine, or can't be seen from here.
    #[error("docker's disk can't be seen from here: {0}")]
    Absent(String),
    /// This user may not look.
    #[error("docker's disk may not be looked at by this user ({0}: permission denied)")]
    Forbidden(String),
    /// The look failed.
    #[error("docker's disk can't be looked at: {0}")]
    Broken(String),
}

/// The room on the disk where the engine keeps its images. It takes microseconds, but where that disk is a network's.
pub fn free(about: &About) -> Result<Room, DiskError> {
    let shown = clean::path(&about.root);
    if !about.is_local {
        return Err(DiskError::Absent(format!("it is on another machine ({})", about.machine)));
    }
    if !about.root.is_absolute() {
        return Err(DiskError::Absent("docker does not say where it keeps its images".to_owned()));
    }
    disk::room_in(&about.root).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => DiskError::Absent(format!("{shown} is not here")),
        io::ErrorKind::PermissionDenied => DiskError::Forbidden(shown),
        _ => DiskError::Broken(format!("{shown}: {error}")),
    })
}
