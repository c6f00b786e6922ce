//! Answers that are being written, or were a moment ago: who listens, who joins later, who stops.
//!
//! What happens is appended to a log; each listener reads it at its own pace, so a slow one holds
//! nobody up, and one that was cut off continues where it was.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::kernel::{AccountId, CloneId, Fault, Kind, MessageId};

use super::ConversationError;

mod log;

use log::Log;
pub use log::{Event, Failure};

/// How many ended answers stay joinable event by event; older ones are read from the store.
const ENDED_KEPT: usize = 256;
/// How many bytes they may take together.
const ENDED_BYTES: usize = 16 * 1024 * 1024;

/// One answer in the making.
pub struct Answer {
    account: AccountId,
    /// Known once the question is decided.
    pub(super) clone: OnceLock<CloneId>,
    log: Mutex<Log>,
    more: Notify,
    /// Fires when somebody wants it to stop.
    pub(super) stop: CancellationToken,
}

impl Answer {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends what happened and wakes the listeners.
    pub(super) fn push(&self, event: Event) {
        self.log().push(event);
        self.more.notify_waiters();
    }

    /// Whether its last event is there.
    pub(super) fn is_over(&self) -> bool {
        self.log().is_over()
    }

    /// How many bytes were written so far.
    pub(super) fn written(&self) -> usize {
        self.log().text().len()
    }

    /// What was written so far.
    pub(super) fn text(&self) -> String {
        self.log().text().to_owned()
    }

    /// Listens from the event after `seen` (0: from the beginning).
    pub fn listen(self: &Arc<Self>, seen: u64) -> Listener {
        Listener { answer: Arc::clone(self), seen: usize::try_from(seen).unwrap_or(usize::MAX) }
    }
}

/// A reader of an answer's events.
pub struct Listener {
    answer: Arc<Answer>,
    seen: usize,
}

impl Listener {
    /// The next event and its number, from 1; nothing after the last.
    pub async fn next(&mut self) -> Option<(u64, Event)> {
        let answer = Arc::clone(&self.answer);
        loop {
            let more = answer.more.notified();
            tokio::pin!(more);
            // Enabled before looking, so that an event pushed in between wakes us.
            more.as_mut().enable();
            {
                let log = answer.log();
                if let Some(event) = log.get(self.seen) {
                    self.seen += 1;
                    return Some((self.seen as u64, event));
                }
                if log.is_over() {
                    return None;
                }
            }
            more.await;
        }
    }
}

#[derive(Default)]
struct Board {
    answers: HashMap<MessageId, Arc<Answer>>,
    /// Ended ones and their sizes in bytes, oldest first.
    ended: VecDeque<(MessageId, usize)>,
    ended_bytes: usize,
    running: HashMap<AccountId, usize>,
    total: usize,
}

/// All answers in the making. Cheap to clone.
#[derive(Clone)]
pub struct Live {
    board: Arc<Mutex<Board>>,
    most: usize,
    most_per_account: usize,
}

/// The right to write an answer; giving it up ends the answer for everyone, and leaves no trace of
/// one that was not promised yet.
pub(super) struct Writing {
    live: Live,
    id: MessageId,
    account: AccountId,
    promised: bool,
    pub(super) answer: Arc<Answer>,
}

impl Live {
    /// No answer yet; so many at once at most, in all and for one account.
    pub fn new(most: usize, most_per_account: usize) -> Self {
        Self { board: Arc::default(), most, most_per_account }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an answer.
    pub(super) fn begin(
        &self,
        id: MessageId,
        account: AccountId,
        stop: CancellationToken,
    ) -> Result<Writing, ConversationError> {
        let mut board = self.board();
        let own = board.running.get(&account).copied().unwrap_or(0);
        if board.total >= self.most || own >= self.most_per_account {
            return Err(ConversationError::TooMany);
        }
        board.total += 1;
        board.running.insert(account, own + 1);
        let answer = Arc::new(Answer {
            account,
            clone: OnceLock::new(),
            log: Mutex::default(),
            more: Notify::new(),
            stop,
        });
        board.answers.insert(id, Arc::clone(&answer));
        Ok(Writing { live: self.clone(), id, account, promised: false, answer })
    }

    /// An answer in the making, or one that ended a moment ago.
    pub fn find(&self, id: MessageId) -> Option<Arc<Answer>> {
        self.board().answers.get(&id).cloned()
    }

    /// How many are being written.
    pub fn running(&self) -> usize {
        self.board().total
    }

    /// Stops every answer of a clone.
    pub fn stop_all_from(&self, clone: CloneId) {
        for answer in self.board().answers.values().filter(|a| a.clone.get() == Some(&clone)) {
            answer.stop.cancel();
        }
    }

    /// Stops every answer an account has asked for.
    pub fn stop_all_of(&self, account: AccountId) {
        for answer in self.board().answers.values().filter(|a| a.account == account) {
            answer.stop.cancel();
        }
    }
}

impl Writing {
    /// It was decided that the answer comes, and from which clone.
    pub(super) fn promise(&mut self, clone: CloneId) {
        self.answer.clone.get_or_init(|| clone);
        self.promised = true;
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if self.promised && !self.answer.is_over() {
            // The writer went away without a last word (a panic): listeners must not wait on.
            let fault = Fault::new(Kind::Internal, "internal", "The answer broke off.");
            self.answer.push(fault.into());
        }
        let mut board = self.live.board();
        board.total = board.total.saturating_sub(1);
        match board.running.get_mut(&self.account) {
            Some(own) if *own > 1 => *own -= 1,
            _ => {
                board.running.remove(&self.account);
            }
        }
        if !self.promised {
            board.answers.remove(&self.id);
            return;
        }
        let size = self.answer.log().size();
        board.ended.push_back((self.id, size));
        board.ended_bytes += size;
        // The one that ended just now stays in any case: its reader may have been cut off.
        while board.ended.len() > 1
            && (board.ended.len() > ENDED_KEPT || board.ended_bytes > ENDED_BYTES)
        {
            let Some((oldest, size)) = board.ended.pop_front() else { break };
            board.ended_bytes -= size;
            board.answers.remove(&oldest);
        }
    }
}
