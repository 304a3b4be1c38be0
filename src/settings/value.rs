//! What a single value may be: its type and its range, without regard to any other value.
//!
//! A check returns what is wrong and what to write instead; which file and line it is in is the
//! caller's to say. No check reads a file.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

use chrono::DateTime;
use chrono_tz::Tz;
use croner::parser::{CronParser, Seconds, Year};
use toml::Value;

use crate::domain::Symbol;
use crate::domain::closest;
use crate::domain::format;
use crate::domain::is_script_name;

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Symbols, or a table `{ file = "…" }`.
    Symbols,
    Symbol,
    /// Some of these sources, each at most once.
    Sources(&'static [&'static str]),
    OneOf(&'static [&'static str]),
    Url,
    OptionalUrl,
    /// An address and port to listen on; a port alone is one of this machine's own address.
    OptionalListen,
    Host,
    Path,
    /// May be empty, which means none.
    OptionalPath,
    Text,
    OptionalText,
    /// The name of a script or of a job.
    Name,
    Whole {
        least: i64,
        most: i64,
    },
    /// Over 0, at most 1.
    Fraction,
    Positive,
    NotNegative,
    Number,
    Switch,
    Address,
    Addresses,
    Cron,
    Timezone,
    LogLevel,
}

impl Kind {
    /// Tells whether an empty value means none, and not that nothing was set.
    pub(super) fn may_be_empty(self) -> bool {
        matches!(
            self,
            Kind::Symbols
                | Kind::Sources(_)
                | Kind::Addresses
                | Kind::OptionalPath
                | Kind::OptionalText
                | Kind::OptionalUrl
                | Kind::OptionalListen
        )
    }
}

/// What is wrong with a value; `item` is the place in a list, 0-based.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub item: Option<usize>,
    pub message: String,
}

