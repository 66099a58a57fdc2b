//! `/logout` (OpenID Connect RP-Initiated Logout 1.0): ends the session at once when the client proves that
//! it means this user, else asks. Clients with a page of their own for it are told in frames (OpenID Connect Front-Channel Logout 1.0), each other
//! way beside it. A POST from another site changes nothing: it becomes a GET, or a POST of our own. Where nobody is signed in here any more, a browser gives up the tokens
//! of its pages only to who is theirs, not to whatever site sends it this way.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::header::{REFRESH, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use symbolon_oauth::endpoint::end_session::{self, Decision, Facts, HintClaims, Reach, Request, SessionFacts, Then};
use symbolon_oauth::endpoint::{frontchannel_logout, path};
use symbolon_oauth::registration::Client;
use symbolon_oauth::{OAuthError, Params, random_id};
use symbolon_store::StoreError;

use super::browser::{self, SignedIn};
use super::meta::{Meta, Refused};
use super::posted::Posted;
use super::{consent, form, hint, page, page_cookies};
use crate::app::App;
use crate::effects::store_failure;
use crate::events;
use crate::pages::error::{ErrorWhat, SignOutAnyway};
use crate::pages::logout::Logout;
use crate::pages::signed_out::{LivesOn, SignedOut, Told};
use crate::pages::{Csp, WebUrl};
use crate::registry::Registry;
use crate::rng::SystemRng;
use crate::session::cookie::CookieKind;
use crate::session::csrf::{self, CrossSite, Purpose};

/// How long the frames of a sign-out may take before people go on, in seconds.
const FRAMES_WAIT_SECS: u64 = 5;
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// `GET /v2/logout`, for existing clients: `returnTo` is their `post_logout_redirect_uri`, by default the first that the client has. They send no
/// hint; sent by a page of one of our own clients, the person need not be asked.
pub(super) async fn get_v2(
    app: State<Arc<App>>,
    meta: Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let sent_from = browser::sent_from(&headers).filter(|_| browser::is_led_here(&headers));
    let exit = Exit { sent_from, ..Exit::straight(&app, &meta, &headers) };
    exit.existing(query.unwrap_or_default().as_bytes()).await
}

/// `GET /logout`.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let meta = meta.asking(&locales(params.as_ref().ok()));
    let exit = Exit::straight(&app, &meta, &headers);
    match params {
        Ok(params) => exit.followed(&params, "post_logout_redirect_uri").await,
        Err(error) => exit.refused(&Params::default(), &error, "").await,
    }
}

/// `POST /logout`: our own form, which ends the session; or a client's request (RP-Initiated Logout §2).
pub(super) async fn post(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let params = match posted(&app, &headers, body).await {
        Ok(params) => params,
        Err(error) => return Exit::straight(&app, &meta, &headers).refused(&Params::default(), &error, "").await,
    };
    if params.get("csrf").is_none() {
        return by_form(&app, &meta, &headers, &params).await;
    }
    let form = Posted { params, headers, meta };
    if let Some(refusal) = form.refusal(&app, Purpose::Logout) {
        return refusal;
    }
    let Posted { params, headers, meta } = form;
    let asked = params.get("logout").and_then(|query| Params::parse(query.as_bytes()).ok());
    let meta = meta.asking(&locales(asked.as_ref()));
    let exit = Exit::straight(&app, &meta, &headers);
    match exit.confirmed(&params).await {
        Ok(response) => response,
        Err(error) => exit.refused(&asked.unwrap_or_default(), &error, "post_logout_redirect_uri").await,
    }
}

/// Where a client's request is posted again, by a page of ours.
pub(super) const AGAIN: &str = "/logout/again";

/// `POST /logout/again`: from our page, with the cookies of the browser, it is answered as by `GET /logout`. From another site it is what
/// `POST /logout` is. A browser that says of neither which it is has been here twice at most: it is not handed on once more.
pub(super) async fn again(
    State(app): State<Arc<App>>,
    Extension(meta): Extension<Meta>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let params = match posted(&app, &headers, body).await {
        Ok(params) => params,
        Err(error) => return Exit::straight(&app, &meta, &headers).refused(&Params::default(), &error, "").await,
    };
    if matches!(csrf::same_origin_check(&headers, app.issuer.origin()), Err(CrossSite::FetchSite | CrossSite::Origin)) {
        return by_form(&app, &meta, &headers, &params).await;
    }
    let meta = meta.asking(&locales(Some(&params)));
    let exit = Exit { way: Way::HandedOn, ..Exit::straight(&app, &meta, &headers) };
    exit.followed(&params, "post_logout_redirect_uri").await
}

