//! How a letter is put together of its sentences (`crate::words`), in one language. The two forms, text and HTML, are made of it by the same
//! two templates for all (`message.rs`).

use symbolon_oauth::Issuer;

use super::letter::{FactorChange, Letter};
use crate::account::not_me::LINK_DAYS;
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

/// The words of a letter to this address, in this language. Addresses in it begin with the issuer, whatever a request may have said.
pub(super) fn of(letter: &Letter, to: &str, issuer: &Issuer, host: &str, language: Language) -> Words {
    let writer = Writer { say: words::Letter::of(language), language, to, issuer, host };
    match letter {
        Letter::AccountDeleted
        | Letter::EmailAsked { .. }
        | Letter::EmailChanged { .. }
        | Letter::EmailLeft
        | Letter::EmailProof { .. }
        | Letter::EmailTaken
        | Letter::EmailUndone { .. }
        | Letter::OwnEmailProof { .. } => super::account_words::of(letter, to, issuer, host, language),
        Letter::AccountShut { link, minutes } => writer.account_shut(link, *minutes),
        Letter::AddressKnown => writer.address_known(),
        Letter::Invitation { link, days, client } => writer.invitation(link, *days, client.as_deref()),
        Letter::FactorChanged { change, not_me } => writer.factor_changed(*change, not_me.as_deref()),
        Letter::FactorRefused => writer.factor_refused(),
        Letter::NewDevice { user_agent, address, at, not_me } => {
            writer.new_device((user_agent.as_deref(), address, *at), not_me)
        }
        Letter::PasswordChanged { not_me } => writer.password_changed(not_me.as_deref()),
        Letter::PasswordReset { link, minutes, client } => writer.password_reset(link, *minutes, client.as_deref()),
        Letter::SecondStepCode { code, minutes } => writer.second_step_code(code, *minutes),
        Letter::SignInCode { code, link, minutes } => writer.sign_in_code(code, link, *minutes),
        Letter::SignUpCode { code, link, minutes } => writer.sign_up_code(code, link, *minutes),
        Letter::SignUpLink { link, minutes } => writer.sign_up_link(link, *minutes),
        // What was only asked for is never sent as it stands.
        Letter::ResetAsked(_) | Letter::SignInAsked(_) | Letter::Test => writer.test(),
    }
}

/// What every letter is written with.
struct Writer<'a> {
    say: words::Letter,
    language: Language,
    to: &'a str,
    issuer: &'a Issuer,
    host: &'a str,
}

