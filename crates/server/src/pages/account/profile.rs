//! `/account/profile`. Form fields: `csrf`, `action` (`save`), `revision`, `fields` (their names), and one for each claim that people may change, by its name.

use askama::Template;

use super::Nav;
use crate::pages::PageShell;
use crate::words::{self, Language};

/// `GET /account/profile`, and the answer to a form that failed.
#[derive(Clone, Debug, Template)]
#[template(path = "account_profile.html")]
pub struct AccountProfile {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The way to the other parts.
    pub nav: Nav,
    /// The words.
    pub words: words::AccountProfile,
    /// Anti-forgery token, bound to the session.
    pub csrf: String,
    /// The account's revision that the page shows.
    pub revision: u64,
    /// The claims, in their order.
    pub fields: Vec<FieldView>,
    /// The language that was chosen; nothing where that cannot be.
    pub locale: Option<LocaleView>,
    /// What is to be said first.
    pub told: Option<ProfileTold>,
}

/// The choice of a language.
#[derive(Clone, Copy, Debug)]
pub struct LocaleView {
    /// The one that was chosen.
    pub chosen: Option<Language>,
}

/// A claim as it stands on the page.
#[derive(Clone, Debug)]
pub struct FieldView {
    /// The claim.
    pub name: &'static str,
    /// Its label.
    pub label: &'static str,
    /// As of an `input`.
    pub kind: &'static str,
    /// The first and the last day it can be, of a date.
    pub bounds: Option<(String, String)>,
    /// For password managers and browsers.
    pub autocomplete: &'static str,
    /// What it has to be.
    pub hint: Option<&'static str>,
    /// Its value.
    pub value: String,
    /// Whether people change it.
    pub access: Access,
}

/// What people may do with a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Change it.
    Change,
    /// See it.
    See,
}

/// What the page says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileTold {
    /// Somebody was faster.
    Changed,
    /// It was kept.
    Saved,
    /// A claim does not fit.
    Wrong {
        /// Which.
        name: &'static str,
        /// Why, and what would.
        why: String,
    },
}

impl FieldView {
    fn is_locked(&self) -> bool {
        self.access == Access::See
    }
}

impl LocaleView {
    fn options(self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        Language::ALL.into_iter().map(move |one| (one.tag(), one.name(), Some(one) == self.chosen))
    }
}

impl AccountProfile {
    fn problem(&self) -> Option<&str> {
        match self.told.as_ref()? {
            ProfileTold::Changed => Some(self.words.changed_meanwhile()),
            ProfileTold::Saved => None,
            ProfileTold::Wrong { why, .. } => Some(why),
        }
    }

    fn is_saved(&self) -> bool {
        self.told == Some(ProfileTold::Saved)
    }

    fn blames(&self, field: &FieldView) -> bool {
        matches!(&self.told, Some(ProfileTold::Wrong { name, .. }) if *name == field.name)
    }

    /// The names of all fields that can be changed.
    fn names(&self) -> String {
        let fields = self.fields.iter().filter(|field| !field.is_locked()).map(|field| field.name);
        fields.chain(self.locale.map(|_| "locale")).collect::<Vec<_>>().join(" ")
    }

    fn can_save(&self) -> bool {
        self.locale.is_some() || self.fields.iter().any(|field| !field.is_locked())
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(in crate::pages) fn samples() -> Vec<(&'static str, Self)> {
        use crate::interaction::OwnPage;
        use crate::pages::sample;
        let field = |name: &'static str, label: &'static str, value: &str, access| FieldView {
            name,
            label,
            kind: "text",
            bounds: None,
            autocomplete: if name == "birthdate" { "bday" } else { "name" },
            hint: (name == "zoneinfo").then_some("Such as Europe/Vienna"),
            value: value.into(),
            access,
        };
        let fields = vec![
            field("name", "Name", "Ada Lovelace", Access::Change),
            field("birthdate", "Date of birth", "1915", Access::Change),
            field("zoneinfo", "Time zone", "Europe/Vienna", Access::Change),
            field("family_name", "Family name", "Lovelace", Access::See),
        ];
        let plain = Self {
            shell: sample::shell(),
            nav: Nav::sample(OwnPage::Profile),
            words: words::AccountProfile::of(sample::language()),
            csrf: "sample-csrf".into(),
            revision: 7,
            fields,
            locale: Some(LocaleView { chosen: Some(Language::De) }),
            told: None,
        };
        let wrong = ProfileTold::Wrong { name: "zoneinfo", why: plain.words.wrong_zone().to_owned() };
        let hostile = vec![field("name", "Name", sample::HOSTILE, Access::Change)];
        let locked = vec![field("name", "Name", "Ada Lovelace", Access::See)];
        vec![
            ("account-profile-wrong", Self { told: Some(wrong), ..plain.clone() }),
            ("account-profile-changed", Self { told: Some(ProfileTold::Changed), ..plain.clone() }),
            ("account-profile-saved", Self { told: Some(ProfileTold::Saved), ..plain.clone() }),
            ("account-profile-locked", Self { fields: locked, locale: None, ..plain.clone() }),
            ("account-profile-hostile", Self { fields: hostile, ..plain.clone() }),
            ("account-profile", plain),
        ]
    }
}
