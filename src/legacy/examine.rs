//! What must hold between the rows of this slice.

use super::rows::{BY_CONTACT, BY_KEY, CLAIMS, CONTACTS, OF_PERSON, RUNNING};
use crate::jobs::{Examiner, Findings};
use crate::store::{Range, ReadTx, Rows as _, StoreError};

/// Keys and claims lead to each other, and what is said to run does.
pub struct LegacyExaminer;

impl Examiner for LegacyExaminer {
    fn examine(&self, tx: &ReadTx, findings: &mut Findings) -> Result<(), StoreError> {
        for (account, contact) in tx.list(&CONTACTS, &Range::all())? {
            let lost = tx.get(&BY_KEY, &contact.key)? != Some(account);
            let table = CONTACTS.info().name;
            findings.note_if(lost, table, "a contact whose key leads elsewhere", &account);
        }
        for (key, account) in tx.list(&BY_KEY, &Range::all())? {
            let known = tx.get(&CONTACTS, &account)?.is_some_and(|contact| contact.key == key);
            findings.note_if(!known, BY_KEY.info().name, "a key of no contact", &key);
        }
        for (id, claim) in tx.list(&CLAIMS, &Range::all())? {
            let table = CLAIMS.info().name;
            let person = tx.has(&OF_PERSON, &(claim.person, id))?;
            findings.note_if(!person, table, "a claim that its person does not know of", &id);
            let contact = tx.has(&BY_CONTACT, &(claim.by, id))?;
            findings.note_if(!contact, table, "a claim that its maker does not know of", &id);
            let runs = tx.get(&RUNNING, &claim.person)? == Some(id);
            findings.note_if(runs != claim.runs(), table, "a claim that runs or does not", &id);
        }
        for table in [OF_PERSON, BY_CONTACT] {
            for (account, id) in tx.keys(&table, &Range::all())? {
                let lost = !tx.has(&CLAIMS, &id)?;
                findings.note_if(lost, table.info().name, "a claim that is gone", &(account, id));
            }
        }
        for (account, id) in tx.list(&RUNNING, &Range::all())? {
            let lost = !tx.has(&CLAIMS, &id)?;
            findings.note_if(lost, RUNNING.info().name, "a claim that is gone", &account);
        }
        Ok(())
    }
}
