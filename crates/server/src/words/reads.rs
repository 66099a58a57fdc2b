//! In which language somebody is told something, by everything that says so: the request, a choice, their account, their browser.

use symbolon_oauth::Languages;

use super::Language;

/// Most tags that one request may ask for.
const MAX_ASKED: usize = 5;
/// The longest `Accept-Language` that is looked at; more names more languages than anybody reads.
const MAX_ACCEPTED: usize = 400;

/// What somebody reads.
///
/// ```
/// use symbolon_server::words::{Language, Reads};
/// let reads = Reads::of_browser(None, "fr, de;q=0.8", Language::En);
/// assert_eq!(reads.language(), Language::Fr);
/// assert_eq!(reads.asking(&["de-AT".to_owned()]).language(), Language::De);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Reads {
    /// What the request wants (`ui_locales`), or what was chosen since it came.
    asked: Vec<String>,
    /// What was chosen in this browser.
    chosen: Option<Language>,
    /// What the account says (`locale`).
    account: Option<String>,
    /// What the browser is set to (`Accept-Language`).
    accepted: String,
    /// For whoever reads nothing that we speak.
    otherwise: Language,
}

impl Reads {
    /// Whoever sits before a browser in which this was chosen, which is set to these languages (RFC 9110 §12.5.4).
    pub fn of_browser(chosen: Option<Language>, accepted: &str, otherwise: Language) -> Self {
        let accepted = accepted.chars().take(MAX_ACCEPTED).collect();
        Self { chosen, accepted, otherwise, ..Self::default() }
    }

    /// The same, of a request that asks for these, unless it is known already what it asks for.
    #[must_use]
    pub fn asking(&self, locales: &[String]) -> Self {
        let mut reads = self.clone();
        if reads.asked.is_empty() {
            reads.asked = locales.iter().take(MAX_ASKED).cloned().collect();
        }
        reads
    }

    /// The same person, whose account says this of them.
    #[must_use]
    pub fn with_account(&self, locale: Option<&str>) -> Self {
        // OpenID Connect Core §5.1: "some implementations have used an underscore as the separator".
        Self { account: locale.map(|tag| tag.replace('_', "-")), ..self.clone() }
    }

    /// What the request asks for.
    pub fn asked(&self) -> &[String] {
        &self.asked
    }

    /// All of it in order, the most telling first.
    pub fn languages(&self) -> Languages {
        let mut named = self.asked.clone();
        named.extend(self.chosen.map(|language| language.tag().to_owned()));
        named.extend(self.account.clone());
        Languages::of(&named, &self.accepted)
    }

    /// The language to speak.
    pub fn language(&self) -> Language {
        Language::for_reader(&self.languages()).unwrap_or(self.otherwise)
    }

    /// The language of a letter, which finds them wherever they are: their account's before all that this browser says.
    pub fn language_of_letters(&self) -> Language {
        self.account_language().unwrap_or_else(|| self.language())
    }

    /// The account's language, if it has one that we speak.
    pub fn account_language(&self) -> Option<Language> {
        let account: Vec<String> = self.account.iter().cloned().collect();
        Language::for_reader(&Languages::of(&account, ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(tags: &[&str]) -> Vec<String> {
        tags.iter().map(|tag| (*tag).to_owned()).collect()
    }

    #[test]
    fn core_section_3_1_2_1_the_request_comes_before_a_choice_the_account_and_the_browser() {
        let browser = Reads::of_browser(None, "es", Language::En);
        let account = browser.with_account(Some("fr_FR"));
        let chosen = Reads::of_browser(Some(Language::De), "es", Language::En).with_account(Some("fr-FR"));
        let asked = chosen.asking(&tags(&["ja", "en-GB"]));
        assert_eq!(
            [&browser, &account, &chosen, &asked].map(Reads::language),
            [Language::Es, Language::Fr, Language::De, Language::En]
        );
    }

    #[test]
    fn what_nobody_speaks_leaves_the_rest_in_force() {
        let reads = Reads::of_browser(None, "tlh, fr;q=0.1", Language::De).asking(&tags(&["ja"]));
        assert_eq!(reads.with_account(Some("\"><img>")).language(), Language::Fr);
        assert_eq!(Reads::of_browser(None, "", Language::De).language(), Language::De);
    }

    #[test]
    fn what_was_chosen_on_the_way_is_not_undone_by_the_request() {
        let reads = Reads::default().asking(&tags(&["fr"])).asking(&tags(&["de"]));
        assert_eq!((reads.language(), reads.asked()), (Language::Fr, &tags(&["fr"])[..]));
    }

    #[test]
    fn letters_are_in_the_accounts_language_whoever_caused_them() {
        let stranger = Reads::of_browser(Some(Language::Es), "es", Language::En);
        assert_eq!(stranger.with_account(Some("de")).language_of_letters(), Language::De);
        assert_eq!(stranger.with_account(Some("ja")).language_of_letters(), Language::Es);
    }

    #[test]
    fn a_flood_of_languages_is_cut_off() {
        let many: Vec<String> = (0..1_000).map(|number| format!("x-{number}")).collect();
        assert_eq!(Reads::default().asking(&many).asked().len(), MAX_ASKED);
        assert_eq!(
            Reads::of_browser(None, &format!("{}de", "xx,".repeat(9_000)), Language::En).language(),
            Language::En
        );
    }
}
