//! The end of a sign-up: what proves the address is used up, the account is made, and its first session begins, in one transaction.

use std::collections::BTreeSet;

use http::HeaderValue;
use symbolon_oauth::{OAuthError, Subject, acr};
use symbolon_store::{CompleteSignUp, Conflict, Hash32, NewUser, Redeemed, Session, StoreError, User, UserStatus};

use crate::account::new_device;
use crate::account::normalize::EmailAddress;
use crate::effects::store_failure;
use crate::events;
use crate::http::authorize::Arrival;
use crate::http::browser::{self, Keep};
use crate::rng::SystemRng;

/// Who has proven an address.
pub(super) struct Newcomer {
    /// The id that somebody was told.
    pub(super) id: Option<String>,
    pub(super) email: EmailAddress,
    pub(super) name: Option<String>,
    pub(super) password_hash: String,
    pub(super) roles: BTreeSet<String>,
    /// On the way to this client.
    pub(super) client_id: Option<String>,
}

/// What proves it: kind and hash.
pub(super) struct Proof {
    pub(super) kind: &'static str,
    pub(super) hash: Hash32,
}

/// What came of it.
pub(super) enum Completed {
    /// The account is there, and this browser is signed in.
    Done(Box<(Session, HeaderValue)>),
    /// The proof was used before, or its time is over.
    Over,
    /// Somebody has an account with this address by now.
    Taken,
}

pub(super) async fn complete(arrival: &Arrival<'_>, proof: Proof, newcomer: Newcomer) -> Result<Completed, OAuthError> {
    let (app, meta) = (arrival.app, arrival.meta);
    let failed = |error| store_failure(&error);
    let identifier = newcomer.email.identifier.as_str().to_owned();
    let client_id = newcomer.client_id.clone();
    let user = account(newcomer, meta.now);
    let amr = [acr::PWD.to_owned()];
    let (new, cookie) = browser::new_session(app, arrival.headers, meta, (&user, &amr), Keep::No).await?;
    let session = new.session.clone();
    let sign_up = CompleteSignUp {
        kind: proof.kind,
        hash: proof.hash,
        now: meta.now,
        user: NewUser { user, identifiers: vec![identifier] },
        session: new,
    };
    match app.store.complete_sign_up(sign_up).await {
        Ok(Redeemed::Done) => {}
        Ok(_) => return Ok(Completed::Over),
        Err(StoreError::Conflict(Conflict::IdentifierTaken)) => return Ok(Completed::Taken),
        Err(error) => return Err(failed(error)),
    }
    // The owner has just proven the address: from here on a browser that is not this one is news to them.
    new_device::is_first(app, &session.user_id, meta.now).await.map_err(failed)?;
    app.metrics.sign_up("completed");
    events::signed_up(app, meta, &session, client_id.as_deref(), proof.kind).await.map_err(failed)?;
    events::signed_in(app, meta, &session, client_id.as_deref()).await.map_err(failed)?;
    Ok(Completed::Done(Box::new((session, cookie))))
}

fn account(newcomer: Newcomer, now: u64) -> User {
    User {
        id: newcomer.id.unwrap_or_else(|| Subject::generate(&mut SystemRng).as_str().to_owned()),
        username: None,
        email: Some(newcomer.email.as_typed),
        // That is what a sign-up proves; nobody can say it of themselves.
        email_verified: true,
        name: newcomer.name,
        profile: serde_json::Map::new(),
        password_hash: Some(newcomer.password_hash),
        status: UserStatus::Active,
        roles: newcomer.roles,
        revocation_handle: symbolon_oauth::random_id(&mut SystemRng),
        created_at: now,
        updated_at: now,
        password_changed_at: Some(now),
        revision: 1,
    }
}
