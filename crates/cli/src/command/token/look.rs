//! Looking into a token without a key: compact and JSON serializations of JWS and JWE (RFC 7515 §7, RFC 7516 §7). What can be read is
//! shown, also of a token that is refused, and every reason to refuse it is named.

use serde_json::{Map, Value};
use symbolon_jose::json::Limits;
use symbolon_jose::{Error, jwe, jws};

use super::hide;
use super::reason::claims::Kind;
use super::reason::seal::Parts;
use super::reason::{Reason, Severity, claims, header, seal, written};

/// How a token is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    JweCompact,
    JweJson,
    JwsCompact,
    JwsJson,
    Unknown,
}

impl Form {
    /// Its name for programs.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::JweCompact => "jwe_compact",
            Self::JweJson => "jwe_json",
            Self::JwsCompact => "jws_compact",
            Self::JwsJson => "jws_json",
            Self::Unknown => "unknown",
        }
    }

    /// In words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::JweCompact => "an encrypted token (JWE, compact)",
            Self::JweJson => "an encrypted text (JWE, JSON serialization)",
            Self::JwsCompact => "a signed token (JWS, compact)",
            Self::JwsJson => "a signed text (JWS, JSON serialization)",
            Self::Unknown => "no token of a known form",
        }
    }

    /// Whether only the holder of a key can read its content.
    pub(crate) const fn is_encrypted(self) -> bool {
        matches!(self, Self::JweCompact | Self::JweJson)
    }
}

/// What can be seen of a token. Secrets that stood in it are hidden.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) form: Form,
    /// One header, or one for each signature or recipient.
    pub(crate) headers: Vec<Map<String, Value>>,
    pub(crate) claims: Option<Map<String, Value>>,
    /// The payload of a signed text that holds no claims.
    pub(crate) content: Option<String>,
    pub(crate) reasons: Vec<Reason>,
}

impl Look {
    /// Looks at `token` as of `now`.
    pub(crate) fn at(token: &str, now: u64) -> Self {
        let mut look =
            Self { form: Form::Unknown, headers: Vec::new(), claims: None, content: None, reasons: Vec::new() };
        let parts: Vec<&str> = token.split('.').collect();
        match parts[..] {
            _ if token.starts_with('{') => look.json(token, now),
            [header, payload, signature] => {
                look.form = Form::JwsCompact;
                written::length(token, jws::compact::MAX_TOKEN_LEN, &mut look.reasons);
                look.signed([header, payload, signature], now);
                look.strictly(jws::compact::Unverified::parse(token).err());
            }
            [header, encrypted_key, iv, ciphertext, tag] => {
                look.form = Form::JweCompact;
                written::length(token, jwe::MAX_TOKEN_LEN, &mut look.reasons);
                look.encrypted(header, [encrypted_key, iv, ciphertext, tag]);
                look.strictly(jwe::compact::Encrypted::parse(token).err());
            }
            _ => look.of_wrong_parts(&parts),
        }
        look.hide();
        look
    }

    /// Whether anything of it could be read.
    pub(crate) const fn is_readable(&self) -> bool {
        !self.headers.is_empty() || self.claims.is_some() || self.content.is_some()
    }

    /// The worst of the reasons why it is not even written as it must be.
    pub(crate) fn malformed(&self) -> Option<&Reason> {
        self.reasons.iter().find(|reason| reason.severity == Severity::Malformed)
    }

    fn of_wrong_parts(&mut self, parts: &[&str]) {
        self.reasons.push(Reason::malformed(
            "parts",
            format!("it has {} where a signed token has three, and an encrypted one five", counted(parts.len())),
            "pass the whole token: three or five parts with dots between",
        ));
        // What begins like a token is shown as far as it goes.
        if let [header, rest @ ..] = parts
            && let Some(members) = self.object("header", header, Limits::HEADER)
        {
            self.headers.push(members);
            if let Some(payload) = rest.first() {
                self.claims = self.object("payload", payload, Limits::CLAIMS);
            }
        } else {
            // No token at all: how it is spelt does not matter.
            self.reasons.truncate(1);
        }
    }

    /// The JSON object in a part.
    fn object(&mut self, part: &str, text: &str, limits: Limits) -> Option<Map<String, Value>> {
        let bytes = written::bytes(part, text, &mut self.reasons)?;
        if let Value::Object(members) = written::json(part, &bytes, limits, &mut self.reasons)? {
            return Some(members);
        }
        let text = format!("the {part} is not a JSON object");
        self.reasons.push(Reason::malformed("not_object", text, "pass a token, whole"));
        None
    }