async fn posted(app: &App, headers: &HeaderMap, body: Body) -> Result<Params, OAuthError> {
    form::posted(headers, body, app.config().http.max_body_bytes, Params::parse).await
}

async fn by_form(app: &App, meta: &Meta, headers: &HeaderMap, params: &Params) -> Response {
    let meta = meta.asking(&locales(Some(params)));
    let exit = Exit::straight(app, &meta, headers);
    match exit.by_form(params).await {
        Ok(response) => response,
        Err(error) => exit.refused(params, &error, "post_logout_redirect_uri").await,
    }
}

/// The languages that the client asks for (RP-Initiated Logout §2, `ui_locales`).
fn locales(params: Option<&Params>) -> Vec<String> {
    let named = params.and_then(|params| params.get("ui_locales")).unwrap_or_default();
    named.split(' ').map(str::to_owned).collect()
}

/// What the answer to our question needs of the request: nothing that only fills the form.
fn meant(params: &Params) -> String {
    let names = ["client_id", "everywhere", "id_token_hint", "post_logout_redirect_uri", "state", "ui_locales"];
    let kept = names.into_iter().filter_map(|name| params.get(name).map(|value| (name, value)));
    Params::from_pairs(kept).map(|kept| kept.to_query()).unwrap_or_default()
}

/// What came of the end of a session.
#[derive(Default)]
struct Ended {
    /// What lives on for a while.
    lives_on: Option<LivesOn>,
    /// Whom the page tells in frames.
    told: Vec<Told>,
    /// What the browser is to forget.
    forgets: Forgets,
}

/// What a browser is told to forget beside its session, which has ended.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Forgets {
    /// The tokens of pages that it keeps as cookies, and what pages of this origin have stored.
    #[default]
    AllOfPages,
    /// Nothing else: no one has agreed to it.
    NoMore,
}

/// A browser on its way out.
struct Exit<'a> {
    app: &'a App,
    registry: Arc<Registry>,
    meta: &'a Meta,
    headers: &'a HeaderMap,
    /// The origin of the page that sent the browser, where its word counts.
    sent_from: Option<String>,
    way: Way,
}

/// How a browser came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From where its request says.
    Straight,
    /// By a page of ours, from a site that this request does not name any more.
    HandedOn,
}

impl<'a> Exit<'a> {
    fn straight(app: &'a App, meta: &'a Meta, headers: &'a HeaderMap) -> Self {
        Self { app, registry: app.registry(), meta, headers, sent_from: None, way: Way::Straight }
    }

    /// A client's request by form. Another site's post comes without the cookies of the browser (`SameSite=Lax`), so it says nothing of who is
    /// signed in, and an answer to it could take a session's cookie away: the browser is sent here once more. Not with an ID token in the URL,
    /// which stays in histories and logs.
    async fn by_form(&self, params: &Params) -> Result<Response, OAuthError> {
        let with_cookies = browser::session_binding(self.app, self.headers).is_some()
            || matches!(self.site(), Some(b"same-origin" | b"same-site"));
        if with_cookies {
            return self.answer(params).await;
        }
        let target = format!("{}?{}", path::END_SESSION, params.to_query());
        if params.get("id_token_hint").is_none() && form::is_short(&target) {
            return Ok(page::see_other(&target));
        }
        // What is wrong with it is told where the browser shows who is signed in, if it can get there. Of nobody in particular, it can say nothing
        // that needs so much room.
        let Some(client) = self.client(params) else {
            self.decide(params, None)?;
            return Err(OAuthError::ParametersTooLarge);
        };
        let fields = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let reached = &client.post_logout_redirect_uris;
        Ok(page::hand_on(self.app, self.meta, Some(client), (AGAIN, fields), reached))
    }

