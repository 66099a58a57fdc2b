//! What a guard cannot be built from.

use symbolon_guard::{ConfigError, Guard, Keys, testing::AUDIENCE};

#[test]
fn issuers_are_https_or_loopback() {
    for good in
        ["https://auth.example.com", "https://auth.example.com/tenant/", "http://localhost:4400", "http://[::1]"]
    {
        let guard = Guard::new(good, AUDIENCE).unwrap();
        assert_eq!((guard.issuer(), guard.audience()), (good, AUDIENCE));
    }
    for bad in [
        "",
        "auth.example.com",
        "https://",
        "https://u@auth.example.com",
        "https://a.example/?x",
        "https://a.example/#x",
    ] {
        assert!(matches!(Guard::new(bad, AUDIENCE), Err(ConfigError::NotAUrl { .. })), "{bad}");
    }
    for insecure in ["http://auth.example.com", "http://192.168.1.1", "http://localhost.example.com", "ws://localhost"]
    {
        assert!(matches!(Guard::new(insecure, AUDIENCE), Err(ConfigError::Insecure { .. })), "{insecure}");
        assert!(matches!(Keys::jwks_url(insecure), Err(ConfigError::Insecure { .. })), "{insecure}");
    }
}

#[test]
fn an_audience_is_needed() {
    assert_eq!(Guard::new("https://auth.example.com", "").err(), Some(ConfigError::EmptyAudience));
}

#[test]
fn a_missing_variable_is_named() {
    let error = Guard::from_env("SYMBOLON_NOT_SET_ANYWHERE_").unwrap_err();
    assert_eq!(error.to_string(), "set the environment variable SYMBOLON_NOT_SET_ANYWHERE_ISSUER");
}

#[test]
fn debug_output_is_short() {
    let guard = Guard::new("https://auth.example.com", AUDIENCE).unwrap();
    let text = format!("{guard:?}");
    assert_eq!(text, r#"Guard { issuer: "https://auth.example.com", audience: "https://api.example.com", .. }"#);
}
