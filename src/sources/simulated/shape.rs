//! The constants of the simulated market: how long its phases last and how far they move.
//!
//! Lengths are in sessions, moves are fractions a session, ranges are drawn from evenly.

/// How the symbols of one kind behave.
#[derive(Debug)]
pub(super) struct Shape {
    /// Sessions from one recovery to the next.
    pub cycle: f64,
    /// Symbols fall into this many groups, whose cycles are evenly staggered: when one group's
    /// trend ends, another's is under way, as leadership rotates in a real market.
    pub groups: u64,
    /// A cycle's boundary moves by up to this many sessions either way.
    pub jitter: f64,
    pub recovery: (f64, f64),
    pub advance: (f64, f64),
    pub top: (f64, f64),
    pub decline: (f64, f64),
    pub recovery_drift: (f64, f64),
    pub advance_drift: (f64, f64),
    /// The share of cycles without a trend.
    pub calm_share: f64,
    /// Where a decline ends, as a fraction of the long-run anchor.
    pub trough: (f64, f64),
    /// Deviation of the own noise in a trend, as fractions of its drift: in the weeks in which
    /// it may pull back, and in the steady ones between.
    pub uneasy_noise: f64,
    pub steady_noise: f64,
    /// Deviation of the own noise elsewhere.
    pub noise: f64,
    /// The weight of the market's move in trends and outside of them.
    pub trend_beta: f64,
    pub beta: f64,
    /// Deviation of the market's own move.
    pub market_noise: f64,
    /// The longest shadow of a bar in a calm session.
    pub wick: f64,
    /// The first price is `start.0` times `factors` draws from 1 to 10.
    pub start: f64,
    pub start_factors: u32,
    /// The usual dollar volume: `dollars` times two draws from 1 to 6.
    pub dollars: f64,
    /// The anchor's growth a session.
    pub growth: f64,
    pub tick: Tick,
}

/// How a price is rounded.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tick {
    FourDecimals,
    EightDigits,
}

impl Tick {
    /// Rounds to the nearest tick with exactly rounded operations only.
    pub(super) fn round(self, price: f64) -> f64 {
        let scale = match self {
            Tick::FourDecimals => 10_000.0,
            Tick::EightDigits => {
                let mut scale = 1.0;
                while price * scale < 10_000_000.0 {
                    scale *= 10.0;
                }
                scale
            }
        };
        (price * scale).round() / scale
    }
}

pub(super) const EQUITY: Shape = Shape {
    cycle: 126.0,
    groups: 10,
    jitter: 7.0,
    recovery: (12.0, 18.0),
    advance: (52.0, 62.0),
    top: (4.0, 10.0),
    decline: (20.0, 28.0),
    recovery_drift: (0.008, 0.012),
    advance_drift: (0.0075, 0.0105),
    calm_share: 0.12,
    trough: (0.62, 0.95),
    uneasy_noise: 0.45,
    steady_noise: 0.20,
    noise: 0.011,
    trend_beta: 0.2,
    beta: 1.0,
    market_noise: 0.0045,
    wick: 0.0055,
    start: 5.0,
    start_factors: 2,
    dollars: 150e6,
    growth: 0.0001,
    tick: Tick::FourDecimals,
};

/// SPY: the market's own move and a fraction of a stock's cycle.
pub(super) const EQUITY_BENCHMARK: Shape = Shape {
    recovery_drift: (0.002, 0.003),
    advance_drift: (0.001, 0.002),
    uneasy_noise: 2.5,
    steady_noise: 1.8,
    trough: (0.88, 1.0),
    noise: 0.005,
    trend_beta: 1.0,
    wick: 0.004,
    start: 300.0,
    start_factors: 0,
    dollars: 5e9,
    ..EQUITY
};

pub(super) const CRYPTO: Shape = Shape {
    cycle: 200.0,
    groups: 10,
    jitter: 5.0,
    recovery: (22.0, 28.0),
    advance: (112.0, 120.0),
    top: (4.0, 9.0),
    decline: (25.0, 31.0),
    recovery_drift: (0.019, 0.023),
    advance_drift: (0.0082, 0.0096),
    calm_share: 0.0,
    trough: (0.52, 0.78),
    uneasy_noise: 0.45,
    steady_noise: 0.14,
    noise: 0.022,
    trend_beta: 0.05,
    beta: 1.0,
    market_noise: 0.010,
    wick: 0.012,
    start: 0.05,
    start_factors: 4,
    dollars: 60e6,
    growth: 0.00002,
    tick: Tick::EightDigits,
};

/// BTC: the cycle of a coin, milder.
pub(super) const CRYPTO_BENCHMARK: Shape = Shape {
    recovery_drift: (0.015, 0.018),
    advance_drift: (0.0074, 0.0084),
    trough: (0.65, 0.85),
    noise: 0.015,
    wick: 0.009,
    start: 20_000.0,
    start_factors: 0,
    dollars: 5e9,
    ..CRYPTO
};