/// Reads the text of an environment variable as the kind wants it. What does not fit stays
/// text, for [`faults`] to refuse.
pub(super) fn from_text(kind: Kind, text: &str) -> Value {
    let trimmed = text.trim();
    let read = match kind {
        Kind::Symbols | Kind::Sources(_) | Kind::Addresses => {
            let items = trimmed.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        Kind::Whole { .. } => trimmed.parse().ok().map(Value::Integer),
        Kind::Fraction | Kind::Positive | Kind::NotNegative | Kind::Number => {
            let whole = trimmed.parse().ok().map(Value::Integer);
            whole.or_else(|| trimmed.parse().ok().map(Value::Float))
        }
        Kind::Switch => trimmed.parse().ok().map(Value::Boolean),
        _ => None,
    };
    read.unwrap_or_else(|| Value::String(trimmed.to_owned()))
}

/// Returns all that is wrong with a value; nothing where it may be used.
pub(super) fn faults(kind: Kind, value: &Value) -> Vec<Fault> {
    match (kind, value) {
        (Kind::Symbols, Value::Table(table)) => {
            let named = table.get("file").and_then(Value::as_str).is_some_and(|file| !file.trim().is_empty());
            let wrong = !named || table.len() != 1;
            wrong
                .then(|| whole("write a list of symbols, or { file = \"universe.csv\" }".to_owned()))
                .into_iter()
                .collect()
        }
        (Kind::Symbols | Kind::Sources(_) | Kind::Addresses, Value::Array(items)) => list_faults(kind, items),
        _ => fault(kind, value).map(whole).into_iter().collect(),
    }
}

fn whole(message: String) -> Fault {
    Fault { item: None, message }
}

fn list_faults(kind: Kind, items: &[Value]) -> Vec<Fault> {
    let item_kind = match kind {
        Kind::Symbols => Kind::Symbol,
        Kind::Sources(names) => Kind::OneOf(names),
        _ => Kind::Address,
    };
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (i, value) in items.iter().enumerate() {
        let again = value.as_str().is_some_and(|text| !seen.insert(text.trim().to_lowercase()));
        let wrong =
            fault(item_kind, value).or_else(|| again.then(|| format!("{value} is listed twice; keep one")));
        found.extend(wrong.map(|message| Fault { item: Some(i), message }));
    }
    found.extend(mixed_with_simulated(kind, items));
    found
}

/// Refuses the simulated market beside another source: a symbol that the other lacks would be
/// given invented prices among real ones.
fn mixed_with_simulated(kind: Kind, items: &[Value]) -> Option<Fault> {
    let is_simulated = |value: &Value| value.as_str() == Some("simulated");
    let item = items.iter().position(is_simulated)?;
    let is_mixed = matches!(kind, Kind::Sources(_)) && !items.iter().all(is_simulated);
    let message = "\"simulated\" stands alone: its prices are not real; remove it or the others";
    is_mixed.then(|| Fault { item: Some(item), message: message.to_owned() })
}

fn fault(kind: Kind, value: &Value) -> Option<String> {
    let wanted = wanted(kind, value)?;
    // A key or password hides in an address in more ways than can be listed.
    if matches!(kind, Kind::Url | Kind::OptionalUrl | Kind::Host) {
        return Some(format!("the address {wanted}"));
    }
    Some(format!("{} {wanted}", shortened(value)))
}

/// Returns `is …; write …` where the value does not fit.
fn wanted(kind: Kind, value: &Value) -> Option<String> {
    match kind {
        Kind::Whole { least, most } => {
            let Value::Integer(n) = value else { return Some(wrong_type(value, "a whole number")) };
            let top = if most == i64::MAX { String::new() } else { format!(" and at most {most}") };
            (!(least..=most).contains(n))
                .then(|| format!("is out of range; write a whole number of at least {least}{top}"))
        }
        Kind::Fraction => {
            number(value, |x| x > 0.0 && x <= 1.0, "a fraction over 0 and at most 1 (0.15 is 15 percent)")
        }
        Kind::Positive => number(value, |x| x > 0.0, "a number over 0"),
        Kind::NotNegative => number(value, |x| x >= 0.0, "a number of at least 0"),
        Kind::Number => number(value, |_| true, "a finite number"),
        Kind::Switch => (!value.is_bool()).then(|| wrong_type(value, "true or false")),
        Kind::Symbols => Some(wrong_type(value, "a list of symbols, or { file = \"universe.csv\" }")),
        Kind::Sources(names) => Some(wrong_type(value, &format!("a list of {}", names.join(", ")))),
        Kind::Addresses => Some(wrong_type(value, "a list of mail addresses")),
        _ => {
            let Value::String(text) = value else { return Some(wrong_type(value, "a text in quotes")) };
            if text.chars().any(char::is_control) {
                return Some(
                    "holds a line break or another control character; write one line of text".to_owned(),
                );
            }
            text_wanted(kind, text)
        }
    }
}

fn wrong_type(value: &Value, wanted: &str) -> String {
    format!("is {}; write {wanted}", article(value.type_str()))
}

pub(super) fn article(type_name: &str) -> String {
    let an = type_name.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {type_name}", if an { "an" } else { "a" })
}

fn number(value: &Value, fits: fn(f64) -> bool, wanted: &str) -> Option<String> {
    let x = match value {
        Value::Integer(n) => *n as f64,
        Value::Float(x) => *x,
        _ => return Some(wrong_type(value, wanted)),
    };
    (!x.is_finite() || !fits(x)).then(|| format!("is out of range; write {wanted}"))
}

fn text_wanted(kind: Kind, text: &str) -> Option<String> {
    let (fits, wanted) = match kind {
        Kind::OneOf(words) => return one_of(words, text),
        Kind::Symbol => (Symbol::new(text).is_ok(), "is not a symbol; write one like \"BRK.B\""),
        Kind::Url => return url_wanted(text, "https://api.massive.com"),
        Kind::OptionalUrl if text.is_empty() => return None,
        Kind::OptionalUrl => return url_wanted(text, "https://hc-ping.com/your-check"),
        Kind::OptionalListen => (
            text.is_empty() || listen_address(text).is_some(),
            "is not an address to listen on; write one like \"127.0.0.1:9321\"",
        ),
        Kind::Host => (
            !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '/' || c == '@'),
            "is not a host; write its name alone, like \"smtp.sendgrid.net\"",
        ),
        Kind::Path | Kind::Text => (!text.trim().is_empty(), "is empty; write a value, or leave the key out"),
        Kind::Name => (
            is_script_name(text),
            "is not a name; use lower-case letters, digits and `_`, at most 40 of them",
        ),
        Kind::Address => (is_address(text), "is not a mail address; write one like \"me@example.com\""),
        Kind::Cron => return cron_wanted(text),
        Kind::Timezone => {
            (text.parse::<Tz>().is_ok(), "is not a timezone; write one like \"America/New_York\"")
        }
        Kind::LogLevel => {
            (is_log_level(text), "is not a log level; write error, warn, info, debug, trace or off")
        }
        _ => (true, ""),
    };
    (!fits).then(|| wanted.to_owned())
}

