//! Mails in English.

use super::super::topic::Topic;
use super::{COMMAND_LINE, Message, Tongue, UNKNOWN_DEVICE};

pub(super) const TONGUE: Tongue = Tongue {
    notices: &NOTICES,
    another_service: " another service",
    unknown_device: UNKNOWN_DEVICE,
    command_line: COMMAND_LINE,
    no_reason: " none",
    nothing: " nothing",
    listed: " that is listed in your notifications",
    when: "When:",
    who: "Who:",
    until: "Until:",
    role: "Your role:",
    roles: ["visitor", "contributor", "steward", "owner"],
    not_you: "If this was you, there is nothing to do.\n\
              If it was not, change your password at once and end all other sign-ins.",
    account: "Your account:",
    inbox: "All your notifications:",
    reset: Message {
        subject: "Set a new password",
        lead: "Somebody asked to set a new password for your account.\n\
               If it was you, go on here:",
        end: "This works once, and for half an hour at most.\n\
              If it was not you, do nothing: your password stays as it is.",
    },
    verification: Message {
        subject: "Is this your address?",
        lead: "Somebody gave this address for an account with CloneMemoria.\n\
               If it was you, confirm it here:",
        end: "If it was not you, do nothing.",
    },
    invitation: Message {
        subject: "You are invited",
        lead: "You are invited into a space{} with CloneMemoria, where people keep memories\n\
               together. To accept, go on here:",
        end: "If you do not know what this is about, do nothing.",
    },
    here: "I am here, stop it:",
    named: Message {
        subject: "Somebody trusts you with their legacy",
        lead: "Somebody named you{} as the person who receives what is theirs on a CloneMemoria\n\
               server after their death. There is nothing to do now. They have a key for you, on\n\
               paper; keep it safe. When the time comes, this is where it is used:",
        end: "If you do not know who that is, do nothing.",
    },
    code: "Enter this code on the page of your server:",
    quotes: ("“", "”"),
    footer: "You get this mail because it is about your account with CloneMemoria.",
};

