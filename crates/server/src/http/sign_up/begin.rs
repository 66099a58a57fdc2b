//! What becomes of a filled form: a pending sign-up and a letter, whoever the address belongs to.
//!
//! An address that has an account takes the same steps in the same order, the password is hashed, something is kept and a letter sent;
//! only what the letter says is different, and that no code will fit (security 119, 123).

use std::net::{IpAddr, Ipv4Addr};

use symbolon_oauth::{OAuthError, OpaqueToken, Params, TokenKind};
use symbolon_store::Attempt;

use super::code::Question;
use super::{Form, Next, Typed, is_open};
use crate::account::normalize::EmailAddress;
use crate::account::password::Password;
use crate::account::profile::is_name;
use crate::account::sign_up::{self, Address, Pending};
use crate::account::throttle::Effort;
use crate::app::App;
use crate::effects::store_failure;
use crate::events;
use crate::http::authorize::Arrival;
use crate::http::{entry, setup, work};
use crate::interaction::{Interaction, fingerprint};
use crate::mail::{self, Letter, To};
use crate::pages::error::ErrorWhat;
use crate::pages::sign_up::SignUpProblem;
use crate::rng::SystemRng;

/// What somebody wants an account with.
pub(in crate::http) struct Wanted {
    pub(in crate::http) email: EmailAddress,
    pub(in crate::http) name: Option<String>,
    pub(super) password: Password,
}

/// Checks what was typed. `email` as it counts, which an invitation says.
pub(super) async fn wanted(app: &App, params: &Params, email: &str) -> Result<Wanted, SignUpProblem> {
    let typed = params.get("password").unwrap_or_default();
    if params.get("password_confirm").is_some_and(|again| again != typed) {
        return Err(SignUpProblem::PasswordsDiffer);
    }
    checked(app, email, params.get("name"), typed).await
}

/// The same of what an app asks.
pub(in crate::http) async fn checked(
    app: &App,
    email: &str,
    name: Option<&str>,
    typed: &str,
) -> Result<Wanted, SignUpProblem> {
    let email = EmailAddress::parse(email).map_err(|_| SignUpProblem::Email)?;
    let name = name.map(str::trim).filter(|name| !name.is_empty());
    if name.is_some_and(|name| !is_name(name)) {
        return Err(SignUpProblem::Name);
    }
    let password = Password::parse(typed).map_err(SignUpProblem::Password)?;
    let words = [email.identifier.as_str(), name.unwrap_or_default(), "symbolon"];
    app.passwords.judge(setup::policy(app), &password, &words).await.map_err(SignUpProblem::Password)?;
    Ok(Wanted { name: name.map(str::to_owned), email, password })
}

pub(super) async fn begin(
    arrival: &Arrival<'_>,
    browser: &str,
    interaction: Interaction,
    params: &Params,
) -> Result<Next, OAuthError> {
    let app = arrival.app;
    if !is_open(arrival, &interaction) {
        return Ok(Next::Over(ErrorWhat::SignUpClosed));
    }
    let typed = Typed::of(params);
    let again = |interaction, problem| {
        app.metrics.sign_up(outcome(problem));
        Ok(Next::Form(Box::new(Form { interaction, typed: typed.clone(), problem: Some(problem) })))
    };
    let wanted = match wanted(app, params, params.get("email").unwrap_or_default()).await {
        Ok(wanted) => wanted,
        Err(problem) => return again(interaction, problem),
    };
    let effort = work::made(app, browser, params, arrival.meta.now).await?;
    let hash = match hashed(arrival, &wanted, effort).await? {
        Ok(hash) => hash,
        Err(problem) => return again(interaction, problem),
    };
    let sealed = app.interactions.seal(&interaction.clone().back(arrival.meta.now));
    let pending = Pending {
        email: wanted.email.as_typed.clone(),
        name: wanted.name,
        password_hash: hash,
        code: String::new(),
        address: Address::Free,
        interaction: Some(sealed.map_err(|_| OAuthError::ServerError)?),
        browser: Some(fingerprint(browser)),
        user_id: None,
    };
    let name = send(arrival, &wanted.email, pending, entry::client_id(&interaction.query)).await?;
    let interaction = interaction.proving(name, arrival.meta.now);
    Ok(Next::Code(Box::new(Question { interaction, email: wanted.email.as_typed, told: None })))
}

