//! Where a reader is in a feed, as an opaque text: the same over restarts, and of use in its own feed only.

use crate::keys::Keys;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Code;

/// Bytes of the position, and of what proves that this hub wrote it for this feed.
const POSITION_LENGTH: usize = 8;
const PROOF_LENGTH: usize = 8;

/// The cursor behind the item at a position.
pub fn write(keys: &Keys, organisation: Code, position: u64) -> String {
    let mut bytes = position.to_be_bytes().to_vec();
    bytes.extend_from_slice(&proof(keys, organisation, position));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// None where this hub did not write it for this feed.
pub fn read(keys: &Keys, organisation: Code, text: &str) -> Option<u64> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == POSITION_LENGTH + PROOF_LENGTH)?;
    let (position, found) = bytes.split_at(POSITION_LENGTH);
    let position = u64::from_be_bytes(position.try_into().ok()?);
    (found == proof(keys, organisation, position)).then_some(position)
}

/// Of a keyed pseudonym. It keeps nonsense and mix-ups out; a guessed one would only skip in the guesser's own feed.
fn proof(keys: &Keys, organisation: Code, position: u64) -> [u8; PROOF_LENGTH] {
    let mut proof = [0; PROOF_LENGTH];
    proof.copy_from_slice(&keys.alias(&format!("feed/{organisation}/{position}")).0[..PROOF_LENGTH]);
    proof
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_by_its_own_feed_and_hub_only() {
        let keys = Keys::from_master(&[7; 32]).unwrap();
        let [kent, medway] = ["E10000016", "E06000035"].map(|code| Code::new(code).unwrap());
        for position in [0, 1, 500, u64::MAX] {
            let cursor = write(&keys, kent, position);
            assert_eq!(read(&keys, kent, &cursor), Some(position));
            assert_eq!(read(&Keys::from_master(&[7; 32]).unwrap(), kent, &cursor), Some(position), "after a restart");
            assert_eq!(read(&keys, medway, &cursor), None);
            assert_eq!(read(&Keys::from_master(&[8; 32]).unwrap(), kent, &cursor), None);
            for at in 0..cursor.len() {
                let mut changed = cursor.clone().into_bytes();
                changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
                assert_eq!(read(&keys, kent, std::str::from_utf8(&changed).unwrap()), None, "character {at}");
            }
        }
        for nonsense in ["", "1", "Ada", "AAAAAAAAAAAAAAAAAAAAAA", "%%", &"A".repeat(10_000)] {
            assert_eq!(read(&keys, kent, nonsense), None, "{nonsense}");
        }
    }
}
