//! What the modules of this layer keep of people.

use serde_json::json;

use crate::store::WriteTx;

use super::personal::{
    Arrival, ExportError, Giving, How, ImportError, Is, Kept, Line, Personal, PrivacyProvider,
    Record, kept, personal, plain,
};
use super::{QueueEraser, discarded};

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("jobs", How::Passing("work that waits, by identifiers; mails wait for days at most")),
    kept("jobs_parked", How::Passing("work that could not be done, by identifiers")),
    kept("once_records", How::Passing("hashes of requests that were made, for a day")),
    kept("discarded", How::Given("trash")),
    kept("calendar", How::Common("what time the server believes it is")),
];

const TRASH: Record = Record {
    name: "trash",
    meaning: "What the account threw away and can still bring back.",
    fields: &[
        plain("id", Is::Id),
        personal("kind", Is::Text),
        plain("clone_id", Is::Id),
        plain("space_id", Is::Id),
        personal("title", Is::Text),
        personal("at", Is::Time),
    ],
    withheld: &[],
    unfolded: &[],
    given: trash,
};

impl PrivacyProvider for QueueEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[TRASH] }
    }
}

fn trash(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let account = to.account;
    for thrown in discarded::all(to.tx)?.into_iter().filter(|thrown| thrown.by == account) {
        let shown = json!({
            "id": thrown.id, "kind": thrown.kind, "clone_id": thrown.clone,
            "space_id": thrown.space, "title": thrown.title, "at": thrown.at,
        });
        to.give(&shown, vec![])?;
    }
    Ok(())
}

/// Takes in that something was thrown away.
///
/// # Errors
/// When it is not what it must be, somebody else's, or the store fails.
pub fn import_in(tx: &mut WriteTx<'_>, to: &Arrival, line: &Line) -> Result<(), ImportError> {
    let id = line.field("id")?;
    if discarded::get(tx, id)?.is_some_and(|there| there.by != to.account) {
        return Err(line.taken());
    }
    let discarded = discarded::Discarded {
        id,
        kind: line.field("kind")?,
        clone: line.field("clone_id")?,
        space: to.space(line.field("space_id")?),
        title: line.field("title")?,
        by: to.account,
        at: line.field("at")?,
    };
    Ok(discarded::put_in(tx, discarded)?)
}
