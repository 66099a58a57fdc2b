//! The hosted pages (design §6, experience §4): one file per page, each a view struct over one template.
//!
//! A view holds plain data and no decision; every sentence a person reads stands in the page's own
//! template, chosen there by the view's enums. Pages work without script, pull nothing from other
//! origins, and are escaped by the template compiler. `samples()` of each view feeds the tests that
//! render and lint all of them.

mod accent;
pub mod account;
pub mod asks;
pub mod assets;
pub mod check_session;
pub mod ciba;
pub mod consent;
mod csp;
mod css;
pub mod dev_mail;
pub mod device;
pub mod done;
pub mod error;
pub mod factor;
pub mod forgot;
pub mod form_post;
pub mod home;
mod link;
pub mod login;
pub mod login_email;
pub mod logout;
pub mod not_me;
pub mod passkey;
pub(crate) mod qr;
pub mod recovery_codes;
pub mod reset;
pub mod security;
pub mod setup;
pub mod sign_up;
pub mod signed_out;
mod support;
pub mod web_message;

pub(crate) use self::csp::HSTS;
pub use self::{
    accent::Colour,
    csp::{Csp, CspSource, Transport, security_headers},
    link::{LocalPath, WebUrl},
    support::Support,
};

use askama::Template;
use axum::body::Body;
use http::header::{CONTENT_LANGUAGE, CONTENT_TYPE, VARY};
use http::{HeaderValue, Response, StatusCode};

use crate::words::{self, Language};

/// Longest pending request that goes along when another language is chosen.
const MAX_PICKER_INTERACTION: usize = 4_000;

/// What every page shows around its own content.
#[derive(Clone, Debug)]
pub struct PageShell {
    /// Language of the texts.
    pub language: Language,
    /// Host of the issuer, so that people can compare it with the address bar.
    pub host: String,
    /// Whether to mark the page as a development server's.
    pub mode: Mode,
    /// How the same page is had in another language, where it can be had again.
    pub picker: Option<Picker>,
    /// The colour of the application that people are on their way to.
    pub accent: Option<Colour>,
    /// The application that people are on their way to, where the page is to look like its own.
    pub brand: Option<PageBrand>,
    /// What the browser is asked to do before the page's form is sent.
    pub work: Option<Work>,
    /// Whom people ask for help.
    pub support: Option<Support>,
}

/// Whose page it is, where that is not Symbolon: the looks are the operator's, for a client that is as good as their own.
#[derive(Clone, Debug)]
pub struct PageBrand {
    /// The client's name.
    pub name: String,
    /// Its logo; the page's policy must allow the origin ([`Csp::image`]).
    pub logo: Option<WebUrl>,
    /// What stands in place of a logo.
    pub initial: String,
}

/// The way to the same page in another language.
#[derive(Clone, Debug)]
pub struct Picker {
    /// The page's path.
    pub page: &'static str,
    /// What the page cannot be had without, by parameter: the signed request that is pending there, the code of its link.
    pub carried: Vec<(&'static str, String)>,
}

/// Arithmetic that saves a browser a wait (`session/work.rs`).
#[derive(Clone, Debug)]
pub struct Work {
    /// The challenge.
    pub challenge: String,
    /// How many bits of zeros are wanted.
    pub bits: u8,
}

/// What kind of server speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// `serve --dev`: pages say so.
    Development,
    /// Anything else.
    Production,
}

impl PageShell {
    /// The shell of an issuer's pages.
    pub fn new(issuer: &str, mode: Mode, language: Language) -> Self {
        let host = WebUrl::parse(issuer).map_or_else(|| issuer.to_owned(), |url| url.host());
        Self { language, host, mode, picker: None, accent: None, brand: None, work: None, support: None }
    }

    /// The same around a page of ours that is there in other languages, too: its path, and what is pending there.
    #[must_use]
    pub fn picking(self, page: &'static str, interaction: &str) -> Self {
        self.carrying(page, &[("interaction", interaction)])
    }

