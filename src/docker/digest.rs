//! SHA-256, as Docker names contexts and chains of layers by it.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// SHA-256 of a text, in lower-case hex.
pub(super) fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
