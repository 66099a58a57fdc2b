//! Renders every sample of every page and lints the result: escaping, attributes, names, size.

use std::collections::BTreeSet;

use askama::Template;

use super::{
    Colour,
    account::{
        AccountDone, Overview,
        activity::AccountActivity,
        apps::AccountApps,
        data::{AccountData, DeleteAccount},
        email::{AccountEmail, EmailLink},
        password::AccountPassword,
        profile::AccountProfile,
        sessions::AccountSessions,
    },
    assets,
    ciba::Ciba,
    consent::Consent,
    dev_mail::{Letter, Letters},
    device::{DeviceCode, DeviceQuestion},
    done::Done,
    error::ErrorPage,
    factor::{EnrolPage, FactorPage, RecoveryUsed},
    forgot::Forgot,
    form_post::FormPost,
    home::Home,
    login::Login,
    login_email::{LoginEmail, LoginEmailCode, LoginEmailConfirm},
    logout::Logout,
    not_me::NotMe,
    recovery_codes::{CodesShown, RecoveryCodes},
    reset::Reset,
    sample,
    security::{RemoveFactor, Security, TotpSetUp},
    setup::Setup,
    sign_up::{SignUp, SignUpCode, SignUpConfirm},
    signed_out::SignedOut,
    web_message::WebMessage,
};
use crate::words::{Common, Language};

/// Most bytes of a page with its stylesheet (experience §4 asks for this over the wire, compressed or not).
const MAX_PAGE_BYTES: usize = 20_000;

/// Every sample of every page in every language, by name: `login`, and `login.de`.
pub(super) fn pages() -> Vec<(String, String)> {
    let named = |language: Language, name: &str| match language {
        Language::En => name.to_owned(),
        _ => format!("{name}.{}", language.tag()),
    };
    let spoken = |language| {
        let all = sample::in_language(language, in_one_language);
        all.into_iter().map(move |(name, html)| (named(language, name), html))
    };
    Language::ALL.into_iter().flat_map(spoken).collect()
}

fn in_one_language() -> Vec<(&'static str, String)> {
    fn render<V: Template>(samples: Vec<(&'static str, V)>) -> impl Iterator<Item = (&'static str, String)> {
        samples.into_iter().map(|(name, view)| (name, view.render().expect("a sample renders")))
    }
    render(Login::samples())
        .chain(render(Consent::samples()))
        .chain(render(Ciba::samples()))
        .chain(render(DeviceCode::samples()))
        .chain(render(DeviceQuestion::samples()))
        .chain(render(FactorPage::samples()))
        .chain(render(EnrolPage::samples()))
        .chain(render(RecoveryUsed::samples()))
        .chain(render(RecoveryCodes::samples()))
        .chain(render(CodesShown::samples()))
        .chain(render(Overview::samples()))
        .chain(render(AccountDone::samples()))
        .chain(render(AccountActivity::samples()))
        .chain(render(AccountApps::samples()))
        .chain(render(AccountData::samples()))
        .chain(render(DeleteAccount::samples()))
        .chain(render(AccountEmail::samples()))
        .chain(render(EmailLink::samples()))
        .chain(render(AccountPassword::samples()))
        .chain(render(AccountProfile::samples()))
        .chain(render(AccountSessions::samples()))
        .chain(render(Security::samples()))
        .chain(render(TotpSetUp::samples()))
        .chain(render(RemoveFactor::samples()))
        .chain(render(Logout::samples()))
        .chain(render(SignedOut::samples()))
        .chain(render(Setup::samples()))
        .chain(render(SignUp::samples()))
        .chain(render(SignUpCode::samples()))
        .chain(render(SignUpConfirm::samples()))
        .chain(render(Reset::samples()))
        .chain(render(Forgot::samples()))
        .chain(render(LoginEmail::samples()))
        .chain(render(LoginEmailCode::samples()))
        .chain(render(LoginEmailConfirm::samples()))
        .chain(render(NotMe::samples()))
        .chain(render(Letters::samples()))
        .chain(render(Letter::samples()))
        .chain(render(Done::samples()))
        .chain(render(Home::samples()))
        .chain(render(FormPost::samples()))
        .chain(render(WebMessage::samples()))
        .chain(render(ErrorPage::samples()))
        .collect()
}

fn check_all(what: &str, holds: impl Fn(&Page<'_>) -> bool) {
    let pages = pages();
    assert!(pages.len() > 160, "all samples are here");
    for (name, html) in &pages {
        let page = Page { name, html, tags: tags(html) };
        assert!(holds(&page), "{name}: {what}\n{html}");
    }
}

pub(super) struct Page<'h> {
    pub(super) name: &'h str,
    pub(super) html: &'h str,
    pub(super) tags: Vec<Tag<'h>>,
}

/// A start tag: its name and its attributes, in order.
pub(super) struct Tag<'h> {
    pub(super) name: &'h str,
    attributes: Vec<(&'h str, &'h str)>,
    at: usize,
}

