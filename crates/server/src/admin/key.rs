//! Signing keys: where each stands in its life, rotating them before their time, and withdrawing one that somebody else may have.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_jose::Algorithm;
use symbolon_store::{Document, StoreError};

use super::document::{self, KEY};
use super::revocation::{Cause, Registered, tokens_until};
use super::{AdminContext, AdminError, Event};
use crate::keys::{KeyRecord, KeyState, SET_CACHE_SECS, records};

/// Commands on signing keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum KeyCommand {
    /// All keys that are published.
    List,
    /// Withdraws one key: it leaves the key set at once, and whatever it signed is refused.
    Retire {
        /// Which.
        kid: String,
        /// Why; in good time a key is rotated instead.
        #[serde(default)]
        cause: Cause,
    },
    /// The published next keys sign from now on; the present ones stay published until their last token has expired.
    Rotate {
        /// Only the keys of this algorithm.
        algorithm: Option<Algorithm>,
        /// Whether to wait until everybody can know the next keys.
        #[serde(default)]
        haste: Haste,
    },
}

/// Whether a rotation waits for the caches of APIs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Haste {
    /// Rotate in any case: the present key is not to be trusted any more.
    Now,
    /// Refuse while someone may hold a key set without the next key.
    #[default]
    WhenKnown,
}

pub(super) async fn execute(context: &mut AdminContext<'_>, command: KeyCommand) -> Result<Value, AdminError> {
    match command {
        KeyCommand::List => list(context).await,
        KeyCommand::Retire { kid, cause } => retire(context, &kid, cause).await,
        KeyCommand::Rotate { algorithm, haste } => rotate(context, algorithm, haste).await,
    }
}

async fn list(context: &mut AdminContext<'_>) -> Result<Value, AdminError> {
    let documents = document::all(context, KEY).await?;
    // The private half stays behind even in its sealed form.
    let keys = records(&documents).map_err(|why| AdminError::failed(why.to_string()))?;
    let view =
        |key: &KeyRecord| json!({ "kid": key.kid, "alg": key.alg, "life": key.life, "created_at": key.created_at });
    Ok(json!({ "keys": keys.iter().map(view).collect::<Vec<Value>>() }))
}

async fn rotate(
    context: &mut AdminContext<'_>,
    algorithm: Option<Algorithm>,
    haste: Haste,
) -> Result<Value, AdminError> {
    let documents = document::all(context, KEY).await?;
    if haste == Haste::WhenKnown {
        check_known(&documents, algorithm, context.now)?;
    }
    let writes = context.keys.rotation(documents, algorithm, context.now).await?;
    if writes.is_empty() {
        return Err(AdminError::not_found("no signing key of that algorithm", "symbolon keys list"));
    }
    context.store.apply(writes).await?;
    let algorithm = algorithm.map(Algorithm::name);
    context.audit(Event { name: "key.rotate", detail: json!({ "algorithm": algorithm }), ..Event::default() }).await?;
    list(context).await
}

/// Without waiting for the caches of APIs: tokens of the next key that an API does not know yet are the smaller evil.
async fn retire(context: &mut AdminContext<'_>, kid: &str, cause: Cause) -> Result<Value, AdminError> {
    if cause != Cause::Compromised {
        return Err(AdminError::invalid(
            "a key is withdrawn only if somebody else may have it: everything it signed is refused at once",
            "symbolon keys rotate, after which it goes when its last token has expired; or add --compromised",
        ));
    }
    let documents = document::all(context, KEY).await?;
    let found = records(&documents).map_err(|why| AdminError::failed(why.to_string()))?;
    let Some(key) = found.into_iter().find(|key| key.kid == kid) else {
        return Err(AdminError::not_found(format!("no key `{kid}`"), "symbolon keys list"));
    };
    let rule = Registered::load(context).await?.key_rule(&key);
    let writes = context.keys.retirement(documents, kid, context.now).await?;
    context.apply_with(writes, Some(&rule)).await.map_err(|error| match error {
        StoreError::Conflict(_) | StoreError::NotFound(_) => {
            AdminError::conflict("the keys were changed by someone else in the meantime", "symbolon keys list")
        }
        other => other.into(),
    })?;
    let detail = json!({ "kid": kid, "algorithm": key.alg, "life": key.life, "cause": cause });
    context.audit(Event { name: "key.retire", detail, ..Event::default() }).await?;
    let mut answer = list(context).await?;
    answer["retired"] = json!({ "kid": kid, "alg": key.alg, "life": key.life });
    answer["tokens_until"] = json!(tokens_until(Some(&rule)));
    answer["key_set_until"] = json!(context.now + SET_CACHE_SECS);
    Ok(answer)
}

/// Refuses while a next key is younger than what caches may hold (RFC 9111 §4.2): an API with a set from before would meet
/// tokens of a key it does not know.
fn check_known(documents: &[Document], algorithm: Option<Algorithm>, now: u64) -> Result<(), AdminError> {
    let keys = records(documents).map_err(|why| AdminError::failed(why.to_string()))?;
    let next = keys.iter().filter(|key| key.life == KeyState::Next && algorithm.is_none_or(|only| only == key.alg));
    let wait = next.map(|key| key.created_at.saturating_add(SET_CACHE_SECS).saturating_sub(now)).max().unwrap_or(0);
    if wait == 0 {
        return Ok(());
    }
    Err(AdminError::conflict(
        format!(
            "the next key was published less than {SET_CACHE_SECS} seconds ago: an API that cached the key set before would not know it"
        ),
        format!("wait {wait} seconds and repeat the command; after a leak: symbolon keys rotate --now"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::AdminErrorKind;

    fn key(alg: Algorithm, life: &Value, created_at: u64) -> Document {
        let body =
            json!({ "kid": "k", "alg": alg, "life": life, "created_at": created_at, "public": {}, "sealed": "" });
        Document { kind: KEY.to_owned(), id: format!("{alg}.{created_at}"), revision: 1, body: body.into() }
    }

    #[test]
    fn a_next_key_that_caches_may_miss_is_not_rotated_to() {
        let (rs, es) = (Algorithm::RS256, Algorithm::ES256);
        let (active, next) = (json!({ "state": "active", "since": 1_000 }), json!({ "state": "next" }));
        let keys = [key(rs, &active, 1_000), key(rs, &next, 1_000), key(es, &next, 600)];
        for (algorithm, now, waits) in [
            (None, 1_000, Some(300)),
            (None, 1_299, Some(1)),
            (None, 1_300, None),
            (Some(rs), 1_001, Some(299)),
            (Some(es), 1_000, None),
            // A clock that went back.
            (Some(rs), 900, Some(400)),
        ] {
            let refusal = check_known(&keys, algorithm, now).err();
            assert_eq!(refusal.is_some(), waits.is_some(), "{algorithm:?} {now}");
            if let (Some(error), Some(secs)) = (refusal, waits) {
                assert_eq!(error.kind, AdminErrorKind::Conflict);
                assert!(error.hint.contains(&format!("wait {secs} seconds")), "{}", error.hint);
            }
        }
    }
}
