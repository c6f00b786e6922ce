//! What this slice keeps of people: all of it is made of memories, for searching.

use crate::jobs::personal::{ExportError, How, Kept, Out, PrivacyProvider, Record, kept};
use crate::kernel::AccountId;
use crate::store::ReadTx;

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

/// What this slice hands out.
const RECORDS: &[Record] = &[];

impl PrivacyProvider for RetrievalEraser {
    fn kept(&self) -> &'static [Kept] {
        KEPT
    }

    fn records(&self) -> &'static [Record] {
        RECORDS
    }

    fn export(
        &self,
        _: &ReadTx,
        _: AccountId,
        _: &'static Record,
        _: &mut dyn Out,
    ) -> Result<(), ExportError> {
        Ok(())
    }
}
