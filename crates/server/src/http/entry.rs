//! From a proven first factor to a session: whether another factor is asked for, the session itself, and on to what waited for it.
//!
//! The one way in for every kind of sign-in page, so that none of them can forget the second factor (security part 3, row 88).

use std::collections::BTreeSet;

use axum::response::Response;
use http::HeaderValue;
use http::header::SET_COOKIE;
use symbolon_oauth::endpoint::path;
use symbolon_oauth::second_factor::{self, Browser, Enrolled, Factor, Next, Remember, Required, Wanted};
use symbolon_oauth::{OAuthError, Params};
use symbolon_store::{Issued, Session, User};

use super::authorize::{self, Arrival};
use super::browser::{self, Keep};
use super::factor::{self, enrol};
use super::{check_session, ciba, form, page};
use crate::account::email_code::{self, StandIn};
use crate::account::factors::totp::SettingUp;
use crate::account::factors::{self, Factors};
use crate::account::new_device::{self, Place};
use crate::app::App;
use crate::effects::store_failure;
use crate::events;
use crate::interaction::{FirstFactor, Interaction, OwnPage};
use crate::rng::SystemRng;
use crate::session::device::Device;

/// Somebody on their way in.
pub(super) struct Entry<'a> {
    /// The browser.
    pub arrival: &'a Arrival<'a>,
    /// Who they have proven to be.
    pub user: &'a User,
    /// By what means.
    pub amr: Vec<String>,
    /// Whether "keep me signed in" was ticked.
    pub keep: Keep,
    /// What waits for them.
    pub interaction: Option<Interaction>,
}

/// A session that was made.
pub(super) struct Entered {
    cookies: Vec<HeaderValue>,
    /// What goes on now.
    interaction: Option<Interaction>,
}

