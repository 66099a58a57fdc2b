//! Where endpoints are, under the issuer. Discovery publishes these and the router serves them.

/// The authorization endpoint.
pub const AUTHORIZE: &str = "/authorize";
/// The page that a client's pages frame to watch the session (OpenID Connect Session Management 1.0).
pub const CHECK_SESSION: &str = "/check-session";
/// The backchannel authentication endpoint.
pub const BACKCHANNEL_AUTHENTICATION: &str = "/oauth/bc-authorize";
/// Where a person answers clients that ask over the back channel.
pub const CIBA: &str = "/ciba";
/// Where a person enters the code that a device shows: short, because it is typed.
pub const DEVICE: &str = "/device";
/// The device authorization endpoint.
pub const DEVICE_AUTHORIZATION: &str = "/oauth/device";
/// RP-initiated logout.
pub const END_SESSION: &str = "/logout";
/// Introspection.
pub const INTROSPECT: &str = "/oauth/introspect";
/// The key set.
pub const JWKS: &str = "/.well-known/jwks.json";
/// RFC 8414 metadata.
pub const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";
/// OpenID Connect Discovery metadata.
pub const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
/// Pushed authorization requests.
pub const PUSHED_AUTHORIZATION: &str = "/oauth/par";
/// Where clients register themselves; followed by a client id, where one manages its registration (RFC 7592).
pub const REGISTER: &str = "/register";
/// Everything that is revoked, as one file (decision 6).
pub const REVOCATION_SNAPSHOT: &str = "/revocations/snapshot";
/// What is revoked, as it happens (decision 6).
pub const REVOCATION_STREAM: &str = "/revocations/stream";
/// Revocation.
pub const REVOKE: &str = "/oauth/revoke";
/// The account that a cookie signs in.
pub const CURRENT_USER: &str = "/user/current";
/// Where an API looks up a session value, and a page whom its cookie signs in.
pub const SESSION: &str = "/session";
/// Where a receiver polls, followed by the id of its stream.
pub const SSF_POLL: &str = "/ssf/poll";
/// The status of event streams.
pub const SSF_STATUS: &str = "/ssf/status";
/// Event streams.
pub const SSF_STREAMS: &str = "/ssf/streams";
/// Asks for a verification event.
pub const SSF_VERIFY: &str = "/ssf/verify";
/// Metadata of the transmitter of security events.
pub const SSF_CONFIGURATION: &str = "/.well-known/ssf-configuration";
/// Status lists, each by its id.
pub const STATUS_LISTS: &str = "/status";
/// The token endpoint.
pub const TOKEN: &str = "/oauth/token";
/// Userinfo.
pub const USERINFO: &str = "/userinfo";
