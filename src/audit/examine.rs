//! What must hold of the audit log: each entry fits the one before, and is found.

use super::rows::{self, LOG, OF_ACCOUNT};
use crate::jobs::{Examiner, Findings};
use crate::store::{Range, ReadTx, Rows as _, StoreError};

/// The log is whole, and what finds its entries finds some.
pub struct AuditExaminer;

impl Examiner for AuditExaminer {
    fn examine(&self, tx: &ReadTx, findings: &mut Findings) -> Result<(), StoreError> {
        if let Some(number) = rows::verify(tx)?.broken_at {
            findings.note(LOG.info().name, "an entry does not fit the one before", &number);
        }
        for (account, number) in tx.keys(&OF_ACCOUNT, &Range::all())? {
            let lost = tx.get_raw(&LOG, &number)?.is_none();
            let key = (account, number);
            findings.note_if(lost, OF_ACCOUNT.info().name, "it finds what is not there", &key);
        }
        Ok(())
    }
}
