//! What the identifiers identify. The kinds live here, so that a slice can hold the identifier
//! of a thing that a slice above it owns.

use super::Id;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $id:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum $kind {}
            #[doc = concat!("Identifies a `", stringify!($kind), "`.")]
            pub type $id = Id<$kind>;
        )*
    };
}

kinds! {
    /// A person who signs in.
    AccountKind AccountId;
    /// A sign-in of an account on a device.
    SessionKind SessionId;
    /// A family or team.
    SpaceKind SpaceId;
    /// The profile of one subject that can be talked with.
    CloneKind CloneId;
    /// One thing remembered.
    MemoryKind MemoryId;
    /// A file that belongs to a memory.
    AttachmentKind AttachmentId;
    /// A person who occurs in memories.
    PersonKind PersonId;
    /// A chat of an account with a clone.
    ConversationKind ConversationId;
    /// One message of a conversation.
    MessageKind MessageId;
    /// Something deleted that can still be brought back.
    DiscardedKind DiscardedId;
    /// A key with which a program of an account comes in.
    ApiKeyKind ApiKeyId;
    /// A passkey of an account.
    PasskeyKind PasskeyId;
    /// Who an account is at a provider of sign-ins.
    IdentityKind IdentityId;
    /// An invitation into a space.
    InvitationKind InvitationId;
    /// A group at a provider of sign-ins whose people are in a space.
    SpaceGroupKind SpaceGroupId;
    /// A link with which a clone can be talked with without an account.
    ShareLinkKind ShareLinkId;
    /// That somebody close to a person objects to a clone of them.
    ObjectionKind ObjectionId;
    /// Work that waits in the queue.
    JobKind JobId;
    /// Something that an account was told.
    NoticeKind NoticeId;
    /// An admin's look at what is not theirs.
    BreakGlassKind BreakGlassId;
    /// That somebody says of an account that its person has died.
    LegacyClaimKind LegacyClaimId;
}
