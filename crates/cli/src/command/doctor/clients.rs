//! Registrations: clients and APIs as they are on record. What registration refuses is told all the same, should it have got there by
//! another way; so is what makes sense only while developing, and what lives too long.

use serde_json::Value;
use symbolon_server::config::Mtls;

use super::finding::Finding;
use super::seen::Seen;
use crate::output::text;

const YEAR_SECS: u64 = 365 * 86_400;

pub(super) fn judge(seen: &Seen) -> Vec<Finding> {
    let mut findings: Vec<Finding> = seen.list("faults").iter().map(fault).collect();
    for client in seen.list("client_list").iter().filter(|client| client["disabled"] != true) {
        if seen.is_production() {
            findings.extend(development(client));
        }
        findings.extend(proof(client, seen.now));
        findings.extend(certificate(client, &seen.config.mtls));
        findings.extend(lax(client));
        findings.extend(lifetimes(client, "client", "client_id"));
        findings.extend(unknown_apis(client, seen));
    }
    for api in seen.list("api_list") {
        findings.extend(lifetimes(api, "api", "identifier"));
    }
    let (looked_at, all) = (seen.list("client_list").len() as u64, &seen.facts["clients"]);
    if all.as_u64().is_some_and(|all| all > looked_at) {
        findings.push(Finding::skipped(
            "registrations",
            format!("only the first {looked_at} of {all} clients were judged"),
        ));
    }
    findings
}

/// What would not be registered today.
fn fault(fault: &Value) -> Finding {
    let (kind, id) = (text(&fault["kind"]), text(&fault["id"]));
    let what = format!("the {kind} `{id}` has {}", text(&fault["what"]));
    Finding::wrong("registrations", what, format!("symbolon {kind} show {id}, then {kind} set; or delete it"))
}

fn texts(list: &Value) -> impl Iterator<Item = String> {
    list.as_array().into_iter().flatten().map(text)
}

/// Addresses that lead to the browser's own machine. A program on a device may have them.
fn development(client: &Value) -> Vec<Finding> {
    if client["kind"] == "native" {
        return Vec::new();
    }
    let id = text(&client["client_id"]);
    let redirects = texts(&client["redirect_uris"]).filter(|uri| is_local(uri)).map(|uri| {
        let what = format!("`{id}` may be redirected to {uri}");
        Finding::warning("redirect URIs", what, format!("symbolon client set {id} --remove-redirect {uri}"))
    });
    let origins = texts(&client["allowed_origins"]).filter(|origin| is_local(origin)).map(|origin| {
        let what = format!("pages of {origin} may call for `{id}`");
        Finding::warning("origins", what, format!("symbolon client set {id} --remove-origin {origin}"))
    });
    redirects.chain(origins).collect()
}

fn is_local(uri: &str) -> bool {
    let rest = uri.strip_prefix("https://").unwrap_or_default();
    let host = rest.split(['/', '?', ':']).next().unwrap_or_default();
    let local =
        host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || rest.starts_with("[::1]");
    uri.starts_with("http:") || local
}

/// How it proves who it is.
fn proof(client: &Value, now: u64) -> Option<Finding> {
    let id = text(&client["client_id"]);
    let by_secret = text(&client["token_endpoint_auth_method"]).starts_with("client_secret");
    let secrets = client["secrets"].as_array()?;
    let live = |secret: &&Value| secret["expires_at"].as_u64().is_none_or(|at| now < at);
    let made = secrets.iter().filter(live).filter_map(|secret| secret["created_at"].as_u64());
    let fix = format!("symbolon client secret rotate {id}");
    match made.max() {
        _ if !by_secret => None,
        None => {
            Some(Finding::wrong("secrets", format!("`{id}` has none that is still good, so it cannot sign in"), fix))
        }
        Some(at) if now > at.saturating_add(2 * YEAR_SECS) => {
            Some(Finding::warning("secrets", format!("that of `{id}` is older than two years"), fix))
        }
        Some(_) => None,
    }
}

