//! Text of others that people read before they decide: what a client is called, what it asks for in detail, what it says to them. A line that
//! turns or hides itself, or what stands beside it, would be read as another (Unicode TR 36 §2).
//!
//! Words of every script are taken as they are written, also from right to left: it is the marks that turn others which are not. Persian, Mongolian
//! and the scripts of India spell words with joiners, which have no width: those are taken behind a letter of such a script, where they shape
//! it, and nowhere else. Pictures that are put together of others (a woman, a joiner, a microscope) have one between two of them (Unicode TR 51 §2.3).

/// Whether everything in it is seen where it stands, and stands on one line. Empty text is.
///
/// ```
/// use symbolon_oauth::plain_text::is_seen;
/// assert!(is_seen("Ärzte & Co.") && is_seen("بنك الرياض") && is_seen("می\u{200c}خواهم"));
/// assert!(!is_seen("Bank\u{202e}gnp.exe") && !is_seen("Ba\u{200b}nk") && !is_seen("Ba\u{200c}nk"));
/// ```
#[must_use]
pub fn is_seen(text: &str) -> bool {
    let before = std::iter::once(None).chain(text.chars().map(Some));
    before.zip(text.char_indices()).all(|(before, (at, c))| match c {
        '\u{200d}' if is_between_pictures(text, at) => true,
        '\u{180e}' | '\u{200c}' | '\u{200d}' => before.is_some_and(is_joined),
        '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => {
            before.is_some_and(|c| !c.is_whitespace() && !is_selector(c))
        }
        _ => !c.is_control() && !is_unseen(c),
    })
}

/// Marks that turn the direction of writing, other ends of lines, and characters that nobody sees.
const fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Choose a shape of the character before them, which some names need.
const fn is_selector(c: char) -> bool {
    matches!(c, '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether the joiner there puts two pictures together to one. Before it may stand the selector that makes a picture of a sign.
fn is_between_pictures(text: &str, at: usize) -> bool {
    let (before, behind) = text.split_at(at);
    let before = before.strip_suffix('\u{fe0f}').unwrap_or(before).chars().next_back();
    before.is_some_and(is_picture) && behind.chars().nth(1).is_some_and(is_picture)
}

/// Arrows, signs and pictures: the blocks of all that is joined in such a way, and of the colours of skin.
const fn is_picture(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// Letters and marks of scripts that spell with joiners: from Arabic to Thaana, those of South Asia and Tibet, Khmer and Mongolian.
const fn is_joined(c: char) -> bool {
    matches!(c, '\u{620}'..='\u{dff}' | '\u{f00}'..='\u{109f}' | '\u{1780}'..='\u{17b3}' | '\u{17b6}'..='\u{180a}' | '\u{1810}'..='\u{18af}')
        || matches!(c, '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_scripts_are_seen() {
        for text in [
            "",
            "Dragons",
            "Ärzte & Co.",
            "Société Générale",
            "日本銀行",
            "葛\u{e0100}城市",
            "בנק הפועלים",
            "بنك الرياض (Riyadh)",
            "می\u{200c}خواهم",
            "श्री\u{200d}",
            "क्\u{200d}ष",
            "ශ්\u{200d}රී ලංකා",
            "ᠮᠣᠩᠭᠣᠯ ᠤᠨ\u{180e}ᠠ",
            "Sun ☀\u{fe0f}",
            "Ada 👩\u{200d}🔬",
            "👩🏽\u{200d}🚀 & 🏴\u{200d}☠\u{fe0f}",
            "❤\u{fe0f}\u{200d}🔥",
            "👨\u{200d}👩\u{200d}👧\u{200d}👦",
            "علی\u{200c}رضا",
            "ก\u{e33}ลัง",
            "e\u{301}",
        ] {
            assert!(is_seen(text), "{text:?}");
        }
    }

    #[test]
    fn text_that_turns_or_hides_itself_or_its_neighbours() {
        for c in "\u{ad}\u{34f}\u{61c}\u{115f}\u{200b}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\u{2066}\u{2067}\u{2069}\u{206f}\
                  \u{2800}\u{3164}\u{feff}\u{fff9}\u{e0041}\0\n\r\t\u{85}"
            .chars()
        {
            for text in [format!("Bank{c}"), format!("{c}Bank"), format!("می{c}خواهم"), c.to_string()] {
                assert!(!is_seen(&text), "{text:?}");
            }
        }
    }

    #[test]
    fn a_joiner_or_selector_where_it_shapes_nothing() {
        for c in ['\u{200c}', '\u{200d}', '\u{180e}', '\u{fe0f}', '\u{e0100}'] {
            for text in [c.to_string(), format!("{c}a"), format!(" {c}"), format!("\u{645}{c}{c}")] {
                assert!(!is_seen(&text), "{text:?}");
            }
        }
        for text in [
            "Ba\u{200c}nk",
            "Б\u{200d}анк",
            "銀\u{200d}行",
            "1\u{200c}0",
            "👩\u{200d}",
            "👩\u{200d}a",
            "a\u{200d}👩",
            "👩\u{200d}\u{200d}🔬",
            "👩\u{200c}🔬",
            "a\u{fe0f}\u{200d}👩",
        ] {
            assert!(!is_seen(text), "{text:?}");
        }
    }
}
