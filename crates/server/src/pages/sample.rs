//! Values the views' samples share.

use std::cell::Cell;

use super::{AccountView, ClientView, Mode, PageShell, Support};
use crate::words::Language;

/// Text that would break out of an attribute, a tag or a script, were it not escaped.
pub(super) const HOSTILE: &str = "\"'><img src=x onerror=alert(1)></title></script><script>alert(2)</script>";

thread_local! {
    static SPOKEN: Cell<Language> = const { Cell::new(Language::En) };
}

/// What `samples` makes, in this language.
pub(super) fn in_language<T>(language: Language, samples: impl FnOnce() -> T) -> T {
    let before = SPOKEN.replace(language);
    let made = samples();
    SPOKEN.set(before);
    made
}

/// The language of the samples that are made just now.
pub(super) fn language() -> Language {
    SPOKEN.get()
}

pub(super) fn shell() -> PageShell {
    PageShell::new("http://localhost:4400", Mode::Development, language())
        .picking("/login", "eyJ0eXAi.sample.interaction")
}

/// Of a page that asks for work.
pub(super) fn working_shell() -> PageShell {
    shell().with_work(Some(super::Work { challenge: "c2FtcGxl".into(), bits: 16 }))
}

/// Where people are told whom to ask.
pub(super) fn supported_shell() -> PageShell {
    production_shell().supported_by(Support::parse("help@example.com").as_ref())
}

pub(super) fn production_shell() -> PageShell {
    PageShell::new("https://auth.example.com", Mode::Production, language()).picking("/", "")
}

pub(super) fn client() -> ClientView {
    ClientView::new("Dragons", Some("http://localhost:4401/")).with_links(
        None,
        Some("https://dragons.example/privacy"),
        Some("https://dragons.example/terms"),
    )
}

/// The same, with looks of its own.
pub(super) fn branded_client() -> ClientView {
    client().branded(Some("#b3261e"), Some("Feed them before noon, and do not turn your back."))
}

/// The same, with a logo of its own.
pub(super) fn logo_client() -> ClientView {
    ClientView { logo: super::WebUrl::parse_https("https://dragons.example/logo.svg"), ..branded_client() }
}

pub(super) fn hostile_client() -> ClientView {
    ClientView::new(HOSTILE, Some("javascript:alert(1)"))
        .with_links(Some("javascript:alert(1)"), Some("javascript:alert(1)"), Some("data:text/html,x"))
        .branded(Some("#14594f;}body{display:none"), Some(HOSTILE))
}

pub(super) fn account() -> AccountView {
    AccountView { name: "Ada Lovelace".into(), identifier: "ada@example.com".into() }
}
