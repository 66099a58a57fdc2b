//! A person, a browser, an app, an API and an operator in one: what a server meets all day, in about the shares in which it meets it. Every
//! answer must be the right one; what was revoked or signed out must be refused at once.

use serde_json::json;

use super::{
    AUDIENCE, Browser, Ended, Machine, PASSWORD, Stage, authorize_path, code_of, command, email, redeem, refresh,
    revoke, sign_in,
};
use crate::Failure;
use crate::clock::Stopwatch;
use crate::rng;
use crate::wire::{Answer, Connection, basic, form};

/// What is signed in anew when it is older than this, in seconds: sooner than the shortest lifetimes end.
const FRESH_SECS: u64 = 40;

/// One of them.
pub(crate) struct Person {
    stage: Stage,
    machine: Machine,
    api: Connection,
    /// The `Authorization` of the API.
    api_secret: String,
    app: Option<App>,
    browser: Browser,
    /// When the browser signed in, and its last ID token.
    session: Option<(Stopwatch, Option<String>)>,
}

/// An app that is signed in.
struct App {
    since: Stopwatch,
    access: String,
    refresh: String,
}

impl Person {
    pub(crate) fn new(stage: Stage, browser: Connection, api: Connection, machine: Machine, secret: &str) -> Self {
        let browser = Browser::new(browser, stage.issuer.clone());
        Self { stage, machine, api, api_secret: basic(AUDIENCE, secret), app: None, browser, session: None }
    }

    /// Does one thing; how many requests that took. Whoever answers badly, or not at all, has failed.
    pub(crate) async fn act(&mut self) -> Result<u64, Failure> {
        let acted = match rng::between(1..=100) {
            1..=28 => self.refresh().await,
            29..=52 => self.introspect().await,
            53..=67 => self.machine().await,
            68..=85 => self.code().await,
            86..=91 => self.leave_app().await,
            92..=95 => self.sign_out().await,
            _ => self.operate().await,
        };
        acted.map_err(|ended| match ended {
            Ended::Badly(failure) => failure,
            Ended::WithTheServer => "a request was not answered".into(),
        })
    }

    fn good(&self, answer: Result<Answer, crate::wire::Unanswered>, status: u16, doing: &str) -> Result<Answer, Ended> {
        self.stage.take(answer, status, "", doing)
    }

    /// The app, signed in if it is not, or not freshly; and the requests that took.
    async fn app(&mut self) -> Result<(App, u64), Ended> {
        if let Some(app) = self.app.take()
            && app.since.elapsed().as_secs() < FRESH_SECS
        {
            return Ok((app, 0));
        }
        let answer = sign_in(&mut self.stage.connection, &email(self.stage.number), PASSWORD).await;
        let answer = self.good(answer, 200, "sign-in")?;
        let (access, refresh) = (answer.member("token")?, answer.member("refresh_token")?);
        Ok((App { since: Stopwatch::start(), access, refresh }, 1))
    }

    async fn refresh(&mut self) -> Result<u64, Ended> {
        let (mut app, asked) = self.app().await?;
        let answer = refresh(&mut self.stage.connection, &app.refresh).await;
        let answer = self.good(answer, 200, "refresh")?;
        (app.access, app.refresh) = (answer.member("access_token")?, answer.member("refresh_token")?);
        self.app = Some(app);
        Ok(asked + 1)
    }

    /// Whether the API is told that a token counts.
    async fn counts(&mut self, token: &str) -> Result<bool, Ended> {
        let headers = [("authorization", self.api_secret.as_str()), crate::wire::FORM];
        let body = form(&[("token", token)]);
        let answer = self.api.ask(hyper::Method::POST, "/oauth/introspect", &headers, body).await;
        Ok(self.good(answer, 200, "introspection")?.json()["active"] == true)
    }

    async fn introspect(&mut self) -> Result<u64, Ended> {
        let (app, asked) = self.app().await?;
        let counts = self.counts(&app.access).await?;
        self.app = Some(app);
        if counts { Ok(asked + 1) } else { bad("a valid access token does not count") }
    }

    async fn machine(&mut self) -> Result<u64, Ended> {
        let answer = self.machine.token(&mut self.stage.connection).await;
        self.good(answer, 200, "client credentials").map(|_| 1)
    }

    /// Revokes what the app has; both its tokens are dead at once.
    async fn leave_app(&mut self) -> Result<u64, Ended> {
        let (app, asked) = self.app().await?;
        let answer = revoke(&mut self.stage.connection, &app.refresh).await;
        self.good(answer, 200, "revocation")?;
        let answer = refresh(&mut self.stage.connection, &app.refresh).await;
        self.good(answer, 400, "refresh with a revoked token")?;
        if self.counts(&app.access).await? {
            return bad("a revoked access token counts");
        }
        Ok(asked + 3)
    }

    /// A code in the session that is there, redeemed by an app whose tokens are left to expire.
    async fn code(&mut self) -> Result<u64, Ended> {
        let mut asked = 2;
        let fresh = self.session.as_ref().is_some_and(|(since, _)| since.elapsed().as_secs() < FRESH_SECS);
        if !fresh {
            self.browser.forget();
            let answer = self.browser.sign_in(&email(self.stage.number)).await;
            self.good(answer, 303, "sign-in on the page")?;
            self.session = Some((Stopwatch::start(), None));
            asked += 2;
        }
        let answer = self.browser.code().await;
        let code = code_of(&self.good(answer, 303, "authorization")?)?;
        let answer = redeem(&mut self.browser.connection, &code).await;
        let id_token = self.good(answer, 200, "redemption")?.member("id_token")?;
        if let Some((_, hint)) = &mut self.session {
            *hint = Some(id_token);
        }
        Ok(asked)
    }

    /// Ends the browser's session, if it has one; it gives no code any more.
    async fn sign_out(&mut self) -> Result<u64, Ended> {
        let Some((_, Some(hint))) = self.session.take() else { return self.operate().await };
        let kept = self.browser.cookies().clone();
        let answer = self.browser.get(&format!("/logout?{}", form(&[("id_token_hint", &hint)]))).await;
        self.good(answer, 200, "sign-out")?;
        // As somebody would who had copied the cookies.
        self.browser.set_cookies(kept);
        let answer = self.browser.code().await;
        let answer = self.good(answer, 303, "authorization after sign-out")?;
        if code_of(&answer).is_ok() {
            return bad("a session gives codes after sign-out");
        }
        Ok(2)
    }

    /// The operator looks a person up; a stranger opens the page.
    async fn operate(&mut self) -> Result<u64, Ended> {
        let show = json!({ "user": { "show": { "user": email(self.stage.number) } } });
        let answer = command(&mut self.stage.control, &show).await;
        self.good(answer, 200, "operator's look")?;
        let answer = self.api.get(&authorize_path(&[])).await;
        self.good(answer, 200, "sign-in page").map(|_| 2)
    }
}

fn bad<T>(why: &str) -> Result<T, Ended> {
    Err(Ended::Badly(why.into()))
}
