//! What pages say beside what they are for.

use crate::pages::Support;
use crate::words::Language;

/// `pages.*`
#[derive(Clone, Debug)]
pub struct Pages {
    /// For whoever reads nothing that we speak.
    pub language: Language,
    /// Whom people are told to ask.
    pub support: Option<Support>,
}
