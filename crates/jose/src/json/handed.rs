//! Values that have been read already, handed on to a type.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::de::value::{BorrowedStrDeserializer, CowStrDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::Text;

/// What can be handed on.
pub(crate) trait Hand<'de>: Sized {
    /// Shows it to `visitor`.
    fn hand<V: Visitor<'de>, E: Error>(self, visitor: V) -> Result<V::Value, E>;

    /// The same where the type is an enum: only a text names one of its variants.
    fn hand_variant<V: Visitor<'de>, E: Error>(self, visitor: V) -> Result<V::Value, E> {
        self.hand(visitor)
    }
}

impl<'de> Hand<'de> for &'de str {
    fn hand<V: Visitor<'de>, E: Error>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_borrowed_str(self)
    }

    fn hand_variant<V: Visitor<'de>, E: Error>(self, visitor: V) -> Result<V::Value, E> {
        BorrowedStrDeserializer::new(self).deserialize_enum("", &[], visitor)
    }
}

impl<'de> Hand<'de> for Cow<'de, str> {
    fn hand<V: Visitor<'de>, E: Error>(self, visitor: V) -> Result<V::Value, E> {
        match self {
            Self::Borrowed(text) => visitor.visit_borrowed_str(text),
            Self::Owned(text) => visitor.visit_string(text),
        }
    }

    fn hand_variant<V: Visitor<'de>, E: Error>(self, visitor: V) -> Result<V::Value, E> {
        CowStrDeserializer::new(self).deserialize_enum("", &[], visitor)
    }
}

impl<'de> Hand<'de> for u64 {
    fn hand<V: Visitor<'de>, E: Error>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_u64(self)
    }
}

impl<'de> Hand<'de> for &[Text<'de>] {
    fn hand<V: Visitor<'de>, E: Error>(self, visitor: V) -> Result<V::Value, E> {
        let mut list = SeqDeserializer::new(self.iter().map(|text| Handed::new(text.0.clone())));
        let value = visitor.visit_seq(&mut list)?;
        // Nothing is left over: a type that takes one of several must not get the first.
        list.end()?;
        Ok(value)
    }
}

/// The deserializer of such a value.
pub(crate) struct Handed<T, E> {
    value: T,
    error: PhantomData<E>,
}

impl<T, E> Handed<T, E> {
    pub(crate) fn new(value: T) -> Self {
        Self { value, error: PhantomData }
    }
}

impl<'de, T: Hand<'de>, E: Error> IntoDeserializer<'de, E> for Handed<T, E> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de, T: Hand<'de>, E: Error> Deserializer<'de> for Handed<T, E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        self.value.hand(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, E> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        self.value.hand_variant(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}
