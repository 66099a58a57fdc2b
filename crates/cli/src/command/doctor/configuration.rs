//! The configuration itself: what must not be served, what is probably not meant so, and secrets that are none.

use symbolon_server::config::SecretText;

use super::finding::Finding;
use super::seen::Seen;

const DAY_SECS: u64 = 86_400;
/// A random master key has about 31 different characters among its 43.
const FEWEST_CHARACTERS: usize = 16;
/// Connections are not the only open files.
const SPARE_FILES: u64 = 256;

pub(super) fn judge(seen: &Seen) -> Vec<Finding> {
    let config = &seen.config;
    let mut findings = match config.check() {
        Ok(()) => vec![Finding::ok("configuration", format!("issuer {}", config.issuer))],
        Err(error) => error.problems.into_iter().map(|it| Finding::wrong("configuration", it.what, it.fix)).collect(),
    };
    findings.extend(config.warnings().into_iter().map(|it| Finding::warning("configuration", it.what, it.fix)));
    findings.extend(lifetimes(seen));
    findings.extend(secrets(seen));
    findings.extend(open_files(seen));
    findings
}

fn lifetimes(seen: &Seen) -> Vec<Finding> {
    let config = &seen.config;
    let mut found = Vec::new();
    let mut warn = |what: &str, fix: &str| found.push(Finding::warning("configuration", what, fix));
    if config.tokens.refresh_grace_secs > 10 {
        warn(
            "a superseded refresh token is answered for longer than ten seconds, and so is whoever stole it",
            "set tokens.refresh_grace to 10s",
        );
    }
    if config.tokens.refresh_absolute_secs > 365 * DAY_SECS {
        warn(
            "refresh tokens live longer than a year: a lost device stays signed in that long",
            "set tokens.refresh_absolute to 90d",
        );
    }
    if config.session.absolute_secs > 7 * DAY_SECS {
        warn(
            "sessions live longer than a week without \"keep me signed in\", also on shared computers",
            "set session.absolute to 24h",
        );
    }
    if config.audit.retention_secs < 90 * DAY_SECS {
        warn(
            "audit events are gone before most break-ins are noticed",
            "set audit.retention to 365d, or keep the events elsewhere",
        );
    }
    if seen.is_production() && (config.log.level.contains("trace") || config.log.level.contains("debug")) {
        warn("the log tells far more than production needs, and is slow", "set log.level to info");
    }
    found
}

fn secrets(seen: &Seen) -> Vec<Finding> {
    let mut found = Vec::new();
    if seen.config.master_key.as_ref().is_some_and(is_no_chance) {
        found.push(Finding::wrong(
            "master key",
            "it does not look random: whoever guesses it can read every signing key in a backup",
            "for new data take the text of a master.key that symbolon init makes; for this data, keys must be rotated after a move",
        ));
    }
    if let Some(password) = seen.config.store.url.as_ref().and_then(password_of)
        && (password.len() < 12 || ["password", "postgres", "symbolon"].iter().any(|it| password.contains(it)))
    {
        found.push(Finding::warning(
            "database",
            "the password in store.url is short or a word that is tried first",
            "ALTER ROLE … PASSWORD with 20 random characters, and give them by store.url_file",
        ));
    }
    found
}

/// Few different characters are no chance.
fn is_no_chance(key: &SecretText) -> bool {
    let mut characters: Vec<char> = key.expose().chars().collect();
    characters.sort_unstable();
    characters.dedup();
    characters.len() < FEWEST_CHARACTERS
}

/// The password in a URL, as it is spelt there.
fn password_of(url: &SecretText) -> Option<&str> {
    let authority = url.expose().split_once("://")?.1.split(['/', '?']).next()?;
    Some(authority.rsplit_once('@')?.0.split_once(':')?.1)
}

fn open_files(seen: &Seen) -> Option<Finding> {
    let limit = seen.facts["open_files"].as_u64()?;
    let wanted = seen.config.http.max_connections as u64 + SPARE_FILES;
    (limit < wanted).then(|| {
        Finding::warning(
            "configuration",
            format!(
                "http.max_connections is {}, but a process may open {limit} files",
                seen.config.http.max_connections
            ),
            format!("raise the limit (LimitNOFILE={wanted} in the unit), or lower http.max_connections"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Grade, assert_fine, assert_found};
    use super::super::seen::healthy;
    use super::*;

    #[test]
    fn lifetimes_and_levels_that_are_too_generous_are_told() {
        assert_fine(&judge(&healthy()));
        let mut seen = healthy();
        seen.config.tokens.refresh_grace_secs = 60;
        seen.config.tokens.refresh_absolute_secs = 400 * DAY_SECS;
        seen.config.tokens.access_lifetime_secs = 7_200;
        seen.config.session.absolute_secs = 30 * DAY_SECS;
        seen.config.password.min_length = 8;
        seen.config.audit.retention_secs = DAY_SECS;
        seen.config.log.level = "info,symbolon_server=debug".to_owned();
        seen.facts["open_files"] = 1_024.into();
        for what in [
            "superseded refresh token",
            "refresh tokens live longer than a year",
            "access tokens live longer than an hour",
            "sessions live longer",
            "new passwords may have 8 characters",
            "audit events are gone",
            "the log tells",
            "may open 1024 files",
        ] {
            assert_found(&judge(&seen), Grade::Warning, what);
        }
    }

    #[test]
    fn issuers_that_programs_will_not_compare_equal_are_told() {
        let mut seen = healthy();
        seen.config.issuer = "https://auth.example.com/".to_owned();
        assert_found(&judge(&seen), Grade::Warning, "ends with a slash");
        seen.config.issuer = "http://auth.example.com".to_owned();
        assert_found(&judge(&seen), Grade::Wrong, "plain http");
    }

    #[test]
    fn secrets_that_are_none_are_told_and_not_repeated() {
        let secret = |text: &str| Some(SecretText::new(text.to_owned()));
        let mut seen = healthy();
        seen.config.master_key = secret(&"A".repeat(43));
        assert_found(&judge(&seen), Grade::Wrong, "does not look random");
        seen.config.master_key = secret("5sBvEEHWoiVkGYA7W2uZ8JpNtq3Kxhc1rLFfD0gMyXQ");
        seen.config.store.url = secret("postgres://symbolon:hunter2@db.example/symbolon");
        let findings = judge(&seen);
        assert_found(&findings, Grade::Warning, "is short or a word");
        assert!(!format!("{findings:?}").contains("hunter2"));
        for url in
            ["postgres://symbolon:Xk3vq8JmPz71wRtY@db.example/symbolon", "postgres://symbolon@db/symbolon?host=/run"]
        {
            seen.config.store.url = secret(url);
            assert_fine(&judge(&seen));
        }
    }
}
