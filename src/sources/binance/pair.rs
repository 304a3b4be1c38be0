//! Which pairs of Binance tell the price of a symbol, and from when to when.
//!
//! A symbol is an asset (`BTC`), priced in USDT, or a whole pair (`ETHBTC`). A renamed asset has one
//! pair before and another after, stitched openly: the days between, on which neither traded, stay
//! missing.

use chrono::NaiveDate;

use crate::domain::Symbol;

/// What an asset is priced in where the symbol does not say.
const QUOTE: &str = "USDT";

/// The quotes that make a symbol a whole pair, each with the fewest letters that must come before it:
/// `WBTC`, `BETH` and `AEUR` are assets of their own.
const QUOTES: &[(&str, usize)] = &[
    ("FDUSD", 1),
    ("USDT", 1),
    ("USDC", 1),
    ("TUSD", 1),
    ("BUSD", 1),
    ("EUR", 2),
    ("TRY", 2),
    ("BRL", 2),
    ("JPY", 2),
    ("BTC", 3),
    ("ETH", 3),
    ("BNB", 3),
];

/// A pair, and the days on which it tells the symbol's price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) pair: String,
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
}

/// An asset that goes on under another name, one for one.
struct Rename {
    old: &'static str,
    new: &'static str,
    /// The last day on which the old pair traded; its later candles are frozen.
    last: NaiveDate,
    /// The first day on which the new pair traded.
    first: NaiveDate,
}

const RENAMES: &[Rename] = &[Rename {
    old: "MATICUSDT",
    new: "POLUSDT",
    last: NaiveDate::from_ymd_opt(2024, 9, 10).expect("a date of the calendar"),
    first: NaiveDate::from_ymd_opt(2024, 9, 13).expect("a date of the calendar"),
}];

/// Returns the pair that a symbol names, or `None` where no pair can have that name.
pub(super) fn pair(symbol: &Symbol) -> Option<String> {
    let name = symbol.as_str();
    if !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let is_pair =
        QUOTES.iter().any(|(quote, least)| name.strip_suffix(quote).is_some_and(|base| base.len() >= *least));
    Some(if is_pair { name.to_owned() } else { format!("{name}{QUOTE}") })
}

/// Cuts a span into the pairs that tell the price in it, oldest first; with a note where both names have
/// days in it.
pub(super) fn pieces(pair: String, from: NaiveDate, to: NaiveDate) -> (Vec<Piece>, Option<String>) {
    let Some(rename) = RENAMES.iter().find(|rename| rename.old == pair) else {
        return (vec![Piece { pair, from, to }], None);
    };
    let old = Piece { pair, from, to: to.min(rename.last) };
    let new = Piece { pair: rename.new.to_owned(), from: from.max(rename.first), to };
    let is_span = |piece: &Piece| piece.from <= piece.to;
    let note = (is_span(&old) && is_span(&new)).then(|| {
        format!(
            "binance has it as {} to {} and as {} from {} (renamed, one for one); it did not trade in \
             between",
            rename.old, rename.last, rename.new, rename.first
        )
    });
    ([old, new].into_iter().filter(is_span).collect(), note)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn an_asset_is_priced_in_usdt_and_a_pair_is_taken_as_given() {
        for (symbol, expected) in [
            ("BTC", Some("BTCUSDT")),
            ("ETHBTC", Some("ETHBTC")),
            ("BTCUSDT", Some("BTCUSDT")),
            ("BTCEUR", Some("BTCEUR")),
            ("TUSDT", Some("TUSDT")),
            ("USDC", Some("USDCUSDT")),
            ("WBTC", Some("WBTCUSDT")),
            ("BETH", Some("BETHUSDT")),
            ("AEUR", Some("AEURUSDT")),
            ("1INCH", Some("1INCHUSDT")),
            ("BTC-USD", None),
            ("BRK.B", None),
        ] {
            let symbol = Symbol::new(symbol).expect("a symbol");
            assert_eq!(pair(&symbol).as_deref(), expected, "{symbol}");
        }
    }

    fn check(from: &str, to: &str, expected: &[(&str, &str, &str)]) {
        let (pieces, note) = pieces("MATICUSDT".to_owned(), day(from), day(to));
        let expected: Vec<Piece> = expected
            .iter()
            .map(|(pair, from, to)| Piece { pair: (*pair).to_owned(), from: day(from), to: day(to) })
            .collect();
        assert_eq!(pieces, expected, "{from} to {to}");
        assert_eq!(note.is_some(), pieces.len() == 2, "{note:?}");
    }

    #[test]
    fn a_renamed_asset_is_cut_at_its_rename_and_the_days_between_belong_to_nobody() {
        check(
            "2024-01-01",
            "2024-12-31",
            &[("MATICUSDT", "2024-01-01", "2024-09-10"), ("POLUSDT", "2024-09-13", "2024-12-31")],
        );
        check("2024-01-01", "2024-09-12", &[("MATICUSDT", "2024-01-01", "2024-09-10")]);
        check("2024-09-11", "2024-10-01", &[("POLUSDT", "2024-09-13", "2024-10-01")]);
        check("2024-09-11", "2024-09-12", &[]);
        let (own, note) = pieces("POLUSDT".to_owned(), day("2024-01-01"), day("2024-12-31"));
        assert_eq!((own.len(), own[0].from, note), (1, day("2024-01-01"), None));
    }
}
