//! The other endpoints: what they read, what they decide, what they answer.

pub mod backchannel_authentication;
pub mod check_session;
pub mod device_authorization;
pub mod discovery;
pub mod elsewhere;
pub mod end_session;
pub mod frontchannel_logout;
pub mod introspection;
pub mod path;
pub mod revocation;
pub mod session;
pub mod userinfo;
