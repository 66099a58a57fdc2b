//! What people are told by mail. A new letter is one variant here, its words in `words.rs`, and whoever puts it into the outbox.

use std::fmt;

use serde::{Deserialize, Serialize};

const MINUTE: u64 = 60;
/// How long a letter is worth sending that holds nothing which ends by itself.
const DAY: u64 = 24 * 60 * MINUTE;

/// A letter.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "letter")]
#[non_exhaustive]
pub enum Letter {
    /// The account is gone, by its owner's hand.
    AccountDeleted,
    /// Whoever had a letter of ours has shut everybody out, and the password with them: the link by which there is a new one.
    AccountShut {
        /// The link.
        link: String,
        /// How long it works.
        minutes: u64,
    },
    /// Somebody wanted to sign up with an address that has an account.
    AddressKnown,
    /// Somebody wants another address for the account. Goes to the present one.
    EmailAsked {
        /// The other address.
        email: String,
        /// The link that keeps the present one, if that may have one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<String>,
        /// How long it works.
        days: u64,
    },
    /// The account has another address. Goes to both.
    EmailChanged {
        /// The one it had.
        old: String,
        /// The one it has.
        email: String,
        /// To the old one: the link that takes it back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<String>,
        /// How long that works.
        days: u64,
    },
    /// An address that nobody had proven is an account's no longer. Goes there, and may reach a stranger.
    EmailLeft,
    /// The link that proves the new address of an account.
    EmailProof {
        /// The link.
        link: String,
        /// How long it works.
        minutes: u64,
    },
    /// Somebody wanted an address for their account that another account has.
    EmailTaken,
    /// Whoever had the address before has it again. Goes to both.
    EmailUndone {
        /// That address.
        email: String,
    },
    /// How somebody signs in has changed.
    FactorChanged {
        /// What it was.
        change: FactorChange,
        /// The link for whoever did not do it.
        #[serde(default)]
        not_me: Option<String>,
    },
    /// Somebody knew the password, and not what is asked for beside it.
    FactorRefused,
    /// The operator lets somebody make an account.
    Invitation {
        /// The link by which it is made.
        link: String,
        /// How long it works.
        days: u64,
        /// The client it is for, by name.
        client: Option<String>,
    },
    /// Somebody has signed in from where the account was not known.
    NewDevice {
        /// What the browser or program calls itself.
        user_agent: Option<String>,
        /// Its network address.
        address: String,
        /// When, Unix seconds.
        at: u64,
        /// The link for whoever it was not.
        not_me: String,
    },
    /// The link that proves the address that an account has.
    OwnEmailProof {
        /// The link.
        link: String,
        /// How long it works.
        minutes: u64,
    },
    /// The account has a new password.
    PasswordChanged {
        /// The link for whoever did not choose it.
        #[serde(default)]
        not_me: Option<String>,
    },
    /// The link by which a new password is chosen.
    PasswordReset {
        /// The link.
        link: String,
        /// How long it works.
        minutes: u64,
        /// The app from whose sign-in page it was asked for, by name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<String>,
    },
    /// Somebody asked for such a link. Becomes [`Letter::PasswordReset`] or [`Letter::AccountShut`] when it is sent, if there is an account then.
    ResetAsked(ResetAsked),
    /// The code beside a password.
    SecondStepCode {
        /// The code, of digits.
        code: String,
        /// How long it works.
        minutes: u64,
    },
    /// Somebody wants to sign in by mail. Becomes [`Letter::SignInCode`] when it is sent, if there is an account then.
    SignInAsked(SignInAsked),
    /// The code, and the link, that sign in.
    SignInCode {
        /// The code, of digits.
        code: String,
        /// The link.
        link: String,
        /// How long both work.
        minutes: u64,
    },
    /// The code that proves the address of somebody who signs up.
    SignUpCode {
        /// The code, of digits.
        code: String,
        /// The link that does the same.
        link: String,
        /// How long both work.
        minutes: u64,
    },
    /// The link that proves the address of somebody who signed up in an app, which has no page for a code.
    SignUpLink {
        /// The link.
        link: String,
        /// How long it works.
        minutes: u64,
    },
    /// The operator tries out whether mail arrives.
    Test,
}

/// What has changed about how somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorChange {
    /// There is one more passkey.
    PasskeyAdded,
    /// A recovery code was used to sign in.
    RecoveryCodeUsed,
    /// There are new recovery codes in place of the old ones.
    RecoveryCodesMade,
    /// A passkey or an app is gone.
    Removed,
    /// There is an authenticator app.
    TotpAdded,
    /// There is another authenticator app.
    TotpReplaced,
}

