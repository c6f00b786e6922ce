//! Making passkeys, and signing in with one.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, Passkey as Key, PublicKeyCredential,
    RegisterPublicKeyCredential, Uuid, WebauthnError,
};

use crate::accounts::{Account, Failure, SecurityEvent, account_in};
use crate::kernel::{AccountId, PasskeyId, SessionId, TokenHash};
use crate::store::{StoreError, WriteTx};

use super::questions::Asked;
use super::rows::{CredentialRow, PasskeyRow};
use super::{
    Asker, FactorError, Factors, Label, OpensBeside, Passkey, Question, Reply, Site, rows,
};

/// Passkeys that an account can have.
const MOST: usize = 20;

impl Factors {
    /// Whether passkeys can be made and used at an address.
    ///
    /// # Errors
    /// Why not.
    pub fn passkeys_at(&self, site: Result<Site, FactorError>) -> Result<(), FactorError> {
        self.require_passkeys()?;
        site.map(|_| ())
    }

    fn require_passkeys(&self) -> Result<(), FactorError> {
        if self.parts.settings.passkeys { Ok(()) } else { Err(FactorError::SwitchedOff) }
    }

    /// Asks a browser to make a passkey for an account.
    ///
    /// # Errors
    /// When passkeys are switched off, or the account has enough.
    pub fn ask_for_new(
        &self,
        id: AccountId,
        session: SessionId,
        site: Site,
        asker: Asker,
    ) -> Result<Question, FactorError> {
        self.require_passkeys()?;
        let account = self.parts.accounts.account(id)?;
        let known = self.parts.store.read(|tx| rows::passkeys(tx, id))?;
        if known.len() >= MOST {
            return Err(FactorError::TooMany);
        }
        let known = known.iter().map(|(_, row)| key_of(row).map(|key| key.cred_id().clone()));
        let known = known.collect::<Result<Vec<_>, _>>()?;
        let webauthn = site.webauthn(&self.parts.settings.issuer)?;
        let (email, name) = (account.email.as_str(), &*account.display_name);
        let handle = Uuid::from_bytes(id.bytes());
        let (challenge, state) = webauthn
            .start_passkey_registration(handle, email, name, Some(known))
            .map_err(library)?;
        let mut options = serde_json::to_value(challenge).map_err(library)?;
        let options = options["publicKey"].take();
        let asked = Asked::Make(Box::new(state), id, session);
        let id = self.questions.keep(asked, site, asker)?;
        Ok(Question { id, options: findable(options) })
    }

    /// Keeps the passkey that a browser has made.
    ///
    /// # Errors
    /// When it was not asked for in this sign-in, or is not what was asked for.
    pub async fn keep_new(
        &self,
        id: AccountId,
        session: SessionId,
        reply: Reply,
        label: Label,
    ) -> Result<Passkey, FactorError> {
        let taken = self.questions.take(&reply);
        let Some((Asked::Make(state, account, asked_in), site)) = taken else {
            return Err(FactorError::NotAccepted);
        };
        let credential: RegisterPublicKeyCredential = read(reply.credential)?;
        if account != id || asked_in != session {
            return Err(FactorError::NotAccepted);
        }
        let webauthn = site.webauthn(&self.parts.settings.issuer)?;
        let key = webauthn
            .finish_passkey_registration(&credential, &state)
            .map_err(|error| refused(&error, FactorError::NotAccepted))?;
        let row = PasskeyRow {
            label,
            credential: hash_of(key.cred_id().as_slice()),
            key: serde_json::to_string(&key).map_err(library)?,
            counter: 0,
            created_at: self.parts.clock.now(),
            used_at: None,
        };
        let this = self.clone();
        self.parts
            .store
            .write(move |tx| {
                if rows::by_credential(tx, &row.credential)?.is_some() {
                    return Err(FactorError::NotAccepted);
                }
                if rows::passkeys(tx, id)?.len() >= MOST {
                    return Err(FactorError::TooMany);
                }
                let place = CredentialRow { account: id, passkey: PasskeyId::fresh() };
                rows::put_passkey_in(tx, place, &row)?;
                this.changed_in(tx, id, &SecurityEvent::PasskeyAdded)?;
                Ok(view(place.passkey, row))
            })
            .await
    }

