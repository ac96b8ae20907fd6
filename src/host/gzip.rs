//! What gzip packed, whatever its name, in bounded pieces.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::files::too_large;

/// What a packed file begins with.
pub const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Whether a file that begins so is packed.
pub fn is_packed(head: &[u8]) -> bool {
    head.starts_with(&MAGIC)
}

/// All of what is packed. More than `most` bytes of it are an error of the kind `FileTooLarge`, and one that ends too early is
/// an error as well.
pub fn unpack(packed: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(packed).take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large(most)) } else { Ok(bytes) }
}

/// Its first bytes: `most`, and one more where there are more. What ends too early gives what it still held.
pub fn head(packed: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_on(&mut MultiGzDecoder::new(packed).take(most + 1), &mut bytes)?;
    Ok(bytes)
}

/// Reads to the end, which for a packed file may come too early.
pub fn read_on(unpacked: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<()> {
    match unpacked.read_to_end(bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
        other => other.map(drop),
    }
}
