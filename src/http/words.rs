//! How words of the kernel look in parameters and answers.
//!
//! With this a handler takes `Path<CloneId>` and a view holds `id: CloneId` and
//! `created_at: Timestamp`. A body read by serde can hold identifiers as well, but no
//! [`Timestamp`]: serde writes it as a number, because rows do.

use std::borrow::Cow;

use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{
    ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type,
};
use serde_json::Value;

use crate::kernel::{FuzzyDate, Id, Timestamp};

/// Makes a type a string of some format in the API.
macro_rules! text_type {
    ([$($of:tt)*] $word:ty, $name:literal, $format:literal, $parse:expr) => {
        impl<$($of)*> Type for $word {
            const IS_REQUIRED: bool = true;
            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> Cow<'static, str> {
                $name.into()
            }

            fn schema_ref() -> MetaSchemaRef {
                MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", $format)))
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }

        impl<$($of)*> ToJSON for $word {
            fn to_json(&self) -> Option<Value> {
                Some(Value::String(self.to_string()))
            }
        }

        impl<$($of)*> ParseFromParameter for $word {
            fn parse_from_parameter(text: &str) -> ParseResult<Self> {
                let parse: fn(&str) -> Option<Self> = $parse;
                parse(text).ok_or_else(|| ParseError::custom(concat!("not a ", $name)))
            }
        }

        impl<$($of)*> ParseFromJSON for $word {
            fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
                match value {
                    Some(Value::String(text)) => Self::parse_from_parameter(&text),
                    other => Err(ParseError::expected_type(other.unwrap_or_default())),
                }
            }
        }
    };
}

text_type!([T: 'static] Id<T>, "uuid", "uuid", |text| text.parse().ok());
text_type!([] Timestamp, "date-time", "date-time", |text| {
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(Self(moment.as_microsecond()))
});
text_type!([] FuzzyDate, "EDTF date", "edtf", |text| text.parse().ok());

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::CloneId;

    #[test]
    fn words_are_strings_that_read_back() {
        let id = CloneId::fresh();
        assert_eq!(id.to_json(), Some(Value::String(id.to_string())));
        assert_eq!(CloneId::parse_from_json(id.to_json()).ok(), Some(id));
        assert!(CloneId::parse_from_parameter("7").is_err());
        let moment = Timestamp(1_700_000_000_123_456);
        let text = moment.to_string();
        assert_eq!(text, "2023-11-14T22:13:20.123456Z");
        assert_eq!(Timestamp::parse_from_parameter(&text).ok(), Some(moment));
        assert!(FuzzyDate::parse_from_parameter("1962-07~").is_ok());
    }
}
