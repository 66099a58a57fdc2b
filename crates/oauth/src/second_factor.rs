//! Whether a sign-in needs another factor, and which may be it.
//!
//! Three things ask for one: the operator's rule for this person, a level of authentication that the client wants (OpenID Connect Core §5.5.1.1, RFC
//! 9470 §5), and what the person has set up. None of them is talked down: a browser that is remembered counts only where the rule says so, a
//! level is reached by its own methods and by no others, and who must have a factor and has none sets one up before there is a session. So does who
//! lacks the one that a level takes, once they have shown what they have.

use std::collections::BTreeSet;
use std::fmt;

use crate::acr::{self, Levels, Performed};

/// A factor beside the password; one line each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Factor {
    /// A passkey.
    Passkey,
    /// A code of an authenticator app.
    Totp,
    /// A recovery code.
    RecoveryCode,
    /// A code by mail, where nothing else is at hand.
    Email,
}

impl Factor {
    /// All of them, what people should use first.
    pub const ALL: &'static [Self] = &[Self::Passkey, Self::Totp, Self::RecoveryCode, Self::Email];
    /// Those that people can set up; the others come with them.
    pub const CHOICES: &'static [Self] = &[Self::Passkey, Self::Totp];

    /// Its name in settings, records and addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Passkey => "passkey",
            Self::RecoveryCode => "recovery_code",
            Self::Totp => "totp",
        }
    }

    /// The factor with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|factor| factor.name() == name)
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// When somebody is asked for another factor; each asks more often than the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Required {
    /// Only where a client wants a level that needs it.
    Never,
    /// Who has set one up, in a browser in which they have not asked to be remembered.
    NewDevice,
    /// Who has set one up, at each sign-in.
    #[default]
    WhenEnrolled,
    /// Everybody, at each sign-in.
    Always,
}

impl Required {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Never, Self::NewDevice, Self::WhenEnrolled, Self::Always];

    /// Its name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::NewDevice => "new_device",
            Self::WhenEnrolled => "when_enrolled",
        }
    }

    /// The rule with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|required| required.name() == name)
    }
}

/// A factor that somebody has, and what it would add to the methods of the sign-in (RFC 8176).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// Which.
    pub factor: Factor,
    /// The methods it adds.
    pub adds: &'static [&'static str],
}

impl Enrolled {
    /// A code that was mailed. It is no second factor by any standard (`acr::EMAIL`), so it reaches no level but one that names it.
    pub const EMAIL: Self = Self { factor: Factor::Email, adds: &[acr::EMAIL] };
    /// A code of an authenticator app.
    pub const TOTP: Self = Self { factor: Factor::Totp, adds: &[acr::OTP, acr::MFA] };
    /// A recovery code: something that the person has, but no method of RFC 8176. A level that names `otp` is not reached by it.
    pub const RECOVERY_CODE: Self = Self { factor: Factor::RecoveryCode, adds: &[acr::MFA] };
    /// A passkey that never leaves its device, by its own word.
    pub const PASSKEY: Self = Self { factor: Factor::Passkey, adds: &[acr::HWK, acr::USER, acr::MFA] };
    /// A passkey that is, or could be, on several devices.
    pub const SYNCED_PASSKEY: Self = Self { factor: Factor::Passkey, adds: &[acr::SWK, acr::USER, acr::MFA] };

    /// The methods of a sign-in that this factor completes.
    #[must_use]
    pub fn after(&self, proven: &[String]) -> Vec<String> {
        let added = self.adds.iter().map(|method| (*method).to_owned()).filter(|method| !proven.contains(method));
        proven.iter().cloned().chain(added).collect()
    }
}

/// Whether the person has passed a second factor in this browser and asked it to be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browser {
    /// They have, not too long ago.
    Remembered,
    /// They have not.
    Unknown,
}

/// What a client wants of a sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// One of these levels, or no answer.
    Essential(Vec<String>),
    /// No level.
    #[default]
    Nothing,
    /// One of these levels, if it can be had.
    Wish(Vec<String>),
}

