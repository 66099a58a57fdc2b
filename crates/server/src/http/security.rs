//! `/account/security`: how somebody signs in, and changing it. Each change needs a sign-in of the last minutes with everything they have (security 96),
//! and is told to them by mail.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use symbolon_factors::RecoveryCode;
use symbolon_oauth::second_factor::Factor;
use symbolon_oauth::{OAuthError, Params};
use symbolon_store::{Conflict, Credential, Issued, NewCredentials, NewDelivery, RemoveCredential, StoreError, User};

use super::account;
use super::authorize::Arrival;
use super::browser::{self, SignedIn};
use super::factor::{self, enrol, name_of};
use super::meta::Meta;
use super::page;
use super::posted::Posted;
use crate::account::factors::passkey::Refused;
use crate::account::factors::totp::SettingUp;
use crate::account::factors::{self, Factors, passkey};
use crate::account::not_me;
use crate::app::App;
use crate::effects::store_failure;
use crate::events;
use crate::interaction::OwnPage;
use crate::mail::{FactorChange, Letter};
use crate::pages::error::ErrorWhat;
use crate::pages::recovery_codes::RecoveryCodes;
use crate::pages::security::{Entered, PasskeyView, RemoveFactor, Security, SecurityProblem, TotpSetUp};
use crate::pages::{Csp, qr};
use crate::session::csrf::{self, Purpose};
use crate::words;

/// Where it is.
pub(super) const PATH: &str = OwnPage::Security.path();
/// Passkeys of one account.
const MAX_PASSKEYS: usize = 20;
const MAX_NAME_CHARS: usize = 60;

/// Its name in the audit log.
const fn event(change: FactorChange) -> &'static str {
    match change {
        FactorChange::PasskeyAdded => "user.factor.passkey",
        FactorChange::RecoveryCodeUsed => "user.factor.recovery_code.use",
        FactorChange::RecoveryCodesMade => "user.factor.recovery_codes",
        FactorChange::Removed => "user.factor.remove",
        FactorChange::TotpAdded | FactorChange::TotpReplaced => "user.factor.totp",
    }
}

/// Tells the audit log.
pub(super) async fn note(arrival: &Arrival<'_>, user: &User, change: FactorChange) -> Result<(), OAuthError> {
    let noted = events::account(arrival.app, arrival.meta, event(change), &user.id, None).await;
    noted.map_err(|error| store_failure(&error))
}

/// The letter that tells the person of a change, which goes into the outbox with it.
pub(super) async fn told(
    arrival: &Arrival<'_>,
    user: &User,
    change: FactorChange,
) -> Result<Vec<NewDelivery>, OAuthError> {
    let not_me = account::not_me_link(arrival, user).await?;
    Ok(account::letter(arrival, user, user.email.as_deref(), &Letter::FactorChanged { change, not_me }))
}

/// Tells the audit log, and the person by mail, of what was no change.
pub(super) async fn tell(arrival: &Arrival<'_>, user: &User, change: FactorChange) -> Result<(), OAuthError> {
    note(arrival, user, change).await?;
    let letters = told(arrival, user, change).await?;
    arrival.app.store.put_deliveries(letters, arrival.meta.now).await.map_err(|error| store_failure(&error))
}

/// `/.well-known/passkey-endpoints` (W3C, "A Well-Known URL for Relying Party Passkey Endpoints"): where password managers send people.
pub(super) async fn passkey_endpoints(State(app): State<Arc<App>>) -> Response {
    let page = app.issuer.endpoint(PATH);
    Json(json!({ "enroll": page, "manage": page })).into_response()
}

