//! Says in a trader's words what the parser stumbled over.
//!
//! Rhai names the token that it wanted next, which is rarely the mistake: at `5,000` it asks for
//! a semicolon. What stands at that place in the text tells what was meant. Nothing here decides
//! whether a text is legal.

use rhai::LexError;
use rhai::ParseError;
use rhai::ParseErrorType;
use rhai::Position;

use crate::domain::format;

/// What to tell about a text that does not parse.
pub(super) struct Told {
    pub code: &'static str,
    pub position: Position,
    pub message: String,
    pub help: String,
}

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
const SIGNS: [(&str, &str); 10] = [
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
];

/// Explains a parser's error.
pub(super) fn told(error: &ParseError, text: &str) -> Told {
    let mut told = general(&error.0, error.1);
    let place = Place::of(text, error.1);
    if let Some((message, help)) = place.foreign().or_else(|| place.slip(&error.0)) {
        told.message = message;
        told.help = help;
        if let Some(start) = place.start() {
            told.position = start;
        }
    }
    told
}

/// What the error says by itself.
fn general(kind: &ParseErrorType, position: Position) -> Told {
    let told = |code, message: String, help: &str| Told { code, position, message, help: help.to_owned() };
    match kind {
        ParseErrorType::Reserved(word) if word.starts_with(char::is_alphabetic) => told(
            "reserved_name",
            format!("`{word}` is a word that the language keeps for itself"),
            "choose another name",
        ),
        ParseErrorType::Reserved(sign) => told("syntax", format!("`{sign}` means nothing here"), "remove it"),
        ParseErrorType::FnMissingName => told(
            "reserved_name",
            "a function cannot have this name".to_owned(),
            "choose a name that is no word of the language",
        ),
        ParseErrorType::BadInput(LexError::ImproperSymbol(word, why)) if why.contains("is disabled") => told(
            "unknown_function",
            format!("`{word}` is not available in scripts"),
            "a script sees its row and nothing else; remove the call",
        ),
        ParseErrorType::FnDuplicatedDefinition(name, count) => told(
            "duplicate_function",
            format!("`{name}` with {} is defined twice", format::count(*count, "parameter")),
            "keep one of the two",
        ),
        ParseErrorType::VariableUndefined(name) => {
            told("unknown_name", format!("`{name}` is defined nowhere"), "define it with `const` or `let`")
        }
        ParseErrorType::ExprTooDeep => told(
            "nested_too_deep",
            "the expression has too many levels".to_owned(),
            "give parts of it names with `let`, or move them into a function",
        ),
        ParseErrorType::TooManyFunctions => {
            told("too_long", "the script has too many functions".to_owned(), "split it into several scripts")
        }
        ParseErrorType::WrongDocComment => told(
            "syntax",
            "`///` may stand above a function only".to_owned(),
            "write `//` above a constant, and `//!` at the head of the file",
        ),
        ParseErrorType::WrongFnDefinition => told(
            "syntax",
            "a function begins inside another one".to_owned(),
            "look above for a `{` that is not closed; functions stand side by side",
        ),
        ParseErrorType::BadInput(LexError::UnterminatedString) => {
            told("syntax", "the text is not closed on its line".to_owned(), "end it with `\"`")
        }
        ParseErrorType::MissingToken(token, why) => told(
            "syntax",
            format!("`{token}` is missing {why}"),
            &format!("write `{token}` before this place, or look at what stands before it"),
        ),
        ParseErrorType::WrongSwitchDefaultCase => told(
            "syntax",
            "a case stands after `_`, which takes every value that is left".to_owned(),
            "put `_` last",
        ),
        ParseErrorType::WrongSwitchIntegerCase => told(
            "syntax",
            "a number stands after a range of numbers".to_owned(),
            "put the cases of single numbers before those of ranges",
        ),
        ParseErrorType::WrongSwitchCaseCondition => {
            told("syntax", "`_` has a condition".to_owned(), "write the condition into its answer, with `if`")
        }
        ParseErrorType::PropertyExpected => {
            told("syntax", "a name must follow the `.`".to_owned(), "write it as in `row.close`")
        }
        ParseErrorType::UnexpectedEOF => told(
            "syntax",
            "the text ends in the middle of something".to_owned(),
            "look for a bracket that is not closed",
        ),
        other => told("syntax", lower(&other.to_string()), "correct the text at that place"),
    }
}

fn lower(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// Where the parser stopped: the line, cut in two there.
struct Place<'a> {
    line: usize,
    before: &'a str,
    after: &'a str,
}

