//! The slices: the tables of each, what erases its rows, and what must hold between them.

use crate::accounts::{self, AccountEraser, AccountExaminer};
use crate::api_keys::{self, ApiKeyEraser};
use crate::audit::{self, AuditEraser, AuditExaminer};
use crate::break_glass::{self, BreakGlassEraser};
use crate::clones::{self, CloneEraser, CloneExaminer};
use crate::consents::{self, ConsentEraser};
use crate::conversations::{self, ConversationEraser, ConversationExaminer};
use crate::factors::{self, FactorEraser};
use crate::identities::{self, IdentityEraser};
use crate::jobs::discarded::DiscardedEraser;
use crate::jobs::{self, Eraser, Examiner, QueueEraser};
use crate::memories::{self, MemoryEraser, MemoryExaminer};
use crate::notifications::{self, NotificationEraser};
use crate::privacy::{self, TrashExaminer};
use crate::retrieval::{self, RetrievalEraser, RetrievalExaminer};
use crate::sessions::{self, SessionEraser};
use crate::share_links::{self, ShareLinkEraser};
use crate::spaces::{self, SpaceEraser, SpaceExaminer};
use crate::store::TableInfo;

/// Every table of every slice.
pub fn tables() -> Vec<TableInfo> {
    [
        jobs::calendar::TABLES,
        jobs::once::TABLES,
        jobs::discarded::TABLES,
        jobs::queue::TABLES,
        accounts::TABLES,
        sessions::TABLES,
        api_keys::TABLES,
        factors::TABLES,
        identities::TABLES,
        spaces::TABLES,
        consents::TABLES,
        notifications::TABLES,
        clones::TABLES,
        share_links::TABLES,
        memories::TABLES,
        retrieval::TABLES,
        conversations::TABLES,
        audit::TABLES,
        break_glass::TABLES,
        privacy::TABLES,
    ]
    .concat()
}

/// The erasers of all slices, in the order in which they run: what opens an account and what is
/// little first, what may be much last.
pub fn erasers() -> Vec<Box<dyn Eraser>> {
    vec![
        Box::new(ShareLinkEraser(conversations::forget_visitor_in)),
        Box::new(ApiKeyEraser),
        Box::new(FactorEraser),
        Box::new(IdentityEraser),
        Box::new(SessionEraser),
        Box::new(AccountEraser),
        Box::new(SpaceEraser),
        Box::new(ConsentEraser),
        Box::new(NotificationEraser),
        Box::new(BreakGlassEraser),
        Box::new(QueueEraser),
        Box::new(AuditEraser),
        Box::new(DiscardedEraser),
        Box::new(ConversationEraser),
        Box::new(RetrievalEraser),
        Box::new(MemoryEraser(privacy::forget_memory_in)),
        Box::new(CloneEraser),
    ]
}

/// What all slices know must hold between their rows.
pub fn examiners() -> Vec<Box<dyn Examiner>> {
    vec![
        Box::new(AccountExaminer),
        Box::new(SpaceExaminer),
        Box::new(CloneExaminer),
        Box::new(MemoryExaminer),
        Box::new(RetrievalExaminer),
        Box::new(ConversationExaminer),
        Box::new(TrashExaminer),
        Box::new(AuditExaminer),
    ]
}
