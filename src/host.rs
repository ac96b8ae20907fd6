//! The outside world.

pub mod ask;
pub mod clock;
pub mod credentials;
pub mod detach;
pub mod disk;
pub mod environment;
pub mod files;
pub mod git;
pub mod gpu_lock;
pub mod gzip;
pub mod keeper;
pub mod launch;
pub mod mortal;
pub mod paged;
pub mod private;
pub mod process;
pub mod program;
pub mod stage_folder;
pub mod tree;
pub mod trial;
pub mod user;
pub mod watch;
