//! One's identities: seeing them, unlinking them, and what they have opened.

use url::Url;

use crate::accounts::{AccountError, SecurityEvent};
use crate::kernel::{AccountId, IdentityId, PasskeyId, SessionId};

use super::rows::{self, IdentityRow};
use super::{Identities, Identity, IdentityError};

impl Identities {
    /// The identities of an account, the oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn of(&self, account: AccountId) -> Result<Vec<Identity>, IdentityError> {
        let found = self.0.store.read(|tx| rows::of_account(tx, account))?;
        Ok(found.into_iter().map(|row| self.view(row)).collect())
    }

    /// Unlinks an identity and ends what it has opened, but for the sign-in that asks.
    ///
    /// # Errors
    /// When the account does not have it, or could not be opened without it.
    pub async fn unlink(
        &self,
        account: AccountId,
        id: IdentityId,
        asking: Option<SessionId>,
    ) -> Result<(), IdentityError> {
        let another_way = self.opens_itself(account)?;
        let (this, now) = (self.clone(), self.0.clock.now());
        let opened = self
            .0
            .store
            .write(move |tx| {
                let all = rows::of_account(tx, account)?;
                let found = all.iter().find(|row| row.id == id);
                let row = found.cloned().ok_or(IdentityError::Missing)?;
                let usable = |row: &&IdentityRow| row.id != id && this.is_offered(&row.issuer);
                if !another_way && all.iter().find(usable).is_none() {
                    return Err(IdentityError::LastWayIn);
                }
                rows::remove_identity_in(tx, account, id)?;
                let view = this.view(row);
                if let Some(provider) = &view.provider {
                    // Who is nobody there any more is in none of its groups.
                    (this.0.on_groups)(tx, account, (provider, &[]))?;
                }
                let provider = view.provider_name;
                let event = SecurityEvent::IdentityUnlinked { provider };
                this.0.watchers.tell_in(tx, account, &event, now)?;
                Ok(rows::opened_of(tx, account)?)
            })
            .await?;
        for (session, by) in opened {
            if by != id || Some(session) == asking {
                continue;
            }
            match self.0.sessions.end_one(account, session).await {
                // It has ended before.
                Ok(()) | Err(AccountError::Missing) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    /// Whether an account can be opened at all.
    pub(super) fn has_way_in(&self, account: AccountId) -> Result<bool, IdentityError> {
        Ok(self.is_linked(account)? || self.opens_itself(account)?)
    }

    /// Whether a password or a passkey opens an account.
    fn opens_itself(&self, account: AccountId) -> Result<bool, IdentityError> {
        if self.0.accounts.has_password(account)? {
            return Ok(true);
        }
        Ok(!self.0.factors.overview(account)?.passkeys.is_empty())
    }

    /// Fails if nothing would open an account any more without a passkey of it.
    ///
    /// # Errors
    /// When it is the last way in, or the store fails.
    pub fn require_way_in_beside(
        &self,
        account: AccountId,
        passkey: PasskeyId,
    ) -> Result<(), IdentityError> {
        let passkeys = self.0.factors.overview(account)?.passkeys;
        let is_last = passkeys.len() == 1 && passkeys.iter().all(|last| last.id == passkey);
        if !is_last || self.0.accounts.has_password(account)? || self.is_linked(account)? {
            return Ok(());
        }
        Err(IdentityError::LastWayIn)
    }

    /// Whether somebody at a provider opens an account. What is linked at a provider that is not
    /// offered any more opens nothing.
    fn is_linked(&self, account: AccountId) -> Result<bool, IdentityError> {
        let linked = self.0.store.read(|tx| rows::of_account(tx, account))?;
        Ok(linked.iter().any(|row| self.is_offered(&row.issuer)))
    }

    fn is_offered(&self, issuer: &str) -> bool {
        self.providers().iter().any(|provider| provider.oidc.issuer() == issuer)
    }

    /// Notes that an identity opened a sign-in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn opened(
        &self,
        identity: IdentityId,
        account: AccountId,
        session: SessionId,
    ) -> Result<(), IdentityError> {
        let key = (account, session);
        Ok(self.0.store.write(move |tx| rows::put_opened_in(tx, key, identity)).await?)
    }

    /// Where somebody goes to sign out at the provider that opened their sign-in too, if there
    /// is such an address. `own` is the address by which a browser on this machine reaches us.
    ///
    /// # Errors
    /// When the store fails.
    pub fn end_session(
        &self,
        account: AccountId,
        session: SessionId,
        own: Option<&Url>,
    ) -> Result<Option<Url>, IdentityError> {
        let Some(by) = self.0.store.read(|tx| rows::opened_by(tx, account, session))? else {
            return Ok(None);
        };
        let providers = self.providers();
        let provider = providers.iter().find(|provider| provider.oidc.issuer() == by.issuer);
        let back = self.0.site.front(own);
        Ok(provider.zip(back).and_then(|(provider, back)| provider.oidc.end_session(&back)))
    }

    fn view(&self, row: IdentityRow) -> Identity {
        let (provider, provider_name) = self.name_of(&row.issuer);
        let IdentityRow { id, email, linked_at, used_at, .. } = row;
        Identity { id, provider, provider_name, email, linked_at, used_at }
    }
}
