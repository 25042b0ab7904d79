//! Text forms in the product's JSON: how values are written, and with which code an invalid text is refused.

use core::fmt::Display;

use serde::de;

use crate::code::Code;

/// A serde error that carries a code of its own; `refusal` recovers it.
pub fn refuse<E: de::Error>(code: Code, detail: impl Display) -> E {
    E::custom(format_args!("{code}: {detail}"))
}

/// The code and detail of a serde error: `value_invalid`, unless the error carries another code.
pub fn refusal(error: &str) -> (Code, &str) {
    let coded = error.split_once(": ").and_then(|(code, detail)| Some((Code::parse(code)?, detail)));
    coded.unwrap_or((Code::ValueInvalid, error))
}

/// Implements deserialization by parsing text; an invalid text is refused with the code.
macro_rules! read_as_text {
    ($name:ident, or $code:ident, |$text:ident| $parsed:expr) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                let $text = text.as_str();
                $parsed.map_err(|detail| crate::api::refuse(crate::code::Code::$code, detail))
            }
        }
    };
}

/// Implements serialization as text.
macro_rules! write_as_text {
    ($name:ident) => {
        crate::api::schema_of_text! { $name }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

/// The OpenAPI schema of a type that is text: one of these names, if it has names.
macro_rules! schema_of_text {
    ($name:ident $(, one of $names:expr)?) => {
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let schema = utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String);
                $(let schema = schema.enum_values(Some($names));)?
                schema.into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}

pub(crate) use {read_as_text, schema_of_text, write_as_text};

#[cfg(test)]
mod tests {
    use serde::{Deserialize, de::IntoDeserializer};

    use super::*;
    use crate::{
        ids::{AccountId, ConversationId, MessageId},
        model::{Role, WhoPolicy},
    };

    #[track_caller]
    fn check<'de, T: Deserialize<'de>>(text: &'static str, code: Code, detail: &str) {
        let deserializer: de::value::StrDeserializer<'_, de::value::Error> = text.into_deserializer();
        let error = T::deserialize(deserializer).err().expect("the text is refused").to_string();
        let (found, said) = refusal(&error);
        assert_eq!(found, code);
        assert!(said.starts_with(detail), "{said}");
    }

    #[test]
    fn a_refused_text_has_its_code_and_names_what_it_is_not() {
        check::<ConversationId>("nope", Code::IdInvalid, "conversation id `nope` must be 26");
        check::<AccountId>("no spaces", Code::IdInvalid, "account id `no spaces` must be");
        check::<MessageId>("x.ada", Code::IdInvalid, "message id `x.ada` must be 26");
        check::<Role>("a/b", Code::RoleUnknown, "no role can be called that");
        check::<WhoPolicy>("everybody", Code::ValueInvalid, "unknown WhoPolicy");
    }

    #[test]
    fn an_error_without_a_code_is_of_the_value() {
        assert_eq!(refusal("invalid type: boolean"), (Code::ValueInvalid, "invalid type: boolean"));
    }
}