/// Subject and first sentence of each notice; `{}` is the name that it gives.
const NOTICES: [(Topic, &str, &str); 49] = [
    (Topic::NewDevice, "A new device is signed in", "Your account was opened on a new device{}."),
    (
        Topic::PasswordChanged,
        "Your password was changed",
        "The password of your account was changed.",
    ),
    (
        Topic::PasswordReset,
        "Your password was reset",
        "A new password was set for your account with a link from a mail or by the operator.",
    ),
    (
        Topic::EmailChanged,
        "Your address was changed",
        "Your account has another e-mail address from now on.",
    ),
    (
        Topic::SecondFactorAdded,
        "Sign-in asks for a second step",
        "From now on signing in to your account needs a code from your app as well.",
    ),
    (
        Topic::SecondFactorRemoved,
        "Sign-in asks for no second step any more",
        "Signing in to your account does not need a code from an app any more.",
    ),
    (Topic::PasskeyAdded, "A passkey was added", "A new passkey opens your account."),
    (
        Topic::PasskeyRemoved,
        "A passkey was removed",
        "A passkey does not open your account any more.",
    ),
    (
        Topic::PasskeyCopied,
        "A passkey was refused",
        "Somebody came with a passkey of yours that seems to be a copy. It was refused; remove it \
         and add another.",
    ),
    (
        Topic::IdentityLinked,
        "Another way to sign in was added",
        "Your account can be opened through{} as well.",
    ),
    (
        Topic::IdentityUnlinked,
        "A way to sign in was removed",
        "Your account cannot be opened through{} any more.",
    ),
    (
        Topic::ApiKeyCreated,
        "A key for programs was made",
        "A key{} lets programs act for your account.",
    ),
    (
        Topic::SignInReused,
        "A sign-in may have been stolen",
        "A sign-in of yours was used twice, which happens when somebody copied it. It was \
         ended, and you have to sign in again.",
    ),
    (
        Topic::RecoveryCodeUsed,
        "A recovery code was used",
        "Your account was opened with a recovery code instead of a code from your app.",
    ),
    (
        Topic::RecoveryCodesRenewed,
        "Your recovery codes were renewed",
        "There are new recovery codes for your account; those from before do not work any more.",
    ),
    (
        Topic::ShareLinkCreated,
        "A link to a clone was made",
        "Your account made a link with which people without an account can talk with the clone{}.",
    ),
    (
        Topic::CloneShared,
        "A clone in your space was shared",
        "Somebody who looks after your space made a link with which people without an account \
         can talk with the clone{}.",
    ),
    (
        Topic::DataExported,
        "Your data was exported",
        "Everything in your account was taken out as a file.",
    ),
    (
        Topic::BreakGlass,
        "An administrator opened your data",
        "An administrator of the server may read for a while what is in your personal space:\n\
         your clones, their memories and your conversations with them. They can change\n\
         nothing. The reason given:{}",
    ),
    (
        Topic::BreakGlassEnded,
        "An administrator cannot read your data any more",
        "An administrator of the server could read what is in your personal space, and cannot\n\
         any more. What they opened:{}",
    ),
    (
        Topic::SpaceInvitation,
        "You are invited into a space",
        "Somebody invites you into the space{}.",
    ),
    (
        Topic::RoleChanged,
        "Your role in a space changed",
        "You may do other things than before in the space{}.",
    ),
    (
        Topic::SpaceHandedOver,
        "A space is yours now",
        "Somebody handed over to you the space{}: you decide who is in it from now on.",
    ),
    (
        Topic::RemovedFromSpace,
        "You are not in a space any more",
        "Somebody who looks after it took you out of the space{}.",
    ),
    (
        Topic::CloneMoved,
        "A clone is not in your space any more",
        "Somebody who looks after it took a clone into another space, where you cannot talk with \
         it:{}.",
    ),
    (
        Topic::SubjectAgreed,
        "A person agreed to their clone",
        "The person of whom the clone{} is has agreed to it.",
    ),
    (
        Topic::SubjectDeclined,
        "A person does not want their clone",
        "The person of whom the clone{} is does not want it: it rests, and only they \
         can wake it.",
    ),
    (
        Topic::CloneObjected,
        "Somebody objects to a clone",
        "Somebody close to the person objects to the clone{}. It rests until that is \
         settled.",
    ),
    (
        Topic::ObjectionWithdrawn,
        "An objection was taken back",
        "Somebody took their objection to the clone{} back.",
    ),
    (
        Topic::ClonePaused,
        "A clone rests for now",
        "The clone{} rests for now: nobody talks with it. What was told to it can be \
         read.",
    ),
    (
        Topic::CloneRetired,
        "A clone is kept for reading",
        "The clone{} was laid to rest. What was told to it stays and can be read.",
    ),
    (Topic::CloneWoken, "A clone is awake again", "The clone{} can be talked with again."),
    (
        Topic::ContributionWaits,
        "Something waits for you",
        "Somebody wrote something for the clone{}. It is used once you or another who looks after \
         it has let it in.",
    ),
    (
        Topic::ContributionApproved,
        "What you wrote is in",
        "What you wrote for the clone{} was let in.",
    ),
    (
        Topic::ContributionDeclined,
        "What you wrote was not let in",
        "What you wrote for the clone{} was not let in. You still have it, and can change it and \
         ask again.",
    ),
    (
        Topic::LegacyContactSet,
        "Your legacy contact was set",
        "Your account says who receives what is yours after your death:{}.",
    ),
    (
        Topic::LegacyContactRemoved,
        "Your legacy contact was removed",
        "Your account names nobody any more who receives what is yours after your death.",
    ),
    (
        Topic::LegacyClaimed,
        "Somebody says that you have died",
        "Somebody who has the key for your legacy says that you have died. If nobody stops it,\n\
         what you chose for that case is carried out. If you read this, stop it: sign in, or use\n\
         the link in this mail.",
    ),
    (
        Topic::LegacyClaimRuns,
        "Somebody claims a legacy",
        "Somebody says that a person with an account on your server has died:{}.\n\
         What they chose for that case is carried out after their wait. If you know better, you\n\
         can stop it.",
    ),
    (
        Topic::LegacyClaimStopped,
        "A claim to a legacy was stopped",
        "That somebody has died was stopped from being taken as true:{}.",
    ),
    (
        Topic::LegacyCarriedOut,
        "A legacy was carried out",
        "What somebody had chosen for after their death was carried out:{}.",
    ),
    (
        Topic::AdminGranted,
        "You administer the server",
        "Your account administers the server from now on: it may see accounts and change what \
         they may be used for.",
    ),
    (
        Topic::AdminRevoked,
        "You do not administer the server any more",
        "Your account does not administer the server any more. Your memories stay as they are.",
    ),
    (
        Topic::LockedOut,
        "You were signed out everywhere",
        "An administrator ended all sign-ins of your account and all its keys for programs. You \
         can sign in again as before.",
    ),
    (
        Topic::Suspended,
        "Your account was suspended",
        "An administrator suspended your account: nobody can sign in to it for now, you neither. \
         What it keeps stays. Ask them if you do not know why.",
    ),
    (
        Topic::Unsuspended,
        "You can use your account again",
        "Your account is not suspended any more. You can sign in as before.",
    ),
    (
        Topic::RecoveryKeySet,
        "A recovery key for backups was made",
        "Your account made a new recovery key. From now on it opens the backups of the server,\n\
         and the copies of its keys; the one before opens older backups only.",
    ),
    (
        Topic::BackupFailed,
        "A backup of the server failed",
        "A backup that was due could not be made, or is not at every place. It is tried again\n\
         every hour; you are told again only after one has succeeded. What failed:{}",
    ),
    (
        Topic::BackupOverdue,
        "The server has not been backed up for long",
        "No backup was made for longer than twice the time between two. Look at the page\n\
         “Backups” of the server, or into its log.",
    ),
];
