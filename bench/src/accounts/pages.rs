//! A browser at the pages: it looks at one, and then posts its form again and again, each time for another account.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::response::Parts;
use hyper::{Request, StatusCode};

use crate::Failure;
use crate::load::Script;
use crate::nodes::script::PASSWORD;

/// What people do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// They ask for an account: the password is hashed, the rest waits for the code in the letter.
    SignUp,
    /// They sign in: one hash, a session, and a letter if the browser is new.
    SignIn,
    /// They choose a new password by a link: one hash, and everything else of the account ends.
    Reset,
}

impl Page {
    pub(super) const ALL: [Self; 3] = [Self::SignUp, Self::SignIn, Self::Reset];

    /// Its name in figures.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::SignIn => "sign_in",
            Self::SignUp => "sign_up",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Reset => "/reset",
            Self::SignIn => "/login",
            Self::SignUp => "/signup",
        }
    }
}

/// One browser.
pub(super) struct Visitor {
    page: Page,
    issuer: String,
    host: String,
    number: usize,
    /// Accounts, or links.
    of: Vec<String>,
    next: usize,
    /// Once it has looked at the page: the cookie, and what the form holds.
    cookie: String,
    form: Option<String>,
}

impl Visitor {
    pub(super) fn new(page: Page, issuer: &str, host: &str, number: usize, of: Vec<String>) -> Self {
        let (issuer, host) = (issuer.to_owned(), host.to_owned());
        Self { page, issuer, host, number, of, next: 0, cookie: String::new(), form: None }
    }

    fn typed(&self) -> Result<String, Failure> {
        let one = |all: &[String]| all.get(self.next % all.len().max(1)).cloned().ok_or("nobody to be");
        Ok(match self.page {
            Page::SignIn => format!("username={}&password={}", encoded(&one(&self.of)?), encoded(PASSWORD)),
            Page::SignUp => {
                let email = format!("new{}-{}@example.org", self.number, self.next);
                format!("email={}&password={}", encoded(&email), encoded(PASSWORD))
            }
            Page::Reset => {
                let code = self.of.get(self.next).ok_or("all links are used up: measure for a shorter time")?;
                format!("code={code}&password={}", encoded(PASSWORD))
            }
        })
    }
}

fn encoded(text: &str) -> String {
    text.replace('@', "%40").replace('+', "%2B").replace(' ', "+")
}

/// The value of a hidden field.
fn field<'p>(page: &'p str, name: &str) -> Option<&'p str> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    rest.split('"').next()
}

impl Script for Visitor {
    fn request(&mut self) -> Result<Request<Full<Bytes>>, Failure> {
        let path = self.page.path();
        let Some(form) = &self.form else {
            let query = if self.page == Page::Reset {
                format!("?code={}", self.of.first().ok_or("no link")?)
            } else {
                String::new()
            };
            let request = Request::get(format!("{}{path}{query}", self.issuer)).header("host", self.host.as_str());
            return Ok(request.body(Full::new(Bytes::new()))?);
        };
        let body = format!("{form}&{}", self.typed()?);
        let request = Request::post(format!("{}{path}", self.issuer)).header("host", self.host.as_str());
        let request = request.header("origin", self.issuer.as_str()).header("cookie", self.cookie.as_str());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        Ok(request.body(Full::new(Bytes::from(body)))?)
    }

    fn is_good(&self, answer: &Parts) -> bool {
        match (self.page, &self.form) {
            (Page::SignIn, Some(_)) => answer.status == StatusCode::SEE_OTHER,
            _ => answer.status == StatusCode::OK,
        }
    }

    fn arrived(&mut self, head: &Parts) -> Result<(), Failure> {
        if self.form.is_none() {
            let cookie = head.headers.get("set-cookie").ok_or("a page without a cookie")?.to_str()?;
            cookie.split(';').next().unwrap_or_default().clone_into(&mut self.cookie);
        }
        Ok(())
    }

    fn answered(&mut self, body: &[u8]) -> Result<(), Failure> {
        if self.form.is_some() {
            self.next += 1;
            return Ok(());
        }
        let page = String::from_utf8_lossy(body);
        let csrf = field(&page, "csrf").ok_or("a page without a csrf token")?;
        // The first form of a page is the one that people fill in.
        let interaction = field(&page, "interaction").unwrap_or_default();
        self.form = Some(format!("csrf={csrf}&interaction={interaction}"));
        Ok(())
    }
}
