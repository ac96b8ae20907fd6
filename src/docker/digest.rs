//! SHA-256, as Docker names contexts and registries name all that they have by it.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// SHA-256 of a text or of bytes, in lower-case hex.
pub(super) fn sha256(bytes: impl AsRef<[u8]>) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