fn one_of(words: &[&str], text: &str) -> Option<String> {
    if words.contains(&text) {
        return None;
    }
    let meant = closest(text, words.iter().map(|word| (word, word)));
    let hint = meant.map(|word| format!(" (did you mean \"{word}\"?)")).unwrap_or_default();
    Some(format!("is not one of {}{hint}; write one of them", words.join(", ")))
}

/// Reads a schedule as the daemon will: five fields, without seconds or a year.
fn cron_wanted(text: &str) -> Option<String> {
    let like = "write minute, hour, day, month and weekday, like \"30 16 * * Mon-Fri\"";
    if text.split_whitespace().count() != 5 {
        return Some(format!("does not have five fields; {like}"));
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    match parser.parse(text) {
        Err(_) => Some(format!("is no schedule: {}; {like}", bad_field(&parser, text))),
        // From any day on: a line like "0 0 30 2 *" is sound and never ticks.
        Ok(cron) if cron.find_next_occurrence(&DateTime::UNIX_EPOCH, true).is_err() => {
            Some(format!("names a day that never comes; {like}"))
        }
        Ok(_) => None,
    }
}

/// Names the field of a schedule that cannot be read, and what may stand there.
fn bad_field(parser: &CronParser, text: &str) -> String {
    const FIELDS: [(&str, &str); 5] = [
        ("minute", "0 to 59"),
        ("hour", "0 to 23"),
        ("day", "1 to 31"),
        ("month", "1 to 12, or Jan to Dec"),
        ("weekday", "0 to 7, or Sun to Sat"),
    ];
    let alone = |place: usize, field: &str| {
        let mut fields = ["*"; 5];
        fields[place] = field;
        fields.join(" ")
    };
    let mut fields = text.split_whitespace().zip(FIELDS).enumerate();
    let bad = fields.find(|(place, (field, _))| parser.parse(&alone(*place, field)).is_err());
    bad.map_or_else(
        || "its fields do not go together".to_owned(),
        |(_, (field, (name, range)))| format!("`{}` is no {name} ({range})", format::clean(field)),
    )
}

/// Reads an address to listen on; a port alone is open to this machine only, and port 0 is none.
pub(super) fn listen_address(text: &str) -> Option<SocketAddr> {
    let port = text.parse::<u16>().ok().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    port.or_else(|| text.parse().ok()).filter(|address| address.port() != 0)
}

fn url_wanted(text: &str, like: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split('/').next().unwrap_or_default());
    match host {
        Some(host) if host.contains('@') => Some(
            "holds a user or password; write the address alone, keys come from the environment".to_owned(),
        ),
        Some(host) if !host.is_empty() && !text.contains([' ', '?', '#']) => None,
        _ => {
            Some(format!("is not an address; write one like \"{like}\", without a question mark or a space"))
        }
    }
}