/// Whether its certificate is taken anywhere, and by whom it must be signed.
fn certificate(client: &Value, mtls: &Mtls) -> Option<Finding> {
    let id = text(&client["client_id"]);
    let method = text(&client["token_endpoint_auth_method"]);
    let bound = client["tls_client_certificate_bound_access_tokens"] == true;
    if !mtls.is_on() && (bound || method.ends_with("tls_client_auth")) {
        let what = format!("`{id}` must show a certificate, and none is taken here");
        return Some(Finding::wrong("certificates", what, "set mtls.listen, or mtls.header behind a proxy"));
    }
    let unsigned = method == "tls_client_auth" && mtls.ca.is_none();
    unsigned.then(|| {
        let what = format!("`{id}` is known by a name in its certificate, and no authority is trusted to write it");
        Finding::wrong("certificates", what, "set mtls.ca to the authorities' certificates")
    })
}

/// Rules that were loosened for it.
fn lax(client: &Value) -> Vec<Finding> {
    let id = text(&client["client_id"]);
    let warn =
        |what: &str, fix: &str| Finding::warning("registrations", format!("`{id}` {what}"), fix.replace("ID", &id));
    let mut found = Vec::new();
    if client["require_pkce"] == false {
        found.push(warn(
            "need not use PKCE: a code that leaks can be redeemed by others",
            "let it send a code_challenge; register it anew",
        ));
    }
    if client["legacy_assertion_audience"] == true {
        found.push(warn(
            "may name an endpoint as audience of its assertions, which RFC 10070 forbids",
            "let it name the issuer, and set legacy_assertion_audience to false with client set --metadata",
        ));
    }
    if client["password_sign_in"] == true {
        found.push(warn(
            "sees the passwords of people",
            "redirect to the sign-in page instead: symbolon client set ID --password-sign-in false",
        ));
    }
    found
}

fn lifetimes(entry: &Value, kind: &str, id: &str) -> Vec<Finding> {
    let id = text(&entry[id]);
    let mut found = Vec::new();
    let access = ["access_token_lifetime_secs", "token_lifetime_secs"];
    if access.iter().filter_map(|member| entry[member].as_u64()).any(|secs| secs > 3_600) {
        let what = format!("access tokens of the {kind} `{id}` live longer than an hour");
        let flag = if kind == "client" { "--access-token-lifetime" } else { "--token-lifetime" };
        found.push(Finding::warning("lifetimes", what, format!("symbolon {kind} set {id} {flag} 10m")));
    }
    if entry["refresh_absolute_secs"].as_u64().is_some_and(|secs| secs > YEAR_SECS) {
        let what = format!("refresh tokens of `{id}` live longer than a year");
        found.push(Finding::warning("lifetimes", what, format!("symbolon client set {id} --refresh-absolute 90d")));
    }
    found
}

