//! The cookie that carries a session value, as a browser must be told to keep it (RFC 6265bis §4.1.3, §5.6.7), and the token that vouches for
//! a request where no header of the browser's does.

use http::HeaderValue;
use symbolon_jose::{base64url, sha256};

use crate::{
    error::{Malformed, Rejection},
    extract::b64token,
};

/// The header that carries [`csrf_token`].
pub const CSRF_HEADER: &str = "x-csrf-token";

/// What [`CSRF_HEADER`] has to say beside this cookie: give it to your own page when it signs in.
///
/// It is derived from the cookie's value, which no other page can read; from it, nobody finds the value.
pub fn csrf_token(cookie_value: &str) -> String {
    base64url::encode(&sha256(format!("symbolon csrf\0{cookie_value}").as_bytes()))
}

pub(crate) fn is_csrf_token(presented: &str, cookie_value: &str) -> bool {
    // Hashed once more, so that how long the comparison takes says nothing.
    sha256(presented.as_bytes()) == sha256(csrf_token(cookie_value).as_bytes())
}

/// `Set-Cookie` for a value: no script reads it, no other host gets it, no plain connection carries it. Without `Expires`: the value ends by itself.
pub(crate) fn set(name: &str, value: &str) -> Result<HeaderValue, Rejection> {
    let value = b64token(value.as_bytes())?;
    let header = HeaderValue::try_from(format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax"));
    let mut header = header.map_err(|_| Rejection::Malformed(Malformed::NotOneToken))?;
    header.set_sensitive(true);
    Ok(header)
}

pub(crate) fn clear(name: &str) -> HeaderValue {
    let header = HeaderValue::try_from(format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"));
    header.unwrap_or(HeaderValue::from_static("session=; Max-Age=0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_for_this_host_and_no_script() {
        let set = set("__Host-session", "sym_sv_abc").unwrap();
        assert_eq!(set.to_str().unwrap(), "__Host-session=sym_sv_abc; Path=/; Secure; HttpOnly; SameSite=Lax");
        assert!(set.is_sensitive());
        assert!(clear("__Host-session").to_str().unwrap().ends_with("; Max-Age=0"));
    }

    #[test]
    fn a_value_cannot_add_attributes() {
        for value in ["", "a; Domain=evil.example", "a\r\nset-cookie: b=c", "a,b", "ä"] {
            assert!(set("__Host-session", value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn a_csrf_token_fits_its_own_cookie_only() {
        let token = csrf_token("sym_sv_abc");
        assert!(is_csrf_token(&token, "sym_sv_abc") && !is_csrf_token(&token, "sym_sv_abd"));
        assert!(!is_csrf_token("", "sym_sv_abc") && !is_csrf_token("sym_sv_abc", "sym_sv_abc"));
        assert_eq!(token.len(), 43);
    }
}