/// What is known after the first factor.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The methods that are proven so far.
    pub proven: &'a [String],
    /// What the person has set up.
    pub enrolled: &'a [Enrolled],
    /// The rule for this person.
    pub required: Required,
    /// Where they are.
    pub browser: Browser,
    /// What the client wants.
    pub wanted: &'a Wanted,
    /// What can be set up here.
    pub offered: &'a [Factor],
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// One of these must be shown.
    Ask {
        /// Which will do.
        factors: BTreeSet<Factor>,
        /// Whether this browser may be remembered.
        remember: Remember,
    },
    /// One of these must be set up.
    Enrol(BTreeSet<Factor>),
    /// Nothing: the sign-in is complete.
    SignIn,
}

/// Whether the page offers to remember the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remember {
    /// It may.
    Offer,
    /// Nothing would come of it.
    Useless,
}

/// Decides.
///
/// ```
/// use symbolon_oauth::acr::Levels;
/// use symbolon_oauth::second_factor::{Browser, Enrolled, Facts, Factor, Next, Required, Wanted, next};
/// let proven = ["pwd".to_owned()];
/// let facts = Facts {
///     proven: &proven, enrolled: &[], required: Required::WhenEnrolled, browser: Browser::Unknown, wanted: &Wanted::Nothing,
///     offered: Factor::CHOICES,
/// };
/// assert_eq!(next(&Levels::default(), &facts), Next::SignIn);
/// let asked = next(&Levels::default(), &Facts { enrolled: &[Enrolled::TOTP], ..facts });
/// assert!(matches!(asked, Next::Ask { factors, .. } if factors.contains(&Factor::Totp)));
/// ```
#[must_use]
pub fn next(levels: &Levels, facts: &Facts<'_>) -> Next {
    let enrolled: Vec<Enrolled> = facts.enrolled.iter().filter(|it| will_do(it, facts)).cloned().collect();
    let facts = &Facts { enrolled: &enrolled, ..*facts };
    if let Some(step_up) = step_up(levels, facts) {
        return step_up;
    }
    // Two factors in one: a passkey that made sure who used it.
    if facts.proven.iter().any(|method| method == acr::MFA) {
        return Next::SignIn;
    }
    let has_factor = facts.enrolled.iter().any(|it| Factor::CHOICES.contains(&it.factor));
    let needed = match facts.required {
        Required::Never => false,
        Required::NewDevice => has_factor && facts.browser == Browser::Unknown,
        Required::WhenEnrolled => has_factor,
        Required::Always => true,
    };
    match (needed, has_factor) {
        (false, _) => Next::SignIn,
        (true, true) => ask(facts, facts.enrolled.iter().map(|it| it.factor).collect()),
        (true, false) => enrol(facts.offered.iter().copied().collect()),
    }
}

/// Whether a factor counts here at all. A code by mail is no way around a rule that asks everybody, nor does it prove anything beside itself.
fn will_do(one: &Enrolled, facts: &Facts<'_>) -> bool {
    let is_new = !facts.proven.iter().any(|method| method == acr::EMAIL);
    one.factor != Factor::Email || (facts.required != Required::Always && is_new)
}

/// What a level that is wanted, and not reached yet, asks for. A wish is not worth setting something up.
fn step_up(levels: &Levels, facts: &Facts<'_>) -> Option<Next> {
    let (Wanted::Essential(wanted) | Wanted::Wish(wanted)) = facts.wanted else { return None };
    let reached = |amr: &[String]| levels.first_of(wanted, Performed { amr, age_secs: Some(0) }).is_some();
    if reached(facts.proven) {
        return None;
    }
    let leads_there = |it: &&Enrolled| reached(&it.after(facts.proven));
    let factors: BTreeSet<Factor> = facts.enrolled.iter().filter(leads_there).map(|it| it.factor).collect();
    if !factors.is_empty() {
        return Some(ask(facts, factors));
    }
    let unasked = |factor: &Factor| !facts.enrolled.iter().any(|it| it.factor == *factor);
    let could = |factor: &Factor| match factor {
        Factor::Passkey => {
            [Enrolled::PASSKEY, Enrolled::SYNCED_PASSKEY].iter().any(|it| reached(&it.after(facts.proven)))
        }
        Factor::Totp => reached(&Enrolled::TOTP.after(facts.proven)),
        Factor::Email | Factor::RecoveryCode => false,
    };
    let factors: BTreeSet<Factor> = facts.offered.iter().copied().filter(|it| unasked(it) && could(it)).collect();
    if factors.is_empty() || !matches!(facts.wanted, Wanted::Essential(_)) {
        return None;
    }
    // A password alone must not add to what somebody has: that is shown first.
    let own: BTreeSet<Factor> =
        facts.enrolled.iter().map(|it| it.factor).filter(|factor| *factor != Factor::Email).collect();
    let is_shown = facts.proven.iter().any(|method| method == acr::MFA);
    Some(if own.is_empty() || is_shown { enrol(factors) } else { ask(facts, own) })
}

