//! Session management (OpenID Connect Session Management 1.0): what lets a page of a client find out, without asking us each time, whether the
//! browser's session here is still the one it knows.
//!
//! The browser holds a state in a cookie that our page in a frame can read; each answer carries a salted hash over it, the client and its
//! origin. The state says nothing by itself, and the cookie opens nothing.

use symbolon_jose::jws::{Encoding, compact};
use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, base64url, sha256};

use crate::context::Rng;
use crate::ids::random_id;
use crate::registration::Client;

/// Makes the states of browsers: the same for a session on every node, and another for every session.
#[derive(Clone, Debug)]
pub struct BrowserStates {
    key: SigningKey,
}

impl BrowserStates {
    /// The states of all who have this secret.
    ///
    /// # Errors
    /// None that a secret of 32 bytes could bring.
    pub fn new(secret: &[u8; 32]) -> Result<Self, Error> {
        Self::of(&Jwk::oct(secret, Algorithm::HS256)?)
    }

    /// The states of all who have this key, which is for HS256.
    ///
    /// # Errors
    /// It is not.
    pub fn of(key: &Jwk) -> Result<Self, Error> {
        Ok(Self { key: SigningKey::from_jwk(key, Algorithm::HS256)? })
    }

    /// The state of a browser with this session.
    #[must_use]
    pub fn state(&self, sid: &str) -> String {
        let message = format!("browser state {sid}");
        let token = compact::sign_detached(&self.key, None, message.as_bytes(), Encoding::Base64url)
            .expect("a MAC under a key that was taken does not fail");
        token.rsplit('.').next().unwrap_or_default().to_owned()
    }
}

/// The `session_state` of an answer to the page at `origin` (§2, §3.2): "a salted cryptographic hash of Client ID, origin URL, and OP
/// User Agent state". Nothing for a client that does not watch sessions.
#[must_use]
pub fn session_state(client: &Client, origin: &str, state: &str, rng: &mut dyn Rng) -> Option<String> {
    client.in_browser.session_management.then(|| hashed(client.client_id.as_str(), origin, state, &random_id(rng)))
}

/// What the page in the frame computes, too.
fn hashed(client_id: &str, origin: &str, state: &str, salt: &str) -> String {
    let hash = sha256(format!("{client_id} {origin} {state} {salt}").as_bytes());
    format!("{}.{salt}", base64url::encode(&hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestRng, third_party};

    fn watching() -> Client {
        let mut client = third_party();
        client.in_browser.session_management = true;
        client
    }

    #[test]
    fn a_state_is_of_one_session_and_one_secret() {
        let states = BrowserStates::new(&[1; 32]).unwrap();
        assert_eq!(states.state("s1"), BrowserStates::new(&[1; 32]).unwrap().state("s1"));
        assert_ne!(states.state("s1"), states.state("s2"));
        assert_ne!(states.state("s1"), BrowserStates::new(&[2; 32]).unwrap().state("s1"));
        assert!(states.state("s1").len() == 43 && !states.state("s1").contains("s1"));
    }

    #[test]
    fn session_management_section_3_2_the_hash_is_over_client_origin_and_state_with_a_salt() {
        let value = session_state(&watching(), "https://third.example", "st", &mut TestRng::new(1)).unwrap();
        let (hash, salt) = value.split_once('.').unwrap();
        let expected = sha256(format!("third https://third.example st {salt}").as_bytes());
        assert_eq!(hash, base64url::encode(&expected));
        assert!(salt.len() >= 22 && !value.contains(' '), "§2: it \"MUST NOT contain the space character\": {value}");
        let again = session_state(&watching(), "https://third.example", "st", &mut TestRng::new(2)).unwrap();
        assert_ne!(value, again, "each answer has a salt of its own");
    }

    #[test]
    fn who_did_not_ask_gets_none() {
        assert_eq!(session_state(&third_party(), "https://third.example", "st", &mut TestRng::new(1)), None);
    }
}
