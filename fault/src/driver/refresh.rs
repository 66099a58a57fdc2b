//! A person who signs in, refreshes some dozen times, then revokes the token or leaves it, and signs in again.

use std::ops::RangeInclusive;

use super::{Ended, Stage, email, refresh, revoke, sign_in};
use crate::journal::Entry;
use crate::{driver, rng};

/// Lives until the server dies.
pub(crate) async fn live(mut stage: Stage) -> Result<(), Ended> {
    for number in 0.. {
        let chain = format!("{}.{number}", stage.number);
        family(&mut stage, chain, 5..=40).await?;
    }
    Ok(())
}

/// From one sign-in to the next, with so many refreshes.
pub(crate) async fn family(stage: &mut Stage, chain: String, refreshes: RangeInclusive<u64>) -> Result<(), Ended> {
    let email = email(stage.number);
    let answer = sign_in(&mut stage.connection, &email, driver::PASSWORD).await;
    let answer = stage.take(answer, 200, &chain, "sign-in")?;
    let mut token = answer.member("refresh_token")?;
    stage.note(&Entry::Born { chain: chain.clone(), token: token.clone() })?;
    for _ in 0..rng::between(refreshes) {
        let answer = refresh(&mut stage.connection, &token).await;
        let answer = stage.take(answer, 200, &chain, "refresh")?;
        token = answer.member("refresh_token")?;
        stage.note(&Entry::Rotated { chain: chain.clone(), token: token.clone() })?;
    }
    if rng::between(0..=1) == 0 {
        let answer = revoke(&mut stage.connection, &token).await;
        stage.take(answer, 200, &chain, "revocation")?;
        stage.note(&Entry::Revoked { chain })?;
    }
    Ok(())
}
