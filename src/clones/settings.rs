//! How a clone answers: read and changed.

use crate::access::{Action, Principal};
use crate::kernel::CloneId;

use super::{CloneError, Clones, Effective, Settings, SettingsChange, open, rows};

impl Clones {
    /// A clone's settings and what they come to.
    ///
    /// # Errors
    /// When the asker may not see the clone, or the store fails.
    pub fn settings(
        &self,
        who: &Principal,
        id: CloneId,
    ) -> Result<(Settings, Effective), CloneError> {
        let settings = self.store.read(|tx| {
            open(tx, who, id, Action::ReadSettings)?;
            Ok::<_, CloneError>(rows::settings(tx, id)?)
        })?;
        let effective = self.providers.effective(&settings);
        Ok((settings, effective))
    }

    /// Changes a clone's settings, if they are still `expected`.
    ///
    /// # Errors
    /// When the asker may not, they were changed meanwhile, or name a provider that is not there.
    pub async fn change_settings(
        &self,
        who: &Principal,
        id: CloneId,
        change: SettingsChange,
        expected: Option<Settings>,
    ) -> Result<(Settings, Effective), CloneError> {
        let who = who.clone();
        let providers = self.providers.clone();
        let settings = self
            .store
            .write(move |tx| {
                open(tx, &who, id, Action::ChangeClone)?;
                let mut settings = rows::settings(tx, id)?;
                if expected.is_some_and(|expected| expected != settings) {
                    return Err(CloneError::Stale);
                }
                change.apply(&mut settings);
                providers.check(&settings)?;
                rows::put_settings_in(tx, id, &settings)?;
                Ok::<_, CloneError>(settings)
            })
            .await?;
        let effective = self.providers.effective(&settings);
        Ok((settings, effective))
    }
}
