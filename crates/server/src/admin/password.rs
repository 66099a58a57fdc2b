//! New passwords on their way from the operator: over the control socket into the policy and the hash, and nowhere else.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::{AdminContext, AdminError, AdminErrorKind};
use crate::account::password::{Password, PasswordProblem, Policy, SALT_LEN};

/// A password that was handed in. No `Display`, redacted `Debug`, wiped when dropped.
#[derive(Clone)]
pub struct NewPassword(pub Zeroizing<String>);

impl Serialize for NewPassword {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for NewPassword {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(********)")
    }
}

/// The hash of a password that the policy accepts. `words` are the person's own, which it must not be made of.
pub(super) async fn hash(
    context: &mut AdminContext<'_>,
    password: &NewPassword,
    words: &[Option<&str>],
) -> Result<String, AdminError> {
    let words: Vec<&str> = words.iter().copied().flatten().collect();
    let policy = Policy { min_chars: context.config.password.min_length };
    let password = Password::parse(&password.0).map_err(refused)?;
    context.passwords.judge(policy, &password, &words).await.map_err(refused)?;
    let mut salt = [0; SALT_LEN];
    context.rng.fill(&mut salt);
    let hash = context.passwords.hash(password, salt).await;
    hash.map_err(|why| AdminError::new(AdminErrorKind::Unavailable, why.to_string(), "repeat the command in a moment"))
}

fn refused(problem: PasswordProblem) -> AdminError {
    let (message, hint) = match problem {
        PasswordProblem::Common => {
            ("this password is one of those that are guessed first", "choose words that belong to nobody".to_owned())
        }
        PasswordProblem::Leaked => {
            ("this password appears in lists from other sites' leaks", "choose words that belong to nobody".to_owned())
        }
        PasswordProblem::Personal => (
            "this password is made of the person's or the server's own words",
            "choose words that belong to nobody".to_owned(),
        ),
        PasswordProblem::TooLong { max_chars } => {
            ("this password is too long", format!("use at most {max_chars} characters"))
        }
        PasswordProblem::TooShort { min_chars } => {
            ("this password is too short", format!("use at least {min_chars} characters"))
        }
    };
    AdminError::invalid(message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_does_not_show_in_debug_output() {
        let command = super::super::UserCommand::Add(super::super::NewAccount {
            password: Some(NewPassword("sesame".to_owned().into())),
            ..Default::default()
        });
        assert!(!format!("{command:?}").contains("sesame"));
    }
}
