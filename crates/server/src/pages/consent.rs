//! The consent page: who asks, for what, as whom, for how long (experience §4, security 17).
//!
//! Form fields: `interaction`, `csrf`, `decision` (`allow` or `deny`).

use askama::Template;

use super::{AccountView, ClientView, LocalPath, PageShell};

/// `GET /consent`.
#[derive(Clone, Debug, Template)]
#[template(path = "consent.html")]
pub struct Consent {
    /// What surrounds the page.
    pub shell: PageShell,
    /// Who asks.
    pub client: ClientView,
    /// As whom.
    pub account: AccountView,
    /// Where to sign in as somebody else, if that is possible.
    pub switch_account: Option<LocalPath>,
    /// The signed pending request.
    pub interaction: String,
    /// Anti-forgery token, bound to the session cookie.
    pub csrf: String,
    /// For what; `openid` alone need not be listed.
    pub scopes: Vec<ScopeView>,
    /// For how many days at most; `None`: until the person signs out.
    pub lifetime_days: Option<u32>,
}

/// One thing an application asks for.
#[derive(Clone, Debug)]
pub struct ScopeView {
    /// The scope's wire value, shown small.
    pub name: String,
    /// What it means, in words: see [`standard_scope_text`], or the API's own description.
    pub text: String,
    /// The API it belongs to, when it is not a standard scope.
    pub api: Option<String>,
    /// Whether it was granted before.
    pub freshness: Freshness,
}

/// Whether a scope is new to the person.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Freshness {
    /// Granted to this client before.
    Known,
    /// Not granted before; marked on the page when others were.
    New,
}

/// What the standard scopes mean, in words (OpenID Connect Core §5.4, §11).
pub fn standard_scope_text(scope: &str) -> Option<&'static str> {
    Some(match scope {
        "openid" => "Know who you are here",
        "profile" => "See your name and basic profile",
        "email" => "See your email address",
        "address" => "See your postal address",
        "phone" => "See your phone number",
        "offline_access" => "Keep this access while you are not using the app",
        _ => return None,
    })
}

impl Consent {
    fn marks(&self, scope: &ScopeView) -> bool {
        let grown = self.scopes.iter().any(|other| other.freshness == Freshness::Known);
        grown && scope.freshness == Freshness::New
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let standard = |name: &str, freshness| ScopeView {
            name: name.into(),
            text: standard_scope_text(name).unwrap().into(),
            api: None,
            freshness,
        };
        let read = ScopeView {
            name: "read:dragons".into(),
            text: "Read the list of dragons".into(),
            api: Some("Dragons API".into()),
            freshness: Freshness::New,
        };
        let first = Self {
            shell: sample::shell(),
            client: sample::client(),
            account: sample::account(),
            switch_account: LocalPath::parse("/login?interaction=eyJ0eXAi.sample"),
            interaction: "eyJ0eXAi.sample.interaction".into(),
            csrf: "sample-csrf".into(),
            scopes: vec![standard("profile", Freshness::New), standard("email", Freshness::New), read.clone()],
            lifetime_days: Some(90),
        };
        let grown = Self {
            scopes: vec![
                standard("profile", Freshness::Known),
                standard("email", Freshness::Known),
                standard("offline_access", Freshness::New),
                read,
            ],
            lifetime_days: None,
            switch_account: None,
            ..first.clone()
        };
        let hostile = Self {
            client: sample::hostile_client(),
            account: AccountView { name: sample::HOSTILE.into(), identifier: sample::HOSTILE.into() },
            scopes: vec![ScopeView {
                name: sample::HOSTILE.into(),
                text: sample::HOSTILE.into(),
                api: Some(sample::HOSTILE.into()),
                freshness: Freshness::New,
            }],
            ..first.clone()
        };
        vec![("consent", first), ("consent-grown", grown), ("consent-hostile", hostile)]
    }
}