/// `GET /account/security`.
pub(super) async fn get(State(app): State<Arc<App>>, Extension(meta): Extension<Meta>, headers: HeaderMap) -> Response {
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let shown = async {
        match browser::signed_in(&app, &headers, meta.now).await? {
            Some(who) => Visit { arrival: &arrival, who }.show(None).await,
            None => account::sign_in(&arrival, OwnPage::Security, "", None),
        }
    };
    shown.await.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

/// `POST /account/security`.
pub(super) async fn post(State(app): State<Arc<App>>, form: Posted) -> Response {
    let is_late = form.is_late(&app, Purpose::Security);
    let refusal = form.refusal(&app, Purpose::Security);
    if let Some(refusal) = refusal.filter(|_| !is_late) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let arrival = Arrival { app: &app, registry: app.registry(), meta: &meta, headers: &headers };
    let answered = async {
        let Some(who) = browser::signed_in(&app, &headers, meta.now).await? else {
            return account::sign_in(&arrival, OwnPage::Security, "", None);
        };
        let visit = Visit { arrival: &arrival, who };
        let factors = Factors::of(&app, &visit.who.user.id).await?;
        if !is_late && params.get("action") != Some("confirm") && visit.may_change(&factors) {
            return visit.change(&params).await;
        }
        // The page with the recovery codes, loaded again too late to show them.
        if visit.has_set_up(&params, &factors).await? {
            return visit.show(Some(SecurityProblem::There)).await;
        }
        if is_late {
            return Ok(page::error(&app, &meta, ErrorWhat::PageExpired));
        }
        account::sign_in(&arrival, OwnPage::Security, "", Some(&visit.who.user))
    };
    answered.await.unwrap_or_else(|error| page::protocol_error(&app, &meta, &error))
}

/// Somebody at their own page.
struct Visit<'a> {
    arrival: &'a Arrival<'a>,
    who: SignedIn,
}

