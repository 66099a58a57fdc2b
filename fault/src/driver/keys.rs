//! An operator who rotates the signing keys, and machine clients that ask for tokens meanwhile.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Ended, Machine, Stage, command};
use crate::Failure;
use crate::journal::Entry;

/// What rotates the keys that sign the API's tokens.
pub(crate) fn rotate() -> Value {
    json!({ "key": { "rotate": { "algorithm": "ES256", "haste": "now" } } })
}

/// Client 0 rotates, the others ask for tokens. Lives until the server dies.
pub(crate) async fn live(mut stage: Stage, machine: Machine) -> Result<(), Ended> {
    loop {
        if stage.number == 0 {
            let answer = command(&mut stage.control, &rotate()).await;
            let answer = stage.take(answer, 200, "keys", "rotation")?;
            let [kid] = &*with_state(&answer.json(), "active")? else {
                return Err(Ended::Badly(format!("not one active key in {}", answer.words()).into()));
            };
            stage.note(&Entry::KeyActive { kid: kid.clone() })?;
            // Every rotated key stays published, and the key set has a size.
            tokio::time::sleep(Duration::from_millis(20)).await;
        } else {
            let answer = machine.token(&mut stage.connection).await;
            let token = stage.take(answer, 200, "", "token")?.member("access_token")?;
            stage.note(&Entry::Issued { token })?;
        }
    }
}

/// The `kid`s of the keys in this state among those that sign the API's tokens, in an answer that lists keys.
pub(crate) fn with_state(answer: &Value, state: &str) -> Result<Vec<String>, Failure> {
    let keys = answer["keys"].as_array().ok_or("no list of keys")?;
    let found = keys.iter().filter(|key| key["alg"] == "ES256" && key["life"]["state"] == state);
    Ok(found.filter_map(|key| key["kid"].as_str().map(str::to_owned)).collect())
}
