//! Moving average convergence and divergence, with the usual 12, 26 and 9 bars.

use crate::features::family::{EMA_WARM_UP, Family, Unit};

const FAST: usize = 12;
const SLOW: usize = 26;
const SIGNAL: usize = 9;
const FIRST: usize = SLOW + SIGNAL - 2;
const SOURCE: &str = "G. Appel; TA-Lib's MACD with 12, 26, 9";

/// The fast exponential mean of the close less the slow one.
///
/// # Formula
/// `macd[t] = EMA12(close)[t] − EMA26(close)[t]`; both means begin at bar 25, each seeded with
/// the plain mean of its own last 12 or 26 closes there
///
/// # Source
/// G. Appel, as TA-Lib's `MACD`; like it, the first value is where the signal's is, at bar 33.
pub const MACD: Family = Family {
    pattern: "macd",
    window: None,
    formula: "EMA12(close) − EMA26(close)",
    source: SOURCE,
    unit: Unit::PriceDifference,
    first: |_| FIRST,
    bars: |_| FIRST + 1 + EMA_WARM_UP * SLOW,
    compute: |bars, _, out| lines(bars.close, out, |macd, _| macd),
};

/// The exponential mean of [`MACD`] over 9 bars.
///
/// # Formula
/// `macd_signal[t] = EMA9(macd)[t]`, seeded at bar 33 with the mean of the first 9
///
/// # Source
/// As [`MACD`].
pub const MACD_SIGNAL: Family = Family {
    pattern: "macd_signal",
    formula: "EMA9(macd)",
    compute: |bars, _, out| lines(bars.close, out, |_, signal| signal),
    ..MACD
};

/// The distance between [`MACD`] and its signal.
///
/// # Formula
/// `macd_hist[t] = macd[t] − macd_signal[t]`
///
/// # Source
/// As [`MACD`].
pub const MACD_HIST: Family = Family {
    pattern: "macd_hist",
    formula: "macd − macd_signal",
    compute: |bars, _, out| lines(bars.close, out, |macd, signal| macd - signal),
    ..MACD
};

/// Writes `figure` of the MACD and its signal from the first bar that has both.
fn lines(close: &[f64], out: &mut [f64], figure: impl Fn(f64, f64) -> f64) {
    out.fill(f64::NAN);
    let mut fast = Ema::new(FAST);
    let mut slow = Ema::new(SLOW);
    let mut signal = Ema::new(SIGNAL);
    for (t, price) in close.iter().enumerate() {
        let slow = slow.push(*price);
        // The fast mean skips the first closes, so that it is seeded on the same bar as the slow.
        let fast = if t >= SLOW - FAST { fast.push(*price) } else { None };
        let (Some(fast), Some(slow)) = (fast, slow) else { continue };
        let macd = fast - slow;
        if let Some(signal) = signal.push(macd) {
            out[t] = figure(macd, signal);
        }
    }
}

/// An exponential mean seeded, as TA-Lib's, with the plain mean of its first `n` values.
struct Ema {
    n: usize,
    seen: usize,
    mean: f64,
}

impl Ema {
    fn new(n: usize) -> Self {
        Self { n, seen: 0, mean: 0.0 }
    }

    /// Takes the next value; `None` until the seed is complete.
    fn push(&mut self, value: f64) -> Option<f64> {
        let n = self.n as f64;
        if self.seen < self.n {
            self.seen += 1;
            self.mean += value / n;
        } else {
            self.mean += (value - self.mean) * (2.0 / (n + 1.0));
        }
        (self.seen == self.n).then_some(self.mean)
    }
}
