//! The group `accounts`: what people do at the pages for their accounts, with a thousand accounts and with a million.

mod pages;
mod rates;

use crate::Measurement;

/// Everything of the group, in the order of the table.
pub(crate) const PARTS: &[(&str, Measurement)] = &[("rates", rates::run)];
