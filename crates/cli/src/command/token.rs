//! `symbolon token`: look into a token, or verify it. Decoding trusts nothing and says so; verifying takes the issuer's keys and
//! names the reason of a refusal, which the server never tells a stranger.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use symbolon_guard::Keys;
use symbolon_jose::jwt::{self, Claims, Policy};
use symbolon_jose::{Algorithm, JwkSet, VerifyingKeys};

use super::{Global, duration};
use crate::connect;
use crate::error::{CHECK_FAILED, CONFIGURATION, CliError, UNREACHABLE};
use crate::input;
use crate::output::{Output, text};
use crate::time;

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Show what a token says, without any claim that it is genuine
    #[command(
        after_help = "The token is read from standard input, where no shell history and no other user sees it.\n\n\
        Examples:\n  symbolon token decode < token.txt\n  pbpaste | symbolon token decode --json"
    )]
    Decode {
        #[command(flatten)]
        source: TokenSource,
    },
    /// Check signature, issuer, audience and times; exit code 8 when refused
    #[command(
        after_help = "The token is read from standard input. Keys come from the issuer (https, or http on this machine) or from a file.\n\n\
        Examples:\n  \
        symbolon token verify --issuer https://auth.example.com --audience https://api.example.com < token.txt\n  \
        symbolon token verify --jwks keys.json --issuer https://auth.example.com < token.txt"
    )]
    Verify(Verify),
}

#[derive(Args, Debug)]
pub(crate) struct TokenSource {
    /// Read the token from this file [default: standard input]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

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
    /// Take the keys from this JWK set instead of the issuer
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// Type its header must name, such as at+jwt [default: any]
    #[arg(long = "type", value_name = "TYPE")]
    typ: Option<String>,
    /// Tolerated difference of clocks, at most 5m
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    leeway: u64,
}

impl Token {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Decode { source } => decode(&source, output),
            Self::Verify(verify) => verify.run(global, output),
        }
    }
}

impl TokenSource {
    fn read(&self) -> Result<String, CliError> {
        let text = match &self.file {
            Some(path) => input::read_file(path)?,
            None => input::read_stdin("the token")?,
        };
        // People copy whole headers.
        let token = text.trim();
        let token = token.strip_prefix("Authorization:").map_or(token, str::trim);
        let token = token.strip_prefix("Bearer ").map_or(token, str::trim);
        if token.is_empty() {
            return Err(CliError::usage("no token was given", "pipe it in: symbolon token decode < token.txt"));
        }
        Ok(token.to_owned())
    }
}

fn decode(source: &TokenSource, output: &Output) -> Result<(), CliError> {
    let token = source.read()?;
    if token.starts_with("sym_") {
        return Err(CliError::usage(
            "this is an opaque secret (code, refresh token or client secret): it holds no claims",
            "ask the server about it with POST /oauth/introspect",
        ));
    }
    let parts = jwt::decode_unverified(&token).map_err(|why| {
        CliError::new(
            CHECK_FAILED,
            format!("this is not a signed JWT: {why}"),
            "pass the whole token: three parts with dots between",
        )
    })?;
    if output.is_json() {
        output.json(&json!({ "verified": false, "header": parts.header, "claims": parts.claims }));
        return Ok(());
    }
    output.say("NOT VERIFIED: anyone can write such a token. This is what it says, not what is true.");
    let now = time::now();
    output.table(&["HEADER", "VALUE", "MEANING"], &rows(&parts.header, HEADER, now));
    output.table(&["CLAIM", "VALUE", "MEANING"], &rows(&parts.claims, CLAIMS, now));
    let issuer = parts.claims.get("iss").map_or_else(|| "URL".to_owned(), text);
    output.next(&format!("symbolon token verify --issuer {}", crate::output::visible(&issuer)));
    Ok(())
}

impl Verify {
    fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let issuer = match &self.issuer {
            Some(issuer) => issuer.clone(),
            None => Some(global.load()?.config.issuer)
                .filter(|issuer| !issuer.is_empty())
                .or_else(|| connect::known_issuer(global))
                .ok_or_else(|| CliError::usage("no issuer is known", "--issuer https://auth.example.com"))?,
        };
        let token = self.source.read()?;
        let set = match &self.jwks {
            Some(path) => key_file(path)?,
            None => connect::runtime()?.block_on(Keys::fetch_once(&issuer)).map_err(|why| {
                CliError::new(
                    UNREACHABLE,
                    format!("the keys of {issuer} cannot be had: {why}"),
                    "check the URL, or name a key file with --jwks",
                )
            })?,
        };
        let keys = VerifyingKeys::from_jwks(&set, Algorithm::ALL);
        match jwt::verify::<Claims>(&token, &keys, &self.policy(&issuer), time::now()) {
            Ok(verified) => {
                self.report(&verified, output);
                Ok(())
            }
            Err(why) => {
                Err(CliError::new(CHECK_FAILED, format!("refused: {why}"), "symbolon token decode shows what it says"))
            }
        }
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

