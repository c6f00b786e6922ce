//! The slices: the tables of each, what erases its rows, and what must hold between them.

use crate::accounts::{self, AccountEraser, AccountExaminer};
use crate::api_keys::{self, ApiKeyEraser};
use crate::attachments::{self, AttachmentEraser, AttachmentExaminer};
use crate::audit::{self, AuditEraser, AuditExaminer};
use crate::break_glass::{self, BreakGlassEraser};
use crate::clones::{self, CloneEraser, CloneExaminer};
use crate::consents::{self, ConsentEraser};
use crate::conversations::{self, ConversationEraser, ConversationExaminer};
use crate::factors::{self, FactorEraser};
use crate::identities::{self, IdentityEraser};
use crate::jobs::personal::PrivacyProvider;
use crate::jobs::{self, Eraser, Examiner, QueueEraser};
use crate::legacy::{self, LegacyEraser, LegacyExaminer};
use crate::memories::{self, MemoryEraser, MemoryExaminer};
use crate::notifications::{self, NotificationEraser};
use crate::privacy::{self, ErasureEraser, TrashExaminer};
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
        attachments::TABLES,
        retrieval::TABLES,
        conversations::TABLES,
        audit::TABLES,
        break_glass::TABLES,
        privacy::TABLES,
        legacy::TABLES,
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
        Box::new(LegacyEraser),
        Box::new(QueueEraser),
        Box::new(AuditEraser),
        Box::new(ConversationEraser),
        Box::new(RetrievalEraser),
        Box::new(AttachmentEraser),
        Box::new(MemoryEraser(privacy::forget_memory_in)),
        Box::new(CloneEraser),
        Box::new(ErasureEraser),
    ]
}

/// What removes all that opens the account of somebody who has died, and what was for their eyes
/// only; what they wrote stays.
pub(super) fn closers() -> Vec<Box<dyn Eraser>> {
    vec![
        Box::new(ShareLinkEraser(conversations::forget_visitor_in)),
        Box::new(ApiKeyEraser),
        Box::new(FactorEraser),
        Box::new(IdentityEraser),
        Box::new(SessionEraser),
        Box::new(NotificationEraser),
    ]
}

/// What all slices keep of people, in the order in which it is handed out.
pub fn kept_of_people() -> Vec<Box<dyn PrivacyProvider>> {
    vec![
        Box::new(AccountEraser),
        Box::new(ConsentEraser),
        Box::new(SpaceEraser),
        Box::new(CloneEraser),
        Box::new(MemoryEraser(privacy::forget_memory_in)),
        Box::new(AttachmentEraser),
        Box::new(ConversationEraser),
        Box::new(ShareLinkEraser(conversations::forget_visitor_in)),
        Box::new(QueueEraser),
        Box::new(NotificationEraser),
        Box::new(SessionEraser),
        Box::new(FactorEraser),
        Box::new(IdentityEraser),
        Box::new(ApiKeyEraser),
        Box::new(BreakGlassEraser),
        Box::new(LegacyEraser),
        Box::new(AuditEraser),
        Box::new(RetrievalEraser),
        Box::new(ErasureEraser),
    ]
}

/// What all slices know must hold between their rows.
pub fn examiners() -> Vec<Box<dyn Examiner>> {
    vec![
        Box::new(AccountExaminer),
        Box::new(SpaceExaminer),
        Box::new(CloneExaminer),
        Box::new(MemoryExaminer),
        Box::new(AttachmentExaminer),
        Box::new(RetrievalExaminer),
        Box::new(ConversationExaminer),
        Box::new(TrashExaminer),
        Box::new(LegacyExaminer),
        Box::new(AuditExaminer),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use crate::jobs::personal::How;
    use crate::store::Holds;

    use super::{erasers, kept_of_people, tables};

    #[test]
    fn every_table_says_what_becomes_of_it_when_somebody_takes_theirs_along() {
        let slices = kept_of_people();
        let mut declared = BTreeMap::new();
        let mut records = BTreeSet::new();
        for slice in &slices {
            for kept in slice.personal().kept {
                assert!(declared.insert(kept.table, kept.how).is_none(), "{} twice", kept.table);
            }
            for record in slice.personal().records {
                assert!(records.insert(record.name), "{} twice", record.name);
                let names: BTreeSet<&str> = record.fields.iter().map(|field| field.name).collect();
                assert_eq!(names.len(), record.fields.len(), "{}", record.name);
            }
        }
        for table in tables() {
            let how = declared.remove(table.name);
            let how = how.unwrap_or_else(|| panic!("nobody says what becomes of {}", table.name));
            match how {
                How::Given(record) | How::Leads(record) => {
                    assert!(records.contains(record), "{}: there is no {record}", table.name);
                }
                How::Common(_) | How::Passing(_) | How::Secret | How::Derived => {}
            }
            let is_given = matches!(how, How::Given(_));
            assert!(!is_given || table.holds != Holds::Nothing || table.name == "audit_log");
        }
        assert!(declared.is_empty(), "no such tables: {declared:?}");
        assert_eq!(slices.len(), erasers().len(), "who hands out also erases");
    }
}