    /// Asks a browser for any passkey of this site; the question is the same for everybody.
    ///
    /// # Errors
    /// When passkeys are switched off.
    pub fn ask_for_any(&self, site: Site, asker: Asker) -> Result<Question, FactorError> {
        self.require_passkeys()?;
        let webauthn = site.webauthn(&self.parts.settings.issuer)?;
        let (challenge, state) = webauthn.start_discoverable_authentication().map_err(library)?;
        let mut options = serde_json::to_value(challenge).map_err(library)?;
        let options = options["publicKey"].take();
        let id = self.questions.keep(Asked::Open(Box::new(state)), site, asker)?;
        Ok(Question { id, options })
    }

    /// The account that a passkey opens.
    ///
    /// # Errors
    /// When it opens none; why is not said.
    pub async fn by_passkey(&self, reply: Reply) -> Result<Account, FactorError> {
        self.require_passkeys()?;
        let opened = self.opened_by(reply).await;
        if matches!(opened, Err(FactorError::WrongPasskey)) {
            self.parts.watchers.failed(None, Failure::Passkey);
        }
        opened
    }

    async fn opened_by(&self, reply: Reply) -> Result<Account, FactorError> {
        let Some((Asked::Open(state), site)) = self.questions.take(&reply) else {
            return Err(FactorError::WrongPasskey);
        };
        let credential: PublicKeyCredential = read(reply.credential)?;
        let hash = hash_of(credential.get_credential_id());
        let found = self.parts.store.read(|tx| rows::by_credential(tx, &hash))?;
        let (place, row) = found.ok_or(FactorError::WrongPasskey)?;
        if credential.get_user_unique_id() != Some(place.account.bytes().as_slice()) {
            return Err(FactorError::WrongPasskey);
        }
        let checked = self.check(&site, &credential, *state, &key_of(&row)?)?;
        self.note(place, checked).await
    }

    /// Whether the answer is what was asked for: signed with the passkey, after its owner was
    /// verified, for this question and this site.
    fn check(
        &self,
        site: &Site,
        credential: &PublicKeyCredential,
        state: DiscoverableAuthentication,
        key: &Key,
    ) -> Result<Checked, FactorError> {
        let webauthn = site.webauthn(&self.parts.settings.issuer)?;
        match webauthn.finish_discoverable_authentication_v2(credential, state, key) {
            Ok(result) if result.user_verified() => Ok(Checked::Good(Box::new(result))),
            Ok(_) => Err(FactorError::WrongPasskey),
            Err(WebauthnError::CredentialPossibleCompromise) => Ok(Checked::Copied),
            Err(error) => Err(refused(&error, FactorError::WrongPasskey)),
        }
    }

    /// Notes that a passkey was used, or that there seem to be two of it.
    async fn note(&self, place: CredentialRow, checked: Checked) -> Result<Account, FactorError> {
        let (this, now) = (self.clone(), self.parts.clock.now());
        let account = self
            .parts
            .store
            .write(move |tx| {
                let row = rows::passkey(tx, place.account, place.passkey)?;
                let mut row = row.ok_or(FactorError::WrongPasskey)?;
                let result = match checked {
                    Checked::Good(result) if counts_on(&row, &result) => result,
                    // No error inside the transaction: it must be told durably.
                    _ => {
                        this.tell_in(tx, place.account, &SecurityEvent::PasskeyCopied)?;
                        return Ok::<_, FactorError>(None);
                    }
                };
                let mut key = key_of(&row)?;
                key.update_credential(&result);
                row.key = serde_json::to_string(&key).map_err(library)?;
                row.counter = result.counter();
                row.used_at = Some(now);
                rows::put_passkey_in(tx, place, &row)?;
                Ok(account_in(tx, place.account)?)
            })
            .await?;
        account.ok_or(FactorError::WrongPasskey)
    }

