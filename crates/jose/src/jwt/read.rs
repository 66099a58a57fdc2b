//! One pass over the claims: into the caller's type, and past the policy's eyes.
//!
//! Every claim goes to the caller's type as it is read. The registered ones are read first by us, in their own types, and handed
//! on; so `exp` is checked even where the caller's type does not have it, and a wrong type is an error in any case.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::Error;
use crate::json::{self, Admit, Context, Handed, Limits, NameSeed, Names, StrictSeed, Text, TextVisitor};

/// The latest time we take for one: the end of the year 9999, in Unix seconds.
pub const MAX_NUMERIC_DATE: u64 = 253_402_300_799;

/// The registered claims as they stand in the token; times in whole Unix seconds, fractions dropped.
#[derive(Default)]
pub(super) struct Registered<'de> {
    pub(super) iss: Option<Cow<'de, str>>,
    pub(super) aud: Recipients<'de>,
    pub(super) exp: Option<u64>,
    pub(super) nbf: Option<u64>,
    pub(super) iat: Option<u64>,
    names: Names<'de>,
    /// One bit per claim we know.
    known: u8,
    saw_object: bool,
}

impl Registered<'_> {
    /// Whether the token has a claim of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        match Claim::named(name) {
            Claim::Other => self.names.contains(name),
            claim => self.known & claim.bit() != 0,
        }
    }
}

/// Reads the claims of a token whose signature has been verified into `claims`; `registered` starts empty.
///
/// Into a place and not as a value: claims are large, and every `Result` on their way would be another copy of them.
pub(super) fn read<'de, C: Deserialize<'de>>(
    payload: &'de [u8],
    registered: &mut Registered<'de>,
    claims: &mut Option<C>,
) -> Result<(), Error> {
    let result = json::parse_with(payload, Limits::CLAIMS, |de, context| {
        *claims = Some(C::deserialize(Top { de, registered: &mut *registered, context })?);
        Ok(())
    });
    match result {
        // RFC 7519 §7.2: the claims set is a JSON object, whatever the caller's type would take.
        Ok(()) | Err(Error::JsonShape) if !registered.saw_object => Err(Error::ClaimsNotObject),
        result => result,
    }
}

/// The outermost object.
struct Top<'r, 'g, 'de, D> {
    de: D,
    registered: &'r mut Registered<'de>,
    context: Context<'g>,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Top<'_, '_, 'de, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.de.deserialize_map(TopVisitor { visitor, registered: self.registered, context: self.context })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct TopVisitor<'r, 'g, 'de, V> {
    visitor: V,
    registered: &'r mut Registered<'de>,
    context: Context<'g>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for TopVisitor<'_, '_, 'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.registered.saw_object = true;
        self.visitor.visit_map(TopMap {
            map,
            registered: self.registered,
            context: self.context.deeper()?,
            claim: Claim::Other,
        })
    }
}

/// Which claim comes next.
#[derive(Clone, Copy)]
enum Claim {
    Aud,
    Exp,
    Iat,
    Iss,
    Jti,
    Nbf,
    Sub,
    Other,
}

impl Claim {
    /// As bytes: all of them have three, and a match on texts would compare one after the other.
    #[inline]
    fn named(name: &str) -> Self {
        match name.as_bytes() {
            b"aud" => Self::Aud,
            b"exp" => Self::Exp,
            b"iat" => Self::Iat,
            b"iss" => Self::Iss,
            b"jti" => Self::Jti,
            b"nbf" => Self::Nbf,
            b"sub" => Self::Sub,
            _ => Self::Other,
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

struct TopMap<'r, 'g, 'de, A> {
    map: A,
    registered: &'r mut Registered<'de>,
    context: Context<'g>,
    claim: Claim,
}

impl<'de, A: MapAccess<'de>> TopMap<'_, '_, 'de, A> {
    /// Reads the value of a registered claim; whatever goes wrong there, the claim is malformed.
    fn value<T: Deserialize<'de>>(&mut self, name: &'static str) -> Result<T, A::Error> {
        let context = self.context;
        (self.map.next_value()).map_err(|_| context.refuse(Error::ClaimInvalid(name)))
    }

    fn time(&mut self, name: &'static str) -> Result<u64, A::Error> {
        let context = self.context;
        let seconds: Seconds = self.map.next_value().map_err(|_| context.refuse(Error::ClaimNotNumber(name)))?;
        seconds.0.ok_or_else(|| context.refuse(Error::ClaimOutOfRange(name)))
    }