    fn signed(&mut self, [header, payload, signature]: [&str; 3], now: u64) {
        let members = self.object("header", header, Limits::HEADER);
        let members = members.inspect(|members| header::signed(members, &mut self.reasons));
        let said = |name| members.as_ref().and_then(|members| members.get(name));
        let is_plain = said("b64") == Some(&Value::Bool(false));
        self.payload(payload, is_plain, said("typ").and_then(Value::as_str), now);
        if let Some(bytes) = written::bytes("signature", signature, &mut self.reasons) {
            seal::signature(said("alg").and_then(Value::as_str).unwrap_or_default(), &bytes, &mut self.reasons);
        }
        self.headers.extend(members);
    }

    fn payload(&mut self, payload: &str, is_plain: bool, typ: Option<&str>, now: u64) {
        if payload.is_empty() {
            let text = "the payload is not in it: it was signed apart from what it signs";
            self.reasons.push(Reason::refused("payload_detached", text, "a JWT has its claims in it"));
            return;
        }
        let bytes = if is_plain {
            Some(payload.as_bytes().to_vec())
        } else {
            written::bytes("payload", payload, &mut self.reasons)
        };
        let Some(bytes) = bytes else { return };
        let mut reasons = Vec::new();
        if let Some(Value::Object(members)) = written::json("claims", &bytes, Limits::CLAIMS, &mut reasons) {
            claims::check(&members, Kind::of(typ, &members), now, &mut reasons);
            self.reasons.append(&mut reasons);
            self.claims = Some(members);
            return;
        }
        // What begins like claims was meant to be claims.
        if bytes.starts_with(b"{") {
            self.reasons.append(&mut reasons);
        }
        let hint = "for a JWT it must be one; other texts are verified by whoever defines them";
        self.reasons.push(Reason::refused("no_claims", "what is signed is not a JSON object of claims", hint));
        self.content = Some(described(&bytes));
    }

    fn encrypted(&mut self, header: &str, parts: [&str; 4]) {
        let members = self.object("header", header, Limits::HEADER);
        let names = ["encrypted key", "starting value (iv)", "content", "seal (tag)"];
        let [encrypted_key, iv, ciphertext, tag] =
            std::array::from_fn(|index| written::bytes(names[index], parts[index], &mut self.reasons));
        self.recipient(members, &Parts { encrypted_key, iv, ciphertext, tag });
    }

    /// Of a header that could be read.
    fn recipient(&mut self, members: Option<Map<String, Value>>, parts: &Parts) {
        let Some(members) = members else { return };
        header::encrypted(&members, &mut self.reasons);
        let text = |name| member(&members, name).unwrap_or_default();
        seal::encrypted(text("alg"), text("enc"), parts, &mut self.reasons);
        self.headers.push(members);
    }

    /// A JSON serialization: which one, and what stands in it.
    fn json(&mut self, text: &str, now: u64) {
        let limits = Limits { max_bytes: usize::MAX, ..Limits::SERIALIZATION };
        written::length(text, Limits::SERIALIZATION.max_bytes, &mut self.reasons);
        let Some(Value::Object(whole)) = written::json("text", text.as_bytes(), limits, &mut self.reasons) else {
            return;
        };
        let strict = if whole.contains_key("ciphertext") {
            self.form = Form::JweJson;
            self.json_encrypted(&whole);
            jwe::json::Encrypted::parse(text.as_bytes()).err()
        } else if whole.contains_key("signature") || whole.contains_key("signatures") {
            self.form = Form::JwsJson;
            self.json_signed(&whole, now);
            jws::json::Unverified::parse(text.as_bytes()).err()
        } else {
            let text = "it is JSON, and neither a signed nor an encrypted text";
            let hint = "pass the token itself, for instance the value of access_token";
            self.reasons.push(Reason::malformed("not_serialization", text, hint));
            return;
        };
        self.strictly(strict);
    }

    /// What our own reader says, unless it has been said in more words: what only the whole shows, such as one name in two headers, and
    /// members that no key is needed to refuse.
    fn strictly(&mut self, verdict: Option<Error>) {
        let Some(why) = verdict.filter(|_| self.malformed().is_none()) else { return };
        let is_said = |ids: &[&str]| self.reasons.iter().any(|reason| ids.contains(&reason.id));
        match why {
            Error::AlgorithmMissing
            | Error::B64NotCritical
            | Error::B64Unsupported
            | Error::CritInvalid
            | Error::CritUnsupported
            | Error::HeaderMemberMissing(_)
            | Error::KidTooLong
            | Error::PayloadMisplaced => {}
            Error::HeaderInvalid | Error::HeaderMemberInvalid("zip") if is_said(&["header_type", "zip_unknown"]) => {}
            Error::CurveUnsupported | Error::HeaderInvalid | Error::HeaderMemberInvalid("epk")
                if is_said(&["epk_invalid"]) => {}
            Error::CurveUnsupported | Error::HeaderInvalid | Error::HeaderMemberInvalid(_) => {
                self.reasons.push(Reason::refused("header_invalid", why.to_string(), "tell whoever made it"));
            }
            _ => self.reasons.push(Reason::malformed("serialization", why.to_string(), "tell whoever made it")),
        }
    }

