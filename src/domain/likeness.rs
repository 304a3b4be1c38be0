//! Which known word was probably meant by an unknown one: one measure for every "did you mean".

/// Words less alike than this (Jaro–Winkler without regard to case, 0 to 1) are not suggested.
const ALIKE: f64 = 0.8;

/// The shortest beginning that tells which word was meant.
const LEAST_PREFIX: usize = 3;

/// Returns what stands beside the candidate that is most like `word`, the first of equals; `None`
/// where none is like it. A word that is but the beginning of the other (`STOP_ATR` for
/// `STOP_ATR_MULT`) is just like enough.
///
/// Each candidate is the text to compare with, and what to return for it.
pub fn closest<T>(word: &str, candidates: impl IntoIterator<Item = (impl AsRef<str>, T)>) -> Option<T> {
    let word = word.to_lowercase();
    let mut best = None;
    let mut highest = ALIKE;
    for (text, meant) in candidates {
        let text = text.as_ref().to_lowercase();
        let shorter = word.len().min(text.len());
        let begins = shorter >= LEAST_PREFIX && (text.starts_with(&word) || word.starts_with(&text));
        let likeness = strsim::jaro_winkler(&word, &text).max(if begins { ALIKE } else { 0.0 });
        if likeness > highest || (best.is_none() && likeness >= ALIKE) {
            highest = likeness;
            best = Some(meant);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likest_is_found_whatever_its_case_and_the_first_of_equals() {
        let find = |word| closest(word, [("HIGH", 1), ("MEDIUM", 2), ("medium", 3)]);
        assert_eq!(find("medum"), Some(2));
        assert_eq!(find("high"), Some(1));
        assert_eq!(find("xyzzy"), None);
        assert_eq!(find(""), None);
    }
}
