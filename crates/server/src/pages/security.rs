//! How somebody signs in, and changing it (experience §4): passkeys, the authenticator app, recovery codes.
//!
//! Every form posts `csrf` and `action` to `/account/security`: `confirm`, `passkey`, `rename`, `remove`, `totp`, `codes`.

use askama::Template;
use symbolon_factors::webauthn::Backup;

use super::PageShell;
use super::account::Nav;
use super::passkey::PasskeyCreate;
use crate::words;

/// `GET /account/security`.
#[derive(Clone, Debug, Template)]
#[template(path = "security.html")]
pub struct Security {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The way to the other parts of the account.
    pub nav: Nav,
    /// Whose page it is.
    pub account: String,
    /// Anti-forgery token, bound to the session.
    pub csrf: String,
    /// Whether changes can be made.
    pub fresh: Entered,
    /// The passkeys, the oldest first.
    pub passkeys: Vec<PasskeyView>,
    /// What a browser needs to make another, if that is offered.
    pub create: Option<PasskeyCreate>,
    /// The app: its id, and since when and when last.
    pub totp: Option<(String, (u64, Option<u64>))>,
    /// Whether one can be set up.
    pub totp_offered: bool,
    /// Since when something was not the owner, if that was reported lately.
    pub reported: Option<u64>,
    /// Recovery codes that are left; `None` without a factor they could stand in for.
    pub codes_left: Option<usize>,
    /// What went wrong before.
    pub problem: Option<SecurityProblem>,
}

/// The page on which an app is set up.
#[derive(Clone, Debug, Template)]
#[template(path = "totp.html")]
pub struct TotpSetUp {
    /// What surrounds the page.
    pub shell: PageShell,
    /// Anti-forgery token, bound to the session.
    pub csrf: String,
    /// The QR code, as SVG.
    pub qr: String,
    /// The secret, to be typed.
    pub secret: String,
    /// The secret, sealed, for the way back.
    pub sealed: String,
    /// Whose it is.
    pub account: String,
    /// What went wrong before.
    pub problem: Option<SecurityProblem>,
}

/// The question before something goes.
#[derive(Clone, Debug, Template)]
#[template(path = "remove_factor.html")]
pub struct RemoveFactor {
    /// What surrounds the page.
    pub shell: PageShell,
    /// Anti-forgery token, bound to the session.
    pub csrf: String,
    /// Which.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether there is no other.
    pub is_last: bool,
}

/// When somebody signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// In the last minutes.
    Lately,
    /// Before that.
    LongAgo,
}

/// A passkey as it is listed.
#[derive(Clone, Debug)]
pub struct PasskeyView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Since when, and when last, Unix seconds.
    pub used: (u64, Option<u64>),
    /// Whether it is on one device only.
    pub backup: Backup,
}

impl PasskeyView {
    fn place(&self, say: words::Security) -> &'static str {
        match self.backup {
            Backup::BackedUp => say.backed_up(),
            Backup::Eligible => say.not_backed_up(),
            Backup::SingleDevice => say.one_device(),
        }
    }
}

/// What went wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SecurityProblem {
    /// The code is not the app's.
    Code,
    /// No passkey was made, or it could not be taken.
    Passkey,
    /// The passkey is on record already.
    PasskeyTaken,
    /// It was just added, and the page behind was loaded again: nothing is wrong.
    There,
}

impl Security {
    /// Whether what somebody sets up once more is there.
    fn is_there(&self) -> bool {
        self.problem == Some(SecurityProblem::There)
    }

    fn words(&self) -> words::Security {
        words::Security::of(self.shell.language)
    }

    /// Whether it is no older than what was reported.
    fn is_suspect(&self, since: u64) -> bool {
        self.reported.is_some_and(|reported| reported <= since)
    }

    fn script() -> &'static str {
        super::assets::PASSKEY_PATH
    }

    fn is_fresh(&self) -> bool {
        self.fresh == Entered::Lately
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let used = || (1_793_577_600, Some(1_795_824_000));
        let passkey =
            |id: &str, name: &str, backup| PasskeyView { id: id.into(), name: name.into(), used: used(), backup };
        let before = |one| PasskeyView { used: (1_790_000_000, Some(1_795_824_000)), ..one };
        let create = PasskeyCreate::sample();
        let none = Self {
            shell: sample::shell(),
            nav: Nav::sample(crate::interaction::OwnPage::Security),
            account: "ada@example.com".into(),
            csrf: "sample-csrf".into(),
            fresh: Entered::Lately,
            passkeys: Vec::new(),
            create: Some(create.clone()),
            totp: None,
            totp_offered: true,
            reported: None,
            codes_left: None,
            problem: None,
        };
        let passkeys = vec![
            before(passkey("one", "Phone", Backup::BackedUp)),
            passkey("two", "Key on my ring", Backup::SingleDevice),
        ];
        let all = Self { passkeys, totp: Some(("three".into(), used())), codes_left: Some(7), ..none.clone() };
        vec![
            ("security-problem", Self { problem: Some(SecurityProblem::Passkey), ..all.clone() }),
            ("security-there", Self { problem: Some(SecurityProblem::There), ..all.clone() }),
            ("security-stale", Self { fresh: Entered::LongAgo, create: None, ..all.clone() }),
            ("security-reported", Self { reported: Some(1_793_577_600), ..all.clone() }),
            ("security-no-codes", Self { codes_left: Some(0), ..all.clone() }),
            (
                "security-hostile",
                Self {
                    account: sample::HOSTILE.into(),
                    create: Some(PasskeyCreate { display: sample::HOSTILE.into(), ..create }),
                    passkeys: vec![passkey("one", sample::HOSTILE, Backup::Eligible)],
                    ..none.clone()
                },
            ),
            ("security-none", none),
            ("security", all),
        ]
    }
}

impl TotpSetUp {
    fn words(&self) -> words::Security {
        words::Security::of(self.shell.language)
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let plain = Self {
            shell: sample::shell(),
            csrf: "sample-csrf".into(),
            qr: super::qr::svg(&super::factor::sample_uri()),
            secret: "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ".into(),
            sealed: "v1.sealed".into(),
            account: "ada@example.com".into(),
            problem: None,
        };
        vec![
            ("totp-wrong", Self { problem: Some(SecurityProblem::Code), ..plain.clone() }),
            ("totp-hostile", Self { account: sample::HOSTILE.into(), ..plain.clone() }),
            ("totp", plain),
        ]
    }
}

impl RemoveFactor {
    fn words(&self) -> words::Security {
        words::Security::of(self.shell.language)
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let page = |name: &str, is_last| Self {
            shell: sample::shell(),
            csrf: "sample-csrf".into(),
            id: "one".into(),
            name: name.into(),
            is_last,
        };
        vec![
            ("remove-factor", page("Phone", false)),
            ("remove-factor-last", page("Phone", true)),
            ("remove-factor-hostile", page(sample::HOSTILE, true)),
        ]
    }
}
