//! `symbolon keys generate` and `convert` show nothing of a private key unasked, and nobody but its owner may read its file.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The members of a JWK that are secret (RFC 7518 §6, RFC 8037 §2, RFC 9964 §3).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "k", "priv"];

const ALGORITHMS: [&str; 7] = ["ES256", "RS256", "Ed25519", "ML-DSA-65", "HS256", "ECDH-ES+A256KW", "A256GCM"];

/// All that the program prints; it must succeed.
fn printed(folder: &Path, line: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_symbolon")).args(line).current_dir(folder).env_clear().output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    assert!(output.status.success(), "{line:?}: {text}");
    text
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn nothing_private_is_printed_unasked_or_left_for_others_to_read() {
    for algorithm in ALGORITHMS {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let mut text = printed(folder, &["keys", "generate", "--alg", algorithm, "--out", "key.jwk"]);
        let key: Value = serde_json::from_slice(&fs::read(folder.join("key.jwk")).unwrap()).unwrap();
        let secret = key["kty"] == "oct";
        text += &printed(folder, &["keys", "convert", "--in", "key.jwk", "--to", "jwks", "--out", "set.json"]);
        text += &printed(folder, &["keys", "convert", "--in", "key.jwk", "--to", "jwk", "--out", "b.jwk", "--json"]);
        if !secret {
            text += &printed(folder, &["keys", "convert", "--in", "key.jwk", "--out", "key.pem"]);
            text += &printed(folder, &["keys", "convert", "--in", "key.pem", "--out", "again.jwk"]);
            for to in ["jwk", "jwks", "spki"] {
                text += &printed(folder, &["keys", "convert", "--in", "key.jwk", "--public", "--to", to]);
            }
            let pem = fs::read_to_string(folder.join("key.pem")).unwrap();
            for line in pem.lines().filter(|line| !line.starts_with("-----")) {
                assert!(!text.contains(line), "{algorithm}: a line of the private PEM was printed");
            }
        }
        let secrets: Vec<&str> = PRIVATE.iter().filter_map(|name| key[*name].as_str()).collect();
        assert!(!secrets.is_empty(), "{algorithm}");
        for value in secrets {
            assert!(!text.contains(value), "{algorithm}: a private member was printed");
        }
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{algorithm}: {}", path.display());
        }
    }
}

#[test]
fn a_secret_is_printed_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    printed(folder, &["keys", "generate", "--alg", "HS256", "--out", "key.jwk"]);
    let key: Value = serde_json::from_slice(&fs::read(folder.join("key.jwk")).unwrap()).unwrap();
    let text = printed(folder, &["keys", "convert", "--in", "key.jwk", "--show"]);
    assert!(text.contains(key["k"].as_str().unwrap()));
}
