//! Many tokens at once, on several threads.

use std::num::NonZeroUsize;

use serde::de::DeserializeOwned;

use super::{Policy, Verified, verify};
use crate::{Error, VerifyingKeys};

/// Fewer tokens than this are not worth another thread: starting one takes as long as verifying a few.
const MIN_PER_THREAD: usize = 16;

/// Verifies every one of `tokens` at `now` as [`verify`] does, on at most `threads` threads of which the caller's is one. The
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
    let all = |tokens: &[T]| tokens.iter().map(|token| verify(token.as_ref(), keys, policy, now)).collect::<Vec<_>>();
    let share = tokens.len().div_ceil(threads.get()).max(MIN_PER_THREAD);
    let (own, rest) = tokens.split_at(share.min(tokens.len()));
    if rest.is_empty() {
        return all(own);
    }
    std::thread::scope(|scope| {
        let start = |share| std::thread::Builder::new().spawn_scoped(scope, move || all(share));
        let others: Vec<_> = rest.chunks(share).map(|share| (share, start(share))).collect();
        let mut verified = all(own);
        verified.reserve_exact(rest.len());
        for (share, other) in others {
            // A thread that could not start or answer leaves its share to us.
            let theirs = other.ok().and_then(|other| other.join().ok());
            verified.extend(theirs.unwrap_or_else(|| all(share)));
        }
        verified
    })
}
