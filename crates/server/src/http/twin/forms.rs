//! What stands in each form that has a twin, in the words of its page.

use symbolon_oauth::second_factor::Factor;

use super::{Field, Twin};
use crate::account::normalize::MAX_IDENTIFIER_CHARS;
use crate::account::password::{MAX_CHARS, PasswordProblem};
use crate::http::{factor, forgot, login_email, reset, sign_up};
use crate::pages::PageShell;
use crate::pages::factor::{FactorPage, FactorProblem};
use crate::pages::forgot::{Forgot, ForgotProblem, ForgotWhat};
use crate::pages::login::{EmailLink, Login, LoginProblem, SignUpLink};
use crate::pages::login_email::{EmailProblem, EmailTold, LoginEmail, LoginEmailCode};
use crate::pages::reset::{Reset, ResetProblem};
use crate::pages::sign_up::{CodeTold, SignUp, SignUpCode, SignUpProblem};

const fn text(name: &'static str, kind: &'static str, label: &'static str, autocomplete: &'static str) -> Field {
    let max_length = Some(MAX_IDENTIFIER_CHARS);
    Field { name, kind, label, required: true, autocomplete, min_length: None, max_length }
}

const fn password(name: &'static str, label: &'static str, autocomplete: &'static str) -> Field {
    Field { max_length: Some(MAX_CHARS), ..text(name, "password", label, autocomplete) }
}

/// `/login`.
pub(in crate::http) fn login(view: &Login) -> Twin {
    let common = view.shell.common();
    let keep = text("keep", "checkbox", view.words().keep(), "off");
    let mut links = Vec::new();
    if view.sign_up == SignUpLink::Shown {
        links.push(("sign_up", "/signup"));
    }
    if view.by_email == EmailLink::Shown {
        links.push(("email", login_email::PATH));
    }
    if view.forgot.is_some() {
        links.push(("forgot", forgot::PATH));
    }
    Twin {
        page: "login",
        action: "/login",
        fields: vec![
            text("username", "text", common.identifier(), "username"),
            password("password", common.password(), "current-password"),
            Field { required: false, max_length: None, ..keep },
        ],
        values: [values(&view.csrf, &view.interaction, ("username", &view.username)), work(&view.shell)].concat(),
        links,
        error: view.problem.map(|problem| match problem {
            LoginProblem::AccountExists => "account_exists",
            LoginProblem::Busy => "temporarily_unavailable",
            LoginProblem::Incomplete => "incomplete",
            LoginProblem::PageExpired => "page_expired",
            LoginProblem::Passkey => "passkey",
            LoginProblem::Shut => "shut",
            LoginProblem::Throttled { .. } => "throttled",
            LoginProblem::WrongCredentials => "wrong_credentials",
        }),
    }
}

/// `/login/factor`, where a code is asked for. A passkey has no field: who draws the form lets people choose another way.
pub(in crate::http) fn factor(view: &FactorPage) -> Twin {
    let code = |label, autocomplete| Field { max_length: Some(64), ..text("code", "text", label, autocomplete) };
    let say = view.words();
    let fields = match view.way {
        Factor::Totp => vec![code(say.six_digits(), "one-time-code")],
        Factor::RecoveryCode => vec![code(say.recovery_code(), "off")],
        Factor::Email => vec![code(view.email_words().eight_digits(), "one-time-code")],
        Factor::Passkey => Vec::new(),
    };
    let mut values = values(&view.csrf, &view.interaction, ("way", view.way.name()));
    values.extend(view.others.iter().map(|other| ("other_way", other.name().to_owned())).take(1));
    Twin {
        page: "factor",
        action: factor::PATH,
        fields,
        values,
        links: Vec::new(),
        error: view.problem.map(|problem| match problem {
            FactorProblem::Passkey => "passkey",
            FactorProblem::Throttled { .. } => "throttled",
            FactorProblem::Wrong => "wrong_code",
        }),
    }
}

/// `/login/email`.
pub(in crate::http) fn login_email(view: &LoginEmail) -> Twin {
    let keep = text("keep", "checkbox", view.login_words().keep(), "off");
    Twin {
        page: "login_email",
        action: login_email::PATH,
        fields: vec![
            text("username", "text", view.shell.common().identifier(), "username"),
            Field { required: false, max_length: None, ..keep },
        ],
        values: [values(&view.csrf, &view.interaction, ("username", &view.username)), work(&view.shell)].concat(),
        links: vec![("login", "/login")],
        error: view.problem.map(|problem| match problem {
            EmailProblem::Incomplete => "incomplete",
            EmailProblem::Throttled { .. } => "throttled",
        }),
    }
}

/// `/login/email/code`.
pub(in crate::http) fn login_email_code(view: &LoginEmailCode) -> Twin {
    Twin {
        page: "login_email_code",
        action: login_email::code::PATH,
        fields: vec![Field {
            max_length: Some(16),
            ..text("code", "text", view.words().eight_digits(), "one-time-code")
        }],
        values: values(&view.csrf, &view.interaction, ("", "")),
        links: vec![("login", "/login")],
        error: view.told.and_then(|told| match told {
            EmailTold::SentAgain => None,
            EmailTold::Spent => Some("code_spent"),
            EmailTold::Throttled { .. } => Some("throttled"),
            EmailTold::Wrong => Some("wrong_code"),
        }),
    }
}

