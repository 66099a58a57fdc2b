//! Values the views' samples share.

use super::{AccountView, ClientView, Mode, PageShell};
use crate::words::Language;

/// Text that would break out of an attribute, a tag or a script, were it not escaped.
pub(super) const HOSTILE: &str = "\"'><img src=x onerror=alert(1)></title></script><script>alert(2)</script>";

pub(super) fn shell() -> PageShell {
    PageShell::new("http://localhost:4400", Mode::Development, Language::En)
}

pub(super) fn production_shell() -> PageShell {
    PageShell::new("https://auth.example.com", Mode::Production, Language::En)
}

pub(super) fn client() -> ClientView {
    ClientView::new("Dragons", Some("http://localhost:4401/")).with_links(
        None,
        Some("https://dragons.example/privacy"),
        Some("https://dragons.example/terms"),
    )
}

pub(super) fn hostile_client() -> ClientView {
    ClientView::new(HOSTILE, Some("javascript:alert(1)")).with_links(
        Some("javascript:alert(1)"),
        Some("javascript:alert(1)"),
        Some("data:text/html,x"),
    )
}

pub(super) fn account() -> AccountView {
    AccountView { name: "Ada Lovelace".into(), identifier: "ada@example.com".into() }
}
