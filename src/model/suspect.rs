//! What makes an attempt that is called a success suspicious.

use super::item::Attempt;
use crate::domain::Flag;

impl Attempt {
    /// The flags of this attempt, in the order of [`Flag`].
    pub fn flags(&self) -> Vec<Flag> {
        Vec::new()
    }
}
