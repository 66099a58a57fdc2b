//! Private keys are never printed unasked: every command that reads or makes one is run, also wrongly, and all it prints is searched
//! for the private members, in each of the forms a key is written in.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, KeyFormat, SigningKey, base64url, jwt};

const PASSWORD: &str = "correct horse battery staple";

/// Everything the program prints.
fn run(folder: &Path, arguments: &[&str], input: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_symbolon"));
    command.args(arguments).current_dir(folder).env_clear();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that fails early does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat()
}

/// What must not be printed: the private members of a JWK, and pieces of its PEM.
fn secrets(json: &str) -> Vec<String> {
    let value: Value = serde_json::from_str(json).unwrap();
    let members = ["d", "p", "q", "dp", "dq", "qi", "k", "priv"].into_iter().filter_map(|name| value[name].as_str());
    let mut secrets: Vec<String> = members.map(str::to_owned).collect();
    assert!(!secrets.is_empty());
    let jwk = Jwk::from_slice(json.as_bytes()).unwrap();
    for format in [KeyFormat::Pkcs1, KeyFormat::Pkcs8, KeyFormat::Sec1] {
        if let Ok(pem) = jwk.to_pem(format) {
            let lines: Vec<&str> = pem.lines().collect();
            secrets.extend(lines[1..lines.len() - 1].iter().map(|line| (*line).to_owned()));
        }
    }
    // Some lines hold public numbers alone: of RSA the modulus, of EC the end.
    let public = [jwk.public_value().map(|it| it.to_string()), jwk.to_pem(KeyFormat::Spki).map(|it| it.to_string())];
    let public = public.map(Result::unwrap_or_default).concat().replace('-', "+").replace('_', "/");
    secrets.retain(|secret| !public.contains(secret.as_str()));
    secrets
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

/// What is printed of a token that is genuine, with claims that hold the key.
fn verified(folder: &Path, private: &str) -> String {
    let key: Value = serde_json::from_str(private).unwrap();
    let jwk = Jwk::generate(Algorithm::HS256).unwrap();
    let signing = SigningKey::from_jwk(&jwk, Algorithm::HS256).unwrap();
    let claims = json!({ "iss": "i", "exp": 4_000_000_000_u64, "cnf": { "jwk": key }, "text": private, private: 1 });
    let Ok(token) = jwt::sign(&signing, "JWT", &claims) else {
        // A key of ML-DSA or RSA may be too long for that.
        assert!(private.len() > 1_000);
        return String::new();
    };
    fs::write(folder.join("secret.jwk"), jwk.to_private_json().as_bytes()).unwrap();
    let verify = ["token", "verify", "--issuer", "i", "--secret-file", "secret.jwk"];
    let printed = run(folder, &verify, &token) + &run(folder, &[&verify[..], &["--json"]].concat(), &token);
    assert_eq!(printed.matches("verified").count(), 2, "{printed}");
    printed
}

fn never_prints_the_key_of(alg: &str, more: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path();
    fs::write(folder.join("password"), PASSWORD).unwrap();
    let make = [&["keys", "generate", "--alg", alg, "--out", "key.jwk"], more].concat();
    let mut printed = run(folder, &make, "");
    let private = text(folder, "key.jwk");
    assert_eq!(fs::metadata(folder.join("key.jwk")).unwrap().permissions().mode() & 0o777, 0o600);
    fs::write(folder.join("set.jwks"), format!("{{\"keys\":[{private}]}}")).unwrap();
    let commands: [&[&str]; 22] = [
        &make,
        &["keys", "generate", "--alg", alg],
        &["keys", "convert", "--in", "key.jwk", "--to", "pkcs8", "--out", "key.pem"],
        &["keys", "convert", "--in", "key.jwk", "--to", "pkcs8", "--der", "--out", "key.der"],
        &["keys", "generate", "--alg", alg, "--out", "key.jwe", "--password-file", "password", "--json"],
        &["keys", "convert", "--in", "key.jwe", "--password-file", "password"],
        &["keys", "convert", "--in", "key.jwe", "--password-file", "key.jwk"],
        &["keys", "convert", "--in", "key.jwk"],
        &["keys", "convert", "--in", "key.jwk", "--json"],
        &["keys", "convert", "--in", "key.jwk", "--public", "--json"],
        &["keys", "convert", "--in", "set.jwks", "--to", "jwks"],
        &["keys", "convert", "--in", "key.pem", "--to", "pkcs8"],
        &["keys", "convert", "--in", "key.der", "--to", "spki"],
        &["keys", "convert", "--in", "key.jwk", "--alg", "ES512"],
        &["token", "sign", "--key", "key.jwk", "--subject", "ada", "--expires", "1m"],
        &["token", "sign", "--key", "key.jwk", "--claims", "key.jwk", "--expires", "1m"],
        &["token", "sign", "--key", "key.pem", "--claims", "key.pem", "--expires", "1m"],
        &["token", "encrypt", "--key", "key.jwk", "--json"],
        &["token", "decrypt", "--key", "key.jwk", "--file", "key.jwk"],
        &["token", "verify", "--issuer", "i", "--jwks", "key.jwk", "--file", "key.pem"],
        &["token", "verify", "--issuer", "i", "--secret-file", "key.jwk", "--key", "key.jwk"],
        &["token", "decode", "--file", "key.jwk"],
    ];
    for command in commands {
        printed += &run(folder, command, "a.b.c");
    }
    let key: Value = serde_json::from_str(&private).unwrap();
    let part = |value: &Value| base64url::encode(value.to_string().as_bytes());
    let (header, claims) = (json!({ "alg": "ES256", "jwk": key }), json!({ "cnf": { "jwk": key }, "text": private }));
    for pasted in [
        private.clone(),
        fs::read_to_string(folder.join("key.pem")).unwrap_or_default(),
        text(folder, "set.jwks"),
        format!("{}.{}.AA", part(&header), part(&claims)),
        format!("{}.{}.AA", part(&json!({ "alg": "ES256" })), base64url::encode(private.as_bytes())),
        json!({ "payload": part(&claims), "header": header, "signature": "AA" }).to_string(),
        json!({ "payload": base64url::encode(private.as_bytes()), "protected": part(&header), "signature": "AA" })
            .to_string(),
        format!("{}.{}.AA", part(&json!({ "alg": "ES256" })), part(&json!([key]))),
        format!("{}.{}.AA", part(&json!({ "alg": "ES256" })), part(&json!({ "text": format!("[{private}]") }))),
        format!("{}.{}.AA", part(&json!({ "alg": "ES256" })), part(&json!({ "text": format!("the key: {private}") }))),
        format!("{}.{}.AA", part(&json!({ "alg": "ES256" })), part(&json!({ private.as_str(): 1 }))),
    ] {
        for arguments in
            [&["token", "decode"][..], &["token", "decode", "--json"], &["token", "decrypt", "--key", "key.jwk"]]
        {
            printed += &run(folder, arguments, &pasted);
        }
    }
    printed += &verified(folder, &private);
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        // What the program wrote; the others are this test's own.
        if ["key.der", "key.jwe", "key.pem"].contains(&entry.file_name().to_str().unwrap()) {
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", entry.path().display());
        }
    }
    for secret in secrets(&private) {
        assert!(!printed.contains(&secret), "a private member of {alg} was printed");
    }
    assert!(!printed.contains(PASSWORD));
    // And when it is asked for, it is.
    let shown = run(folder, &["keys", "convert", "--in", "key.jwk", "--to", "jwk", "--show"], "");
    assert!(shown.contains(&secrets(&private)[0]));
}

#[test]
fn of_keys_that_sign() {
    for alg in ["ES256", "EdDSA", "ML-DSA-44", "HS256"] {
        never_prints_the_key_of(alg, &[]);
    }
}

#[test]
fn of_rsa_keys() {
    never_prints_the_key_of("RS256", &[]);
}

#[test]
fn of_keys_that_encrypt() {
    never_prints_the_key_of("ECDH-ES+A256KW", &["--curve", "X25519"]);
    never_prints_the_key_of("A256GCM", &[]);
    never_prints_the_key_of("A128KW", &[]);
}
