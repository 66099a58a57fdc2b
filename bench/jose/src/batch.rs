//! Verifying many tokens at once, on one thread and on all cores.

use std::num::NonZeroUsize;

use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::claims::{self, AccessToken, Size};
use symbolon_bench_jose_common::clock::Stopwatch;
use symbolon_jose::jwt;
use symbolon_jose::{Algorithm, Error, Jwk, SigningKey};

use crate::figure::Figure;
use crate::peer::ours;

const TOKENS: u32 = 2_000;
/// Rounds of one thread and all cores in turns; the fastest of each counts.
const ROUNDS: u32 = 40;

/// The least that all cores do of as many times what one does.
const EFFICIENCY: f64 = 0.85;

pub(crate) fn figures(now: u64) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for algorithm in [Algorithm::HS256, Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        figures.extend(of(algorithm, now)?);
    }
    Ok(figures)
}

fn of(algorithm: Algorithm, now: u64) -> Result<Vec<Figure>, Failure> {
    let cores = std::thread::available_parallelism()?;
    let jwk = Jwk::generate(algorithm)?;
    let key = SigningKey::from_jwk(&jwk, algorithm)?;
    let mut claims = claims::claims(Size::Small, now)?;
    let mut tokens = Vec::new();
    for number in 0..TOKENS {
        claims.jti = format!("{number:032x}");
        tokens.push(jwt::sign(&key, "at+jwt", &claims)?);
    }
    let (keys, policy) = (ours::keys(&jwk, algorithm)?, ours::policy());
    // All claims handed back, and of each token its expiry.
    let kept = |threads: NonZeroUsize| -> Result<f64, Failure> {
        let watch = Stopwatch::start();
        let verified = jwt::verify_batch::<AccessToken, _>(&tokens, &keys, &policy, now, threads);
        let elapsed = watch.elapsed().as_secs_f64();
        verified.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(f64::from(TOKENS) / elapsed)
    };
    let answered = |threads: NonZeroUsize| -> Result<f64, Failure> {
        let exp = |verified: Result<jwt::Verified<AccessToken>, Error>| verified.map(|verified| verified.exp());
        let watch = Stopwatch::start();
        let answers = jwt::verify_batch_with(&tokens, &keys, &policy, now, threads, exp);
        let elapsed = watch.elapsed().as_secs_f64();
        answers.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(f64::from(TOKENS) / elapsed)
    };
    let mut figures = Vec::new();
    for (way, rate) in [("kept", &kept as &dyn Fn(NonZeroUsize) -> Result<f64, Failure>), ("answered", &answered)] {
        let (mut one, mut all) = (0.0_f64, 0.0_f64);
        for _ in 0..ROUNDS {
            one = one.max(rate(NonZeroUsize::MIN)?);
            all = all.max(rate(cores)?);
        }
        let ideal = one * f64::from(u32::try_from(cores.get())?);
        let name = |what: &str| format!("jose.batch.{algorithm}.{way}.{what}");
        figures.extend([
            Figure::reported(name("one_thread"), one, "tokens/s"),
            Figure::reported(name("all_cores"), all, format!("tokens/s on {cores}")),
            Figure::at_least(name("of_ideal"), all / ideal, "×", EFFICIENCY),
        ]);
    }
    Ok(figures)
}
