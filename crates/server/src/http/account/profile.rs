//! `/account/profile`: the profile claims of OpenID Connect Core §5.1 that people may change. Not here: the address, which has to be proven, and
//! the telephone number, which nobody here can prove.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value};
use symbolon_oauth::{OAuthError, Params};
use symbolon_store::{Change, Conflict, StoreError, User, UserUpdate};

use super::Visit;
use crate::account::profile::{EARLIEST_YEAR, is_birthdate, is_name, latest_birthdate, zone};
use crate::effects::store_failure;
use crate::events;
use crate::http::page;
use crate::pages::WebUrl;
use crate::pages::account::profile::{Access, AccountProfile, FieldView, LocaleView, ProfileTold};
use crate::words::{self, Language};

const MAX_CHARS: usize = 200;
/// The claim with a choice instead of a field.
const LOCALE: &str = "locale";

/// A claim that people may change, unless the operator keeps it.
struct Claim {
    name: &'static str,
    kind: &'static str,
    autocomplete: &'static str,
    rule: Rule,
}

/// What has to be true of it.
#[derive(Clone, Copy)]
enum Rule {
    Birthdate,
    Line,
    Web,
    Zone,
}

const fn claim(name: &'static str, kind: &'static str, autocomplete: &'static str, rule: Rule) -> Claim {
    Claim { name, kind, autocomplete, rule }
}

const CLAIMS: [Claim; 8] = [
    claim("name", "text", "name", Rule::Line),
    claim("given_name", "text", "given-name", Rule::Line),
    claim("family_name", "text", "family-name", Rule::Line),
    claim("nickname", "text", "nickname", Rule::Line),
    claim("website", "url", "url", Rule::Web),
    claim("picture", "url", "photo", Rule::Web),
    claim("birthdate", "date", "bday", Rule::Birthdate),
    claim("zoneinfo", "text", "off", Rule::Zone),
];

pub(super) fn show(visit: &Visit<'_>, params: &Params) -> Response {
    let told = params.get("saved").map(|_| ProfileTold::Saved);
    render(visit, &visit.who.user, None, told)
}

pub(super) async fn act(visit: &Visit<'_>, params: &Params) -> Result<Response, OAuthError> {
    let (app, user) = (visit.app(), &visit.who.user);
    if params.get("action") != Some("save") {
        return Ok(page::see_other(visit.page.path()));
    }
    let (name, profile) = match changed(user, params, visit.now(), |name| may_change(visit, name)) {
        Ok(changed) => changed,
        Err(name) => return Ok(render(visit, user, Some(params), Some(wrong(visit, name)))),
    };
    let update = UserUpdate {
        name: Change::Set(name.clone()),
        profile: Change::Set(profile.clone()),
        expect_revision: Some(params.get("revision").and_then(|text| text.parse().ok()).unwrap_or_default()),
        now: visit.now(),
        ..UserUpdate::default()
    };
    match app.store.update_user(&user.id, update).await {
        Ok(_) => {}
        Err(StoreError::Conflict(Conflict::Revision)) => {
            let now = app.store.user(&user.id).await.map_err(|error| store_failure(&error))?;
            let user = now.unwrap_or_else(|| user.clone());
            // The same form, sent twice.
            if (&user.name, &user.profile) == (&name, &profile) {
                return Ok(page::see_other(&format!("{}?saved=yes", visit.page.path())));
            }
            return Ok(render(visit, &user, None, Some(ProfileTold::Changed)));
        }
        Err(error) => return Err(store_failure(&error)),
    }
    let told = events::account(app, visit.arrival.meta, "user.profile.change", &user.id, None);
    told.await.map_err(|error| store_failure(&error))?;
    Ok(page::see_other(&format!("{}?saved=yes", visit.page.path())))
}

fn wrong(visit: &Visit<'_>, name: &'static str) -> ProfileTold {
    let words = words::AccountProfile::of(visit.language());
    let claim = CLAIMS.iter().find(|claim| claim.name == name);
    let why = claim.map_or_else(|| words.wrong_address(name), |claim| claim.rule.complaint(words, label(words, name)));
    ProfileTold::Wrong { name, why }
}

fn may_change(visit: &Visit<'_>, name: &str) -> bool {
    visit.app().config().account.profile.iter().any(|allowed| allowed == name)
}

/// Name and claims as they are to be from now on; the claim that does not fit. What the form does not have, or must not, stays.
fn changed(
    user: &User,
    params: &Params,
    now: u64,
    may_change: impl Fn(&str) -> bool,
) -> Result<(Option<String>, Map<String, Value>), &'static str> {
    let (mut name, mut profile) = (user.name.clone(), user.profile.clone());
    for claim in CLAIMS.iter().filter(|claim| may_change(claim.name)) {
        let Some(typed) = typed(params, claim.name) else { continue };
        // What somebody else wrote, or who came before these rules, keeps nobody from changing the rest.
        let stored =
            if claim.name == "name" { name.as_deref() } else { profile.get(claim.name).and_then(Value::as_str) };
        if stored == Some(typed) {
            continue;
        }
        let value = if typed.is_empty() { None } else { Some(claim.rule.judged(typed, now).ok_or(claim.name)?) };
        match (claim.name, value) {
            ("name", value) => name = value,
            (claim, Some(value)) => drop(profile.insert(claim.to_owned(), Value::String(value))),
            (claim, None) => drop(profile.remove(claim)),
        }
    }
    if let Some(typed) = typed(params, LOCALE).filter(|_| may_change(LOCALE)) {
        match Language::of_tag(typed) {
            Some(language) => drop(profile.insert(LOCALE.to_owned(), Value::String(language.tag().to_owned()))),
            None if typed.is_empty() => drop(profile.remove(LOCALE)),
            None => return Err(LOCALE),
        }
    }
    Ok((name, profile))
}

