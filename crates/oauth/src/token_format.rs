//! Opaque secrets: a recognisable prefix, 256 random bits, and a checksum.
//!
//! `sym_rt_` + 43 characters of base64url + 6 characters of CRC-32 in base 62. The prefix lets secret scanners and people
//! know what they see, the checksum lets a typing error or a truncated copy be told from a wrong secret without a look-up.
//! A refresh token also names its family, before the checksum: 22 characters by which its theft shows when it has long been forgotten.
//! A client's secret that is itself a key has 512 random bits, as many as the largest hash (RFC 7518 §3.2).
//! Refuses truncated, extended, case-changed or foreign values (CVE-2026-27840). Only the SHA-256 of one is ever stored.

use std::fmt;

use symbolon_jose::base64url;
use zeroize::{Zeroize, Zeroizing};

use crate::context::Rng;

const BODY_LEN: usize = 43;
const CHECKSUM_LEN: usize = 6;
/// [`random_id`](crate::random_id): 128 bits.
const FAMILY_LEN: usize = 22;

/// What an opaque secret is for. The kind is part of the text and of the checksum, so one can never pass for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// An API's credential for introspection.
    ApiSecret,
    /// The id of a backchannel authentication request (CIBA).
    AuthReqId,
    /// An authorization code.
    AuthorizationCode,
    /// A client's secret.
    ClientSecret,
    /// A device code (RFC 8628).
    DeviceCode,
    /// The link that proves a new address of an account.
    EmailChange,
    /// The link that signs in by mail.
    EmailCode,
    /// The link that takes an address back.
    EmailUndo,
    /// What lets a program register itself as a client (RFC 7591 §3).
    InitialAccessToken,
    /// An invitation to make an account.
    Invitation,
    /// A sign-in on a page of a client, on its way to the authorization endpoint.
    LoginTicket,
    /// The link by which somebody says that it was not them.
    NotMe,
    /// A password-reset link.
    PasswordReset,
    /// A pushed authorization request: the end of its `request_uri`.
    PushedRequest,
    /// A refresh token.
    RefreshToken,
    /// What opens a client's own registration (RFC 7592 §3).
    RegistrationAccessToken,
    /// A browser session's cookie.
    Session,
    /// An access token that is looked up: the session of a user at one API.
    SessionValue,
    /// The link that creates the first administrator.
    Setup,
    /// The link that proves an address.
    SignUp,
}

impl TokenKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::ApiSecret,
        Self::AuthReqId,
        Self::AuthorizationCode,
        Self::ClientSecret,
        Self::DeviceCode,
        Self::EmailChange,
        Self::EmailCode,
        Self::EmailUndo,
        Self::InitialAccessToken,
        Self::Invitation,
        Self::LoginTicket,
        Self::NotMe,
        Self::PasswordReset,
        Self::PushedRequest,
        Self::RefreshToken,
        Self::RegistrationAccessToken,
        Self::Session,
        Self::SessionValue,
        Self::Setup,
        Self::SignUp,
    ];

    /// What the text starts with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::ApiSecret => "sym_as_",
            Self::AuthReqId => "sym_aq_",
            Self::AuthorizationCode => "sym_ac_",
            Self::ClientSecret => "sym_cs_",
            Self::DeviceCode => "sym_dc_",
            Self::EmailChange => "sym_ep_",
            Self::EmailCode => "sym_em_",
            Self::EmailUndo => "sym_eu_",
            Self::InitialAccessToken => "sym_ia_",
            Self::Invitation => "sym_in_",
            Self::LoginTicket => "sym_lt_",
            Self::NotMe => "sym_nm_",
            Self::PasswordReset => "sym_pr_",
            Self::PushedRequest => "sym_rq_",
            Self::RefreshToken => "sym_rt_",
            Self::RegistrationAccessToken => "sym_ra_",
            Self::Session => "sym_se_",
            Self::SessionValue => "sym_sv_",
            Self::Setup => "sym_su_",
            Self::SignUp => "sym_si_",
        }
    }
}

/// The text is not a secret of that kind: wrong prefix, length, alphabet or checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAToken;

impl fmt::Display for NotAToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a well-formed secret of this kind")
    }
}

impl std::error::Error for NotAToken {}

/// An opaque secret. No `Display`, no `Serialize`; wiped when dropped.
///
/// ```
/// # use symbolon_oauth::{OpaqueToken, Rng, TokenKind};
/// # struct Seeded(u8);
/// # impl Rng for Seeded { fn fill(&mut self, bytes: &mut [u8]) { for b in bytes { self.0 = self.0.wrapping_add(7); *b = self.0; } } }
/// let token = OpaqueToken::generate(TokenKind::RefreshToken, &mut Seeded(1));
/// assert!(token.reveal().starts_with("sym_rt_"));
/// assert_eq!(format!("{token:?}"), "OpaqueToken(RefreshToken, ..)");
/// assert!(OpaqueToken::parse(TokenKind::AuthorizationCode, token.reveal()).is_err());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct OpaqueToken {
    kind: TokenKind,
    text: Zeroizing<String>,
}