impl<'h> Tag<'h> {
    pub(super) fn attribute(&self, name: &str) -> Option<&'h str> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    fn is_typed_in(&self) -> bool {
        self.name == "input" && !matches!(self.attribute("type"), Some("hidden"))
    }
}

impl<'h> Page<'h> {
    fn language(&self) -> Language {
        self.name.rsplit_once('.').and_then(|(_, tag)| Language::of_tag(tag)).unwrap_or_default()
    }

    /// The forms, but for the choice of a language, which changes nothing and posts nothing.
    fn forms(&self) -> impl Iterator<Item = &Tag<'h>> {
        self.all("form").filter(|tag| tag.attribute("action") != Some("/language"))
    }

    fn all(&self, name: &'static str) -> impl Iterator<Item = &Tag<'h>> {
        self.tags.iter().filter(move |tag| tag.name == name)
    }

    fn with_id(&self, id: &str) -> usize {
        self.tags.iter().filter(|tag| tag.attribute("id") == Some(id)).count()
    }

    /// The text between a tag and its end.
    fn text_after(&self, tag: &Tag<'_>) -> &'h str {
        let rest = &self.html[tag.at..];
        let from = rest.find('>').map_or(rest.len(), |at| at + 1);
        rest[from..].split('<').next().unwrap_or("").trim()
    }
}

/// Start tags of a page of ours: attributes are double-quoted and a raw `<` is always markup, which is
/// what the other tests rely on and `markup_is_well_formed` checks.
pub(super) fn tags(html: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    for (at, _) in html.match_indices('<') {
        let rest = &html[at + 1..];
        let Some(end) = end_of_tag(rest) else { continue };
        let inside = &rest[..end];
        if inside.starts_with(['/', '!']) {
            continue;
        }
        let (name, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
        tags.push(Tag { name: name.trim_end_matches('/'), attributes: parse_attributes(attributes), at });
    }
    tags
}

fn end_of_tag(rest: &str) -> Option<usize> {
    let mut quoted = false;
    rest.bytes().position(|b| {
        quoted ^= b == b'"';
        b == b'>' && !quoted
    })
}

fn parse_attributes(mut rest: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start().trim_start_matches('/');
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        if end == 0 {
            return found;
        }
        let (name, after) = rest.split_at(end);
        let Some(value) = after.strip_prefix("=\"") else {
            found.push((name, ""));
            rest = after;
            continue;
        };
        let end = value.find('"').expect("a quoted value ends");
        found.push((name, &value[..end]));
        rest = &value[end + 1..];
    }
}

#[test]
fn samples_have_names_of_their_own() {
    let names: BTreeSet<String> = pages().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), pages().len());
}

