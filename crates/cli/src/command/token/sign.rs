//! `symbolon token sign`: claims and a key file make a token. Asks for `exp`, adds `iat`, and warns of what a careful verifier would
//! refuse.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};
use symbolon_jose::json::{Limits, parse_strict};
use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, jwt};

use super::hide;
use super::reason::claims::{Kind, check};
use super::reason::{Severity, quoted};
use crate::command::keys::file::{KeyFile, unfit};
use crate::command::{duration, signature_algorithm};
use crate::error::CliError;
use crate::input::{self, PasswordSource};
use crate::output::{Output, visible};
use crate::program::quoted as word;
use crate::time;

#[derive(Args, Debug)]
pub(crate) struct Sign {
    /// The private key or shared secret: JWK, JWK set, PEM or DER; or an encrypted JWK, with its password
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    password: PasswordSource,
    /// Which key of a set; for PEM and DER the kid to write into the header
    #[arg(long)]
    kid: Option<String>,
    /// Algorithm to sign with [default: that of the key]
    #[arg(long, value_parser = signature_algorithm)]
    alg: Option<Algorithm>,
    /// Type for the header, such as at+jwt
    #[arg(long = "type", value_name = "TYPE", default_value = "JWT")]
    typ: String,
    /// Take claims from this JSON file, - is standard input [default: standard input, if no other option gives claims]
    #[arg(long, value_name = "FILE")]
    claims: Option<PathBuf>,
    /// Add a claim: NAME=TEXT or NAME:=JSON; may be repeated
    #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = claim)]
    more: Vec<(String, Value)>,
    /// Who issues it (iss)
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Whom it is for (aud); may be repeated
    #[arg(long)]
    audience: Vec<String>,
    /// Whom it is about (sub)
    #[arg(long)]
    subject: Option<String>,
    /// How long it is good for, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    expires: Option<u64>,
    /// Make a token that never expires
    #[arg(long, conflicts_with = "expires")]
    no_expiry: bool,
}

impl Sign {
    pub(crate) fn run(self, output: &Output) -> Result<(), CliError> {
        let now = time::now();
        let (key, verifier) = self.signing_key()?;
        let claims = self.all_claims(now)?;
        let token = jwt::sign(&key, &self.typ, &claims).map_err(|why| {
            CliError::usage(
                format!("this cannot be signed: {why}"),
                "put less into it: a token is sent with every request",
            )
        })?;
        if output.is_json() {
            let header = json!({ "alg": key.algorithm().name(), "kid": key.kid(), "typ": self.typ });
            output.json(&json!({ "token": token, "header": header, "claims": claims }));
            return Ok(());
        }
        output.line(&token);
        self.warn(&claims, now, output);
        let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or("URL");
        output.next(&format!("symbolon token verify {verifier} --issuer {}", word(&visible(issuer))));
        Ok(())
    }

    /// The key, and the options that verify what it signs.
    fn signing_key(&self) -> Result<(SigningKey, String), CliError> {
        let file = KeyFile::read_with(&self.key, &self.password)?;
        let jwk = match &self.kid {
            // Where there is no name, it is given one.
            Some(kid) if !file.is_json => file.one(None)?.with_kid(kid),
            kid => file.one(kid.as_deref())?,
        };
        let algorithm = self.alg.or_else(|| jwk.algorithm()).or_else(|| natural(&jwk));
        let Some(algorithm) = algorithm else {
            let hint = match jwk.kty() {
                "oct" => "--alg HS256, if the key is for that; or: symbolon keys generate --alg ES256 --out key.jwk",
                _ => "symbolon keys generate --alg ES256 --out key.jwk",
            };
            return Err(CliError::usage(format!("{} does not sign", self.key.display()), hint));
        };
        let key = SigningKey::from_jwk(&jwk, algorithm).map_err(|why| {
            let hint = match why {
                Error::KeyNotPrivate => "name the file with the private key".to_owned(),
                Error::KeyAlgorithm => match jwk.key_algorithm() {
                    Some(own) => format!("the key is for {}: leave out --alg", own.name()),
                    None => format!("a key for it: symbolon keys generate --alg {algorithm} --out key.jwk"),
                },
                _ => format!("make a key for it: symbolon keys generate --alg {algorithm} --out key.jwk"),
            };
            unfit(&self.key, why, hint)
        })?;
        let option = if algorithm.is_symmetric() { "--secret-file" } else { "--jwks" };
        let said = if jwk.algorithm().is_some() { String::new() } else { format!(" --alg {algorithm}") };
        Ok((key, format!("{option} {}{said}", file.named_for_verifying())))
    }

