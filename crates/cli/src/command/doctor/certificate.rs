//! The certificate that this server shows, if it speaks TLS itself. What the certificate's own tests hold stands in
//! `symbolon-server`, `listen/certificate.rs`.

use symbolon_server::config::Tls;
use symbolon_server::listen::certificate::{self, Examined, Fault};

use super::finding::Finding;
use super::seen::Seen;
use crate::time;

/// A certificate that ends sooner than this should have been renewed by whatever renews it.
const RENEW_AHEAD_SECS: u64 = 14 * 86_400;
const RENEW: &str = "renew it; the running server takes up the new file by itself";

pub(super) fn judge(seen: &Seen) -> Vec<Finding> {
    let tls = seen.config.http.tls.as_ref();
    tls.map(|tls| examined(tls, &seen.config.issuer, seen.now)).unwrap_or_default()
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

    /// Expired, foreign and mismatched ones are played in the transcript `tls.txt`.
    #[test]
    fn a_certificate_that_is_not_there_is_told() {
        let mut seen = healthy();
        assert!(judge(&seen).is_empty());
        seen.config.http.tls = Some(Tls { cert: "no-such.pem".into(), key: "no-such.key".into() });
        assert_found(&judge(&seen), Grade::Wrong, "no-such.pem cannot be used");
    }
}