#[test]
fn hostile_text_is_escaped_everywhere() {
    let hostile = pages().into_iter().filter(|(name, _)| name.contains("hostile")).collect::<Vec<_>>();
    assert!(hostile.len() >= 10, "every page with outside text has a hostile sample");
    for (name, html) in hostile {
        assert!(html.contains("alert(1)"), "{name} shows the text");
        for raw in [sample::HOSTILE, "<img src=x", "<script>alert", "\"'>", "javascript:"] {
            assert!(!html.contains(raw), "{name}: {raw}\n{html}");
        }
    }
}

#[test]
fn no_inline_style_or_script_or_handler() {
    check_all("no style element or attribute, no handler", |page| {
        page.all("style").next().is_none()
            && page
                .tags
                .iter()
                .flat_map(|tag| &tag.attributes)
                .all(|(name, _)| *name != "style" && !name.starts_with("on"))
    });
    check_all("script on the pages that carry answers only, and only the fixed lines", |page| {
        let scripts: Vec<&str> = page.all("script").map(|tag| page.text_after(tag)).collect();
        if page.name.starts_with("form-post") {
            scripts == ["document.forms[0].submit()"]
        } else if page.name.starts_with("web-message") {
            matches!(scripts[..], [script] if script.contains(".postMessage(") && script.ends_with(",origin)"))
        } else if page.name.starts_with("signed-out-onward") {
            matches!(scripts[..], [script] if script.contains("location.replace(document.getElementById('onward').href)"))
        } else {
            // Files of ours, each where it is needed.
            let files: Vec<Option<&str>> = page.all("script").map(|tag| tag.attribute("src")).collect();
            let passkey = page.html.contains("data-passkey=").then_some(assets::PASSKEY_PATH);
            let password = page.html.contains("type=\"password\"").then_some(assets::PASSWORD_PATH);
            let work = page.html.contains("data-work=").then_some(assets::WORK_PATH);
            let wanted: Vec<Option<&str>> = passkey.into_iter().chain(password).chain(work).map(Some).collect();
            files == wanted && scripts.iter().all(|script| script.is_empty())
        }
    });
}

#[test]
fn the_frame_of_every_page() {
    check_all("lang and dir", |page| {
        let language = page.language();
        page.all("html").all(|tag| {
            tag.attribute("lang") == Some(language.tag()) && tag.attribute("dir") == Some(language.direction())
        })
    });
    check_all("one title with text", |page| {
        let titles: Vec<&str> = page.all("title").map(|tag| page.text_after(tag)).collect();
        let site = if page.name.contains("branded") { "· Dragons" } else { "· Symbolon" };
        // A hostile name brands a page, too, and is in its title as text.
        let is_whole = |title: &str| title.ends_with(site) || page.name.contains("hostile") && title.contains(" · ");
        matches!(titles[..], [title] if is_whole(title) && title.len() > site.len() + 1)
    });
    check_all("one h1 with text", |page| {
        let headings: Vec<&str> = page.all("h1").map(|tag| page.text_after(tag)).collect();
        matches!(headings[..], [heading] if !heading.is_empty())
    });
    check_all("one main", |page| page.all("main").count() == 1);
    check_all("a viewport that can be zoomed", |page| {
        page.html.contains("width=device-width")
            && !page.html.contains("user-scalable")
            && !page.html.contains("maximum-scale")
    });
}

