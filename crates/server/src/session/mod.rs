//! Browser sessions: the cookies that carry them and the tokens that guard their forms (security 1e).

pub mod cookie;
pub mod csrf;
pub mod device;
pub mod token_cookie;
pub mod user_agent;
pub mod work;
