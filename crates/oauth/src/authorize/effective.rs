//! What an authorization request asks, however it came: in the query, in a request object, or pushed before.

use std::fmt;

use serde::{Deserialize, Serialize};
use symbolon_jose::Algorithm;

use crate::params::Params;

/// The parameters that count, and where they came from. Nothing beside them counts.
#[derive(Clone, Debug, Default)]
pub struct Effective {
    /// The parameters.
    pub params: Params,
    /// Where they came from.
    pub source: Source,
}

impl Effective {
    /// A request that came as its query says.
    ///
    /// ```
    /// use symbolon_oauth::authorize::{Effective, Source};
    /// use symbolon_oauth::Params;
    /// let effective = Effective::plain(Params::parse_for_authorize(b"client_id=spa")?);
    /// assert_eq!(effective.source, Source::default());
    /// # Ok::<(), symbolon_oauth::OAuthError>(())
    /// ```
    #[must_use]
    pub fn plain(params: Params) -> Self {
        Self { params, source: Source::default() }
    }
}

/// Where a request's parameters came from: by default from the query, where anybody could have written them.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Source {
    /// Pushed by the client, which has proven who it is: the SHA-256 of what its `request_uri` ends in.
    pub pushed: Option<[u8; 32]>,
    /// Out of a request object.
    pub object: Option<ObjectKind>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pushed, object } = self;
        f.debug_struct("Source").field("pushed", &pushed.is_some()).field("object", object).finish()
    }
}

/// What a request object proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// That the client wrote it: it was signed with this.
    Signed(Algorithm),
    /// Nothing.
    Unsigned,
}
