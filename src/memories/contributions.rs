//! What contributors send waits until somebody who looks after the clone lets it in: a memory that
//! nobody has let in is shown to its author and the stewards only and answers nothing, and of a
//! memory that is in, what was there stays until the change is let in.

use serde::{Deserialize, Serialize};

use crate::access::{Action, Principal, Role, Visibility, may};
use crate::accounts::SecurityEvent;
use crate::clones::{self, Contributions};
use crate::consents::{self, Consent};
use crate::kernel::{AccountId, CloneId, MemoryId, Page, PageRequest, Text, Timestamp};
use crate::store::{Direction, Range, Rows, StoreError, WriteTx, page_of};

use super::rights::{may_read, readable_as};
use super::{Content, Happened, Memories, Memory, MemoryError, require_free, rows};

/// What of a memory nobody has let in yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Since when it waits.
    pub since: Timestamp,
    /// What it is to say; nothing when the memory itself waits.
    pub change: Option<Content>,
    /// Who looks after the clone did not let it in.
    pub declined: Option<Declined>,
}

/// That something was not let in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Declined {
    /// When.
    pub at: Timestamp,
    /// A few words why.
    pub reason: Option<Text<1, 500>>,
}

impl Memory {
    /// Whether it is in: found, quoted, and shown to whoever its visibility names.
    pub fn is_in(&self) -> bool {
        self.waiting.as_ref().is_none_or(|waiting| waiting.change.is_some())
    }

    /// Whether somebody has to look at something of it.
    pub(super) fn waits(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.declined.is_none())
    }

    /// Who is shown it: of what waits, who is to let it in; of what was declined, its author.
    pub fn shown_to(&self) -> Visibility {
        match &self.waiting {
            Some(Waiting { change: None, declined: None, .. }) => Visibility::Stewards,
            Some(Waiting { change: None, declined: Some(_), .. }) => Visibility::Author,
            _ => self.content.visibility,
        }
    }

    /// What its author changes: what they wrote last.
    pub(super) fn draft(&self, by: AccountId) -> &Content {
        let change = self.waiting.as_ref().and_then(|waiting| waiting.change.as_ref());
        change.filter(|_| by == self.author).unwrap_or(&self.content)
    }

    /// It as somebody sees it who may read it: what waits is for its author and the stewards.
    pub(super) fn seen_by(mut self, who: &Principal, role: Role) -> Self {
        let declined = self.waiting.as_ref().is_some_and(|waiting| waiting.declined.is_some());
        let looks_after = may(role, Action::ChangeMemories) && !declined;
        if self.author != who.account && !looks_after {
            let waiting = self.waiting.take();
            self.files_until = waiting.map(|waiting| waiting.since);
        }
        self
    }

    /// Whether a file that somebody sent then with the memory is for who sees it.
    pub fn shows_file(&self, by: AccountId, at: Timestamp) -> bool {
        by != self.author || self.files_until.is_none_or(|until| at < until)
    }

    /// Whether a file that somebody sent then with the memory waits with it.
    pub fn keeps_waiting(&self, by: AccountId, at: Timestamp) -> bool {
        let since = self.waiting.as_ref().map(|waiting| waiting.since);
        by == self.author && since.is_some_and(|since| at >= since)
    }

    /// It after a change by somebody whose writing waits (`reviewed`) or does not.
    pub(super) fn rewritten(
        &self,
        by: AccountId,
        content: Content,
        reviewed: bool,
        now: Timestamp,
    ) -> Self {
        let nobody_else = content.visibility == Visibility::Author;
        // What was sent with it, such as a photograph, waits since the same moment.
        let since = self.waiting.as_ref().map_or(now, |waiting| waiting.since);
        let waits = |change| Some(Waiting { since, change, declined: None });
        let (content, waiting) = if !reviewed {
            // Who may let in and changes it has seen it; what else its author asks for stays.
            let other = self.waiting.clone().filter(|waiting| waiting.change.is_some());
            (content, other.filter(|_| by != self.author))
        } else if nobody_else || self.is_only_narrowed(&content) {
            (content, None)
        } else if !self.is_in() || self.content.visibility == Visibility::Author {
            (content, waits(None))
        } else {
            (self.content.clone(), waits(Some(content)))
        };
        let updated_at = if content == self.content { self.updated_at } else { now };
        Self { content, waiting, revision: self.revision + 1, updated_at, ..self.clone() }
    }

    /// Whether fewer would see the same.
    fn is_only_narrowed(&self, content: &Content) -> bool {
        let same = Content { visibility: content.visibility, ..self.content.clone() } == *content;
        let narrower = self.content.visibility == Visibility::Space
            && content.visibility == Visibility::Stewards;
        self.is_in() && same && narrower
    }
}

/// Whether what somebody with this role writes waits.
///
/// # Errors
/// When the store fails.
pub fn is_reviewed(tx: &impl Rows, role: Role, clone: CloneId) -> Result<bool, StoreError> {
    if may(role, Action::ChangeMemories) {
        return Ok(false);
    }
    let settings = clones::settings_of(tx, clone)?;
    Ok(settings.contributions.unwrap_or_default() == Contributions::Reviewed)
}

/// What becomes of what waits.
#[derive(Clone, Debug)]
pub enum Decision {
    /// It is let in.
    Approve,
    /// It is not, perhaps with a few words why.
    Decline(Option<Text<1, 500>>),
}

