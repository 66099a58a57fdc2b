//! The fingerprints of a token, made once when it is verified.

use symbolon_revocation::{Fingerprint, IdKind, Kind, RuleKind, TokenIds};

use crate::claims::Claims;

/// Fingerprints of what the token carries; which of them mean something, its claims say. Small, because there is one per token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ids {
    jti: Fingerprint,
    sid: Fingerprint,
    handle: Fingerprint,
    client: Fingerprint,
    key: Fingerprint,
}

impl Default for Ids {
    /// Of a token that says nothing.
    fn default() -> Self {
        let none = Fingerprint(0);
        Self { jti: none, sid: none, handle: none, client: none, key: none }
    }
}

impl Ids {
    /// Of a token with these claims, verified by the key `kid`.
    pub(crate) fn of(claims: &Claims, kid: Option<&str>) -> Self {
        let print = |kind: Kind, id: Option<&str>| id.map_or(Fingerprint(0), |id| Fingerprint::of(kind, id));
        Self {
            jti: print(IdKind::Jti.into(), claims.jti.as_deref()),
            sid: print(IdKind::Sid.into(), claims.sid.as_deref()),
            handle: print(IdKind::Handle.into(), claims.rh.as_deref()),
            client: print(RuleKind::Client.into(), claims.client_id.as_deref()),
            // A key without a name cannot be revoked by it, and none has the empty one.
            key: print(RuleKind::Key.into(), Some(kid.unwrap_or_default())),
        }
    }

    /// What the set is asked for. `api` is the audience that the guard is.
    pub(crate) fn token_ids(&self, claims: &Claims, api: Fingerprint) -> TokenIds {
        let there = |id: &Option<String>, print| id.as_ref().map(|_| print);
        TokenIds {
            jti: there(&claims.jti, self.jti),
            sid: there(&claims.sid, self.sid),
            handle: there(&claims.rh, self.handle),
            client: there(&claims.client_id, self.client),
            api: Some(api),
            key: Some(self.key),
            iat: claims.iat,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_token_does_not_carry_has_no_fingerprint() {
        let api = Fingerprint(9);
        let claims = Claims { jti: Some("t".into()), rh: Some("h".into()), iat: Some(5), ..Claims::default() };
        let ids = Ids::of(&claims, Some("k")).token_ids(&claims, api);
        let expected = TokenIds {
            jti: Some(Fingerprint::of(IdKind::Jti, "t")),
            handle: Some(Fingerprint::of(IdKind::Handle, "h")),
            key: Some(Fingerprint::of(RuleKind::Key, "k")),
            api: Some(api),
            iat: Some(5),
            ..TokenIds::default()
        };
        assert_eq!(ids, expected);
    }
}
