//! A form to post, or a query: pairs in the order in which they were added, encoded at the end (WHATWG URL §5.2).

use std::fmt;

use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

/// What is to be sent. Nothing prints it: codes and secrets are in it.
#[derive(Default)]
pub(crate) struct Form(Vec<(String, Zeroizing<String>)>);

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Form(…)")
    }
}

impl Form {
    /// One more.
    pub(crate) fn add(&mut self, name: &str, value: &str) -> &mut Self {
        self.0.push((name.to_owned(), Zeroizing::new(value.to_owned())));
        self
    }

    /// One more, if there is a value.
    pub(crate) fn add_if(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.add(name, value);
        }
        self
    }

    /// As it travels.
    pub(crate) fn encoded(&self) -> String {
        let pairs = self.0.iter().map(|(name, value)| (name, value.as_str()));
        Serializer::new(String::new()).extend_pairs(pairs).finish()
    }
}
