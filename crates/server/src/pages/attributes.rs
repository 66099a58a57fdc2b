//! What phones, keyboards and password managers read off a field: held in every sample of every page, so that it is not lost when a template
//! changes.

use std::collections::BTreeSet;

use super::lint::{Tag, pages, tags};

/// As the store takes it.
const PASSWORD_MAX: &str = "256";

/// Every field that a person types in or reads, with the page it is on.
fn check_fields(what: &str, holds: impl Fn(&Tag<'_>) -> bool) {
    for (name, html) in pages() {
        for field in tags(&html).iter().filter(|tag| tag.name == "input" && !is(tag, "type", "hidden")) {
            assert!(holds(field), "{name}: {what}: {:?}\n{html}", field.attribute("id"));
        }
    }
}

/// The pages on which there is such a field, in English.
fn pages_with(wanted: impl Fn(&Tag<'_>) -> bool) -> BTreeSet<String> {
    let has = |html: &str| tags(html).iter().any(|tag| tag.name == "input" && wanted(tag));
    pages().into_iter().filter(|(name, html)| !name.contains('.') && has(html)).map(|(name, _)| name).collect()
}

fn is(tag: &Tag<'_>, attribute: &str, value: &str) -> bool {
    tag.attribute(attribute) == Some(value)
}

/// Nothing corrects, capitalises or underlines what has to be typed letter by letter.
fn is_left_alone(field: &Tag<'_>) -> bool {
    is(field, "autocapitalize", "none") && is(field, "spellcheck", "false")
}

#[test]
fn password_fields_tell_a_password_manager_which_password_and_by_what_rules() {
    check_fields("a password is hidden, and of a length that is taken", |field| {
        let of_password = field.attribute("autocomplete").is_some_and(|token| token.ends_with("-password"));
        let hidden = is(field, "type", "password");
        of_password == hidden && (!hidden || is(field, "maxlength", PASSWORD_MAX))
    });
    check_fields("a new password has rules by which one is made, and they are those of the field", |field| {
        if !(is(field, "autocomplete", "new-password") && is(field, "name", "password")) {
            return true;
        }
        let least = field.attribute("minlength").unwrap_or_default();
        let rules = format!("minlength: {least}; maxlength: {PASSWORD_MAX};");
        least.parse::<u16>().is_ok() && is(field, "passwordrules", &rules)
    });
    let new = pages_with(|field| field.attribute("passwordrules").is_some());
    for page in ["setup", "reset", "sign-up", "account-password"] {
        assert!(new.iter().any(|name| name.starts_with(page)), "{page}: {new:?}");
    }
}

#[test]
fn codes_are_offered_by_the_phone_that_has_the_letter_and_typed_on_digits() {
    check_fields("a code of digits, or one of letters", |field| {
        let digits = is(field, "inputmode", "numeric");
        let offered = is(field, "autocomplete", "one-time-code");
        if !is(field, "name", "code") {
            return !digits && !offered;
        }
        // A recovery code comes from paper: no phone has it in a letter.
        let letters = is(field, "autocomplete", "off")
            && is(field, "autocapitalize", "characters")
            && is(field, "autocorrect", "off")
            && is(field, "spellcheck", "false");
        is(field, "type", "text") && digits == offered && digits != letters
    });
    let digits = pages_with(|field| is(field, "autocomplete", "one-time-code"));
    let letters = pages_with(|field| is(field, "name", "code") && is(field, "autocomplete", "off"));
    for page in ["factor", "enrol", "totp", "sign-up-code", "email-code"] {
        assert!(digits.iter().any(|name| name.contains(page)), "{page}: {digits:?}");
    }
    assert!(!letters.is_empty() && letters.iter().all(|name| name.starts_with("factor")), "{letters:?}");
}

#[test]
fn addresses_and_user_names_are_typed_on_their_keyboard_and_left_as_they_are() {
    check_fields("an address", |field| {
        let address = is(field, "type", "email");
        let named = is(field, "name", "email");
        let filled = is(field, "autocomplete", "email") || is(field, "autocomplete", "username");
        let fixed = field.attribute("readonly").is_some();
        named == address && (!address || filled && (fixed || is_left_alone(field) && is(field, "maxlength", "320")))
    });
    check_fields("what people sign in with", |field| {
        let fixed = field.attribute("readonly").is_some();
        !is(field, "name", "username")
            || field.attribute("autocomplete").is_some_and(|token| token.starts_with("username"))
                && (fixed || is_left_alone(field) && is(field, "autocorrect", "off"))
    });
    let addresses = pages_with(|field| is(field, "type", "email"));
    for page in ["setup", "sign-up", "account-email"] {
        assert!(addresses.iter().any(|name| name.starts_with(page)), "{page}: {addresses:?}");
    }
}
