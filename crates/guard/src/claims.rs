//! The claims of an access token (RFC 9068 §2.2), read in one pass.

use std::{fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, IntoDeserializer, MapAccess, Visitor},
};
use serde_json::{Map, Value};
pub use symbolon_jose::jwt::Audience;

use crate::seen::Proven;

/// The claims of an access token whose signature, issuer, audience and times have been checked. Times are Unix seconds.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Claims {
    /// Who issued the token: always the guard's issuer.
    pub iss: String,
    /// Who the token speaks for: a user's id, or the client's own with client credentials.
    pub sub: String,
    /// Who the token is meant for: the guard's audience is among them.
    pub aud: Audience,
    /// When it stops counting.
    pub exp: u64,
    /// When it was issued.
    pub iat: Option<u64>,
    /// The token's own id.
    pub jti: Option<String>,
    /// The application the token was issued to.
    pub client_id: Option<String>,
    /// What was granted, separated by spaces. Ask with [`Claims::has_scope`].
    pub scope: String,
    /// The subject's roles. Ask with [`Claims::has_role`].
    pub roles: Vec<String>,
    /// The sign-in session the token was born in.
    pub sid: Option<String>,
    /// The subject's revocation handle: once the issuer calls it revoked, so is every token that carries it.
    pub rh: Option<String>,
    /// When the person last proved who they are.
    pub auth_time: Option<u64>,
    /// How strongly they did (RFC 9068 §2.2.1).
    pub acr: Option<String>,
    /// A key the token is bound to (RFC 7800); a token that has one is refused as a plain bearer token.
    pub cnf: Option<Value>,
    /// Every other claim.
    pub extra: Map<String, Value>,
}

impl Claims {
    /// Whether exactly this scope was granted.
    pub fn has_scope(&self, scope: &str) -> bool {
        !scope.is_empty() && self.scope.split(' ').any(|granted| granted == scope)
    }

    /// Whether the subject has exactly this role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }

    /// The claims without a field of their own, as your type.
    pub fn extra_as<C: DeserializeOwned>(&self) -> Result<C, serde_json::Error> {
        C::deserialize((&self.extra).into_deserializer())
    }
}

/// No claims of your own: what [`Caller`](crate::Caller) reads unless told otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoExtra;

impl<'de> Deserialize<'de> for NoExtra {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ClaimsVisitor)
    }
}

/// Claims read straight into the place that their readers will share.
pub(crate) struct Shared(pub(crate) Arc<Proven>);

impl<'de> Deserialize<'de> for Shared {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SharedVisitor;
        impl<'de> Visitor<'de> for SharedVisitor {
            type Value = Shared;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                ClaimsVisitor.expecting(f)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Shared, A::Error> {
                ClaimsVisitor.visit_map(map).map(|claims| Shared(Arc::new(Proven::new(claims))))
            }
        }
        deserializer.deserialize_map(SharedVisitor)
    }
}

struct ClaimsVisitor;

impl<'de> Visitor<'de> for ClaimsVisitor {
    type Value = Claims;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Claims, A::Error> {
        let mut claims = Claims::default();
        let (mut iss, mut sub, mut exp) = (None, None, None);
        let mut other = String::new();
        // A wrong type is an error here, never "absent"; duplicates and the time rules are the JOSE layer's.
        while let Some(name) = map.next_key_seed(NameSeed { other: &mut other })? {
            match name {
                Name::Iss => iss = Some(map.next_value()?),
                Name::Sub => sub = Some(map.next_value()?),
                Name::Aud => claims.aud = map.next_value()?,
                Name::Exp => exp = Some(map.next_value::<Seconds>()?.0),
                Name::Iat => claims.iat = Some(map.next_value::<Seconds>()?.0),
                Name::Jti => claims.jti = Some(map.next_value()?),
                Name::ClientId => claims.client_id = Some(map.next_value()?),
                Name::Scope => claims.scope = map.next_value()?,
                Name::Roles => claims.roles = map.next_value()?,
                Name::Rh => claims.rh = Some(map.next_value()?),
                Name::Sid => claims.sid = Some(map.next_value()?),
                Name::AuthTime => claims.auth_time = Some(map.next_value::<Seconds>()?.0),
                Name::Acr => claims.acr = Some(map.next_value()?),
                Name::Cnf => claims.cnf = Some(map.next_value()?),
                Name::Other => {
                    let value = map.next_value()?;
                    claims.extra.insert(std::mem::take(&mut other), value);
                }
            }
        }
        claims.iss = iss.ok_or_else(|| A::Error::missing_field("iss"))?;
        claims.sub = sub.ok_or_else(|| A::Error::missing_field("sub"))?;
        claims.exp = exp.ok_or_else(|| A::Error::missing_field("exp"))?;
        Ok(claims)
    }
}

