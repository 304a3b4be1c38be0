//! What stands where the parser stopped, and what was probably meant by it: words and signs of other
//! languages, numbers written as for people, and other slips of the hand.

use rhai::LexError;
use rhai::ParseErrorType;
use rhai::Position;

/// Words of other languages, and what scripts write in their place.
const FOREIGN: [(&str, &str); 14] = [
    ("and", "&&"),
    ("or", "||"),
    ("not", "!"),
    ("elif", "else if"),
    ("elsif", "else if"),
    ("elseif", "else if"),
    ("then", "{ … }"),
    ("def", "fn"),
    ("function", "fn"),
    ("func", "fn"),
    ("var", "let"),
    ("null", "()"),
    ("match", "switch"),
    ("is", "=="),
];

/// Signs of other languages, likewise.
const SIGNS: [(&str, &str); 14] = [
    ("===", "=="),
    ("!==", "!="),
    ("=<", "<="),
    ("=>", ">="),
    ("<>", "!="),
    (":=", "="),
    ("->", "."),
    ("–", "-"),
    ("−", "-"),
    ("×", "*"),
    ("÷", "/"),
    ("≥", ">="),
    ("≤", "<="),
    ("≠", "!="),
];

/// Where the parser stopped: the line, cut in two there.
pub(super) struct Place<'a> {
    line: usize,
    before: &'a str,
    after: &'a str,
}

impl<'a> Place<'a> {
    /// Finds the line of a position.
    pub fn of(text: &'a str, position: Position) -> Self {
        let number = position.line().unwrap_or(1);
        let line = text.lines().nth(number - 1).unwrap_or("");
        let column = position.position().unwrap_or(1);
        let cut = line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
        let (before, after) = line.split_at(cut);
        Self { line: number, before, after }
    }

