//! The table of the gateway's settings. Its file, the names in the environment, the commented file of `symbolon gateway init` and the
//! manual are derived from it, as with the server's.

use symbolon_server::config::{Kind, Setting, Table};

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

const fn row(path: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Setting {
    Setting::row(path, kind, default, help)
}
const fn time(min: u64, max: u64) -> Kind {
    Kind::Duration { min, max }
}
const fn size(min: u64, max: u64) -> Kind {
    Kind::Size { min, max }
}
const fn count(min: u64, max: u64) -> Kind {
    Kind::Integer { min, max }
}

/// Every setting but those of APIs.
#[rustfmt::skip]
const SETTINGS: &[Setting] = &[
    row("url", Kind::Text, "", "the gateway's address, as browsers know it: https://app.example.com, or http on this machine"),
    row("issuer", Kind::Text, "", "the OpenID Provider at which people sign in: https://auth.example.com"),
    row("client_id", Kind::Text, "", "what the gateway is registered as there"),
    row("client_secret", Kind::Secret, "", "the client's secret; without it the gateway proves itself by a key of its own, whose public half is at /jwks.json"),
    row("scope", Kind::Text, "openid profile email offline_access", "what a sign-in asks for, beside what the APIs need"),
    row("data", Kind::Path, "gateway-data", "folder of the sessions and of the key that seals them"),
    row("origins", Kind::List, "", "pages of these origins may use the gateway, too: [\"https://www.example.com\"]; of the same site as url"),

    row("app.folder", Kind::Path, "", "folder of the app's files, which are served beside the APIs; nothing is, without it"),
    row("app.content_security_policy", Kind::Text, "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'", "what the app's pages may load and run"),

    row("session.idle", time(MINUTE, 365 * DAY), "12h", "a session ends when unused this long"),
    row("session.absolute", time(MINUTE, 365 * DAY), "24h", "… and this long after sign-in in any case"),

    row("http.listen", Kind::Listen, "127.0.0.1:4600", "address to answer on: IP:PORT or unix:/PATH"),
    row("http.trusted_proxies", Kind::Networks, "", "proxies in front: they may hold any number of connections"),
    row("http.max_header", size(4 * KIB, MIB), "32KiB", "largest request head"),
    row("http.max_body", size(4 * KIB, 4096 * MIB), "10MiB", "largest body of a request to an API"),
    row("http.max_connections", count(1, 1_000_000), "10000", "open connections at once"),
    row("http.header_timeout", time(1, 5 * MINUTE), "10s", "time to send a request's head"),
    row("http.drain_timeout", time(0, 10 * MINUTE), "20s", "time for open requests after SIGTERM"),
    row("http.tls.cert", Kind::Path, "", "certificate chain in PEM, re-read when it changes"),
    row("http.tls.key", Kind::Path, "", "private key of the certificate in PEM"),

    row("upstream.timeout", time(1, 10 * MINUTE), "30s", "an API has to begin its answer within this time, and may be silent in it no longer"),
    row("upstream.ca", Kind::Path, "", "certificates in PEM that are trusted beside those of the system, for the issuer and the APIs"),

    row("log.format", Kind::Choice(&["auto", "json", "pretty"]), "auto", "auto: pretty on a terminal, JSON otherwise"),
    row("log.level", Kind::Text, "info", "error, warn, info, debug, trace, or per module: info,symbolon_gateway=debug"),
];

/// Every setting of one API.
#[rustfmt::skip]
const API_SETTINGS: &[Setting] = &[
    row("api.path", Kind::Text, "", "what begins with this path goes to the API: /api"),
    row("api.url", Kind::Text, "", "what takes the place of the path: https://api.example.com/v1"),
    row("api.audience", Kind::Text, "", "the API's name at the issuer (its resource indicator); without it the issuer's default"),
    row("api.scope", Kind::Text, "", "scopes to call it with; without it those of the sign-in"),
    row("api.transport", Kind::Choice(&["tls", "private-network"]), "tls", "private-network: plain http is fine, for nobody else is on the way"),
];

const LISTED: &str = "symbolon gateway init NEWDIR writes a file that lists all settings";

/// All settings but those of APIs.
pub(super) const GATEWAY: Table = Table { settings: SETTINGS, prefix: "SYMBOLON_GATEWAY__", listed: LISTED, gone: &[] };

/// The settings in one `[[api]]`. There is no place in the environment for a list of tables.
pub(super) const API: Table = Table { settings: API_SETTINGS, prefix: "SYMBOLON_GATEWAY__", listed: LISTED, gone: &[] };

/// The text of a new `gateway.toml`.
pub fn template() -> String {
    let head = "\
# Symbolon's gateway. A line that begins with # shows the default; url, issuer, client_id and one [[api]] are needed.
# Every setting but those of APIs can also come from the environment: http.listen is SYMBOLON_GATEWAY__HTTP__LISTEN.
# Check the result with: symbolon gateway check
";
    let apis = "\
# One for each API, as many as there are.
#[[api]]
";
    let text = symbolon_server::config::lines_of(head, SETTINGS);
    let of_apis = symbolon_server::config::lines_of(apis, API_SETTINGS).replace("\n[api]\n", "");
    format!("{text}\n{of_apis}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_toml_and_names_every_setting() {
        let text = template();
        assert!(text.parse::<toml::Table>().is_ok(), "{text}");
        let uncommented: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("# ") && !line.contains("_file"))
            .map(|line| line.trim_start_matches('#'))
            .collect();
        let uncommented = uncommented.join("\n");
        let table = uncommented.parse::<toml::Table>().unwrap_or_else(|error| panic!("{error}\n{uncommented}"));
        assert_eq!(table["api"].as_array().unwrap().len(), 1);
        assert_eq!(table["http"]["listen"].as_str(), Some("127.0.0.1:4600"));
    }
}
