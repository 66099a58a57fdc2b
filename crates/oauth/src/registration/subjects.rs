//! What users are called towards a client (OpenID Connect Core §8, OpenID Connect Registration §2, §5).
//!
//! Refuses pairwise subjects where it cannot be said which clients belong together.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

use super::validate::Faults;
use super::{Client, ClientKind};
use crate::ids::is_loopback;
use crate::redirect_uri;

/// Whether all clients know a user by one name (OpenID Connect Core §8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// Each sector has a name of its own for them.
    Pairwise,
    /// They do.
    #[default]
    Public,
}

impl SubjectType {
    /// Every one.
    pub const ALL: &'static [Self] = &[Self::Pairwise, Self::Public];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pairwise => "pairwise",
            Self::Public => "public",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    fn is_public(&self) -> bool {
        *self == Self::Public
    }
}

/// Part of a [`Client`]'s document, with the members' names of the standards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subjects {
    /// The type of its subjects.
    #[serde(default, skip_serializing_if = "SubjectType::is_public")]
    pub subject_type: SubjectType,
    /// Where the redirect URIs of all clients that know a user by the same name are listed; its host is their sector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
}

impl Client {
    /// Whether users have names of their own towards it.
    #[must_use]
    pub fn is_pairwise(&self) -> bool {
        self.subjects.subject_type == SubjectType::Pairwise
    }

    /// Its sector (OpenID Connect Core §8.1): the host of its `sector_identifier_uri`, else that of its redirect URIs. On loopback, where everybody
    /// is, a port is part of the first, and a client without one is alone.
    #[must_use]
    pub fn sector(&self) -> String {
        let alone = || format!("client:{}", self.client_id);
        let named = self.subjects.sector_identifier_uri.as_ref();
        let named = named.map(|uri| Url::parse(uri).ok().and_then(|url| authority(&url)));
        // Several hosts are not registered; and no mistake makes a subject public.
        named.unwrap_or_else(|| self.redirect_hosts().into_iter().next().flatten()).unwrap_or_else(alone)
    }

    /// The hosts of its redirect URIs; none for what only a device knows.
    fn redirect_hosts(&self) -> BTreeSet<Option<String>> {
        let host = |uri: &String| {
            let url = Url::parse(uri).ok().filter(|url| matches!(url.scheme(), "http" | "https") && !is_loopback(url));
            url.and_then(|url| url.host_str().map(str::to_owned))
        };
        self.redirect_uris.iter().map(host).collect()
    }

    pub(super) fn check_subjects(&self, faults: &mut Faults) {
        const TYPE: &str = "subject_type";
        const SECTOR: &str = "sector_identifier_uri";
        let Subjects { subject_type: _, sector_identifier_uri } = &self.subjects;
        let is_pairwise = self.is_pairwise();
        faults.check(!is_pairwise || self.kind != ClientKind::Machine, TYPE, "a machine client has no users to name");
        match sector_identifier_uri {
            Some(uri) => {
                faults.check_value(redirect_uri::check_registration(uri, ClientKind::Web), SECTOR, uri);
            }
            None if is_pairwise => {
                // Core §8.1: "If there are multiple hostnames in the registered redirect_uris, the Client MUST register a sector_identifier_uri."
                let hosts = self.redirect_hosts();
                faults.check(hosts.len() <= 1, SECTOR, "is needed, as the redirect URIs have several hosts");
                let alone_on_device = self.kind == ClientKind::Native && hosts.iter().any(Option::is_none);
                faults.check(
                    !alone_on_device && !hosts.is_empty(),
                    SECTOR,
                    "is needed, as no redirect URI has a host that is the client's own",
                );
            }
            None => {}
        }
    }

    /// Says what is wrong with what was found at its `sector_identifier_uri` (OpenID Connect Registration §5): "the values registered in
    /// redirect_uris MUST be included in the elements of the array".
    ///
    /// # Errors
    /// In words for whoever registers it.
    pub fn check_sector_list(&self, found: &[u8]) -> Result<(), String> {
        let listed: Vec<String> = serde_json::from_slice(found)
            .map_err(|_| "what is at sector_identifier_uri is not a JSON array of redirect URIs".to_owned())?;
        match self.redirect_uris.iter().find(|uri| !listed.contains(uri)) {
            Some(missing) => Err(format!("the redirect URI {missing} is not listed at sector_identifier_uri")),
            None => Ok(()),
        }
    }
}

