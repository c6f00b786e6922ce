//! What an admin sees: accounts, how much they have and how they are opened. Numbers and dates;
//! no content, and no name of anything that is somebody's.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use crate::accounts::Account;
use crate::clones::{self, Tally};
use crate::conversations;
use crate::jobs::blocking;
use crate::kernel::{AccountId, Cursor, Fault, Page, PageRequest, Timestamp};
use crate::sessions;

use super::Admin;

/// An account as an admin sees it.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The account.
    pub account: Account,
    /// When its owner was last seen, as far as that is known.
    pub seen_at: Option<Timestamp>,
    /// Whether a password opens it.
    pub password: bool,
    /// How many passkeys do.
    pub passkeys: usize,
    /// Whether it asks for a code.
    pub totp: bool,
    /// How many sign-ins elsewhere open it.
    pub identities: usize,
    /// How much it has made.
    pub tally: Tally,
}

/// How much there is in all.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Figures {
    pub accounts: u64,
    pub made: Tally,
    pub messages: u64,
    /// Bytes of the data directory.
    pub storage: u64,
    /// Since when the server runs.
    pub uptime: Duration,
}

impl Admin {
    /// The accounts whose address or name contains a text, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn people(
        &self,
        contains: Option<&str>,
        request: &PageRequest,
    ) -> Result<Page<Overview>, Fault> {
        let wanted = contains.map(str::to_lowercase).unwrap_or_default();
        let after = request.after.as_ref().map(|cursor| cursor.0.as_slice());
        let matches = |account: &Account| {
            after.is_none_or(|after| account.id.bytes()[..] < *after)
                && [account.email.as_str(), &account.display_name]
                    .iter()
                    .any(|text| text.to_lowercase().contains(&wanted))
        };
        let tallies = self.store.read(clones::tallies)?;
        let mut found = self.accounts.all()?.into_iter().rev().filter(matches);
        let mut items = Vec::new();
        for account in found.by_ref().take(request.limit) {
            items.push(self.overview(account, &tallies)?);
        }
        let last = items.last().map(|shown| Cursor(shown.account.id.bytes().to_vec()));
        Ok(Page { next: last.filter(|_| found.next().is_some()), items })
    }

    /// One account.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub fn person(&self, id: AccountId) -> Result<Overview, Fault> {
        let account = self.accounts.account(id)?;
        self.overview(account, &self.store.read(clones::tallies)?)
    }

    fn overview(
        &self,
        account: Account,
        tallies: &HashMap<AccountId, Tally>,
    ) -> Result<Overview, Fault> {
        let id = account.id;
        let factors = self.factors.overview(id)?;
        let signed_in = self.store.read(|tx| sessions::seen_in(tx, id))?;
        Ok(Overview {
            account,
            seen_at: signed_in.max(self.audit.last_act(id)?),
            password: self.accounts.has_password(id)?,
            passkeys: factors.passkeys.len(),
            totp: factors.totp_since.is_some(),
            identities: self.identities.of(id)?.len(),
            tally: tallies.get(&id).copied().unwrap_or_default(),
        })
    }

    /// How much there is in all.
    ///
    /// # Errors
    /// When the store fails or the data directory cannot be read.
    pub async fn figures(&self) -> Result<Figures, Fault> {
        let (this, uptime) = (self.clone(), self.clock.now().since(self.started_at));
        let counted = blocking(move || {
            let (tallies, messages) = this.store.read(|tx| {
                Ok::<_, crate::store::StoreError>((
                    clones::tallies(tx)?,
                    conversations::count_messages(tx)?,
                ))
            })?;
            let mut made = Tally::default();
            for tally in tallies.values() {
                made.clones += tally.clones;
                made.memories += tally.memories;
                made.conversations += tally.conversations;
            }
            let accounts = this.accounts.all()?.len() as u64;
            let storage = size_of(&this.data_dir);
            Ok(Figures { accounts, made, messages, storage, uptime })
        });
        counted.await.map_err(Fault::internal)?
    }
}

/// Bytes of the files below a directory. What vanishes meanwhile counts nothing.
fn size_of(directory: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(directory) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() => size_of(&entry.path()),
        Ok(about) if about.is_file() => about.len(),
        _ => 0,
    });
    sizes.sum()
}
