//! A factor that is set up on the way in, by whoever must have one and has none that will do: a passkey or an app, as `factors.offered` allows and a
//! level takes.
//!
//! What is to be set up travels sealed in the interaction, with recovery codes. So a form that is sent twice in the same moment sets up one factor, and
//! both answers sign in and show the same codes. Later, as when the page with the codes is loaded again, it does neither: they were shown once.

use std::collections::BTreeSet;

use axum::response::Response;
use http::StatusCode;
use symbolon_factors::RecoveryCode;
use symbolon_jose::base64url;
use symbolon_oauth::second_factor::{Enrolled, Factor};
use symbolon_oauth::{OAuthError, Params};
use symbolon_store::{Conflict, Credential, Issued, NewCredentials, StoreError, User};

use super::{PATH, answer, host, name_of, shown, texts};
use crate::account::factors::totp::SettingUp;
use crate::account::factors::{self, Factors, passkey};
use crate::app::App;
use crate::effects::store_failure;
use crate::http::authorize::Arrival;
use crate::http::entry::Entry;
use crate::http::{browser, page, security, twin};
use crate::interaction::{FirstFactor, Interaction, Step};
use crate::mail::FactorChange;
use crate::pages::Csp;
use crate::pages::factor::{AppKey, EnrolPage, FactorProblem};
use crate::pages::passkey::PasskeyCreate;
use crate::pages::qr;
use crate::pages::recovery_codes::{CodesShown, RecoveryCodes};
use crate::session::csrf::{self, Purpose};
use crate::words;

/// How long a passkey's form that is sent again is the same one, in seconds: for two presses of a button, not for whoever loads the page again.
const AGAIN_SECS: u64 = 60;

/// What was set up.
pub(super) struct Made {
    /// What it adds to the sign-in.
    adds: &'static Enrolled,
    /// The recovery codes that came with it.
    codes: Option<Vec<RecoveryCode>>,
}

/// Whether a form that sets something up has done so before.
pub(super) enum Repeated {
    /// In this moment: the same answer again.
    Lately(Made),
    /// It has; whoever loads it again proves nothing with it.
    LongAgo,
    /// It has not.
    Not,
}

/// The page on which one of these is set up: the one that was chosen, or the one that people should use first.
pub(in crate::http) async fn show(
    arrival: &Arrival<'_>,
    (user, factors): (&User, &BTreeSet<Factor>),
    (first, interaction): (FirstFactor, Interaction),
    (chosen, problem): (Option<Factor>, Option<FactorProblem>),
) -> Result<Response, OAuthError> {
    let Arrival { app, meta, headers, .. } = arrival;
    let sealed = first.setting_up.as_deref().unwrap_or_default();
    let Some(SettingUp { totp, .. }) = SettingUp::open(app, &user.id, sealed) else {
        return Err(OAuthError::ServerError);
    };
    let browser = browser::pre_session(app, headers).unwrap_or_default();
    let shown = shown(arrival, first, interaction).await?;
    let account = name_of(user);
    let Some(way) = chosen.or_else(|| factors.first().copied()) else { return Err(OAuthError::ServerError) };
    let passkey = if way == Factor::Passkey {
        Some(creation(app, user, &Factors::of(app, &user.id).await?, (browser, meta.now)))
    } else {
        None
    };
    let key = || AppKey { qr: qr::svg(&totp.uri(&host(app), &account)), secret: totp.text() };
    let view = EnrolPage {
        shell: page::shell_for(app, meta, user)
            .carrying(PATH, &[("interaction", &shown.sealed), ("way", way.name())])
            .of_client(shown.client.as_ref()),
        client: shown.client,
        interaction: shown.sealed,
        csrf: csrf::issue(&app.csrf, browser, Purpose::Login, meta.now),
        app: (way == Factor::Totp).then(key),
        passkey,
        other: factors.iter().copied().find(|other| *other != way),
        account,
        problem,
    };
    let csp = if view.passkey.is_some() { shown.csp.passkey_script(app.issuer.origin()) } else { shown.csp };
    Ok(twin::forms::enrol().beside(answer(app, &view, problem, &csp)))
}

