//! The certificate that this server shows, if it speaks TLS itself. What the certificate's own tests hold stands in
//! `symbolon-server`, `listen/certificate.rs`.

use symbolon_server::config::Tls;
use symbolon_server::listen::certificate::{self, Examined, Fault};

use super::finding::Finding;
use super::seen::Seen;
use crate::output::text;
use crate::time;

/// A certificate that ends sooner than this should have been renewed by whatever renews it.
const RENEW_AHEAD_SECS: u64 = 14 * 86_400;
const RENEW: &str = "renew it; the running server takes up the new file by itself";

pub(super) fn judge(seen: &Seen) -> Vec<Finding> {
    if seen.config.acme.is_on() {
        return ordered(seen).into_iter().collect();
    }
    let tls = seen.config.http.tls.as_ref();
    tls.map(|tls| examined(tls, &seen.config.issuer, seen.now)).unwrap_or_default()
}

/// The certificate that the server orders for itself. Without facts nothing is known of it, which is told elsewhere.
fn ordered(seen: &Seen) -> Option<Finding> {
    if seen.facts.is_null() {
        return None;
    }
    let facts = &seen.facts["certificate"];
    let wanted = seen.config.acme.domains.join(", ");
    let trouble = facts["trouble"].as_str().map(|trouble| {
        let next = facts["try_at"].as_u64().map_or_else(String::new, |at| format!("; next try {}", time::calendar(at)));
        format!("; the last order came to nothing: {trouble}{next}")
    });
    let trouble = trouble.unwrap_or_default();
    let fix = facts["next_step"].as_str().unwrap_or("start the server, and look at its log");
    let Some(ends_at) = facts["ends_at"].as_u64() else {
        return Some(Finding::wrong("certificate", format!("there is none yet for {wanted}{trouble}"), fix));
    };
    let named: Vec<String> = facts["domains"].as_array().into_iter().flatten().map(text).collect();
    let what = format!("ordered for {}, until {}{trouble}", named.join(", "), time::calendar(ends_at));
    Some(if ends_at <= seen.now {
        Finding::wrong("certificate", what, fix)
    } else if named != seen.config.acme.domains || !trouble.is_empty() {
        Finding::warning("certificate", what, fix)
    } else {
        Finding::ok("certificate", what)
    })
}

/// Whether clients would accept the certificate, as far as that can be seen without them; who signed it is seen when the issuer is
/// asked.
fn examined(tls: &Tls, issuer: &str, now: u64) -> Vec<Finding> {
    let host = issuer.strip_prefix("https://").unwrap_or_default().split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(host, |(host, _)| host);
    let Examined { ends_at, faults } = certificate::examine(tls, host, now);
    let (cert, key) = (tls.cert.display(), tls.key.display());
    let wrong = |fault: &Fault| {
        let (what, fix) = match fault {
            Fault::Expired(at) => (format!("{cert} has expired on {}", time::calendar(*at)), RENEW.to_owned()),
            Fault::NotYet(at) => (
                format!("{cert} is not valid before {}", time::calendar(*at)),
                "check the clock, or take the certificate of today".to_owned(),
            ),
            Fault::Mismatch => (
                format!("{key} is not the key of {cert}"),
                "set http.tls.key to the key that the certificate was made for".to_owned(),
            ),
            Fault::OtherName(names) => (
                format!("{cert} does not name {host}, but: {}", names.join(", ")),
                "get a certificate for the issuer's host, or correct the issuer".to_owned(),
            ),
            Fault::Unusable { path, why } => (
                format!("{} cannot be used: {why}", path.display()),
                "check the path, that it is PEM, and who may read it".to_owned(),
            ),
            _ => (format!("{cert} would not be accepted"), RENEW.to_owned()),
        };
        Finding::wrong("certificate", what, fix)
    };
    if !faults.is_empty() {
        return faults.iter().map(wrong).collect();
    }
    let until = ends_at.map_or_else(|| "for ever".to_owned(), |at| format!("until {}", time::calendar(at)));
    let what = format!("{cert} goes with its key and names {host}, {until}");
    if ends_at.is_some_and(|at| at < now.saturating_add(RENEW_AHEAD_SECS)) {
        return vec![Finding::warning("certificate", what, RENEW)];
    }
    vec![Finding::ok("certificate", what)]
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Grade, assert_found};
    use super::super::seen::healthy;
    use super::*;
    use serde_json::json;
    use symbolon_server::config::Terms;

    #[test]
    fn an_ordered_certificate_is_judged_by_what_the_server_tells() {
        let mut seen = healthy();
        seen.config.acme.terms = Terms::Agreed;
        let now = seen.now;
        let mut told = |certificate: serde_json::Value, grade, about| {
            seen.facts["certificate"] = certificate;
            assert_found(&judge(&seen), grade, about);
        };
        let names = ["auth.example.com"];
        told(json!({ "ends_at": null }), Grade::Wrong, "none yet for auth.example.com");
        let trouble = json!({ "trouble": "no way", "next_step": "open the port", "try_at": now + 60 });
        told(trouble, Grade::Wrong, "came to nothing: no way; next try 2027-01-15 08:01:00Z");
        told(json!({ "domains": names, "ends_at": now }), Grade::Wrong, "until 2027-01-15");
        told(json!({ "domains": names, "ends_at": now + 60 }), Grade::Ok, "ordered for auth.example.com");
        told(json!({ "domains": ["old.example.com"], "ends_at": now + 60 }), Grade::Warning, "old.example.com");
        told(json!({ "domains": names, "ends_at": now + 60, "trouble": "down" }), Grade::Warning, "nothing: down");
    }

    /// Expired, foreign and mismatched ones are played in the transcript `tls.txt`.
    #[test]
    fn a_certificate_that_is_not_there_is_told() {
        let mut seen = healthy();
        assert!(judge(&seen).is_empty());
        seen.config.http.tls = Some(Tls { cert: "no-such.pem".into(), key: "no-such.key".into() });
        assert_found(&judge(&seen), Grade::Wrong, "no-such.pem cannot be used");
    }
}