    /// What was given, with the times.
    fn all_claims(&self, now: u64) -> Result<Map<String, Value>, CliError> {
        let mut claims = self.given()?;
        let audience = match &self.audience[..] {
            [] => None,
            [one] => Some(json!(one)),
            many => Some(json!(many)),
        };
        let options = [("iss", self.issuer.as_ref().map(|it| json!(it))), ("aud", audience)];
        let options = options.into_iter().chain([
            ("sub", self.subject.as_ref().map(|it| json!(it))),
            ("exp", self.expires.map(|secs| json!(now.saturating_add(secs)))),
        ]);
        let named = options.filter_map(|(name, value)| Some((name.to_owned(), value?)));
        for (name, value) in named.chain(self.more.iter().cloned()) {
            if claims.insert(name.clone(), value).is_some() {
                let message = format!("the claim {} is given twice", quoted(&name));
                return Err(CliError::usage(message, "give it once: by its option, by --claim or among the claims"));
            }
        }
        if !claims.contains_key("exp") && !self.no_expiry {
            return Err(CliError::usage("it is not said when the token expires", "--expires 10m, or --no-expiry"));
        }
        // A key file taken for the claims would be readable in every token.
        if hide::members(&claims).1 {
            let message = "a private key or another secret stands among the claims, where everybody could read it";
            return Err(CliError::usage(message, "leave it out; of a key only its public half belongs into a token"));
        }
        claims.entry("iat").or_insert_with(|| json!(now));
        Ok(claims)
    }

    /// The claims of a file or of standard input.
    fn given(&self) -> Result<Map<String, Value>, CliError> {
        let others =
            !self.more.is_empty() || !self.audience.is_empty() || self.issuer.is_some() || self.subject.is_some();
        let limits = Limits::CLAIMS;
        let from_stdin = self.claims.as_ref().map_or(!others, |path| path.as_os_str() == "-");
        if from_stdin && self.password.is_stdin() {
            let message = "standard input gives the password, so the claims must come from elsewhere";
            return Err(CliError::usage(message, "--claims FILE"));
        }
        let bytes = match &self.claims {
            Some(path) if path.as_os_str() != "-" => input::read_bytes(path, limits.max_bytes)?,
            None if others => return Ok(Map::new()),
            _ => input::pipe("the JSON of the claims", limits.max_bytes)?,
        };
        parse_strict(&bytes, limits).map_err(|why| {
            CliError::usage(
                format!("the claims are not a JSON object as a token has it: {why}"),
                "{\"sub\": \"ada\", \"scope\": \"read\"}",
            )
        })
    }

    /// What a careful verifier would refuse, said before it does.
    fn warn(&self, claims: &Map<String, Value>, now: u64, output: &Output) {
        let mut reasons = Vec::new();
        check(claims, Kind::of(Some(&self.typ), claims), now, &mut reasons);
        let wanted = |id: &str| self.no_expiry && id == "exp_missing";
        for reason in reasons.iter().filter(|reason| reason.severity == Severity::Refused && !wanted(reason.id)) {
            output.warn(
                &reason.text,
                match reason.id {
                    "iss_missing" => "--issuer URL",
                    "aud_missing" => "--audience URL",
                    "access_token_claims" | "id_token_claims" | "azp_missing" => "--claim NAME=VALUE",
                    _ => &reason.hint,
                },
            );
        }
    }
}

/// The algorithms that go without saying, one for each type of key; a shared secret has none.
pub(super) const NATURAL: [Algorithm; 5] =
    [Algorithm::EdDSA, Algorithm::ES256, Algorithm::ES384, Algorithm::ES512, Algorithm::RS256];

/// The one of a key.
fn natural(jwk: &Jwk) -> Option<Algorithm> {
    NATURAL
        .into_iter()
        .find(|algorithm| SigningKey::from_jwk(jwk, *algorithm).err() != Some(Error::KeyAlgorithm))
        .filter(|_| jwk.kty() != "oct")
}

/// `NAME=TEXT` or `NAME:=JSON`.
fn claim(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=TEXT or NAME:=JSON")?;
    let (name, value) = match name.strip_suffix(':') {
        Some(name) => (name, serde_json::from_str(value).map_err(|_| "what stands behind := is not JSON")?),
        None => (name, json!(value)),
    };
    if name.is_empty() { Err("a claim has a name".to_owned()) } else { Ok((name.to_owned(), value)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_texts_unless_they_say_json() {
        let pair = |name: &str, value: Value| Ok((name.to_owned(), value));
        assert_eq!(claim("a=1"), pair("a", json!("1")));
        assert_eq!(claim("a:=1"), pair("a", json!(1)));
        assert_eq!(claim("a:=[\"x\",{}]"), pair("a", json!(["x", {}])));
        assert_eq!(claim("a="), pair("a", json!("")));
        assert_eq!(claim("https://x/roles=a=b"), pair("https://x/roles", json!("a=b")));
        for wrong in ["a", "=1", ":=1", "a:=x"] {
            assert!(claim(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_key_without_alg_signs_with_what_goes_without_saying() {
        use symbolon_jose::{KeyFormat, KeyManagement};
        let bare = |jwk: Jwk| Jwk::from_pem(&jwk.to_pem(KeyFormat::Pkcs8).unwrap()).unwrap();
        for (alg, natural_alg) in [
            (Algorithm::Ed25519, Algorithm::EdDSA),
            (Algorithm::ES384, Algorithm::ES384),
            (Algorithm::PS256, Algorithm::RS256),
        ] {
            assert_eq!(natural(&bare(Jwk::generate(alg).unwrap())), Some(natural_alg));
        }
        let secret = Jwk::from_slice(br#"{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#).unwrap();
        assert_eq!(natural(&secret), None);
        let x25519 = Jwk::generate_on(symbolon_jose::KeyCurve::X25519, KeyManagement::EcdhEs).unwrap();
        assert_eq!(natural(&bare(x25519)), None);
    }
}
