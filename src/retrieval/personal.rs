//! What this slice keeps of people: all of it is made of memories, for searching.

use crate::jobs::personal::{How, Kept, Personal, PrivacyProvider, kept};

use super::RetrievalEraser;
/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("search_scopes", How::Derived),
    kept("passages", How::Derived),
    kept("passages_of_memory", How::Derived),
    kept("passages_in_thread", How::Derived),
    kept("text_outbox", How::Derived),
    kept("to_embed", How::Derived),
    kept("vectors", How::Derived),
];

impl PrivacyProvider for RetrievalEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[] }
    }
}
