//! Many tokens at once: every one is judged as if it were alone, in its place, on however many threads.

use std::num::NonZeroUsize;

use serde_json::json;
use symbolon_jose::jwt::{self, Claims};
use symbolon_jose::{Algorithm, Error, VerifyingKeys};

use crate::support::{NOW, claims, policy, signing, verifying};

#[test]
fn a_batch_answers_for_every_token_in_its_place() {
    let key = signing(Algorithm::EdDSA);
    let keys = VerifyingKeys::single(verifying(Algorithm::EdDSA));
    let make = |index: usize| match index % 3 {
        0 => jwt::sign(&key, "JWT", &claims(json!({"exp": 1}))).unwrap(),
        1 => "rubbish".to_owned(),
        _ => jwt::sign(&key, "JWT", &claims(json!({"jti": index.to_string()}))).unwrap(),
    };
    // Around the sizes at which another thread begins.
    for len in [0, 1, 63, 64, 127, 128, 129, 200] {
        let tokens: Vec<String> = (0..len).map(make).collect();
        for threads in [1, 2, 3, 64] {
            let threads = NonZeroUsize::new(threads).unwrap();
            let verified = jwt::verify_batch::<Claims, _>(&tokens, &keys, &policy(), NOW, threads);
            assert_eq!(verified.len(), len);
            let jti = |verified: Result<jwt::Verified<Claims>, Error>| verified.map(|it| it.into_claims().jti);
            let answers = jwt::verify_batch_with(&tokens, &keys, &policy(), NOW, threads, jti);
            let kept = verified.iter().map(|it| it.as_ref().map(|it| it.jti.clone()).map_err(|error| *error));
            assert_eq!(answers, kept.collect::<Vec<_>>(), "{len} on {threads}");
            for (index, verified) in verified.into_iter().enumerate() {
                let jti = verified.map(|verified| verified.into_claims().jti);
                let expected = [Err(Error::Expired), Err(Error::NotCompact), Ok(Some(index.to_string()))];
                assert_eq!(jti, expected[index % 3], "{index} of {len} on {threads}");
            }
        }
    }
}
