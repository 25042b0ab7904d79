//! Enums whose variants have a stable name: the one written in documents, frames, SQL and TypeScript. What a
//! variant means is left to the enum.

/// Declares a fieldless enum with `as_str`, `parse`, `ALL` and `Display`, encoded in CBOR, JSON and TypeScript
/// as the name. A newer version may have written it, so in CBOR a name that this version does not know reads as
/// `Unknown`. A `closed` enum has no such variant: it is part of keys, which are unknown as a whole, or is
/// never read at all.
macro_rules! named {
    ($(#[$meta:meta])* closed $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        crate::named::named! { @enum $(#[$meta])* $name { $($(#[$variant_meta])* $variant = $text,)+ } }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(decoder: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                $name::parse(decoder.str()?).ok_or_else(|| {
                    minicbor::decode::Error::message(concat!("unknown ", stringify!($name)))
                })
            }
        }
    };
    (@enum $(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }
        $($(#[$other_meta:meta])* $other:ident = $other_text:literal,)?) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "ts", derive(tsify::Tsify))]
        pub enum $name {
            $($(#[$variant_meta])* #[cfg_attr(feature = "ts", serde(rename = $text))] $variant,)+
            $($(#[$other_meta])* #[cfg_attr(feature = "ts", serde(rename = $other_text))] $other,)?
        }

        impl $name {
            /// Every variant that this version knows, in declaration order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)+ $($name::$other => $other_text,)? }
            }

            /// The variant of this name, if there is one.
            pub fn parse(name: &str) -> Option<$name> {
                match name {
                    $($text => Some($name::$variant),)+
                    $($other_text => Some($name::$other),)?
                    _ => None,
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        crate::api::schema_of_text! { $name, one of $name::ALL.iter().map(|name| name.as_str()) }

        crate::api::read_as_text! { $name, or ValueInvalid, |name| {
            $name::parse(name).ok_or(concat!("unknown ", stringify!($name)))
        } }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                encoder: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                encoder.str(self.as_str())?.ok()
            }
        }
    };
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        crate::named::named! {
            @enum $(#[$meta])* $name { $($(#[$variant_meta])* $variant = $text,)+ }
            /// A name from a newer version. Only written when passing on what was received.
            Unknown = "unknown",
        }

        impl $name {
            /// The variant of this name; `Unknown` if this version knows none.
            pub fn read(name: &str) -> $name {
                $name::parse(name).unwrap_or($name::Unknown)
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(decoder: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                decoder.str().map($name::read)
            }
        }
    };
}

pub(crate) use named;
