//! The consent page: who asks, for what, as whom, for how long (experience §4, security 17).
//!
//! Form fields: `interaction`, `csrf`, `decision` (`allow` or `deny`).

use askama::Template;

use symbolon_oauth::authorization_details::Shown;

use super::{AccountView, ClientView, LocalPath, PageShell};
use crate::words;

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
    /// What exactly, where it asks for something in detail.
    pub details: Vec<DetailView>,
    /// For what; `openid` alone need not be listed.
    pub scopes: Vec<ScopeView>,
    /// For how many days at most; `None`: until the person signs out.
    pub lifetime_days: Option<u32>,
}

/// Something an application asks for in detail (RFC 9396): a title, and what stands in it.
#[derive(Clone, Debug)]
pub struct DetailView {
    /// What it is, in the words of its API.
    pub title: String,
    /// What it comes to; may be empty.
    pub description: String,
    /// The API it belongs to.
    pub api: String,
    /// Labels and values.
    pub rows: Vec<(String, String)>,
}

impl DetailView {
    /// As the decision gave it.
    pub fn of(shown: &Shown) -> Self {
        let Shown { title, description, api, rows } = shown.clone();
        Self { title, description, api, rows: rows.into_iter().map(|row| (row.label, row.value)).collect() }
    }
}

/// One thing an application asks for.
#[derive(Clone, Debug)]
pub struct ScopeView {
    /// The scope's wire value, shown small.
    pub name: String,
    /// What it means, in words: see [`words::Consent::scope`], or the API's own description.
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

impl Consent {
    fn words(&self) -> words::Consent {
        words::Consent::of(self.shell.language)
    }

    fn marks(&self, scope: &ScopeView) -> bool {
        let grown = self.scopes.iter().any(|other| other.freshness == Freshness::Known);
        grown && scope.freshness == Freshness::New
    }

    /// The page where something is asked for in detail, alone and beside scopes.
    #[cfg(test)]
    fn samples_in_detail(first: &Self) -> [(&'static str, Self); 2] {
        let payment = |creditor: &str, amount: &str| DetailView {
            title: "Pay once".into(),
            description: "Money leaves your account when you allow this.".into(),
            api: "Payments".into(),
            rows: [
                ("Amount", amount),
                ("To", creditor),
                ("Account", "DE02 1001 0010 9307 1186 03"),
                ("Reference", "Invoice 2026-1179"),
            ]
            .map(|(label, value)| (label.to_owned(), value.to_owned()))
            .into(),
        };
        let paying = Self {
            details: vec![payment("Merchant A", "123.50 EUR"), payment("Merchant B with a long name, Ltd.", "8 EUR")],
            scopes: Vec::new(),
            lifetime_days: None,
            switch_account: None,
            ..first.clone()
        };
        let both = Self { details: vec![payment("Merchant A", "123.50 EUR")], ..first.clone() };
        [("consent-details", paying), ("consent-details-and-scopes", both)]
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let standard = |name: &str, freshness| ScopeView {
            name: name.into(),
            text: words::Consent::of(sample::shell().language).scope(name).unwrap().into(),
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
            details: Vec::new(),
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
            details: vec![DetailView {
                title: sample::HOSTILE.into(),
                description: sample::HOSTILE.into(),
                api: sample::HOSTILE.into(),
                rows: vec![(sample::HOSTILE.into(), sample::HOSTILE.into())],
            }],
            ..first.clone()
        };
        let branded = Self {
            shell: sample::shell().of_client(Some(&sample::branded_client())),
            client: sample::branded_client(),
            ..first.clone()
        };
        let mut all = vec![
            ("consent-branded", branded),
            ("consent", first.clone()),
            ("consent-grown", grown),
            ("consent-hostile", hostile),
        ];
        all.extend(Self::samples_in_detail(&first));
        all
    }
}
