//! The fingerprint of the bars that a decision was made from.

use sha2::{Digest, Sha256};

use crate::bars::Panel;

/// Returns the SHA-256, in hex, of every symbol, date and price of a panel: two runs with the
/// same hash saw the same bars to the bit.
pub(super) fn data_hash(panel: &Panel) -> String {
    let mut hash = Sha256::new();
    hash.update(panel.asset_class().as_str());
    for (position, symbol) in panel.symbols().iter().enumerate() {
        let rows = panel.rows(position);
        hash.update(symbol.as_str());
        hash.update((rows.len() as u64).to_le_bytes());
        for date in &panel.dates()[rows.clone()] {
            hash.update(date.to_string());
        }
        for column in [panel.open(), panel.high(), panel.low(), panel.close(), panel.volume()] {
            for value in &column[rows.clone()] {
                hash.update(value.to_le_bytes());
            }
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
