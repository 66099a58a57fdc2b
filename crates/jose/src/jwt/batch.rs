//! Many tokens at once, on several threads.

use std::num::NonZeroUsize;

use serde::de::DeserializeOwned;

use super::{Buffer, Policy, Verified, verify_in};
use crate::{Error, VerifyingKeys};

/// Fewer tokens than this are not worth another thread: starting one takes as long as verifying some dozens with
/// the fastest algorithm.
const MIN_PER_THREAD: usize = 64;

/// Verifies every one of `tokens` at `now` as [`verify`](super::verify) does, on at most `threads` threads of which the caller's is one. The
/// answers come in the order of the tokens.
///
/// ```
/// use std::num::NonZeroUsize;
/// use symbolon_jose::jwt::{self, Claims, Policy};
/// use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey, VerifyingKeys};
///
/// let jwk = Jwk::generate(Algorithm::Ed25519)?;
/// let key = SigningKey::from_jwk(&jwk, Algorithm::Ed25519)?;
/// let claims = serde_json::json!({"iss": "i", "aud": "a", "sub": "ada", "exp": 1_000});
/// let tokens = [jwt::sign(&key, "JWT", &claims)?, "rubbish".to_owned()];
/// let keys = VerifyingKeys::single(VerifyingKey::from_jwk(&jwk, Algorithm::Ed25519)?);
/// let threads = NonZeroUsize::new(4).unwrap();
/// let verified = jwt::verify_batch::<Claims, _>(&tokens, &keys, &Policy::new("i", "a"), 999, threads);
/// assert_eq!(verified[0].as_ref().unwrap().sub.as_deref(), Some("ada"));
/// assert_eq!(verified[1].as_ref().unwrap_err(), &Error::NotCompact);
/// # Ok::<(), Error>(())
/// ```
pub fn verify_batch<C, T>(
    tokens: &[T],
    keys: &VerifyingKeys,
    policy: &Policy,
    now: u64,
    threads: NonZeroUsize,
) -> Vec<Result<Verified<C>, Error>>
where
    C: DeserializeOwned + Send,
    T: AsRef<str> + Sync,
{
    verify_batch_with(tokens, keys, policy, now, threads, |verified| verified)
}

/// The same, with what `answer` makes of each token, on the thread that verified it. Where that is small it scales better: what
/// claims hold is then freed where it was made, and need not be kept for all tokens at once.
///
/// ```
/// use std::num::NonZeroUsize;
/// use symbolon_jose::jwt::{self, Claims, Policy};
/// use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey, VerifyingKeys};
///
/// let jwk = Jwk::generate(Algorithm::Ed25519)?;
/// let key = SigningKey::from_jwk(&jwk, Algorithm::Ed25519)?;
/// let claims = serde_json::json!({"iss": "i", "aud": "a", "sub": "ada", "exp": 1_000});
/// let tokens = [jwt::sign(&key, "JWT", &claims)?, "rubbish".to_owned()];
/// let keys = VerifyingKeys::single(VerifyingKey::from_jwk(&jwk, Algorithm::Ed25519)?);
/// let (policy, threads) = (Policy::new("i", "a"), NonZeroUsize::MIN);
/// let is_ada = |verified: Result<jwt::Verified<Claims>, Error>| verified.is_ok_and(|it| it.sub.as_deref() == Some("ada"));
/// assert_eq!(jwt::verify_batch_with(&tokens, &keys, &policy, 999, threads, is_ada), [true, false]);
/// # Ok::<(), Error>(())
/// ```
pub fn verify_batch_with<C, T, R>(
    tokens: &[T],
    keys: &VerifyingKeys,
    policy: &Policy,
    now: u64,
    threads: NonZeroUsize,
    answer: impl Fn(Result<Verified<C>, Error>) -> R + Sync,
) -> Vec<R>
where
    C: DeserializeOwned,
    T: AsRef<str> + Sync,
    R: Send,
{
    let workers = (tokens.len() / MIN_PER_THREAD).clamp(1, threads.get());
    let share = tokens.len().div_ceil(workers).max(1);
    let all = |share: &[T], room: usize| {
        // Of its own, so that no two threads write to the same count of users.
        let keys: VerifyingKeys = keys.iter().cloned().collect();
        let mut buffer = Buffer::new();
        let mut answers = Vec::with_capacity(room);
        answers.extend(share.iter().map(|token| answer(verify_in(token.as_ref(), &keys, policy, now, &mut buffer))));
        answers
    };
    let all = &all;
    let mut shares = tokens.chunks(share);
    let own = shares.next().unwrap_or_default();
    std::thread::scope(|scope| {
        let start = |share| {
            let theirs = std::thread::Builder::new().spawn_scoped(scope, move || all(share, share.len()));
            (share, theirs)
        };
        let others: Vec<_> = shares.map(start).collect();
        // Room for everything from the start: what is appended later need not move.
        let mut answers = all(own, tokens.len());
        for (share, other) in others {
            // A thread that could not start or answer leaves its share to us.
            let theirs = other.ok().and_then(|other| other.join().ok());
            answers.extend(theirs.unwrap_or_else(|| all(share, share.len())));
        }
        answers
    })
}
