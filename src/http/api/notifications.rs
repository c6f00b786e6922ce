//! What people are told about their accounts: the inbox.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};

use super::Group;
use super::fields::path_id;
use super::spaces::RoleWord;
use super::trash::Done;
use crate::http::auth::{Ask, Owning};
use crate::http::listing::List;
use crate::http::problem::Answer;
use crate::notifications::{Notification, Topic};

const NOTIFICATIONS: List<'_> = List::named("notifications");

pub struct NotificationApi;

/// What a notice is about.
#[derive(Enum)]
#[oai(rename_all = "snake_case", remote = "Topic")]
enum TopicWord {
    /// The account was opened on a new device; `detail` says which.
    NewDevice,
    /// The password was changed.
    PasswordChanged,
    /// A forgotten password was replaced.
    PasswordReset,
    /// The account has another address; `detail` is the former one.
    EmailChanged,
    /// A second factor is needed from now on.
    SecondFactorAdded,
    /// A second factor is not needed any more.
    SecondFactorRemoved,
    /// A passkey opens the account.
    PasskeyAdded,
    /// A passkey does not open the account any more.
    PasskeyRemoved,
    /// A passkey that seems to be a copy was refused.
    PasskeyCopied,
    /// Signing in elsewhere opens the account; `detail` says where.
    IdentityLinked,
    /// Signing in elsewhere does not open the account any more; `detail` says where.
    IdentityUnlinked,
    /// An API key was made; `detail` is its label.
    ApiKeyCreated,
    /// A refresh token came back that was used already: it had been stolen.
    SignInReused,
    /// A recovery code stood in for the second factor.
    RecoveryCodeUsed,
    /// There are other recovery codes; those from before are worth nothing.
    RecoveryCodesRenewed,
    /// The account made a link that lets people talk with a clone without an account; `detail`
    /// is what the clone is called.
    ShareLinkCreated,
    /// Somebody made such a link to a clone in a space of the account's; `detail` is what the
    /// clone is called.
    CloneShared,
    /// Everything the account has was exported.
    DataExported,
    /// An administrator may look at what is the account's; `detail` is the reason they gave.
    BreakGlass,
    /// They may no more; `detail` names what they opened.
    BreakGlassEnded,
    /// Somebody invites the account into a space; `detail` is its name.
    SpaceInvitation,
    /// The account's role in a space changed to `role`; `detail` is the name of the space.
    RoleChanged,
    /// The account owns a space from now on; `detail` is its name.
    SpaceHandedOver,
    /// Somebody took the account out of a space; `detail` is its name.
    RemovedFromSpace,
    /// A clone was taken into a space in which the account is not; `detail` is its name.
    CloneMoved,
    /// The person of whom a clone is has agreed to it; `detail` is its name.
    SubjectAgreed,
    /// The person of whom a clone is does not want it, or not any more; `detail` is its name.
    SubjectDeclined,
    /// Somebody close to the person objects to a clone; `detail` is its name.
    CloneObjected,
    /// Somebody took their objection to a clone back; `detail` is its name.
    ObjectionWithdrawn,
    /// A clone rests for now; `detail` is its name.
    ClonePaused,
    /// A clone is kept for reading from now on; `detail` is its name.
    CloneRetired,
    /// A clone can be talked with again; `detail` is its name.
    CloneWoken,
    /// Something waits to be let in among the memories of a clone that the account looks after;
    /// `detail` is its name.
    ContributionWaits,
    /// What the account wrote about a clone was let in; `detail` is its name.
    ContributionApproved,
    /// What the account wrote about a clone was not let in; `detail` is its name.
    ContributionDeclined,
    /// The account says who receives what is its own after death; `detail` is their name.
    LegacyContactSet,
    /// Nobody does any more.
    LegacyContactRemoved,
    /// `by` says that the account's person has died; it can be stopped until `until`.
    LegacyClaimed,
    /// The same, for administrators; `detail` is of whom it is said.
    LegacyClaimRuns,
    /// A claim was stopped; `detail` is of whom it was.
    LegacyClaimStopped,
    /// What somebody chose for after their death was carried out; `detail` is their name.
    LegacyCarriedOut,
    /// The account administers the server from now on.
    AdminGranted,
    /// The account does not administer the server any more.
    AdminRevoked,
    /// An administrator ended every sign-in and key of the account.
    LockedOut,
    /// An administrator said that the account may not be used.
    Suspended,
    /// The account may be used again.
    Unsuspended,
    /// The account made the recovery key that backups are sealed for from now on.
    RecoveryKeySet,
    /// A backup could not be made, or is not at every place; `detail` says what failed.
    BackupFailed,
    /// No backup was made for longer than twice the time between two.
    BackupOverdue,
}

/// A notice.
#[derive(Object)]
struct NotificationView {
    id: String,
    topic: TopicWord,
    /// What it names; see the topics.
    detail: Option<String>,
    /// Who did it, if it was somebody else.
    by: Option<String>,
    /// Until when it goes on.
    until: Option<String>,
    /// What the account is in the space from now on, where its role changed.
    role: Option<RoleWord>,
    /// Whether it is worth a look because somebody else might have done it.
    security: bool,
    read: bool,
    created_at: String,
}

/// A part of the inbox, newest first.
#[derive(Object)]
struct NotificationList {
    items: Vec<NotificationView>,
    next_cursor: Option<String>,
    /// How many are unread in all.
    unread: u32,
}

#[OpenApi]
impl NotificationApi {
    /// What the caller was told
    #[oai(
        path = "/notifications",
        method = "get",
        operation_id = "list_notifications",
        tag = "Group::Notifications"
    )]
    async fn list(
        &self,
        ask: Ask<Owning>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<NotificationList>> {
        let page = NOTIFICATIONS.wanted(limit.0, after.0)?;
        let inbox = ask.notifications.inbox(&ask.who, &page)?;
        Ok(Json(NotificationList {
            items: inbox.page.items.into_iter().map(view).collect(),
            next_cursor: NOTIFICATIONS.next(inbox.page.next),
            unread: u32::try_from(inbox.unread).unwrap_or(u32::MAX),
        }))
    }

    /// Note that everything was read
    #[oai(
        path = "/notifications/read",
        method = "post",
        operation_id = "read_notifications",
        tag = "Group::Notifications"
    )]
    async fn read_all(&self, ask: Ask<Owning>) -> Answer<Done> {
        ask.notifications.read_all(&ask.who).await?;
        Ok(Done::Done)
    }

    /// Note that a notice was read
    #[oai(
        path = "/notifications/:notification_id/read",
        method = "post",
        operation_id = "read_notification",
        tag = "Group::Notifications"
    )]
    async fn read(&self, ask: Ask<Owning>, notification_id: Path<String>) -> Answer<Done> {
        let id = path_id(&notification_id.0)?;
        ask.notifications.read(&ask.who, id).await?;
        Ok(Done::Done)
    }
}

fn view(notification: Notification) -> NotificationView {
    NotificationView {
        id: notification.id.to_string(),
        topic: notification.topic.into(),
        detail: notification.detail,
        by: notification.by,
        until: notification.until.map(|until| until.to_string()),
        role: notification.role.map(Into::into),
        security: notification.topic.is_about_security(),
        read: notification.read,
        created_at: notification.at.to_string(),
    }
}
