//! One symbol's prices, session by session, always from the first session on.
//!
//! Refuses to know dates: a session is a number, and the caller has the calendar.

use super::cycle::Cycle;
use super::cycle::Phase;
use super::random::Draws;
use super::random::Key;
use super::random::Purpose;
use super::shape::Shape;

/// Sessions of a week in which a trend may pull back; every fifth week is one for a symbol.
const WEEK: i64 = 5;
/// Symbols take turns with their pullbacks, in this many parties.
const PARTIES: i64 = 5;
/// The window of the highest close that makes a session a breakout.
const BREAKOUT: usize = 20;
/// No close moves further than this in a session, up or down: none looks like a split.
const LARGEST_MOVE: f64 = 0.2;

/// What a session traded at; volume is a whole number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Trade {
    pub open: f64,
    pub high: f64,
    pub low: f64,
    pub close: f64,
    pub volume: f64,
}

/// The state of one symbol between two sessions.
pub(super) struct Walk {
    shape: &'static Shape,
    key: Key,
    market: Key,
    group: u64,
    party: i64,
    beta: f64,
    dollars: f64,
    session: i64,
    cycle: Cycle,
    anchor: f64,
    /// Where a sideways phase hovers: the close before it began.
    level: f64,
    phase: Phase,
    close: f64,
    closes: [f64; BREAKOUT],
}

impl Walk {
    /// Stands before session 0 of a symbol (`key`) in a market (`market`); `place` settles its
    /// group and party.
    pub(super) fn new(shape: &'static Shape, key: Key, market: Key, place: u64) -> Self {
        let group = place % shape.groups;
        let party = group.cast_signed() % PARTIES;
        let mut draws = key.draws(Purpose::Character, 0);
        let mut start = shape.start;
        for _ in 0..shape.start_factors {
            start *= draws.between((1.0, 10.0));
        }
        let close = shape.tick.round(start);
        let cycle = Cycle::first(shape, key, group);
        Self {
            shape,
            key,
            market,
            group,
            party,
            beta: draws.between((0.7, 1.2)),
            dollars: shape.dollars * draws.between((1.0, 6.0)) * draws.between((1.0, 6.0)),
            session: 0,
            phase: cycle.phase(0),
            cycle,
            anchor: close,
            level: close,
            close,
            closes: [close; BREAKOUT],
        }
    }

    /// Trades the next session.
    pub(super) fn step(&mut self) -> Trade {
        if self.session >= self.cycle.end {
            self.cycle = self.cycle.next(self.shape, self.key, self.group);
        }
        let phase = self.cycle.phase(self.session);
        if phase != self.phase {
            self.phase = phase;
            self.level = self.close;
        }
        let mut draws = self.key.draws(Purpose::Session, self.session);
        let (own, noise) = self.own_move(&mut draws);
        let trending = matches!(phase, Phase::Recovery | Phase::Advance);
        let beta = self.beta * if trending { self.shape.trend_beta } else { self.shape.beta };
        let change = (own + beta * market_move(self.shape, self.market, self.session))
            .clamp(-LARGEST_MOVE, LARGEST_MOVE);
        let trade = self.trade(change, noise, &mut draws);
        let place = self.session.cast_unsigned() as usize % BREAKOUT;
        self.closes[place] = trade.close;
        self.close = trade.close;
        self.anchor *= 1.0 + self.shape.growth;
        self.session += 1;
        trade
    }

    /// The symbol's own move of this session and the deviation of its noise.
    fn own_move(&self, draws: &mut Draws) -> (f64, f64) {
        let shape = self.shape;
        match self.phase {
            Phase::Recovery => self.trend_move(self.cycle.recovery_drift, draws),
            Phase::Advance => match self.pullback() {
                Some(dip) => (dip * self.cycle.advance_drift, shape.noise * 0.3),
                None => self.trend_move(self.cycle.advance_drift, draws),
            },
            Phase::Decline => {
                let remaining = (self.cycle.decline_end - self.session) as f64;
                let target = self.anchor * self.cycle.trough;
                // ln(target / close) to second order: an even pace in percent, without a logarithm.
                let way = 2.0 * (target - self.close) / (target + self.close);
                ((way / remaining).clamp(-0.08, 0.04) + tailed(draws) * shape.noise, shape.noise)
            }
            Phase::Top => hover(self.level / self.close - 1.0, shape.noise * 0.8, draws),
            Phase::Base => hover(self.level / self.close - 1.0, shape.noise * 0.7, draws),
            Phase::Calm => hover(0.2 * (self.anchor / self.close - 1.0), shape.noise * 0.6, draws),
        }
    }

    fn trend_move(&self, drift: f64, draws: &mut Draws) -> (f64, f64) {
        let share = if self.is_uneasy() { self.shape.uneasy_noise } else { self.shape.steady_noise };
        (drift * (1.0 + share * draws.bell()), share * drift)
    }

    /// Tells whether the symbol's party has its week of pullbacks.
    fn is_uneasy(&self) -> bool {
        (self.session / WEEK + self.party) % PARTIES == 0
    }

    /// The dip of this session as a multiple of the drift: up to two sessions down early in an
    /// uneasy week.
    fn pullback(&self) -> Option<f64> {
        if !self.is_uneasy() {
            return None;
        }
        let week = self.session / WEEK;
        let mut draws = self.key.draws(Purpose::Pullback, week);
        let first = (draws.unit() * 2.0) as i64;
        let length = (draws.unit() * 3.0) as i64;
        let day = self.session % WEEK;
        if day < first || day >= first + length {
            return None;
        }
        let mut today = self.key.draws(Purpose::Pullback, -1 - self.session);
        Some(-today.between((0.2, 1.1)))
    }

    fn trade(&self, change: f64, noise: f64, draws: &mut Draws) -> Trade {
        let tick = self.shape.tick;
        let close = tick.round(self.close * (1.0 + change));
        let gap = (0.25 * noise * draws.bell()).clamp(-0.05, 0.05);
        let open = tick.round(self.close * (1.0 + gap + 0.1 * change));
        let reach = self.shape.wick * (0.4 + 0.6 * noise / self.shape.noise);
        let high = tick.round(open.max(close) * (1.0 + reach * draws.unit()));
        let low = tick.round(open.min(close) * (1.0 - reach * draws.unit()));
        let highest = self.closes.iter().copied().fold(0.0, f64::max);
        let mut activity = 0.7 + 0.3 * draws.unit() + 0.3 * draws.unit() + 4.0 * change.abs();
        if close > highest {
            activity *= 1.35;
        }
        Trade { open, high, low, close, volume: (self.dollars * activity / close).round() }
    }
}

/// The move that all symbols of a class share: a mood of two weeks and the day's own news.
fn market_move(shape: &Shape, market: Key, session: i64) -> f64 {
    let mood = market.draws(Purpose::Mood, session / 10).bell() * 0.15;
    let news = market.draws(Purpose::Market, session).bell();
    (mood + news) * shape.market_noise
}

/// A tenth of the way back, and noise.
fn hover(distance: f64, noise: f64, draws: &mut Draws) -> (f64, f64) {
    (0.1 * distance.clamp(-0.5, 0.5) + tailed(draws) * noise, noise)
}

/// A bell whose every twelfth draw is nearly twice as wide: large days come in ones.
fn tailed(draws: &mut Draws) -> f64 {
    let wide = if draws.unit() < 0.08 { 1.9 } else { 1.0 };
    draws.bell() * wide
}