    fn json_signed(&mut self, whole: &Map<String, Value>, now: u64) {
        let own = [Value::Object(whole.clone())];
        let signatures = whole.get("signatures").and_then(Value::as_array).map_or(&own[..], Vec::as_slice);
        for one in signatures {
            let Some(members) = self.union(&[one.get("header")], one.get("protected")) else { continue };
            header::signed(&members, &mut self.reasons);
            if let Some(text) = one["signature"].as_str()
                && let Some(bytes) = written::bytes("signature", text, &mut self.reasons)
            {
                seal::signature(member(&members, "alg").unwrap_or_default(), &bytes, &mut self.reasons);
            }
            self.headers.push(members);
        }
        let first = self.headers.first();
        let is_plain = first.is_some_and(|header| header.get("b64") == Some(&Value::Bool(false)));
        let typ = first.and_then(|header| member(header, "typ")).map(str::to_owned);
        self.payload(member(whole, "payload").unwrap_or_default(), is_plain, typ.as_deref(), now);
    }

    fn json_encrypted(&mut self, whole: &Map<String, Value>) {
        let own = [Value::Object(whole.clone())];
        let recipients = whole.get("recipients").and_then(Value::as_array).map_or(&own[..], Vec::as_slice);
        let names = [("iv", "starting value (iv)"), ("ciphertext", "content"), ("tag", "seal (tag)")];
        let [iv, ciphertext, tag] =
            names.map(|(name, part)| written::bytes(part, member(whole, name)?, &mut self.reasons));
        let mut parts = Parts { encrypted_key: None, iv, ciphertext, tag };
        for one in recipients {
            let members = self.union(&[whole.get("unprotected"), one.get("header")], whole.get("protected"));
            let key = one["encrypted_key"].as_str().unwrap_or_default();
            parts.encrypted_key = written::bytes("encrypted key", key, &mut self.reasons);
            self.recipient(members, &parts);
        }
    }

    /// The header of a signature or a recipient: all that is protected and all that is not.
    fn union(&mut self, open: &[Option<&Value>], protected: Option<&Value>) -> Option<Map<String, Value>> {
        let mut members = match protected.and_then(Value::as_str) {
            Some(text) if !text.is_empty() => self.object("header", text, Limits::HEADER)?,
            _ => Map::new(),
        };
        for open in open.iter().filter_map(|open| open.and_then(Value::as_object)) {
            members.extend(open.clone());
        }
        Some(members)
    }

    /// Nobody asked for the secrets in a token.
    fn hide(&mut self) {
        let mut found = false;
        for members in self.headers.iter_mut().chain(&mut self.claims) {
            let (hidden, secret) = hide::members(members);
            *members = hidden;
            found |= secret;
        }
        if let Some(content) = &mut self.content
            && hide::is_secret(content)
        {
            "(a secret, not shown)".clone_into(content);
            found = true;
        }
        if found {
            self.reasons.push(Reason::refused(
                "secret_inside",
                "a private key or another secret stands in it, where everybody can read it",
                "replace that secret now, and tell whoever made the token",
            ));
        }
    }
}

fn member<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    members.get(name).and_then(Value::as_str)
}

fn counted(parts: usize) -> String {
    if parts == 1 { "one part".to_owned() } else { format!("{parts} parts") }
}