#[test]
fn nothing_comes_from_or_leads_to_where_it_must_not() {
    check_all("stylesheets and icons of our own, images https only", |page| {
        let ours = |href: &str| {
            let of_colour = href.strip_prefix("/assets/").and_then(Colour::of_name);
            href.starts_with("/assets/symbolon-") || of_colour.is_some() && page.name.contains("branded")
        };
        page.all("link").all(|tag| tag.attribute("href").is_some_and(ours))
            && page.all("img").all(|tag| tag.attribute("src").is_some_and(|src| src.starts_with("https://")))
    });
    check_all("links to this origin, https or loopback", |page| {
        page.all("a").all(|tag| {
            tag.attribute("href").is_some_and(|href| {
                (href.starts_with('/') && !href.starts_with("//"))
                    || href.starts_with("mailto:help@")
                    || href.starts_with("https://")
                    || href.starts_with("http://localhost:")
            })
        })
    });
    check_all("no refresh, no base", |page| {
        !page.html.contains("http-equiv")
            && page.tags.iter().all(|tag| !matches!(tag.name, "base" | "object" | "embed"))
    });
    check_all(
        "frames where applications are told of a sign-out, which cannot lead the page away, and of a letter",
        |page| {
            let tells = page.name.starts_with("signed-out-");
            page.all("iframe").all(|tag| {
                let letter = page.name.starts_with("dev-letter")
                    && tag.attribute("sandbox") == Some("allow-popups allow-popups-to-escape-sandbox")
                    && tag.attribute("src").is_some_and(|src| src.starts_with("/dev/mail/"));
                letter
                    || tells
                        && tag.attribute("sandbox") == Some("allow-same-origin allow-scripts")
                        && tag.attribute("src").is_some_and(|src| src.starts_with("https://"))
            })
        },
    );
}

#[test]
fn every_form_posts_and_carries_its_token() {
    check_all("forms post to this origin, form_post to the client", |page| {
        page.forms().all(|tag| {
            let action = tag.attribute("action").unwrap_or("");
            let ours = action.starts_with('/') && !page.name.starts_with("form-post");
            tag.attribute("method") == Some("post") && (ours || page.name.starts_with("form-post"))
        })
    });
    check_all("one csrf field per form", |page| {
        let tokens = page.all("input").filter(|tag| tag.attribute("name") == Some("csrf")).count();
        page.name.starts_with("form-post") || tokens == page.forms().count()
    });
}

#[test]
fn fields_have_labels_ids_and_honest_autocomplete() {
    check_all("ids are unique", |page| {
        page.tags.iter().filter_map(|tag| tag.attribute("id")).all(|id| page.with_id(id) == 1)
    });
    check_all("every form and every button has an id, so that programs find them in the next version, too", |page| {
        page.all("form").chain(page.all("button")).all(|tag| tag.attribute("id").is_some_and(|id| !id.is_empty()))
    });
    check_all("every field has an id that equals its name, and one label", |page| {
        page.tags.iter().filter(|tag| tag.is_typed_in()).all(|field| {
            let id = field.attribute("id").unwrap_or("");
            let labels = page.all("label").filter(|label| label.attribute("for") == Some(id)).count();
            let named = field.attribute("name").is_some_and(|name| name == id || id.starts_with(&format!("{name}-")));
            !id.is_empty() && named && labels == 1
        })
    });
    check_all("labels and descriptions point at something", |page| {
        let refers = |name: &'static str| page.tags.iter().filter_map(move |tag| tag.attribute(name));
        let ids = refers("for").chain(refers("aria-describedby")).chain(refers("aria-labelledby"));
        ids.flat_map(str::split_whitespace).all(|id| page.with_id(id) == 1)
    });
    check_all("autocomplete tokens are those of the HTML standard", |page| {
        page.all("input").filter_map(|tag| tag.attribute("autocomplete")).all(|token| {
            matches!(
                token,
                "username"
                    | "username webauthn"
                    | "one-time-code"
                    | "current-password"
                    | "new-password"
                    | "name"
                    | "given-name"
                    | "family-name"
                    | "nickname"
                    | "email"
                    | "url"
                    | "photo"
                    | "bday"
                    | "off"
            )
        })
    });
    check_all(
        "nothing but a code to copy from elsewhere, the name of a thing, a zone and the word that deletes is kept from being filled in",
        |page| {
            page.all("input").all(|tag| {
                tag.attribute("autocomplete") != Some("off")
                    || matches!(tag.attribute("name"), Some("user_code" | "code" | "name" | "sure" | "zoneinfo"))
            })
        },
    );
    check_all("password fields say which password, and may be pasted into", |page| {
        page.all("input").filter(|tag| tag.attribute("type") == Some("password")).all(|tag| {
            let has_one = ["login", "sign-up-elsewhere"].iter().any(|name| page.name.starts_with(name));
            let has_one = has_one || tag.attribute("name") == Some("current");
            let wanted = if has_one { "current-password" } else { "new-password" };
            let label = page.all("label").find(|label| label.attribute("for") == tag.attribute("id"));
            let label = label.map(|label| page.text_after(label)).unwrap_or_default();
            let named = tag.attribute("data-show").zip(tag.attribute("data-name"));
            // A button's name begins with what stands on it (WCAG 2.2, 2.5.3), and says whose it is.
            let shown = named.is_some_and(|(show, name)| name.starts_with(show) && name.ends_with(label));
            tag.attribute("autocomplete") == Some(wanted) && tag.attribute("value").is_none() && shown
        })
    });
}

