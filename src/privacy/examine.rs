//! What must hold of the trash: what is in it can be brought back.

use crate::clones;
use crate::jobs::discarded::{self, Discard};
use crate::jobs::{Examiner, Findings};
use crate::kernel::CloneId;
use crate::store::{ReadTx, StoreError};

/// Everything in the trash is of a clone that exists.
pub struct TrashExaminer;

impl Examiner for TrashExaminer {
    fn examine(&self, tx: &ReadTx, findings: &mut Findings) -> Result<(), StoreError> {
        for thing in discarded::all(tx)? {
            let clone = match thing.kind {
                Discard::Clone => CloneId::from_bytes(thing.id.bytes()),
                Discard::Memory | Discard::Attachment | Discard::Person | Discard::Conversation => {
                    thing.clone
                }
            };
            let lost = !clones::exists(tx, clone)?;
            findings.note_if(lost, "discarded", "its clone is not there", &thing.id);
        }
        Ok(())
    }
}