impl<'a> Place<'a> {
    fn of(text: &'a str, position: Position) -> Self {
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
    fn start(&self) -> Option<Position> {
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
    fn foreign(&self) -> Option<(String, String)> {
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
    fn slip(&self, kind: &ParseErrorType) -> Option<(String, String)> {
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
    FOREIGN.iter().find(|(theirs, _)| *theirs == word)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn last_char(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use crate::scripts::fixtures::HEAD;
    use crate::scripts::fixtures::RULES;
    use crate::scripts::fixtures::compile;
    use crate::scripts::fixtures::eligible;

    /// The first finding as `line:column code: message; help`.
    fn check(text: &str, expected: &str) {
        let (_, errors) = compile(text);
        let first = errors.first().expect("a finding");
        let (line, column) = (first.line.unwrap_or(0), first.column.unwrap_or(0));
        let told = format!("{line}:{column} {}: {}; {}", first.code, first.message, first.help);
        assert_eq!(told, expected, "{text}");
    }

    fn in_eligible(body: &str, expected: &str) {
        check(&eligible(body), expected);
    }

    fn at_the_top(line: &str, expected: &str) {
        check(&format!("{HEAD}{line}\n{RULES}"), expected);
    }

    #[test]
    fn habits_of_other_languages_are_recognised() {
        in_eligible(
            "row.close > 1.0 and row.close < 2.0",
            "3:36 syntax: `and` is not part of the language; write `&&`",
        );
        in_eligible("not row.close > 1.0", "3:20 syntax: `not` is not part of the language; write `!`");
        in_eligible("row.close === 1.0", "3:30 syntax: `===` is not part of the language; write `==`");
        in_eligible("row.close =< 1.0", "3:30 syntax: `=<` is not part of the language; write `<=`");
        in_eligible("row.close <> 1.0", "3:30 syntax: `<>` is not part of the language; write `!=`");
        in_eligible(
            "if row.close > 1.0 then { true }",
            "3:39 syntax: `then` is not part of the language; write `{ … }`",
        );
        in_eligible(
            "if true { } elif true { }",
            "3:32 syntax: `elif` is not part of the language; write `else if`",
        );
        in_eligible("null", "3:20 reserved_name: `null` is not part of the language; write `()`");
        at_the_top("def f(row) { 1 }", "3:1 syntax: `def` is not part of the language; write `fn`");
    }

    #[test]
    fn numbers_are_written_plainly() {
        at_the_top("const A = 5,000;", "3:12 syntax: a number has no comma in it; write `5_000` or `5000`");
        at_the_top(
            "const A = 1,000,000.0;",
            "3:12 syntax: a number has no comma in it; write `1_000_000` or `1000000`",
        );
        at_the_top("const A = 2,5;", "3:12 syntax: a number has no comma in it; write `2.5`");
        at_the_top("const A = $5;", "3:11 syntax: a number has no currency sign; write the number alone");
        at_the_top("const A = .5;", "3:11 syntax: a number begins with a digit; write `0.5`");
        at_the_top(
            "const A = 5%;",
            "3:13 syntax: `%` is the remainder of a division, not a percentage; write 5 % as `0.05`",
        );
    }

    #[test]
    fn slips_are_told_with_the_remedy() {
        at_the_top("const A = 1\nconst B = 2;", "4:1 syntax: the line before is not ended; end it with `;`");
        at_the_top("# a note", "3:1 syntax: `#` begins no comment; write `// …`");
        in_eligible("if row.close = 1.0 { }", "3:33 syntax: `=` gives a variable a value; compare with `==`");
        in_eligible("'abc'", "3:20 syntax: text stands between double quotation marks; write `\"abc\"`");
        in_eligible("let x = 1; x++", "3:32 syntax: `++` is no operator; write `x += 1`");
        in_eligible("\"abc", "3:20 syntax: the text is not closed on its line; end it with `\"`");
        at_the_top(
            "const A = “x”;",
            "3:11 syntax: a typographic quotation mark; write text between straight marks: `\"text\"`",
        );
    }

    #[test]
    fn reserved_words_name_nothing() {
        at_the_top(
            "const default = 1;",
            "3:7 reserved_name: `default` is a word that the language keeps for itself; choose another name",
        );
        at_the_top(
            "fn print(a) { 1 }",
            "3:4 reserved_name: a function cannot have this name; choose a name that is no word of the language",
        );
        at_the_top(
            "fn clamp(a, b) { a }",
            "3:4 reserved_name: `clamp` is a function of the host; choose another name",
        );
    }

    /// Nothing turns the feature on that makes these errors, but a dependency could.
    #[test]
    fn a_doc_comment_may_stand_above_a_constant() {
        assert_eq!(compile(&format!("{HEAD}/// A note.\nconst A = 1.0;\n{RULES}")).1, []);
    }
}
