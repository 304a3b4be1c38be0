//! Large values, each stored once under the SHA-256 of its bytes, and compressed where that makes it smaller.
//!
//! A value is named by its row; what comes back is hashed again, so that damage is met and never passed on.

use std::io::Read;

use flate2::Compress;
use flate2::Compression;
use flate2::FlushCompress;
use flate2::Status;
use flate2::read::DeflateDecoder;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::params;
use sha2::Digest;
use sha2::Sha256;

use super::error::Fault;

const PLAIN: &str = "plain";
const DEFLATE: &str = "deflate";
/// Shorter values are not worth the try.
const LEAST: usize = 64;

/// Compresses one value after the other; making the state anew for each would take longer than the work.
pub(super) struct Packer(Compress);

impl Packer {
    pub(super) fn new() -> Self {
        Self(Compress::new(Compression::default(), false))
    }

    /// Returns the compressed bytes, or `None` where they are not fewer.
    fn pack(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        if bytes.len() < LEAST {
            return None;
        }
        self.0.reset();
        // What does not fit in less is stored as it is.
        let mut packed = Vec::with_capacity(bytes.len());
        let status = self.0.compress_vec(bytes, &mut packed, FlushCompress::Finish).ok()?;
        (status == Status::StreamEnd && packed.len() < bytes.len()).then_some(packed)
    }
}

/// Stores a value, unless it is stored already, and returns its row.
pub(super) fn put(connection: &Connection, packer: &mut Packer, bytes: &[u8]) -> rusqlite::Result<i64> {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    let mut known = connection.prepare_cached("SELECT id FROM blobs WHERE sha256 = ?1")?;
    if let Some(id) = known.query_row([&hash[..]], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    let packed = packer.pack(bytes);
    let (packing, stored) = packed.as_deref().map_or((PLAIN, bytes), |packed| (DEFLATE, packed));
    let mut insert = connection
        .prepare_cached("INSERT INTO blobs (sha256, size, packing, bytes) VALUES (?1, ?2, ?3, ?4)")?;
    insert.insert(params![&hash[..], bytes.len() as i64, packing, stored])
}

/// Returns a stored value.
pub(super) fn get(connection: &Connection, id: i64) -> Result<Vec<u8>, Fault> {
    let mut select =
        connection.prepare_cached("SELECT sha256, size, packing, bytes FROM blobs WHERE id = ?1")?;
    let row = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, u64>(1)?, row.get::<_, String>(2)?, row.get(3)?))
    };
    let found: Option<([u8; 32], u64, String, Vec<u8>)> = select.query_row([id], row).optional()?;
    let damaged = |what: &str| Fault::Damaged(format!("stored value {id} ({what})"));
    let (hash, size, packing, stored) = found.ok_or_else(|| damaged("it is not there"))?;
    let bytes = if packing == DEFLATE {
        let mut bytes = Vec::new();
        // No more than was stored, whatever the bytes would unpack to.
        let unpacked = DeflateDecoder::new(&stored[..]).take(size + 1).read_to_end(&mut bytes);
        unpacked.map_err(|error| damaged(&error.to_string()))?;
        bytes
    } else {
        stored
    };
    if <[u8; 32]>::from(Sha256::digest(&bytes)) != hash {
        return Err(damaged("its hash is another"));
    }
    Ok(bytes)
}

/// Returns a stored text.
pub(super) fn text(connection: &Connection, id: i64) -> Result<String, Fault> {
    String::from_utf8(get(connection, id)?)
        .map_err(|_| Fault::Damaged(format!("stored value {id} (it is no text)")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;
    use crate::journal::JournalError;

    #[test]
    fn a_value_comes_back_and_is_stored_once() {
        let journal = Journal::in_memory().expect("memory");
        let long = b"a long story ".repeat(1000);
        let noise: Vec<u8> = (0..2000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for bytes in [&b""[..], b"short", &long, &noise] {
            let ids = journal.write(|transaction| {
                let mut packer = Packer::new();
                Ok([put(transaction, &mut packer, bytes)?, put(transaction, &mut packer, bytes)?])
            });
            let [first, again] = ids.expect("stored");
            assert_eq!(first, again);
            assert_eq!(journal.read(|connection| get(connection, first)).expect("there"), bytes);
        }
        let size = |connection: &Connection| {
            Ok(connection
                .query_row("SELECT sum(length(bytes)) FROM blobs", [], |row| row.get::<_, i64>(0))?)
        };
        assert!(journal.read(size).expect("a sum") < 3000, "the long one is packed");
    }

    #[test]
    fn a_damaged_value_is_never_passed_on() {
        for damage in [
            "UPDATE blobs SET bytes = x'00'",
            "UPDATE blobs SET packing = 'plain'",
            "UPDATE blobs SET size = 3",
            "DELETE FROM blobs",
        ] {
            let journal = Journal::in_memory().expect("memory");
            let put = |connection: &rusqlite::Transaction<'_>| {
                Ok(put(connection, &mut Packer::new(), &b"a long story ".repeat(100))?)
            };
            let id = journal.write(put).expect("stored");
            journal.write(|transaction| Ok(transaction.execute_batch(damage)?)).expect(damage);
            let error = journal.read(|connection| get(connection, id)).expect_err(damage);
            assert!(matches!(error, JournalError::Damaged { .. }), "{damage}: {error}");
        }
    }
}
