//! The rows on which a part of a function is run.

use super::program::Mask;
use super::program::Step;
use super::program::Truths;
use super::translate::Translator;
use super::why_not::WhyNot;

impl Translator<'_> {
    /// Translates a part that is run on some of the live rows only. What it returns on is no
    /// longer live behind it either.
    pub fn within<T>(
        &mut self,
        on: Mask,
        part: impl FnOnce(&mut Self) -> Result<T, WhyNot>,
    ) -> Result<T, WhyNot> {
        let around = std::mem::replace(&mut self.live, on);
        let outcome = part(self)?;
        let behind = self.live;
        self.live = if behind == on {
            around
        } else {
            let beside = self.without_mask(around, on);
            self.either(beside, behind)
        };
        Ok(outcome)
    }

    /// The rows of a mask on which a truth holds.
    pub fn both(&mut self, mask: Mask, truth: Truths) -> Mask {
        match mask {
            Mask::All => Mask::Where(truth),
            Mask::None => Mask::None,
            Mask::Where(mask) => {
                let to = self.new_truths();
                self.step(Step::And { a: mask, b: truth, to });
                Mask::Where(to)
            }
        }
    }

    /// The rows of a mask on which a truth does not hold.
    pub fn without(&mut self, mask: Mask, truth: Truths) -> Mask {
        let mask = match mask {
            Mask::All => return Mask::Where(self.not(truth)),
            Mask::None => return Mask::None,
            Mask::Where(mask) => mask,
        };
        let to = self.new_truths();
        self.step(Step::AndNot { a: mask, b: truth, to });
        Mask::Where(to)
    }

    pub fn not(&mut self, a: Truths) -> Truths {
        let to = self.new_truths();
        self.step(Step::Not { a, to });
        to
    }

    fn without_mask(&mut self, mask: Mask, other: Mask) -> Mask {
        match other {
            Mask::All => Mask::None,
            Mask::None => mask,
            Mask::Where(truth) => self.without(mask, truth),
        }
    }

    pub fn either(&mut self, one: Mask, other: Mask) -> Mask {
        match (one, other) {
            (Mask::All, _) | (_, Mask::All) => Mask::All,
            (Mask::None, mask) | (mask, Mask::None) => mask,
            (Mask::Where(a), Mask::Where(b)) => {
                let to = self.new_truths();
                self.step(Step::Or { a, b, to });
                Mask::Where(to)
            }
        }
    }
}