/// Of the password, once the letter that is to be sent has been counted.
pub(in crate::http) async fn hashed(
    arrival: &Arrival<'_>,
    wanted: &Wanted,
    effort: Effort,
) -> Result<Result<String, SignUpProblem>, OAuthError> {
    let app = arrival.app;
    if let Attempt::Wait { secs } = count(arrival, &wanted.email, effort).await? {
        app.metrics.limited("sign_up");
        return Ok(Err(SignUpProblem::Throttled { wait_secs: secs }));
    }
    let Ok(hash) = app.passwords.hash(wanted.password.clone(), setup::salt()).await else {
        // No letter was sent.
        let given_back = app.throttle().unsent_keys(&wanted.email.identifier, address(arrival), effort);
        app.attempts.forgive(Vec::new(), given_back).await.map_err(|error| store_failure(&error))?;
        return Ok(Err(SignUpProblem::Busy));
    };
    Ok(Ok(hash))
}

/// Counts a letter before it is written.
pub(super) async fn count(arrival: &Arrival<'_>, email: &EmailAddress, effort: Effort) -> Result<Attempt, OAuthError> {
    let (policy, address) = (arrival.app.throttle(), address(arrival));
    let mut keys = policy.sign_up_keys(&email.identifier, address);
    keys.extend(policy.asked_subnet_key(address, effort));
    arrival.app.attempts.begin(keys, arrival.meta.now).await.map_err(|error| store_failure(&error))
}

/// Where the request comes from; on a Unix socket without a forwarding proxy everybody is one neighbour.
pub(super) fn address(arrival: &Arrival<'_>) -> IpAddr {
    arrival.meta.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// Keeps what waits, with a code and a link of its own, and the letter that tells them; returns its public name.
pub(in crate::http) async fn send(
    arrival: &Arrival<'_>,
    email: &EmailAddress,
    pending: Pending,
    client_id: Option<String>,
) -> Result<String, OAuthError> {
    let (app, now) = (arrival.app, arrival.meta.now);
    let failed = |error| store_failure(&error);
    let owner = app.store.user_by_identifier(email.identifier.as_str()).await.map_err(failed)?;
    let link = OpaqueToken::generate(TokenKind::SignUp, &mut SystemRng);
    let code = sign_up::draw_code(&mut SystemRng);
    let there = app.issuer.endpoint(&format!("{}?code={}", super::confirm::PATH, link.reveal()));
    let letter = match (&owner, &pending.browser) {
        (Some(_), _) => Letter::AddressKnown,
        (None, Some(_)) => Letter::SignUpCode { code: code.clone(), link: there, minutes: sign_up::MINUTES },
        (None, None) => Letter::SignUpLink { link: there, minutes: sign_up::MINUTES },
    };
    let to = To {
        address: email,
        user_id: owner.as_ref().map(|owner| owner.id.as_str()),
        lang: arrival.meta.language_of_letters(None),
    };
    let letter = mail::delivery(app, &to, &letter, now);
    let address = if owner.is_some() { Address::Taken } else { Address::Free };
    let artefact = Pending { code, address, ..pending }.artefact(&app.sealer, &link, client_id.clone(), now);
    let name = sign_up::name(artefact.hash);
    app.store.put_artefact_and_tell(artefact, vec![letter]).await.map_err(failed)?;
    app.metrics.sign_up("asked");
    events::sign_up_asked(app, client_id.as_deref());
    Ok(name)
}

pub(in crate::http) fn outcome(problem: SignUpProblem) -> &'static str {
    match problem {
        SignUpProblem::Busy => "busy",
        SignUpProblem::Throttled { .. } => "throttled",
        SignUpProblem::CodeOver => "code_over",
        SignUpProblem::Email | SignUpProblem::Name => "form",
        SignUpProblem::Password(_) | SignUpProblem::PasswordsDiffer => "password",
    }
}
