//! Media types in `typ` and `cty` (RFC 7515 §4.1.9, §4.1.10).

const PREFIX: &str = "application/";

/// Whether two values of `typ` or `cty` name the same media type: without regard to case, and `application/` may be left out where
/// nothing else has a slash (RFC 7515 §4.1.9).
///
/// ```
/// use symbolon_jose::jwt::is_same_type;
///
/// assert!(is_same_type("application/at+jwt", "AT+JWT"));
/// assert!(!is_same_type("at+jwt", "JWT"));
/// assert!(!is_same_type("application/a/b", "a/b"));
/// ```
pub fn is_same_type(one: &str, other: &str) -> bool {
    one == other || short(one).eq_ignore_ascii_case(short(other))
}

fn short(typ: &str) -> &str {
    match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
        _ => typ,
    }
}
