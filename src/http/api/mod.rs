//! The API, a file a slice: views, parameters, and handlers of a few lines that translate.

mod admin;
mod api_keys;
mod attachments;
mod audit;
mod auth;
mod backups;
mod break_glass;
mod clones;
mod consents;
mod contributions;
mod conversations;
mod erasures;
mod exports;
mod factors;
mod fields;
mod identities;
mod legacy;
mod memories;
mod messages;
mod notifications;
mod oidc;
mod oidc_providers;
mod passkeys;
mod password;
mod people;
mod register;
mod restores;
mod restriction;
mod retention;
mod share_links;
mod sign_ins;
mod spaces;
mod standing;
mod system;
mod timeline;
mod trash;

use std::sync::Arc;

use poem_openapi::OpenApi;
use url::Url;

use super::sse::Streams;
use crate::accounts::Accounts;
use crate::admin::{Admin, Restores};
use crate::api_keys::ApiKeys;
use crate::attachments::Attachments;
use crate::audit::Audit;
use crate::backup::Backups;
use crate::break_glass::BreakGlass;
use crate::clones::Clones;
use crate::consents::Consents;
use crate::conversations::Conversations;
use crate::factors::Factors;
use crate::identities::Identities;
use crate::kernel::Clock;
use crate::legacy::Legacies;
use crate::memories::Memories;
use crate::notifications::{Links, Notifications};
use crate::privacy::{Erasures, Exports, Register, Restrictions, Trash};
use crate::retrieval::Retrieval;
use crate::sessions::Sessions;
use crate::share_links::ShareLinks;
use crate::spaces::Spaces;

use super::health::Health;

/// Everything handlers ask.
#[expect(missing_docs, reason = "each field is the service of its type")]
pub struct Parts {
    pub admin: Admin,
    pub restores: Restores,
    pub clock: Clock,
    pub accounts: Accounts,
    pub sessions: Sessions,
    pub api_keys: ApiKeys,
    pub factors: Factors,
    pub identities: Identities,
    pub consents: Consents,
    pub spaces: Spaces,
    pub clones: Clones,
    pub memories: Memories,
    pub attachments: Attachments,
    pub retrieval: Retrieval,
    pub conversations: Conversations,
    pub share_links: ShareLinks,
    pub notifications: Notifications,
    pub trash: Trash,
    pub erasures: Erasures,
    pub exports: Exports,
    pub restrictions: Restrictions,
    pub register: Register,
    pub legacies: Legacies,
    pub audit: Audit,
    pub backups: Backups,
    pub break_glass: BreakGlass,
    pub public_url: Option<Url>,
    pub links: Links,
}

/// [`Parts`], shared by all requests.
#[derive(Clone)]
pub struct Services(Arc<Shared>);

struct Shared {
    parts: Parts,
    streams: Streams,
    health: Health,
}

impl Services {
    /// The services of an app, with what the edge brings: event streams and health.
    pub fn new(parts: Parts, streams: Streams, health: Health) -> Self {
        Self(Arc::new(Shared { parts, streams, health }))
    }

    /// Opens event streams.
    pub fn streams(&self) -> &Streams {
        &self.0.streams
    }

    /// How the parts of the server are.
    pub fn health(&self) -> &Health {
        &self.0.health
    }
}

impl std::ops::Deref for Services {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

/// The whole API, version 1. All methods of a path belong into one of these: in the document
/// the later would replace the former.
pub fn api() -> impl OpenApi + 'static {
    // Two groups, because a tuple of these has sixteen members at most.
    (
        (
            system::SystemApi,
            auth::AuthApi,
            consents::ConsentApi,
            exports::ExportApi,
            (restriction::RestrictionApi, legacy::LegacyApi),
            register::RegisterApi,
            sign_ins::SignInApi,
            api_keys::ApiKeyApi,
            password::PasswordApi,
            factors::FactorApi,
            passkeys::PasskeyApi,
            oidc::OidcApi,
            oidc_providers::OidcProviderApi,
            identities::IdentityApi,
            notifications::NotificationApi,
        ),
        (
            spaces::SpaceApi,
            clones::CloneApi,
            standing::StandingApi,
            (memories::MemoryApi, contributions::ContributionApi, attachments::AttachmentApi),
            timeline::TimelineApi,
            people::PersonApi,
            (conversations::ConversationApi, retention::RetentionApi),
            messages::MessageApi,
            share_links::ShareLinkApi,
            trash::TrashApi,
            erasures::ErasureApi,
            (admin::AdminApi, backups::BackupApi, restores::RestoreApi),
            audit::AuditApi,
            break_glass::BreakGlassApi,
        ),
    )
}

/// The groups of operations in the document.
#[derive(poem_openapi::Tags)]
enum Group {
    /// Setting up, health.
    System,
    /// Accounts, sign-in, consents.
    Identity,
    /// API keys.
    Keys,
    /// Spaces.
    Spaces,
    /// Clones and their settings.
    Clones,
    /// Memories, their revisions, the timeline and search.
    Memories,
    /// People who occur in memories.
    People,
    /// Conversations and answers.
    Conversations,
    /// Links with which people without an account talk with one clone.
    Sharing,
    /// What people are told about their accounts.
    Notifications,
    /// What was deleted and can be brought back.
    Trash,
    /// Accounts, figures and the audit log, for those who look after the server.
    Admin,
}
