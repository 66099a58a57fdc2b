//! What a new password must be (security 115–117; NIST SP 800-63B-4 §3.1.1.2): long enough, and not
//! one that is guessed first. No composition rules, no hints, no expiry.

use symbolon_oauth::second_factor::Required;

use super::{MAX_CHARS, Password, common, leaked};

/// Why a new password is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PasswordProblem {
    /// Built from what people try first: well-known words, keyboard rows, repetition.
    Common,
    /// It stands in lists of other sites' leaks.
    Leaked,
    /// Built from the person's or the service's own words.
    Personal,
    /// More characters than are accepted; refused before hashing.
    TooLong {
        /// Most characters accepted.
        max_chars: usize,
    },
    /// Fewer characters than the policy asks for.
    TooShort {
        /// Fewest characters accepted.
        min_chars: usize,
    },
}

/// The rules for new passwords.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Policy {
    /// Fewest characters.
    pub min_chars: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self::ALONE
    }
}

impl Policy {
    /// Where a password alone opens an account. NIST SP 800-63B-4 §3.1.1.2: "Verifiers and CSPs SHALL require passwords that are used as a
    /// single-factor authentication mechanism to be a minimum of 15 characters in length."
    pub const ALONE: Self = Self { min_chars: 15 };
    /// Where another factor is always asked for: they "MAY allow passwords that are only used as part of multi-factor authentication processes
    /// to be shorter but SHALL require them to be a minimum of eight characters in length".
    pub const BESIDE_ANOTHER: Self = Self { min_chars: 8 };

    /// The least that NIST asks for, where `required` says who is asked for another factor.
    #[must_use]
    pub fn least(required: Required) -> Self {
        match required {
            Required::Always => Self::BESIDE_ANOTHER,
            Required::Never | Required::NewDevice | Required::WhenEnrolled => Self::ALONE,
        }
    }

    /// Judges a password that somebody wants to set.
    ///
    /// `words` are the person's and the service's own: e-mail, user name, name, issuer host. Each is taken
    /// apart at everything that is neither letter nor digit.
    ///
    /// # Errors
    /// The first problem found: length, then the person's own words, then common ones, then leaked ones.
    pub fn check_new_password(&self, password: &Password, words: &[&str]) -> Result<(), PasswordProblem> {
        let chars = password.text().chars().count();
        if chars < self.min_chars {
            return Err(PasswordProblem::TooShort { min_chars: self.min_chars });
        }
        if chars > MAX_CHARS {
            return Err(PasswordProblem::TooLong { max_chars: MAX_CHARS });
        }
        common::check(password.text(), words)?;
        if leaked::is_common(password) { Err(PasswordProblem::Leaked) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str) -> Result<(), PasswordProblem> {
        let words = ["ada@example.com", "Ada Lovelace", "auth.dragons.example"];
        Policy::BESIDE_ANOTHER.check_new_password(&Password::parse(password).unwrap(), &words)
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert_eq!(check("ähöüßñç"), Err(PasswordProblem::TooShort { min_chars: 8 }));
        assert_eq!(check("ähöüßñçé"), Ok(()));
        assert_eq!(check(""), Err(PasswordProblem::TooShort { min_chars: 8 }));
    }

    #[test]
    fn sp800_63b_section_3_1_1_2_a_password_alone_has_fifteen_characters_and_eight_beside_another_factor() {
        let judge = |policy: Policy, text: &str| policy.check_new_password(&Password::parse(text).unwrap(), &[]);
        let default = Policy::default();
        assert_eq!(judge(default, "fjord lamp 91x"), Err(PasswordProblem::TooShort { min_chars: 15 }));
        assert_eq!(judge(default, "fjord lamp 91xy"), Ok(()));
        for required in [Required::Never, Required::NewDevice, Required::WhenEnrolled] {
            assert_eq!(Policy::least(required), default, "{required:?}: not everybody is asked for more");
        }
        assert_eq!(judge(Policy::least(Required::Always), "fjord 91"), Ok(()));
        assert!(judge(Policy::least(Required::Always), "fjord 9").is_err());
    }

    #[test]
    fn no_composition_rules() {
        for fine in [
            "correct horse fjord lamp",
            "onlylowercaseletterscount",
            "839471029384",
            "four unrelated spoons here",
            "пингвин на велосипеде",
        ] {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
    }

    #[test]
    fn what_people_try_first_is_refused() {
        for bad in [
            "password1234",
            "P@ssw0rd!2024",
            "Passw0rdPassw0rd",
            "administrator",
            "adminadmin123",
            "qwertyuiop12",
            "1q2w3e4r5t6y",
            "qazwsxedcrfv",
            "123456789012",
            "abcdefghijkl",
            "aaaaaaaaaaaa",
            "aaaabbbbcccc",
            "abcabcabcabc",
            "dragondragondragon",
            "letmein letmein",
            "i love you 1234",
            "Welcome12345!",
            "Summer2024!!!!",
            "correcthorsebatterystaple",
            "!!!!!!!!!!!!",
            "zyxwvutsrqpo",
            "asdfghjkl;'asdf",
            "motdepasse123456",
            "contraseñacontraseña",
            "contrasenacontrasena",
            "bonjourbonjour12",
            "sommersommer2024",
            "Passwort12345678",
            "hallohallo123456",
            "SoleilSoleil1998",
            "holahola12345678",
        ] {
            assert_eq!(check(bad), Err(PasswordProblem::Common), "{bad}");
        }
    }

    #[test]
    fn what_was_leaked_elsewhere_is_refused() {
        for bad in ["maurolarastefy", "MomsanAladventure", "chickenwing101", "polniypizdec0211"] {
            assert_eq!(check(bad), Err(PasswordProblem::Leaked), "{bad}");
        }
    }

    #[test]
    fn own_words_and_the_services_are_refused() {
        for bad in [
            "adalovelace1815",
            "Lovelace123456",
            "ada@example.com",
            "L0velace-Ada!",
            "lovelacepassword",
            "symbolon12345",
            "lovelacelovelace",
        ] {
            assert_eq!(check(bad), Err(PasswordProblem::Personal), "{bad}");
        }
        assert_eq!(check("ada likes odd spoons"), Ok(()));
    }
}