/// The host; on loopback with the port, since programs there share the host.
fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    match url.port().filter(|_| is_loopback(url)) {
        Some(port) => Some(format!("{host}:{port}")),
        None => Some(host.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{machine, pairwise, third_party, tv};
    use serde_json::json;

    fn with(redirect_uris: &[&str], sector: Option<&str>) -> Client {
        let mut client = pairwise(third_party());
        client.redirect_uris = redirect_uris.iter().map(|uri| (*uri).to_owned()).collect();
        client.subjects.sector_identifier_uri = sector.map(str::to_owned);
        client
    }

    #[track_caller]
    fn faulty(client: &Client, member: &str) {
        let faults = client.validate().unwrap_err();
        assert!(faults.iter().any(|fault| fault.member == member), "{faults:?}");
    }

    #[test]
    fn core_section_8_1_several_hosts_need_a_sector_identifier_uri() {
        let both = ["https://a.example/cb", "https://b.example/cb"];
        faulty(&with(&both, None), "sector_identifier_uri");
        assert_eq!(with(&both, Some("https://s.example/uris")).validate(), Ok(()));
        assert_eq!(with(&["https://a.example/cb", "https://a.example:8443/x"], None).validate(), Ok(()));
        // Without pairwise subjects nobody asks.
        let public = Client { subjects: Subjects::default(), ..with(&both, None) };
        assert_eq!(public.validate(), Ok(()));
    }

    #[test]
    fn what_has_no_host_of_its_own_needs_a_sector_identifier_uri() {
        let app = pairwise(Client { redirect_uris: vec!["com.example.app:/cb".to_owned()], ..tv() });
        faulty(&app, "sector_identifier_uri");
        faulty(&pairwise(tv()), "sector_identifier_uri");
        let mut named = pairwise(tv());
        named.subjects.sector_identifier_uri = Some("https://tv.example/uris".to_owned());
        assert_eq!(named.validate(), Ok(()));
    }

    #[test]
    fn a_sector_identifier_uri_is_https_without_fragment_core_8_1() {
        for uri in ["http://s.example/", "https://s.example/#x", "ftp://s.example/", "s.example", "javascript:1"] {
            faulty(&with(&["https://a.example/cb"], Some(uri)), "sector_identifier_uri");
        }
    }

    #[test]
    fn a_machine_has_no_users_to_name() {
        faulty(&pairwise(machine()), "subject_type");
    }

    #[test]
    fn registration_section_5_every_redirect_uri_must_be_listed() {
        let client = with(&["https://a.example/cb", "https://b.example/cb"], Some("https://s.example/uris"));
        let check = |found: serde_json::Value| client.check_sector_list(found.to_string().as_bytes());
        assert_eq!(check(json!(["https://b.example/cb", "https://a.example/cb", "https://c.example/"])), Ok(()));
        for found in [
            json!(["https://a.example/cb"]),
            json!(["https://a.example/cb", "https://b.example/cb/"]),
            json!([]),
            json!({"redirect_uris": ["https://a.example/cb", "https://b.example/cb"]}),
            json!("https://a.example/cb"),
            json!([1]),
        ] {
            assert!(check(found.clone()).is_err(), "{found}");
        }
        assert!(client.check_sector_list(b"<html>").is_err());
    }

    #[test]
    fn the_members_stand_in_the_document_itself() {
        let client = with(&["https://a.example/cb"], Some("https://s.example/uris"));
        let body = serde_json::to_value(&client).unwrap();
        assert_eq!(
            (&body["subject_type"], &body["sector_identifier_uri"]),
            (&json!("pairwise"), &json!("https://s.example/uris"))
        );
        assert_eq!(serde_json::from_value::<Client>(body).unwrap(), client);
        assert!(serde_json::to_value(third_party()).unwrap().get("subject_type").is_none());
        assert!(serde_json::from_value::<Subjects>(json!({"subject_type": "Pairwise"})).is_err());
    }
}