    /// From what site the browser was sent, as far as it says.
    fn site(&self) -> Option<&[u8]> {
        self.headers.get("sec-fetch-site").map(HeaderValue::as_bytes)
    }

    /// A request in the words of existing clients.
    async fn existing(&self, query: &[u8]) -> Response {
        match Params::parse(query).and_then(|params| self.translated(&params)) {
            Ok(params) => self.followed(&params, "returnTo").await,
            Err(error) => self.refused(&Params::default(), &error, "").await,
        }
    }

    /// Answers a request, in which `parameter` says where to after signing out.
    async fn followed(&self, params: &Params, parameter: &'static str) -> Response {
        match self.answer(params).await {
            Ok(response) => response,
            Err(error) => self.refused(params, &error, parameter).await,
        }
    }

    /// The page that says why a request was not followed. Whoever wanted to sign out can do it there all the same, and is led nowhere then.
    async fn refused(&self, params: &Params, error: &OAuthError, parameter: &'static str) -> Response {
        let (app, meta) = (self.app, self.meta);
        let what = match (error, self.client(params), params.get("post_logout_redirect_uri")) {
            (OAuthError::PostLogoutRedirectUriNotRegistered, Some(client), Some(received)) => {
                ErrorWhat::PostLogoutRedirectUri {
                    client: client.name.clone(),
                    parameter,
                    received: received.to_owned(),
                    registered: client.post_logout_redirect_uris.len(),
                }
            }
            _ => page::what_of(error),
        };
        // A store that does not answer cannot end anything either.
        let who = browser::signed_in(app, self.headers, meta.now).await.ok().flatten();
        let Some(who) = who.filter(|_| error.wire().status == 400) else {
            return Refused::note(page::error(app, meta, what), error);
        };
        let kept = ["client_id", "ui_locales"];
        let kept = kept.into_iter().filter_map(|name| params.get(name).map(|value| (name, value)));
        let binding = browser::session_binding(app, self.headers).unwrap_or_default();
        let anyway = SignOutAnyway {
            account: consent::account_view(&who),
            csrf: csrf::issue(&app.csrf, binding, Purpose::Logout, meta.now),
            logout: Params::from_pairs(kept).map(|kept| kept.to_query()).unwrap_or_default(),
        };
        let shell = page::shell_for(app, meta, &who.user);
        Refused::note(page::error_in(app, meta, what, shell, Some(anyway)), error)
    }

    fn translated(&self, params: &Params) -> Result<Params, OAuthError> {
        let own = |name| if name == "returnTo" { "post_logout_redirect_uri" } else { name };
        let told = ["returnTo", "post_logout_redirect_uri"].iter().any(|name| params.get(name).is_some());
        let client = self.client(params).filter(|_| !told);
        let usual = client.and_then(|client| client.post_logout_redirect_uris.first());
        let pairs = params.iter().map(|(name, value)| (own(name), value));
        Params::from_pairs(pairs.chain(usual.map(|uri| ("post_logout_redirect_uri", uri.as_str()))))
    }

    async fn answer(&self, params: &Params) -> Result<Response, OAuthError> {
        let who = browser::signed_in(self.app, self.headers, self.meta.now).await?;
        match (self.decide(params, who.as_ref())?, who) {
            (Decision::Ask { reach, .. }, Some(who)) => self.ask(params, &who, reach).await,
            (Decision::End { sid, reach, then }, Some(who)) => self.end(&who, (&sid, reach), &then, params).await,
            (Decision::Nothing { then } | Decision::Ask { then, .. } | Decision::End { then, .. }, _) => {
                let forgets = self.unasked(params);
                Ok(self.leave(&then, params, Ended { forgets, ..Ended::default() }))
            }
        }
    }

