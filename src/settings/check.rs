//! What is still to be set before the program can do its whole job.
//!
//! Settings that load may yet lack a recipient or a key: the daemon starts without them and
//! warns, `ts config check` lists them. Each line says what to set. No network is asked.

use std::path::Path;

use super::load::Loaded;
use super::value::is_loopback;
use crate::domain::AssetClass;
use crate::domain::Problem;
use crate::domain::ProblemKind;

/// Returns what is missing, one line each; nothing where all is set.
pub fn check(loaded: &Loaded) -> Vec<Problem> {
    let settings = &loaded.settings;
    let mut missing = check_mail(loaded);
    let mut say =
        |about: &str, message: String| missing.push(Problem::new(about, ProblemKind::Settings, message));
    for class in AssetClass::ALL {
        let sources = settings.sources.of(class);
        let lacking: Vec<_> = sources.iter().filter_map(|source| settings.missing_key(*source)).collect();
        if !settings.universe.of(class).is_empty() && lacking.len() == sources.len() {
            let about = format!("sources.{class}");
            say(
                &about,
                format!("no source has its key, so {class} is skipped; set {}", lacking.join(" or ")),
            );
        }
        let reads_files =
            sources.contains(&super::SourceName::Files) && !settings.universe.of(class).is_empty();
        let folder = settings.sources.files.dir.join(class.as_str());
        if reads_files && !folder.is_dir() {
            say(
                "sources.files.dir",
                format!("there is no folder {}; put the {class} bars there", folder.display()),
            );
        }
    }
    if let Some(path) = settings.portfolio.file.as_ref().filter(|path| !path.is_file()) {
        say("portfolio.file", no_file(path));
    }
    missing
}

/// Returns what is missing before a mail can be sent, one line each.
pub fn check_mail(loaded: &Loaded) -> Vec<Problem> {
    let settings = &loaded.settings;
    let mut missing = Vec::new();
    let mut say =
        |about: &str, message: String| missing.push(Problem::new(about, ProblemKind::Settings, message));
    let email = &settings.email;
    if email.recipients.is_empty() {
        say("email.recipients", "nobody receives the mail; set EMAIL_RECIPIENTS".to_owned());
    }
    if email.from_email == "signals@yourdomain.com" {
        say(
            "email.from_email",
            "is still the example; set EMAIL_FROM to an address you may send from".to_owned(),
        );
    }
    let logs_in = !email.smtp_user.is_empty() && !is_loopback(&email.smtp_host);
    if logs_in && settings.secrets.smtp_password.is_none() {
        say(
            "SMTP_PASSWORD",
            "is not set; set SENDGRID_API_KEY, or SMTP_PASSWORD for another server, or smtp_user = \"\" for one without a \
             login"
                .to_owned(),
        );
    }
    if let Some(path) = email.ca_file.as_ref().filter(|path| !path.is_file()) {
        say("email.ca_file", no_file(path));
    }
    missing
}

fn no_file(path: &Path) -> String {
    format!("there is no file {}; mend the path, or leave the key empty", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Environment;
    use crate::settings::Settings;
    use crate::settings::Sources;

    fn missing(variables: &[(&str, &str)]) -> Vec<String> {
        let environment: Environment =
            variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let loaded =
            Settings::load(&Sources { environment, working_folder: "nowhere".into(), ..Sources::default() })
                .expect("settings without fault");
        check(&loaded).into_iter().map(|problem| problem.symbol).collect()
    }

    #[test]
    fn the_defaults_lack_mail_and_a_key() {
        assert_eq!(missing(&[]), ["email.recipients", "email.from_email", "SMTP_PASSWORD", "sources.equity"]);
    }

    #[test]
    fn what_is_set_is_no_longer_missing() {
        let set = [
            ("EMAIL_RECIPIENTS", "a@b.c"),
            ("EMAIL_FROM", "d@e.f"),
            ("SENDGRID_API_KEY", "x"),
            ("POLYGON_API_KEY", "y"),
        ];
        assert_eq!(missing(&set), [""; 0]);
        let wrong = [("TS_SOURCES__CRYPTO", "files"), ("TS_PORTFOLIO__FILE", "no.csv")];
        assert_eq!(missing(&[&set[..], &wrong].concat()), ["sources.files.dir", "portfolio.file"]);
    }
}
