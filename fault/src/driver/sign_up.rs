//! An operator who makes accounts through the control socket: most with a password, some with a link whose page the person then fills in, some by
//! an invitation, with which the person makes the account.

use serde_json::{Value, json};

use super::{Browser, Ended, PASSWORD, Stage, command, field};
use crate::journal::Entry;

/// What makes an account.
pub(crate) fn add(user: &str, password: Option<&str>) -> Value {
    json!({ "user": { "add": {
        "username": null, "email": user, "email_verified": false, "name": null, "roles": [], "claims": {}, "password": password,
    } } })
}

/// Lives until the server dies.
pub(crate) async fn live(mut stage: Stage) -> Result<(), Ended> {
    let mut browser = stage.browser();
    for number in 0.. {
        let user = format!("u{}.{}.{number}@example.com", stage.round, stage.number);
        match number % 4 {
            0 => invited(&mut stage, &mut browser, user).await?,
            1 => by_invitation(&mut stage, &mut browser, user).await?,
            _ => {
                let answer = command(&mut stage.control, &add(&user, Some(PASSWORD))).await;
                stage.take(answer, 200, &user, "sign-up")?;
                stage.note(&Entry::Registered { user })?;
            }
        }
    }
    Ok(())
}

/// Three steps, each acknowledged by itself.
async fn invited(stage: &mut Stage, browser: &mut Browser, user: String) -> Result<(), Ended> {
    let answer = command(&mut stage.control, &add(&user, None)).await;
    stage.take(answer, 200, &user, "invitation")?;
    stage.note(&Entry::Invited { user: user.clone() })?;
    let ask = json!({ "user": { "reset-link": { "user": user, "valid_secs": 3600 } } });
    let answer = command(&mut stage.control, &ask).await;
    let link = stage.take(answer, 200, &user, "link")?.member("link")?;
    let link = link.strip_prefix(&stage.issuer).unwrap_or(&link).to_owned();
    stage.note(&Entry::Link { user: user.clone(), link: link.clone() })?;
    // Looking at the page promises nothing.
    let Ok(page) = browser.get(&link).await else { return Err(Ended::WithTheServer) };
    let (code, csrf) = (field(&page, "code"), field(&page, "csrf"));
    let fields = [("code", &*code), ("csrf", &csrf), ("password", PASSWORD), ("password_confirm", PASSWORD)];
    let answer = browser.post("/reset", &fields).await;
    stage.take(answer, 200, &user, "choice of a password")?;
    stage.note(&Entry::Chosen { user, link })
}

/// The person makes the account. An invitation alone is none.
async fn by_invitation(stage: &mut Stage, browser: &mut Browser, user: String) -> Result<(), Ended> {
    let ask = json!({ "user": { "invite": { "email": user, "valid_secs": 3600 } } });
    let answer = command(&mut stage.control, &ask).await;
    let link = stage.take(answer, 200, &user, "invitation to sign up")?.member("link")?;
    let link = link.strip_prefix(&stage.issuer).unwrap_or(&link).to_owned();
    let Ok(page) = browser.get(&link).await else { return Err(Ended::WithTheServer) };
    let (invitation, csrf) = (field(&page, "invitation"), field(&page, "csrf"));
    let fields =
        [("invitation", &*invitation), ("csrf", &csrf), ("password", PASSWORD), ("password_confirm", PASSWORD)];
    let answer = browser.post("/signup", &fields).await;
    stage.take(answer, 303, &user, "sign-up")?;
    stage.note(&Entry::Registered { user })
}
