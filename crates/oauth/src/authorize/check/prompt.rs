//! `prompt`: known values, and `none` alone (OpenID Connect Core §3.1.2.1: "If this parameter contains none with any other value,
//! an error is returned"). Whether `create` can be had is decided where the setting is known ([`super::super::check_sign_up`]).

use std::collections::BTreeSet;

use super::Draft;
use crate::authorize::Prompt;
use crate::error::OAuthError;

pub(in crate::authorize) fn check(draft: &Draft<'_, '_>) -> Result<BTreeSet<Prompt>, OAuthError> {
    let names = draft.params.get("prompt").unwrap_or_default().split(' ').filter(|name| !name.is_empty());
    let asked = names
        .map(|name| Prompt::ALL.iter().copied().find(|prompt| prompt.name() == name).ok_or(OAuthError::PromptInvalid))
        .collect::<Result<BTreeSet<_>, _>>()?;
    if asked.contains(&Prompt::None) && asked.len() > 1 { Err(OAuthError::PromptInvalid) } else { Ok(asked) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::on;
    use super::*;

    #[test]
    fn none_stands_alone_and_unknown_values_are_refused() {
        assert_eq!(on("", check), Ok(BTreeSet::new()));
        assert_eq!(on("prompt=login+consent", check), Ok(BTreeSet::from([Prompt::Login, Prompt::Consent])));
        assert_eq!(on("prompt=none", check), Ok(BTreeSet::from([Prompt::None])));
        for value in ["none+login", "consent+none", "create+none", "Create", "Login", "none+x"] {
            assert_eq!(on(&format!("prompt={value}"), check), Err(OAuthError::PromptInvalid), "{value}");
        }
    }
}
