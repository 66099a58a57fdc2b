//! What an operator would type before the measurement: APIs, a machine client, an app, users.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use symbolon_server::config::{SETTINGS, parse_size};

use crate::Failure;
use crate::clock::Stopwatch;
use crate::server::Installation;

/// Hashes of which the fastest counts.
const HASHES: u32 = 9;

/// The app that signs people in.
pub(super) const APP: &str = "bench-app";

/// An API of this name exists for each algorithm its tokens can be signed with.
pub(super) fn audience(algorithm: &str) -> String {
    format!("https://{}.bench.example", algorithm.to_ascii_lowercase())
}

/// An API whose tokens are signed with `algorithm`.
pub(super) fn api(installation: &Installation, algorithm: &str) -> Result<(), Failure> {
    let audience = audience(algorithm);
    installation.run(
        &["api", "add", &audience, "--name", algorithm, "--alg", algorithm, "--scope", "read:bench=Measure"],
        "",
    )?;
    Ok(())
}

/// A machine client for one API; gives its id and secret.
pub(super) fn machine(installation: &Installation, algorithm: &str) -> Result<(String, String), Failure> {
    let (id, api) =
        (format!("bench-{}", algorithm.to_ascii_lowercase()), format!("{}=read:bench", audience(algorithm)));
    let answer = installation.run(&["client", "add", "--machine", "--id", &id, "--name", &id, "--api", &api], "")?;
    let secret = answer["client_secret"].as_str().ok_or("the new client has no secret")?;
    Ok((id, secret.to_owned()))
}

/// A public first-party client that may post passwords.
pub(super) fn app(installation: &Installation) -> Result<(), Failure> {
    api(installation, "RS256")?;
    let api = format!("{}=read:bench", audience("RS256"));
    let redirect = ["--redirect", "http://localhost:9/"];
    let arguments = ["client", "add", "--spa", "--id", APP, "--name", APP, "--api", &api, "--password-sign-in"];
    installation.run(&[&arguments[..], &redirect[..]].concat(), "")?;
    Ok(())
}

/// A user with a password.
pub(super) fn user(installation: &Installation, email: &str, password: &str) -> Result<(), Failure> {
    installation.run(&["user", "add", "--email", email, "--password-stdin"], password)?;
    Ok(())
}

/// Time of one hash with the server's default parameters on memory that is already there, the fastest of some.
pub(super) fn hash_time() -> Result<Duration, Failure> {
    let memory_kib = u32::try_from(parse_size(default("password.memory")?)? / 1024)?;
    let (passes, lanes) = (default("password.passes")?.parse()?, default("password.lanes")?.parse()?);
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory_kib, passes, lanes, None)?);
    let mut memory = vec![Block::default(); hasher.params().block_count()];
    let mut fastest = Duration::MAX;
    for _ in 0..HASHES {
        let watch = Stopwatch::start();
        hasher.hash_password_into_with_memory(
            b"a long enough password",
            b"sixteen salty by",
            &mut [0; 32],
            &mut memory,
        )?;
        fastest = fastest.min(watch.elapsed());
    }
    Ok(fastest)
}

/// The hash parameters of a server that was told nothing, in words.
pub(super) fn hash_parameters() -> Result<String, Failure> {
    let of = |name: &str| default(&format!("password.{name}"));
    Ok(format!("Argon2id, {}, {} passes, {} lane", of("memory")?, of("passes")?, of("lanes")?))
}

fn default(path: &str) -> Result<&'static str, Failure> {
    let setting = SETTINGS.iter().find(|setting| setting.path == path);
    Ok(setting.ok_or_else(|| format!("no setting {path}"))?.default)
}