impl Writer<'_> {
    fn minutes(&self, many: u64) -> String {
        words::Time::of(self.language).minutes(many)
    }

    fn invitation(&self, link: &str, days: u64, client: Option<&str>) -> Words {
        let Self { say, host, .. } = self;
        let what = client.map_or_else(|| (*host).to_owned(), |client| format!("{client} ({host})"));
        let last = words::Time::of(self.language).days(days);
        Words {
            subject: say.invited(client.unwrap_or(host)),
            lead: say.can_have_account(&what),
            actions: vec![Action::new(say.create_account(), link)],
            after: vec![say.for_this_address(&last), say.no_account_wanted().to_owned()],
            ..Words::default()
        }
    }

    fn password_reset(&self, link: &str, minutes: u64, client: Option<&str>) -> Words {
        let Self { say, to, host, .. } = self;
        let at = client.map(|client| say.asked_at(client));
        let after = [say.works_once(&self.minutes(minutes)), say.password_stays().to_owned()];
        Words {
            subject: say.new_password().to_owned(),
            lead: say.forgotten(to, host),
            actions: vec![Action::new(say.new_password(), link)],
            after: at.into_iter().chain(after).collect(),
            ..Words::default()
        }
    }

    fn account_shut(&self, link: &str, minutes: u64) -> Words {
        let Self { say, to, host, .. } = self;
        Words {
            subject: say.account_shut().to_owned(),
            lead: say.everybody_is_out(to, host),
            actions: vec![Action::new(say.new_password(), link)],
            after: vec![say.works_once(&self.minutes(minutes)), say.shut_stays_shut().to_owned()],
            ..Words::default()
        }
    }

    fn factor_changed(&self, change: FactorChange, not_me: Option<&str>) -> Words {
        let Self { say, to, host, .. } = self;
        let (subject, lead) = match change {
            FactorChange::PasskeyAdded => (say.passkey_added(), say.one_more_passkey(to, host)),
            FactorChange::RecoveryCodeUsed => (say.recovery_used(), say.signed_in_with_recovery(to, host)),
            FactorChange::RecoveryCodesMade => (say.codes_made(), say.has_new_codes(to, host)),
            FactorChange::Removed => (say.factor_removed(), say.one_less(to, host)),
            FactorChange::TotpReplaced => (say.totp_replaced(), say.has_another_app(to, host)),
            FactorChange::TotpAdded => (say.totp_added(), say.is_asked_for_code(to, host)),
        };
        Words {
            subject: subject.to_owned(),
            lead,
            after: vec![say.if_you().to_owned(), say.shut_at_once().to_owned()],
            actions: not_me
                .map(|link| Action::new(say.not_me(), link))
                .into_iter()
                .chain([Action::new(say.see_security(), self.issuer.endpoint("/account/security"))])
                .collect(),
            ..Words::default()
        }
    }

    fn factor_refused(&self) -> Words {
        let Self { say, to, host, .. } = self;
        Words {
            subject: say.second_step_failed().to_owned(),
            lead: say.could_not_show(to, host),
            after: vec![say.if_you().to_owned(), say.choose_another().to_owned()],
            actions: vec![Action::new(say.another_password(), self.issuer.endpoint("/forgot"))],
            ..Words::default()
        }
    }

    fn password_changed(&self, not_me: Option<&str>) -> Words {
        let Self { say, to, host, .. } = self;
        Words {
            subject: say.password_changed().to_owned(),
            lead: say.has_new_password(to, host),
            after: vec![say.if_you().to_owned(), say.secure_mailbox().to_owned()],
            actions: vec![match not_me {
                Some(link) => Action::new(say.not_me(), link),
                None => Action::new(say.another_password(), self.issuer.endpoint("/forgot")),
            }],
            ..Words::default()
        }
    }

    fn new_device(&self, (user_agent, address, at): (Option<&str>, &str, u64), not_me: &str) -> Words {
        let words = words::NewDevice::of(self.language);
        let device = UserAgent::read(user_agent.unwrap_or_default());
        let time = words::Time::of(self.language).moment(at);
        Words {
            subject: words.subject(self.host),
            lead: words.lead(self.to, self.host, &words.device(device), &time),
            actions: vec![Action::new(words.not_me(), not_me)],
            after: vec![words.from(address), words.was_me().to_owned(), words.was_not(LINK_DAYS)],
            ..Words::default()
        }
    }

    fn sign_in_code(&self, code: &str, link: &str, minutes: u64) -> Words {
        let say = words::EmailCode::of(self.language);
        Words {
            subject: say.subject(code),
            lead: say.enter_code(self.host),
            code: Some(code.to_owned()),
            actions: vec![Action::new(say.or_this_link(), link)],
            after: vec![say.works_once(&self.minutes(minutes)), say.did_not_ask().to_owned()],
        }
    }

    fn second_step_code(&self, code: &str, minutes: u64) -> Words {
        let say = words::EmailCode::of(self.language);
        Words {
            subject: say.subject(code),
            lead: say.enter_code(self.host),
            code: Some(code.to_owned()),
            actions: vec![Action::new(self.say.another_password(), self.issuer.endpoint("/forgot"))],
            after: vec![say.works_once(&self.minutes(minutes)), say.knows_password().to_owned()],
        }
    }

    fn sign_up_code(&self, code: &str, link: &str, minutes: u64) -> Words {
        let Self { say, host, .. } = self;
        Words {
            subject: say.is_your_code(code),
            lead: say.enter_code(host),
            code: Some(code.to_owned()),
            actions: vec![Action::new(say.or_this_link(), link)],
            after: vec![say.both_work(&self.minutes(minutes)), say.no_account_wanted().to_owned()],
        }
    }

    fn sign_up_link(&self, link: &str, minutes: u64) -> Words {
        let Self { say, host, .. } = self;
        Words {
            subject: say.confirm_address().to_owned(),
            lead: say.nearly_there(host),
            actions: vec![Action::new(say.confirm_address(), link)],
            after: vec![say.asks_password(&self.minutes(minutes)), say.no_account_wanted().to_owned()],
            ..Words::default()
        }
    }

    fn address_known(&self) -> Words {
        let Self { say, issuer, host, .. } = self;
        Words {
            subject: say.account_exists().to_owned(),
            lead: say.wanted_account(host),
            actions: vec![
                Action::new(words::Common::of(self.language).sign_in(), issuer.endpoint("/login")),
                Action::new(say.new_password(), issuer.endpoint("/forgot")),
            ],
            after: vec![say.account_stays().to_owned()],
            ..Words::default()
        }
    }

    fn test(&self) -> Words {
        let Self { say, host, .. } = self;
        Words { subject: say.arrives(host), lead: say.is_a_test(host), ..Words::default() }
    }
}
