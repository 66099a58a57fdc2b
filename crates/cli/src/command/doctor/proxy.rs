//! What stands between browsers and this server: whose forwarding headers are believed, and whether https is promised.

use symbolon_server::config::Listen;

use super::finding::Finding;
use super::seen::Seen;

pub(super) fn judge(seen: &Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(peer) = seen.facts["forwarded_by"].as_str()
        && matches!(seen.config.http.listen, Listen::Tcp(_))
    {
        findings.push(Finding::warning(
            "proxy",
            format!("{peer} sends X-Forwarded-For and is not trusted: behind a proxy all callers share its throttle, and anybody else forges"),
            format!("if it is your proxy, add \"{peer}\" to http.trusted_proxies; if not, let only the proxy reach this port"),
        ));
    }
    if seen.is_production() && seen.issuer.hsts == Some(false) {
        findings.push(Finding::warning(
            "proxy",
            "the header Strict-Transport-Security does not come through: a browser may be led to plain http",
            "let the proxy pass the headers of answers on as they are",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Grade, assert_found};
    use super::super::seen::healthy;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_proxy_that_nobody_named_or_that_drops_headers_is_told() {
        let mut seen = healthy();
        assert!(judge(&seen).is_empty());
        seen.facts["forwarded_by"] = json!("10.0.0.7");
        assert_found(&judge(&seen), Grade::Warning, "10.0.0.7 sends X-Forwarded-For");
        seen.issuer.hsts = Some(false);
        assert_found(&judge(&seen), Grade::Warning, "Strict-Transport-Security");
    }
}
