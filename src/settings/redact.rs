//! Takes secrets out of text that came from outside, before anyone reads or stores it.
//!
//! A vendor may echo a key in a message, an address or a page, as it is or encoded for an address; a mail
//! server may echo a login, in base64.
//! What is left is one short line: no control characters, no page of HTML.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use super::model::Secrets;
use crate::domain::format;

/// What stands where a secret stood.
const MASK: &str = "***";
/// The longest text that is passed on, in characters: a sentence or two.
const LONGEST: usize = 240;

/// Some secrets, each in every form in which a text may hold it. Printing one prints no secret.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    /// Longest first, so that no form is cut short by another within it.
    forms: Vec<SecretString>,
}

impl Redactor {
    /// Makes one that takes out these secrets; an empty one is none.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut forms = Vec::new();
        for secret in secrets {
            let plain = secret.expose_secret().trim();
            if plain.is_empty() {
                continue;
            }
            let encoded = utf8_percent_encode(plain, NON_ALPHANUMERIC).to_string();
            let mut form_encoded = String::new();
            for byte in url::form_urlencoded::byte_serialize(plain.as_bytes()) {
                form_encoded.push_str(byte);
            }
            forms.extend([lower_escapes(&encoded), lower_escapes(&form_encoded)]);
            forms.extend([plain.to_owned(), encoded, form_encoded, BASE64.encode(plain)]);
        }
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        Self { forms: forms.into_iter().map(SecretString::from).collect() }
    }

    /// Makes one that takes out every secret that the program holds.
    pub fn of(secrets: &Secrets) -> Self {
        let Secrets { polygon_api_key, alpha_vantage_api_key, newsapi_api_key, smtp_password } = secrets;
        let all = [polygon_api_key, alpha_vantage_api_key, newsapi_api_key, smtp_password];
        Self::new(all.into_iter().flatten())
    }

    /// Returns the text as one line without any of the secrets, cut where it is too long for one.
    pub fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        // Masking comes before cutting: a cut may leave half a secret that no longer matches.
        for form in &self.forms {
            text = text.replace(form.expose_secret(), MASK);
        }
        let line = format::clean(&text);
        match line.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}

/// Writes the escapes as `%2b`, which means the same as `%2B`; letters of the secret stay as they are.
fn lower_escapes(encoded: &str) -> String {
    let mut digits = 0;
    let lower = |c: char| {
        let is_digit = digits > 0;
        digits = if c == '%' { 2 } else { digits.max(1) - 1 };
        if is_digit { c.to_ascii_lowercase() } else { c }
    };
    encoded.chars().map(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(secret: &str, text: &str, expected: &str) {
        let redactor = Redactor::new([&SecretString::from(secret)]);
        assert_eq!(redactor.clean(text), expected, "{secret} in {text}");
    }

    #[test]
    fn a_secret_goes_in_every_form() {
        check("hunter2", "your key hunter2 is spent", "your key *** is spent");
        check("hunter2", "hunter2hunter2", "******");
        check("a+b/c=", "?apikey=a%2Bb%2Fc%3D&x", "?apikey=***&x");
        check("a+b/c=", "?apikey=a%2bb%2fc%3d&x", "?apikey=***&x");
        check("A+B/c=", "?apikey=A%2bB%2fc%3d&x", "?apikey=***&x");
        check("a b-c", "?apikey=a+b-c or a%20b%2Dc", "?apikey=*** or ***");
        check(" hunter2\n", "hunter2", "***");
        check("hunter2", "535 bad login aHVudGVyMg==", "535 bad login ***");
    }

    #[test]
    fn an_empty_secret_masks_nothing() {
        check("", "as it was", "as it was");
        check(" ", "as it was", "as it was");
    }

    #[test]
    fn a_page_becomes_a_short_line_that_holds_no_part_of_a_secret() {
        let page = format!("<html>\r\n{}hunter2{}", "x".repeat(LONGEST - 10), "y".repeat(500));
        let line = Redactor::new([&SecretString::from("hunter2")]).clean(&page);
        assert_eq!(line.chars().count(), LONGEST + 1);
        assert!(!line.contains('\n') && !line.contains("hun"), "{line}");
    }
}
