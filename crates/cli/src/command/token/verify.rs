//! `symbolon token verify`: signature, issuer, audience and times, and the reason of a refusal. An encrypted token is decrypted first.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};
use symbolon_guard::Keys;
use symbolon_jose::jwe::{self, DecryptingKeys};
use symbolon_jose::jwt::{self, Claims, MAX_LEEWAY_SECS, Policy, Verified};
use symbolon_jose::{Algorithm, Error, Jwk, KeyManagement, VerifyingKey, VerifyingKeys};

use super::decrypt::{decrypting_key, refused as not_decrypted};
use super::encrypt::{Choice, management};
use super::look::Look;
use super::meaning::claim_rows;
use super::reason::quoted;
use super::sign::NATURAL;
use super::{TokenSource, hide};
use crate::command::keys::file::{KeyFile, unfit};
use crate::command::{Global, duration, signature_algorithm};
use crate::connect;
use crate::error::{CHECK_FAILED, CliError, FAILED, UNREACHABLE};
use crate::input::{self, PasswordSource};
use crate::output::{Output, text, visible};
use crate::program::quoted as shell;
use crate::time;

/// More than any shared secret.
const MAX_SECRET: usize = 64 * 1024;

#[derive(Args, Debug)]
pub(crate) struct Verify {
    #[command(flatten)]
    source: TokenSource,
    /// Who must have issued it [default: the configured issuer, else that of the data]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Whom it must be meant for [default: anyone, which is said]
    #[arg(long)]
    audience: Option<String>,
    /// Take the keys from this file instead of the issuer: JWK set, JWK, PEM or DER
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// Verify with the shared secret in this file: a JWK, or its bytes without the end of the line
    #[arg(long, value_name = "FILE", conflicts_with = "jwks")]
    secret_file: Option<PathBuf>,
    /// Algorithm the keys are for [default: what each key says; HS256 for a secret]
    #[arg(long, value_parser = signature_algorithm)]
    alg: Option<Algorithm>,
    /// Decrypt it first with the private key in this file
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    password: PasswordSource,
    /// Algorithm that key is for [default: what the key says]
    #[arg(long, value_name = "ALG", value_parser = management, requires = "key")]
    key_alg: Option<KeyManagement>,
    /// Type its header must name, such as at+jwt [default: any]
    #[arg(long = "type", value_name = "TYPE")]
    typ: Option<String>,
    /// Tolerated difference of clocks, at most 5m
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = leeway)]
    leeway: u64,
}

/// What a policy would cut off is not taken.
fn leeway(text: &str) -> Result<u64, String> {
    let secs = duration(text)?;
    if secs > MAX_LEEWAY_SECS { Err("at most 5m: clocks that differ more want setting".to_owned()) } else { Ok(secs) }
}

