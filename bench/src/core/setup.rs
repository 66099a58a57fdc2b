//! What an operator would type before the measurement: APIs, a machine client, an app, users.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use symbolon_server::config::{SETTINGS, parse_size};

use crate::clock::Stopwatch;
use crate::server::Installation;
use crate::{Failure, cpu, load};

/// How long hashing goes on to find its cost.
const HASH_FOR: Duration = Duration::from_secs(4);

/// An API of this name exists for each algorithm its tokens can be signed with.
pub(crate) fn audience(algorithm: &str) -> String {
    format!("https://{}.bench.example", algorithm.to_ascii_lowercase())
}

/// An API whose tokens are signed with `algorithm`.
pub(crate) fn api(installation: &Installation, algorithm: &str) -> Result<(), Failure> {
    let audience = audience(algorithm);
    installation.run(
        &["api", "add", &audience, "--name", algorithm, "--alg", algorithm, "--scope", "read:bench=Measure"],
        "",
    )?;
    Ok(())
}

/// A machine client for one API; gives its id and secret.
pub(crate) fn machine(installation: &Installation, algorithm: &str) -> Result<(String, String), Failure> {
    let (id, api) =
        (format!("bench-{}", algorithm.to_ascii_lowercase()), format!("{}=read:bench", audience(algorithm)));
    let answer = installation.run(&["client", "add", "--machine", "--id", &id, "--name", &id, "--api", &api], "")?;
    let secret = answer["client_secret"].as_str().ok_or("the new client has no secret")?;
    Ok((id, secret.to_owned()))
}

/// A public first-party client that may post passwords, all of whose tokens are signed with `algorithm`; gives its id.
pub(crate) fn app(installation: &Installation, algorithm: &str) -> Result<String, Failure> {
    self::api(installation, algorithm)?;
    let (id, api) = (format!("app-{}", algorithm.to_ascii_lowercase()), format!("{}=read:bench", audience(algorithm)));
    let arguments = ["client", "add", "--spa", "--id", &id, "--name", &id, "--api", &api, "--password-sign-in"];
    let more = ["--redirect", "http://localhost:9/", "--id-token-alg", algorithm];
    installation.run(&[&arguments[..], &more[..]].concat(), "")?;
    Ok(id)
}

/// A user with a password.
pub(crate) fn user(installation: &Installation, email: &str, password: &str) -> Result<(), Failure> {
    installation.run(&["user", "add", "--email", email, "--password-stdin"], password)?;
    Ok(())
}

/// Processor seconds of one hash with the server's default parameters.
pub(crate) fn hash_cost() -> Result<f64, Failure> {
    let memory_kib = u32::try_from(parse_size(default("password.memory")?)? / 1024)?;
    hash_cost_of(memory_kib, default("password.passes")?.parse()?, 1)
}

/// Processor seconds of one hash, on memory that is already there and with every processor at it, as in the server.
pub(crate) fn hash_cost_of(memory_kib: u32, passes: u32, lanes: u32) -> Result<f64, Failure> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory_kib, passes, lanes, None)?);
    let hash = || -> Result<u64, Failure> {
        let mut memory = vec![Block::default(); argon2.params().block_count()];
        let (watch, mut hashes) = (Stopwatch::start(), 0);
        while watch.elapsed() < HASH_FOR {
            let (password, salt) = (b"a long enough password", b"sixteen salty by");
            argon2.hash_password_into_with_memory(password, salt, &mut [0; 32], &mut memory)?;
            hashes += 1;
        }
        Ok(hashes)
    };
    let workers = std::thread::available_parallelism()?.get();
    let before = cpu::used(std::process::id())?;
    let hashes = std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(hash)).collect();
        running.into_iter().map(|worker| worker.join().map_err(|_| "hashing panicked")?).sum::<Result<u64, Failure>>()
    })?;
    let used = cpu::used(std::process::id())?.saturating_sub(before);
    Ok(used.as_secs_f64() / load::count(hashes))
}

/// The hash parameters of a server that was told nothing, in words.
pub(crate) fn hash_parameters() -> Result<String, Failure> {
    let of = |name: &str| default(&format!("password.{name}"));
    Ok(format!("Argon2id, {}, {} passes, 1 lane", of("memory")?, of("passes")?))
}

fn default(path: &str) -> Result<&'static str, Failure> {
    let setting = SETTINGS.iter().find(|setting| setting.path == path);
    Ok(setting.ok_or_else(|| format!("no setting {path}"))?.default)
}
