//! Answers JSON lines: one request per line on standard input, one answer per line on standard output, in the same order.
//!
//! `tests/interop` drives it from other JOSE libraries; its README is the protocol. Only the crate's public API is used. An
//! answer is `{"ok": …}`, or `{"error": cause}` when the crate refused, or `{"protocol": …}` when the request itself was wrong,
//! so that a test of a refusal cannot pass because of a misspelt request.

mod jwe;
mod jwk;
mod jws;
mod jwt;
mod wire;

use std::io::{BufRead as _, Write as _};

use serde::Deserialize;
use serde_json::{Value, json};
use symbolon_jose::Error;

/// What can be asked; `op` names the variant.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Request {
    Decrypt(jwe::Decrypt),
    DecryptJson(jwe::DecryptJson),
    DecryptThenVerify(jwt::DecryptThenVerify),
    Encrypt(jwe::Encrypt),
    EncryptJson(jwe::EncryptJson),
    FromPem(jwk::FromPem),
    Generate(jwk::Generate),
    OpenKey(jwk::OpenKey),
    Private(jwk::Private),
    Public(jwk::Public),
    SealKey(jwk::SealKey),
    Sign(jws::Sign),
    SignJson(jws::SignJson),
    SignThenEncrypt(jwt::SignThenEncrypt),
    Thumbprint(jwk::Thumbprint),
    ToPem(jwk::ToPem),
    Verify(jws::Verify),
    VerifyJson(jws::VerifyJson),
}

fn main() -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        writeln!(stdout, "{}", answer(&line?))?;
        stdout.flush()?;
    }
    Ok(())
}

fn answer(line: &str) -> Value {
    let request = match serde_json::from_str::<Request>(line) {
        Ok(request) => request,
        Err(error) => return json!({ "protocol": error.to_string() }),
    };
    let outcome = match request {
        Request::Decrypt(request) => request.answer(),
        Request::DecryptJson(request) => request.answer(),
        Request::DecryptThenVerify(request) => request.answer(),
        Request::Encrypt(request) => request.answer(),
        Request::EncryptJson(request) => request.answer(),
        Request::FromPem(request) => request.answer(),
        Request::Generate(request) => request.answer(),
        Request::OpenKey(request) => request.answer(),
        Request::Private(request) => request.answer(),
        Request::Public(request) => request.answer(),
        Request::SealKey(request) => request.answer(),
        Request::Sign(request) => request.answer(),
        Request::SignJson(request) => request.answer(),
        Request::SignThenEncrypt(request) => request.answer(),
        Request::Thumbprint(request) => request.answer(),
        Request::ToPem(request) => request.answer(),
        Request::Verify(request) => request.answer(),
        Request::VerifyJson(request) => request.answer(),
    };
    outcome.map_or_else(refusal, |value| json!({ "ok": value }))
}

/// The cause by its name, so that tests can say which one they expect, and its text for people.
fn refusal(error: Error) -> Value {
    json!({ "error": format!("{error:?}"), "message": error.to_string() })
}
