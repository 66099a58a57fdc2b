//! Tells passwords that are guessed first, by how they are built rather than by a long list.
//!
//! At twelve characters and more, what remains of the published lists is nearly all of one pattern: a
//! few well-known words, a keyboard row, a year, repeated or with letters swapped for look-alikes. So a
//! password is common when it can be laid out completely with such pieces: at most [`MAX_WORDS`]
//! words, at most [`MAX_STRAYS`] loose digits, and any number of keyboard or alphabet runs, repeats and words
//! of the person's own. Punctuation and spaces count for nothing. A search in breached-password sets may be added beside this.

use super::PasswordProblem;

/// Words in a layout; three unrelated ones are for the length rule to judge.
const MAX_WORDS: usize = 2;
/// Loose digits in a layout: a year, a date.
const MAX_STRAYS: usize = 6;
/// Distinct characters that make a password worth looking at.
const MIN_DISTINCT: usize = 5;
/// Shortest piece of a keyboard row or alphabet that counts as a run.
const MIN_RUN: usize = 3;
/// Shortest own word: shorter ones occur in everything.
const MIN_OWN_WORD: usize = 3;

/// Base words, one a line, lower case.
const WORDS: &str = include_str!("common.txt");
/// The service's own name.
const SERVICE: &str = "symbolon";

/// Rows, columns and orders that fingers and minds follow; backwards counts too.
const RUNS: [&str; 10] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
];

/// Refuses a password that can be laid out with common pieces, or with `own` words besides.
pub(super) fn check(password: &str, own: &[&str]) -> Result<(), PasswordProblem> {
    let lower: Vec<char> = password.to_lowercase().replace('ß', "ss").chars().filter(|c| !c.is_whitespace()).collect();
    let mut distinct = lower.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < MIN_DISTINCT {
        return Err(PasswordProblem::Common);
    }
    let own: Vec<Vec<char>> = own.iter().copied().chain([SERVICE]).flat_map(own_words).collect();
    // Symbols may stand for letters (p@$$word) or for nothing (pass-word): both readings are tried.
    let bare: Vec<char> = lower.iter().copied().filter(|c| c.is_alphanumeric()).collect();
    let problem = [&lower, &bare].into_iter().filter_map(|text| layout(unit(text), &own)).min();
    match problem {
        Some(Layout::Personal) => Err(PasswordProblem::Personal),
        Some(Layout::Common) => Err(PasswordProblem::Common),
        None => Ok(()),
    }
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Layout {
    Personal,
    Common,
}

fn own_words(text: &str) -> impl Iterator<Item = Vec<char>> {
    let lower = text.to_lowercase();
    let pieces: Vec<Vec<char>> = lower
        .split(|c: char| !c.is_alphanumeric())
        .map(|piece| piece.chars().collect())
        .filter(|piece: &Vec<char>| piece.len() >= MIN_OWN_WORD)
        .collect();
    pieces.into_iter()
}

/// The part that repeats, when the whole is only repetition: `dragondragondragon` is `dragon`.
fn unit(text: &[char]) -> &[char] {
    let period = (1..=text.len() / 2)
        .find(|&period| text.len().is_multiple_of(period) && text.chunks(period).all(|chunk| chunk == &text[..period]));
    period.map_or(text, |period| &text[..period])
}

/// Best way to reach a position: fewest loose digits, by words used and by whether one was personal.
type Reach = [[Option<usize>; 2]; MAX_WORDS + 1];

fn layout(text: &[char], own: &[Vec<char>]) -> Option<Layout> {
    if text.is_empty() {
        return None;
    }
    let mut reach: Vec<Reach> = vec![Reach::default(); text.len() + 1];
    reach[0][0][0] = Some(0);
    for at in 0..text.len() {
        if reach[at] != Reach::default() {
            advance(&mut reach, text, at, own);
        }
    }
    let end = &reach[text.len()];
    let ends = |personal: usize| end.iter().any(|by| by[personal].is_some());
    if ends(1) { Some(Layout::Personal) } else { ends(0).then_some(Layout::Common) }
}

fn advance(reach: &mut [Reach], text: &[char], at: usize, own: &[Vec<char>]) {
    let (here, rest) = (reach[at], &text[at..]);
    // `personal` is an index: 0, or 1 after one of the person's own words.
    let mut step = |len: usize, words: usize, personal: usize, strays: usize| {
        for used in 0..=MAX_WORDS - words {
            for was in 0..2 {
                let Some(total) = here[used][was].map(|before| before + strays).filter(|&n| n <= MAX_STRAYS) else {
                    continue;
                };
                let best = &mut reach[at + len][used + words][was.max(personal)];
                *best = Some(best.map_or(total, |known| known.min(total)));
            }
        }
    };
    for word in own.iter().filter(|word| spells(rest, word.iter().copied())) {
        step(word.len(), 0, 1, 0);
    }
    for word in WORDS.lines().filter(|word| spells(rest, word.chars())) {
        step(word.len(), 1, 0, 0);
    }
    for len in MIN_RUN..=longest_run(rest) {
        step(len, 0, 0, 0);
    }
    let same = rest.iter().take_while(|c| **c == rest[0]).count();
    if same >= MIN_RUN {
        step(same, 0, 0, 0);
    }
    if rest[0].is_ascii_digit() {
        step(1, 0, 0, 1);
    }
    if !rest[0].is_alphanumeric() {
        step(1, 0, 0, 0);
    }
}

/// Whether the text starts with the word, look-alikes allowed.
fn spells(text: &[char], word: impl Iterator<Item = char>) -> bool {
    let mut text = text.iter();
    word.into_iter().all(|letter| text.next().is_some_and(|&c| stands_for(c, letter)))
}

fn stands_for(c: char, letter: char) -> bool {
    c == letter
        || bare(c) == letter
        || matches!(
            (c, letter),
            ('@' | '4', 'a')
                | ('8', 'b')
                | ('3', 'e')
                | ('6' | '9', 'g')
                | ('1' | '!', 'i' | 'l')
                | ('0', 'o')
                | ('$' | '5', 's')
                | ('7' | '+', 't')
                | ('2', 'z')
        )
}

/// A letter without its accent: the words are written without, and people write both. German ones that have ae for ä are listed in both ways.
const fn bare(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' => 'a',
        'ç' => 'c',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ñ' => 'n',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        other => other,
    }
}

