//! Numbers drawn from a seed: the same in every run and on every machine.

/// What the state grows by with each draw: the golden ratio's fraction of 2^64, made odd.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A generator by `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
#[derive(Clone, Debug)]
pub(super) struct Draws(u64);

impl Draws {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the generator as it is after so many more draws.
    pub fn after(&self, draws: usize) -> Self {
        Self(self.0.wrapping_add(STEP.wrapping_mul(draws as u64)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Draws a number of 0 up to, but not, 1.
    pub fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Draws a place of a list of `length`; 0 for an empty one.
    pub fn place(&mut self, length: usize) -> usize {
        // Below 2^53 places, which no list has.
        ((self.fraction() * length as f64) as usize).min(length.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_draws_are_the_papers() {
        let mut draws = Draws::new(1_234_567);
        assert_eq!(
            [draws.next(), draws.next(), draws.next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn any_draw_may_be_made_without_those_before_it() {
        let mut one_by_one = Draws::new(u64::MAX - 3);
        for before in 0..100 {
            assert_eq!(Draws::new(u64::MAX - 3).after(before).next(), one_by_one.next(), "{before}");
        }
    }

    #[test]
    fn places_lie_within_the_list_and_all_are_drawn() {
        let mut draws = Draws::new(7);
        let mut seen = [0; 5];
        for _ in 0..5_000 {
            seen[draws.place(5)] += 1;
        }
        assert!(seen.iter().all(|count| (900..1_100).contains(count)), "{seen:?}");
        assert_eq!(draws.place(0), 0);
    }
}