fn ask(facts: &Facts<'_>, factors: BTreeSet<Factor>) -> Next {
    let remember = if facts.required == Required::NewDevice { Remember::Offer } else { Remember::Useless };
    Next::Ask { factors, remember }
}

fn enrol(factors: BTreeSet<Factor>) -> Next {
    Next::Enrol(factors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels() -> Levels {
        let texts = ["phr=hwk", "2=pwd+otp", "2=hwk", "2=swk", "mfa=mfa", "1=pwd", "both=otp+hwk"];
        Levels::parse(texts, |_| Err(String::new())).unwrap()
    }

    fn texts(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    /// Who knows a password and is asked nothing.
    fn facts(enrolled: &[Enrolled], required: Required) -> Facts<'_> {
        static PWD: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| vec![acr::PWD.to_owned()]);
        let (browser, wanted) = (Browser::Unknown, &Wanted::Nothing);
        Facts { proven: &PWD, enrolled, required, browser, wanted, offered: Factor::CHOICES }
    }

    fn asks(factors: &[Factor], remember: Remember) -> Next {
        Next::Ask { factors: factors.iter().copied().collect(), remember }
    }

    const TOTP: &[Enrolled] = &[Enrolled::TOTP, Enrolled::RECOVERY_CODE];

    #[test]
    fn the_rule_says_when_somebody_is_asked() {
        use Factor::{Passkey, RecoveryCode, Totp};
        let with_totp = |remember| asks(&[Totp, RecoveryCode], remember);
        let all = || Next::Enrol([Passkey, Totp].into());
        let table = [
            (Required::Never, &[][..], Next::SignIn),
            (Required::Never, TOTP, Next::SignIn),
            (Required::NewDevice, &[], Next::SignIn),
            (Required::NewDevice, TOTP, with_totp(Remember::Offer)),
            (Required::WhenEnrolled, &[], Next::SignIn),
            (Required::WhenEnrolled, TOTP, with_totp(Remember::Useless)),
            (Required::Always, &[], all()),
            (Required::Always, TOTP, with_totp(Remember::Useless)),
            // Codes that were left over are no factor to begin with.
            (Required::WhenEnrolled, &[Enrolled::RECOVERY_CODE], Next::SignIn),
            (Required::Always, &[Enrolled::RECOVERY_CODE], all()),
        ];
        for (required, enrolled, expected) in table {
            assert_eq!(next(&levels(), &facts(enrolled, required)), expected, "{required:?} {enrolled:?}");
        }
    }

    #[test]
    fn a_remembered_browser_counts_where_the_rule_is_about_browsers_and_nowhere_else() {
        for (required, expected) in [
            (Required::NewDevice, Next::SignIn),
            (Required::WhenEnrolled, asks(&[Factor::Totp, Factor::RecoveryCode], Remember::Useless)),
            (Required::Always, asks(&[Factor::Totp, Factor::RecoveryCode], Remember::Useless)),
        ] {
            let facts = Facts { browser: Browser::Remembered, ..facts(TOTP, required) };
            assert_eq!(next(&levels(), &facts), expected, "{required:?}");
        }
    }

    #[test]
    fn a_passkey_that_verified_its_user_is_two_factors() {
        let proven = Enrolled::PASSKEY.after(&[]);
        let facts = Facts { proven: &proven, ..facts(TOTP, Required::Always) };
        assert_eq!(next(&levels(), &facts), Next::SignIn);
    }

    #[test]
    fn ghsa_hp74_gm6m_2qm5_a_level_is_reached_by_its_own_methods_only() {
        let both = &[Enrolled::TOTP, Enrolled::SYNCED_PASSKEY, Enrolled::RECOVERY_CODE];
        let table: &[(&[&str], &[Enrolled], Next)] = &[
            (&["1"], both, Next::SignIn),
            (&["2"], both, asks(&[Factor::Passkey, Factor::Totp], Remember::Useless)),
            (&["2"], TOTP, asks(&[Factor::Totp], Remember::Useless)),
            (&["mfa"], TOTP, asks(&[Factor::Totp, Factor::RecoveryCode], Remember::Useless)),
            // Nothing that this person has leads there; a password alone sets up no other factor.
            (&["phr"], both, Next::SignIn),
            (&["phr"], &[], Next::Enrol([Factor::Passkey].into())),
            // What leads there can be set up, by who shows what they have.
            (&["phr"], TOTP, asks(&[Factor::Totp, Factor::RecoveryCode], Remember::Useless)),
            (&["2"], &[], Next::Enrol([Factor::Passkey, Factor::Totp].into())),
            (&["both"], &[], Next::SignIn),
            (&["unknown"], &[], Next::SignIn),
        ];
        for (wanted, enrolled, expected) in table {
            let wanted = texts(wanted);
            let (demand, wish) = (Wanted::Essential(wanted.clone()), Wanted::Wish(wanted.clone()));
            let essential = Facts { wanted: &demand, ..facts(enrolled, Required::Never) };
            assert_eq!(next(&levels(), &essential), *expected, "{wanted:?} {enrolled:?}");
            // A remembered browser does not step up.
            let remembered = Facts { browser: Browser::Remembered, ..essential };
            assert_eq!(next(&levels(), &remembered), *expected, "{wanted:?}");
            // A wish asks for what there is and sets nothing up.
            let wish = Facts { wanted: &wish, ..essential };
            let sets_up = matches!(expected, Next::Enrol(_)) || (wanted == ["phr"] && *enrolled == TOTP);
            let wished = if sets_up { Next::SignIn } else { expected.clone() };
            assert_eq!(next(&levels(), &wish), wished, "{wanted:?}");
        }
    }

    #[test]
    fn a_passkey_may_step_up_to_what_needs_a_code_too() {
        let proven = Enrolled::PASSKEY.after(&[]);
        let wanted = Wanted::Essential(texts(&["both"]));
        let facts = Facts { proven: &proven, wanted: &wanted, ..facts(TOTP, Required::Never) };
        assert_eq!(next(&levels(), &facts), asks(&[Factor::Totp], Remember::Useless));
    }

    #[test]
    fn who_has_shown_what_they_have_sets_up_what_a_level_takes_beside_it() {
        let phr = Wanted::Essential(texts(&["phr"]));
        let pwd = texts(&[acr::PWD]);
        let ask = |proven: &[String], enrolled, offered| {
            next(&levels(), &Facts { proven, wanted: &phr, offered, ..facts(enrolled, Required::WhenEnrolled) })
        };
        let passkey = || Next::Enrol([Factor::Passkey].into());
        for shown in [Enrolled::TOTP, Enrolled::RECOVERY_CODE] {
            assert_eq!(ask(&shown.after(&pwd), TOTP, Factor::CHOICES), passkey(), "{shown:?}");
        }
        // A mailbox is nothing that somebody has shown, and nothing that must be shown.
        let mailed = Enrolled::EMAIL.after(&pwd);
        let with_mail = asks(&[Factor::Totp], Remember::Useless);
        assert_eq!(ask(&mailed, WITH_MAIL, Factor::CHOICES), with_mail);
        assert_eq!(ask(&pwd, WITH_MAIL, Factor::CHOICES), with_mail);
        assert_eq!(ask(&pwd, &[Enrolled::EMAIL], Factor::CHOICES), passkey());
        // Where none can be set up, the level is not reached, and the rule asks as always.
        assert_eq!(ask(&Enrolled::TOTP.after(&pwd), TOTP, &[Factor::Totp]), Next::SignIn);
    }

    #[test]
    fn what_is_not_offered_cannot_be_set_up_and_names_read_back() {
        for factor in Factor::CHOICES {
            let facts = Facts { offered: &[*factor], ..facts(&[], Required::Always) };
            assert_eq!(next(&levels(), &facts), Next::Enrol([*factor].into()));
        }
        // What was set up before goes on working.
        let facts = Facts { offered: &[Factor::Passkey], ..facts(TOTP, Required::Always) };
        assert_eq!(next(&levels(), &facts), asks(&[Factor::Totp, Factor::RecoveryCode], Remember::Useless));
        for factor in Factor::ALL {
            assert_eq!(Factor::from_name(factor.name()), Some(*factor));
        }
        for required in Required::ALL {
            assert_eq!(Required::from_name(required.name()), Some(*required));
        }
        assert!(Factor::from_name("sms").is_none() && Required::from_name("Always").is_none());
    }

    const WITH_MAIL: &[Enrolled] = &[Enrolled::TOTP, Enrolled::EMAIL];

    #[test]
    fn a_code_by_mail_is_the_last_resort_of_who_has_a_factor_and_no_factor_itself() {
        use Factor::{Email, Totp};
        let both = |remember| asks(&[Totp, Email], remember);
        let table = [
            (Required::WhenEnrolled, WITH_MAIL, both(Remember::Useless)),
            (Required::NewDevice, WITH_MAIL, both(Remember::Offer)),
            (Required::Never, WITH_MAIL, Next::SignIn),
            // Everybody must have a factor, and a mailbox is none.
            (Required::Always, WITH_MAIL, asks(&[Totp], Remember::Useless)),
            (Required::Always, &[Enrolled::EMAIL][..], Next::Enrol([Factor::Passkey, Totp].into())),
            (Required::WhenEnrolled, &[Enrolled::EMAIL], Next::SignIn),
        ];
        for (required, enrolled, expected) in table {
            assert_eq!(next(&levels(), &facts(enrolled, required)), expected, "{required:?} {enrolled:?}");
        }
    }

    #[test]
    fn whoever_came_in_by_mail_is_not_asked_for_another_letter() {
        let proven = Enrolled::EMAIL.after(&[]);
        let facts = Facts { proven: &proven, ..facts(WITH_MAIL, Required::WhenEnrolled) };
        assert_eq!(next(&levels(), &facts), asks(&[Factor::Totp], Remember::Useless));
    }

    #[test]
    fn a_code_by_mail_reaches_no_level_that_does_not_name_it() {
        let levels = Levels::parse(["2=mfa", "mailed=pwd+email"], |_| Err(String::new())).unwrap();
        let ask = |wanted: &str, enrolled, required| {
            let wanted = Wanted::Essential(texts(&[wanted]));
            next(&levels, &Facts { wanted: &wanted, ..facts(enrolled, required) })
        };
        assert_eq!(ask("2", WITH_MAIL, Required::Never), asks(&[Factor::Totp], Remember::Useless));
        assert_eq!(ask("2", &[Enrolled::EMAIL], Required::Never), Next::Enrol([Factor::Passkey, Factor::Totp].into()));
        assert_eq!(ask("mailed", WITH_MAIL, Required::Never), asks(&[Factor::Email], Remember::Useless));
        // Nor past the rule that asks everybody for more.
        assert_eq!(ask("mailed", WITH_MAIL, Required::Always), asks(&[Factor::Totp], Remember::Useless));
    }

    #[test]
    fn methods_are_added_once() {
        let amr = Enrolled::TOTP.after(&texts(&["pwd", "mfa"]));
        assert_eq!(amr, ["pwd", "mfa", "otp"]);
    }
}
