//! Client data (§5.8.1): what the browser says it did, as JSON. Checked in the order of §7.1 steps 5 to 11, which are §7.2 steps 8 to 14.

use serde::Deserialize;
use symbolon_jose::json::{Limits, parse_strict};

use super::{Challenge, RelyingParty, WebAuthnError};

/// More than any browser writes.
const LIMITS: Limits = Limits { max_bytes: 8 * 1024, max_depth: 8, max_members: 32 };

/// Which ceremony it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ceremony {
    Authentication,
    Registration,
}

impl Ceremony {
    const fn name(self) -> &'static str {
        match self {
            Self::Authentication => "webauthn.get",
            Self::Registration => "webauthn.create",
        }
    }
}

/// What browsers add in the future is not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    cross_origin: Option<bool>,
    top_origin: Option<serde_json::Value>,
}

/// Whether it is client data of this ceremony, challenge and origin.
pub(super) fn check(
    json: &[u8],
    ceremony: Ceremony,
    rp: &RelyingParty,
    challenge: &Challenge,
) -> Result<(), WebAuthnError> {
    // "any leading byte order mark (BOM) must be stripped"
    let json = json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(json);
    let data: ClientData = parse_strict(json, LIMITS).map_err(|_| WebAuthnError::ClientDataMalformed)?;
    if data.r#type != ceremony.name() {
        return Err(WebAuthnError::Type);
    }
    if !challenge.is(&data.challenge) {
        return Err(WebAuthnError::Challenge);
    }
    if !rp.is_origin(&data.origin) {
        return Err(WebAuthnError::Origin);
    }
    if data.cross_origin == Some(true) || data.top_origin.is_some() {
        return Err(WebAuthnError::CrossOrigin);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn challenge() -> Challenge {
        Challenge::new([7; 32])
    }

    fn verdict(data: &[u8]) -> Result<(), WebAuthnError> {
        let rp = RelyingParty::new("id.example", "https://id.example");
        check(data, Ceremony::Authentication, &rp, &challenge())
    }

    /// Good client data with one member changed, or taken away with null.
    fn with(name: &str, value: &serde_json::Value) -> Vec<u8> {
        let mut data = json!({
            "type": "webauthn.get",
            "challenge": challenge().text(),
            "origin": "https://id.example",
            "crossOrigin": false,
            "other_keys_can_be_added_here": "do not compare clientDataJSON against a template",
        });
        data[name] = value.clone();
        data.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        data.to_string().into_bytes()
    }

    #[test]
    fn webauthn_section_7_2_step_8_utf_8_with_or_without_a_byte_order_mark() {
        let good = with("new", &json!({"a": [1]}));
        assert_eq!(verdict(&good), Ok(()));
        assert_eq!(verdict(&[b"\xef\xbb\xbf", &good[..]].concat()), Ok(()));
        let mut no_utf8 = good.clone();
        *no_utf8.iter_mut().find(|byte| **byte == b'o').unwrap() = 0xff;
        assert_eq!(verdict(&no_utf8), Err(WebAuthnError::ClientDataMalformed));
    }

    #[test]
    fn webauthn_section_7_2_step_9_what_is_no_client_data_is_refused() {
        let good = with("x", &json!(1));
        let twice = String::from_utf8(good.clone()).unwrap().replacen('{', "{\"type\":\"webauthn.get\",", 1);
        for data in [&b""[..], b"{}", b"[]", b"null", &good[..good.len() - 1], twice.as_bytes(), &[b' '; 9000]] {
            assert_eq!(verdict(data), Err(WebAuthnError::ClientDataMalformed));
        }
        for name in ["type", "challenge", "origin"] {
            assert_eq!(verdict(&with(name, &json!(null))), Err(WebAuthnError::ClientDataMalformed), "{name}");
            assert_eq!(verdict(&with(name, &json!(["webauthn.get"]))), Err(WebAuthnError::ClientDataMalformed));
        }
        assert_eq!(verdict(&with("crossOrigin", &json!("false"))), Err(WebAuthnError::ClientDataMalformed));
    }

    #[test]
    fn webauthn_section_7_2_step_10_the_type_is_of_the_ceremony() {
        for other in ["webauthn.create", "webauthn.Get", "payment.get", "", "webauthn.get "] {
            assert_eq!(verdict(&with("type", &json!(other))), Err(WebAuthnError::Type), "{other}");
        }
        let rp = RelyingParty::new("id.example", "https://id.example");
        let data = with("x", &json!(1));
        assert_eq!(check(&data, Ceremony::Registration, &rp, &challenge()), Err(WebAuthnError::Type));
    }

    #[test]
    fn webauthn_section_7_2_step_11_the_challenge_is_ours() {
        let text = challenge().text();
        for other in [String::new(), format!("{text}="), text[..42].to_owned(), Challenge::new([8; 32]).text()] {
            assert_eq!(verdict(&with("challenge", &json!(other))), Err(WebAuthnError::Challenge), "{other}");
        }
    }

    #[test]
    fn webauthn_section_7_2_step_12_the_origin_is_compared_as_a_whole() {
        for other in [
            "https://badid.example",
            "https://id.example.evil.example",
            "https://evil.id.example",
            "https://id.example:8443",
            "https://id.example/",
            "http://id.example",
            "HTTPS://ID.EXAMPLE",
            "null",
            "android:apk-key-hash:x",
        ] {
            assert_eq!(verdict(&with("origin", &json!(other))), Err(WebAuthnError::Origin), "{other}");
        }
    }

    #[test]
    fn webauthn_section_7_2_steps_13_and_14_a_page_in_a_foreign_frame_is_refused() {
        assert_eq!(verdict(&with("crossOrigin", &json!(null))), Ok(()), "it may be absent");
        assert_eq!(verdict(&with("crossOrigin", &json!(true))), Err(WebAuthnError::CrossOrigin));
        assert_eq!(verdict(&with("topOrigin", &json!("https://id.example"))), Err(WebAuthnError::CrossOrigin));
    }
}