impl OpaqueToken {
    /// A new one of 256 random bits.
    #[must_use]
    pub fn generate(kind: TokenKind, rng: &mut dyn Rng) -> Self {
        Self::with(kind, "", rng)
    }

    /// A new refresh token that names its family. An id that no [`random_id`](crate::random_id) made is not named.
    ///
    /// ```
    /// # use symbolon_oauth::{OpaqueToken, Rng};
    /// # struct Seeded(u8);
    /// # impl Rng for Seeded { fn fill(&mut self, bytes: &mut [u8]) { for b in bytes { self.0 = self.0.wrapping_add(7); *b = self.0; } } }
    /// let token = OpaqueToken::of_family("AAECAwQFBgcICQoLDA0ODw", &mut Seeded(1));
    /// assert_eq!(token.family(), Some("AAECAwQFBgcICQoLDA0ODw"));
    /// assert_eq!(OpaqueToken::of_family("the first", &mut Seeded(1)).family(), None);
    /// ```
    #[must_use]
    pub fn of_family(family_id: &str, rng: &mut dyn Rng) -> Self {
        Self::with(TokenKind::RefreshToken, if is_family(family_id) { family_id } else { "" }, rng)
    }

    /// A client's secret that is long enough to be a key for HS512.
    ///
    /// ```
    /// # use symbolon_oauth::{OpaqueToken, Rng, TokenKind};
    /// # struct Seeded(u8);
    /// # impl Rng for Seeded { fn fill(&mut self, bytes: &mut [u8]) { for b in bytes { self.0 = self.0.wrapping_add(7); *b = self.0; } } }
    /// let secret = OpaqueToken::secret_as_key(&mut Seeded(1));
    /// assert!(secret.reveal().len() >= 64);
    /// assert!(OpaqueToken::parse(TokenKind::ClientSecret, secret.reveal()).is_ok());
    /// ```
    #[must_use]
    pub fn secret_as_key(rng: &mut dyn Rng) -> Self {
        let mut bytes = [0_u8; 32];
        rng.fill(&mut bytes);
        let second = Zeroizing::new(base64url::encode(&bytes));
        bytes.zeroize();
        Self::with(TokenKind::ClientSecret, &second, rng)
    }

    fn with(kind: TokenKind, more: &str, rng: &mut dyn Rng) -> Self {
        let mut bytes = [0_u8; 32];
        rng.fill(&mut bytes);
        let body = Zeroizing::new(base64url::encode(&bytes));
        bytes.zeroize();
        let mut text = Zeroizing::new(String::with_capacity(112));
        text.push_str(kind.prefix());
        text.push_str(&body);
        text.push_str(more);
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Self { kind, text }
    }

    /// Takes a presented text if it is well-formed for that kind; it may still be unknown.
    pub fn parse(kind: TokenKind, text: &str) -> Result<Self, NotAToken> {
        let rest = text.strip_prefix(kind.prefix()).ok_or(NotAToken)?;
        let more = rest.len().checked_sub(BODY_LEN + CHECKSUM_LEN).ok_or(NotAToken)?;
        let extra = match kind {
            TokenKind::ClientSecret => BODY_LEN,
            TokenKind::RefreshToken => FAMILY_LEN,
            _ => 0,
        };
        if !rest.is_ascii() || more != 0 && more != extra {
            return Err(NotAToken);
        }
        let (signed, sum) = text.split_at(text.len() - CHECKSUM_LEN);
        let body = Zeroizing::new(base64url::decode(&rest[..BODY_LEN]).map_err(|_| NotAToken)?);
        let behind = &rest[BODY_LEN..][..more];
        let is_whole = body.len() == 32 && (more == 0 || is_family(behind) || is_body(behind));
        if is_whole && checksum(signed) == sum {
            Ok(Self { kind, text: Zeroizing::new(text.to_owned()) })
        } else {
            Err(NotAToken)
        }
    }

    /// What it is for.
    #[must_use]
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The family that a refresh token names. Whoever has seen one token of it could make another text that does: nothing but the family's
    /// end may follow from this.
    #[must_use]
    pub fn family(&self) -> Option<&str> {
        let start = self.kind.prefix().len() + BODY_LEN;
        self.text.get(start..start + FAMILY_LEN).filter(|_| self.kind == TokenKind::RefreshToken)
    }

    /// The text itself, for the one answer or cookie that carries it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text: what is stored and looked up.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        symbolon_jose::sha256(self.text.as_bytes())
    }
}

impl fmt::Debug for OpaqueToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, text: _ } = self;
        write!(f, "OpaqueToken({kind:?}, ..)")
    }
}

fn is_body(text: &str) -> bool {
    text.len() == BODY_LEN && base64url::decode(text).is_ok_and(|bytes| Zeroizing::new(bytes).len() == 32)
}