/// Setting up a factor is done on our own page.
pub(in crate::http) fn enrol() -> Twin {
    Twin { page: "enrol", error: Some("enrolment_required"), ..Twin::default() }
}

/// `/signup`.
pub(in crate::http) fn sign_up(view: &SignUp) -> Twin {
    let mut values = values(&view.csrf, &view.interaction, ("email", &view.email));
    values.push(("name", view.name.clone()));
    values.extend(work(&view.shell));
    values.extend(view.invitation.iter().map(|invitation| ("invitation", invitation.clone())));
    let common = view.shell.common();
    let new = password("password", common.password(), "new-password");
    Twin {
        page: "sign_up",
        action: "/signup",
        fields: vec![
            text("email", "email", common.email(), "username"),
            Field { required: false, max_length: Some(200), ..text("name", "text", common.name(), "name") },
            Field { min_length: Some(view.password_min_chars), ..new },
        ],
        values,
        links: vec![("login", "/login")],
        error: view.problem.map(|problem| match problem {
            SignUpProblem::Busy => "temporarily_unavailable",
            SignUpProblem::CodeOver => "code_over",
            SignUpProblem::Email => "email_invalid",
            SignUpProblem::Name => "name_invalid",
            SignUpProblem::Password(why) => refused(why),
            SignUpProblem::PasswordsDiffer => "passwords_differ",
            SignUpProblem::Throttled { .. } => "throttled",
        }),
    }
}

/// `/signup/code`.
pub(in crate::http) fn code(view: &SignUpCode) -> Twin {
    Twin {
        page: "sign_up_code",
        action: sign_up::code::PATH,
        fields: vec![Field {
            max_length: Some(16),
            ..text("code", "text", view.shell.common().code(), "one-time-code")
        }],
        values: values(&view.csrf, &view.interaction, ("email", &view.email)),
        links: vec![("sign_up", "/signup")],
        error: view.told.and_then(|told| match told {
            CodeTold::SentAgain => None,
            CodeTold::NotAgain { .. } | CodeTold::Throttled { .. } => Some("throttled"),
            CodeTold::Spent => Some("code_spent"),
            CodeTold::Wrong => Some("wrong_code"),
        }),
    }
}

/// `/forgot`, and what it answers everybody.
pub(in crate::http) fn forgot(view: &Forgot) -> Twin {
    let page = match &view.what {
        ForgotWhat::Ask { csrf, username, problem } => {
            let interaction = view.back.as_ref().map_or("", |back| &back.interaction);
            return Twin {
                page: "forgot",
                action: forgot::PATH,
                fields: vec![text("username", "text", view.shell.common().identifier(), "username")],
                values: [values(csrf, interaction, ("username", username)), work(&view.shell)].concat(),
                links: vec![("login", "/login")],
                error: problem.map(|problem| match problem {
                    ForgotProblem::Incomplete => "incomplete",
                    ForgotProblem::Throttled { .. } => "throttled",
                }),
            };
        }
        ForgotWhat::AskAdministrator => "ask_administrator",
        ForgotWhat::Sent { .. } => "forgot_sent",
    };
    Twin { page, ..Twin::default() }
}

/// `/reset`. Whose password it is stands in `username`, for password managers.
pub(in crate::http) fn reset(view: &Reset) -> Twin {
    let new = password("password", view.shell.passwords().new_password(), "new-password");
    let mut values = values(&view.csrf, "", ("username", &view.username));
    values.push(("code", view.code.clone()));
    Twin {
        page: "reset",
        action: reset::PATH,
        fields: vec![Field { min_length: Some(view.password_min_chars), ..new }],
        values,
        links: vec![("login", "/login")],
        error: view.problem.map(|problem| match problem {
            ResetProblem::Busy => "temporarily_unavailable",
            ResetProblem::PageExpired => "page_expired",
            ResetProblem::Password(why) => refused(why),
            ResetProblem::PasswordsDiffer => "passwords_differ",
        }),
    }
}

/// Why a password is not to be had.
fn refused(why: PasswordProblem) -> &'static str {
    match why {
        PasswordProblem::Common => "password_common",
        PasswordProblem::Leaked => "password_leaked",
        PasswordProblem::Personal => "password_personal",
        PasswordProblem::TooLong { .. } => "password_too_long",
        PasswordProblem::TooShort { .. } => "password_too_short",
    }
}

/// What is asked for before the form is sent again: `SHA-256(work.NUMBER)` is to begin with so many zero bits.
fn work(shell: &PageShell) -> Vec<(&'static str, String)> {
    let work = shell.work.iter();
    work.flat_map(|work| [("work", work.challenge.clone()), ("work_bits", work.bits.to_string())]).collect()
}

/// What is posted again, and what stands in one field.
fn values(csrf: &str, interaction: &str, (name, value): (&'static str, &str)) -> Vec<(&'static str, String)> {
    let given = [("csrf", csrf), ("interaction", interaction), (name, value)];
    given.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.to_owned())).collect()
}
