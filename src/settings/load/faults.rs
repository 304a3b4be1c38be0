//! What is wrong between values that are each right. A value alone is judged by its kind.

use std::collections::BTreeMap;

use super::super::error::BadSetting;
use super::super::file::Entry;
use super::super::keys;
use super::super::keys::Path;
use super::super::value;

/// Returns what is wrong between values that are each right.
pub(super) fn faults_between(entries: &BTreeMap<Path, Entry>) -> Vec<BadSetting> {
    let mut bad = Vec::new();
    let get = |key: &str| entries.get(&key.split('.').map(str::to_owned).collect::<Path>());
    let refused = |entry: &Entry, key: &str, message: String| BadSetting {
        origin: entry.origin.clone(),
        key: key.to_owned(),
        message,
    };
    let is_empty = |entry: &Entry| entry.value.as_array().is_some_and(Vec::is_empty);
    if let (Some(equity), Some(crypto)) = (get("universe.equity"), get("universe.crypto")) {
        if is_empty(equity) && is_empty(crypto) {
            let message = "is empty, and so is universe.crypto; name at least one symbol".to_owned();
            bad.push(refused(equity, "universe.equity", message));
        }
        for (class, universe) in [("equity", equity), ("crypto", crypto)] {
            let key = format!("sources.{class}");
            if let Some(listed) = get(&key).filter(|listed| is_empty(listed) && !is_empty(universe)) {
                let message =
                    format!("is empty; name a source, or set universe.{class} = [] to not trade it");
                bad.push(refused(listed, &key, message));
            }
        }
    }
    if let (Some(tls), Some(host)) = (get("email.tls"), get("email.smtp_host")) {
        let open = tls.value.as_str() == Some("none");
        if open && !host.value.as_str().is_some_and(value::is_loopback) {
            let message = "\"none\" would send the password in the clear: email.smtp_host is another machine; \
                           use starttls or implicit";
            bad.push(refused(tls, "email.tls", message.to_owned()));
        }
    }
    bad.extend(faults_of_jobs(entries));
    bad
}

fn faults_of_jobs(entries: &BTreeMap<Path, Entry>) -> Vec<BadSetting> {
    let mut bad = Vec::new();
    let mut jobs: BTreeMap<usize, BTreeMap<&str, &Entry>> = BTreeMap::new();
    for (path, entry) in entries.iter().filter(|(path, _)| path[0] == "schedule") {
        let index = path[1].parse().unwrap_or(usize::MAX);
        jobs.entry(index).or_default().insert(&path[2], entry);
    }
    let mut names = BTreeMap::new();
    for (place, (index, job)) in jobs.iter().enumerate() {
        let Some(any) = job.values().next() else { continue };
        let mut refuse = |entry: &Entry, name: &str, message: String| {
            let key = format!("schedule.{index}{name}");
            bad.push(BadSetting { origin: entry.origin.clone(), key, message });
        };
        if *index != place {
            refuse(any, "", format!("leaves a gap; the next job is schedule.{place}"));
        }
        for name in keys::JOB_KEYS.into_iter().filter(|name| !job.contains_key(name)) {
            refuse(any, "", format!("lacks `{name}`; a job needs {}", keys::JOB_KEYS.join(", ")));
        }
        let Some(name) = job.get("job") else { continue };
        if let Some(before) = names.insert(name.value.to_string(), index) {
            refuse(
                name,
                ".job",
                format!("{} is the name of schedule.{before} too; choose another", name.value),
            );
        }
    }
    bad
}
