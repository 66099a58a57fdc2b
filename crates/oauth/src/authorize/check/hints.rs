//! `login_hint`, `ui_locales` and `id_token_hint`: help for the pages (OpenID Connect Core §3.1.2.1).
//!
//! A hint is never a reason to believe anything. A language is never a reason to refuse.

use super::Draft;
use crate::error::OAuthError;
use crate::language;

const MAX_LOGIN_HINT_BYTES: usize = 320;
const MAX_LOCALES: usize = 10;

pub(in crate::authorize) struct Hints {
    pub(in crate::authorize) login_hint: Option<String>,
    pub(in crate::authorize) ui_locales: Vec<String>,
    pub(in crate::authorize) id_token_hint: Option<String>,
}

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>) -> Result<Hints, OAuthError> {
    let login_hint = draft
        .params
        .get("login_hint")
        .filter(|hint| hint.len() <= MAX_LOGIN_HINT_BYTES && !hint.chars().any(char::is_control));
    let id_token_hint = draft.params.get("id_token_hint");
    // A token has three parts, or five where the client has encrypted it to us again; anything else cannot be one of ours.
    if id_token_hint.is_some_and(|hint| hint.len() > 16 * 1024 || !matches!(hint.matches('.').count(), 2 | 4)) {
        return Err(OAuthError::IdTokenHintInvalid);
    }
    Ok(Hints {
        login_hint: login_hint.map(str::to_owned),
        ui_locales: locales(draft, "ui_locales"),
        id_token_hint: id_token_hint.map(str::to_owned),
    })
}

/// The language tags in a parameter that lists them, the best first.
pub(super) fn locales(draft: &Draft<'_, '_>, name: &str) -> Vec<String> {
    let tags = draft.params.get(name).unwrap_or_default().split(' ').filter(|tag| language::is_tag(tag));
    tags.take(MAX_LOCALES).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::on;
    use super::*;

    #[test]
    fn odd_hints_are_left_out() {
        let hints = on("login_hint=ada%40example.com&ui_locales=de-DE+%3Cscript%3E+en", check).ok().unwrap();
        assert_eq!(hints.login_hint.as_deref(), Some("ada@example.com"));
        assert_eq!(hints.ui_locales, ["de-DE", "en"]);
        assert_eq!(on("login_hint=a%0Ab", check).ok().unwrap().login_hint, None);
        assert_eq!(on(&format!("login_hint={}", "x".repeat(321)), check).ok().unwrap().login_hint, None);
    }

    #[test]
    fn what_cannot_be_an_id_token_is_refused() {
        for hint in ["x", "a.b", "a.b.c.d", "a.b.c.d.e.f", &"a".repeat(20_000)] {
            assert_eq!(on(&format!("id_token_hint={hint}"), check).err(), Some(OAuthError::IdTokenHintInvalid));
        }
        assert!(on("id_token_hint=a.b.c", check).is_ok() && on("id_token_hint=a.b.c.d.e", check).is_ok());
    }
}
