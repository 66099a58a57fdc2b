//! In which language something is told that is there in several (RFC 5646, RFC 4647 §3.4; OpenID Connect Core §5.2, RFC 7591 §2.2).
//!
//! Members and claims name their language after a `#`. What has none is for everybody.

/// Most languages of one person that are looked for.
const MAX_RANGES: usize = 20;

/// The languages somebody reads, the best first. A wish, never a reason to refuse.
///
/// ```
/// use symbolon_oauth::Languages;
/// let languages = Languages::of(&["de-CH".to_owned()], "fr;q=0.8, en;q=0.9");
/// assert_eq!(languages.choose(["fr", "en", "de"]), Some("de"));
/// assert_eq!(languages.choose(["fr", "en"]), Some("en"));
/// assert_eq!(languages.choose(["ja"]), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Languages(Vec<String>);

impl Languages {
    /// Those a client names (`ui_locales`), then those of an `Accept-Language` header (RFC 9110 §12.5.4).
    #[must_use]
    pub fn of(named: &[String], accept_language: &str) -> Self {
        let mut weighed: Vec<(f32, &str)> = accept_language.split(',').take(MAX_RANGES).filter_map(weighed).collect();
        weighed.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        let named = named.iter().map(String::as_str);
        let all = named.chain(weighed.into_iter().map(|(_, range)| range)).take(MAX_RANGES);
        Self(all.map(str::to_owned).collect())
    }

    /// The tag that fits best (RFC 4647 §3.4, lookup), compared without regard to case.
    pub fn choose<'t>(&self, tags: impl IntoIterator<Item = &'t str>) -> Option<&'t str> {
        let tags: Vec<&str> = tags.into_iter().collect();
        self.0.iter().find_map(|range| look_up(range, &tags))
    }
}

/// A range with its weight; none that is refused or for everything.
fn weighed(element: &str) -> Option<(f32, &str)> {
    let mut parts = element.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty() && *range != "*")?;
    let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |weight| weight.parse().ok())?;
    (weight > 0.0).then_some((weight, range))
}

/// RFC 4647 §3.4: "the language range is progressively truncated from the end until a matching language tag is located. Single letter or
/// digit subtags […] are also removed".
fn look_up<'t>(range: &str, tags: &[&'t str]) -> Option<&'t str> {
    let mut range = range;
    loop {
        if let Some(tag) = tags.iter().find(|tag| tag.eq_ignore_ascii_case(range)) {
            return Some(tag);
        }
        range = range.rsplit_once('-')?.0;
        while let Some((rest, last)) = range.rsplit_once('-')
            && last.len() == 1
        {
            range = rest;
        }
    }
}

/// Whether it has the form of a language tag (RFC 5646 §2.1, in outline).
pub(crate) fn is_tag(tag: &str) -> bool {
    let subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    tag.len() <= 35 && tag.split('-').all(subtag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(accept_language: &str, tags: &[&'static str]) -> Option<&'static str> {
        Languages::of(&[], accept_language).choose(tags.iter().copied())
    }

    #[test]
    fn rfc4647_section_3_4_a_range_is_truncated_until_a_tag_matches() {
        for (range, tags, expected) in [
            ("zh-Hant-CN-x-private1-private2", &["zh-Hant-CN", "zh"][..], Some("zh-Hant-CN")),
            ("zh-Hant-CN-x-private1", &["zh-Hant-CN-x"], None),
            ("de-CH-1901", &["de", "de-CH"], Some("de-CH")),
            ("DE-ch", &["de-CH"], Some("de-CH")),
            ("de", &["de-CH"], None),
            ("ja-Kana-JP", &["ja"], Some("ja")),
            ("-", &["de"], None),
            ("", &[""], None),
        ] {
            assert_eq!(chosen(range, tags), expected, "{range}");
        }
    }

    #[test]
    fn rfc9110_section_12_5_4_weights_order_and_zero_refuses() {
        assert_eq!(chosen("en;q=0.2, de;q=0.7, *;q=0.9", &["en", "de"]), Some("de"));
        assert_eq!(chosen("en, de", &["de", "en"]), Some("en"), "of one weight the first");
        assert_eq!(chosen("de;q=0", &["de"]), None);
        assert_eq!(chosen("de;q=x, de;q=NaN", &["de"]), None);
        assert_eq!(chosen(&"xx,".repeat(1_000), &["de"]), None);
    }

    #[test]
    fn rfc5646_section_2_1_tags_are_told_from_other_text() {
        assert!(["de", "de-CH", "ja-Kana-JP", "x-whatever"].iter().all(|tag| is_tag(tag)));
        assert!(["", "de_CH", "verylonglanguage", "de-", "\"><img>"].iter().all(|tag| !is_tag(tag)));
    }
}
