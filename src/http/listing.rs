//! The parameters and the answer of every list.
//!
//! A handler takes `limit: Query<Option<u32>>, cursor: Query<Option<String>>`, starts with
//! `let page = LIST.wanted(limit.0, cursor.0)?;` and ends with `LIST.next(page.next)`, where `LIST`
//! is a [`List`] of its own; the list of something, as a clone's memories, is `LIST.of(&id)`. The
//! document learns the bounds in `openapi`.

use super::problem::malformed;
use crate::kernel::{Cursor, Fault, FieldFault, FieldProblem, PageRequest};

/// How many items a list shows when nobody says how many.
pub const USUAL: u32 = 50;

/// How many items a list shows at most.
pub const MOST: u32 = 200;

/// A list, by what tells its cursors from those of another.
#[derive(Clone, Copy)]
pub struct List<'a> {
    name: &'static str,
    of: &'a str,
}

impl List<'_> {
    /// A list with a name that no other has.
    pub const fn named(name: &'static str) -> List<'static> {
        List { name, of: "" }
    }

    /// The one of its lists that belongs to a thing, as that is named in the path.
    pub const fn of<'b>(&self, thing: &'b str) -> List<'b> {
        List { name: self.name, of: thing }
    }

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
            Some(cursor) => {
                let place = Cursor::decode((self.name, self.of), &cursor);
                Some(place.ok_or_else(not_a_cursor)?)
            }
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(PageRequest { limit, after })
    }

    /// Where the list goes on after a page, as it is told.
    pub fn next(&self, next: Option<Cursor>) -> Option<String> {
        next.map(|cursor| cursor.encode((self.name, self.of)))
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

    const LIST: List<'_> = List::named("things");

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
            for another in [List::named("others"), LIST.of("0190"), LIST.of("")] {
                let read = another.wanted(None, Some(told.clone()));
                assert_eq!(read.is_ok(), another.name == LIST.name && another.of.is_empty());
            }
            let of_one = LIST.of("one").next(Some(Cursor(vec![1]))).unwrap();
            assert!(LIST.of("one").wanted(None, Some(of_one.clone())).is_ok());
            let of_other = LIST.of("other").wanted(None, Some(of_one));
            assert_eq!(of_other.unwrap_err().kind, Kind::Malformed);
        }
        for wrong in ["ä", "abc", "AAAA", "!", &"A".repeat(600)] {
            let wrong = LIST.wanted(None, Some(wrong.to_owned()));
            assert_eq!(wrong.unwrap_err().kind, Kind::Malformed);
        }
        assert!(LIST.wanted(None, Some(String::new())).unwrap().after.is_none());
    }
}