/// What a browser needs to make a passkey for this user, whoever holds the cookie `binding`.
pub(in crate::http) fn creation(
    app: &App,
    user: &User,
    factors: &Factors,
    (binding, now): (&str, u64),
) -> PasskeyCreate {
    let ids = factors.passkeys().filter_map(|one| one.key.as_deref()).map(base64url::encode);
    PasskeyCreate {
        challenge: passkey::challenge(app, passkey::Ceremony::Create, binding, now).text(),
        rp_id: passkey::rp(app).id().to_owned(),
        rp_name: host(app),
        user: base64url::encode(user.id.as_bytes()),
        account: name_of(user),
        display: user.name.clone().unwrap_or_else(|| name_of(user)),
        exclude: ids.collect::<Vec<_>>().join(" "),
    }
}

/// Something was set up, as far as it proves itself: it completes the sign-in.
pub(super) async fn answered(
    entry: Entry<'_>,
    factors: &BTreeSet<Factor>,
    params: &Params,
    (first, interaction): (FirstFactor, Interaction),
) -> Result<Option<Response>, OAuthError> {
    let (arrival, user) = (entry.arrival, entry.user);
    let sealed = first.setting_up.clone().unwrap_or_default();
    let Some(new) = SettingUp::open(arrival.app, &user.id, &sealed) else { return Ok(None) };
    let way = way(params).filter(|way| factors.contains(way));
    let made = match way.filter(|_| params.get("decision") != Some("switch")) {
        Some(Factor::Passkey) => made_passkey(arrival, user, params).await?,
        Some(Factor::Totp) => made_app(arrival, user, params, &new),
        _ => Err(None),
    };
    let (credential, change) = match made {
        Ok(made) => made,
        Err(problem) => return show(arrival, (user, factors), (first, interaction), (way, problem)).await.map(Some),
    };
    let adds = if change == FactorChange::TotpAdded { &Enrolled::TOTP } else { passkey::adds(&credential) };
    match keep(arrival, user, (credential, change), &new).await? {
        Some(codes) => enter(entry, Made { adds, codes }).await,
        // In another tab, or by the same form in the same moment.
        None => match repeated(&entry, params, &first).await? {
            Repeated::Lately(made) => enter(entry, made).await,
            Repeated::LongAgo | Repeated::Not => Ok(None),
        },
    }
}

fn way(params: &Params) -> Option<Factor> {
    params.get("way").and_then(Factor::from_name)
}

type NewFactor = Result<(Credential, FactorChange), Option<FactorProblem>>;

async fn made_passkey(arrival: &Arrival<'_>, user: &User, params: &Params) -> Result<NewFactor, OAuthError> {
    let Arrival { app, meta, headers, .. } = arrival;
    let browser = browser::pre_session(app, headers).unwrap_or_default();
    Ok(match passkey::created(app, user, params, browser, meta.now).await? {
        Ok(credential) => {
            let say = words::Security::of(page::shell_for(app, meta, user).language);
            let number = Factors::of(app, &user.id).await?.passkeys().count() + 1;
            Ok((Credential { name: say.passkey_number(number), ..credential }, FactorChange::PasskeyAdded))
        }
        Err(refused) => {
            tracing::info!(cause = refused.cause(), "a passkey was not registered");
            Err(Some(FactorProblem::Passkey))
        }
    })
}

fn made_app(arrival: &Arrival<'_>, user: &User, params: &Params, new: &SettingUp) -> NewFactor {
    let Arrival { app, meta, .. } = arrival;
    let Some(typed) = params.get("code") else { return Err(None) };
    let step = new.totp.check(typed, meta.now, None).map_err(|_| Some(FactorProblem::Wrong))?;
    Ok((new.credential(app, &user.id, step, meta.now), FactorChange::TotpAdded))
}

/// Keeps what was set up with the letter that tells of it, and with recovery codes where none are left: all or nothing. Gives the codes; nothing if the
/// account has changed meanwhile.
async fn keep(
    arrival: &Arrival<'_>,
    user: &User,
    (credential, change): (Credential, FactorChange),
    new: &SettingUp,
) -> Result<Option<Option<Vec<RecoveryCode>>>, OAuthError> {
    let Arrival { app, meta, .. } = arrival;
    let factors = Factors::of(app, &user.id).await?;
    let brings_codes = factors.is_empty() || factors.codes_left() == 0;
    let mut credentials = vec![credential];
    if brings_codes {
        credentials.extend(factors::recovery_code::credentials(&new.codes, &user.id, meta.now));
    }
    let add = NewCredentials {
        user_id: user.id.clone(),
        revocation_handle: user.revocation_handle.clone(),
        replaces: if brings_codes { vec![Credential::RECOVERY_CODE] } else { Vec::new() },
        credentials,
        expect: Some(factors.ids()),
        keep_sid: None,
        tell: security::told(arrival, user, change).await?,
        now: meta.now,
    };
    match app.store.add_credentials(add).await {
        Ok(Issued::Done) => {
            security::note(arrival, user, change).await?;
            Ok(Some(brings_codes.then(|| new.codes.clone())))
        }
        Ok(Issued::Changed | Issued::Gone) | Err(StoreError::Conflict(Conflict::Exists)) => Ok(None),
        Err(error) => Err(store_failure(&error)),
    }
}

