//! Why a request about streams was refused, and the status that says so (Shared Signals Framework 1.0 §8.1).

/// A refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The stream was changed meanwhile.
    Conflict,
    /// The request is not of its form, or asks for what cannot be.
    Invalid(&'static str),
    /// The receiver has as many streams as it may have.
    TooMany,
    /// A verification was asked for a moment ago.
    TooSoon {
        /// How long to wait, in seconds.
        wait_secs: u64,
    },
    /// There is no such stream, or it is another receiver's.
    Unknown,
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Invalid(_) => 400,
            Self::TooMany => 403,
            Self::Unknown => 404,
            Self::Conflict => 409,
            Self::TooSoon { .. } => 429,
        }
    }

    /// A code for programs. The specification has none; these are in its spirit.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid_request",
            Self::TooMany => "too_many_streams",
            Self::Unknown => "stream_not_found",
            Self::Conflict => "conflict",
            Self::TooSoon { .. } => "too_many_requests",
        }
    }

    /// A sentence for developers.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Invalid(why) => why,
            Self::TooMany => "there are as many streams as this receiver may have; delete one",
            Self::Unknown => "this receiver has no such stream",
            Self::Conflict => "the stream was changed meanwhile; read it again",
            Self::TooSoon { .. } => "a verification was asked for less than min_verification_interval seconds ago",
        }
    }
}
