//! Keys that are to be destroyed. They are written down in the change that erases what they
//! sealed, and destroyed when that is on the disk: a crash in between forgets none.

use super::overlay::{Batch, WriteTx};
use super::reader::ReadTx;
use super::{Codec, Holds, Range, Rows, StoreError, Table, writer};
use crate::kernel::faults::{Planted, planted};
use crate::kernel::points::{Point, pass};
use crate::kernel::{AccountId, CloneId};
use crate::seal::Owner;

/// What kind of owner it is, and its identifier.
pub(super) const DOOMED: Table<(u8, AccountId), ()> = Table::new("keys_to_destroy", Holds::Nothing);
const ACCOUNT: u8 = 0;
const CLONE: u8 = 1;

impl WriteTx<'_> {
    /// Destroys the key of an account or a clone together with this change: whatever was sealed
    /// with it is unreadable afterwards, wherever a copy of it is.
    ///
    /// # Errors
    /// When the database fails.
    pub fn shred(&mut self, owner: Owner) -> Result<(), StoreError> {
        match owner {
            Owner::Account(account) => self.put(&DOOMED, &(ACCOUNT, account), &()),
            Owner::Clone(clone) => {
                let id = AccountId::from_bytes(clone.bytes());
                self.put(&DOOMED, &(CLONE, id), &())
            }
            // What takes two keys goes with either; the instance's goes with the data.
            Owner::Derived { .. } | Owner::Instance | Owner::Nobody => Ok(()),
        }
    }

    pub(super) fn dooms(&self) -> bool {
        self.has_changed(DOOMED.info().name)
    }
}

/// Whether the key of an account or a clone is still to be destroyed.
pub(super) fn is_doomed(tx: &impl Rows, owner: Owner) -> Result<bool, StoreError> {
    match owner {
        Owner::Account(account) => tx.has(&DOOMED, &(ACCOUNT, account)),
        Owner::Clone(clone) => tx.has(&DOOMED, &(CLONE, AccountId::from_bytes(clone.bytes()))),
        Owner::Derived { .. } | Owner::Instance | Owner::Nobody => Ok(false),
    }
}

/// Destroys the keys that are written down to be.
///
/// # Errors
/// When the keyring or the database cannot be written; they stay written down then.
pub(super) fn carry_out(database: &redb::Database, codec: &Codec) -> Result<(), StoreError> {
    let doomed = ReadTx::begin(database, codec)?.keys(&DOOMED, &Range::all())?;
    if doomed.is_empty() {
        return Ok(());
    }
    let owners = doomed.iter().map(|(kind, id)| match *kind {
        CLONE => Owner::Clone(CloneId::from_bytes(id.bytes())),
        _ => Owner::Account(*id),
    });
    let seal = |source| StoreError::Seal { table: DOOMED.info().name, source };
    pass(Point::ShredBegun);
    if !planted(Planted::KeyNotDestroyed) {
        codec.destroy(&owners.collect::<Vec<_>>()).map_err(seal)?;
    }
    pass(Point::ShredDestroyed);
    let tx = writer::begin(database)?;
    {
        let batch = Batch::new(&tx);
        let mut change = WriteTx::new(&batch, codec);
        doomed.iter().for_each(|key| change.remove(&DOOMED, key));
        batch.apply(change.into_overlay())?;
    }
    tx.commit()?;
    pass(Point::ShredDone);
    Ok(())
}
