//! Passwords: the policy for new ones, and Argon2id in a bounded pool.

/// Why a new password is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PasswordProblem {
    /// Among the passwords people try first.
    Common,
    /// Little more than the person's or the service's own words.
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