/// Length of the longest run at the start of the text.
fn longest_run(text: &[char]) -> usize {
    let follows = |line: &[u8]| {
        (0..line.len())
            .map(|from| line[from..].iter().zip(text).take_while(|(key, c)| char::from(**key) == **c).count())
            .max()
            .unwrap_or(0)
    };
    let both_ways = |line: &str| {
        let forwards = line.as_bytes();
        let backwards: Vec<u8> = forwards.iter().rev().copied().collect();
        follows(forwards).max(follows(&backwards))
    };
    RUNS.iter().map(|line| both_ways(line)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_umlauts_and_accents_are_the_same_words() {
        for text in
            ["März2024März2024", "maerz2024!maerz", "frühlingfrühling", "Fruehling-Fruehling1", "Fußballfußball"]
        {
            assert_eq!(check(text, &[]), Err(PasswordProblem::Common), "{text}");
        }
    }

    #[test]
    fn the_word_list_is_clean() {
        let words: Vec<&str> = WORDS.lines().collect();
        assert!(words.len() > 300, "{}", words.len());
        assert!(words.is_sorted_by(|a, b| a < b), "sorted, no duplicates");
        assert!(words.iter().all(|word| word.len() >= 3 && word.bytes().all(|b| b.is_ascii_lowercase())));
    }

    #[test]
    fn the_longest_input_is_judged_quickly_and_without_overflow() {
        for text in ["a1".repeat(128), "password".repeat(32), "🐉b2c3d".repeat(40), "1".repeat(255) + "x"] {
            let _ = check(&text, &["ada@example.com"; 8]);
        }
    }

    #[test]
    fn repetition_is_found_only_when_it_is_all_there_is() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        assert_eq!(unit(&chars("abcabc")), &chars("abc")[..]);
        assert_eq!(unit(&chars("abcabcx")), &chars("abcabcx")[..]);
    }
}
