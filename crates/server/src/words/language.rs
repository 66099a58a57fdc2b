//! The languages Symbolon speaks, and which of them somebody gets.

use symbolon_oauth::Languages;

/// A language that every page and every letter is there in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Language {
    /// English, for whoever reads none of them.
    #[default]
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
}

impl Language {
    /// All, in the order they are offered.
    pub const ALL: [Self; 4] = [Self::En, Self::De, Self::Fr, Self::Es];

    /// Its tag (BCP 47), as `<html lang>` has it.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
        }
    }

    /// In which direction its lines run, as `<html dir>` has it.
    pub const fn direction(self) -> &'static str {
        match self {
            Self::En | Self::De | Self::Fr | Self::Es => "ltr",
        }
    }

    /// Its name in itself, for whoever chooses it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "Deutsch",
            Self::Fr => "Français",
            Self::Es => "Español",
        }
    }

    /// The language of a tag that was stored or posted; `None` for one we do not speak.
    ///
    /// ```
    /// use symbolon_server::words::Language;
    /// assert_eq!(Language::of_tag("de"), Some(Language::De));
    /// assert_eq!(Language::of_tag("tlh"), None);
    /// ```
    pub fn of_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(tag))
    }

    /// For somebody who reads these, the best first (RFC 4647 §3.4); `None` if we speak none of them.
    ///
    /// ```
    /// use symbolon_oauth::Languages;
    /// use symbolon_server::words::Language;
    /// assert_eq!(Language::for_reader(&Languages::of(&["fr-CA".to_owned()], "de")), Some(Language::Fr));
    /// assert_eq!(Language::for_reader(&Languages::of(&[], "ja")), None);
    /// ```
    pub fn for_reader(reads: &Languages) -> Option<Self> {
        reads.choose(Self::ALL.map(Self::tag)).and_then(Self::of_tag)
    }
}
