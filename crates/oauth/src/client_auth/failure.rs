//! Why a client was not authenticated: for the log. The caller learns `invalid_client`, in the scheme it used.

/// Where client credentials were presented: a 401 must answer in the same scheme (RFC 6749 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// In the `Authorization` header.
    AuthorizationHeader,
    /// In the form, or nowhere.
    Body,
}

/// Why a client was not authenticated. For the log only: the caller learns `invalid_client`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuthFailure {
    /// The assertion is signed with an algorithm that the client's registration or its profile does not allow.
    AssertionAlgorithm,
    /// The assertion names other audiences than the issuer alone (RFC 10070, CVE-2025-27370).
    AssertionAudience,
    /// The assertion has expired, lives too long, or is not valid yet.
    AssertionExpiry,
    /// `iss` and `sub` are not both the client.
    AssertionIssuer,
    /// Not a JWT of an accepted type, or without `jti`.
    AssertionMalformed,
    /// The same `jti` was seen before.
    AssertionReplayed,
    /// No registered key made this signature.
    AssertionSignature,
    /// The client proves itself by a certificate, and the connection has none.
    CertificateMissing,
    /// The certificate is not the client's.
    CertificateOfAnother,
    /// No authority that the operator trusts has signed the certificate for clients, or its time is over.
    CertificateUntrusted,
    /// The client is switched off.
    ClientDisabled,
    /// Nobody has that `client_id`.
    ClientUnknown,
    /// The `Authorization` header is not well-formed Basic.
    HeaderMalformed,
    /// The client is registered for another method.
    MethodNotRegistered,
    /// No credentials at all.
    Missing,
    /// A public client sent a secret (RFC 10017).
    PublicClientWithSecret,
    /// The secret is wrong or has expired.
    SecretWrong,
}
