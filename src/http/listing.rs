//! The parameters and the answer of every list.
//!
//! A handler takes `limit: Query<Option<u32>>, cursor: Query<Option<String>>`, starts with
//! `let page = LIST.wanted(limit.0, cursor.0)?;` and ends with `LIST.next(page.next)`, where `LIST`
//! is a [`List`] of its own. The document learns the bounds in `openapi`.

use super::problem::malformed;
use crate::kernel::{Cursor, Fault, FieldFault, FieldProblem, PageRequest};

/// How many items a list shows when nobody says how many.
pub const USUAL: u32 = 50;

/// How many items a list shows at most.
pub const MOST: u32 = 200;

/// A list, by the name that tells its cursors from those of another.
pub struct List(pub &'static str);

impl List {
    /// Reads the parameters of the list.
    ///
    /// # Errors
    /// `invalid` for a limit out of bounds, `malformed` for a cursor that this list did not give.
    pub fn wanted(&self, limit: Option<u32>, cursor: Option<String>) -> Result<PageRequest, Fault> {
        let limit = limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            let detail = format!("must be between 1 and {MOST}");
            return Err(Fault::field(FieldProblem::OutOfRange, "limit", detail));
        }
        let after = match cursor.filter(|cursor| !cursor.is_empty()) {
            None => None,
            Some(cursor) => Some(Cursor::decode(self.0, &cursor).ok_or_else(not_a_cursor)?),
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(PageRequest { limit, after })
    }

    /// Where the list goes on after a page, as it is told.
    pub fn next(&self, next: Option<Cursor>) -> Option<String> {
        next.map(|cursor| cursor.encode(self.0))
    }
}

/// The cursor was not given by this list.
fn not_a_cursor() -> Fault {
    let mut fault = malformed("A parameter could not be parsed.");
    let detail = "is not a cursor of this list";
    fault.fields = vec![FieldFault::new(FieldProblem::Malformed, "cursor", detail)];
    fault
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Kind;

    const LIST: List = List("things");

    #[test]
    fn limits_have_bounds_and_a_usual_value() {
        assert_eq!(LIST.wanted(None, None).unwrap().limit, 50);
        assert_eq!(LIST.wanted(Some(200), None).unwrap().limit, 200);
        for limit in [0, 201, u32::MAX] {
            assert_eq!(LIST.wanted(Some(limit), None).unwrap_err().kind, Kind::Invalid);
        }
    }

    #[test]
    fn a_cursor_comes_back_to_its_own_list_as_it_was_given() {
        for place in [vec![], vec![1, 2, 255], vec![7; 64]] {
            let told = LIST.next(Some(Cursor(place.clone()))).unwrap();
            let page = LIST.wanted(None, Some(told.clone())).unwrap();
            assert_eq!(page.after, Some(Cursor(place)));
            let other = if told.starts_with('A') { 'B' } else { 'A' };
            let altered = format!("{other}{}", &told[1..]);
            for wrong in [told[1..].to_owned(), told[..told.len() - 1].to_owned(), altered] {
                let wrong = LIST.wanted(None, Some(wrong));
                assert_eq!(wrong.unwrap_err().kind, Kind::Malformed);
            }
            let another = List("others").wanted(None, Some(told));
            assert_eq!(another.unwrap_err().kind, Kind::Malformed);
        }
        for wrong in ["ä", "abc", "AAAA", "!", &"A".repeat(600)] {
            let wrong = LIST.wanted(None, Some(wrong.to_owned()));
            assert_eq!(wrong.unwrap_err().kind, Kind::Malformed);
        }
        assert!(LIST.wanted(None, Some(String::new())).unwrap().after.is_none());
    }
}
