//! Which API a request means, and how much of the asked scope can be granted there (RFC 8707; `audience` is an alias).
//!
//! Refuses unknown, switched-off and unregistered APIs, and for one token more than one. Unknown scopes are dropped, never an error.

use crate::access_token::userinfo_audience;
use crate::error::OAuthError;
use crate::grant::Grant;
use crate::ids::Issuer;
use crate::params::Params;
use crate::registration::{Api, Apis, Client, ClientKind};
use crate::scope::{self, Scope};

/// More APIs than anybody would be asked for at once.
const MAX_RESOURCES: usize = 10;

/// The one API that `resource` (any number of times) and `audience` name, if any does.
pub(crate) fn requested(params: &Params) -> Result<Option<&str>, OAuthError> {
    let mut named = params.all("resource").chain(params.get("audience"));
    let Some(first) = named.next() else { return Ok(None) };
    if named.all(|other| other == first) { Ok(Some(first)) } else { Err(OAuthError::TargetsSeveral) }
}

/// Everything that `resource` and `audience` name, each once, in the order they came (RFC 8707 §2: "Multiple resource parameters MAY be used").
pub(crate) fn all_requested(params: &Params) -> Result<Vec<&str>, OAuthError> {
    let mut all: Vec<&str> = Vec::new();
    for one in params.all("resource").chain(params.get("audience")) {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    if all.len() > MAX_RESOURCES { Err(OAuthError::TargetsSeveral) } else { Ok(all) }
}

/// The API that `resource` alone names; at the token endpoint `audience` is ignored, because clients repeat it carelessly.
pub(crate) fn resource(params: &Params) -> Result<Option<&str>, OAuthError> {
    let mut named = params.all("resource");
    let Some(first) = named.next() else { return Ok(None) };
    if named.all(|other| other == first) { Ok(Some(first)) } else { Err(OAuthError::TargetsSeveral) }
}

/// Which of the APIs that were allowed a token is for: the one that is named (RFC 8707 §2.2), the first of them if none is.
pub(crate) fn chosen<'g>(first: Option<&'g str>, all: &'g [String], named: Option<&str>) -> Option<&'g str> {
    named.and_then(|named| all.iter().find(|one| *one == named)).map(String::as_str).or(first)
}

/// The API of an existing grant: `named` may repeat it (RFC 8707 §2.2), never change it, and it must still be there.
pub(crate) fn of_grant<'a>(
    issuer: &Issuer,
    client: &Client,
    granted: Option<&str>,
    named: Option<&str>,
    apis: &'a dyn Apis,
) -> Result<Option<&'a Api>, OAuthError> {
    if named.is_some_and(|named| Some(named) != granted && named != userinfo_audience(issuer)) {
        return Err(OAuthError::TargetNotGranted);
    }
    let Some(identifier) = granted else { return none_at_all(client) };
    if !client.first_party && client.api(identifier).is_none() {
        return Err(OAuthError::TargetUnknown);
    }
    live(identifier, apis).map(Some)
}

/// The API a user's token is for. None at all is fine, but for sessions: the token then opens userinfo.
pub(crate) fn for_user<'a>(
    client: &Client,
    requested: Option<&str>,
    issuer: &Issuer,
    apis: &'a dyn Apis,
) -> Result<Option<&'a Api>, OAuthError> {
    // Some clients name userinfo itself, which every token with `openid` opens anyway.
    let named = requested.filter(|named| *named != userinfo_audience(issuer));
    let Some(identifier) = named.or(client.default_audience.as_deref()) else { return none_at_all(client) };
    if !client.first_party && client.api(identifier).is_none() {
        return Err(OAuthError::TargetUnknown);
    }
    live(identifier, apis).map(Some)
}