fn is_family(text: &str) -> bool {
    text.len() == FAMILY_LEN && base64url::decode(text).is_ok_and(|bytes| bytes.len() == 16)
}

/// CRC-32 (IEEE 802.3) in six digits of base 62, most significant first. An error check, not a security one.
fn checksum(text: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut crc = u32::MAX;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    let mut rest = !crc;
    let mut digits = [0_u8; CHECKSUM_LEN];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestRng;
    use proptest::prelude::*;

    fn sample(kind: TokenKind) -> OpaqueToken {
        OpaqueToken::generate(kind, &mut TestRng::new(7))
    }

    #[test]
    fn crc_is_the_well_known_one() {
        // CRC-32 of "123456789" is 0xCBF43926.
        let mut rest = 0xCBF4_3926_u32;
        let mut digits = Vec::new();
        for _ in 0..6 {
            digits.push(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[(rest % 62) as usize]);
            rest /= 62;
        }
        digits.reverse();
        assert_eq!(checksum("123456789").as_bytes(), digits);
    }

    #[test]
    fn what_is_generated_is_accepted_as_its_own_kind_only() {
        for kind in TokenKind::ALL {
            let token = sample(*kind);
            for other in TokenKind::ALL {
                assert_eq!(OpaqueToken::parse(*other, token.reveal()).is_ok(), kind == other);
            }
        }
    }

    #[test]
    fn truncated_extended_and_nul_terminated_tokens_are_refused_cve_2026_27840() {
        let text = sample(TokenKind::RefreshToken).reveal().to_owned();
        for len in 0..text.len() {
            assert!(OpaqueToken::parse(TokenKind::RefreshToken, &text[..len]).is_err());
        }
        for bad in [
            format!("{text}A"),
            format!("{text}\0"),
            format!(" {text}"),
            text.to_uppercase(),
            text.to_lowercase(),
            text.replace("sym_rt_", "sym_ac_"),
        ] {
            assert!(OpaqueToken::parse(TokenKind::RefreshToken, &bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_a_refresh_token_names_a_family_and_it_cannot_be_cut_off_or_changed() {
        const FAMILY: &str = "AAECAwQFBgcICQoLDA0ODw";
        let token = OpaqueToken::of_family(FAMILY, &mut TestRng::new(7));
        let text = token.reveal();
        assert_eq!((text.len(), token.family()), (78, Some(FAMILY)));
        let parsed = OpaqueToken::parse(TokenKind::RefreshToken, text).unwrap();
        assert_eq!((parsed.family(), parsed.hash()), (Some(FAMILY), token.hash()));
        for bad in [
            text.replace(FAMILY, ""),
            text.replace(FAMILY, "AAECAwQFBgcICQoLDA0ODx"),
            text.replace(FAMILY, "ABECAwQFBgcICQoLDA0ODw"),
            text.replace("sym_rt_", "sym_se_"),
            text[..56].to_owned(),
        ] {
            assert!(OpaqueToken::parse(TokenKind::RefreshToken, &bad).is_err(), "{bad}");
        }
        let foreign = format!("sym_se_{}", &text[7..72]);
        let foreign = format!("{foreign}{}", checksum(&foreign));
        assert!(OpaqueToken::parse(TokenKind::Session, &foreign).is_err());
        assert_eq!(sample(TokenKind::RefreshToken).family(), None);
    }

    #[test]
    fn a_secret_that_is_a_key_has_512_bits_and_is_whole_or_refused() {
        let secret = OpaqueToken::secret_as_key(&mut TestRng::new(7));
        let text = secret.reveal();
        assert_eq!((text.len(), secret.family()), (99, None));
        assert!(OpaqueToken::parse(TokenKind::ClientSecret, text).is_ok());
        for len in 0..text.len() {
            assert!(OpaqueToken::parse(TokenKind::ClientSecret, &text[..len]).is_err());
        }
        assert!(OpaqueToken::parse(TokenKind::ApiSecret, &text.replace("sym_cs_", "sym_as_")).is_err());
        assert_ne!(text[7..50], text[50..93], "two halves of their own");
    }

    #[test]
    fn debug_never_shows_the_secret() {
        let token = sample(TokenKind::ClientSecret);
        assert!(!format!("{token:?}").contains(&token.reveal()[7..]));
    }

    proptest! {
        #[test]
        fn any_changed_character_is_refused(at in 0_usize..56, to in "[A-Za-z0-9_-]") {
            let text = sample(TokenKind::AuthorizationCode).reveal().to_owned();
            let mut changed = text.clone();
            changed.replace_range(at..=at, &to);
            prop_assert_eq!(OpaqueToken::parse(TokenKind::AuthorizationCode, &changed).is_ok(), changed == text);
        }

        #[test]
        fn nothing_makes_the_parser_panic(text in ".{0,80}") {
            let _ = OpaqueToken::parse(TokenKind::Session, &text);
            let _ = OpaqueToken::parse(TokenKind::Session, &format!("sym_se_{text}"));
        }
    }
}
