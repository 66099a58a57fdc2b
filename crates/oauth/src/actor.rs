//! Who acts for whom (RFC 8693 §4.1, §4.4): `act` says who does, `may_act` who may.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// More hands than these a token does not go through.
pub const MAX_ACTORS: usize = 5;

/// The party that acts for the subject of a token, and who acted before it: "the outermost act claim represents the current actor" (§4.1).
///
/// ```
/// use symbolon_oauth::actor::Actor;
///
/// let shop = Actor::new("shop", None);
/// let orders = Actor::new("orders", Some(shop));
/// assert_eq!(serde_json::to_value(&orders)?, serde_json::json!({"sub": "orders", "act": {"sub": "shop"}}));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Whose name `sub` is, where it is not the token's own issuer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The user, or the client.
    pub sub: String,
    /// Who acted before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<Self>>,
}

impl Actor {
    /// A party of ours that acts now, after those who acted `before`.
    #[must_use]
    pub fn new(sub: impl Into<String>, before: Option<Self>) -> Self {
        Self { iss: None, sub: sub.into(), act: before.map(Box::new) }
    }

    /// How many have acted.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.act.as_deref().map_or(0, Self::count)
    }

    /// The parties of ours that have acted, the newest first.
    pub fn subjects(&self) -> impl Iterator<Item = &str> {
        let chain = std::iter::successors(Some(self), |actor| actor.act.as_deref());
        chain.filter(|actor| actor.iss.is_none()).map(|actor| actor.sub.as_str())
    }

    /// The same chain as another issuer named it.
    #[must_use]
    pub fn named_by(self, issuer: &str) -> Self {
        Self {
            iss: self.iss.or_else(|| Some(issuer.to_owned())),
            sub: self.sub,
            act: self.act.map(|before| Box::new(before.named_by(issuer))),
        }
    }
}

/// The claim `may_act` of a token (§4.4).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct MayAct(Map<String, Value>);

impl MayAct {
    /// Whether it names this party: every member must fit, and one that is not understood fits nobody.
    #[must_use]
    pub fn names(&self, issuer: &str, sub: &str, client_id: &str) -> bool {
        let fits = |(name, value): (&String, &Value)| {
            let expected = match name.as_str() {
                "iss" => issuer,
                "sub" => sub,
                "client_id" => client_id,
                _ => return false,
            };
            value.as_str() == Some(expected)
        };
        !self.0.is_empty() && self.0.iter().all(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rfc8693_section_4_1_the_chain_is_nested_and_counted() {
        let chain = Actor::new("c", Some(Actor::new("b", Some(Actor::new("a", None)))));
        assert_eq!(chain.count(), 3);
        let json = json!({"sub": "c", "act": {"sub": "b", "act": {"sub": "a"}}});
        assert_eq!(serde_json::to_value(&chain).unwrap(), json);
        assert_eq!(serde_json::from_value::<Actor>(json).unwrap(), chain);
        assert!(serde_json::from_value::<Actor>(json!({"act": {"sub": "a"}})).is_err(), "an actor has a name");
    }

    #[test]
    fn what_another_issuer_calls_somebody_stays_its_name() {
        let own = Actor { iss: Some("https://third.example".to_owned()), ..Actor::new("a", None) };
        let chain = Actor::new("b", Some(own)).named_by("https://partner.example");
        assert_eq!(chain.iss.as_deref(), Some("https://partner.example"));
        assert_eq!(chain.act.unwrap().iss.as_deref(), Some("https://third.example"));
    }

    #[test]
    fn rfc8693_section_4_4_may_act_names_one_party_or_nobody() {
        let names = |claim: Value| {
            let may_act: MayAct = serde_json::from_value(claim).unwrap();
            may_act.names("https://auth.example", "usr_admin", "orders")
        };
        for claim in [
            json!({"sub": "usr_admin"}),
            json!({"sub": "usr_admin", "iss": "https://auth.example"}),
            json!({"client_id": "orders"}),
            json!({"sub": "usr_admin", "client_id": "orders"}),
        ] {
            assert!(names(claim.clone()), "{claim}");
        }
        for claim in [
            json!({}),
            json!({"sub": "usr_other"}),
            json!({"sub": ["usr_admin"]}),
            json!({"sub": "usr_admin", "iss": "https://elsewhere.example"}),
            json!({"sub": "usr_admin", "client_id": "shop"}),
            json!({"sub": "usr_admin", "email": "ada@example.com"}),
        ] {
            assert!(!names(claim.clone()), "{claim}");
        }
        assert!(serde_json::from_value::<MayAct>(json!("usr_admin")).is_err());
    }
}
