//! What is said of a client's certificate (RFC 8705): on the command line, and when it is shown.

use clap::Args;
use serde_json::{Map, Value, json};

use crate::output::{Output, text};

/// The members of which a client has one, and what stands before the name on the command line.
const NAMES: [(&str, &str); 5] = [
    ("tls_client_auth_subject_dn", ""),
    ("tls_client_auth_san_dns", "dns:"),
    ("tls_client_auth_san_uri", "uri:"),
    ("tls_client_auth_san_ip", "ip:"),
    ("tls_client_auth_san_email", "email:"),
];
const BOUND: &str = "tls_client_certificate_bound_access_tokens";

#[derive(Args, Debug)]
pub(crate) struct Certificate {
    /// Its certificate's subject (CN=reports,O=Example) or another name there: dns:, uri:, ip: or email: before it; it proves
    /// itself by that certificate then (tls_client_auth)
    #[arg(long, value_name = "NAME")]
    certificate: Option<String>,
    /// Whether its access tokens are bound to its certificate
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    certificate_bound: Option<bool>,
}

impl Certificate {
    /// The members to change, together with those of a file, which count where both say something.
    pub(crate) fn merged(&self, metadata: Option<Value>) -> Option<Value> {
        let mut members = Map::new();
        if let Some(name) = &self.certificate {
            members.insert("token_endpoint_auth_method".to_owned(), json!("tls_client_auth"));
            let (chosen, value) = named(name);
            for (member, _) in NAMES {
                members.insert(member.to_owned(), if member == chosen { json!(value) } else { Value::Null });
            }
        }
        if let Some(bound) = self.certificate_bound {
            members.insert(BOUND.to_owned(), json!(bound));
        }
        match metadata {
            Some(Value::Object(more)) => {
                members.extend(more);
                Some(Value::Object(members))
            }
            None if members.is_empty() => None,
            None => Some(Value::Object(members)),
            // What is no object is refused further on.
            other => other,
        }
    }
}

fn named(name: &str) -> (&'static str, &str) {
    let prefixed = NAMES.iter().skip(1).find_map(|(member, prefix)| Some((*member, name.strip_prefix(prefix)?)));
    prefixed.unwrap_or((NAMES[0].0, name))
}

/// How its certificate is known, and whether tokens are bound to it, for `client show`.
pub(crate) fn shown(client: &Value) -> String {
    let name = NAMES.iter().find(|(member, _)| client[member].is_string());
    let name = name.map(|(member, prefix)| format!("{prefix}{}", text(&client[member])));
    let bound = (client[BOUND] == true).then(|| "access tokens are bound to it".to_owned());
    name.into_iter().chain(bound).collect::<Vec<_>>().join("; ")
}

/// What the server says of it that is probably not meant so.
pub(crate) fn warn(answer: &Value, output: &Output) {
    let warning = &answer["warning"];
    if warning.is_object() {
        output.warn(&text(&warning["message"]), &text(&warning["try"]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_where_it_stands() {
        assert_eq!(named("dns:a.example"), ("tls_client_auth_san_dns", "a.example"));
        assert_eq!(named("uri:urn:a"), ("tls_client_auth_san_uri", "urn:a"));
        assert_eq!(named("ip:::1"), ("tls_client_auth_san_ip", "::1"));
        assert_eq!(named("CN=dns:a"), ("tls_client_auth_subject_dn", "CN=dns:a"));
    }

    #[test]
    fn one_name_takes_the_place_of_another_and_a_file_has_the_last_word() {
        let flags = |certificate: Option<&str>, certificate_bound| Certificate {
            certificate: certificate.map(str::to_owned),
            certificate_bound,
        };
        assert_eq!(flags(None, None).merged(None), None);
        assert_eq!(flags(None, Some(true)).merged(None), Some(json!({ BOUND: true })));
        let patch =
            flags(Some("dns:a.example"), None).merged(Some(json!({"logo_uri": "https://a.example/l"}))).unwrap();
        assert_eq!(
            (&patch["tls_client_auth_san_dns"], &patch["tls_client_auth_subject_dn"]),
            (&json!("a.example"), &Value::Null)
        );
        assert_eq!(
            (&patch["token_endpoint_auth_method"], &patch["logo_uri"]),
            (&json!("tls_client_auth"), &json!("https://a.example/l"))
        );
        assert_eq!(flags(None, Some(true)).merged(Some(json!({ BOUND: false }))), Some(json!({ BOUND: false })));
        assert_eq!(
            shown(&json!({"tls_client_auth_san_dns": "a.example", BOUND: true})),
            "dns:a.example; access tokens are bound to it"
        );
        assert_eq!(shown(&json!({})), "");
    }
}
