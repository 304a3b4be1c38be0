//! The settings as `ts config show` prints them: each value with its layer, secrets hidden.

use super::keys;
use super::load::Loaded;

/// One row of `ts config show`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownValue {
    pub key: String,
    /// As TOML; a secret is `set` or `not set`.
    pub value: String,
    pub layer: String,
}

/// Whoever knows its path may send the ping: it is as good as a password.
const PING: [&str; 2] = ["health", "ping_url"];

/// Returns every value in the order of the commented `ts.toml`, then the secrets.
pub fn show(loaded: &Loaded) -> Vec<ShownValue> {
    let mut entries: Vec<_> = loaded.origins.entries.iter().collect();
    // A job's keys stay together: the number comes before the key's own place.
    entries.sort_by_key(|(path, _)| {
        let job = (path[0] == "schedule").then(|| path[1].parse::<usize>().unwrap_or(usize::MAX));
        let section = if job.is_some() { usize::MAX } else { keys::position(path).unwrap_or(usize::MAX) };
        (section, job, keys::position(path), (*path).clone())
    });
    let values = entries.into_iter().map(|(path, entry)| ShownValue {
        key: keys::dotted(path),
        value: if *path == PING { without_path(&entry.value.to_string()) } else { entry.value.to_string() },
        layer: entry.origin.to_string(),
    });
    let held = &loaded.settings.secrets;
    let secrets = [
        ("POLYGON_API_KEY", &held.polygon_api_key),
        ("ALPHA_VANTAGE_API_KEY", &held.alpha_vantage_api_key),
        ("NEWSAPI_API_KEY", &held.newsapi_api_key),
        ("SMTP_PASSWORD", &held.smtp_password),
    ];
    let secrets = secrets.map(|(name, secret)| ShownValue {
        key: name.to_owned(),
        value: if secret.is_some() { "set" } else { "not set" }.to_owned(),
        layer: loaded
            .origins
            .secrets
            .get(name)
            .map_or("none".to_owned(), |from| format!("environment {from}")),
    });
    values.chain(secrets).collect()
}

/// Leaves of an address in quotation marks only where it leads.
fn without_path(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    format!("{scheme}://{}/***\"", rest.split('/').next().unwrap_or_default().trim_end_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Environment;
    use crate::settings::Settings;
    use crate::settings::Sources;

    #[test]
    fn each_value_is_shown_with_its_layer_and_no_secret_is() {
        let ping = "https://hc-ping.com/hunter2/x";
        let variables =
            [("SENDGRID_API_KEY", "hunter2"), ("LOG_LEVEL", "debug"), ("TS_HEALTH__PING_URL", ping)];
        let environment: Environment =
            variables.map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter().collect();
        let loaded =
            Settings::load(&Sources { environment, working_folder: "nowhere".into(), ..Sources::default() });
        let shown = show(&loaded.expect("defaults and two variables"));
        let row = |key: &str| {
            let row = shown.iter().find(|row| row.key == key).expect("a row");
            (row.value.as_str(), row.layer.as_str())
        };
        assert_eq!(row("risk.max_position"), ("0.15", "default"));
        assert_eq!(row("log.level"), ("\"debug\"", "environment LOG_LEVEL"));
        let told = ("\"https://hc-ping.com/***\"", "environment TS_HEALTH__PING_URL");
        assert_eq!(row("health.ping_url"), told);
        assert_eq!(row("SMTP_PASSWORD"), ("set", "environment SENDGRID_API_KEY"));
        assert_eq!(row("POLYGON_API_KEY"), ("not set", "none"));
        assert!(!format!("{shown:?}").contains("hunter2"));
        let jobs: Vec<_> =
            shown.iter().filter(|r| r.key.starts_with("schedule.")).map(|r| r.key.as_str()).collect();
        assert_eq!(
            jobs[..5],
            [
                "schedule.0.job",
                "schedule.0.asset_class",
                "schedule.0.cron",
                "schedule.0.timezone",
                "schedule.1.job",
            ]
        );
    }
}
