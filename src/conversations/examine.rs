//! What must hold between the rows of conversations.

use std::collections::BTreeMap;

use super::rows::{self, CONVERSATIONS, GENERATING, MESSAGES, OF_ACCOUNT, OF_CLONE};
use crate::clones::{self, Counted, Recount};
use crate::jobs::{Examiner, Findings};
use crate::kernel::ConversationId;
use crate::store::{Range, ReadTx, Rows as _, StoreError};

/// Every conversation is found by its account and its clone, every message is in one, and all of
/// it is counted right.
pub struct ConversationExaminer;

impl Examiner for ConversationExaminer {
    fn examine(&self, tx: &ReadTx, findings: &mut Findings) -> Result<(), StoreError> {
        let mut messages: BTreeMap<ConversationId, u64> = BTreeMap::new();
        for (conversation, message) in tx.keys(&MESSAGES, &Range::all())? {
            *messages.entry(conversation).or_default() += 1;
            let lost = !tx.has(&CONVERSATIONS, &conversation)?;
            let key = (conversation, message);
            findings.note_if(lost, MESSAGES.info().name, "a message in no conversation", &key);
        }
        let mut counted = Recount::new();
        for id in tx.keys(&CONVERSATIONS, &Range::all())? {
            let Some(conversation) = rows::conversation(tx, id)? else { continue };
            let (account, clone) = (conversation.account, conversation.clone);
            let table = CONVERSATIONS.info().name;
            findings.note_if(!clones::exists(tx, clone)?, table, "with no clone", &id);
            let found =
                tx.has(&OF_ACCOUNT, &(account, clone, id))? && tx.has(&OF_CLONE, &(clone, id))?;
            findings.note_if(!found, table, "a conversation is not found", &id);
            let there = messages.get(&id).copied().unwrap_or_default();
            let wrong = conversation.message_count != there;
            findings.note_if(wrong, table, "messages are not counted right", &id);
            if conversation.deleted_at.is_none() {
                Counted::Conversation.recount(clone, account, &mut counted);
            }
        }
        Counted::Conversation.compare(tx, &counted, findings)?;
        for key in tx.keys(&OF_ACCOUNT, &Range::all())? {
            let lost = !tx.has(&CONVERSATIONS, &key.2)?;
            findings.note_if(lost, OF_ACCOUNT.info().name, "it finds what is not there", &key);
        }
        for key in tx.keys(&OF_CLONE, &Range::all())? {
            let lost = !tx.has(&CONVERSATIONS, &key.1)?;
            findings.note_if(lost, OF_CLONE.info().name, "it finds what is not there", &key);
        }
        for key in tx.keys(&GENERATING, &Range::all())? {
            let lost = !tx.has(&MESSAGES, &key)?;
            findings.note_if(lost, GENERATING.info().name, "it finds what is not there", &key);
        }
        Ok(())
    }
}
