//! What an app would get, on the pages that always ask for all of it: for a device, and over the back channel. The template of it is a part of
//! theirs, with headings of the level and ids with the number that they give.

use super::consent::{DetailView, ScopeView};

/// What an app asks for.
#[derive(Clone, Debug, Default)]
pub struct Asks {
    /// What exactly, where it asks for something in detail.
    pub details: Vec<DetailView>,
    /// For what else; `openid` alone need not be listed.
    pub scopes: Vec<ScopeView>,
    /// For how many days at most; `None`: until the person signs out.
    pub lifetime_days: Option<u32>,
}

/// Two examples: what is usual, with a payment in the second.
#[cfg(test)]
pub(super) fn samples() -> [Asks; 3] {
    use super::consent::Freshness;
    use super::sample::HOSTILE;
    let say = super::sample::shell().asks();
    let scope = |name: &str, text: &str, api: Option<&str>| ScopeView {
        name: name.into(),
        text: text.into(),
        api: api.map(str::to_owned),
        freshness: Freshness::New,
    };
    let usual = Asks {
        details: Vec::new(),
        scopes: vec![
            scope("profile", say.scope("profile").unwrap(), None),
            scope("read:dragons", "Read the list of dragons", Some("Dragons API")),
        ],
        lifetime_days: Some(90),
    };
    let detail = |text: &str, rows: &[(&str, &str)]| DetailView {
        title: text.into(),
        description: "Money leaves your account when you allow this.".into(),
        api: "Payments".into(),
        rows: rows.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect(),
    };
    let paying = Asks {
        details: vec![detail(
            "Pay once",
            &[("Amount", "123.50 EUR"), ("To", "Merchant A"), ("Reference", "Invoice 2026-1179")],
        )],
        lifetime_days: None,
        ..usual.clone()
    };
    let hostile = Asks {
        details: vec![detail(HOSTILE, &[(HOSTILE, HOSTILE)])],
        scopes: vec![scope(HOSTILE, HOSTILE, Some(HOSTILE))],
        lifetime_days: None,
    };
    [usual, paying, hostile]
}