/// The APIs a user's grant is for, those that are named or the one that is meant; `wanted` are types of authorization details, by which an API
/// is meant where none is named.
pub(crate) fn all_for_user<'a>(
    client: &Client,
    requested: &[&str],
    wanted: &[String],
    issuer: &Issuer,
    apis: &'a dyn Apis,
) -> Result<Vec<&'a Api>, OAuthError> {
    let userinfo = userinfo_audience(issuer);
    let named: Vec<&str> = requested.iter().copied().filter(|named| *named != userinfo).collect();
    if named.len() > 1 {
        // A session value is for one API.
        if client.gets_sessions() {
            return Err(OAuthError::TargetsSeveral);
        }
        return named
            .iter()
            .map(|one| for_user(client, Some(one), issuer, apis)?.ok_or(OAuthError::TargetUnknown))
            .collect();
    }
    let has_types = |api: &&Api| wanted.iter().any(|name| api.details_type(name).is_some());
    let meant = || client.apis.iter().filter_map(|entry| live(&entry.audience, apis).ok()).find(has_types);
    let one = for_user(client, named.first().copied(), issuer, apis);
    match one? {
        None if named.is_empty() && !wanted.is_empty() => Ok(meant().into_iter().collect()),
        one => Ok(one.into_iter().collect()),
    }
}

/// A session value means nothing but to the API it was made for.
fn none_at_all<'a>(client: &Client) -> Result<Option<&'a Api>, OAuthError> {
    if client.gets_sessions() { Err(OAuthError::TargetMissing) } else { Ok(None) }
}

/// The API a client's own token is for: one it is registered for, and the only one if it names none.
pub(crate) fn for_client<'a>(
    client: &Client,
    requested: Option<&str>,
    apis: &'a dyn Apis,
) -> Result<&'a Api, OAuthError> {
    let only = || match client.apis.as_slice() {
        [only] => Some(only.audience.as_str()),
        _ => None,
    };
    let identifier = requested.or(client.default_audience.as_deref()).or_else(only).ok_or(OAuthError::TargetMissing)?;
    if client.api(identifier).is_none() {
        return Err(OAuthError::TargetUnknown);
    }
    live(identifier, apis)
}

/// The one of the APIs that a client's rules name: the one that was asked for, else its default, else the only one.
pub(crate) fn among<'r>(client: &Client, named: Option<&str>, allowed: &[&'r str]) -> Result<&'r str, OAuthError> {
    let find = |identifier: &str| allowed.iter().copied().find(|known| *known == identifier);
    if let Some(named) = named {
        return find(named).ok_or(OAuthError::TargetUnknown);
    }
    let first = allowed.first().copied().filter(|first| allowed.iter().all(|other| other == first));
    client.default_audience.as_deref().and_then(find).or(first).ok_or(OAuthError::TargetMissing)
}

/// With no scope asked for, the most there can be; with one, no more than that (RFC 6749 §3.3).
pub(crate) fn asked_of(asked: Option<&Scope>, most: &Scope) -> Result<Scope, OAuthError> {
    match asked {
        None => Ok(most.clone()),
        Some(asked) if asked.is_subset_of(most) => Ok(asked.clone()),
        Some(_) => Err(OAuthError::ScopeNotAllowed),
    }
}

fn live<'a>(identifier: &str, apis: &'a dyn Apis) -> Result<&'a Api, OAuthError> {
    apis.api(identifier).filter(|api| !api.disabled).ok_or(OAuthError::TargetUnknown)
}

/// What of the asked scope a user can be asked to grant; the rest is dropped (RFC 6749 §3.3).
pub(crate) fn scope_for_user(client: &Client, api: Option<&Api>, asked: &Scope) -> Scope {
    asked.filtered(|name| {
        if scope::STANDARD.contains(&name) {
            let registered = client.scopes.as_ref().is_none_or(|scopes| scopes.contains(name));
            registered && (name != "offline_access" || may_stay(client))
        } else {
            api.is_some_and(|api| api_scope(client, api, name))
        }
    })
}

/// The same where there are several APIs: what one of them has.
pub(crate) fn scope_for_all(client: &Client, apis: &[&Api], asked: &Scope) -> Scope {
    let of_none = scope_for_user(client, None, asked);
    apis.iter().fold(of_none, |all, api| all.union(&scope_for_user(client, Some(api), asked)))
}

/// Whether the client may have this scope of this API on behalf of a user.
fn api_scope(client: &Client, api: &Api, name: &str) -> bool {
    let listed = client.api(&api.identifier);
    api.has_scope(name) && listed.map_or(client.first_party, |entry| entry.scopes.contains(name))
}

