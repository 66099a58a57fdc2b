//! The end of a sign-up: what proves the address is used up, the account is made, and its first session begins, in one transaction.
//!
//! Where a password is not enough the account is made without a session: it enters as in every sign-in, with the factor that has to be set up.

use std::collections::BTreeSet;

use axum::response::Response;
use http::{HeaderValue, StatusCode};
use symbolon_oauth::second_factor::Next;
use symbolon_oauth::{OAuthError, Subject, acr};
use symbolon_store::{CompleteSignUp, Conflict, Hash32, NewUser, Redeemed, Session, StoreError, User, UserStatus};

use crate::account::new_device;
use crate::account::normalize::EmailAddress;
use crate::effects::store_failure;
use crate::events;
use crate::http::authorize::Arrival;
use crate::http::browser::{self, Keep};
use crate::http::entry::Entry;
use crate::http::{login, page};
use crate::interaction::Interaction;
use crate::pages::done::{Done, DoneWhat};
use crate::pages::error::ErrorWhat;
use crate::pages::{Csp, WebUrl};
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
    /// The account is there.
    Done(Box<Newborn>),
    /// The proof was used before, or its time is over.
    Over,
    /// Somebody has an account with this address by now.
    Taken,
}

/// An account that was just made.
pub(in crate::http) struct Newborn {
    user: User,
    /// Its session in this browser; none if another factor is asked for first.
    begun: Option<(Session, HeaderValue)>,
}

impl Newborn {
    /// The cookies of the session, for a page that says so; `None` if there is none yet.
    pub(super) fn with_cookies(&self, arrival: &Arrival<'_>, mut response: Response) -> Option<Response> {
        let (session, cookie) = self.begun.clone()?;
        login::with_cookies(arrival.app, arrival.headers, &session, cookie, &mut response);
        Some(response)
    }

    /// On to what waits, if need be by way of the factor that is asked for.
    pub(super) async fn onward(
        self,
        arrival: &Arrival<'_>,
        interaction: Option<Interaction>,
    ) -> Result<Response, OAuthError> {
        if let Some((session, cookie)) = self.begun {
            return login::entered(arrival, &session, cookie, interaction);
        }
        let entered = entry(arrival, &self.user, interaction).proceed().await?;
        // Blocked or deleted in this very moment.
        Ok(entered.unwrap_or_else(|| page::error(arrival.app, arrival.meta, ErrorWhat::PageExpired)))
    }
}

/// The page that says so, to whoever is not led on by what waits: which client they wanted, and where it is.
pub(super) fn done(arrival: &Arrival<'_>, email: String, client: Option<String>, app: Option<WebUrl>) -> Response {
    let shell = page::shell(arrival.app, arrival.meta);
    let view = Done { shell, what: DoneWhat::SignedUp { email, client, app } };
    page::html(arrival.app, StatusCode::OK, &view, &Csp::strict())
}

/// Somebody who has chosen a password a moment ago.
fn entry<'a>(arrival: &'a Arrival<'a>, user: &'a User, interaction: Option<Interaction>) -> Entry<'a> {
    Entry { arrival, user, amr: vec![acr::PWD.to_owned()], keep: Keep::No, interaction }
}

/// Makes the account, for what waits in this browser.
pub(super) async fn complete(
    arrival: &Arrival<'_>,
    proof: Proof,
    newcomer: Newcomer,
    waiting: Option<&Interaction>,
) -> Result<Completed, OAuthError> {
    let (app, meta) = (arrival.app, arrival.meta);
    let failed = |error| store_failure(&error);
    let identifier = newcomer.email.identifier.as_str().to_owned();
    let client_id = newcomer.client_id.clone();
    let user = account(newcomer, meta.now);
    let entry = entry(arrival, &user, waiting.cloned());
    let begins = entry.next().await?.0 == Next::SignIn;
    let begun = if begins {
        Some(browser::new_session(app, arrival.headers, meta, (&user, &entry.amr), entry.keep).await?)
    } else {
        None
    };
    let (session, cookie) = begun.unzip();
    let sign_up = CompleteSignUp {
        kind: proof.kind,
        hash: proof.hash,
        now: meta.now,
        user: NewUser { user: user.clone(), identifiers: vec![identifier] },
        session: session.clone(),
    };
    match app.store.complete_sign_up(sign_up).await {
        Ok(Redeemed::Done) => {}
        Ok(_) => return Ok(Completed::Over),
        Err(StoreError::Conflict(Conflict::IdentifierTaken)) => return Ok(Completed::Taken),
        Err(error) => return Err(failed(error)),
    }
    // The owner has just proven the address: from here on a browser that is not this one is news to them.
    if session.is_some() {
        new_device::is_first(app, &user.id, meta.now).await.map_err(failed)?;
    }
    app.metrics.sign_up("completed");
    let session = session.map(|new| new.session);
    let who = (&*user.id, session.as_ref());
    events::signed_up(app, meta, who, client_id.as_deref(), proof.kind).await.map_err(failed)?;
    if let Some(session) = &session {
        events::signed_in(app, meta, session, client_id.as_deref()).await.map_err(failed)?;
    }
    Ok(Completed::Done(Box::new(Newborn { user, begun: session.zip(cookie) })))
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
