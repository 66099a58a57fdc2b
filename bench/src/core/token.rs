//! One token: signing and verifying in `symbolon-jose`, verifying in the guard, beside the raw primitive.
//!
//! Budget (verify): raw primitive + 1 µs, HS256 1.4 µs. The token is one of RFC 9068 with 345 bytes of claims.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde::Deserialize;
use serde_json::{Value, json};
use symbolon_guard::{Guard, Keys};
use symbolon_jose::{Algorithm, Jwk, JwkSet, SigningKey, VerifyingKey, VerifyingKeys, base64url, jwt};

use crate::figure::Figure;
use crate::raw::RawKey;
use crate::{Failure, clock, measure};

const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::HS256, Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];

const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "https://api.example.com";

/// What HS256 may take in all: there the JSON costs more than the primitive.
const HS256_BUDGET_US: f64 = 1.4;

/// What everything around the primitive may take.
const OVERHEAD_BUDGET_US: f64 = 1.0;

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for algorithm in ALGORITHMS {
        figures.extend(of(algorithm)?);
    }
    Ok(figures)
}

fn of(algorithm: Algorithm) -> Result<Vec<Figure>, Failure> {
    let jwk = Jwk::generate(algorithm)?;
    let now = clock::unix_now();
    let claims = claims(now)?;
    let signing = SigningKey::from_jwk(&jwk, algorithm)?;
    let token = jwt::sign(&signing, "at+jwt", &claims)?;
    let (message, signature) = token.rsplit_once('.').ok_or("not a token")?;
    let signature = base64url::decode(signature)?;
    let raw = RawKey::from_jwk(&jwk, algorithm)?;

    let keys: VerifyingKeys = std::iter::once(VerifyingKey::from_jwk(&jwk, algorithm)?).collect();
    let policy = jwt::Policy::new(ISSUER, AUDIENCE).accept_type("at+jwt");
    let guard = guard(&jwk, algorithm)?;

    let [raw_verify, jose_verify, guard_verify] = measure::in_turns([
        &mut || raw.verify(message.as_bytes(), &signature),
        &mut || Ok(jwt::verify::<AccessToken>(&token, &keys, &policy, now).map(drop)?),
        &mut || Ok(at_once(guard.verify(&token)).ok_or("the guard waits")?.map(drop)?),
    ])?;
    let [raw_sign, jose_sign] = measure::in_turns([&mut || raw.sign(message.as_bytes()).map(drop), &mut || {
        Ok(jwt::sign(&signing, "at+jwt", &claims).map(drop)?)
    }])?;

    let budget = if algorithm == Algorithm::HS256 { HS256_BUDGET_US } else { raw_verify + OVERHEAD_BUDGET_US };
    let name = |what: &str| format!("core.{what}.{algorithm}");
    Ok(vec![
        Figure::reported(name("verify.raw"), raw_verify, "µs"),
        Figure::at_most(name("verify.jose"), jose_verify, "µs", budget),
        Figure::at_most(name("verify.guard"), guard_verify, "µs", budget),
        Figure::reported(name("verify.guard_to_raw"), guard_verify / raw_verify, "×"),
        Figure::reported(name("sign.raw"), raw_sign, "µs"),
        Figure::reported(name("sign.jose"), jose_sign, "µs"),
        Figure::reported(name("sign.jose_to_raw"), jose_sign / raw_sign, "×"),
    ])
}

/// What an API would read from the token (RFC 9068 §2.2).
#[derive(Deserialize)]
#[expect(dead_code, reason = "read, then measured to have been read")]
struct AccessToken {
    iss: String,
    sub: String,
    aud: jwt::Audience,
    exp: u64,
    iat: u64,
    jti: String,
    client_id: String,
    scope: String,
    sid: String,
    auth_time: u64,
    roles: Vec<String>,
    rh: String,
}

/// What a future has at once: the guard's keys are at hand, and entering a runtime for it would cost more than some of its checks.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// A guard with its keys at hand, so that nothing is fetched.
fn guard(jwk: &Jwk, algorithm: Algorithm) -> Result<Guard, Failure> {
    let keys = if algorithm.is_symmetric() {
        let json: Value = serde_json::from_str(&jwk.to_private_json())?;
        Keys::shared_secret(&base64url::decode(json["k"].as_str().unwrap_or_default())?, algorithm)?
    } else {
        Keys::fixed(jwk.public().into_iter().collect::<JwkSet>())
    };
    // As if every token were seen for the first time.
    Ok(Guard::new(ISSUER, AUDIENCE)?.algorithms([algorithm]).keys(keys).remember(0))
}

/// An access token's claims (RFC 9068 §2.2): 345 bytes, the size that the budgets are stated for.
fn claims(now: u64) -> Result<Value, Failure> {
    let claims = json!({
        "iss": ISSUER, "sub": "usr_5f3a9c1e7b2d4860", "aud": AUDIENCE, "exp": now + 86_400, "iat": now,
        "jti": "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d", "client_id": "dragons-spa", "scope": "openid profile email read:dragons",
        "sid": "f47ac10b58cc4372a5670e02b2c3d479", "auth_time": now, "roles": ["admin"], "rh": "Zm9vYmFyYmF6cXU",
    });
    match claims.to_string().len() {
        345 => Ok(claims),
        length => Err(format!("the claims have {length} bytes; the budgets are for 345").into()),
    }
}