/// A claim's name. One that is none of ours goes into [`NameSeed::other`]: a value of one byte travels in a register.
enum Name {
    Iss,
    Sub,
    Aud,
    Exp,
    Iat,
    Jti,
    ClientId,
    Scope,
    Roles,
    Rh,
    Sid,
    AuthTime,
    Acr,
    Cnf,
    Other,
}

struct NameSeed<'o> {
    other: &'o mut String,
}

impl<'de> DeserializeSeed<'de> for NameSeed<'_> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for NameSeed<'_> {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a claim's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        Ok(match name {
            "iss" => Name::Iss,
            "sub" => Name::Sub,
            "aud" => Name::Aud,
            "exp" => Name::Exp,
            "iat" => Name::Iat,
            "jti" => Name::Jti,
            "client_id" => Name::ClientId,
            "scope" => Name::Scope,
            "roles" => Name::Roles,
            "rh" => Name::Rh,
            "sid" => Name::Sid,
            "auth_time" => Name::AuthTime,
            "acr" => Name::Acr,
            "cnf" => Name::Cnf,
            other => {
                other.clone_into(self.other);
                Name::Other
            }
        })
    }
}

/// A NumericDate (RFC 7519 §2) in whole seconds: an integer, or a fraction that other issuers may send, rounded down.
struct Seconds(u64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SecondsVisitor;
        impl Visitor<'_> for SecondsVisitor {
            type Value = Seconds;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds since 1970")
            }
            fn visit_u64<E>(self, value: u64) -> Result<Seconds, E> {
                Ok(Seconds(value))
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the range is checked; dropping the fraction is the point"
            )]
            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Seconds, E> {
                // 2^53: beyond it a float no longer tells seconds apart.
                if (0.0..9_007_199_254_740_992.0).contains(&value) {
                    Ok(Seconds(value as u64))
                } else {
                    Err(E::custom("a time out of range"))
                }
            }
        }
        deserializer.deserialize_any(SecondsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(extra: &str) -> Result<Claims, serde_json::Error> {
        serde_json::from_str(&format!(r#"{{"iss":"i","sub":"s","aud":"a","exp":10{extra}}}"#))
    }

    #[derive(Deserialize)]
    struct Mine {
        tenant: String,
    }

    #[test]
    fn known_claims_get_fields_and_the_rest_stays() {
        let claims = parse(r#","scope":"a b","roles":["admin"],"iat":1.5,"tenant":"t1""#).unwrap();
        assert!(claims.has_scope("a") && claims.has_scope("b") && claims.has_role("admin"));
        assert_eq!((claims.iat, claims.extra["tenant"].as_str()), (Some(1), Some("t1")));
        assert_eq!(claims.extra_as::<Mine>().unwrap().tenant, "t1");
        assert_eq!(claims.extra.len(), 1);
        let several = parse(r#","rh":"h","b":1,"acr":"2","a":{"rh":1}"#).unwrap();
        assert_eq!((several.rh.as_deref(), several.acr.as_deref()), (Some("h"), Some("2")));
        assert_eq!(Value::from(several.extra), serde_json::json!({"a": {"rh": 1}, "b": 1}));
    }

    #[test]
    fn scopes_and_roles_match_whole_words_only() {
        let claims = parse(r#","scope":"read:dragons-all xread:dragons","roles":["admins"]"#).unwrap();
        assert!(!claims.has_scope("read:dragons") && !claims.has_scope("") && !claims.has_role("admin"));
        assert!(!claims.has_scope("read:dragons-all xread:dragons"));
    }

    #[test]
    fn a_wrong_type_is_an_error_not_absence() {
        for wrong in [
            r#","scope":["a"]"#,
            r#","scope":null"#,
            r#","roles":"admin""#,
            r#","roles":[1]"#,
            r#","iat":"1""#,
            r#","iat":-1"#,
            r#","auth_time":1e300"#,
            r#","jti":7"#,
            r#","rh":null"#,
            r#","client_id":null"#,
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn issuer_subject_and_expiry_are_needed() {
        for missing in ["{}", r#"{"iss":"i","sub":"s"}"#, r#"{"iss":"i","exp":1}"#, r#"{"sub":"s","exp":1}"#, "[]"] {
            assert!(serde_json::from_str::<Claims>(missing).is_err(), "{missing}");
        }
    }
}
