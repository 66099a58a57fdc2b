//! How the pages look on which people sign in to a client: a colour, and a sentence of welcome. Members of our own; only operators set them, since
//! a client that registers itself could welcome people in somebody else's name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Client;
use super::validate::{Faults, NO_NAME};
use crate::Languages;
use crate::language::is_tag;
use crate::plain_text::is_seen;

/// Longest sentence of welcome, in characters.
const MAX_WELCOME_CHARS: usize = 200;
/// Most languages it is there in.
const MAX_LANGUAGES: usize = 20;
/// Of whoever reads none of those there are.
const COMMON: &str = "en";

/// Part of a [`Client`]'s document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brand {
    /// The colour of buttons and links, `#rrggbb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand_accent: Option<String>,
    /// What people are welcomed with, by language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub brand_welcome: BTreeMap<String, String>,
}

impl Brand {
    /// The welcome for somebody who reads these languages: in the best of them, else in English, else in any.
    ///
    /// ```
    /// use symbolon_oauth::Languages;
    /// use symbolon_oauth::registration::Brand;
    /// let said = [("de", "Willkommen"), ("en", "Welcome")].map(|(tag, text)| (tag.to_owned(), text.to_owned()));
    /// let brand = Brand { brand_welcome: said.into(), ..Brand::default() };
    /// let to = |accepted| brand.welcome(&Languages::of(&[], accepted));
    /// assert_eq!((to("de-AT"), to("ja")), (Some("Willkommen"), Some("Welcome")));
    /// ```
    #[must_use]
    pub fn welcome(&self, languages: &Languages) -> Option<&str> {
        let tags = self.brand_welcome.keys().map(String::as_str);
        let chosen = languages.choose(tags).unwrap_or(COMMON);
        self.brand_welcome.get(chosen).or_else(|| self.brand_welcome.values().next()).map(String::as_str)
    }
}

impl Client {
    pub(super) fn check_brand(&self, faults: &mut Faults) {
        let Brand { brand_accent, brand_welcome } = &self.brand;
        if let Some(colour) = brand_accent {
            faults.check(is_colour(colour), "brand_accent", "must be a colour such as #14594f");
        }
        faults.check(brand_welcome.len() <= MAX_LANGUAGES, "brand_welcome", "is there in too many languages");
        for (tag, text) in brand_welcome {
            faults.check(is_tag(tag), "brand_welcome", "must name languages such as de or pt-BR");
            let is_sentence = (1..=MAX_WELCOME_CHARS).contains(&text.chars().count());
            let is_plain = is_sentence && is_seen(text);
            faults.check(is_plain, "brand_welcome", NO_NAME);
        }
    }
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClientId;

    fn with(accent: Option<&str>, welcome: &[(&str, &str)]) -> Result<(), String> {
        let mut client = Client::spa(ClientId::parse("dragons").unwrap(), "Dragons");
        client.redirect_uris = vec!["https://dragons.example/".to_owned()];
        client.brand = Brand {
            brand_accent: accent.map(str::to_owned),
            brand_welcome: welcome.iter().map(|(tag, text)| ((*tag).to_owned(), (*text).to_owned())).collect(),
        };
        client.validate().map_err(|faults| format!("{faults:?}"))
    }

    #[test]
    fn a_colour_that_could_break_out_of_a_stylesheet_is_refused() {
        assert_eq!(with(Some("#14594F"), &[("de", "Willkommen bei den Drachen")]), Ok(()));
        for evil in ["red", "#123", "#12345g", "#14594f;}body{display:none", "", "#é1234"] {
            assert!(with(Some(evil), &[]).unwrap_err().contains("brand_accent"), "{evil}");
        }
    }

    #[test]
    fn a_welcome_is_one_line_in_a_language() {
        let long = "x".repeat(201);
        for (tag, text) in [("de_DE", "x"), ("\"><b>", "x"), ("de", ""), ("de", "a\nb"), ("de", &long)] {
            assert!(with(None, &[(tag, text)]).unwrap_err().contains("brand_welcome"), "{tag} {text}");
        }
        let brand = Brand { brand_welcome: [("fr".to_owned(), "Bienvenue".to_owned())].into(), ..Brand::default() };
        assert_eq!(brand.welcome(&Languages::of(&[], "ja")), Some("Bienvenue"), "any, where there is no English");
        assert_eq!(Brand::default().welcome(&Languages::of(&[], "de")), None);
    }
}
