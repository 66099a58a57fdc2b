//! Every sentence a person reads, in every language Symbolon speaks: one file per page or letter, one key per sentence, with all
//! languages side by side. A key that lacks a language does not compile; neither does a sentence that names what it is not given.
//!
//! A new page brings its own file of words. A new language is a variant of [`Language`], and the compiler then lists every sentence
//! that is to be translated.

mod account;
mod account_activity;
mod account_apps;
mod account_data;
mod account_email;
mod account_letters;
mod account_password;
mod account_profile;
mod account_sessions;
mod common;
mod consent;
mod elsewhere;
mod email_code;
mod error;
mod factor;
mod home;
mod language;
mod letter;
mod login;
mod new_device;
mod not_me;
mod password;
mod reads;
mod security;
mod shell;
mod sign_up;
mod time;

pub use self::account::Account;
pub use self::account_activity::AccountActivity;
pub use self::account_apps::AccountApps;
pub use self::account_data::AccountData;
pub use self::account_email::AccountEmail;
pub use self::account_letters::AccountLetters;
pub use self::account_password::AccountPassword;
pub use self::account_profile::AccountProfile;
pub use self::account_sessions::AccountSessions;
pub use self::common::Common;
pub use self::consent::Consent;
pub use self::elsewhere::Elsewhere;
pub use self::email_code::EmailCode;
pub use self::error::Error;
pub use self::factor::Factor;
pub use self::home::Home;
pub use self::language::Language;
pub use self::letter::Letter;
pub use self::login::Login;
pub use self::new_device::NewDevice;
pub use self::not_me::NotMe;
pub use self::password::Password;
pub use self::reads::Reads;
pub use self::security::Security;
pub use self::shell::Shell;
pub use self::sign_up::SignUp;
pub use self::time::Time;

/// Declares the words of one page: a type with a method per sentence. A sentence that takes values is made with `format!` and names
/// them in braces; one that does not is a `&'static str`; one `around` a value that the page marks up is what stands before it and behind
/// it. What needs more (a plural, say) is a method written out by hand.
macro_rules! words {
    ($(#[$doc:meta])* pub struct $name:ident; $($rest:tt)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name($crate::words::Language);

        impl $name {
            /// These words in one language.
            pub const fn of(language: $crate::words::Language) -> Self {
                Self(language)
            }

            $crate::words::words!(@keys $($rest)*);
        }
    };
    (@keys) => {};
    (@keys $(#[$doc:meta])* $key:ident { $($language:ident: $text:literal),+ $(,)? } $($rest:tt)*) => {
        $(#[$doc])*
        pub const fn $key(self) -> &'static str {
            match self.0 { $($crate::words::Language::$language => $text),+ }
        }
        $crate::words::words!(@keys $($rest)*);
    };
    (@keys $(#[$doc:meta])* $key:ident around { $($language:ident: ($before:literal, $behind:literal)),+ $(,)? } $($rest:tt)*) => {
        $(#[$doc])*
        pub const fn $key(self) -> (&'static str, &'static str) {
            match self.0 { $($crate::words::Language::$language => ($before, $behind)),+ }
        }
        $crate::words::words!(@keys $($rest)*);
    };
    (@keys $(#[$doc:meta])* $key:ident($($value:ident: $type:ty),+) { $($language:ident: $text:literal),+ $(,)? } $($rest:tt)*) => {
        $(#[$doc])*
        pub fn $key(self, $($value: $type),+) -> String {
            match self.0 { $($crate::words::Language::$language => format!($text)),+ }
        }
        $crate::words::words!(@keys $($rest)*);
    };
}
pub(crate) use words;
