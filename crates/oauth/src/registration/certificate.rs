//! What a client's certificate must be, and whether its tokens are bound to it (RFC 8705 §2.1.2, §3.4).

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::validate::Faults;
use super::{AuthMethod, Client};
use crate::certificate::{AlternativeName, ClientCertificate, DistinguishedName};

const MAX_NAME_BYTES: usize = 512;

/// Part of a [`Client`]'s document, with the members' names of the standard.
///
/// ```
/// use symbolon_oauth::registration::{CertificateRules, Client};
/// use symbolon_oauth::{AuthMethod, ClientId};
/// let mut client = Client::machine(ClientId::parse("reports")?, "Reports");
/// client.token_endpoint_auth_method = AuthMethod::TlsClientAuth;
/// client.certificate =
///     CertificateRules { tls_client_auth_san_dns: Some("reports.example.com".to_owned()), ..CertificateRules::default() };
/// assert_eq!(client.validate(), Ok(()));
/// # Ok::<(), symbolon_oauth::InvalidName>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateRules {
    /// The subject, as RFC 4514 writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_subject_dn: Option<String>,
    /// A `dNSName` among its alternative names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_dns: Option<String>,
    /// A `uniformResourceIdentifier` among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_uri: Option<String>,
    /// An `iPAddress` among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_ip: Option<String>,
    /// An `rfc822Name` among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_email: Option<String>,
    /// Gets access tokens only over a connection with its certificate, to which they are bound.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tls_client_certificate_bound_access_tokens: bool,
}

/// Whom a certificate must name.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Name(AlternativeName),
    Subject(DistinguishedName),
}

/// The members of which there must be one.
const SUBJECT: &str = "tls_client_auth_subject_dn";
const MEMBERS: [&str; 5] = [
    SUBJECT,
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
];

impl CertificateRules {
    fn values(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Self {
            tls_client_auth_subject_dn: subject,
            tls_client_auth_san_dns: dns,
            tls_client_auth_san_uri: uri,
            tls_client_auth_san_ip: ip,
            tls_client_auth_san_email: email,
            tls_client_certificate_bound_access_tokens: _,
        } = self;
        let values = [subject, dns, uri, ip, email].map(Option::as_deref);
        MEMBERS.into_iter().zip(values).filter_map(|(member, value)| Some((member, value?)))
    }

    /// Whether the certificate names the client. Nobody is named by several members, or by none.
    #[must_use]
    pub fn are_met_by(&self, certificate: &ClientCertificate) -> bool {
        let mut values = self.values();
        let (Some((member, value)), None) = (values.next(), values.next()) else { return false };
        match expected(member, value) {
            Ok(Expected::Subject(subject)) => *certificate.subject() == subject,
            Ok(Expected::Name(name)) => certificate.has_name(&name),
            Err(_) => false,
        }
    }
}

fn expected(member: &str, value: &str) -> Result<Expected, &'static str> {
    if value.is_empty() || value.len() > MAX_NAME_BYTES || value.contains(char::is_control) {
        return Err("must be 1 to 512 characters on one line");
    }
    let text = value.to_owned();
    let name = match member {
        SUBJECT => {
            let subject =
                value.parse().map_err(|_| "is no distinguished name such as CN=reports,O=Example,C=DE (RFC 4514)")?;
            return Ok(Expected::Subject(subject));
        }
        "tls_client_auth_san_dns" => AlternativeName::Dns(text),
        "tls_client_auth_san_uri" => AlternativeName::Uri(text),
        "tls_client_auth_san_ip" => {
            AlternativeName::Ip(value.parse::<IpAddr>().map_err(|_| "is no address such as 192.0.2.7 or 2001:db8::7")?)
        }
        _ if value.contains('@') => AlternativeName::Email(text),
        _ => return Err("is no mail address"),
    };
    Ok(Expected::Name(name))
}

impl Client {
    /// Whether its access tokens are bound to its certificate (RFC 8705 §3.4).
    #[must_use]
    pub fn is_certificate_bound(&self) -> bool {
        self.certificate.tls_client_certificate_bound_access_tokens
    }