    /// What a browser may forget that was led here while nobody is signed in: the sign-in of a page whose tokens are cookies can outlive the session,
    /// and no other site's link or image ends it (Fetch Metadata §2.4).
    fn unasked(&self, params: &Params) -> Forgets {
        let sent = |origin: String| self.client(params).is_some_and(|client| client.allowed_origins.contains(&origin));
        let meant = match self.site() {
            _ if self.way == Way::HandedOn => false,
            // A bookmark, a page of ours; or a browser that says nothing.
            None | Some(b"none" | b"same-origin") => true,
            Some(b"same-site") => self.is_hinted(params) || browser::sent_from(self.headers).is_some_and(sent),
            Some(_) => false,
        };
        if meant { Forgets::AllOfPages } else { Forgets::NoMore }
    }

    /// Whether the client shows an ID token of its own: an app that sends no `Referer` can prove itself by that.
    fn is_hinted(&self, params: &Params) -> bool {
        let client_id = params.get("client_id");
        let shown = params.get("id_token_hint");
        shown.and_then(|text| hint::read(self.app, &self.registry, text, client_id, self.meta.now)).is_some()
    }

    /// The person said yes on our own page.
    async fn confirmed(&self, form: &Params) -> Result<Response, OAuthError> {
        let params = Params::parse(form.get("logout").unwrap_or_default().as_bytes())?;
        let who = browser::signed_in(self.app, self.headers, self.meta.now).await?;
        match (self.decide(&params, who.as_ref())?, who) {
            (Decision::Ask { sid, reach, then } | Decision::End { sid, reach, then }, Some(who)) => {
                self.end(&who, (&sid, reach), &then, &params).await
            }
            (Decision::Nothing { then } | Decision::Ask { then, .. } | Decision::End { then, .. }, _) => {
                Ok(self.leave(&then, &params, Ended::default()))
            }
        }
    }

    fn decide(&self, params: &Params, who: Option<&SignedIn>) -> Result<Decision, OAuthError> {
        let request = Request::parse(params)?;
        let hint = request.id_token_hint.as_ref();
        let hint = hint
            .and_then(|text| hint::read(self.app, &self.registry, text, request.client_id.as_deref(), self.meta.now));
        let hint = hint.or_else(|| self.of_page(params, &request, who?));
        let named = hint.as_ref().map(|hint| hint.aud.as_str()).or(request.client_id.as_deref());
        let facts = Facts {
            client: named.and_then(|id| self.registry.client(id)).map(AsRef::as_ref),
            hint: hint.clone(),
            session: who.map(|who| SessionFacts { user_id: who.user.id.clone(), sid: who.session.sid.clone() }),
            pairwise: &self.app.pairwise,
            sent_from: self.sent_from.as_deref(),
        };
        end_session::decide(&request, &facts)
    }

    /// What an app means that has no ID token to show, since its tokens are cookies: it has just given them up, and was told so.
    fn of_page(&self, params: &Params, request: &Request, who: &SignedIn) -> Option<HintClaims> {
        let client = self.registry.client(request.client_id.as_deref()?).filter(|client| client.gets_cookies())?;
        let (hint, client_id) = (params.get("logout_hint")?, client.client_id.as_str());
        page_cookies::is_logout_hint(self.app, hint, &who.session.sid, client_id, self.meta.now).then(|| HintClaims {
            sub: self.app.pairwise.subject(client, &who.user.id),
            sid: None,
            aud: client_id.to_owned(),
        })
    }

    /// The enabled clients that got something in a session.
    async fn clients_of(&self, sid: &str) -> Result<Vec<&Client>, OAuthError> {
        let ids = self.app.store.clients_of_session(sid).await.map_err(|error| store_failure(&error))?;
        let known = ids.iter().filter_map(|id| self.registry.client(id)).map(AsRef::as_ref);
        Ok(known.filter(|client: &&Client| !client.disabled).collect())
    }

    async fn ask(&self, params: &Params, who: &SignedIn, reach: Reach) -> Result<Response, OAuthError> {
        let ends = self.clients_of(&who.session.sid).await?;
        let binding = browser::session_binding(self.app, self.headers).unwrap_or_default();
        let view = Logout {
            shell: page::shell_for(self.app, self.meta, &who.user),
            client: self.client(params).map(|client| page::client_view(client, None, &self.meta.reads.languages())),
            ends: ends.iter().map(|client| client.name.clone()).collect(),
            everywhere: reach == Reach::Everywhere,
            account: consent::account_view(who),
            csrf: csrf::issue(&self.app.csrf, binding, Purpose::Logout, self.meta.now),
            logout: meant(params),
        };
        let target = params.get("post_logout_redirect_uri").unwrap_or_default();
        Ok(page::html(self.app, StatusCode::OK, &view, &Csp::strict().form_may_reach(target)))
    }

