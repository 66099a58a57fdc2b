//! The cookie that carries a session value, as a browser must be told to keep it (RFC 6265bis §4.1.3, §5.6.7).

use http::HeaderValue;

use crate::{
    error::{Malformed, Rejection},
    extract::b64token,
};

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
}