/// Whether this form has set something up before.
pub(super) async fn repeated(entry: &Entry<'_>, params: &Params, first: &FirstFactor) -> Result<Repeated, OAuthError> {
    let Arrival { app, meta, headers, .. } = entry.arrival;
    let user = entry.user;
    let new = first.setting_up.as_deref().and_then(|sealed| SettingUp::open(app, &user.id, sealed));
    let Some(new) = new.filter(|_| params.get("decision").is_none()) else { return Ok(Repeated::Not) };
    let factors = Factors::of(app, &user.id).await?;
    let codes = factors.has_codes(&new.codes, &user.id).then(|| new.codes.clone());
    match way(params) {
        Some(Factor::Totp) if new.is_there(app, &factors) => {
            let is_shown = new.totp.check(params.get("code").unwrap_or_default(), meta.now, None).is_ok();
            let again = is_shown && codes.is_some();
            Ok(if again { Repeated::Lately(Made { adds: &Enrolled::TOTP, codes }) } else { Repeated::LongAgo })
        }
        Some(Factor::Passkey) => {
            let browser = browser::pre_session(app, headers).unwrap_or_default();
            let Some(made) = passkey::made_by(app, user, params, browser).await? else { return Ok(Repeated::Not) };
            let is_late = made.created_at.saturating_add(AGAIN_SECS) <= meta.now;
            let again = || Repeated::Lately(Made { adds: passkey::adds(&made), codes });
            Ok(if is_late { Repeated::LongAgo } else { again() })
        }
        _ => Ok(Repeated::Not),
    }
}

/// The session, and the recovery codes that came with the factor before what waits.
pub(super) async fn enter(mut entry: Entry<'_>, made: Made) -> Result<Option<Response>, OAuthError> {
    let (arrival, user) = (entry.arrival, entry.user);
    let Arrival { app, meta, .. } = arrival;
    entry.amr = made.adds.after(&entry.amr);
    let Some(entered) = entry.enter().await? else { return Ok(None) };
    let Some(codes) = made.codes else { return entered.onward(arrival).map(Some) };
    let view = RecoveryCodes {
        shell: page::shell_for(app, meta, user),
        codes: texts(&codes),
        account: name_of(user),
        onward: entered.target(app)?,
    };
    let response = page::html(app, StatusCode::OK, &view, &Csp::strict());
    Ok(Some(entered.with_cookies(response)))
}

/// What is true when the page with the recovery codes is loaded again.
pub(super) fn codes_shown(arrival: &Arrival<'_>, user: &User) -> Response {
    let view = CodesShown { shell: page::shell_for(arrival.app, arrival.meta, user) };
    page::html(arrival.app, StatusCode::OK, &view, &Csp::strict())
}

/// The same where the sign-in it belonged to is over. Nothing for a form that has set nothing up.
pub(super) async fn late(arrival: &Arrival<'_>, params: &Params) -> Result<Option<Response>, OAuthError> {
    let app = arrival.app;
    let opened = params.get("interaction").and_then(|text| app.interactions.open_late(text).ok());
    let Some(Step::Factor(first)) = opened.map(|interaction| interaction.step) else { return Ok(None) };
    let Some(user) = app.store.user(&first.user_id).await.map_err(|error| store_failure(&error))? else {
        return Ok(None);
    };
    let amr = first.amr.clone();
    let entry = Entry { arrival, user: &user, amr, keep: browser::Keep::No, interaction: None };
    Ok(match repeated(&entry, params, &first).await? {
        Repeated::Not => None,
        Repeated::Lately(_) | Repeated::LongAgo => Some(codes_shown(arrival, &user)),
    })
}
