//! Large messages travel in pieces, and every piece is compressed by itself.

use crate::fault::Fault;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::io::{Read, Write};

/// A body as the requests that carry it.
pub(crate) struct Chunks<'a> {
    body: &'a [u8],
    chunk_bytes: usize,
}

impl<'a> Chunks<'a> {
    pub(crate) fn new(body: &'a [u8], chunk_bytes: usize) -> Self {
        Self { body, chunk_bytes: chunk_bytes.max(1) }
    }

    /// At least one: an empty message is a message.
    pub(crate) fn count(&self) -> usize {
        self.body.len().div_ceil(self.chunk_bytes).max(1)
    }

    /// Chunk `number` of `1..=count`, compressed.
    pub(crate) fn compressed(&self, number: usize) -> std::io::Result<Vec<u8>> {
        gzip(self.body.chunks(self.chunk_bytes).nth(number - 1).unwrap_or_default())
    }

    /// As `Mex-Chunk-Range` says it.
    pub(crate) fn range(&self, number: usize) -> String {
        format!("{number}:{}", self.count())
    }
}

fn gzip(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain)?;
    encoder.finish()
}

/// What compressed pieces, one after the other, come to: pieces compressed each by itself and a compressed whole that was cut
/// into pieces read the same. Never more than `bytes_max` in memory, whatever a small piece claims to hold.
pub(crate) fn gunzip(compressed: &[u8], bytes_max: usize) -> Result<Vec<u8>, Fault> {
    let mut plain = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(compressed).take(limit).read_to_end(&mut plain).map_err(|_| Fault::NotGzip)?;
    if plain.len() > bytes_max {
        return Err(Fault::TooLarge { bytes_max });
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_together_again() {
        for (length, chunk_bytes, count) in [(0, 4, 1), (1, 4, 1), (4, 4, 1), (5, 4, 2), (8, 4, 2), (9, 4, 3), (3, 1, 3)] {
            let body: Vec<u8> = (0..length).collect();
            let chunks = Chunks::new(&body, chunk_bytes);
            assert_eq!(chunks.count(), count, "{length} by {chunk_bytes}");
            let sent: Vec<u8> = (1..=count).flat_map(|number| chunks.compressed(number).unwrap()).collect();
            assert_eq!(gunzip(&sent, 9).unwrap(), body, "{length} by {chunk_bytes}");
        }
        assert_eq!(Chunks::new(&[0; 9], 4).range(2), "2:3");
    }

    #[test]
    fn a_whole_that_was_compressed_and_then_cut_reads_the_same() {
        let whole = gzip(b"one message").unwrap();
        let (first, second) = whole.split_at(7);
        assert_eq!(gunzip(&[first, second].concat(), 64).unwrap(), b"one message");
    }

    #[test]
    fn a_small_piece_cannot_fill_the_memory() {
        let bomb = gzip(&vec![0; 1 << 20]).unwrap();
        assert!(bomb.len() < 2048);
        assert!(matches!(gunzip(&bomb, (1 << 20) - 1), Err(Fault::TooLarge { .. })));
        assert_eq!(gunzip(&bomb, 1 << 20).unwrap().len(), 1 << 20);
    }

    #[test]
    fn what_is_not_gzip_is_told() {
        for broken in [&b"plain"[..], &gzip(b"cut off").unwrap()[..12]] {
            assert!(matches!(gunzip(broken, 64), Err(Fault::NotGzip)));
        }
    }
}