/// `offline_access` brings a refresh token, so it is for clients that may use one.
fn may_stay(client: &Client) -> bool {
    client.kind != ClientKind::Machine && client.may_use(Grant::RefreshToken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::{AccessTokenFormat, ClientApi};
    use crate::testing::{API, apis, issuer, machine, spa, third_party};

    fn requested_by(query: &str) -> Result<Option<String>, OAuthError> {
        requested(&Params::parse(query.as_bytes()).unwrap()).map(|named| named.map(str::to_owned))
    }

    #[test]
    fn audience_and_resource_are_two_words_for_one_api() {
        assert_eq!(requested_by("scope=x"), Ok(None));
        for query in ["audience=a", "resource=a", "resource=a&resource=a", "resource=a&audience=a"] {
            assert_eq!(requested_by(query), Ok(Some("a".to_owned())), "{query}");
        }
        for query in ["resource=a&resource=b", "resource=a&audience=b"] {
            assert_eq!(requested_by(query), Err(OAuthError::TargetsSeveral), "{query}");
        }
    }

    #[test]
    fn unknown_near_miss_and_disabled_apis_are_invalid_target() {
        let mut apis = apis();
        for name in ["http://localhost:4402/", "http://LOCALHOST:4402", "https://evil.example", ""] {
            assert_eq!(for_user(&spa(), Some(name), &issuer(), &apis).err(), Some(OAuthError::TargetUnknown), "{name}");
        }
        apis[0].disabled = true;
        assert_eq!(for_user(&spa(), Some(API), &issuer(), &apis).err(), Some(OAuthError::TargetUnknown));
    }

    #[test]
    fn a_third_party_may_ask_only_for_what_it_is_registered_for() {
        let unlisted = Client { apis: Vec::new(), ..third_party() };
        assert_eq!(for_user(&unlisted, Some(API), &issuer(), &apis()).err(), Some(OAuthError::TargetUnknown));
        let scope =
            scope_for_user(&third_party(), Some(&apis()[0]), &Scope::parse("read:dragons write:dragons").unwrap());
        assert_eq!(scope.to_string(), "read:dragons");
    }

    #[test]
    fn a_machine_may_ask_only_for_what_it_is_registered_for() {
        assert!(for_client(&machine(), None, &apis()).is_ok(), "its only API is meant");
        assert_eq!(
            for_client(&machine(), Some("https://other.example"), &apis()).err(),
            Some(OAuthError::TargetUnknown)
        );
        assert_eq!(
            for_client(&Client { apis: Vec::new(), ..machine() }, Some(API), &apis()).err(),
            Some(OAuthError::TargetUnknown)
        );
        let mut two = machine();
        two.apis.push(ClientApi { audience: "https://other.example".to_owned(), scopes: Scope::empty() });
        assert_eq!(for_client(&two, None, &apis()).err(), Some(OAuthError::TargetMissing));
    }

    #[test]
    fn unknown_scopes_are_dropped_and_never_granted() {
        let asked = Scope::parse("openid admin read:dragons superuser OPENID").unwrap();
        assert_eq!(scope_for_user(&spa(), Some(&apis()[0]), &asked).to_string(), "openid read:dragons");
        assert_eq!(scope_for_user(&spa(), None, &asked).to_string(), "openid");
    }

    #[test]
    fn offline_access_needs_the_refresh_token_grant() {
        let asked = Scope::parse("openid offline_access").unwrap();
        assert!(scope_for_user(&spa(), None, &asked).contains("offline_access"));
        let mut without = spa();
        without.grant_types.remove("refresh_token");
        assert!(!scope_for_user(&without, None, &asked).contains("offline_access"));
    }

    #[test]
    fn a_session_is_at_an_api_and_brings_no_refresh_token() {
        let client = Client { access_token_format: AccessTokenFormat::Session, ..spa() };
        for requested in [None, Some(&*issuer().endpoint("/userinfo"))] {
            assert_eq!(for_user(&client, requested, &issuer(), &apis()).err(), Some(OAuthError::TargetMissing));
        }
        assert_eq!(of_grant(&issuer(), &client, None, None, &apis()).err(), Some(OAuthError::TargetMissing));
        assert!(for_user(&client, Some(API), &issuer(), &apis()).is_ok());
        let asked = Scope::parse("openid offline_access read:dragons").unwrap();
        assert_eq!(scope_for_user(&client, Some(&apis()[0]), &asked).to_string(), "openid read:dragons");
    }

    #[test]
    fn the_userinfo_url_counts_as_no_api() {
        assert_eq!(for_user(&spa(), Some(&issuer().endpoint("/userinfo")), &issuer(), &apis()), Ok(None));
    }
}
