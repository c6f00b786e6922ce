//! How providers that admins added are stored.

use serde::{Deserialize, Serialize};

use crate::accounts::Registration;
use crate::identities::ProviderSettings;
use crate::kernel::{Secret, Timestamp};
use crate::seal::Owner;
use crate::store::{Holds, Range, Row, Rows, StoreError, Table, Words, WriteTx};

/// The providers by their names in addresses.
pub const PROVIDERS: Table<Words, ProviderRow> = Table::new("identity_providers", Holds::Nothing);

/// A provider that an admin added.
#[derive(Clone, Serialize, Deserialize)]
pub struct ProviderRow {
    name: String,
    issuer: String,
    client_id: String,
    client_secret: Option<String>,
    scopes: Vec<String>,
    sign_up: String,
    trusted_email: bool,
    groups_claim: Option<String>,
    admin_group: Option<String>,
    pub enabled: bool,
    pub version: u64,
    pub added_at: Timestamp,
    pub changed_at: Timestamp,
}

impl Row<Words> for ProviderRow {
    fn owner(&self, _: &Words) -> Owner {
        Owner::Instance
    }
}

impl ProviderRow {
    /// A new one.
    pub fn new(settings: ProviderSettings, now: Timestamp) -> Self {
        Self {
            name: settings.name,
            issuer: settings.issuer,
            client_id: settings.client_id,
            client_secret: settings.client_secret.map(|secret| secret.reveal().clone()),
            scopes: settings.scopes,
            sign_up: settings.sign_up.word().to_owned(),
            trusted_email: settings.trusted_email,
            groups_claim: settings.groups_claim,
            admin_group: settings.admin_group,
            enabled: true,
            version: 0,
            added_at: now,
            changed_at: now,
        }
    }

    /// The next version of it.
    pub fn changed(self, settings: ProviderSettings, enabled: bool, now: Timestamp) -> Self {
        let (version, added_at) = (self.version + 1, self.added_at);
        Self { enabled, version, added_at, ..Self::new(settings, now) }
    }

    /// What it says of the provider.
    pub fn settings(&self, id: &str) -> ProviderSettings {
        let row = self.clone();
        ProviderSettings {
            id: id.to_owned(),
            name: row.name,
            issuer: row.issuer,
            client_id: row.client_id,
            client_secret: row.client_secret.map(Secret::new),
            scopes: row.scopes,
            // A word that is not known lets nobody new in.
            sign_up: Registration::of(&row.sign_up).unwrap_or(Registration::Closed),
            trusted_email: row.trusted_email,
            groups_claim: row.groups_claim,
            admin_group: row.admin_group,
            // Whose apps are trusted is said by whoever runs the machine.
            token_audiences: Vec::new(),
            apps_only: false,
        }
    }
}

/// All of them, by their names in addresses.
pub fn all(tx: &impl Rows) -> Result<Vec<(String, ProviderRow)>, StoreError> {
    let rows: Vec<(Words, ProviderRow)> = tx.list(&PROVIDERS, &Range::all())?;
    Ok(rows.into_iter().map(|(Words(id), row)| (id, row)).collect())
}

pub fn one(tx: &impl Rows, id: &str) -> Result<Option<ProviderRow>, StoreError> {
    tx.get(&PROVIDERS, &Words(id.to_owned()))
}

pub fn put_in(tx: &mut WriteTx<'_>, id: &str, row: &ProviderRow) -> Result<(), StoreError> {
    tx.put(&PROVIDERS, &Words(id.to_owned()), row)
}

pub fn remove_in(tx: &mut WriteTx<'_>, id: &str) {
    tx.remove(&PROVIDERS, &Words(id.to_owned()));
}
