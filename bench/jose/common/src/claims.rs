//! The two tokens: an access token of RFC 9068 with 345 bytes of claims, and one as fat as enterprises make them, with 3,857.

use serde::{Deserialize, Serialize};

use crate::Failure;

/// Who issues them.
pub const ISSUER: &str = "https://auth.example.com";
/// Whom they are for.
pub const AUDIENCE: &str = "https://api.example.com";

/// Which of the two.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Size {
    /// 3,857 bytes of claims.
    Large,
    /// 345 bytes of claims.
    Small,
}

impl Size {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Small, Self::Large];

    /// As in the figures' names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Large => "large",
            Self::Small => "small",
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Large => 3_857,
            Self::Small => 345,
        }
    }
}

/// What an API reads from its token.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "the claims' own names")]
pub struct AccessToken {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub exp: u64,
    pub iat: u64,
    pub jti: String,
    pub client_id: String,
    pub scope: String,
    pub sid: String,
    pub auth_time: u64,
    pub roles: Vec<String>,
    pub rh: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

/// What makes the large token large.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "the claims' own names")]
pub struct Profile {
    pub name: String,
    pub email: String,
    pub address: Address,
    pub permissions: Vec<String>,
    pub groups: Vec<String>,
}

/// A part of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "the claims' own names")]
pub struct Address {
    pub street_address: String,
    pub locality: String,
    pub postal_code: String,
    pub country: String,
}

/// What remains for the caller's type where a library has a type of its own for the registered claims.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "the claims' own names")]
pub struct Private {
    pub client_id: String,
    pub scope: String,
    pub sid: String,
    pub auth_time: u64,
    pub roles: Vec<String>,
    pub rh: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

impl AccessToken {
    /// The claims that are not registered.
    pub fn private(&self) -> Private {
        let Self { client_id, scope, sid, auth_time, roles, rh, profile, .. } = self.clone();
        Private { client_id, scope, sid, auth_time, roles, rh, profile }
    }

    /// Issuer, audience and expiry, for a library that leaves them to the caller.
    pub fn check(&self, now: u64) -> Result<(), Failure> {
        let good = self.iss == ISSUER && self.aud == AUDIENCE && now < self.exp;
        if good { Ok(()) } else { Err("the claims are not the expected ones".into()) }
    }
}

/// The same without a copy of anything.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read, then measured to have been read")]
pub struct Borrowed<'t> {
    iss: &'t str,
    sub: &'t str,
    aud: &'t str,
    exp: u64,
    iat: u64,
    jti: &'t str,
    client_id: &'t str,
    scope: &'t str,
    sid: &'t str,
    auth_time: u64,
    #[serde(borrow)]
    roles: Vec<&'t str>,
    rh: &'t str,
    #[serde(borrow)]
    profile: Option<BorrowedProfile<'t>>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read, then measured to have been read")]
struct BorrowedProfile<'t> {
    name: &'t str,
    email: &'t str,
    #[serde(borrow)]
    address: BorrowedAddress<'t>,
    #[serde(borrow)]
    permissions: Vec<&'t str>,
    #[serde(borrow)]
    groups: Vec<&'t str>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read, then measured to have been read")]
struct BorrowedAddress<'t> {
    street_address: &'t str,
    locality: &'t str,
    postal_code: &'t str,
    country: &'t str,
}

/// Claims that are good for a day.
pub fn claims(size: Size, now: u64) -> Result<AccessToken, Failure> {
    let mut claims = AccessToken {
        iss: ISSUER.into(),
        sub: "usr_5f3a9c1e7b2d4860".into(),
        aud: AUDIENCE.into(),
        exp: now + 86_400,
        iat: now,
        jti: "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d".into(),
        client_id: "dragons-spa".into(),
        scope: "openid profile email read:dragons".into(),
        sid: "f47ac10b58cc4372a5670e02b2c3d479".into(),
        auth_time: now,
        roles: vec!["admin".into()],
        rh: "Zm9vYmFyYmF6cXU".into(),
        profile: None,
    };
    if matches!(size, Size::Large) {
        claims.profile = Some(profile());
    }
    let missing = size.bytes().checked_sub(json(&claims)?.len()).ok_or("the claims are too long")?;
    if let Some(profile) = &mut claims.profile {
        profile.name.push_str(&"y".repeat(missing));
    }
    match json(&claims)?.len() {
        len if len == size.bytes() => Ok(claims),
        len => Err(format!("the claims have {len} bytes; the budgets are for {}", size.bytes()).into()),
    }
}

fn profile() -> Profile {
    let areas = ["dragons", "castles", "quests", "treasures", "wizards", "taverns", "potions"];
    let actions = ["read", "write", "delete", "approve", "export", "audit", "share"];
    let permissions = areas.iter().flat_map(|area| actions.iter().map(move |action| format!("{action}:{area}")));
    let groups = (0..40).map(|n| format!("/departments/research/team-{n:02}/projects/alpha"));
    Profile {
        name: "Ada Lovelace".into(),
        email: "ada.lovelace@example.com".into(),
        address: Address {
            street_address: "12 St James's Square".into(),
            locality: "London".into(),
            postal_code: "SW1Y 4LE".into(),
            country: "GB".into(),
        },
        permissions: permissions.collect(),
        groups: groups.collect(),
    }
}

/// As the token carries them.
pub fn json(claims: &AccessToken) -> Result<String, Failure> {
    Ok(serde_json::to_string(claims)?)
}
