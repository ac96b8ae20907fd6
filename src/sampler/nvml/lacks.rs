//! What a GPU answers, and what it never will.

use std::collections::BTreeMap;

use nvml_wrapper::error::NvmlError;

use crate::telemetry::Lack;

/// NVML's code of a question in a form that this driver does not know; the wrapper has no name for it.
const ARGUMENT_VERSION_MISMATCH: u32 = 25;

/// What was learnt of a GPU by asking it.
#[derive(Debug, Default)]
pub(super) struct Lacks {
    /// Readings that never come, by field: they are not asked for again.
    never: BTreeMap<&'static str, Lack>,
    /// It fell off the bus.
    pub(super) is_lost: bool,
}

impl Lacks {
    /// Asks for a reading, unless it is known never to come. An error that may pass is a reading that is missing this once.
    pub(super) fn ask<T>(&mut self, field: &'static str, question: impl FnOnce() -> Result<T, NvmlError>) -> Option<T> {
        if self.is_lost || self.never.contains_key(field) {
            return None;
        }
        let error = match question() {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let lack = match error {
            NvmlError::GpuLost => {
                self.is_lost = true;
                return None;
            }
            NvmlError::NotSupported => Lack::NotSupported,
            NvmlError::NoPermission => Lack::Forbidden,
            NvmlError::FailedToLoadSymbol(_) | NvmlError::FunctionNotFound | NvmlError::UnexpectedVariant(ARGUMENT_VERSION_MISMATCH) => {
                Lack::OldDriver
            }
            _ => return None,
        };
        self.never.insert(field, lack);
        None
    }

    /// What never comes, as the header of the telemetry says it.
    pub(super) fn told(&self) -> BTreeMap<String, Lack> {
        self.never.iter().map(|(field, lack)| ((*field).to_owned(), *lack)).collect()
    }

    /// All is asked for again.
    pub(super) fn forget(&mut self) {
        self.never.clear();
    }

    /// The same of a reading that another thread asked for.
    pub(super) fn learn(&mut self, field: &'static str, lack: Lack) {
        self.never.insert(field, lack);
    }
}