    /// Calls a passkey something else.
    ///
    /// # Errors
    /// When the account has no such passkey.
    pub async fn rename_passkey(
        &self,
        account: AccountId,
        id: PasskeyId,
        label: Label,
    ) -> Result<Passkey, FactorError> {
        self.parts
            .store
            .write(move |tx| {
                let mut row = rows::passkey(tx, account, id)?.ok_or(FactorError::Missing)?;
                row.label = label;
                rows::put_passkey_in(tx, CredentialRow { account, passkey: id }, &row)?;
                Ok(view(id, row))
            })
            .await
    }

    /// Takes a passkey away; it opens nothing any more.
    ///
    /// # Errors
    /// When the account has no such passkey, or could not be opened without it.
    pub async fn remove_passkey(
        &self,
        account: AccountId,
        id: PasskeyId,
        opens: OpensBeside,
    ) -> Result<(), FactorError> {
        let this = self.clone();
        self.parts
            .store
            .write(move |tx| {
                let row = rows::passkey(tx, account, id)?.ok_or(FactorError::Missing)?;
                if rows::passkeys(tx, account)?.len() == 1 && !opens(tx, account)? {
                    return Err(FactorError::LastWayIn);
                }
                rows::remove_passkey_in(tx, account, id, &row);
                this.changed_in(tx, account, &SecurityEvent::PasskeyRemoved)
            })
            .await
    }

    /// Removes the passkeys of an account that may be somebody else's by now. Its authenticator
    /// app stays: it opens nothing by itself, and whoever reads a mailbox shall not do without.
    ///
    /// # Errors
    /// When the store fails.
    pub fn disown_in(&self, tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
        for (id, row) in rows::passkeys(tx, account)? {
            rows::remove_passkey_in(tx, account, id, &row);
            self.tell_in(tx, account, &SecurityEvent::PasskeyRemoved)?;
        }
        Ok(())
    }
}

/// What came of checking an answer.
enum Checked {
    Good(Box<AuthenticationResult>),
    /// It counts from an earlier time than the passkey we know.
    Copied,
}

/// Whether a passkey that counts has counted on.
fn counts_on(row: &PasskeyRow, result: &AuthenticationResult) -> bool {
    (row.counter == 0 && result.counter() == 0) || result.counter() > row.counter
}

/// Asks for a passkey that is found without a name being typed; the library's default leaves
/// that to the authenticator. What it asks for beyond that makes some phones refuse.
fn findable(mut options: Value) -> Value {
    options["authenticatorSelection"]["residentKey"] = json!("required");
    options["authenticatorSelection"]["requireResidentKey"] = json!(true);
    options["extensions"] = json!({"credProps": true});
    options
}

fn read<T: DeserializeOwned>(credential: Value) -> Result<T, FactorError> {
    serde_json::from_value(credential).map_err(|_| FactorError::NoCredential)
}

fn key_of(row: &PasskeyRow) -> Result<Key, FactorError> {
    serde_json::from_str(&row.key).map_err(library)
}

/// Credential identifiers are as long as authenticators like; keys of tables are not.
fn hash_of(credential: &[u8]) -> TokenHash {
    TokenHash(blake3::hash(credential).into())
}

fn library(error: impl std::error::Error + Send + Sync + 'static) -> FactorError {
    FactorError::Library(error.into())
}

/// The library's reasons are for us; whoever sent it learns that it was refused.
fn refused(error: &WebauthnError, outcome: FactorError) -> FactorError {
    tracing::debug!(%error, "a passkey was refused");
    outcome
}

pub(super) fn view(id: PasskeyId, row: PasskeyRow) -> Passkey {
    Passkey { id, label: row.label, created_at: row.created_at, used_at: row.used_at }
}
