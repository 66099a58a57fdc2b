//! A QR code as SVG: dark on light whatever the theme is, or no camera reads it.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around it (ISO/IEC 18004 asks for four).
const QUIET: i32 = 4;

/// The picture; nothing for a text that is too long for one, which can be typed still. Who cannot see it is told nothing by it: the page has the key
/// as text beside it.
pub(crate) fn svg(text: &str) -> String {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Low) else { return String::new() };
    let size = code.size() + 2 * QUIET;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut at = 0;
        let mut x = 0;
        let _ = write!(path, "M{QUIET} {}.5", y + QUIET);
        while x < code.size() {
            let run = (x..code.size()).take_while(|x| code.get_module(*x, y)).count();
            let run = i32::try_from(run).unwrap_or_default();
            if run > 0 {
                let _ = write!(path, "m{} 0h{run}", x - at);
                at = x + run;
            }
            x += run.max(1);
        }
    }
    format!(
        "<svg class=\"qr\" viewBox=\"0 0 {size} {size}\" aria-hidden=\"true\">\
         <rect width=\"{size}\" height=\"{size}\" fill=\"#fff\"/><path d=\"{path}\" stroke=\"#000\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runs_of_the_picture_are_the_dark_modules() {
        let text = "otpauth://totp/auth.example.com:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let code = QrCode::encode_text(text, QrCodeEcc::Low).unwrap();
        let picture = svg(text);
        let path = picture.split("d=\"").nth(1).unwrap().split('"').next().unwrap();
        let mut dark = std::collections::BTreeSet::new();
        for (y, row) in (0..).zip(path.split('M').skip(1)) {
            let mut x = 0;
            for run in row.split('m').skip(1) {
                let (gap, len) = run.split_once(" 0h").unwrap();
                x += gap.parse::<i32>().unwrap();
                let len: i32 = len.parse().unwrap();
                dark.extend((x..x + len).map(|x| (x, y)));
                x += len;
            }
        }
        for y in 0..code.size() {
            for x in 0..code.size() {
                assert_eq!(dark.contains(&(x, y)), code.get_module(x, y), "{x} {y}");
            }
        }
        assert_eq!(svg(&"x".repeat(4_000)), "");
    }
}
