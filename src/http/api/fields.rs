//! From what was sent to types that cannot be wrong, gathering everything that is.

use poem_openapi::types::MaybeUndefined as Patch;

use crate::accounts::NewPassword;
use crate::kernel::{
    Change, Fault, FieldFault, FieldProblem, FuzzyDate, Id, Network, Text, Timestamp,
};

/// The faults found so far in a request body.
#[derive(Default)]
pub struct Fields {
    prefix: String,
    faults: Vec<FieldFault>,
}

impl Fields {
    /// Fields below a pointer, such as `/memories/3`.
    pub fn below(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), faults: Vec::new() }
    }

    /// Notes a fault.
    pub fn fault(&mut self, problem: FieldProblem, pointer: &str, detail: impl Into<String>) {
        let pointer = format!("{}{pointer}", self.prefix);
        self.faults.push(FieldFault::new(problem, pointer, detail));
    }

    /// Fails if anything was wrong.
    ///
    /// # Errors
    /// `invalid` with every fault found.
    pub fn done(self) -> Result<(), Fault> {
        if self.faults.is_empty() { Ok(()) } else { Err(Fault::invalid(self.faults)) }
    }

    /// The value, or everything that was wrong.
    ///
    /// # Errors
    /// `invalid` with every fault found.
    pub fn with<T>(self, value: Option<T>) -> Result<T, Fault> {
        match value {
            Some(value) => self.done().map(|()| value),
            None => Err(Fault::invalid(self.faults)),
        }
    }

    fn checked<T, E: std::fmt::Display + Into<FieldProblem>>(
        &mut self,
        pointer: &str,
        outcome: Result<T, E>,
    ) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(error) => {
                let detail = error.to_string();
                self.fault(error.into(), pointer, detail);
                None
            }
        }
    }

    /// A password that the rules allow, of a person of whom some words are known.
    pub fn password(
        &mut self,
        pointer: &str,
        password: String,
        known: &[&str],
    ) -> Option<NewPassword> {
        self.checked(pointer, NewPassword::new(password, known))
    }

    /// A text that must be there.
    pub fn text<const MIN: usize, const MAX: usize>(
        &mut self,
        pointer: &str,
        text: String,
    ) -> Option<Text<MIN, MAX>> {
        self.checked(pointer, Text::new(text))
    }

    /// A text that may be absent.
    pub fn optional<const MIN: usize, const MAX: usize>(
        &mut self,
        pointer: &str,
        text: Option<String>,
    ) -> Option<Text<MIN, MAX>> {
        text.and_then(|text| self.text(pointer, text))
    }

    /// A list of texts, at most `most` of them.
    pub fn list<const MIN: usize, const MAX: usize>(
        &mut self,
        pointer: &str,
        texts: Vec<String>,
        most: usize,
    ) -> Vec<Text<MIN, MAX>> {
        if texts.len() > most {
            self.fault(FieldProblem::TooMany, pointer, format!("must have at most {most} items"));
            return Vec::new();
        }
        let numbered = texts.into_iter().enumerate();
        numbered.filter_map(|(i, text)| self.text(&format!("{pointer}/{i}"), text)).collect()
    }

    /// A fuzzy date that may be absent.
    pub fn date(&mut self, pointer: &str, date: Option<String>) -> Option<FuzzyDate> {
        date.and_then(|date| self.checked(pointer, FuzzyDate::parse(&date)))
    }

    /// A moment in RFC 3339.
    pub fn moment(&mut self, pointer: &str, text: &str) -> Option<Timestamp> {
        let parsed: Result<jiff::Timestamp, _> = text.parse();
        let Ok(moment) = parsed else {
            self.fault(
                FieldProblem::NotADate,
                pointer,
                "must be a moment such as 2027-01-31T12:00:00Z",
            );
            return None;
        };
        Some(Timestamp(moment.as_microsecond()))
    }

    /// An identifier that may be absent.
    pub fn id<T>(&mut self, pointer: &str, id: Option<String>) -> Option<Id<T>> {
        id.and_then(|id| self.checked(pointer, id.parse()))
    }

    /// A list of networks that may be absent, with at least one and at most `most` items.
    pub fn networks(
        &mut self,
        pointer: &str,
        networks: Option<Vec<String>>,
        most: usize,
    ) -> Option<Vec<Network>> {
        let texts = networks?;
        if !(1..=most).contains(&texts.len()) {
            let detail = format!("must have 1 to {most} items");
            self.fault(FieldProblem::OutOfRange, pointer, detail);
            return None;
        }
        let numbered = texts.into_iter().enumerate();
        let checked = |(i, text): (usize, String)| {
            self.checked(&format!("{pointer}/{i}"), text.trim().parse())
        };
        Some(numbered.filter_map(checked).collect())
    }

    /// A number within bounds.
    pub fn bounded<T: PartialOrd + std::fmt::Display>(
        &mut self,
        pointer: &str,
        value: T,
        bounds: std::ops::RangeInclusive<T>,
    ) -> Option<T> {
        if bounds.contains(&value) {
            return Some(value);
        }
        let detail = format!("must be from {} to {}", bounds.start(), bounds.end());
        self.fault(FieldProblem::OutOfRange, pointer, detail);
        None
    }

    /// What a partial update says, each value checked.
    pub fn change<A, B>(
        &mut self,
        field: Patch<A>,
        check: impl FnOnce(&mut Self, A) -> Option<B>,
    ) -> Change<B> {
        match field {
            Patch::Undefined => Change::Keep,
            Patch::Null => Change::Clear,
            Patch::Value(value) => check(self, value).map_or(Change::Keep, Change::Set),
        }
    }

    /// What a partial update says about a field that is never empty.
    pub fn replace<A, B>(
        &mut self,
        pointer: &str,
        field: Patch<A>,
        check: impl FnOnce(&mut Self, A) -> Option<B>,
    ) -> Option<B> {
        match field {
            Patch::Undefined => None,
            Patch::Value(value) => check(self, value),
            Patch::Null => {
                self.fault(FieldProblem::Required, pointer, "cannot be cleared");
                None
            }
        }
    }
}

/// An identifier in a path. One that is none names nothing, so it is not found.
///
/// # Errors
/// `not_found` when the text is no identifier.
pub fn path_id<T>(text: &str) -> Result<Id<T>, Fault> {
    text.parse().map_err(|_| Fault::not_found())
}
