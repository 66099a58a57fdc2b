//! The fingerprints of a token, made once, when the set is first asked about it: where nothing was revoked they would cost more than
//! all the rest around a signature.

use std::sync::OnceLock;

use symbolon_revocation::{Fingerprint, IdKind, Kind, RuleKind, TokenIds};

use crate::claims::Claims;

/// Fingerprints of what the token carries; which of them mean something, its claims say. Small, because there is one per token.
#[derive(Debug)]
pub(crate) struct Ids {
    key: Fingerprint,
    of_claims: OnceLock<OfClaims>,
}

#[derive(Debug, Clone, Copy)]
struct OfClaims {
    jti: Fingerprint,
    sid: Fingerprint,
    handle: Fingerprint,
    client: Fingerprint,
}

impl Ids {
    /// Of a token that was verified by the key with this fingerprint.
    pub(crate) fn by_key(key: Fingerprint) -> Self {
        Self { key, of_claims: OnceLock::new() }
    }

    /// Of the key that verified the token.
    pub(crate) fn key(&self) -> Fingerprint {
        self.key
    }

    /// What the set is asked for. `claims` are the token's, `api` is the audience that the guard is.
    pub(crate) fn token_ids(&self, claims: &Claims, api: Fingerprint) -> TokenIds {
        let prints = self.of_claims.get_or_init(|| OfClaims::new(claims));
        let there = |id: &Option<String>, print| id.as_ref().map(|_| print);
        TokenIds {
            jti: there(&claims.jti, prints.jti),
            sid: there(&claims.sid, prints.sid),
            handle: there(&claims.rh, prints.handle),
            client: there(&claims.client_id, prints.client),
            api: Some(api),
            key: Some(self.key),
            iat: claims.iat,
        }
    }
}

/// Before it is known which key verified the token.
impl Default for Ids {
    fn default() -> Self {
        Self::by_key(Fingerprint(0))
    }
}

impl OfClaims {
    fn new(claims: &Claims) -> Self {
        let print = |kind: Kind, id: Option<&str>| id.map_or(Fingerprint(0), |id| Fingerprint::of(kind, id));
        Self {
            jti: print(IdKind::Jti.into(), claims.jti.as_deref()),
            sid: print(IdKind::Sid.into(), claims.sid.as_deref()),
            handle: print(IdKind::Handle.into(), claims.rh.as_deref()),
            client: print(RuleKind::Client.into(), claims.client_id.as_deref()),
        }
    }
}

/// Of a key by its name. A key without one cannot be revoked by it, and none has the empty one.
pub(crate) fn key_print(kid: Option<&str>) -> Fingerprint {
    Fingerprint::of(RuleKind::Key, kid.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_token_does_not_carry_has_no_fingerprint() {
        let api = Fingerprint(9);
        let claims = Claims { jti: Some("t".into()), rh: Some("h".into()), iat: Some(5), ..Claims::default() };
        let expected = TokenIds {
            jti: Some(Fingerprint::of(IdKind::Jti, "t")),
            handle: Some(Fingerprint::of(IdKind::Handle, "h")),
            key: Some(Fingerprint::of(RuleKind::Key, "k")),
            api: Some(api),
            iat: Some(5),
            ..TokenIds::default()
        };
        let ids = Ids::by_key(key_print(Some("k")));
        for _ in 0..2 {
            assert_eq!(ids.token_ids(&claims, api), expected);
        }
    }
}