/// A payload that holds no claims: its text, or how long it is.
fn described(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| format!("({} bytes that are no text)", bytes.len()), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use symbolon_jose::base64url::encode;
    use symbolon_jose::{Jwk, KeyManagement};

    const NOW: u64 = 1_000_000;

    fn jws(header: &Value, claims: &str) -> String {
        [encode(header.to_string().as_bytes()), encode(claims.as_bytes()), encode(&[7; 64])].join(".")
    }

    fn good() -> (Value, String) {
        let claims = json!({"iss": "https://i", "aud": "a", "exp": NOW + 60, "iat": NOW});
        (json!({"alg": "ES256", "typ": "JWT"}), claims.to_string())
    }

    fn ids(token: &str) -> Vec<&'static str> {
        Look::at(token, NOW).reasons.iter().map(|reason| reason.id).collect()
    }

    #[test]
    fn a_good_token_gives_no_reason() {
        let (header, claims) = good();
        let look = Look::at(&jws(&header, &claims), NOW);
        assert_eq!((look.form, look.reasons.len()), (Form::JwsCompact, 0));
        assert_eq!(look.claims.unwrap()["aud"], "a");
        let jwe = format!(
            "{}..{}.{}.{}",
            encode(br#"{"alg":"dir","enc":"A128GCM"}"#),
            encode(&[1; 12]),
            encode(b"x"),
            encode(&[1; 16])
        );
        let look = Look::at(&jwe, NOW);
        assert_eq!((look.form, look.reasons.len()), (Form::JweCompact, 0));
        assert_eq!(look.headers[0]["enc"], "A128GCM");
    }

    #[test]
    fn what_is_malformed_is_still_shown() {
        let (header, claims) = good();
        let token = jws(&header, &claims);
        for (token, id) in [
            (token.replacen('.', "=.", 1), "base64_padded"),
            (token.replacen('.', ".\n", 1), "base64_surrounded"),
            (jws(&header, &claims.replacen('{', "{\"iss\":\"b\",", 1)), "duplicate_member"),
            (jws(&header, &format!("{claims}x")), "json_trailing"),
            (token.rsplit_once('.').unwrap().0.to_owned(), "parts"),
            (format!("{token}.more"), "parts"),
            (jws(&json!({"alg": "ES256", "typ": "JWT", "x": "y".repeat(17_000)}), &claims), "too_long"),
        ] {
            let look = Look::at(&token, NOW);
            assert!(look.malformed().is_some() && look.is_readable(), "{id}");
            assert_eq!(look.reasons[0].id, id);
            assert_eq!(look.claims.unwrap()["aud"], "a", "{id}");
        }
    }

    #[test]
    fn what_is_no_token_gives_one_reason_and_nothing_to_show() {
        for token in ["rubbish", "a.b", "{}", "{", "[1]", "a.b.c.d"] {
            let look = Look::at(token, NOW);
            assert!(!look.is_readable() && look.malformed().is_some(), "{token}");
            assert_eq!(look.reasons.len(), 1, "{token}");
        }
    }

    #[test]
    fn payloads_that_are_no_claims_are_described() {
        let (header, _) = good();
        for (payload, shown) in [("hello", "hello"), ("[1]", "[1]")] {
            let look = Look::at(&jws(&header, payload), NOW);
            assert_eq!(look.content.as_deref(), Some(shown));
            assert_eq!(look.reasons[0].id, "no_claims");
            assert!(look.malformed().is_none());
        }
        let cut = Look::at(&jws(&header, "{\"iss\":"), NOW);
        assert_eq!(cut.malformed().unwrap().id, "json_invalid");
        let token = format!("{}.{}.{}", encode(header.to_string().as_bytes()), encode(b"\xff\x00"), encode(&[7; 64]));
        assert_eq!(Look::at(&token, NOW).content.unwrap(), "(2 bytes that are no text)");
        let detached = format!("{}..{}", encode(header.to_string().as_bytes()), encode(&[7; 64]));
        assert_eq!(ids(&detached), ["payload_detached"]);
    }

    #[test]
    fn json_serializations_are_read_with_all_their_headers() {
        let (header, claims) = good();
        let (protected, payload, signature) =
            (encode(header.to_string().as_bytes()), encode(claims.as_bytes()), encode(&[7; 64]));
        let flat = json!({"payload": payload, "protected": protected, "header": {"kid": "k"}, "signature": signature});
        let look = Look::at(&flat.to_string(), NOW);
        assert_eq!((look.form, look.reasons.len(), look.headers.len()), (Form::JwsJson, 0, 1));
        assert_eq!((&look.headers[0]["kid"], &look.claims.unwrap()["aud"]), (&json!("k"), &json!("a")));
        let one = json!({"protected": protected, "signature": signature});
        let general = json!({"payload": payload, "signatures": [one, one]});
        assert_eq!(Look::at(&general.to_string(), NOW).headers.len(), 2);
        let doubled =
            json!({"payload": payload, "protected": protected, "header": {"alg": "ES256"}, "signature": signature});
        assert_eq!(ids(&doubled.to_string()), ["serialization"]);

        let protected = encode(br#"{"enc":"A128GCM"}"#);
        let jwe = json!({
            "protected": protected, "iv": encode(&[1; 12]), "ciphertext": "AA", "tag": encode(&[1; 16]),
            "recipients": [{"header": {"alg": "A128KW"}, "encrypted_key": encode(&[1; 24])}, {"header": {"alg": "RSA1_5"}}],
        });
        let look = Look::at(&jwe.to_string(), NOW);
        assert_eq!((look.form, look.headers.len()), (Form::JweJson, 2));
        assert!(look.reasons.iter().any(|reason| reason.id == "alg_rsa1_5"));
    }

    /// A token with each member of its header removed, or of a value it cannot have.
    fn with_damaged_headers(header: &Value, token: impl Fn(&Value) -> String) -> Vec<String> {
        let wrong = [json!(null), json!(5), json!(true), json!(""), json!("a=="), json!("+/"), json!([]), json!({})];
        let names =
            ["alg", "apu", "apv", "b64", "crit", "cty", "enc", "epk", "iv", "kid", "p2c", "p2s", "tag", "typ", "zip"];
        let mut tokens = Vec::new();
        for name in names {
            for value in &wrong {
                let mut damaged = header.clone();
                damaged[name] = value.clone();
                tokens.push(token(&damaged));
            }
            let mut damaged = header.clone();
            damaged.as_object_mut().unwrap().remove(name);
            tokens.push(token(&damaged));
        }
        tokens.push(token(&json!({"kid": "k".repeat(300)})));
        tokens
    }

    #[test]
    fn what_our_own_reader_refuses_has_a_reason() {
        let (header, claims) = good();
        let (payload, signature) = (encode(claims.as_bytes()), encode(&[7; 64]));
        let mut tokens = with_damaged_headers(&header, |header| jws(header, &claims));
        tokens.extend(with_damaged_headers(&header, |header| {
            json!({"payload": payload, "header": header, "signature": signature}).to_string()
        }));
        let epk = Jwk::generate(KeyManagement::EcdhEs).unwrap().public_value().unwrap();
        let (half, tag) = (encode(&[1; 12]), encode(&[1; 16]));
        for header in [
            json!({"alg": "dir", "enc": "A128GCM"}),
            json!({"alg": "ECDH-ES", "enc": "A128GCM", "epk": epk}),
            json!({"alg": "A128GCMKW", "enc": "A128GCM", "iv": half, "tag": tag}),
            json!({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2s": half, "p2c": 5000}),
        ] {
            tokens.extend(with_damaged_headers(&header, |header| {
                format!("{}..{half}.AA.{tag}", encode(header.to_string().as_bytes()))
            }));
            tokens.extend(with_damaged_headers(&header, |header| {
                json!({"header": header, "iv": half, "ciphertext": "AA", "tag": tag}).to_string()
            }));
        }
        let one = json!({"protected": encode(header.to_string().as_bytes()), "signature": signature});
        tokens.extend([
            json!({"payload": payload, "signatures": []}).to_string(),
            json!({"payload": payload, "signatures": [one], "signature": signature}).to_string(),
            json!({"payload": 5, "signatures": [one]}).to_string(),
            json!({"iv": half, "ciphertext": "AA", "tag": tag, "recipients": []}).to_string(),
            json!({"iv": half, "ciphertext": 5, "tag": tag, "header": {"alg": "dir", "enc": "A128GCM"}}).to_string(),
        ]);
        let mut refused = 0;
        for token in tokens {
            let is_refused = match token.strip_prefix('{') {
                Some(_) if token.contains("ciphertext") => jwe::json::Encrypted::parse(token.as_bytes()).is_err(),
                Some(_) => jws::json::Unverified::parse(token.as_bytes()).is_err(),
                None if token.split('.').count() == 5 => jwe::compact::Encrypted::parse(&token).is_err(),
                None => jws::compact::Unverified::parse(&token).is_err(),
            };
            refused += usize::from(is_refused);
            assert!(!is_refused || !ids(&token).is_empty(), "{token}");
        }
        assert!(refused > 300, "{refused}");
    }

    #[test]
    fn secrets_inside_are_hidden_and_named() {
        let secret = json!({"kty": "oct", "k": "c2VjcmV0LXNlY3JldA"});
        let (_, claims) = good();
        let token = jws(&json!({"alg": "ES256", "typ": "JWT", "jwk": secret}), &claims);
        let look = Look::at(&token, NOW);
        assert!(look.reasons.iter().any(|reason| reason.id == "secret_inside"));
        assert!(!format!("{look:?}").contains("c2VjcmV0"));
        let look = Look::at(&jws(&json!({"alg": "ES256", "typ": "JWT"}), "sym_rt_AAAA"), NOW);
        assert!(!format!("{look:?}").contains("AAAA"));
    }
}
