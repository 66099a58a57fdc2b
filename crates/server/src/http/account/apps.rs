//! `/account/apps`: what has something of the account, and taking it away. That ends the client's consents, its refresh families and its access
//! tokens at once; the browser sessions go on, so that an app which asks for no consent can sign its person in again.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use axum::response::Response;
use http::StatusCode;
use symbolon_oauth::{OAuthError, Params};
use symbolon_store::{Consent, Family};

use super::Visit;
use crate::effects::store_failure;
use crate::events;
use crate::http::{consent, page};
use crate::pages::account::apps::{AccountApps, AppView, Reach};
use crate::pages::consent::Freshness;
use crate::words;

/// Most that are listed, those that were used last.
const MAX_LISTED: usize = 100;

/// What one client has.
#[derive(Default)]
struct Has {
    consents: Vec<Consent>,
    families: Vec<Family>,
    used: Option<u64>,
}

impl Has {
    /// When it was last heard of.
    fn latest(&self) -> Option<u64> {
        self.used.max(self.consents.iter().map(|one| one.granted_at).max())
    }
}

pub(super) async fn show(visit: &Visit<'_>) -> Result<Response, OAuthError> {
    let words = words::AccountApps::of(visit.language());
    let clients = clients(visit).await?;
    let unlisted = clients.len().saturating_sub(MAX_LISTED);
    let mut clients: Vec<_> = clients.iter().collect();
    clients.sort_by_key(|(_, has)| Reverse(has.latest()));
    let latest = clients.into_iter().take(MAX_LISTED);
    let mut apps: Vec<AppView> = latest.map(|(id, has)| app(visit, words, id, has)).collect();
    apps.sort_by(|one, other| (&one.name, &one.client_id).cmp(&(&other.name, &other.client_id)));
    let view = AccountApps { shell: visit.shell(), nav: visit.nav(), words, csrf: visit.csrf(), apps, unlisted };
    Ok(visit.page(StatusCode::OK, &view))
}

pub(super) async fn act(visit: &Visit<'_>, params: &Params) -> Result<Response, OAuthError> {
    let failed = |error| store_failure(&error);
    let (user, client_id) = (&visit.who.user, params.get("client_id").unwrap_or_default());
    if params.get("action") == Some("revoke") && clients(visit).await?.contains_key(client_id) {
        visit.app().store.withdraw_consent(&user.id, client_id, visit.now()).await.map_err(failed)?;
        let told = events::account(visit.app(), visit.arrival.meta, "consent.withdraw", &user.id, Some(client_id));
        told.await.map_err(failed)?;
    }
    Ok(page::see_other(visit.page.path()))
}

async fn clients(visit: &Visit<'_>) -> Result<BTreeMap<String, Has>, OAuthError> {
    let (store, user_id, now) = (&visit.app().store, visit.who.user.id.as_str(), visit.now());
    let failed = |error| store_failure(&error);
    let mut clients: BTreeMap<String, Has> = BTreeMap::new();
    for consent in store.consents_of(user_id).await.map_err(failed)? {
        clients.entry(consent.client_id.clone()).or_default().consents.push(consent);
    }
    let used: BTreeMap<_, _> = store.families_used(user_id, now).await.map_err(failed)?.into_iter().collect();
    for family in store.families_of(user_id, now).await.map_err(failed)? {
        let has = clients.entry(family.client_id.clone()).or_default();
        let seen = used.get(&family.id).copied().unwrap_or(family.created_at);
        has.used = has.used.max(Some(seen));
        has.families.push(family);
    }
    Ok(clients)
}

fn app(visit: &Visit<'_>, words: words::AccountApps, id: &str, has: &Has) -> AppView {
    let registry = &visit.arrival.registry;
    let client = registry.client(id);
    let languages = visit.arrival.meta.reads.languages();
    let name =
        client.map_or_else(|| words.gone().to_owned(), |client| page::client_view(client, None, &languages).name);
    let consented = has.consents.iter().map(|one| (one.audience.as_str(), one.scope.as_str()));
    let granted = has.families.iter().flat_map(|one| {
        let audiences = one.audience.iter().map(String::as_str).chain(one.audience.is_empty().then_some(""));
        audiences.map(|audience| (audience, one.scope.as_str()))
    });
    let mut scopes = Vec::new();
    for (audience, scope) in consented.chain(granted) {
        for name in scope.split_ascii_whitespace().filter(|name| !matches!(*name, "openid" | "offline_access")) {
            let view = consent::scope_view(
                registry.api(audience).map(AsRef::as_ref),
                name,
                Freshness::Known,
                visit.language(),
            );
            let line = (view.text, view.api);
            if !scopes.contains(&line) {
                scopes.push(line);
            }
        }
    }
    let since = has.consents.iter().map(|one| one.granted_at).chain(has.families.iter().map(|one| one.created_at));
    let offline = has.families.iter().any(|one| !one.session_bound);
    AppView {
        client_id: id.to_owned(),
        name,
        scopes,
        since: since.min().unwrap_or_default(),
        used: has.used,
        reach: if offline { Reach::Offline } else { Reach::Session },
    }
}
