//! The layer between a JSON parser and a type: every object and array passes through it.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::{Handed, Limits, Names};
use crate::Error;

/// Holds the limits and the first cause of a refusal, which serde's errors cannot carry.
pub(crate) struct Guard {
    limits: Limits,
    cause: Cell<Option<Error>>,
}

impl Guard {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, cause: Cell::new(None) }
    }

    /// Our own cause, if there is one.
    pub(crate) fn refused(&self) -> Option<Error> {
        self.cause.get()
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context { guard: self, depth: self.limits.max_depth }
    }

    /// Our own cause if there is one, otherwise the parser's, without its text: that may quote the input.
    pub(crate) fn cause(&self, error: &serde_json::Error) -> Error {
        self.cause.get().unwrap_or(if error.is_data() { Error::JsonShape } else { Error::JsonSyntax })
    }
}

/// Where in the value we are: the limits and how much deeper it may go.
#[derive(Clone, Copy)]
pub(crate) struct Context<'g> {
    guard: &'g Guard,
    depth: usize,
}

impl Context<'_> {
    /// Refuses for `cause`.
    #[cold]
    pub(crate) fn refuse<E: serde::de::Error>(self, cause: Error) -> E {
        if self.guard.cause.get().is_none() {
            self.guard.cause.set(Some(cause));
        }
        E::custom("refused")
    }

    /// Most members in one object.
    pub(super) fn max_members(self) -> usize {
        self.guard.limits.max_members
    }

    /// One level down.
    pub(crate) fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => Err(self.refuse(Error::JsonTooDeep)),
        }
    }
}

/// A deserializer that watches every object and array of another.
pub(crate) struct Strict<'g, D> {
    inner: D,
    context: Context<'g>,
}

impl<'g, D> Strict<'g, D> {
    pub(crate) fn new(inner: D, context: Context<'g>) -> Self {
        Self { inner, context }
    }

    fn visitor<V>(&self, visitor: V) -> StrictVisitor<'g, V> {
        StrictVisitor { visitor, context: self.context }
    }
}

macro_rules! forward {
    ($($method:ident ( $($argument:ident : $type:ty),* );)+) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            let visitor = self.visitor(visitor);
            self.inner.$method($($argument,)* visitor)
        })+
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<'_, D> {
    type Error = D::Error;

    forward! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
    }

    /// What the type ignores is still looked at: the parser's own way of skipping would let duplicates through.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_any(visitor)
    }

    /// serde_json's `RawValue` comes as a newtype of this name and would be handed text that nobody has looked at.
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        if name == "$serde_json::private::RawValue" {
            return Err(self.context.refuse(Error::JsonShape));
        }
        let visitor = self.visitor(visitor);
        self.inner.deserialize_newtype_struct(name, visitor)
    }

    /// A struct is an object. Derived types would also take an array with the fields in order: another spelling nobody asked for.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_map(visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

struct StrictVisitor<'g, V> {
    visitor: V,
    context: Context<'g>,
}

macro_rules! visit {
    ($($method:ident ( $($argument:ident : $type:ty)? );)+) => {
        $(fn $method<E: serde::de::Error>(self, $($argument: $type)?) -> Result<V::Value, E> {
            self.visitor.$method($($argument)?)
        })+
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for StrictVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    visit! {
        visit_bool(value: bool);
        visit_i8(value: i8);
        visit_i16(value: i16);
        visit_i32(value: i32);
        visit_i64(value: i64);
        visit_i128(value: i128);
        visit_u8(value: u8);
        visit_u16(value: u16);
        visit_u32(value: u32);
        visit_u64(value: u64);
        visit_u128(value: u128);
        visit_f32(value: f32);
        visit_f64(value: f64);
        visit_char(value: char);
        visit_str(value: &str);
        visit_borrowed_str(value: &'de str);
        visit_string(value: String);
        visit_bytes(value: &[u8]);
        visit_borrowed_bytes(value: &'de [u8]);
        visit_byte_buf(value: Vec<u8>);
        visit_none();
        visit_unit();
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Strict::new(inner, self.context))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Strict::new(inner, self.context))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let context = self.context.deeper()?;
        self.visitor.visit_seq(StrictAccess { inner, context })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let context = self.context.deeper()?;
        self.visitor.visit_map(StrictMap { map, names: Names::default(), context })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let context = self.context.deeper()?;
        self.visitor.visit_enum(StrictAccess { inner, context })
    }
}

/// A value behind a seed, watched like the rest.
pub(crate) struct StrictSeed<'g, S> {
    pub(crate) seed: S,
    pub(crate) context: Context<'g>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for StrictSeed<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.seed.deserialize(Strict::new(inner, self.context))
    }
}

/// Arrays and enums: only what is inside matters.
struct StrictAccess<'g, A> {
    inner: A,
    context: Context<'g>,
}

impl<'g, A> StrictAccess<'g, A> {
    fn seed<S>(&self, seed: S) -> StrictSeed<'g, S> {
        StrictSeed { seed, context: self.context }
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for StrictAccess<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let seed = self.seed(seed);
        self.inner.next_element_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, 'g, A: EnumAccess<'de>> EnumAccess<'de> for StrictAccess<'g, A> {
    type Error = A::Error;
    type Variant = StrictAccess<'g, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let context = self.context;
        let (value, inner) = self.inner.variant_seed(seed)?;
        Ok((value, StrictAccess { inner, context }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for StrictAccess<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.seed(seed);
        self.inner.newtype_variant_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let context = self.context;
        self.inner.tuple_variant(len, StrictVisitor { visitor, context })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let context = self.context;
        self.inner.struct_variant(fields, StrictVisitor { visitor, context })
    }
}

/// Objects: each name is admitted before the type sees it.
struct StrictMap<'g, 'de, A> {
    map: A,
    names: Names<'de>,
    context: Context<'g>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for StrictMap<'_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let admit = Once { names: &mut self.names, context: self.context };
        self.map.next_key_seed(NameSeed { seed, admit })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let context = self.context;
        self.map.next_value_seed(StrictSeed { seed, context })
    }

    fn size_hint(&self) -> Option<usize> {
        self.map.size_hint()
    }
}

/// Who looks at the name of a member before the type does.
#[expect(clippy::ptr_arg, reason = "what is kept is the input's own text, which lives longer than this borrow")]
pub(crate) trait Admit<'de> {
    fn admit<E: serde::de::Error>(self, name: &Cow<'de, str>) -> Result<(), E>;
}

/// Admits every name once.
struct Once<'n, 'g, 'de> {
    names: &'n mut Names<'de>,
    context: Context<'g>,
}

impl<'de> Admit<'de> for Once<'_, '_, 'de> {
    fn admit<E: serde::de::Error>(self, name: &Cow<'de, str>) -> Result<(), E> {
        self.names.admit(name, self.context)
    }
}

/// Reads a member name, has it admitted and hands it on.
pub(crate) struct NameSeed<S, A> {
    pub(crate) seed: S,
    pub(crate) admit: A,
}

impl<'de, S: DeserializeSeed<'de>, A: Admit<'de>> DeserializeSeed<'de> for NameSeed<S, A> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de, S: DeserializeSeed<'de>, A: Admit<'de>> Visitor<'de> for NameSeed<S, A> {
    type Value = S::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, name: &'de str) -> Result<S::Value, E> {
        self.admit.admit(&Cow::Borrowed(name))?;
        self.seed.deserialize(Handed::new(name))
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<S::Value, E> {
        let name = Cow::Owned(name.to_owned());
        self.admit.admit(&name)?;
        self.seed.deserialize(Handed::new(name))
    }
}
