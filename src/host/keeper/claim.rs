//! The GPUs that are to be a stage's alone.

use crate::host::gpu_lock::{self, Gpu, Holder, Locks, Taken};
use crate::host::stage_folder::Spec;

/// The locks that a stage needs, and those that it has: all or none.
#[derive(Debug)]
pub(super) struct Claim {
    gpus: Vec<Gpu>,
    holder: Holder,
    locks: Option<Locks>,
}

impl Claim {
    /// What a stage needs; nothing is taken yet.
    pub(super) fn new(spec: &Spec) -> Self {
        Self { gpus: spec.gpus.clone(), holder: Holder::of_stage(&spec.tag), locks: None }
    }

    /// Takes them where they are free. Says who has one of them where they are not. A lock that can't be used at all holds up
    /// nobody: the runner has told of it before.
    pub(super) fn try_again(&mut self) -> Option<String> {
        if self.locks.is_some() || self.gpus.is_empty() {
            return None;
        }
        self.holder.since = crate::host::clock::now();
        match Locks::take(&gpu_lock::folder(), &self.gpus, &self.holder).0 {
            Taken::Ours(locks) => {
                self.locks = Some(locks);
                None
            }
            Taken::Held(held) => Some(held.says()),
        }
    }
}