#[test]
fn the_sign_in_form_is_what_password_managers_expect() {
    check_all("username and password", |page| {
        let field = |name: &str| page.all("input").find(|tag| tag.attribute("name") == Some(name));
        let Some((username, password)) = field("username").zip(field("password")) else {
            return !page.name.starts_with("login");
        };
        matches!(username.attribute("autocomplete"), Some("username" | "username webauthn"))
            && password.attribute("type") == Some("password")
            && username.at < password.at
    });
}

#[test]
fn whoever_is_asked_may_say_no() {
    let decides = |page: &Page<'_>, decision: &str| {
        let buttons = page.all("button").filter(|tag| tag.attribute("name") == Some("decision"));
        buttons.filter(|tag| tag.attribute("value") == Some(decision)).count()
    };
    // The choice of a language carries what waits, and answers nothing.
    let answers = |page: &Page<'_>, field: &Tag<'_>| {
        let form = page.all("form").filter(|form| form.at < field.at).last();
        form.is_some_and(|form| form.attribute("action") != Some("/language"))
    };
    let asks = |page: &Page<'_>| {
        let interactions = page.all("input").filter(|tag| tag.attribute("name") == Some("interaction"));
        let mut waiting = interactions.filter(|tag| tag.attribute("value").is_some_and(|value| !value.is_empty()));
        waiting.any(|tag| answers(page, tag))
    };
    check_all("what waits for an answer takes a no, or leads back to the page that does", |page| {
        let leads_back =
            ["forgot", "done"].iter().any(|name| page.name.starts_with(name)) && decides(page, "again") == 1;
        !asks(page) || decides(page, "deny") > 0 || leads_back
    });
    check_all("signing in for nobody else can be left", |page| {
        !page.name.starts_with("login") || asks(page) || page.html.contains("<p class=\"no\"><a href=\"/\">")
    });
    let asking = pages().iter().filter(|(name, html)| asks(&Page { name, html, tags: tags(html) })).count();
    assert!(asking > 100, "the pages that ask are among them: {asking}");
}

#[test]
fn a_problem_is_announced_focused_and_described() {
    check_all("alert", |page| {
        let problems: Vec<&Tag<'_>> = page.tags.iter().filter(|tag| tag.attribute("id") == Some("problem")).collect();
        problems.iter().all(|tag| {
            tag.attribute("role") == Some("alert")
                && tag.attribute("tabindex") == Some("-1")
                && tag.attribute("autofocus").is_some()
                && page.html.contains(&format!("<title>{}", Common::of(page.language()).problem()))
        })
    });
    check_all("at most one element takes the focus", |page| {
        page.tags.iter().filter(|tag| tag.attribute("autofocus").is_some()).count() <= 1
    });
}

#[test]
fn no_page_is_heavy() {
    let css = assets::serve(assets::STYLESHEET_PATH.trim_start_matches("/assets/")).unwrap().1.len();
    check_all("size", |page| page.html.len() + css < MAX_PAGE_BYTES);
}

