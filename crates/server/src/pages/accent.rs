//! A client's colour on the pages of its sign-in: a stylesheet of a few lines, named after the colour it is made of. So it needs no look-up, can be
//! kept for ever, and the pages' policy stays as strict as it is.
//!
//! The colour is moved towards black or white as far as it takes to be read: 4.5 to 1 (WCAG 2.2, 1.4.3) on both grounds, light and dark. The dark
//! half of the page has it as it is, with whichever of white and black can be read on it; at night it is dimmed.

/// Least contrast of text on its ground.
const READABLE: f64 = 4.5;
/// The grounds it must be read on, the less friendly of each theme: `--wash` of `style.css`.
const LIGHT_GROUND: Colour = Colour([0xef, 0xeb, 0xdf]);
const DARK_GROUND: Colour = Colour([0x1d, 0x23, 0x24]);
const WHITE: Colour = Colour([0xff; 3]);
const BLACK: Colour = Colour([0; 3]);
/// How far the dark half is dimmed at night, in percent.
const DIMMED: u16 = 40;
/// Kept for ever by browsers: another number with every change of what [`Colour::stylesheet`] makes of a colour.
const PREFIX: &str = "accent2-";
const SUFFIX: &str = ".css";

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

impl Colour {
    /// Of `#rrggbb`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let hex =
            text.strip_prefix('#').filter(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let channel = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).ok();
        Some(Self([channel(0)?, channel(2)?, channel(4)?]))
    }

    /// Of the name under which [`Colour::path`] is served.
    pub fn of_name(name: &str) -> Option<Self> {
        let hex = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
        Self::parse(&format!("#{hex}"))
    }

    /// Where its stylesheet is.
    pub fn path(self) -> String {
        format!("/assets/{PREFIX}{}{SUFFIX}", &self.hex()[1..])
    }

    /// The stylesheet that colours a page with it.
    pub fn stylesheet(self) -> String {
        let light = self.readable_on(LIGHT_GROUND, BLACK);
        let dark = self.readable_on(DARK_GROUND, WHITE);
        let rules = |accent: Self, end: Self, on: Self, side: Self| {
            let (accent, deep) = (accent.hex(), accent.towards(end, 20).hex());
            let (side, ink) = (side.hex(), side.ink().hex());
            format!(
                "--accent:{accent};--accent-deep:{deep};--on-accent:{};--link:{accent};--side:{side};--side-ink:{ink};--side-soft:{ink}",
                on.hex()
            )
        };
        format!(
            ":root{{{}}}@media(prefers-color-scheme:dark){{:root{{{}}}}}",
            rules(light, BLACK, WHITE, self),
            rules(dark, WHITE, DARK_GROUND.towards(BLACK, 50), self.dimmed()),
        )
    }

    fn hex(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// The nearest on its way to `end` that can be read on `ground`.
    fn readable_on(self, ground: Self, end: Self) -> Self {
        let steps = (0..=100).map(|percent| self.towards(end, percent));
        steps.into_iter().find(|colour| contrast(*colour, ground) >= READABLE).unwrap_or(end)
    }

    /// White where that can be read, else black: one of them always can.
    fn ink(self) -> Self {
        if contrast(WHITE, self) >= READABLE { WHITE } else { BLACK }
    }

    /// Dark enough for a dark page.
    fn dimmed(self) -> Self {
        let steps = (DIMMED..=100).map(|percent| self.towards(BLACK, percent));
        steps.into_iter().find(|colour| colour.ink() == WHITE).unwrap_or(BLACK)
    }

    fn towards(self, end: Self, percent: u16) -> Self {
        let mix = |from: u8, to: u8| {
            let sum = u16::from(from) * (100 - percent) + u16::from(to) * percent;
            u8::try_from(sum / 100).unwrap_or(u8::MAX)
        };
        let [red, green, blue] = self.0;
        Self([mix(red, end.0[0]), mix(green, end.0[1]), mix(blue, end.0[2])])
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance(self) -> f64 {
        let channel = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(channel);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

fn contrast(one: Colour, other: Colour) -> f64 {
    let (one, other) = (one.luminance(), other.luminance());
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_colour_text_can_be_read_in_light_and_dark() {
        for text in ["#000000", "#ffffff", "#ffff00", "#663399", "#14594f", "#808080", "#ff0000", "#00ff00"] {
            let css = Colour::parse(text).unwrap().stylesheet();
            let (light, dark) = css.split_once("@media").unwrap();
            let at = |css: &str, name: &str| {
                let (_, value) = css.split_once(&format!("--{name}:")).unwrap();
                Colour::parse(&value[..7]).unwrap()
            };
            for (css, ground) in [(light, LIGHT_GROUND), (dark, DARK_GROUND)] {
                assert!(contrast(at(css, "accent"), ground) >= READABLE, "{text}: {css}");
                assert!(contrast(at(css, "link"), ground) >= READABLE, "{text}: {css}");
                assert!(contrast(at(css, "side-ink"), at(css, "side")) >= READABLE, "{text}: {css}");
                assert!(contrast(at(css, "side-soft"), at(css, "side")) >= READABLE, "{text}: {css}");
                for button in ["accent", "accent-deep"] {
                    assert!(contrast(at(css, "on-accent"), at(css, button)) >= READABLE, "{text}: {css}");
                }
            }
        }
    }

    #[test]
    fn the_grounds_are_those_of_the_stylesheet() {
        let css = include_str!("../../templates/style.css");
        let (light, dark) = css.split_once("prefers-color-scheme: dark").unwrap();
        assert!(light.contains(&format!("--wash: {}", LIGHT_GROUND.hex())));
        assert!(dark.contains(&format!("--wash: {}", DARK_GROUND.hex())));
    }

    #[test]
    fn a_colour_that_can_be_read_is_kept() {
        let purple = Colour::parse("#663399").unwrap();
        assert!(purple.stylesheet().starts_with(":root{--accent:#663399;"));
        assert!(purple.stylesheet().contains("--side:#663399;--side-ink:#ffffff"), "the dark half, too");
        assert_eq!(Colour::of_name(purple.path().strip_prefix("/assets/").unwrap()), Some(purple));
    }

    #[test]
    fn nothing_but_a_colour_has_a_stylesheet() {
        for name in [
            "accent2-.css",
            "accent2-12345.css",
            "accent2-1234567.css",
            "accent2-é2345.css",
            "accent2-}{abcd.css",
            "x.css",
        ] {
            assert_eq!(Colour::of_name(name), None, "{name}");
        }
    }
}
