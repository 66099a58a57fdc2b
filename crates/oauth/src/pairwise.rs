//! Pairwise subject identifiers (OpenID Connect Core §8, §8.1): what a user and a session are called towards one sector, so that clients of two
//! sectors cannot find out that they know the same person.
//!
//! A MAC over the sector and the local id under a salt of this installation: "The Subject Identifier value MUST NOT be reversible by any party
//! other than the OpenID Provider", "Distinct Sector Identifier values MUST result in distinct Subject Identifier values", and "the
//! algorithm MUST be deterministic".

use symbolon_jose::jws::{Encoding, compact};
use symbolon_jose::{Algorithm, Error, Jwk, SigningKey};

use crate::ids::Subject;
use crate::registration::{Client, SubjectType};

/// Names users and sessions as their clients may see them.
///
/// ```
/// use symbolon_oauth::{Client, ClientId, Pairwise, SubjectType};
///
/// let pairwise = Pairwise::new(&[7; 32])?;
/// let mut client = Client::web(ClientId::parse("shop").unwrap(), "Shop");
/// client.redirect_uris = vec!["https://shop.example/cb".to_owned()];
/// assert_eq!(pairwise.subject(&client, "usr_ada"), "usr_ada");
/// client.subjects.subject_type = SubjectType::Pairwise;
/// let there = pairwise.subject(&client, "usr_ada");
/// assert!(there != "usr_ada" && there == pairwise.subject(&client, "usr_ada"));
/// # Ok::<(), symbolon_jose::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pairwise {
    key: SigningKey,
}

impl Pairwise {
    /// The names of all who have this salt. Another salt is other people to every client with pairwise subjects.
    ///
    /// # Errors
    /// None that a salt of 32 bytes could bring.
    pub fn new(salt: &[u8; 32]) -> Result<Self, Error> {
        Self::of(&Jwk::oct(salt, Algorithm::HS256)?)
    }

    /// The names of all who have this key, which is for HS256.
    ///
    /// # Errors
    /// It is not.
    pub fn of(key: &Jwk) -> Result<Self, Error> {
        Ok(Self { key: SigningKey::from_jwk(key, Algorithm::HS256)? })
    }

    /// The `sub` of a user in what this client gets.
    #[must_use]
    pub fn subject(&self, client: &Client, user_id: &str) -> String {
        match client.subjects.subject_type {
            SubjectType::Public => user_id.to_owned(),
            // No client id begins like this (RFC 9700 §4.15).
            SubjectType::Pairwise => format!("{}{}", Subject::PREFIX, self.name("sub", client, user_id)),
        }
    }

    /// The `sid` of a session in the ID tokens and logout messages this client gets: one for all would say who is the same person.
    #[must_use]
    pub fn session(&self, client: &Client, sid: &str) -> String {
        match client.subjects.subject_type {
            SubjectType::Public => sid.to_owned(),
            SubjectType::Pairwise => self.name("sid", client, sid),
        }
    }

    /// No sector has a space in it, so each text is said of one kind, sector and id.
    fn name(&self, kind: &str, client: &Client, id: &str) -> String {
        let message = format!("pairwise {kind} {} {id}", client.sector());
        let token = compact::sign_detached(&self.key, None, message.as_bytes(), Encoding::Base64url)
            .expect("a MAC under a key that was taken does not fail");
        token.rsplit('.').next().unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{pairwise, third_party};

    fn client(redirect_uri: &str) -> Client {
        let mut client = pairwise(third_party());
        client.redirect_uris = vec![redirect_uri.to_owned()];
        client
    }

    fn names() -> Pairwise {
        Pairwise::new(&[7; 32]).unwrap()
    }

    #[test]
    fn core_section_8_1_the_same_user_and_sector_is_always_the_same_subject() {
        let (one, path) = (client("https://a.example/cb"), client("https://a.example/other?x=1"));
        assert_eq!(names().subject(&one, "usr_ada"), names().subject(&path, "usr_ada"));
        let with_uri = |redirect_uri| {
            let mut client = client(redirect_uri);
            client.subjects.sector_identifier_uri = Some("https://sector.example/uris.json".to_owned());
            client
        };
        let (one, other) = (with_uri("https://a.example/cb"), with_uri("https://b.example/cb"));
        assert_eq!(names().subject(&one, "usr_ada"), names().subject(&other, "usr_ada"));
    }

    #[test]
    fn core_section_8_1_distinct_sectors_users_and_salts_are_distinct_subjects() {
        let (a, b) = (client("https://a.example/cb"), client("https://b.example/cb"));
        let ada = names().subject(&a, "usr_ada");
        assert_ne!(ada, names().subject(&b, "usr_ada"));
        assert_ne!(ada, names().subject(&a, "usr_bob"));
        assert_ne!(ada, Pairwise::new(&[8; 32]).unwrap().subject(&a, "usr_ada"));
        assert!(!ada.contains("ada"));
        assert_ne!(
            names().session(&a, "usr_ada"),
            ada[Subject::PREFIX.len()..],
            "a session is named apart from a user"
        );
    }

    #[test]
    fn core_section_2_a_subject_has_at_most_255_ascii_characters() {
        let sub = names().subject(&client("https://a.example/cb"), &"x".repeat(255));
        assert!(sub.is_ascii() && sub.len() == Subject::PREFIX.len() + 43, "{sub}");
        assert!(Subject::parse(&sub).is_ok());
    }

    #[test]
    fn a_public_subject_and_its_sessions_keep_their_names() {
        assert_eq!(names().subject(&third_party(), "usr_ada"), "usr_ada");
        assert_eq!(names().session(&third_party(), "sid-1"), "sid-1");
    }

    #[test]
    fn loopback_is_everybodys_and_no_sector() {
        let mut other = client("http://127.0.0.1:9/cb");
        other.client_id = crate::ids::ClientId::parse("other").unwrap();
        let one = client("http://127.0.0.1:9/cb");
        assert_ne!(names().subject(&one, "usr_ada"), names().subject(&other, "usr_ada"));
    }
}