    fn word_after(&self) -> &'a str {
        let end = self.after.find(|c: char| !is_word(c)).unwrap_or(self.after.len());
        &self.after[..end]
    }

    fn word_before(&self) -> &'a str {
        let trimmed = self.before.trim_end();
        &trimmed[trimmed.rfind(|c: char| !is_word(c)).map_or(0, |at| at + last_char(trimmed, at))..]
    }

    /// Where the word or sign that is to blame begins, where that is before the parser's place.
    pub fn start(&self) -> Option<Position> {
        let at = |bytes: usize| {
            let column = self.before[..bytes].chars().count() + 1;
            Some(Position::new(self.line as u16, column as u16))
        };
        if foreign(self.word_before()).is_some() && foreign(self.word_after()).is_none() {
            return at(self.before.trim_end().len() - self.word_before().len());
        }
        let sign = SIGNS.iter().find(|(sign, _)| self.around().0.ends_with(sign))?.0;
        at(self.around().1 - sign.len())
    }

    /// The line up to just past the parser's character, and where the part before it ends.
    fn around(&self) -> (String, usize) {
        let next = self.after.chars().next().map_or(0, char::len_utf8);
        (format!("{}{}", self.before, &self.after[..next]), self.before.len() + next)
    }

    /// A word or sign of another language, before or after the place.
    pub fn foreign(&self) -> Option<(String, String)> {
        let by_word = foreign(self.word_after()).or_else(|| foreign(self.word_before()));
        let by_sign = || {
            let around = self.around().0;
            SIGNS
                .iter()
                .find(|(sign, _)| self.after.starts_with(sign) || (sign.len() == 2 && around.ends_with(sign)))
        };
        let (theirs, ours) = by_word.or_else(by_sign)?;
        Some((format!("`{theirs}` is not part of the language"), format!("write `{ours}`")))
    }

    /// A slip that one recognises by what stands around the place.
    pub fn slip(&self, kind: &ParseErrorType) -> Option<(String, String)> {
        let told = |message: &str, help: String| Some((message.to_owned(), help));
        let before = self.before.trim_end();
        if self.after.starts_with(',') && before.ends_with(|c: char| c.is_ascii_digit()) {
            let digits: String = self.after.chars().take_while(|c| c.is_ascii_digit() || *c == ',').collect();
            let written = format!("{}{}", self.word_before(), digits.trim_end_matches(','));
            let is_grouped = written.split(',').skip(1).all(|group| group.len() == 3);
            let help = if is_grouped {
                format!("write `{}` or `{}`", written.replace(',', "_"), written.replace(',', ""))
            } else {
                format!("write `{}`", written.replacen(',', ".", 1))
            };
            return told("a number has no comma in it", help);
        }
        if before.ends_with('%')
            && before[..before.len() - 1].trim_end().ends_with(|c: char| c.is_ascii_digit())
        {
            return told(
                "`%` is the remainder of a division, not a percentage",
                "write 5 % as `0.05`".to_owned(),
            );
        }
        if self.after.starts_with(['“', '”', '„', '‘', '’']) {
            return told(
                "a typographic quotation mark",
                "write text between straight marks: `\"text\"`".to_owned(),
            );
        }
        if self.after.starts_with('\u{a0}') {
            return told("a non-breaking space", "replace it by a plain space".to_owned());
        }
        if self.after.starts_with('#') {
            return told("`#` begins no comment", "write `// …`".to_owned());
        }
        if self.after.starts_with('$') {
            return told("a number has no currency sign", "write the number alone".to_owned());
        }
        if self.after.starts_with('.') && self.after[1..].starts_with(|c: char| c.is_ascii_digit()) {
            let digits: String = self.after.chars().skip(1).take_while(char::is_ascii_digit).collect();
            return told("a number begins with a digit", format!("write `0.{digits}`"));
        }
        if self.after.starts_with('=') && before.contains("if ") {
            return told("`=` gives a variable a value", "compare with `==`".to_owned());
        }
        if let ParseErrorType::BadInput(LexError::MalformedChar(text)) = kind {
            return told("text stands between double quotation marks", format!("write `\"{text}\"`"));
        }
        if let ParseErrorType::UnknownOperator(sign) = kind {
            let help = match sign.as_str() {
                "++" => "write `x += 1`".to_owned(),
                "--" => "write `x -= 1`".to_owned(),
                "?" => "write `if condition { a } else { b }`".to_owned(),
                _ => "use `+ - * / % && || !` and the comparisons".to_owned(),
            };
            return Some((format!("`{sign}` is no operator"), help));
        }
        let missing =
            |wanted: &str| matches!(kind, ParseErrorType::MissingToken(token, _) if token == wanted);
        if missing(";") && before.ends_with('{') || missing(";") && self.after.starts_with(':') {
            return told(
                "`:` may stand in a map only",
                "a map begins with `#{`, as in `#{ breakout: 0.6 }`; a block after `if` with `{`".to_owned(),
            );
        }
        if missing(";") && before.is_empty() && self.after.starts_with("fn ") {
            return told("the function before this line is not closed", "close it with `}`".to_owned());
        }
        if missing(";") && before.is_empty() {
            return told("the line before is not ended", "end it with `;`".to_owned());
        }
        if missing("{") {
            return told(
                "the block of this statement does not begin with `{`",
                "write `if condition { … }`, and look for a bracket too many in the condition".to_owned(),
            );
        }
        if missing(":") && self.after.starts_with('=') {
            return told("`=` stands in a map", "write `name: value`".to_owned());
        }
        if let ParseErrorType::BadInput(LexError::UnexpectedInput(input)) = kind {
            if input == "|" {
                return told(
                    "functions without a name are not available",
                    "write it out with `for` or a `fn`".to_owned(),
                );
            }
            if matches!(input.as_str(), "}" | ")" | "]") {
                return Some((
                    format!("`{input}` comes where a value was awaited, or closes nothing"),
                    "finish what stands before it, or remove it".to_owned(),
                ));
            }
        }
        None
    }
}

fn foreign(word: &str) -> Option<&'static (&'static str, &'static str)> {
    FOREIGN.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(word))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn last_char(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}
