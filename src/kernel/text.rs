//! Text whose length was checked once, at the edge.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::fault::FieldProblem;

/// Text of at least `MIN` and at most `MAX` Unicode code points, without control characters
/// other than line breaks and tabs; surrounding white space is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

/// Why a text was refused; the text itself is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Fewer visible characters than needed.
    #[error("must have at least {0} characters")]
    Short(usize),
    /// More characters than allowed.
    #[error("must have at most {0} characters")]
    Long(usize),
    /// A control character such as NUL.
    #[error("must not contain control characters")]
    Control,
}

impl From<TextError> for FieldProblem {
    fn from(error: TextError) -> Self {
        match error {
            // Nearly always there is nothing at all.
            TextError::Short(1) => Self::Required,
            TextError::Short(_) => Self::TooShort,
            TextError::Long(_) => Self::TooLong,
            TextError::Control => Self::Malformed,
        }
    }
}

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// Checks a text.
    ///
    /// # Errors
    /// When it is too short (white space does not count), too long, or has control characters.
    pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
        let text = text.into();
        // A byte is at most a code point, so this bound is checked without walking a huge text.
        if text.len() > MAX.saturating_mul(4) || code_points(&text) > MAX {
            return Err(TextError::Long(MAX));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(TextError::Control);
        }
        if MIN > 0 && code_points(text.trim()) < MIN {
            return Err(TextError::Short(MIN));
        }
        Ok(Self(text))
    }

    /// The text, given up by its wrapper.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MAX: usize> From<Text<1, MAX>> for Text<0, MAX> {
    fn from(text: Text<1, MAX>) -> Self {
        Self(text.0)
    }
}

impl<const MAX: usize> Default for Text<0, MAX> {
    fn default() -> Self {
        Self(String::new())
    }
}

impl<const MIN: usize, const MAX: usize> Deref for Text<MIN, MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// How many Unicode code points a text has; the unit of all lengths and positions in the API.
pub fn code_points(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_code_points_not_bytes() {
        assert!(Text::<1, 3>::new("äöü").is_ok());
        assert!(Text::<1, 3>::new("👩🏽‍🚀").is_err());
        assert!(Text::<1, 4>::new("👩🏽‍🚀").is_ok());
    }

    #[test]
    fn blank_text_is_short_and_nul_is_refused() {
        assert_eq!(Text::<1, 9>::new(" \n "), Err(TextError::Short(1)));
        assert_eq!(Text::<0, 9>::new("a\0b"), Err(TextError::Control));
        assert_eq!(Text::<0, 2>::new("abc"), Err(TextError::Long(2)));
    }
}
