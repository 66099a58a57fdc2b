//! The two tokens: an access token of RFC 9068 with 345 bytes of claims, and one as fat as enterprises make them, with 3,857.

use serde::{Deserialize, Serialize};

use crate::Failure;

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";

/// Which of the two.
#[derive(Clone, Copy)]
pub(crate) enum Size {
    Large,
    Small,
}

impl Size {
    pub(crate) const ALL: [Self; 2] = [Self::Small, Self::Large];

    pub(crate) const fn name(self) -> &'static str {
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
pub(crate) struct AccessToken {
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) aud: String,
    pub(crate) exp: u64,
    pub(crate) iat: u64,
    pub(crate) jti: String,
    pub(crate) client_id: String,
    pub(crate) scope: String,
    pub(crate) sid: String,
    pub(crate) auth_time: u64,
    pub(crate) roles: Vec<String>,
    pub(crate) rh: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<Profile>,
}

/// What makes the large token large.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) address: Address,
    pub(crate) permissions: Vec<String>,
    pub(crate) groups: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Address {
    pub(crate) street_address: String,
    pub(crate) locality: String,
    pub(crate) postal_code: String,
    pub(crate) country: String,
}

/// The small claims without a copy of anything.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read, then measured to have been read")]
pub(crate) struct Borrowed<'t> {
    pub(crate) iss: &'t str,
    pub(crate) sub: &'t str,
    pub(crate) aud: &'t str,
    pub(crate) exp: u64,
    pub(crate) iat: u64,
    pub(crate) jti: &'t str,
    pub(crate) client_id: &'t str,
    pub(crate) scope: &'t str,
    pub(crate) sid: &'t str,
    pub(crate) auth_time: u64,
    #[serde(borrow)]
    pub(crate) roles: [&'t str; 1],
    pub(crate) rh: &'t str,
}

/// Claims that are good for a day.
pub(crate) fn claims(size: Size, now: u64) -> Result<AccessToken, Failure> {
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

pub(crate) fn json(claims: &AccessToken) -> Result<String, Failure> {
    Ok(serde_json::to_string(claims)?)
}