    /// The same of a page that cannot be had without these parameters; empty ones are left out. `/language` has to know their names.
    #[must_use]
    pub fn carrying(self, page: &'static str, carried: &[(&'static str, &str)]) -> Self {
        // What is too large for an address is not put into one.
        let is_short = carried.iter().map(|(_, value)| value.len()).sum::<usize>() <= MAX_PICKER_INTERACTION;
        let filled = carried.iter().filter(|(_, value)| !value.is_empty());
        let carried = filled.map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { picker: is_short.then_some(Picker { page, carried }), ..self }
    }

    /// The same, where people are told whom they can ask.
    #[must_use]
    pub fn supported_by(self, support: Option<&Support>) -> Self {
        Self { support: support.cloned(), ..self }
    }

    /// The same in the colour of the application that people are on their way to, and with its name, if it has looks of its own.
    #[must_use]
    pub fn of_client(self, client: Option<&ClientView>) -> Self {
        let brand = client.and_then(ClientView::brand);
        Self { accent: client.and_then(|client| client.accent), brand, ..self }
    }

    /// What stands behind the title of the page.
    fn site(&self) -> &str {
        self.brand.as_ref().map_or("Symbolon", |brand| &brand.name)
    }

    /// All languages, for whoever chooses one.
    fn languages(&self) -> [(Language, bool); 4] {
        Language::ALL.map(|language| (language, language == self.language))
    }

    /// The same, of a page that asks for work.
    #[must_use]
    pub fn with_work(self, work: Option<Work>) -> Self {
        Self { work, ..self }
    }

    fn words(&self) -> words::Shell {
        words::Shell::of(self.language)
    }

    /// The words that several pages share.
    pub(crate) fn common(&self) -> words::Common {
        words::Common::of(self.language)
    }

    fn asks(&self) -> words::Consent {
        words::Consent::of(self.language)
    }

    pub(crate) fn passwords(&self) -> words::Password {
        words::Password::of(self.language)
    }

    fn factors(&self) -> words::Factor {
        words::Factor::of(self.language)
    }

    fn time(&self) -> words::Time {
        words::Time::of(self.language)
    }

    fn is_development(&self) -> bool {
        self.mode == Mode::Development
    }
}

/// The application that asks, as pages name it (specs rule 10).
#[derive(Clone, Debug)]
pub struct ClientView {
    /// Its registered name.
    pub name: String,
    /// Host its answers go to, the only thing about it that is proven; for people to read.
    pub host: Option<String>,
    /// Its logo; the page's policy must allow the origin ([`Csp::image`]).
    pub logo: Option<WebUrl>,
    /// Its privacy policy.
    pub policy: Option<WebUrl>,
    /// Its terms of service.
    pub terms: Option<WebUrl>,
    /// Its colour.
    pub accent: Option<Colour>,
    /// What it welcomes people with.
    pub welcome: Option<String>,
}

impl ClientView {
    /// A client by registered values; addresses a page may not link to are left out.
    pub fn new(name: &str, redirect_uri: Option<&str>) -> Self {
        let host = redirect_uri.and_then(WebUrl::parse).map(|url| url.host());
        Self { name: name.to_owned(), host, logo: None, policy: None, terms: None, accent: None, welcome: None }
    }

    /// Adds the links of the registration: `logo_uri`, `policy_uri`, `tos_uri`.
    #[must_use]
    pub fn with_links(mut self, logo: Option<&str>, policy: Option<&str>, terms: Option<&str>) -> Self {
        self.logo = logo.and_then(WebUrl::parse_https);
        self.policy = policy.and_then(WebUrl::parse);
        self.terms = terms.and_then(WebUrl::parse);
        self
    }

    /// With the looks that the operator has given it.
    #[must_use]
    pub fn branded(mut self, accent: Option<&str>, welcome: Option<&str>) -> Self {
        self.accent = accent.and_then(Colour::parse);
        self.welcome = welcome.map(str::to_owned);
        self
    }

    /// The looks of a whole page. Only the operator gives them: a name and a logo alone, which clients register themselves, make no page theirs.
    fn brand(&self) -> Option<PageBrand> {
        let given = self.accent.is_some() || self.welcome.is_some();
        given.then(|| PageBrand { name: self.name.clone(), logo: self.logo.clone(), initial: self.initial() })
    }

    /// First letter of the name, shown where there is no logo.
    fn initial(&self) -> String {
        let letter = self.name.chars().find(|c| c.is_alphanumeric());
        letter.map_or_else(|| "?".to_owned(), |c| c.to_uppercase().collect())
    }
}

/// The person a page speaks to.
#[derive(Clone, Debug)]
pub struct AccountView {
    /// Name to greet by; may equal the identifier.
    pub name: String,
    /// What they sign in with: e-mail or user name.
    pub identifier: String,
}

/// A page as an HTML response with all security headers.
///
/// A template that fails to render (it cannot, with views of plain data) is a 500 without a body.
pub fn respond<V: Template>(status: StatusCode, view: &V, csp: &Csp, transport: Transport) -> Response<Body> {
    let Ok(html) = view.render() else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return response;
    };
    let language = language_of(&html);
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.append(VARY, HeaderValue::from_static("Accept-Language, Cookie"));
    if let Some(language) = language {
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    }
    headers.extend(security_headers(csp, transport));
    response
}

/// The language that a page says it is in: the layout says so for all of them.
fn language_of(html: &str) -> Option<Language> {
    let (_, rest) = html.get(..200).unwrap_or(html).split_once("<html lang=\"")?;
    Language::of_tag(rest.split('"').next()?)
}

#[cfg(test)]
mod attributes;
#[cfg(test)]
mod fields;
#[cfg(test)]
mod lint;
#[cfg(test)]
mod print;
#[cfg(test)]
mod sample;
