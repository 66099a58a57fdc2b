//! Recovery codes: ten at a time, stored as hashes, each used once.

use serde_json::Value;
use symbolon_factors::RecoveryCode;
use symbolon_factors::recovery_code::{COUNT, RANDOM_LEN};
use symbolon_oauth::second_factor::Enrolled;
use symbolon_oauth::{Rng as _, random_id};
use symbolon_store::{Credential, UseCredential, User};

use super::{Factors, using};
use crate::rng::SystemRng;

/// New codes, as they are shown once.
pub(crate) fn generate() -> Vec<RecoveryCode> {
    let one = || {
        let mut bytes = [0; RANDOM_LEN];
        SystemRng.fill(&mut bytes);
        RecoveryCode::from_random(bytes)
    };
    std::iter::repeat_with(one).take(COUNT).collect()
}

/// The same as they are stored.
pub(crate) fn credentials(codes: &[RecoveryCode], user_id: &str, now: u64) -> Vec<Credential> {
    codes.iter().map(|code| credential(user_id, code, now)).collect()
}

fn credential(user_id: &str, code: &RecoveryCode, now: u64) -> Credential {
    Credential {
        id: random_id(&mut SystemRng),
        user_id: user_id.to_owned(),
        kind: Credential::RECOVERY_CODE.to_owned(),
        key: Some(code.hash(user_id).to_vec()),
        name: String::new(),
        payload: Value::Null,
        counter: 0,
        created_at: now,
        last_used_at: None,
    }
}

pub(super) fn judge(
    factors: &Factors,
    user: &User,
    typed: &str,
    now: u64,
) -> Option<(UseCredential, &'static Enrolled)> {
    let hash = RecoveryCode::parse(typed)?.hash(&user.id);
    let unused = |code: &&Credential| code.counter == 0 && code.key.as_deref() == Some(&hash[..]);
    let code = factors.recovery_codes().find(unused)?;
    Some((using(code, 1, now), &Enrolled::RECOVERY_CODE))
}
