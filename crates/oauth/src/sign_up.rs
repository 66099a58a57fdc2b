//! Who may make an account without the operator, and where: the setting, and what a client's registration says of it.

use serde::{Deserialize, Serialize};

use crate::registration::Client;

/// To whom the page is open on which people make their own accounts.
///
/// ```
/// use symbolon_oauth::sign_up::SignUp;
/// assert!(SignUp::Open.is_open_to(None) && SignUp::Open.takes_invitations());
/// assert!(!SignUp::Invitation.is_open_to(None) && SignUp::Invitation.takes_invitations());
/// assert!(!SignUp::Off.takes_invitations());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignUp {
    /// To whoever comes from a client whose registration allows it, or was invited.
    Clients,
    /// To whoever was invited.
    Invitation,
    /// To nobody.
    #[default]
    Off,
    /// To everybody, unless they come from a client whose registration denies it.
    Open,
}

/// What a registration says of sign-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignUpRule {
    /// People may sign up on their way to this client.
    Allowed,
    /// They may not.
    Denied,
}

impl SignUp {
    /// Whether people may sign up on their way to this client, or to the server's own pages.
    #[must_use]
    pub fn is_open_to(self, client: Option<&Client>) -> bool {
        match (self, client.and_then(|client| client.sign_up)) {
            (Self::Off | Self::Invitation, _) => false,
            (Self::Clients, rule) => rule == Some(SignUpRule::Allowed),
            (Self::Open, rule) => rule != Some(SignUpRule::Denied),
        }
    }

    /// Whether an invitation makes an account.
    #[must_use]
    pub fn takes_invitations(self) -> bool {
        self != Self::Off
    }

    /// Whether `prompt=create` works for anybody (OpenID Prompt Create 1.0 §4.2).
    #[must_use]
    pub fn is_listed(self) -> bool {
        matches!(self, Self::Clients | Self::Open)
    }

    /// Whether addresses are proven by mail, so that none can be sent.
    #[must_use]
    pub fn needs_mail(self) -> bool {
        self.is_listed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::spa;

    #[test]
    fn a_registration_narrows_or_is_the_only_one() {
        let client = |rule| Client { sign_up: rule, ..spa() };
        for (setting, unsaid, allowed, denied) in [
            (SignUp::Off, false, false, false),
            (SignUp::Invitation, false, false, false),
            (SignUp::Clients, false, true, false),
            (SignUp::Open, true, true, false),
        ] {
            assert_eq!(setting.is_open_to(None), unsaid, "{setting:?}");
            for (rule, expected) in
                [(None, unsaid), (Some(SignUpRule::Allowed), allowed), (Some(SignUpRule::Denied), denied)]
            {
                assert_eq!(setting.is_open_to(Some(&client(rule))), expected, "{setting:?} {rule:?}");
            }
        }
    }
}
