//! The people of `refresh` and the operator of `sign_up`, at a steady rate, until the server dies.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior};

use super::{Ended, PASSWORD, Stage, command, email, refresh, revoke, sign_in, sign_up};
use crate::journal::Entry;
use crate::rng;

/// How often one client writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate(Duration);

impl Rate {
    /// So many writes a second.
    pub(crate) fn new(a_second: u64) -> Self {
        Self(Duration::from_secs(1) / u32::try_from(a_second.max(1)).unwrap_or(u32::MAX))
    }

    fn beat(self) -> Interval {
        let mut beat = tokio::time::interval(self.0);
        beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
        beat
    }
}

/// Client 0 makes accounts, the others sign in, refresh and revoke.
pub(crate) async fn live(mut stage: Stage, rate: Rate) -> Result<(), Ended> {
    let mut beat = rate.beat();
    for number in 0.. {
        if stage.number == 0 {
            register(&mut stage, &mut beat, number).await?;
        } else {
            family(&mut stage, &mut beat, number).await?;
        }
    }
    Ok(())
}

async fn register(stage: &mut Stage, beat: &mut Interval, number: u64) -> Result<(), Ended> {
    beat.tick().await;
    let user = format!("u{number}@example.com");
    let answer = command(&mut stage.control, &sign_up::add(&user, Some(PASSWORD))).await;
    stage.take(answer, 200, &user, "sign-up")?;
    stage.note(&Entry::Registered { user })
}

async fn family(stage: &mut Stage, beat: &mut Interval, number: u64) -> Result<(), Ended> {
    let chain = format!("{}.{number}", stage.number);
    beat.tick().await;
    let answer = sign_in(&mut stage.connection, &email(stage.number), PASSWORD).await;
    let answer = stage.take(answer, 200, &chain, "sign-in")?;
    let mut token = answer.member("refresh_token")?;
    stage.note(&Entry::Born { chain: chain.clone(), token: token.clone() })?;
    for _ in 0..rng::between(2..=20) {
        beat.tick().await;
        let answer = refresh(&mut stage.connection, &token).await;
        token = stage.take(answer, 200, &chain, "refresh")?.member("refresh_token")?;
        stage.note(&Entry::Rotated { chain: chain.clone(), token: token.clone() })?;
    }
    if rng::between(0..=1) == 0 {
        beat.tick().await;
        let answer = revoke(&mut stage.connection, &token).await;
        stage.take(answer, 200, &chain, "revocation")?;
        stage.note(&Entry::Revoked { chain })?;
    }
    Ok(())
}
