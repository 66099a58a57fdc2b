//! Verifying many tokens at once on one thread and on all cores.

use std::num::NonZeroUsize;

use symbolon_jose::jwt;
use symbolon_jose::{Algorithm, Jwk, SigningKey};

use crate::Failure;
use crate::claims::{self, AccessToken, Size};
use crate::clock::Stopwatch;
use crate::peer::ours;
use crate::row::Figure;

const TOKENS: u64 = 2_000;
const ROUNDS: u32 = 15;

/// How much faster all cores are than one, of the share that would be ideal.
const EFFICIENCY: f64 = 0.85;

pub(crate) fn figures(now: u64) -> Result<Vec<Figure>, Failure> {
    let cores = std::thread::available_parallelism()?;
    let mut figures = Vec::new();
    for algorithm in [Algorithm::HS256, Algorithm::RS256, Algorithm::ES256] {
        let jwk = Jwk::generate(algorithm)?;
        let key = SigningKey::from_jwk(&jwk, algorithm)?;
        let mut claims = claims::claims(Size::Small, now)?;
        let mut tokens = Vec::new();
        for number in 0..TOKENS {
            claims.jti = format!("{number:032x}");
            tokens.push(jwt::sign(&key, "at+jwt", &claims)?);
        }
        let (keys, policy) = (ours::keys(&jwk, algorithm)?, ours::policy());
        let rate = |threads: NonZeroUsize| -> Result<f64, Failure> {
            let mut best = f64::INFINITY;
            for _ in 0..ROUNDS {
                let watch = Stopwatch::start();
                let verified = jwt::verify_batch::<AccessToken, _>(&tokens, &keys, &policy, now, threads);
                best = best.min(watch.elapsed().as_secs_f64());
                if let Some(error) = verified.into_iter().find_map(Result::err) {
                    return Err(error.into());
                }
            }
            Ok(tokens.len() as f64 / best)
        };
        let (one, all) = (rate(NonZeroUsize::MIN)?, rate(cores)?);
        let ideal = cores.get() as f64;
        let name = |what: &str| format!("jose.batch.{what}.{algorithm}");
        figures.push(Figure::reported(name("one_thread"), one, "tokens/s"));
        figures.push(Figure::reported(name("all_cores"), all, "tokens/s"));
        figures.push(Figure::at_least(name("scaling"), all / one / ideal, "of ideal", EFFICIENCY));
    }
    Ok(figures)
}