impl Memories {
    /// What waits in a clone to be let in: all of it for those who may, and their own for those
    /// who wrote it. What was written first comes first.
    ///
    /// # Errors
    /// When the clone is not the asker's to see, or the store fails.
    pub fn contributions(
        &self,
        who: &Principal,
        clone: CloneId,
        page: &PageRequest,
    ) -> Result<Page<Memory>, MemoryError> {
        self.store.read(|tx| {
            let (_, role) = clones::open(tx, who, clone, Action::ReadMemories)?;
            let range = Range::prefix(&clone);
            page_of(tx, &rows::WAITING, range, Direction::Up, page, |(_, id), ()| {
                let Some(memory) = rows::memory(tx, clone, id)? else { return Ok(None) };
                let shown = may_read(who, role, &memory);
                let memory = memory.seen_by(who, role);
                Ok(Some(memory).filter(|memory| shown && memory.waits()))
            })
        })
    }

    /// Lets in what waits of a memory, or declines it, as it was in a revision.
    ///
    /// # Errors
    /// When the asker may not, nothing waits, it was changed since, or the store fails.
    pub async fn decide(
        &self,
        who: &Principal,
        (clone, id): (CloneId, MemoryId),
        revision: u32,
        decision: Decision,
    ) -> Result<Memory, MemoryError> {
        let (this, who, now) = (self.clone(), who.clone(), self.clock.now());
        self.store
            .write(move |tx| {
                let (persona, role) = clones::open(tx, &who, clone, Action::ReadMemories)?;
                let before = readable_as(tx, &who, role, clone, id)?;
                if !may(role, Action::ChangeMemories) {
                    return Err(MemoryError::Forbidden);
                }
                let approved = matches!(decision, Decision::Approve);
                if approved {
                    consents::require_in(tx, who.account, Consent::DataProcessing)?;
                }
                if !before.waits() {
                    return Err(MemoryError::NothingWaits);
                }
                if before.revision != revision {
                    return Err(MemoryError::Stale);
                }
                let after = before.decided(decision, now);
                if approved {
                    require_free(tx, clone, Some(id), &after.content)?;
                }
                let author = before.author;
                let after = this.replace_in(tx, author, before, after)?;
                let event = SecurityEvent::ContributionDecided {
                    clone,
                    memory: id,
                    approved,
                    name: persona.profile.name.to_string(),
                    told: vec![author].into_iter().filter(|told| *told != who.account).collect(),
                };
                this.watchers.tell_in(tx, who.account, &event, now)?;
                Ok(after.seen_by(&who, role))
            })
            .await
    }

    /// Notes that a file was sent with a memory: what a contributor sends waits, so the memory does
    /// if others would be shown it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn note_file_in(
        &self,
        tx: &mut WriteTx<'_>,
        (by, role): (AccountId, Role),
        before: Memory,
    ) -> Result<Memory, MemoryError> {
        let shown = before.content.visibility != Visibility::Author;
        if !shown || !is_reviewed(tx, role, before.clone)? {
            return Ok(before);
        }
        let now = self.clock.now();
        let waiting = before.waiting.clone();
        let change = before.is_in().then(|| before.draft(by).clone());
        let since = waiting.map_or(now, |waiting| waiting.since);
        let waiting = Some(Waiting { since, change, declined: None });
        let revision = before.revision + 1;
        let after = Memory { waiting, revision, ..before.clone() };
        self.replace_in(tx, by, before, after)
    }

    /// Takes back a change that waits or was declined.
    ///
    /// # Errors
    /// When it is not the asker's, there is none, or the store fails.
    pub async fn withdraw_change(
        &self,
        who: &Principal,
        (clone, id): (CloneId, MemoryId),
    ) -> Result<(), MemoryError> {
        let (this, who) = (self.clone(), who.clone());
        self.store
            .write(move |tx| {
                let (_, role) = clones::open(tx, &who, clone, Action::ReadMemories)?;
                let before = readable_as(tx, &who, role, clone, id)?;
                if before.author != who.account {
                    return Err(MemoryError::Forbidden);
                }
                if before.waiting.is_none() || !before.is_in() {
                    return Err(MemoryError::NothingWaits);
                }
                let revision = before.revision + 1;
                let after = Memory { waiting: None, revision, ..before.clone() };
                this.tell(tx, Happened::Withdrawn(&before, this.clock.now()))?;
                this.replace_in(tx, who.account, before, after).map(|_| ())
            })
            .await
    }

    /// Tells those who look after a clone that something is about to wait, unless something does
    /// already: they have been told.
    pub(super) fn tell_waiting_in(
        &self,
        tx: &mut WriteTx<'_>,
        memory: &Memory,
    ) -> Result<(), StoreError> {
        let (clone, by) = (memory.clone, memory.author);
        if !tx.keys(&rows::WAITING, &Range::prefix(&clone))?.is_empty() {
            return Ok(());
        }
        let Some(persona) = clones::present(tx, clone)? else { return Ok(()) };
        let told = clones::keepers_in(tx, &persona, by)?;
        let name = persona.profile.name.to_string();
        let event = SecurityEvent::ContributionWaits { clone, name, told };
        self.watchers.tell_in(tx, by, &event, self.clock.now())
    }
}

impl Memory {
    fn decided(&self, decision: Decision, now: Timestamp) -> Self {
        let mut after = Self { revision: self.revision + 1, ..self.clone() };
        match decision {
            Decision::Approve => {
                let change = after.waiting.take().and_then(|waiting| waiting.change);
                if let Some(content) = change {
                    after.content = content;
                    after.updated_at = now;
                }
            }
            Decision::Decline(reason) => {
                if let Some(waiting) = &mut after.waiting {
                    waiting.declined = Some(Declined { at: now, reason });
                }
            }
        }
        after
    }
}
