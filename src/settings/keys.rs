//! The one table of every key that a settings layer may hold, with the kind of its value.
//!
//! A layer is checked against this table and nothing else; the environment form of a key, the
//! suggestion for a misspelt one and the order of `ts config show` all follow from it.

use super::value::Kind;

/// A key, as the names of the tables it lies in and its own name last.
pub(super) type Path = Vec<String>;

/// A key that may be set. `<…>` in the pattern stands for a name that the user chooses.
pub(super) struct Key {
    pub pattern: &'static str,
    pub kind: Kind,
}

const EQUITY_SOURCES: &[&str] = &["polygon", "alpha_vantage", "files", "simulated"];
// Not polygon or alpha_vantage: there `BTC` and its like are the tickers of listed funds.
const CRYPTO_SOURCES: &[&str] = &["binance", "files", "simulated"];
const CONVICTIONS: &[&str] = &["LOW", "MEDIUM", "HIGH"];
const FILL_TIMES: &[&str] = &["next-open", "next-close"];
const TLS_MODES: &[&str] = &["starttls", "implicit", "none"];
const ASSET_CLASSES: &[&str] = &["equity", "crypto"];
const RATE: Kind = Kind::Whole { least: 1, most: 1_000_000 };
const TIMEOUT: Kind = Kind::Whole { least: 1, most: 600 };
const COUNT: Kind = Kind::Whole { least: 1, most: 10_000 };

const fn key(pattern: &'static str, kind: Kind) -> Key {
    Key { pattern, kind }
}

/// Every key, in the order of the embedded `ts.toml`.
pub(super) const KEYS: &[Key] = &[
    key("universe.equity", Kind::Symbols),
    key("universe.crypto", Kind::Symbols),
    key("benchmark.equity", Kind::Symbol),
    key("benchmark.crypto", Kind::Symbol),
    key("sources.equity", Kind::Sources(EQUITY_SOURCES)),
    key("sources.crypto", Kind::Sources(CRYPTO_SOURCES)),
    key("sources.polygon.base_url", Kind::Url),
    key("sources.polygon.requests_per_minute", RATE),
    key("sources.polygon.timeout_secs", TIMEOUT),
    key("sources.binance.base_url", Kind::Url),
    key("sources.binance.requests_per_minute", RATE),
    key("sources.binance.timeout_secs", TIMEOUT),
    key("sources.alpha_vantage.base_url", Kind::Url),
    key("sources.alpha_vantage.requests_per_day", RATE),
    key("sources.alpha_vantage.timeout_secs", TIMEOUT),
    key("sources.files.dir", Kind::Path),
    key("sources.simulated.seed", Kind::Whole { least: 0, most: i64::MAX }),
    key("cache.dir", Kind::Path),
    key("cache.ttl_hours", Kind::Whole { least: 1, most: 100_000 }),
    key("signals.max_recommendations", COUNT),
    key("signals.min_conviction", Kind::OneOf(CONVICTIONS)),
    key("signals.technical_weight", Kind::Positive),
    key("signals.news_weight", Kind::NotNegative),
    key("signals.scorer", Kind::Name),
    key("risk.account_equity", Kind::Positive),
    key("risk.risk_per_trade", Kind::Fraction),
    key("risk.max_position", Kind::Fraction),
    key("risk.max_positions", COUNT),
    key("risk.max_exposure", Kind::Fraction),
    key("risk.max_per_sector", COUNT),
    key("risk.correlation_guard", Kind::Switch),
    key("strategies.<strategy>.enabled", Kind::Switch),
    key("strategies.<strategy>.<CONSTANT>", Kind::Number),
    key("sectors.<SYMBOL>", Kind::Text),
    key("portfolio.file", Kind::OptionalPath),
    key("backtest.fill", Kind::OneOf(FILL_TIMES)),
    key("backtest.limit_recommendations", Kind::Switch),
    key("backtest.volatility_scaling", Kind::Switch),
    key("backtest.equity.fee", Kind::NotNegative),
    key("backtest.equity.slippage", Kind::NotNegative),
    key("backtest.equity.stress_below", Kind::Number),
    key("backtest.crypto.fee", Kind::NotNegative),
    key("backtest.crypto.slippage", Kind::NotNegative),
    key("backtest.crypto.stress_below", Kind::Number),
    key("backtest.slippage.atr_least", Kind::NotNegative),
    key("backtest.slippage.atr_most", Kind::NotNegative),
    key("backtest.slippage.size_least", Kind::NotNegative),
    key("backtest.slippage.size_most", Kind::NotNegative),
    key("backtest.slippage.size_of_adv", Kind::Fraction),
    key("backtest.slippage.weekend", Kind::NotNegative),
    key("backtest.slippage.stress", Kind::NotNegative),
    key("email.smtp_host", Kind::Host),
    key("email.smtp_port", Kind::Whole { least: 1, most: 65_535 }),
    key("email.smtp_user", Kind::OptionalText),
    key("email.tls", Kind::OneOf(TLS_MODES)),
    key("email.ca_file", Kind::OptionalPath),
    key("email.from_email", Kind::Address),
    key("email.from_name", Kind::OptionalText),
    key("email.recipients", Kind::Addresses),
    key("journal.path", Kind::Path),
    key("log.level", Kind::LogLevel),
    key("health.ping_url", Kind::OptionalUrl),
    key("health.listen", Kind::OptionalListen),
    key("schedule.<n>.job", Kind::Name),
    key("schedule.<n>.asset_class", Kind::OneOf(ASSET_CLASSES)),
    key("schedule.<n>.cron", Kind::Cron),
    key("schedule.<n>.timezone", Kind::Timezone),
];

