//! What may stand before a feature's name, each changing whose value is meant.

/// A prefix of a feature's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Modifier {
    /// `benchmark_`: the benchmark's value on the same date.
    Benchmark,
    /// `prev_`: the same symbol's value one bar earlier.
    Prev,
    /// `rank_`: the value's rank among the universe on the session, 0 to 1.
    Rank,
}

impl Modifier {
    /// Every modifier.
    pub const ALL: [Modifier; 3] = [Modifier::Benchmark, Modifier::Prev, Modifier::Rank];

    /// Returns the prefix as scripts write it.
    pub fn prefix(self) -> &'static str {
        match self {
            Modifier::Benchmark => "benchmark_",
            Modifier::Prev => "prev_",
            Modifier::Rank => "rank_",
        }
    }
}

/// Splits the modifiers, outermost first, from the rest.
pub(super) fn split_modifiers(name: &str) -> (Vec<Modifier>, &str) {
    let mut modifiers = Vec::new();
    let mut rest = name;
    while let Some((modifier, after)) =
        Modifier::ALL.iter().find_map(|modifier| Some((*modifier, rest.strip_prefix(modifier.prefix())?)))
    {
        modifiers.push(modifier);
        rest = after;
    }
    (modifiers, rest)
}
