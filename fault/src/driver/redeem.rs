//! A person who has signed in on the hosted page and whose app gets a code and redeems it, again and again.

use super::{Browser, Ended, Stage, code_of, email, redeem};
use crate::journal::Entry;

/// Lives until the server dies.
pub(crate) async fn live(mut stage: Stage) -> Result<(), Ended> {
    let mut browser = signed_in(&mut stage).await?;
    loop {
        once(&stage, &mut browser).await?;
    }
}

/// The person signs in, in a browser that has the stage's connection.
pub(crate) async fn signed_in(stage: &mut Stage) -> Result<Browser, Ended> {
    let mut browser = stage.browser();
    let answer = browser.sign_in(&email(stage.number)).await;
    stage.take(answer, 303, "", "sign-in")?;
    Ok(browser)
}

/// One code.
pub(crate) async fn once(stage: &Stage, browser: &mut Browser) -> Result<(), Ended> {
    let answer = browser.code().await;
    let code = match answer {
        Ok(answer) => code_of(&answer)?,
        unanswered => return stage.take(unanswered, 303, "", "authorization").map(drop),
    };
    stage.note(&Entry::Code { code: code.clone() })?;
    let answer = redeem(&mut browser.connection, &code).await;
    let answer = stage.take(answer, 200, &code, "redemption")?;
    let token = answer.member("refresh_token")?;
    stage.note(&Entry::Redeemed { code, token })
}
