//! How a digest is written: in hex, as every hash of the program is told.

/// Writes bytes as two lower-case hexadecimal digits each.
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_two_digits() {
        assert_eq!(hex([0, 10, 255]), "000aff");
    }
}
