//! What is kept of those who were erased: that they were.

use super::rows;
use crate::jobs::personal::{How, Kept, Personal, PrivacyProvider, kept};
use crate::jobs::{Eraser, Subject};
use crate::store::{Portion, StoreError, WriteTx};

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("erasure_requests", How::Passing("receipts of erasures, for three years")),
    kept("erasure_remains", How::Passing("erased memories that are still cleaned up after")),
];

/// Removes what is left to clean up after of a clone that goes itself.
pub struct ErasureEraser;

impl Eraser for ErasureEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        _: &mut Portion,
    ) -> Result<(), StoreError> {
        match subject {
            Subject::Clone(clone) => rows::forget_remains_in(tx, clone),
            _ => Ok(()),
        }
    }
}

impl PrivacyProvider for ErasureEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[] }
    }
}