impl Verify {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let issuer = match &self.issuer {
            Some(issuer) => issuer.clone(),
            None => Some(global.load()?.config.issuer)
                .filter(|issuer| !issuer.is_empty())
                .or_else(|| connect::known_issuer(global))
                .ok_or_else(|| CliError::usage("no issuer is known", "--issuer https://auth.example.com"))?,
        };
        if self.password.is_given() && self.key.is_none() {
            let message = "a password opens the file of the key that decrypts, and no such key was named";
            return Err(CliError::usage(message, "--key FILE"));
        }
        if self.password.is_stdin() && self.source.path().is_none() {
            let message = "standard input gives the password, so the token must come from elsewhere";
            return Err(CliError::usage(message, "--file FILE"));
        }
        let token = self.source.read()?;
        let decrypting = self.key.as_deref().map(|path| self.decrypting(path)).transpose()?;
        let keys = self.keys(&issuer)?;
        let (policy, now) = (self.policy(&issuer), time::now());
        let mut inner = None;
        let verified = match &decrypting {
            Some(decrypting) => {
                inner = Some(jwe::compact::decrypt(&token, decrypting).map_err(|why| not_decrypted(why, &token))?);
                jwt::decrypt_then_verify::<Claims>(&token, decrypting, &keys, &policy, now)
            }
            None => jwt::verify::<Claims>(&token, &keys, &policy, now),
        };
        match verified {
            Ok(verified) => {
                self.report(&verified, output);
                Ok(())
            }
            Err(why) => {
                // Of an encrypted token the outside is not where it went wrong.
                let signed = inner.as_ref().map_or(Ok(token.as_str()), |inner| std::str::from_utf8(inner.plaintext()));
                let said = signed.map_or_else(|_| String::new(), |signed| self.said(why, signed, &issuer, now));
                Err(CliError::new(CHECK_FAILED, format!("refused: {why}{said}"), self.hint(why)))
            }
        }
    }

    /// What the token says, where that differs from what was wanted.
    fn said(&self, why: Error, token: &str, issuer: &str, now: u64) -> String {
        let look = Look::at(token, now);
        let text_of = |members: Option<&Map<String, Value>>, name: &str| members?.get(name).map(|it| quoted(&text(it)));
        let claim = |name| text_of(look.claims.as_ref(), name).unwrap_or_else(|| "nothing".to_owned());
        let header = |name| text_of(look.headers.first(), name).unwrap_or_else(|| "nothing".to_owned());
        let when = |name: &str| {
            let moment = look.claims.as_ref().and_then(|claims| time::numeric_date(claims.get(name)?));
            moment.map_or_else(String::new, |it| format!(": {}, {}", time::distance(it, now), time::calendar(it)))
        };
        match why {
            Error::IssuerMismatch => format!(": it says {}, and {} was wanted", claim("iss"), quoted(issuer)),
            Error::AudienceMismatch => {
                let wanted = self.audience.as_deref().unwrap_or_default();
                format!(": it says {}, and {} was wanted", claim("aud"), quoted(wanted))
            }
            Error::Expired => when("exp"),
            // Of iat nothing is asked here.
            Error::NotYetValid => when("nbf"),
            Error::TypeMismatch => {
                format!(
                    ": it says {}, and {} was wanted",
                    header("typ"),
                    quoted(self.typ.as_deref().unwrap_or_default())
                )
            }
            Error::UnknownKey => format!(": kid {}, alg {}", header("kid"), header("alg")),
            Error::AlgorithmMismatch => format!(": it says {}", header("alg")),
            _ => String::new(),
        }
    }

    fn decrypting(&self, path: &Path) -> Result<DecryptingKeys, CliError> {
        let jwk = KeyFile::read_with(path, &self.password)?.one(None)?;
        decrypting_key(&jwk, path, Choice { alg: self.key_alg, enc: None }).map(DecryptingKeys::single)
    }

    fn keys(&self, issuer: &str) -> Result<VerifyingKeys, CliError> {
        if let Some(path) = &self.secret_file {
            return self.secret(path).map(VerifyingKeys::single);
        }
        let set = match &self.jwks {
            Some(path) => KeyFile::read(path)?.set,
            None => connect::runtime()?.block_on(Keys::fetch_once(issuer)).map_err(|why| {
                CliError::new(
                    UNREACHABLE,
                    format!("the keys of {issuer} cannot be had: {why}"),
                    "check the URL, or name a key file with --jwks",
                )
            })?,
        };
        let keys = VerifyingKeys::from_jwks(&set, &self.algorithms());
        match &self.jwks {
            Some(path) if keys.is_empty() && set.keys().iter().any(|key| key.kty() == "oct") => {
                let hint = format!("--secret-file {}", shell(&path.display().to_string()));
                Err(CliError::usage("a shared secret is not taken for a public key", hint))
            }
            Some(path) if keys.is_empty() => Err(CliError::new(
                FAILED,
                format!("{} holds no key that verifies signatures", path.display()),
                "name a file with {\"keys\": […]}, a JWK or a PEM; check --alg",
            )),
            _ => Ok(keys),
        }
    }

    /// What was named; else every one, and first what a key without `alg` signs with here.
    fn algorithms(&self) -> Vec<Algorithm> {
        match self.alg {
            Some(alg) => vec![alg],
            None => NATURAL.iter().chain(Algorithm::ALL).copied().collect(),
        }
    }

    /// A shared secret, as a JWK or as it is.
    fn secret(&self, path: &Path) -> Result<VerifyingKey, CliError> {
        let bytes = input::read_bytes(path, MAX_SECRET)?;
        let said = Jwk::from_slice(&bytes).ok();
        let algorithm = self.alg.or_else(|| said.as_ref()?.algorithm()).unwrap_or(Algorithm::HS256);
        if !algorithm.is_symmetric() || said.as_ref().is_some_and(|jwk| jwk.kty() != "oct") {
            return Err(CliError::usage(
                "a secret verifies HS256, HS384 or HS512 only",
                "for public keys: --jwks FILE",
            ));
        }
        let raw = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        let jwk = said.map_or_else(|| Jwk::oct(raw, algorithm), Ok);
        jwk.and_then(|jwk| VerifyingKey::from_jwk(&jwk, algorithm)).map_err(|why| {
            unfit(path, why, "check --alg; or make a secret: symbolon keys generate --alg HS256 --out secret.jwk")
        })
    }

    fn policy(&self, issuer: &str) -> Policy {
        let policy = match &self.audience {
            Some(audience) => Policy::new(issuer, audience),
            // Said aloud in the report.
            None => Policy::danger_any_audience(issuer),
        };
        let policy = policy.leeway_secs(self.leeway);
        match &self.typ {
            Some(typ) => policy.accept_type(typ.clone()),
            None => policy,
        }
    }

    const fn hint(&self, why: Error) -> &'static str {
        match why {
            Error::Encrypted => "--key FILE decrypts it first",
            Error::AlgorithmMismatch if self.alg.is_none() && (self.jwks.is_some() || self.secret_file.is_some()) => {
                "if the key is for another algorithm: --alg; symbolon token decode shows what the token says"
            }
            _ => "symbolon token decode shows what it says",
        }
    }

    fn report(&self, verified: &Verified<Claims>, output: &Output) {
        let claims = json!(verified.claims());
        // Genuine or not, nobody asked for the secrets in it.
        let (claims, found) = hide::members(claims.as_object().unwrap_or(&Map::new()));
        let claims = Value::Object(claims);
        let (alg, kid, typ) = (verified.algorithm().name(), verified.kid(), verified.typ());
        if found || [kid, typ].into_iter().flatten().any(hide::is_secret) {
            output.say(
                "a private key or another secret stands in it, where everybody can read it: replace that secret now",
            );
        }
        let [kid, typ] = [kid, typ].map(|said| said.map(hide::shown));
        if output.is_json() {
            return output.json(&json!({
                "verified": true,
                "decrypted": self.key.is_some(),
                "audience_checked": self.audience.is_some(),
                "header": { "alg": alg, "kid": kid, "typ": typ },
                "claims": claims,
            }));
        }
        output.line(&format!("verified: {alg} signature of key {}", visible(kid.unwrap_or("without kid"))));
        if let Value::Object(claims) = &claims {
            output.table(&["CLAIM", "VALUE", "MEANING"], &claim_rows(claims, time::now()));
        }
        if self.audience.is_none() {
            output.say("the audience was not checked; an API must: --audience URL");
        }
        output.say("whether it has been revoked was not asked");
    }
}
