//! What an admin changes of a provider.

use crate::accounts::Registration;
use crate::identities::ProviderSettings;
use crate::kernel::Change;

/// What an admin wants changed of a provider.
#[derive(Default)]
#[expect(missing_docs, reason = "each field changes that of the settings with its name")]
pub struct ProviderChange {
    pub name: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Change<String>,
    pub scopes: Option<Vec<String>>,
    pub sign_up: Option<Registration>,
    pub trusted_email: Option<bool>,
    pub groups_claim: Change<String>,
    pub admin_group: Change<String>,
    pub enabled: Option<bool>,
}

impl ProviderChange {
    /// Carries it out; the names of the fields that were mentioned.
    pub(super) fn apply(
        self,
        settings: &mut ProviderSettings,
        enabled: &mut bool,
    ) -> Vec<&'static str> {
        let mut fields = Vec::new();
        {
            let mut set = |name, mentioned: bool| {
                if mentioned {
                    fields.push(name);
                }
            };
            set("name", replace(self.name, &mut settings.name));
            set("client_id", replace(self.client_id, &mut settings.client_id));
            set("client_secret", self.client_secret != Change::Keep);
            set("scopes", replace(self.scopes, &mut settings.scopes));
            set("sign_up", replace(self.sign_up, &mut settings.sign_up));
            set("trusted_email", replace(self.trusted_email, &mut settings.trusted_email));
            set("groups_claim", self.groups_claim != Change::Keep);
            set("admin_group", self.admin_group != Change::Keep);
            set("enabled", replace(self.enabled, enabled));
        }
        self.client_secret.map(Into::into).apply(&mut settings.client_secret);
        self.groups_claim.apply(&mut settings.groups_claim);
        self.admin_group.apply(&mut settings.admin_group);
        fields
    }
}

/// Puts a value in the place of another; whether there was one.
fn replace<T>(new: Option<T>, field: &mut T) -> bool {
    new.map(|new| *field = new).is_some()
}