    fn report(&self, verified: &jwt::Verified<Claims>, output: &Output) {
        let claims = json!(verified.claims());
        let (alg, kid, typ) = (verified.algorithm().name(), verified.kid(), verified.typ());
        if output.is_json() {
            return output.json(&json!({
                "verified": true,
                "audience_checked": self.audience.is_some(),
                "header": { "alg": alg, "kid": kid, "typ": typ },
                "claims": claims,
            }));
        }
        output.line(&format!("verified: {alg} signature of key {}", kid.unwrap_or("without kid")));
        if let Value::Object(claims) = &claims {
            output.table(&["CLAIM", "VALUE", "MEANING"], &rows(claims, CLAIMS, time::now()));
        }
        if self.audience.is_none() {
            output.say("the audience was not checked; an API must: --audience URL");
        }
        output.say("whether it has been revoked was not asked");
    }
}

fn key_file(path: &Path) -> Result<JwkSet, CliError> {
    let text = input::read_file(path)?;
    JwkSet::from_slice(text.as_bytes()).map_err(|why| {
        CliError::new(
            CONFIGURATION,
            format!("{} is not a JWK set: {why}", path.display()),
            "name a file with {\"keys\": […]}",
        )
    })
}

fn rows(members: &Map<String, Value>, meanings: &[(&str, &str)], now: u64) -> Vec<Vec<String>> {
    let row = |(name, value): (&String, &Value)| {
        let meaning = meanings.iter().find(|(known, _)| known == name).map_or("", |(_, meaning)| meaning);
        vec![name.clone(), text(value), explained(name, value, meaning, now)]
    };
    members.iter().map(row).collect()
}

/// The meaning, and for times the calendar.
fn explained(name: &str, value: &Value, meaning: &str, now: u64) -> String {
    let is_time = matches!(name, "auth_time" | "exp" | "iat" | "nbf" | "updated_at");
    match value.as_u64().filter(|_| is_time) {
        Some(unix) => format!("{meaning}: {}, {}", time::calendar(unix), time::distance(unix, now)),
        None => meaning.to_owned(),
    }
}

/// RFC 7515 §4.1.
const HEADER: &[(&str, &str)] = &[
    ("alg", "how it claims to be signed; a verifier decides by the key, not by this"),
    ("crit", "extensions a verifier must understand or refuse"),
    ("cty", "what is inside"),
    ("jwk", "a key it brings along; never to be trusted"),
    ("jku", "where it wants keys to be fetched; never to be followed"),
    ("kid", "which key of the issuer signed it"),
    ("typ", "what kind of token: at+jwt is an access token, JWT usually an ID token"),
    ("x5c", "a certificate it brings along; never to be trusted"),
    ("x5u", "where it wants a certificate to be fetched; never to be followed"),
];

/// RFC 7519 §4.1, RFC 9068 §2.2, OpenID Connect Core §2 and §5.1, and ours.
const CLAIMS: &[(&str, &str)] = &[
    ("acr", "how strong the authentication was"),
    ("amr", "how the user authenticated: pwd is a password"),
    ("at_hash", "ties the ID token to an access token"),
    ("aud", "whom it is for; anyone else must refuse it"),
    ("auth_time", "when the user really authenticated"),
    ("azp", "the client it was issued to"),
    ("c_hash", "ties the ID token to a code"),
    ("client_id", "the client that asked for it"),
    ("cnf", "the key its bearer must prove to hold"),
    ("email", "e-mail address of the user"),
    ("email_verified", "whether the user has proven to receive mail there"),
    ("exp", "refuse it from then on"),
    ("family_name", "family name of the user"),
    ("given_name", "given name of the user"),
    ("iat", "when it was issued"),
    ("iss", "who says so; its keys must verify the signature"),
    ("jti", "the token's own id, by which it can be revoked"),
    ("locale", "language of the user"),
    ("name", "display name of the user"),
    ("nbf", "refuse it before"),
    ("nonce", "ties the ID token to the client's request"),
    ("permissions", "what the user may do there"),
    ("picture", "picture of the user"),
    ("preferred_username", "user name; may change"),
    ("rh", "the user's revocation handle, by which all tokens of the user can be revoked"),
    ("roles", "roles of the user"),
    ("scope", "what the client was granted"),
    ("sid", "the browser session, by which it can be revoked"),
    ("sub", "whom it is about: the user's id, or the client's own"),
    ("updated_at", "when the profile was last changed"),
    ("zoneinfo", "time zone of the user"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_explained_by_the_calendar_and_strange_ones_are_left_alone() {
        assert_eq!(explained("exp", &json!(60), "refuse", 0), "refuse: 1970-01-01 00:01:00Z, in 1m");
        assert_eq!(explained("exp", &json!("soon"), "refuse", 0), "refuse");
        assert_eq!(explained("exp", &json!(-5), "refuse", 0), "refuse");
        assert_eq!(explained("custom", &json!(60), "", 0), "");
    }
}