fn is_address(text: &str) -> bool {
    let Some((user, host)) = text.split_once('@') else { return false };
    let odd = |c: char| c.is_whitespace() || matches!(c, '@' | ',' | ';' | '<' | '>');
    !user.is_empty()
        && !host.is_empty()
        && !text.contains(|c: char| c != '@' && odd(c))
        && !host.contains('@')
        && text.parse::<lettre::Address>().is_ok()
}

fn is_log_level(text: &str) -> bool {
    let is_level = |word: &str| {
        ["off", "error", "warn", "info", "debug", "trace"].contains(&word.trim().to_lowercase().as_str())
    };
    text.split(',').all(|directive| match directive.split_once('=') {
        Some((target, level)) => !target.trim().is_empty() && is_level(level),
        None => is_level(directive),
    })
}

/// Tells whether a host is this machine itself.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Returns a value as text for a message, cut to a line's length; an address with a user in
/// it, which may have a password, is not repeated whatever the key.
fn shortened(value: &Value) -> String {
    let text = value.to_string().replace('\n', " ");
    if text.contains("://") && text.contains('@') {
        return "the address".to_owned();
    }
    if text.chars().count() <= 60 {
        return text;
    }
    text.chars().take(57).chain("…".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Kind, text: &str, expected: Option<&str>) {
        let table: toml::Table = format!("v = {text}").parse().expect("the test's own text");
        let found = faults(kind, &table["v"]);
        match expected {
            None => assert_eq!(found, [], "{text}"),
            Some(part) => assert!(found.iter().any(|f| f.message.contains(part)), "{text}: {found:?}"),
        }
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        check(Kind::Fraction, "1", None);
        check(Kind::Fraction, "0.0075", None);
        check(Kind::Fraction, "0", Some("over 0"));
        check(Kind::Fraction, "15", Some("at most 1"));
        check(Kind::Fraction, "nan", Some("out of range"));
        check(Kind::Positive, "inf", Some("out of range"));
        check(Kind::Positive, "\"5\"", Some("is a string; write a number over 0"));
        check(Kind::Whole { least: 1, most: 65_535 }, "65536", Some("at most 65535"));
        check(Kind::Whole { least: 1, most: 9 }, "1.0", Some("is a float; write a whole number"));
        check(Kind::NotNegative, "-0.1", Some("at least 0"));
        check(Kind::Number, "-3", None);
    }

    #[test]
    fn words_are_taken_only_as_written() {
        let levels = Kind::OneOf(&["LOW", "MEDIUM", "HIGH"]);
        check(levels, "\"HIGH\"", None);
        check(levels, "\"medum\"", Some("did you mean \"MEDIUM\"?"));
        check(Kind::Timezone, "\"America/New_York\"", None);
        check(Kind::Timezone, "\"New York\"", Some("not a timezone"));
        check(Kind::Cron, "\"0 30 16 * * Mon\"", Some("five fields"));
        for good in ["30 16 * * Mon-Fri", "0 0 * * *", "*/15 9-16 * * 1-5", "0 8 1,15 * *"] {
            check(Kind::Cron, &format!("\"{good}\""), None);
        }
        for bad in ["99 99 * * Foo", "0 24 * * *", "0 0 * 13 *", "0 0 32 * *", "a b c d e", "0 0 * * Mon-Fry"]
        {
            check(Kind::Cron, &format!("\"{bad}\""), Some("is no schedule: `"));
        }
        check(Kind::Cron, "\"0 24 * * *\"", Some("`24` is no hour (0 to 23); write minute, hour"));
        check(Kind::Cron, "\"0 0 * * Mon-Fry\"", Some("`Mon-Fry` is no weekday"));
        check(Kind::Cron, "\"0 0 30 2 *\"", Some("a day that never comes"));
        check(Kind::Cron, "\"0 0 29 2 *\"", None);
        check(Kind::Switch, "1", Some("true or false"));
        check(Kind::LogLevel, "\"warn,ts=debug\"", None);
        check(Kind::LogLevel, "\"inof\"", Some("not a log level"));
        check(Kind::Text, "\"a\\nb\"", Some("control character"));
    }

    #[test]
    fn a_port_alone_is_one_of_this_machine() {
        let read = |text: &str| listen_address(text).map(|address| address.to_string());
        assert_eq!(read("9321").as_deref(), Some("127.0.0.1:9321"));
        assert_eq!(read("[::1]:9321").as_deref(), Some("[::1]:9321"));
        check(Kind::OptionalListen, "\"\"", None);
        for bad in ["0", "127.0.0.1", "127.0.0.1:0", "localhost:9321", "99999", "x"] {
            check(Kind::OptionalListen, &format!("{bad:?}"), Some("is not an address to listen on"));
        }
    }

    #[test]
    fn a_mail_address_has_two_halves_and_no_list_in_it() {
        check(Kind::Addresses, "[]", None);
        check(Kind::Addresses, "[\"a@b.c\"]", None);
        for bad in ["a", "@b", "a@", "a@b@c", "a@b,c@d", "A <a@b>", "a b@c", "a..b@c.d", "a@b..c", "a@-"] {
            check(Kind::Addresses, &format!("[{bad:?}]"), Some("not a mail address"));
        }
        check(Kind::Addresses, "[\"a@b.c\", \"A@b.c\"]", Some("listed twice"));
        check(Kind::Addresses, "\"a@b.c\"", Some("is a string; write a list"));
    }

    #[test]
    fn a_symbol_stands_once_whatever_its_case() {
        check(Kind::Symbols, "[\"AAPL\", \"aapl\"]", Some("listed twice"));
        check(Kind::Symbols, "{ file = \"u.csv\" }", None);
        check(Kind::Symbols, "{ path = \"u.csv\" }", Some("{ file ="));
        check(Kind::Symbols, "[]", None);
    }

    #[test]
    fn a_refused_address_is_never_repeated() {
        for (kind, text) in [
            (Kind::Url, "https://me:hunter2@host/x"),
            (Kind::Url, "https://api.massive.com/?apiKey=hunter2"),
            (Kind::Url, "hunter2"),
            (Kind::OptionalUrl, "hc-ping.com/hunter2"),
            (Kind::OptionalUrl, "https://hc-ping.com/x?key=hunter2"),
            (Kind::Url, "https://host/\nhunter2"),
            (Kind::Host, "apikey:hunter2@smtp.sendgrid.net"),
            (Kind::Host, "smtp.sendgrid.net/hunter2"),
        ] {
            let found = faults(kind, &Value::String(text.to_owned()));
            assert!(found.len() == 1 && found[0].message.starts_with("the address "), "{found:?}");
            assert!(!found[0].message.contains("hunter2"), "{found:?}");
        }
    }

    #[test]
    fn the_simulated_market_is_mixed_with_no_other() {
        let sources = Kind::Sources(&["files", "binance", "simulated"]);
        check(sources, "[\"simulated\"]", None);
        check(sources, "[\"files\", \"binance\"]", None);
        check(sources, "[\"files\", \"simulated\"]", Some("stands alone: its prices are not real"));
        check(sources, "[\"simulated\", \"files\"]", Some("stands alone"));
    }

    #[test]
    fn a_scorer_is_named_as_a_script_is() {
        check(Kind::Name, "\"trend_strength\"", None);
        check(Kind::Name, "\"trend-strength\"", Some("is not a name"));
        check(Kind::Name, &format!("\"{}\"", "x".repeat(41)), Some("at most 40"));
    }

    #[test]
    fn the_environments_text_becomes_the_kind_that_is_wanted() {
        assert_eq!(from_text(Kind::Number, "20"), Value::Integer(20));
        assert_eq!(from_text(Kind::Number, " 2.5 "), Value::Float(2.5));
        assert_eq!(from_text(Kind::Switch, "false"), Value::Boolean(false));
        assert_eq!(from_text(Kind::Addresses, ""), Value::Array(Vec::new()));
        assert_eq!(from_text(Kind::Symbols, "A, B,").as_array().map(Vec::len), Some(2));
    }
}
