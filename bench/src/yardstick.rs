//! The other process of the issuance comparison: a bare axum server that answers every form with a token and does nothing else.
//!
//! No client, no scope, no policy, no log: read the body, build the claims, sign with the raw primitive, answer JSON. What a
//! real server costs above this is what its rules cost.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use hyper::body::Bytes;
use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, base64url};

use crate::raw::RawKey;
use crate::{Failure, clock};

struct Signer {
    header: String,
    key: RawKey,
}

/// Serves on a free port of loopback, prints the port, and ends when its standard input does.
pub(crate) fn serve(algorithm: &str) -> Result<(), Failure> {
    let algorithm = Algorithm::from_name(algorithm).ok_or("no such algorithm")?;
    let jwk = Jwk::generate(algorithm)?;
    let header = json!({"alg": algorithm.name(), "typ": "at+jwt", "kid": jwk.kid()}).to_string();
    let signer = Signer { header: base64url::encode(header.as_bytes()), key: RawKey::from_jwk(&jwk, algorithm)? };
    listen(Router::new().route("/oauth/token", post(token)).with_state(Arc::new(signer)))
}

/// Serves these routes, and says where and until when as [`serve`] does.
pub(crate) fn listen(app: Router) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?.port());
        let gone = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        let ended = async { drop(gone.await) };
        Ok(axum::serve(listener, app).with_graceful_shutdown(ended).await?)
    })
}

async fn token(State(signer): State<Arc<Signer>>, form: Bytes) -> Result<Json<Value>, String> {
    let now = clock::unix_now();
    // The same claims that the server under test puts into a token of client credentials.
    let claims = json!({
        "iss": "http://localhost:4400", "sub": "bench", "aud": "https://bench.example", "client_id": "bench", "scope": "read:bench",
        "iat": now, "exp": now + 600, "jti": format!("{now:016x}{:016x}", form.len()),
    });
    let mut token = signer.header.clone() + "." + &base64url::encode(claims.to_string().as_bytes());
    let signature = signer.key.sign(token.as_bytes()).map_err(|error| error.to_string())?;
    token.push('.');
    token.push_str(&base64url::encode(&signature));
    Ok(Json(json!({"access_token": token, "token_type": "Bearer", "expires_in": 600, "scope": "read:bench"})))
}