/// APIs that it may ask for and that do not exist.
fn unknown_apis(client: &Value, seen: &Seen) -> Vec<Finding> {
    let known = |audience: &str| seen.list("api_list").iter().any(|api| api["identifier"] == audience);
    let id = text(&client["client_id"]);
    let named = client["apis"].as_array().into_iter().flatten().map(|api| text(&api["audience"]));
    let told = |audience: String| {
        let what = format!("`{id}` is registered for the API {audience}, which does not exist");
        Finding::warning("registrations", what, format!("symbolon client set {id} --remove-api {audience}"))
    };
    named.filter(|audience| !known(audience)).map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Grade, assert_fine, assert_found};
    use super::super::seen::healthy;
    use super::*;
    use serde_json::json;

    fn with(client: &Value) -> Vec<Finding> {
        let mut seen = healthy();
        seen.facts["client_list"] = json!([client]);
        judge(&seen)
    }

    #[test]
    fn of_very_many_clients_it_is_told_that_not_all_were_judged() {
        let mut seen = healthy();
        seen.facts["client_list"] =
            json!([{ "client_id": "app", "kind": "spa", "token_endpoint_auth_method": "none" }]);
        seen.facts["clients"] = json!(2);
        assert!(judge(&seen).iter().any(|finding| finding.what.contains("first 1 of 2 clients")));
    }

    #[test]
    fn addresses_of_a_developers_machine_are_told_in_production_only() {
        let client = json!({
            "client_id": "app", "kind": "spa", "token_endpoint_auth_method": "none",
            "redirect_uris": ["http://localhost:4200/", "https://localhost/cb", "https://app.example.com/"],
            "allowed_origins": ["http://127.0.0.1:4200"],
        });
        for what in [
            "redirected to http://localhost:4200/",
            "redirected to https://localhost/cb",
            "pages of http://127.0.0.1:4200",
        ] {
            assert_found(&with(&client), Grade::Warning, what);
        }
        assert_eq!(with(&client).len(), 3);
        let mut seen = healthy();
        seen.config.issuer = "http://localhost:4400".to_owned();
        seen.facts["client_list"] = json!([client]);
        assert_fine(&judge(&seen));
        let mut native = client;
        native["kind"] = json!("native");
        assert_fine(&with(&native));
    }

    #[test]
    fn what_registration_refuses_is_told_if_it_is_there() {
        let mut seen = healthy();
        let what = "redirect_uris \"https://*.example/\": must have no wildcard";
        seen.facts["faults"] = json!([{ "kind": "client", "id": "app", "what": what }]);
        assert_found(&judge(&seen), Grade::Wrong, "the client `app` has redirect_uris");
    }

    #[test]
    fn secrets_that_are_missing_or_old_are_told() {
        let now = healthy().now;
        let client = |secrets: Value| json!({ "client_id": "web", "token_endpoint_auth_method": "client_secret_basic", "secrets": secrets });
        assert_found(&with(&client(json!([]))), Grade::Wrong, "`web` has none");
        assert_found(&with(&client(json!([{ "created_at": 0, "expires_at": now }]))), Grade::Wrong, "`web` has none");
        assert_found(&with(&client(json!([{ "created_at": 0 }]))), Grade::Warning, "older than two years");
        assert_fine(&with(&client(json!([{ "created_at": 0 }, { "created_at": now }]))));
    }

    #[test]
    fn a_certificate_that_nobody_takes_is_told() {
        let told = |client: &Value, mtls: Mtls| {
            let mut seen = healthy();
            seen.config.mtls = mtls;
            seen.facts["client_list"] = json!([client]);
            judge(&seen)
        };
        let listening = || Mtls { listen: Some("127.0.0.1:8443".parse().unwrap()), ..Mtls::default() };
        let named = json!({ "client_id": "reports", "token_endpoint_auth_method": "tls_client_auth", "secrets": [] });
        let own =
            json!({ "client_id": "own", "token_endpoint_auth_method": "self_signed_tls_client_auth", "secrets": [] });
        let bound = json!({ "client_id": "app", "tls_client_certificate_bound_access_tokens": true });
        for client in [&named, &own, &bound] {
            assert_found(&told(client, Mtls::default()), Grade::Wrong, "none is taken here");
        }
        assert_found(&told(&named, listening()), Grade::Wrong, "no authority is trusted");
        assert_fine(&told(&named, Mtls { ca: Some("ca.pem".into()), ..listening() }));
        assert_fine(&told(&own, listening()));
    }

    #[test]
    fn loosened_rules_and_long_lives_are_told() {
        let client = json!({
            "client_id": "old", "require_pkce": false, "legacy_assertion_audience": true, "password_sign_in": true,
            "access_token_lifetime_secs": 7_200, "refresh_absolute_secs": 2 * YEAR_SECS,
            "apis": [{ "audience": "https://gone.example" }],
        });
        for what in
            ["PKCE", "RFC 10070", "sees the passwords", "longer than an hour", "longer than a year", "does not exist"]
        {
            assert_found(&with(&client), Grade::Warning, what);
        }
        let mut off = client;
        off["disabled"] = json!(true);
        assert_fine(&with(&off));
        let mut seen = healthy();
        seen.facts["api_list"] = json!([{ "identifier": "https://api.example", "token_lifetime_secs": 86_400 }]);
        assert_found(&judge(&seen), Grade::Warning, "of the api `https://api.example`");
    }
}
