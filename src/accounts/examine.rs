//! What must hold between the rows of accounts.

use std::collections::BTreeMap;

use super::rows::{self, BY_EMAIL};
use crate::jobs::{Examiner, Findings};
use crate::kernel::AccountId;
use crate::store::{Range, ReadTx, Rows as _, StoreError};

/// Every account can be found by one address, and nothing else.
pub struct AccountExaminer;

impl Examiner for AccountExaminer {
    fn examine(&self, tx: &ReadTx, findings: &mut Findings) -> Result<(), StoreError> {
        let mut named: BTreeMap<AccountId, u64> = BTreeMap::new();
        for (hash, account) in tx.list(&BY_EMAIL, &Range::all())? {
            *named.entry(account).or_default() += 1;
            let lost = !rows::exists(tx, account)?;
            findings.note_if(lost, BY_EMAIL.info().name, "an address of no account", &hash);
        }
        for account in rows::ids(tx)? {
            let wrong = named.get(&account) != Some(&1);
            findings.note_if(wrong, "accounts", "not found by one address", &account);
        }
        for account in rows::with_password(tx)? {
            let lost = !rows::exists(tx, account)?;
            findings.note_if(lost, "passwords", "a password of no account", &account);
        }
        Ok(())
    }
}