/// Somebody asked for a new password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetAsked {
    /// The account, by what its owner signs in with.
    pub(crate) identifier: String,
    /// The sign-in that waits for it in that browser, sealed for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) interaction: Option<String>,
    /// Its device cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<String>,
    /// Why there is to be one.
    #[serde(default)]
    pub(crate) cause: ResetCause,
}

/// Why an account is to have a new password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResetCause {
    /// Somebody says that they have forgotten it.
    #[default]
    Forgotten,
    /// It signs nobody in any more, since its owner shut the account by a link from a letter.
    Shut,
}

impl ResetAsked {
    /// By anybody, in no particular browser.
    pub(crate) fn of(identifier: String) -> Self {
        Self { identifier, interaction: None, device: None, cause: ResetCause::Forgotten }
    }

    /// By whoever has just shut the account of this address.
    pub(crate) fn of_shut(address: String) -> Self {
        Self { cause: ResetCause::Shut, ..Self::of(address) }
    }
}

impl fmt::Debug for ResetAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResetAsked(…)")
    }
}

/// Somebody wants to sign in by mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInAsked {
    /// The account, by what its owner signs in with.
    pub(crate) identifier: String,
    /// The link that will be in the letter.
    pub(crate) link: String,
    /// The browser that asked, by its pre-session cookie.
    pub(crate) browser: String,
    /// The sign-in that waits in it, sealed for it.
    pub(crate) interaction: Option<String>,
    /// Whether "keep me signed in" was ticked.
    pub(crate) keep: bool,
    /// Its device cookie.
    pub(crate) device: Option<String>,
    /// The counters of the wish, which the right code gives its one attempt back.
    #[serde(default)]
    pub(crate) counted: Vec<String>,
}

impl fmt::Debug for SignInAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInAsked(…)")
    }
}

impl Letter {
    /// Its name, for operators and in metrics.
    pub fn template(&self) -> &'static str {
        match self {
            Self::AccountDeleted => "account_deleted",
            Self::AccountShut { .. } => "account_shut",
            Self::ResetAsked(asked) if asked.cause == ResetCause::Shut => "account_shut",
            Self::AddressKnown => "address_known",
            Self::EmailAsked { .. } => "email_asked",
            Self::EmailChanged { .. } => "email_changed",
            Self::EmailLeft => "email_left",
            Self::EmailProof { .. } => "email_proof",
            Self::EmailTaken => "email_taken",
            Self::EmailUndone { .. } => "email_undone",
            Self::Invitation { .. } => "invitation",
            Self::FactorChanged { .. } => "factor_changed",
            Self::FactorRefused => "factor_refused",
            Self::NewDevice { .. } => "new_device",
            Self::OwnEmailProof { .. } => "own_email_proof",
            Self::PasswordChanged { .. } => "password_changed",
            Self::PasswordReset { .. } | Self::ResetAsked(_) => "password_reset",
            Self::SecondStepCode { .. } => "second_step_code",
            Self::SignInAsked(_) | Self::SignInCode { .. } => "sign_in_code",
            Self::SignUpCode { .. } => "sign_up_code",
            Self::SignUpLink { .. } => "sign_up_link",
            Self::Test => "test",
        }
    }

    /// After this long nobody needs it any more: what it holds works no longer, or whoever asked for it has gone.
    pub(super) fn lifetime_secs(&self) -> u64 {
        match self {
            Self::AccountShut { minutes, .. }
            | Self::EmailProof { minutes, .. }
            | Self::OwnEmailProof { minutes, .. }
            | Self::PasswordReset { minutes, .. }
            | Self::SecondStepCode { minutes, .. }
            | Self::SignInCode { minutes, .. }
            | Self::SignUpCode { minutes, .. }
            | Self::SignUpLink { minutes, .. } => minutes.saturating_mul(MINUTE),
            Self::EmailAsked { days, .. } | Self::EmailChanged { days, .. } | Self::Invitation { days, .. } => {
                days.saturating_mul(DAY)
            }
            // Whoever asked looks into their mail for about as long; the link itself counts from when it is sent.
            Self::ResetAsked(_) | Self::Test => 60 * MINUTE,
            // They sit before the page that waits for it.
            Self::SignInAsked(_) => 15 * MINUTE,
            Self::AccountDeleted
            | Self::AddressKnown
            | Self::EmailLeft
            | Self::EmailTaken
            | Self::EmailUndone { .. }
            | Self::FactorChanged { .. }
            | Self::FactorRefused
            | Self::NewDevice { .. }
            | Self::PasswordChanged { .. } => DAY,
        }
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({})", self.template())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_does_not_show_its_code_in_debug_output() {
        let letter = Letter::SignUpCode { code: "271828".into(), link: "https://a/?code=x".into(), minutes: 1 };
        assert_eq!(format!("{letter:?}"), "Letter(sign_up_code)");
    }
}
