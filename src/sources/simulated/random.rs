//! Random numbers that are the same on every machine: integers mixed by a counter-based
//! generator, and floats made from them by exact scaling and addition.
//!
//! FNV-1a (Fowler, Noll, Vo) turns words into a key; splitmix64 (Steele, Lea, Flood,
//! "Fast splittable pseudorandom number generators", 2014) turns a key and a counter into bits.
//! No draw depends on how many were made before it for another session.

/// The splitmix64 increment: 2⁶⁴ divided by the golden ratio, made odd.
const INCREMENT: u64 = 0x9e37_79b9_7f4a_7c15;
/// 2⁻⁵³: scales a 53-bit integer into 0..1 without rounding.
const UNIT: f64 = 1.0 / 9_007_199_254_740_992.0;
/// √3: the sum of four uniform draws has the variance 1/3.
const BELL_SCALE: f64 = 1.732_050_807_568_877_2;

/// What a run of draws belongs to: a seed and the words that name a symbol or a market.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key(u64);

impl Key {
    pub(super) fn new(seed: u64, words: &[&str]) -> Self {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for word in words {
            // The closing byte keeps ("ab", "c") and ("a", "bc") apart; no symbol holds it.
            for byte in word.bytes().chain([0xff]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        Self(mix(mix(seed) ^ hash))
    }

    /// The key itself as a number.
    pub(super) fn bits(self) -> u64 {
        mix(self.0)
    }

    /// Begins the draws for one purpose at one place in time.
    pub(super) fn draws(self, purpose: Purpose, index: i64) -> Draws {
        let lane = mix(self.0 ^ (purpose as u64).wrapping_mul(INCREMENT));
        Draws(mix(lane ^ index.cast_unsigned()))
    }
}

/// Keeps the draws of one key apart by what they decide.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Character = 1,
    Cycle,
    Pullback,
    Session,
    Market,
    Mood,
}

/// A run of draws, each advancing it by one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draws(u64);

impl Draws {
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(INCREMENT);
        mix(self.0)
    }

    /// Draws evenly from 0 (in) to 1 (out).
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * UNIT
    }

    /// Draws evenly from `range.0` to `range.1`.
    pub(super) fn between(&mut self, range: (f64, f64)) -> f64 {
        range.0 + (range.1 - range.0) * self.unit()
    }

    /// Draws from a bell of mean 0 and deviation 1 that never leaves ±3.47: four even draws summed.
    pub(super) fn bell(&mut self) -> f64 {
        let sum = self.unit() + self.unit() + self.unit() + self.unit();
        (sum - 2.0) * BELL_SCALE
    }
}

fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bell_has_mean_zero_and_deviation_one() {
        let mut draws = Key::new(1, &["bell"]).draws(Purpose::Session, 0);
        let values: Vec<f64> = (0..20_000).map(|_| draws.bell()).collect();
        let mean = values.iter().sum::<f64>() / 20_000.0;
        let variance = values.iter().map(|v| v * v).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
    }

    #[test]
    fn words_do_not_run_into_each_other() {
        assert_ne!(Key::new(1, &["ab", "c"]).0, Key::new(1, &["a", "bc"]).0);
        assert_ne!(Key::new(1, &["ab"]).0, Key::new(2, &["ab"]).0);
    }

    #[test]
    fn neighbouring_sessions_and_purposes_draw_apart() {
        let key = Key::new(7, &["X"]);
        let first = |purpose, index| key.draws(purpose, index).bits();
        assert_ne!(first(Purpose::Session, 1), first(Purpose::Session, 2));
        assert_ne!(first(Purpose::Session, 1), first(Purpose::Cycle, 1));
        assert_eq!(first(Purpose::Session, 1), first(Purpose::Session, 1));
    }
}