impl Visit<'_> {
    fn may_change(&self, factors: &Factors) -> bool {
        account::may_change(&self.who, factors, self.arrival.meta.now)
    }

    fn csrf(&self) -> String {
        let Arrival { app, meta, headers, .. } = self.arrival;
        let binding = browser::session_binding(app, headers).unwrap_or_default();
        csrf::issue(&app.csrf, binding, Purpose::Security, meta.now)
    }

    fn binding(&self) -> &str {
        browser::session_binding(self.arrival.app, self.arrival.headers).unwrap_or_default()
    }

    /// Whether this form has set up something that is there.
    async fn has_set_up(&self, params: &Params, factors: &Factors) -> Result<bool, OAuthError> {
        let Arrival { app, .. } = self.arrival;
        let user = &self.who.user;
        Ok(match params.get("action") {
            Some("passkey") => passkey::made_by(app, user, params, self.binding()).await?.is_some(),
            Some("totp") => {
                let new = params.get("secret").and_then(|sealed| SettingUp::open(app, &user.id, sealed));
                new.is_some_and(|new| new.is_there(app, factors))
            }
            _ => false,
        })
    }

    async fn change(&self, params: &Params) -> Result<Response, OAuthError> {
        match params.get("action") {
            Some("totp") => self.totp(params).await,
            Some("codes") => self.codes().await,
            Some("passkey") => self.passkey(params).await,
            Some("rename") => self.rename(params).await,
            Some("remove") => self.remove(params).await,
            _ => self.show(None).await,
        }
    }

    /// The page itself.
    async fn show(&self, problem: Option<SecurityProblem>) -> Result<Response, OAuthError> {
        let Arrival { app, meta, .. } = self.arrival;
        let user = &self.who.user;
        let factors = Factors::of(app, &user.id).await?;
        let offered = app.config().factors.offered.clone();
        let reported = not_me::reported(app, &user.id, meta.now).await?;
        let passkeys: Vec<PasskeyView> = factors.passkeys().map(view).collect();
        let room = passkeys.len() < MAX_PASSKEYS;
        let may_change = self.may_change(&factors);
        let create = (offered.contains(&Factor::Passkey) && room && may_change)
            .then(|| enrol::creation(app, user, &factors, (self.binding(), meta.now)));
        let view = Security {
            shell: page::shell_for(app, meta, user).picking(PATH, ""),
            nav: account::nav(self.arrival, user, OwnPage::Security),
            account: name_of(user),
            csrf: self.csrf(),
            fresh: if may_change { Entered::Lately } else { Entered::LongAgo },
            passkeys,
            create,
            totp: factors.totp().map(|one| (one.id.clone(), used(one))),
            totp_offered: offered.contains(&Factor::Totp),
            reported,
            codes_left: (!factors.is_empty()).then(|| factors.codes_left()),
            problem,
        };
        let csp = if view.create.is_some() { Csp::strict().passkey_script(app.issuer.origin()) } else { Csp::strict() };
        let status = match problem {
            None | Some(SecurityProblem::There) => StatusCode::OK,
            Some(_) => StatusCode::BAD_REQUEST,
        };
        Ok(page::html(app, status, &view, &csp))
    }

    /// The app: first its secret is shown, then its first code proves that it has it.
    async fn totp(&self, params: &Params) -> Result<Response, OAuthError> {
        let Arrival { app, meta, .. } = self.arrival;
        let user = &self.who.user;
        if !app.config().factors.offered.contains(&Factor::Totp) {
            return self.show(None).await;
        }
        let Some(sealed) = params.get("secret") else {
            return Ok(self.totp_page(&SettingUp::generate(), None));
        };
        let Some(new) = SettingUp::open(app, &user.id, sealed) else {
            return Ok(page::error(app, meta, ErrorWhat::PageExpired));
        };
        let factors = Factors::of(app, &user.id).await?;
        // The form was sent twice: once is enough, and the codes that came of it are shown again.
        if new.is_there(app, &factors) {
            let is_whole = factors.has_codes(&new.codes, &user.id);
            return Ok(if is_whole { self.codes_page(&new.codes) } else { page::see_other(PATH) });
        }
        let Ok(step) = new.totp.check(params.get("code").unwrap_or_default(), meta.now, None) else {
            return Ok(self.totp_page(&new, Some(SecurityProblem::Code)));
        };
        let credential = new.credential(app, &user.id, step, meta.now);
        let change = if factors.totp().is_some() { FactorChange::TotpReplaced } else { FactorChange::TotpAdded };
        self.keep(&factors, credential, new.codes, change).await
    }

    fn totp_page(&self, new: &SettingUp, problem: Option<SecurityProblem>) -> Response {
        let Arrival { app, meta, .. } = self.arrival;
        let user = &self.who.user;
        let account = name_of(user);
        let view = TotpSetUp {
            shell: page::shell_for(app, meta, user),
            csrf: self.csrf(),
            qr: qr::svg(&new.totp.uri(&factor::host(app), &account)),
            secret: new.totp.text(),
            sealed: new.seal(app, &user.id),
            account,
            problem,
        };
        let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        page::html(app, status, &view, &Csp::strict())
    }

    /// Keeps a factor and tells of it, with recovery codes where there are none left, which are shown then: all of it or nothing. An app in
    /// another's place ends whatever the person has outside of this session, as removing that would.
    async fn keep(
        &self,
        factors: &Factors,
        credential: Credential,
        codes: Vec<RecoveryCode>,
        change: FactorChange,
    ) -> Result<Response, OAuthError> {
        let Arrival { app, meta, .. } = self.arrival;
        let user = &self.who.user;
        let mut new = NewCredentials {
            user_id: user.id.clone(),
            revocation_handle: user.revocation_handle.clone(),
            replaces: if credential.kind == Credential::TOTP { vec![Credential::TOTP] } else { Vec::new() },
            credentials: vec![credential],
            expect: Some(factors.ids()),
            keep_sid: (change == FactorChange::TotpReplaced).then(|| self.who.session.sid.clone()),
            tell: told(self.arrival, user, change).await?,
            now: meta.now,
        };
        let codes = Some(codes).filter(|_| factors.codes_left() == 0);
        if let Some(codes) = &codes {
            new.replaces.push(Credential::RECOVERY_CODE);
            new.credentials.extend(factors::recovery_code::credentials(codes, &user.id, meta.now));
            new.tell.extend(told(self.arrival, user, FactorChange::RecoveryCodesMade).await?);
        }
        match app.store.add_credentials(new).await {
            Ok(Issued::Done) => {}
            // Something else was set up in the same moment, or the account has changed.
            Ok(Issued::Changed | Issued::Gone) => return Ok(page::error(app, meta, ErrorWhat::PageExpired)),
            Err(StoreError::Conflict(Conflict::Exists)) => return self.show(Some(SecurityProblem::PasskeyTaken)).await,
            Err(error) => return Err(store_failure(&error)),
        }
        note(self.arrival, user, change).await?;
        let Some(codes) = codes else { return Ok(page::see_other(PATH)) };
        note(self.arrival, user, FactorChange::RecoveryCodesMade).await?;
        Ok(self.codes_page(&codes))
    }

    /// New recovery codes in place of the old ones.
    async fn codes(&self) -> Result<Response, OAuthError> {
        let Arrival { app, meta, .. } = self.arrival;
        let user = &self.who.user;
        let factors = Factors::of(app, &user.id).await?;
        if factors.is_empty() {
            return self.show(None).await;
        }
        let codes = factors::recovery_code::generate();
        let new = NewCredentials {
            user_id: user.id.clone(),
            revocation_handle: user.revocation_handle.clone(),
            replaces: vec![Credential::RECOVERY_CODE],
            credentials: factors::recovery_code::credentials(&codes, &user.id, meta.now),
            expect: Some(factors.ids()),
            keep_sid: None,
            tell: told(self.arrival, user, FactorChange::RecoveryCodesMade).await?,
            now: meta.now,
        };
        if app.store.add_credentials(new).await.map_err(|error| store_failure(&error))? != Issued::Done {
            return Ok(page::error(app, meta, ErrorWhat::PageExpired));
        }
        note(self.arrival, user, FactorChange::RecoveryCodesMade).await?;
        Ok(self.codes_page(&codes))
    }

    fn codes_page(&self, codes: &[RecoveryCode]) -> Response {
        let Arrival { app, meta, .. } = self.arrival;
        let user = &self.who.user;
        let view = RecoveryCodes {
            shell: page::shell_for(app, meta, user),
            codes: factor::texts(codes),
            account: name_of(user),
            onward: PATH.to_owned(),
        };
        page::html(app, StatusCode::OK, &view, &Csp::strict())
    }

    async fn passkey(&self, params: &Params) -> Result<Response, OAuthError> {
        let Arrival { app, meta, .. } = self.arrival;
        let user = &self.who.user;
        let factors = Factors::of(app, &user.id).await?;
        if !app.config().factors.offered.contains(&Factor::Passkey) || factors.passkeys().count() >= MAX_PASSKEYS {
            return self.show(None).await;
        }
        let say = words::Security::of(page::shell_for(app, meta, user).language);
        match passkey::created(app, user, params, self.binding(), meta.now).await? {
            Ok(credential) => {
                let name = named(params).unwrap_or_else(|| say.passkey_number(factors.passkeys().count() + 1));
                let codes = factors::recovery_code::generate();
                self.keep(&factors, Credential { name, ..credential }, codes, FactorChange::PasskeyAdded).await
            }
            Err(Refused::Repeated) => self.show(Some(SecurityProblem::There)).await,
            Err(refused) => {
                tracing::info!(cause = refused.cause(), "a passkey was not registered");
                self.show(Some(SecurityProblem::Passkey)).await
            }
        }
    }

    async fn rename(&self, params: &Params) -> Result<Response, OAuthError> {
        let id = params.get("id").unwrap_or_default();
        if let Some(name) = named(params) {
            let renamed = self.arrival.app.store.rename_credential(&self.who.user.id, id, &name).await;
            renamed.map_err(|error| store_failure(&error))?;
        }
        Ok(page::see_other(PATH))
    }

    /// Asked twice: what goes cannot come back.
    async fn remove(&self, params: &Params) -> Result<Response, OAuthError> {
        let Arrival { app, meta, .. } = self.arrival;
        let user = &self.who.user;
        let factors = Factors::of(app, &user.id).await?;
        let Some(credential) = factors.find(params.get("id").unwrap_or_default()) else {
            return Ok(page::see_other(PATH));
        };
        if params.get("sure") != Some("yes") {
            let view = RemoveFactor {
                shell: page::shell_for(app, meta, user),
                csrf: self.csrf(),
                id: credential.id.clone(),
                name: credential.name.clone(),
                is_last: factors.passkeys().count() + usize::from(factors.totp().is_some()) == 1,
            };
            return Ok(page::html(app, StatusCode::OK, &view, &Csp::strict()));
        }
        let remove = RemoveCredential {
            user_id: user.id.clone(),
            id: credential.id.clone(),
            keep_sid: self.who.session.sid.clone(),
            tell: told(self.arrival, user, FactorChange::Removed).await?,
            now: meta.now,
        };
        let removed = app.store.remove_credential(remove).await.map_err(|error| store_failure(&error))?;
        if removed.is_some() {
            note(self.arrival, user, FactorChange::Removed).await?;
        }
        Ok(page::see_other(PATH))
    }
}

/// A name that somebody gave.
fn named(params: &Params) -> Option<String> {
    let name: String =
        params.get("name")?.trim().chars().filter(|sign| !sign.is_control()).take(MAX_NAME_CHARS).collect();
    (!name.is_empty()).then_some(name)
}

fn view(credential: &Credential) -> PasskeyView {
    PasskeyView {
        id: credential.id.clone(),
        name: credential.name.clone(),
        used: used(credential),
        backup: passkey::backup(credential),
    }
}

/// Since when, and when last.
fn used(credential: &Credential) -> (u64, Option<u64>) {
    (credential.created_at, credential.last_used_at)
}
