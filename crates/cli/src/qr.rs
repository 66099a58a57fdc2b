//! A QR code for a terminal: two modules in one character, dark on light whatever the terminal's colours are, or no camera reads it.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around it. Four are asked for; two do on a light ground of its own.
const QUIET: i32 = 2;
const DARK_ON_LIGHT: &str = "\u{1b}[30;107m";
const RESET: &str = "\u{1b}[0m";

/// The picture, if the text is short enough for one.
pub(crate) fn terminal(text: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
    let mut picture = String::new();
    for y in (-QUIET..code.size() + QUIET).step_by(2) {
        picture.push_str(DARK_ON_LIGHT);
        for x in -QUIET..code.size() + QUIET {
            picture.push(match (code.get_module(x, y), code.get_module(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        let _ = writeln!(picture, "{RESET}");
    }
    Some(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_is_in_the_picture_with_light_around() {
        let text = "https://auth.example.com/device?user_code=WDJB-MJHT";
        let code = QrCode::encode_text(text, QrCodeEcc::Low).unwrap();
        let picture = terminal(text).unwrap();
        let rows: Vec<Vec<char>> = picture
            .lines()
            .map(|line| line.trim_start_matches(DARK_ON_LIGHT).trim_end_matches(RESET).chars().collect())
            .collect();
        for y in -QUIET..code.size() + QUIET {
            for x in -QUIET..code.size() + QUIET {
                let place = |at: i32| usize::try_from(at + QUIET).unwrap();
                let shown = rows[place(y) / 2][place(x)];
                let dark = if place(y) % 2 == 0 { ['█', '▀'] } else { ['█', '▄'] };
                assert_eq!(dark.contains(&shown), code.get_module(x, y), "{x} {y}");
            }
        }
        assert!(rows[0].iter().all(|sign| *sign == ' '));
        assert_eq!(terminal(&"x".repeat(4_000)), None);
    }
}
