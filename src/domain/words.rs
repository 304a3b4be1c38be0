//! Whether sentences are wanted beside the numbers.

/// What a decision says besides what it decides.
///
/// Reasons, notes and the traces behind them take most of the time of a decision, and change nothing of it: a caller
/// who reads none of them leaves them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    Told,
    /// Sentences that take time are empty, the others may be too. Problems are told all the same.
    LeftOut,
}

impl Words {
    /// Returns the sentence, or an empty one where none is wanted.
    pub fn say(self, sentence: impl FnOnce() -> String) -> String {
        match self {
            Words::Told => sentence(),
            Words::LeftOut => String::new(),
        }
    }
}
