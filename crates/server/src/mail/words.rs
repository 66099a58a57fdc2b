//! What the letters say: every sentence of a letter stands in its one function here, and nowhere else. The two forms, text and
//! HTML, are made of it by the same two templates for all (`message.rs`).

use symbolon_oauth::Issuer;

use super::letter::{FactorChange, Letter};
use crate::account::not_me::LINK_DAYS;
use crate::calendar::calendar;
use crate::session::user_agent::UserAgent;
use crate::words::{self, Language};

/// A letter in words, for one person.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    pub(super) subject: String,
    /// What it is about.
    pub(super) lead: String,
    /// Digits to type elsewhere.
    pub(super) code: Option<String>,
    /// Where to go.
    pub(super) actions: Vec<Action>,
    /// What else is to be said, a paragraph each.
    pub(super) after: Vec<String>,
}

/// Something to do, by a link.
#[derive(Clone, Debug)]
pub(super) struct Action {
    pub(super) label: String,
    pub(super) link: String,
}

impl Action {
    pub(super) fn new(label: &str, link: impl Into<String>) -> Self {
        Self { label: label.to_owned(), link: link.into() }
    }
}

/// The words of a letter to this address. Addresses in it begin with the issuer, whatever a request may have said.
pub(super) fn of(letter: &Letter, to: &str, issuer: &Issuer, host: &str, language: Language) -> Words {
    match letter {
        Letter::AccountDeleted
        | Letter::EmailAsked { .. }
        | Letter::EmailChanged { .. }
        | Letter::EmailProof { .. }
        | Letter::EmailTaken
        | Letter::EmailUndone { .. } => super::account_words::of(letter, to, issuer, host, language),
        Letter::AddressKnown => address_known(issuer, host),
        Letter::Invitation { link, days, client } => invitation(link, *days, client.as_deref(), host),
        Letter::FactorChanged { change, not_me } => factor_changed(*change, not_me.as_deref(), to, issuer, host),
        Letter::FactorRefused => factor_refused(to, issuer, host),
        Letter::NewDevice { user_agent, address, at, not_me } => {
            new_device((user_agent.as_deref(), address, *at), not_me, to, host, language)
        }
        Letter::PasswordChanged { not_me } => password_changed(not_me.as_deref(), to, issuer, host),
        Letter::PasswordReset { link, minutes } => password_reset(to, link, *minutes, host),
        Letter::SignUpCode { code, link, minutes } => sign_up_code(code, link, *minutes, host),
        Letter::SignUpLink { link, minutes } => sign_up_link(link, *minutes, host),
        // What was only asked for is never sent as it stands.
        Letter::ResetAsked(_) | Letter::Test => test(host),
    }
}

fn invitation(link: &str, days: u64, client: Option<&str>, host: &str) -> Words {
    let what = client.map_or_else(|| host.to_owned(), |client| format!("{client} ({host})"));
    let last = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
    Words {
        subject: format!("You are invited to {}", client.unwrap_or(host)),
        lead: format!("You can have an account at {what}. You choose its password yourself."),
        actions: vec![Action::new("Create your account", link)],
        after: vec![
            format!("The link works once, for {last}, and for this address only."),
            "If you do not want an account, you need not do anything: there will be none.".to_owned(),
        ],
        ..Words::default()
    }
}

fn password_reset(to: &str, link: &str, minutes: u64, host: &str) -> Words {
    Words {
        subject: "Choose a new password".to_owned(),
        lead: format!("Somebody, most likely you, has forgotten the password of {to} at {host}."),
        actions: vec![Action::new("Choose a new password", link)],
        after: vec![
            format!("The link works once, for {minutes} minutes."),
            "If it was not you, you need not do anything: your password stays as it is.".to_owned(),
        ],
        ..Words::default()
    }
}

