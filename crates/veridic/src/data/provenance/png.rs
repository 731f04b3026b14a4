//! A statement in a text chunk of a PNG picture.

use flate2::Crc;
use sha2::{Digest as _, Sha256};

use super::{Contents, KEY, hex};

pub(super) const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];

/// International text: the one kind that is UTF-8.
const TEXT: &[u8; 4] = b"iTXt";

/// The digest of a picture without its statement, and the statement; `None` if it is no PNG.
pub(super) fn statement(bytes: &[u8]) -> Option<(Contents, Option<String>)> {
    let mut rest = bytes.strip_prefix(&SIGNATURE)?;
    let (mut hash, mut n, mut found) = (Sha256::new(), 0u64, None);
    let mut add = |part: &[u8]| {
        hash.update(part);
        n += part.len() as u64;
    };
    add(&SIGNATURE);
    while !rest.is_empty() {
        // Length, name, contents and checksum.
        let length = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        let whole = rest.get(..length.checked_add(12)?)?;
        rest = &rest[whole.len()..];
        match text(&whole[4..8 + length]) {
            Some(text) if found.is_none() => found = Some(text),
            _ => add(whole),
        }
    }
    Some((Contents { bytes: n, sha256: hex(&hash.finalize()) }, found))
}

/// The text of a chunk, given as name and contents, if it is a statement.
fn text(chunk: &[u8]) -> Option<String> {
    let rest = chunk.strip_prefix(TEXT)?.strip_prefix(KEY.as_bytes())?;
    // After the name: not compressed, no language, no translated name.
    let text = rest.strip_prefix(&[0, 0, 0, 0, 0])?;
    String::from_utf8(text.to_vec()).ok()
}

/// The picture with a statement after its header; a statement that is there goes.
pub(super) fn stamped(bytes: &[u8], text: &str) -> Vec<u8> {
    /// Signature and header.
    const HEAD: usize = 8 + 25;
    let mut chunk = TEXT.to_vec();
    chunk.extend(KEY.as_bytes());
    chunk.extend([0; 5]);
    chunk.extend(text.as_bytes());
    let mut sum = Crc::new();
    sum.update(&chunk);
    let (head, rest) = bytes.split_at(HEAD.min(bytes.len()));
    let mut out = head.to_vec();
    out.extend(((chunk.len() - 4) as u32).to_be_bytes());
    out.extend(&chunk);
    out.extend(sum.sum().to_be_bytes());
    out.extend(rest);
    out
}