/// What stands in a field of the form; nothing where the form has no such field. An empty one does not come along as such (RFC 6749 §3.1), so the
/// form names its fields.
fn typed<'p>(params: &'p Params, name: &str) -> Option<&'p str> {
    let is_there = params.get("fields").unwrap_or_default().split(' ').any(|field| field == name);
    params.get(name).map(str::trim).or(is_there.then_some(""))
}

impl Rule {
    /// The value as it is kept, if it fits.
    fn judged(self, typed: &str, now: u64) -> Option<String> {
        let own = || typed.to_owned();
        match self {
            Self::Birthdate => is_birthdate(typed, now).then(own),
            Self::Line => is_name(typed).then(own),
            Self::Web => (is_name(typed) && is_web(typed)).then(own),
            Self::Zone => zone(typed).map(str::to_owned),
        }
    }

    /// What is wrong with what does not fit.
    fn complaint(self, words: words::AccountProfile, label: &str) -> String {
        match self {
            Self::Birthdate => words.wrong_birthdate(EARLIEST_YEAR),
            Self::Line => words.wrong_name(label),
            Self::Web => words.wrong_address(label),
            Self::Zone => words.wrong_zone().to_owned(),
        }
    }
}

/// An address that apps can follow without harm: neither a script nor something with a password in it.
fn is_web(text: &str) -> bool {
    WebUrl::parse_https(text).is_some()
}

/// A browser shows no date in its field that lacks a year or more, and would empty it; of one that older rules took it would send nothing at all.
fn kind(claim: &Claim, value: &str, now: u64) -> &'static str {
    let is_whole = value.len() == "YYYY-MM-DD".len() && !value.starts_with("0000");
    let fits = value.is_empty() || is_whole && is_birthdate(value, now);
    if claim.kind == "date" && !fits { "text" } else { claim.kind }
}

fn label(words: words::AccountProfile, name: &str) -> &'static str {
    match name {
        "given_name" => words.given_name(),
        "family_name" => words.family_name(),
        "nickname" => words.nickname(),
        "website" => words.website(),
        "picture" => words.picture(),
        "birthdate" => words.birthdate(),
        "zoneinfo" => words.zoneinfo(),
        _ => words.name(),
    }
}

fn hint(words: words::AccountProfile, name: &str) -> Option<&'static str> {
    match name {
        "website" | "picture" => Some(words.hint_https()),
        "zoneinfo" => Some(words.hint_zone()),
        _ => None,
    }
}

fn render(visit: &Visit<'_>, user: &User, typed: Option<&Params>, told: Option<ProfileTold>) -> Response {
    let words = words::AccountProfile::of(visit.language());
    let stored = |name: &str| match name {
        "name" => user.name.clone(),
        name => user.profile.get(name).and_then(Value::as_str).map(str::to_owned),
    };
    let field = |claim: &Claim| {
        let access = if may_change(visit, claim.name) { Access::Change } else { Access::See };
        let typed = typed.and_then(|typed| typed.get(claim.name)).filter(|_| access == Access::Change);
        let value = typed.map(|typed| typed.chars().take(MAX_CHARS).collect()).or_else(|| stored(claim.name));
        // What people may not change is shown where there is something to see.
        (access == Access::Change || value.is_some()).then(|| FieldView {
            name: claim.name,
            label: label(words, claim.name),
            kind: kind(claim, value.as_deref().unwrap_or_default(), visit.now()),
            bounds: (kind(claim, value.as_deref().unwrap_or_default(), visit.now()) == "date")
                .then(|| (format!("{EARLIEST_YEAR}-01-01"), latest_birthdate(visit.now()))),
            autocomplete: claim.autocomplete,
            hint: hint(words, claim.name),
            value: value.unwrap_or_default(),
            access,
        })
    };
    let chosen = stored(LOCALE).as_deref().and_then(Language::of_tag);
    let view = AccountProfile {
        shell: visit.shell(),
        nav: visit.nav(),
        words,
        csrf: visit.csrf(),
        revision: user.revision,
        fields: CLAIMS.iter().filter_map(field).collect(),
        locale: may_change(visit, LOCALE).then_some(LocaleView { chosen }),
        told,
    };
    let status = match &view.told {
        None | Some(ProfileTold::Saved) => StatusCode::OK,
        Some(ProfileTold::Changed) => StatusCode::CONFLICT,
        Some(ProfileTold::Wrong { .. }) => StatusCode::BAD_REQUEST,
    };
    visit.page(status, &view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PROFILE_CLAIMS;

    #[test]
    fn every_claim_that_can_be_set_has_its_place_on_the_page() {
        let there: Vec<_> = CLAIMS.iter().map(|claim| claim.name).chain([LOCALE]).collect();
        assert_eq!(there, PROFILE_CLAIMS);
    }

    /// A browser sends no form with a date that is out of its bounds, and empties what is no date.
    #[test]
    fn a_date_of_older_rules_is_shown_as_text() {
        let birthdate = CLAIMS.iter().find(|claim| claim.kind == "date").unwrap();
        for (stored, shown) in [
            ("", "date"),
            ("1990-02-28", "date"),
            ("1815-12-10", "text"),
            ("2999-01-01", "text"),
            ("1990-02-30", "text"),
            ("0000-02-28", "text"),
            ("1990", "text"),
        ] {
            assert_eq!(kind(birthdate, stored, 1_790_000_000), shown, "{stored}");
        }
    }

    #[test]
    fn what_does_not_fit_is_not_taken() {
        for web in
            ["javascript:alert(1)", "http://example.com", "https://me:secret@example.com", "data:text/html,x", "x"]
        {
            assert!(!is_web(web), "{web}");
        }
    }
}
