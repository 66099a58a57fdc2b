//! Names that are no text, outputs that cannot be written and inputs that are too long: nothing panics, and nothing is lost in silence.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn symbolon(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_symbolon"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&OsStr]) -> Output {
    symbolon(folder).args(arguments).output().unwrap()
}

fn words(text: &str) -> Vec<&OsStr> {
    text.split(' ').map(OsStr::new).collect()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn names_that_are_no_text_are_as_good_as_any() {
    let folder = tempfile::tempdir().unwrap();
    let odd = |name: &str| OsString::from(OsStr::from_bytes(&[name.as_bytes(), b"\xff"].concat()));
    let (private, public, pem) = (odd("private"), odd("public"), odd("pem"));
    let generate = words("keys generate --alg ES256 --json --out");
    let made = run(folder.path(), &[&generate[..], &[&private, OsStr::new("--public-out"), &public]].concat());
    assert_eq!(made.status.code(), Some(0), "{}", errors(&made));
    assert!(serde_json::from_slice::<Value>(&made.stdout).unwrap()["out"].is_string());
    assert!(folder.path().join(&private).exists() && folder.path().join(&public).exists());
    let convert = words("keys convert --json --to pkcs8 --in");
    let made = run(folder.path(), &[&convert[..], &[&private, OsStr::new("--out"), &pem]].concat());
    assert_eq!(made.status.code(), Some(0), "{}", errors(&made));
    assert!(folder.path().join(&pem).exists());
    let made = run(folder.path(), &[OsStr::new("init"), OsStr::new("--json"), &odd("conf")]);
    assert_eq!(made.status.code(), Some(0), "{}", errors(&made));
    // In a configuration file only text can stand, and half a name would be another folder.
    let refused = run(folder.path(), &[OsStr::new("--data"), &odd("data"), OsStr::new("init"), OsStr::new("other")]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(errors(&refused).contains("is not UTF-8") && !folder.path().join("other").exists());
}

#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(folder.path(), &words("keys generate --alg ES256 --out key.jwk"));
    assert_eq!(made.status.code(), Some(0));
    for arguments in [
        "keys generate --alg ES256 --show",
        "keys generate --alg ES256 --show --json",
        "token sign --key key.jwk --issuer i --subject ada --expires 1m",
        "keys convert --in key.jwk --public",
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let failed = symbolon(folder.path()).args(arguments.split(' ')).stdout(full).output().unwrap();
        assert_eq!(failed.status.code(), Some(1), "{arguments}");
        assert!(errors(&failed).contains("standard output cannot be written"), "{arguments}: {}", errors(&failed));
    }
}

#[test]
fn a_reader_that_has_gone_away_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = symbolon(folder.path());
    let left = command.args(["keys", "generate", "--alg", "ES256", "--show"]).stdout(writer).output().unwrap();
    assert_eq!((left.status.code(), errors(&left).contains("error")), (Some(0), false), "{}", errors(&left));
}

#[test]
fn what_is_too_long_is_refused_and_not_cut() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("long"), "a".repeat(64 * 1024 + 1)).unwrap();
    fs::write(folder.path().join("bytes"), b"\xff\xfe").unwrap();
    fs::write(folder.path().join("content"), "hello").unwrap();
    for arguments in
        ["keys generate --alg ES256 --out key.jwe --password-file", "token encrypt --file content --password-file"]
    {
        for (file, said) in [("long", "longer than 64 KiB"), ("bytes", "not a text in UTF-8")] {
            let refused = run(folder.path(), &words(&format!("{arguments} {file}")));
            assert_eq!(refused.status.code(), Some(1), "{arguments} {file}");
            assert!(errors(&refused).contains(said), "{arguments} {file}: {}", errors(&refused));
        }
    }
    assert!(!folder.path().join("key.jwe").exists());
    // A password of exactly that length is one.
    fs::write(folder.path().join("long"), "a".repeat(64 * 1024)).unwrap();
    let sealed = run(folder.path(), &words("token encrypt --file content --password-file long"));
    assert_eq!(sealed.status.code(), Some(0), "{}", errors(&sealed));
    fs::write(folder.path().join("token"), &sealed.stdout).unwrap();
    let opened = run(folder.path(), &words("token decrypt --file token --password-file long"));
    assert_eq!(opened.stdout, b"hello");
}