    pub(super) fn check_certificate(&self, faults: &mut Faults) {
        let by_name = self.token_endpoint_auth_method == AuthMethod::TlsClientAuth;
        let count = self.certificate.values().count();
        // RFC 8705 §2.1.2: "MUST use exactly one of the below metadata parameters"
        faults.check(
            !by_name || count == 1,
            SUBJECT,
            "tls_client_auth needs the subject or one alternative name, and only one",
        );
        faults.check(by_name || count == 0, SUBJECT, "a certificate is known by its name only with tls_client_auth");
        for (member, value) in self.certificate.values() {
            faults.check_value(expected(member, value).map(drop), member, value);
        }
        let bound = self.is_certificate_bound();
        let member = "tls_client_certificate_bound_access_tokens";
        faults.check(
            !bound || !self.gets_sessions(),
            member,
            "session values cannot be bound to a certificate: use jwt",
        );
        faults.check(!bound || !self.password_sign_in, member, "password sign-in takes no certificate");
        faults.check(
            !bound || !self.dpop_bound_access_tokens,
            member,
            "tokens are bound to a certificate or to a key, not to both",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::AccessTokenFormat;
    use crate::testing::{certificate, machine, spa};
    use serde_json::{Value, json};

    fn named(rules: &Value) -> Client {
        let certificate = serde_json::from_value(rules.clone()).unwrap();
        Client { token_endpoint_auth_method: AuthMethod::TlsClientAuth, certificate, ..machine() }
    }

    #[track_caller]
    fn faulty(client: &Client, member: &str) {
        let faults = client.validate().expect_err(member);
        assert!(faults.iter().any(|fault| fault.member == member), "{faults:?}");
    }

    #[test]
    fn rfc8705_section_2_1_2_exactly_one_name_is_registered() {
        for member in MEMBERS {
            let value = match member {
                SUBJECT => "CN=reports,O=Example",
                "tls_client_auth_san_ip" => "2001:db8::7",
                "tls_client_auth_san_email" => "a@example.com",
                _ => "reports.example.com",
            };
            assert_eq!(named(&json!({ member: value })).validate(), Ok(()), "{member}");
            let without = Client {
                token_endpoint_auth_method: AuthMethod::ClientSecretBasic,
                ..named(&json!({ member: value }))
            };
            faulty(&without, SUBJECT);
        }
        faulty(&named(&json!({})), SUBJECT);
        faulty(&named(&json!({"tls_client_auth_san_dns": "a.example", "tls_client_auth_san_uri": "urn:a"})), SUBJECT);
    }

    #[test]
    fn rfc8705_section_2_1_2_each_name_is_of_its_form() {
        for (member, value) in [
            (SUBJECT, "reports"),
            (SUBJECT, "CN=a;O=b"),
            ("tls_client_auth_san_dns", ""),
            ("tls_client_auth_san_dns", "a\nb"),
            ("tls_client_auth_san_ip", "192.0.2.300"),
            ("tls_client_auth_san_ip", "192.0.2.0/24"),
            ("tls_client_auth_san_email", "nobody"),
        ] {
            faulty(&named(&json!({ member: value })), member);
        }
    }

    #[test]
    fn rfc8705_section_2_1_2_the_name_is_looked_for_where_it_belongs() {
        let certificate = certificate("client");
        let met = |rules: Value| serde_json::from_value::<CertificateRules>(rules).unwrap().are_met_by(&certificate);
        for rules in [
            json!({SUBJECT: "CN=reports,O=Example\\, Inc.,C=DE"}),
            json!({"tls_client_auth_san_dns": "Reports.example.COM"}),
            json!({"tls_client_auth_san_uri": "spiffe://example.com/reports"}),
            json!({"tls_client_auth_san_ip": "192.0.2.7"}),
            // RFC 5952 §8: compared in binary format.
            json!({"tls_client_auth_san_ip": "2001:0db8:0000::0007"}),
            json!({"tls_client_auth_san_email": "reports@EXAMPLE.com"}),
        ] {
            assert!(met(rules.clone()), "{rules}");
        }
        for rules in [
            json!({}),
            json!({SUBJECT: "C=DE,O=Example\\, Inc.,CN=reports"}),
            json!({SUBJECT: "CN=reports,O=Example\\, Inc."}),
            json!({SUBJECT: "CN=reports"}),
            json!({"tls_client_auth_san_dns": "reports"}),
            json!({"tls_client_auth_san_dns": "example.com"}),
            json!({"tls_client_auth_san_dns": "*.example.com"}),
            json!({"tls_client_auth_san_dns": "192.0.2.7"}),
            json!({"tls_client_auth_san_uri": "spiffe://example.com/Reports"}),
            json!({"tls_client_auth_san_uri": "reports.example.com"}),
            json!({"tls_client_auth_san_ip": "192.0.2.8"}),
            json!({"tls_client_auth_san_ip": "::ffff:192.0.2.7"}),
            json!({"tls_client_auth_san_email": "Reports@example.com"}),
            // Two, of which one is right: nobody knows which was meant.
            json!({"tls_client_auth_san_dns": "reports.example.com", "tls_client_auth_san_ip": "192.0.2.7"}),
        ] {
            assert!(!met(rules.clone()), "{rules}");
        }
    }

    #[test]
    fn rfc8705_section_3_4_what_cannot_be_bound_is_not_registered_so() {
        let member = "tls_client_certificate_bound_access_tokens";
        let rules =
            CertificateRules { tls_client_certificate_bound_access_tokens: true, ..CertificateRules::default() };
        let bound = |client: Client| Client { certificate: rules.clone(), ..client };
        assert_eq!(bound(machine()).validate(), Ok(()));
        assert_eq!(bound(spa()).validate(), Ok(()));
        faulty(&bound(Client { access_token_format: AccessTokenFormat::Session, ..spa() }), member);
        faulty(&bound(Client { first_party: true, password_sign_in: true, ..spa() }), member);
        faulty(&bound(Client { dpop_bound_access_tokens: true, ..machine() }), member);
    }

    #[test]
    fn the_members_stand_in_the_document_itself() {
        let client =
            named(&json!({"tls_client_auth_san_uri": "urn:a", "tls_client_certificate_bound_access_tokens": true}));
        let body = serde_json::to_value(&client).unwrap();
        assert_eq!(
            (&body["tls_client_auth_san_uri"], &body["token_endpoint_auth_method"]),
            (&json!("urn:a"), &json!("tls_client_auth"))
        );
        assert_eq!(serde_json::from_value::<Client>(body).unwrap(), client);
        assert!(serde_json::to_value(machine()).unwrap().get("tls_client_certificate_bound_access_tokens").is_none());
    }
}