    /// Ends the session, and the others of the person if they are meant, too. Frames tell of this browser's own.
    async fn end(
        &self,
        who: &SignedIn,
        (sid, reach): (&str, Reach),
        then: &Then,
        params: &Params,
    ) -> Result<Response, OAuthError> {
        let told = self.clients_of(sid).await?.into_iter().filter_map(|client| self.frame(client, sid)).collect();
        let now = self.meta.now;
        let ended = match reach {
            Reach::Here => self.app.store.end_session(sid, "signed_out", now).await.map(|ended| ended.tokens_until),
            Reach::Everywhere => {
                let handle = random_id(&mut SystemRng);
                self.app.store.sign_out_user(&who.user.id, &handle, now).await.map(|ended| ended.tokens_until)
            }
        };
        let lives_on = match ended {
            Ok(tokens_until) => LivesOn::new(tokens_until, now),
            Err(StoreError::NotFound(_)) => None,
            Err(error) => return Err(store_failure(&error)),
        };
        events::signed_out(self.app, self.meta, &who.user.id, sid, reach)
            .await
            .map_err(|error| store_failure(&error))?;
        Ok(self.leave(then, params, Ended { lives_on, told, forgets: Forgets::AllOfPages }))
    }

    /// What a client is told in a frame (Front-Channel Logout §3).
    fn frame(&self, client: &Client, sid: &str) -> Option<Told> {
        let uri = frontchannel_logout::frame(&self.app.issuer, &self.app.pairwise, client, sid)?;
        Some(Told { client: client.name.clone(), uri })
    }

    fn leave(&self, then: &Then, params: &Params, ended: Ended) -> Response {
        let Ended { lives_on, told, forgets } = ended;
        let mut response = match then {
            Then::Redirect(location) if told.is_empty() => page::see_other(location),
            Then::Redirect(location) => {
                let name = self.client(params).map(|client| client.name.clone()).unwrap_or_default();
                let onward = Some((name, location.clone()));
                let view = SignedOut { shell: page::shell(self.app, self.meta), back: None, onward, told, lives_on };
                let mut response = page::html(self.app, StatusCode::OK, &view, &view.csp());
                // Without script, and where a frame does not load.
                if let Ok(refresh) = HeaderValue::from_str(&format!("{FRAMES_WAIT_SECS}; url={location}")) {
                    response.headers_mut().insert(REFRESH, refresh);
                }
                response
            }
            Then::SignedOutPage => {
                let client = self.client(params);
                let home = client.filter(|client| !client.is_unvetted()).and_then(|client| {
                    Some((client.name.clone(), WebUrl::parse(client.post_logout_redirect_uris.first()?)?))
                });
                let view =
                    SignedOut { shell: page::shell(self.app, self.meta), back: home, onward: None, told, lives_on };
                page::html(self.app, StatusCode::OK, &view, &view.csp())
            }
        };
        let headers = response.headers_mut();
        // What did not come may be kept from a post of another site, not be missing.
        for kind in [CookieKind::Session, CookieKind::BrowserState] {
            if !matches!(kind.read(self.headers, self.app.transport), Ok(None)) {
                headers.append(SET_COOKIE, kind.clear(self.app.transport));
            }
        }
        if forgets == Forgets::AllOfPages {
            headers.insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"storage\""));
            if self.registry.hands_out_cookies() {
                page_cookies::clear(self.app, &mut response);
            }
        }
        response
    }

    fn client(&self, params: &Params) -> Option<&Client> {
        let named = params.get("client_id");
        let hint = params
            .get("id_token_hint")
            .and_then(|text| hint::read(self.app, &self.registry, text, named, self.meta.now));
        let id = hint.map(|hint| hint.aud).or_else(|| named.map(str::to_owned))?;
        self.registry.client(&id).map(AsRef::as_ref)
    }
}
