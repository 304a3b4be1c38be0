//! What a strategy, a scorer or a job may be called: one rule for files, settings and reports.

/// The longest name; it stands in a table of the mail.
const MAX_LENGTH: usize = 40;

/// Tells whether a script may have the name: 1 to 40 lower-case letters, digits and `_`.
///
/// The alphabet keeps a name safe as a file's stem, a table of the settings and a part of an
/// environment variable, on systems that do not tell cases apart too.
pub fn is_script_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !name.is_empty() && name.len() <= MAX_LENGTH && name.chars().all(legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_in_lower_case() {
        for name in ["a", "2", "equity_momentum", "a__b", &"x".repeat(40)] {
            assert!(is_script_name(name), "{name}");
        }
        for name in ["", "A", "a-b", "a.b", "a b", "é", "../a", &"x".repeat(41)] {
            assert!(!is_script_name(name), "{name}");
        }
    }
}