impl Entry<'_> {
    /// The session, or what is asked for first. `None` if the account has changed since its first factor was proven.
    pub(super) async fn proceed(self) -> Result<Option<Response>, OAuthError> {
        let (next, by_mail) = self.next().await?;
        match next {
            Next::SignIn => {
                let arrival = self.arrival;
                match self.enter().await? {
                    Some(entered) => entered.onward(arrival).map(Some),
                    None => Ok(None),
                }
            }
            Next::Ask { factors, remember } => {
                let (first, interaction) = self.pending(None);
                let asked = factor::Asked { user: self.user, factors, remember, by_mail };
                factor::ask(self.arrival, &asked, (first, interaction), None, None).await.map(Some)
            }
            Next::Enrol(factors) => self.enrol(&factors).await.map(Some),
        }
    }

    /// The page on which one of these is set up.
    pub(super) async fn enrol(&self, factors: &BTreeSet<Factor>) -> Result<Response, OAuthError> {
        let sealed = SettingUp::generate().seal(self.arrival.app, &self.user.id);
        enrol::show(self.arrival, (self.user, factors), self.pending(Some(sealed)), (None, None)).await
    }

    /// What comes next by the rules of this moment, and whether a code by mail is part of it.
    pub(super) async fn next(&self) -> Result<(Next, StandIn), OAuthError> {
        let Arrival { app, meta, headers, .. } = self.arrival;
        let config = app.config();
        let wanted = self.wanted().await?;
        let browser = factors::browser(app, &self.user.id, browser::device(app, headers), meta.now).await?;
        // Who wants to change how they sign in, and what else takes an account over, shows everything they have (security 96).
        let own_page = self.interaction.as_ref().and_then(|one| one.own_page);
        let shows_everything = own_page.is_some_and(OwnPage::takes_everything);
        let enrolled = Factors::of(app, &self.user.id).await?.enrolled();
        let judge = |enrolled: &[Enrolled]| {
            let mut facts = factors::facts(&config.factors, self.user, (&self.amr, enrolled), browser, &wanted);
            if shows_everything {
                facts.browser = Browser::Unknown;
                facts.required = facts.required.max(Required::WhenEnrolled);
            }
            match second_factor::next(&app.levels, &facts) {
                // Not where anything is required: the configuration sees to that.
                Next::Enrol(factors) if factors.is_empty() => Next::SignIn,
                next => next,
            }
        };
        // A mailbox stands in for a factor that is not at hand, but not there.
        let stand_in =
            if shows_everything { StandIn::Never } else { email_code::stand_in(app, self.user, meta.now).await? };
        if stand_in == StandIn::Never {
            return Ok((judge(&enrolled), StandIn::Never));
        }
        let with_mail = judge(&[enrolled.as_slice(), &[Enrolled::EMAIL]].concat());
        let is_asked = matches!(&with_mail, Next::Ask { factors, .. } if factors.contains(&Factor::Email));
        Ok(match stand_in {
            StandIn::Later => (judge(&enrolled), if is_asked { StandIn::Later } else { StandIn::Never }),
            _ => (with_mail, stand_in),
        })
    }

    /// The level that waits for them: of the request they are on the way to, or of what they are asked over the back channel.
    async fn wanted(&self) -> Result<Wanted, OAuthError> {
        let Some(interaction) = self.interaction.as_ref().filter(|one| one.user_code.is_none()) else {
            return Ok(Wanted::Nothing);
        };
        match interaction.own_page {
            None => {
                let asked = self.arrival.resume(interaction).await?;
                let request = asked.as_ref().and_then(|asked| self.arrival.validate(&asked.request).ok());
                Ok(request.map(|request| request.wanted()).unwrap_or_default())
            }
            Some(OwnPage::Ciba) => ciba::wanted(self.arrival, &self.user.id, &self.amr).await,
            Some(_) => Ok(Wanted::Nothing),
        }
    }

    /// What is known so far, to be carried by the browser.
    fn pending(&self, setting_up: Option<String>) -> (FirstFactor, Interaction) {
        let first = FirstFactor {
            user_id: self.user.id.clone(),
            handle: self.user.revocation_handle.clone(),
            amr: self.amr.clone(),
            keep: self.keep == Keep::Yes,
            setting_up,
            mailed: None,
        };
        let Arrival { app, meta, headers, .. } = self.arrival;
        let home = || {
            let browser = browser::pre_session(app, headers).unwrap_or_default();
            Interaction::own_page_sign_in(&app.issuer, OwnPage::Start, browser, meta.now)
        };
        (first, self.interaction.clone().unwrap_or_else(home))
    }

    /// A fresh session. `None` if the account was blocked, deleted or given other credentials between the check and here.
    pub(super) async fn enter(self) -> Result<Option<Entered>, OAuthError> {
        let device = device_of(self.arrival, &self.user.id);
        self.enter_on(device).await
    }

    async fn enter_on(self, device: Device) -> Result<Option<Entered>, OAuthError> {
        let Arrival { app, meta, headers, .. } = self.arrival;
        let failed = |error| store_failure(&error);
        let client_id = self.interaction.as_ref().and_then(|one| client_id(&one.query));
        // Lost to another sign-in of this browser in the same moment: once more, on what is there now.
        for _ in 0..2 {
            let (new, cookie) = browser::new_session(app, headers, meta, (self.user, &self.amr), self.keep).await?;
            let session = new.session.clone();
            match app.store.create_session(new).await.map_err(failed)? {
                Issued::Done => {
                    events::signed_in(app, meta, &session, client_id.as_deref()).await.map_err(failed)?;
                    tell_of_new_device(self.arrival, self.user, &session).await?;
                    let mut cookies = vec![cookie];
                    cookies.extend(check_session::moved_on(app, headers, &session.sid, session.persistent));
                    cookies.push(browser::device_cookie_of(app, headers, device, &self.user.id, meta.now));
                    let interaction = self.interaction.map(|one| one.after_sign_in(&session.sid, meta.now));
                    return Ok(Some(Entered { cookies, interaction }));
                }
                Issued::Changed => {}
                Issued::Gone => break,
            }
        }
        Ok(None)
    }

    /// The same, in a browser that is remembered from now on.
    pub(super) async fn enter_and_remember(self) -> Result<Option<Entered>, OAuthError> {
        let (app, now, user_id) = (self.arrival.app, self.arrival.meta.now, self.user.id.clone());
        let device = device_of(self.arrival, &user_id);
        let user_agent = browser::user_agent(self.arrival.headers);
        let entered = self.enter_on(device).await?;
        if entered.is_some() {
            factors::remember(app, &user_id, (device, user_agent.as_deref()), now).await?;
        }
        Ok(entered)
    }
}