    /// The same for a text, which goes to the caller's type without a stop: what is wrong there is not the claim.
    fn text<S: DeserializeSeed<'de>>(&mut self, name: &'static str, seed: S) -> Result<S::Value, A::Error> {
        let (context, mut is_text) = (self.context, false);
        let keep = (name == "iss").then_some(&mut self.registered.iss);
        let seed = TextSeed { seed, is_text: &mut is_text, keep };
        let value = self.map.next_value_seed(seed);
        value.map_err(|error| if is_text { error } else { context.refuse(Error::ClaimInvalid(name)) })
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for TopMap<'_, '_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let admit = Note { registered: self.registered, context: self.context, claim: &mut self.claim };
        self.map.next_key_seed(NameSeed { seed, admit })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match self.claim {
            Claim::Other => {
                let context = self.context;
                self.map.next_value_seed(StrictSeed { seed, context })
            }
            Claim::Aud => {
                self.registered.aud = self.value("aud")?;
                match &self.registered.aud {
                    Recipients::One(one) => seed.deserialize(Handed::new(one.0.clone())),
                    Recipients::Many(many) => seed.deserialize(Handed::new(many.as_slice())),
                }
            }
            Claim::Iss => self.text("iss", seed),
            Claim::Jti => self.text("jti", seed),
            Claim::Sub => self.text("sub", seed),
            Claim::Exp => {
                let exp = self.time("exp")?;
                seed.deserialize(Handed::new(*self.registered.exp.insert(exp)))
            }
            Claim::Iat => {
                let iat = self.time("iat")?;
                seed.deserialize(Handed::new(*self.registered.iat.insert(iat)))
            }
            Claim::Nbf => {
                let nbf = self.time("nbf")?;
                seed.deserialize(Handed::new(*self.registered.nbf.insert(nbf)))
            }
        }
    }

    fn size_hint(&self) -> Option<usize> {
        self.map.size_hint()
    }
}

/// Admits every name once and notes which claim it is.
struct Note<'n, 'g, 'de> {
    registered: &'n mut Registered<'de>,
    context: Context<'g>,
    claim: &'n mut Claim,
}

impl<'de> Admit<'de> for Note<'_, '_, 'de> {
    fn admit<E: serde::de::Error>(self, name: &Cow<'de, str>) -> Result<(), E> {
        let Self { registered, context, claim } = self;
        *claim = Claim::named(name);
        match *claim {
            Claim::Other => registered.names.admit(name, context),
            // Of a claim we know one bit says whether it was there.
            known if registered.known & known.bit() != 0 => Err(context.refuse(Error::JsonDuplicateMember)),
            known => {
                registered.known |= known.bit();
                registered.names.pass(context)
            }
        }
    }
}

/// Reads a text and hands it on; keeps it where the policy wants to see it.
struct TextSeed<'k, 'de, S> {
    seed: S,
    is_text: &'k mut bool,
    keep: Option<&'k mut Option<Cow<'de, str>>>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for TextSeed<'_, 'de, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for TextSeed<'_, 'de, S> {
    type Value = S::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<S::Value, E> {
        *self.is_text = true;
        if let Some(keep) = self.keep {
            *keep = Some(Cow::Borrowed(text));
        }
        self.seed.deserialize(Handed::new(text))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<S::Value, E> {
        *self.is_text = true;
        let text: Cow<'de, str> = Cow::Owned(text.to_owned());
        if let Some(keep) = self.keep {
            *keep = Some(text.clone());
        }
        self.seed.deserialize(Handed::new(text))
    }
}

/// RFC 7519 §4.1.3: a string or an array of strings.
pub(super) enum Recipients<'de> {
    One(Text<'de>),
    Many(Vec<Text<'de>>),
}

impl<'de> Recipients<'de> {
    pub(super) fn as_slice(&self) -> &[Text<'de>] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl Default for Recipients<'_> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<'de> Deserialize<'de> for Recipients<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RecipientsVisitor)
    }
}

struct RecipientsVisitor;

impl<'de> Visitor<'de> for RecipientsVisitor {
    type Value = Recipients<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array of strings")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, one: &'de str) -> Result<Self::Value, E> {
        TextVisitor.visit_borrowed_str(one).map(Text).map(Recipients::One)
    }

    fn visit_str<E: serde::de::Error>(self, one: &str) -> Result<Self::Value, E> {
        TextVisitor.visit_str(one).map(Text).map(Recipients::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut many = Vec::new();
        while let Some(one) = seq.next_element()? {
            many.push(one);
        }
        Ok(Recipients::Many(many))
    }
}

/// RFC 7519 §2, NumericDate: a JSON number from 0 to the year 9999; the fraction is dropped. `None` is a number beyond that.
struct Seconds(Option<u64>);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecondsVisitor)
    }
}

struct SecondsVisitor;

impl Visitor<'_> for SecondsVisitor {
    type Value = Seconds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds since 1970")
    }

    fn visit_u64<E>(self, seconds: u64) -> Result<Seconds, E> {
        Ok(Seconds((seconds <= MAX_NUMERIC_DATE).then_some(seconds)))
    }

    fn visit_i64<E>(self, seconds: i64) -> Result<Seconds, E> {
        Ok(Seconds(seconds.try_into().ok().filter(|seconds| *seconds <= MAX_NUMERIC_DATE)))
    }

    fn visit_f64<E>(self, seconds: f64) -> Result<Seconds, E> {
        Ok(Seconds(seconds_from(seconds)))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "between 0 and the year 9999 a double holds every whole second; dropping the fraction is what is wanted"
)]
fn seconds_from(number: f64) -> Option<u64> {
    (0.0..=MAX_NUMERIC_DATE as f64).contains(&number).then_some(number as u64)
}
