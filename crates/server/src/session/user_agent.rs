//! What a browser and its system are called, for people who are to recognise their own: read from what the browser says of itself
//! (`User-Agent`, RFC 9110 §10.1.5).
//!
//! A claim and no proof, so nothing is decided by it. What is not in the tables is unknown: nothing of the text itself is ever shown, as whoever signs
//! in could write to the owner of the account with it.

/// A browser on a system, as far as they are known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct UserAgent {
    /// The browser's name.
    pub browser: Option<&'static str>,
    /// The system's name.
    pub system: Option<&'static str>,
}

/// What only one browser says. The order counts: most browsers say they are others, too.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

impl UserAgent {
    /// Reads the text.
    ///
    /// ```
    /// use symbolon_server::session::user_agent::UserAgent;
    /// let text = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
    /// assert_eq!(UserAgent::read(text), UserAgent { browser: Some("Firefox"), system: Some("Linux") });
    /// ```
    pub fn read(text: &str) -> Self {
        let find = |table: &[(&str, &'static str)]| table.iter().find(|(says, _)| text.contains(says)).map(|it| it.1);
        Self { browser: find(BROWSERS), system: find(SYSTEMS) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart_though_each_says_it_is_the_others() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let table = [
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/142.0.0.0 Safari/537.36"), "Chrome", "Windows"),
            (format!("Mozilla/5.0 (Windows NT 10.0) {webkit} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"), "Edge", "Windows"),
            (format!("Mozilla/5.0 (Linux; Android 16) {webkit} SamsungBrowser/29.0 Chrome/136.0 Mobile Safari/537.36"), "Samsung Internet", "Android"),
            (format!("Mozilla/5.0 (X11; CrOS x86_64 16328.55.0) {webkit} Chrome/142.0 Safari/537.36"), "Chrome", "ChromeOS"),
            (format!("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {webkit} Chrome/141.0 Safari/537.36 OPR/123.0"), "Opera", "macOS"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.1 Safari/605.1.15".into(), "Safari", "macOS"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 CriOS/142.0 Mobile/15E148 Safari/604.1".into(), "Chrome", "iPhone"),
            ("Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 FxiOS/145.0 Mobile/15E148 Safari/605.1.15".into(), "Firefox", "iPad"),
            ("Mozilla/5.0 (Android 16; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0".into(), "Firefox", "Android"),
        ];
        for (text, browser, system) in table {
            assert_eq!(UserAgent::read(&text), UserAgent { browser: Some(browser), system: Some(system) }, "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_unknown_and_nobody_writes_to_the_owner_with_it() {
        for text in ["", "curl/8.14.1", "Call 555-0100 now <a href=x>", "\u{202e}"] {
            assert_eq!(UserAgent::read(text), UserAgent::default(), "{text}");
        }
    }
}