fn factor_changed(change: FactorChange, not_me: Option<&str>, to: &str, issuer: &Issuer, host: &str) -> Words {
    let (subject, lead) = match change {
        FactorChange::PasskeyAdded => {
            ("A passkey was added", format!("{to} has one more passkey at {host}, which signs in without a password."))
        }
        FactorChange::RecoveryCodeUsed => (
            "A recovery code was used",
            format!("Somebody has signed in as {to} at {host} with one of your recovery codes."),
        ),
        FactorChange::RecoveryCodesMade => (
            "You have new recovery codes",
            format!("{to} has new recovery codes at {host}. The old ones work no longer."),
        ),
        FactorChange::Removed => (
            "A way to sign in was removed",
            format!("{to} has one passkey or app less at {host}. Every other sign-in has ended, on all devices."),
        ),
        FactorChange::TotpReplaced => (
            "Another authenticator app was set up",
            format!("{to} has another authenticator app at {host}. Every other sign-in has ended, on all devices."),
        ),
        FactorChange::TotpAdded => {
            ("An authenticator app was set up", format!("{to} is asked for a code of an authenticator app at {host}."))
        }
    };
    Words {
        subject: subject.to_owned(),
        lead,
        after: vec![
            "If it was you, there is nothing to do.".to_owned(),
            "If it was not, somebody else is in your account: use the link at once. It ends every sign-in, on all devices, and leads to another password."
                .to_owned(),
        ],
        actions: not_me
            .map(|link| Action::new("This wasn\u{2019}t me", link))
            .into_iter()
            .chain([Action::new("See how you sign in", issuer.endpoint("/account/security"))])
            .collect(),
        ..Words::default()
    }
}

fn factor_refused(to: &str, issuer: &Issuer, host: &str) -> Words {
    Words {
        subject: "Somebody knows your password".to_owned(),
        lead: format!(
            "Somebody has signed in as {to} at {host} with the right password, from a browser that we do not know, and could not show what is asked for beside it. Nobody got in."
        ),
        after: vec![
            "If it was you, there is nothing to do.".to_owned(),
            "If it was not, somebody knows your password. Choose another one:".to_owned(),
        ],
        actions: vec![Action::new("Choose another password", issuer.endpoint("/forgot"))],
        ..Words::default()
    }
}

fn password_changed(not_me: Option<&str>, to: &str, issuer: &Issuer, host: &str) -> Words {
    Words {
        subject: "Your password was changed".to_owned(),
        lead: format!("{to} has a new password at {host}. Every other sign-in has ended, on all devices."),
        after: vec![
            "If it was you, there is nothing to do.".to_owned(),
            "If it was not, somebody may be reading your mail. Secure your mailbox first, then follow the link: it ends every sign-in again and leads to another password."
                .to_owned(),
        ],
        actions: vec![match not_me {
            Some(link) => Action::new("This wasn\u{2019}t me", link),
            None => Action::new("Choose another password", issuer.endpoint("/forgot")),
        }],
        ..Words::default()
    }
}

fn new_device(
    (user_agent, address, at): (Option<&str>, &str, u64),
    not_me: &str,
    to: &str,
    host: &str,
    language: Language,
) -> Words {
    let words = words::NewDevice::of(language);
    let device = UserAgent::read(user_agent.unwrap_or_default());
    // To the minute.
    let time = calendar(at).chars().take(16).collect::<String>();
    Words {
        subject: words.subject(host),
        lead: words.lead(to, host, &words.device(device), &time),
        actions: vec![Action::new(words.not_me(), not_me)],
        after: vec![words.from(address), words.was_me().to_owned(), words.was_not(LINK_DAYS)],
        ..Words::default()
    }
}

fn sign_up_code(code: &str, link: &str, minutes: u64, host: &str) -> Words {
    Words {
        subject: format!("{code} is your code"),
        lead: format!("Enter this code to create your account at {host}:"),
        code: Some(code.to_owned()),
        actions: vec![Action::new("Or go on with this link", link)],
        after: vec![
            format!("Both work for {minutes} minutes. Give the code to nobody, whoever asks for it."),
            "If you did not want an account, you need not do anything: there will be none.".to_owned(),
        ],
    }
}

fn sign_up_link(link: &str, minutes: u64, host: &str) -> Words {
    Words {
        subject: "Confirm your address".to_owned(),
        lead: format!("Your account at {host} is nearly there. It begins when you confirm this address."),
        actions: vec![Action::new("Confirm your address", link)],
        after: vec![
            format!("The link works for {minutes} minutes, and asks for the password you chose."),
            "If you did not want an account, you need not do anything: there will be none.".to_owned(),
        ],
        ..Words::default()
    }
}

fn address_known(issuer: &Issuer, host: &str) -> Words {
    Words {
        subject: "You have an account already".to_owned(),
        lead: format!("Somebody, most likely you, wanted to create an account at {host}, and this address has one."),
        actions: vec![
            Action::new("Sign in", issuer.endpoint("/login")),
            Action::new("Choose a new password", issuer.endpoint("/forgot")),
        ],
        after: vec!["If it was not you, you need not do anything: your account is as it was.".to_owned()],
        ..Words::default()
    }
}

fn test(host: &str) -> Words {
    Words {
        subject: format!("Mail of {host} arrives"),
        lead: format!("This is a test of the mail that {host} sends. It has arrived, so there is nothing to do."),
        ..Words::default()
    }
}
