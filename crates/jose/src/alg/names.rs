//! What every table of algorithms has: names on the wire, both ways, and what is behind each.

/// Declares an enum of algorithms with `ALL`, `name`, `from_name`, `Display`, serde by the name, and what is behind each name.
macro_rules! names {
    ($(#[$doc:meta])* $type:ident, $of:ident -> $behind:ty { $($name:ident = $wire:literal, $value:expr;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[expect(missing_docs, reason = "the names are the standards'")]
        pub enum $type {
            $(#[serde(rename = $wire)] $name,)+
        }

        impl $type {
            /// Every one, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name on the wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $wire,)+
                }
            }

            /// The one of exactly that name, case-sensitive (RFC 7515 §4.1.1).
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($wire => Some(Self::$name),)+
                    _ => None,
                }
            }

            pub(crate) const fn $of(self) -> $behind {
                match self {
                    $(Self::$name => $value,)+
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

pub(super) use names;
