//! The parameters and the answer of every list.
//!
//! A handler takes `limit: Query<Option<u32>>, cursor: Query<Option<String>>` and starts with
//! `let page = wanted(limit.0, cursor.0)?;`. The document learns the bounds in `openapi`.

use super::problem::malformed;
use crate::kernel::{Cursor, Fault, FieldFault, FieldProblem, PageRequest};

/// How many items a list shows when nobody says how many.
pub const USUAL: u32 = 50;

/// How many items a list shows at most.
pub const MOST: u32 = 200;

/// Reads the parameters of a list.
///
/// # Errors
/// `invalid` for a limit out of bounds, `malformed` for a cursor that is not one of ours.
pub fn wanted(limit: Option<u32>, cursor: Option<String>) -> Result<PageRequest, Fault> {
    let limit = limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Fault::field(
            FieldProblem::OutOfRange,
            "limit",
            format!("must be between 1 and {MOST}"),
        ));
    }
    let after = match cursor.filter(|cursor| !cursor.is_empty()) {
        None => None,
        Some(cursor) => Some(Cursor::decode(&cursor).ok_or_else(not_a_cursor)?),
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(PageRequest { limit, after })
}

/// The cursor was not made by this list; slices say so too when a key does not decode.
pub fn not_a_cursor() -> Fault {
    let mut fault = malformed("A parameter could not be parsed.");
    let detail = "is not a cursor of this list";
    fault.fields = vec![FieldFault::new(FieldProblem::Malformed, "cursor", detail)];
    fault
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Kind;

    #[test]
    fn limits_have_bounds_and_a_usual_value() {
        assert_eq!(wanted(None, None).unwrap().limit, 50);
        assert_eq!(wanted(Some(200), None).unwrap().limit, 200);
        for limit in [0, 201, u32::MAX] {
            assert_eq!(wanted(Some(limit), None).unwrap_err().kind, Kind::Invalid);
        }
    }

    #[test]
    fn a_cursor_comes_back_as_it_was_given() {
        let cursor = Cursor(vec![1, 2, 255]);
        let page = wanted(None, Some(cursor.encode())).unwrap();
        assert_eq!(page.after, Some(cursor));
        assert_eq!(wanted(None, Some("ä".into())).unwrap_err().kind, Kind::Malformed);
        assert!(wanted(None, Some(String::new())).unwrap().after.is_none());
    }
}