/// The keys that every job needs.
pub(super) const JOB_KEYS: [&str; 4] = ["job", "asset_class", "cron", "timezone"];

/// Returns the position in [`KEYS`] of the key that `path` names.
pub(super) fn position(path: &[String]) -> Option<usize> {
    KEYS.iter().position(|key| {
        let segments = key.pattern.split('.');
        segments.clone().count() == path.len() && segments.zip(path).all(|(p, name)| fits(p, name))
    })
}

/// Tells whether keys may lie in a table at `path`.
pub(super) fn is_section(path: &[String]) -> bool {
    KEYS.iter().any(|key| {
        let segments = key.pattern.split('.');
        segments.clone().count() > path.len() && segments.zip(path).all(|(p, name)| fits(p, name))
    })
}

fn fits(pattern: &str, name: &str) -> bool {
    let made_of = |legal: fn(char) -> bool| !name.is_empty() && name.chars().all(legal);
    match pattern {
        "<strategy>" => crate::domain::is_script_name(name),
        "<CONSTANT>" => {
            name.starts_with(|c: char| c.is_ascii_uppercase())
                && made_of(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        }
        "<SYMBOL>" => crate::domain::Symbol::new(name).is_ok_and(|symbol| symbol.as_str() == name),
        "<n>" => made_of(|c| c.is_ascii_digit()),
        _ => pattern == name,
    }
}

/// Returns `path` as a person writes it: `sectors."BRK.B"`.
pub(super) fn dotted(path: &[String]) -> String {
    let is_bare = |name: &String| {
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') && !name.is_empty()
    };
    let quoted = |name: &String| if is_bare(name) { name.clone() } else { format!("{name:?}") };
    path.iter().map(quoted).collect::<Vec<_>>().join(".")
}

/// Returns the environment form of a key: `TS_RISK__MAX_POSITION`.
pub(super) fn variable(path: &[String]) -> String {
    format!("TS_{}", path.join("__").to_uppercase())
}

/// Returns the key whose environment form `name` is, whether or not it exists; `None` for a
/// name that is not of that form.
pub(super) fn from_variable(name: &str) -> Option<Path> {
    let rest = name.strip_prefix("TS_")?;
    if !rest.contains("__") {
        return None;
    }
    let mut path: Path = rest.split("__").map(str::to_lowercase).collect();
    match path[0].as_str() {
        // A strategy's own name may hold `__`: the constant is what follows the last one.
        "strategies" if path.len() > 2 => {
            let last = path.pop().unwrap_or_default();
            let constant = if last == "enabled" { last } else { last.to_uppercase() };
            path = vec!["strategies".to_owned(), path[1..].join("__"), constant];
        }
        "sectors" => path[1..].iter_mut().for_each(|symbol| *symbol = symbol.to_uppercase()),
        _ => {}
    }
    Some(path)
}

/// How alike two keys must be, 0 to 1, for one to be suggested in place of the other. By edit
/// distance: all keys of a section begin alike, which the measure for single words rewards.
const LIKENESS: f64 = 0.6;

/// Returns the known key or section that is most like `path`, if one is like it.
pub(super) fn suggestion(path: &[String]) -> Option<Path> {
    let own_name = path.last()?;
    let mut best: Option<(f64, Path)> = None;
    for key in KEYS {
        let whole: Vec<&str> = key.pattern.split('.').collect();
        for length in [path.len(), whole.len()] {
            let Some(candidate) = whole.get(..length).and_then(|pattern| filled(pattern, path)) else {
                continue;
            };
            let Some((name, section)) = candidate.split_last() else { continue };
            if whole[length - 1].starts_with('<') {
                // The user's own name is like itself, which says nothing.
                continue;
            }
            let alike = strsim::normalized_damerau_levenshtein(&dotted(&candidate), &dotted(path));
            // The right name in the wrong table is as common as a slip of the pen, and so is a
            // name cut short.
            let named_alike = 0.9 * strsim::normalized_damerau_levenshtein(name, own_name);
            let is_cut_short =
                path.starts_with(section) && path.len() == length && name.starts_with(own_name.as_str());
            let score = alike.max(named_alike).max(if is_cut_short { 0.8 } else { 0.0 });
            if score >= LIKENESS && best.as_ref().is_none_or(|(best, _)| score > *best) {
                best = Some((score, candidate));
            }
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Puts the user's own names into a pattern; `None` where there is none that fits.
fn filled(pattern: &[&str], path: &[String]) -> Option<Path> {
    let name_at = |(i, segment): (usize, &&str)| {
        if !segment.starts_with('<') {
            return Some((*segment).to_owned());
        }
        path.get(i).filter(|name| fits(segment, name)).cloned()
    };
    pattern.iter().enumerate().map(name_at).collect()
}

/// Returns the variable to use instead, if a key's name says that its value is a secret.
pub(super) fn secret_variable(path: &[String]) -> Option<&'static str> {
    let text = dotted(path).to_lowercase();
    if !["api_key", "apikey", "api-key", "password", "secret", "token"].iter().any(|word| text.contains(word))
    {
        return None;
    }
    let variables = [
        ("alpha", "ALPHA_VANTAGE_API_KEY"),
        ("news", "NEWSAPI_API_KEY"),
        ("sendgrid", "SENDGRID_API_KEY"),
        ("polygon", "POLYGON_API_KEY"),
        ("massive", "MASSIVE_API_KEY"),
    ];
    let named = variables.iter().find(|(vendor, _)| text.contains(vendor));
    Some(named.map_or("SMTP_PASSWORD", |(_, variable)| variable))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(dotted: &str) -> Path {
        dotted.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn a_misspelt_key_is_met_with_the_right_one() {
        let check = |wrong: &str, right: &str| {
            assert_eq!(suggestion(&path(wrong)).map(|p| dotted(&p)).as_deref(), Some(right), "{wrong}");
        };
        check("risk.max_positon", "risk.max_position");
        check("risks", "risk");
        check("risk.min_conviction", "signals.min_conviction");
        check("strategies.equity_momentum.enable", "strategies.equity_momentum.enabled");
        check("schedule.0.time_zone", "schedule.0.timezone");
        check("source.polygon.base_url", "sources.polygon.base_url");
    }

    #[test]
    fn a_key_like_no_other_has_no_suggestion() {
        assert_eq!(suggestion(&path("telegram.chat")), None);
    }

    #[test]
    fn a_key_and_its_environment_form_name_each_other() {
        for key in
            ["sources.polygon.base_url", "strategies.a_b.STOP_ATR_MULT", "schedule.0.cron", "sectors.AAPL"]
        {
            assert_eq!(from_variable(&variable(&path(key))), Some(path(key)), "{key}");
        }
        assert_eq!(from_variable("TS_LOG"), None);
        assert_eq!(from_variable("TSX_A__B"), None);
    }

    #[test]
    fn a_misspelt_switch_is_not_taken_for_a_constant() {
        assert_eq!(position(&path("strategies.x.enable")), None);
        assert!(position(&path("strategies.x.STOP_ATR_MULT")).is_some());
    }
}