#[test]
fn markup_is_well_formed() {
    const VOID: [&str; 5] = ["meta", "link", "input", "img", "br"];
    check_all("every element is closed in order", |page| {
        let mut open: Vec<&str> = Vec::new();
        for (at, _) in page.html.match_indices('<') {
            let rest = &page.html[at + 1..];
            let Some(inside) = end_of_tag(rest).map(|end| &rest[..end]) else { return false };
            let name = inside.trim_start_matches('/').split([' ', '\n', '>']).next().unwrap_or("");
            if inside.starts_with('/') {
                if open.pop() != Some(name) {
                    return false;
                }
            } else if !inside.starts_with('!') && !inside.ends_with('/') && !VOID.contains(&name) {
                open.push(name);
            }
        }
        open.is_empty()
    });
}

/// Text on its ground, as custom properties of the stylesheet: at least 4.5 to 1 (WCAG 2.2, 1.4.3).
const TEXT: [(&str, &str); 16] = [
    ("ink", "paper"),
    ("ink", "wash"),
    ("ink", "field"),
    ("soft", "paper"),
    ("soft", "wash"),
    ("link", "paper"),
    ("link", "wash"),
    ("accent", "wash"),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
    ("alert-ink", "alert"),
    ("side-ink", "side"),
    ("side-soft", "side"),
    ("ink", "alert"),
    ("alert-ink", "paper"),
    ("side-ink", "bead"),
];

/// Borders and focus rings on their ground: at least 3 to 1 (WCAG 2.2, 1.4.11).
const SHAPES: [(&str, &str); 7] = [
    ("line", "paper"),
    ("line", "field"),
    ("focus", "paper"),
    ("focus", "field"),
    ("accent", "paper"),
    ("alert-line", "field"),
    ("clay", "side"),
];

#[test]
fn contrast_holds_in_light_and_dark() {
    let css = include_str!("../../templates/style.css");
    let (light, rest) = css.split_once("prefers-color-scheme: dark").unwrap();
    let dark = rest.split_once("*, ::before").unwrap().0;
    for (theme, css) in [("light", light), ("dark", dark)] {
        let pairs = TEXT.iter().map(|pair| (pair, 4.5)).chain(SHAPES.iter().map(|pair| (pair, 3.0)));
        for ((front, ground), least) in pairs {
            let ratio = contrast(luminance(css, front), luminance(css, ground));
            assert!(ratio >= least, "{theme}: --{front} on --{ground} is {ratio:.2}");
        }
    }
}

fn contrast(one: f64, two: f64) -> f64 {
    (one.max(two) + 0.05) / (one.min(two) + 0.05)
}

/// Relative luminance (WCAG 2.2) of a custom property written as `--name: #rrggbb`.
fn luminance(css: &str, name: &str) -> f64 {
    let (_, value) = css.split_once(&format!("--{name}: #")).unwrap_or_else(|| panic!("--{name} is defined"));
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&value[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}

/// Writes every sample to the folder named by `SYMBOLON_PAGES`, to be looked at in a browser.
#[test]
fn pages_can_be_looked_at() {
    let Some(folder) = std::env::var_os("SYMBOLON_PAGES").map(std::path::PathBuf::from) else {
        return;
    };
    std::fs::create_dir_all(folder.join("assets")).unwrap();
    for path in [assets::STYLESHEET_PATH, assets::FAVICON_PATH, assets::PASSWORD_PATH] {
        let bytes = assets::serve(path.trim_start_matches("/assets/")).unwrap().1;
        std::fs::write(folder.join(path.trim_start_matches('/')), bytes).unwrap();
    }
    for (name, html) in pages() {
        if let Some(colour) = sample::branded_client().accent {
            std::fs::write(folder.join(&colour.path()[1..]), colour.stylesheet()).unwrap();
        }
        std::fs::write(folder.join(format!("{name}.html")), html.replace("\"/assets/", "\"assets/")).unwrap();
    }
}