impl Entered {
    /// To what waited for the sign-in.
    pub(super) fn onward(self, arrival: &Arrival<'_>) -> Result<Response, OAuthError> {
        let response = match &self.interaction {
            None => page::see_other("/"),
            Some(interaction) => onward(arrival, interaction)?,
        };
        Ok(self.with_cookies(response))
    }

    /// The address of what waited, for a page that stands before it.
    pub(super) fn target(&self, app: &App) -> Result<String, OAuthError> {
        match &self.interaction {
            None => Ok("/".to_owned()),
            Some(interaction) => target(app, interaction).map(|(_, target)| target),
        }
    }

    /// A page that is shown first.
    pub(super) fn with_cookies(self, mut response: Response) -> Response {
        for cookie in self.cookies {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }
}

/// For how many days the page may offer to remember the browser.
pub(super) fn remember_days(remember: Remember) -> Option<u64> {
    (remember == Remember::Offer).then_some(factors::REMEMBER_SECS / 86_400)
}

/// To what waited for the sign-in, or for the choice of an account.
pub(super) fn onward(arrival: &Arrival<'_>, interaction: &Interaction) -> Result<Response, OAuthError> {
    let app = arrival.app;
    let (path, target) = target(app, interaction)?;
    if form::is_short(&target) {
        return Ok(page::see_other(&target));
    }
    let client_id = client_id(&interaction.query).unwrap_or_default();
    let client = arrival.registry.client(&client_id).map(AsRef::as_ref);
    let sealed = app.interactions.seal(interaction).map_err(|_| OAuthError::ServerError)?;
    let reached = client.map_or(&[][..], |client| &client.redirect_uris);
    Ok(page::hand_on(app, arrival.meta, client, (path, vec![("interaction".to_owned(), sealed)]), reached))
}

fn target(app: &App, interaction: &Interaction) -> Result<(&'static str, String), OAuthError> {
    let path = match interaction.own_page {
        Some(OwnPage::Ciba) => path::CIBA,
        Some(page @ OwnPage::EmailConfirm) => {
            return Ok((page.path(), format!("{}?{}", page.path(), interaction.query)));
        }
        Some(page) => return Ok((page.path(), page.path().to_owned())),
        None if interaction.user_code.is_some() => path::DEVICE,
        None => authorize::CONTINUE,
    };
    let sealed = app.interactions.seal(interaction).map_err(|_| OAuthError::ServerError)?;
    Ok((path, format!("{path}?interaction={sealed}")))
}

/// The client of a request.
pub(super) fn client_id(query: &str) -> Option<String> {
    Params::parse_for_authorize(query.as_bytes()).ok()?.get("client_id").map(str::to_owned)
}

/// The owner of the account hears of a browser that it did not know. A server that stops here has answered nothing: nobody has the session.
async fn tell_of_new_device(arrival: &Arrival<'_>, user: &User, session: &Session) -> Result<(), OAuthError> {
    let Arrival { app, meta, headers, .. } = arrival;
    if !new_device::is_new(user, browser::seen_before(app, headers, &user.id)) {
        return Ok(());
    }
    let place = Place {
        user_agent: session.user_agent.as_deref(),
        address: &meta.address_text(),
        lang: meta.language_of_letters(Some(user)),
    };
    new_device::tell(app, user, &place, meta.now).await.map_err(|error| store_failure(&error))
}

/// The device of this browser: the one the account knows, or a new one.
fn device_of(arrival: &Arrival<'_>, user_id: &str) -> Device {
    let known = browser::known_device(arrival.app, arrival.headers, user_id);
    known.unwrap_or_else(|| Device::new(&mut SystemRng))
}
