//! One search, from the question to the memories.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

use crate::access::{Action, Principal, Role};
use crate::clones;
use crate::index::analysis::{Asking, Query};
use crate::index::bm25::TextScores;
use crate::index::language::Language;
use crate::index::text::{IndexError, Seen, TextIndex};
use crate::kernel::{CloneId, MemoryId};
use crate::memories::{self, Filter, Memory};
use crate::store::{ReadTx, Rows, StoreError};

use super::evidence::{Evidence, LOOKED_AT, judged};
use super::fuse::{Mode, Ranked, Reach, Recipe};
use super::passage::passage_text;
use super::quote::{Question, Quote, coverage, highlights, in_context, quotes};
use super::rank::{Meaning, Search, ranked};
use super::rows::PassageRow;
use super::scope::{Scope, TailState, labels, told, words};
use super::sick::{fits, nowhere};
use super::turn::{Deadline, Turn, Waiting};
use super::{Found, Hit, Retrieval, RetrievalError, SearchMode, SearchRequest};
use super::{Inner, rows};

/// How many sentences of a passage are worth quoting at most.
const SENTENCES: usize = 3;
/// A sentence worth less than this share of the best one is not quoted beside it.
const WORTH_QUOTING: f32 = 0.6;

/// Who searches where, checked.
struct Seeker {
    who: Principal,
    role: Role,
    clone: CloneId,
    hint: Option<Language>,
}

impl Seeker {
    /// The memory of a passage, if it is there and may be read: what the indexes believe is not
    /// enough to show it.
    fn memory_of(&self, tx: &impl Rows, row: &PassageRow) -> Result<Option<Memory>, StoreError> {
        let memory = memories::memory_of(tx, self.clone, row.memory)?;
        let readable = |memory: &Memory| {
            let (author, visibility) = (memory.author, memory.content.visibility);
            memories::is_readable(self.who.account, self.role, author, visibility)
        };
        Ok(memory.filter(readable))
    }
}

impl Retrieval {
    /// Searches the memories of a clone that the asker may read.
    ///
    /// # Errors
    /// When the clone is not theirs to see, it takes too long, or the store fails.
    pub async fn search(
        &self,
        who: &Principal,
        clone: CloneId,
        request: SearchRequest,
    ) -> Result<Found, RetrievalError> {
        self.search_for(who, clone, request, Waiting::Searcher).await
    }

    pub(super) async fn search_for(
        &self,
        who: &Principal,
        clone: CloneId,
        request: SearchRequest,
        waiting: Waiting,
    ) -> Result<Found, RetrievalError> {
        let seeker = self.inner.store.read(|tx| {
            let (persona, role) = clones::open(tx, who, clone, Action::ReadMemories)?;
            let tag = persona.profile.language.as_deref().unwrap_or(&who.locale);
            let hint = Language::from_tag(tag);
            Ok::<_, RetrievalError>(Seeker { who: who.clone(), role, clone, hint })
        })?;
        let deadline = self.inner.turns.deadline(waiting);
        deadline.keep(self.found(seeker, request, deadline)).await
    }

    async fn found(
        &self,
        seeker: Seeker,
        request: SearchRequest,
        deadline: Deadline,
    ) -> Result<Found, RetrievalError> {
        if request.mode != SearchMode::Text {
            self.embed_few(seeker.clone).await;
        }
        let (vector, lost_meaning) = self.question_vector(&request).await;
        let inner = Arc::clone(&self.inner);
        let turn = inner.turns.next(deadline).await?;
        let find = move || inner.find(&turn, &seeker, &request, vector.as_deref());
        let found = crate::jobs::blocking(find).await.map_err(|_| RetrievalError::Broken)??;
        Ok(Found { degraded: found.degraded || lost_meaning, ..found })
    }

    /// The vector of a question, and whether one was wanted that could not be had.
    async fn question_vector(&self, request: &SearchRequest) -> (Option<Vec<f32>>, bool) {
        let Some(embedder) = &self.inner.embedder else {
            return (None, false);
        };
        if request.mode == SearchMode::Text {
            return (None, false);
        }
        match embedder.query(&request.question).await {
            Ok(vector) => (Some(vector), false),
            Err(error) => {
                tracing::error!(%error, "a question could not be embedded; searching by words");
                (None, true)
            }
        }
    }
}

/// A question, understood.
struct Asked<'a> {
    request: &'a SearchRequest,
    query: Query,
    vector: Option<&'a [f32]>,
    mode: Mode,
    recipe: Recipe,
}

/// What the built-in model understands.
const REACH: Reach = Reach::English;

impl Inner {
    fn find(
        &self,
        turn: &Turn,
        seeker: &Seeker,
        request: &SearchRequest,
        vector: Option<&[f32]>,
    ) -> Result<Found, RetrievalError> {
        #[cfg(feature = "testing")]
        self.turns.dawdle(turn)?;
        self.store.read(|tx| {
            let row = rows::scope(tx, seeker.clone)?;
            let Some(row) = row.filter(|_| !request.without_memories) else {
                return Ok(Found::default());
            };
            let scope = self.scopes.of(seeker.clone, &row);
            let index = self.text_index(seeker.clone)?;
            let committed = index.committed_seq();
            // One that does not fit is being made anew; until then what waits in the outbox is
            // all that there is by words.
            let fits = fits(committed, &row);
            let (index, committed) = if fits { (index, committed) } else { (nowhere()?, 0) };
            let state = scope.caught_up(tx, seeker.clone, (committed, row.trimmed))?;
            turn.go_on()?;
            let asked = asked(&scope, seeker, &state.languages(), request, vector);
            let (text, is_whole) = self.text_scores(seeker, &index, &state, &asked)?;
            // Held until here: a commit in between would take passages out of both.
            drop(state);
            let degraded = !fits || !is_whole;
            if degraded {
                let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
                behind.insert(seeker.clone);
                self.changed.notify_one();
            }
            turn.go_on()?;
            let best = self.best(tx, (turn, &scope), seeker.clone, &asked, &text)?;
            let found = (&text, &asked.query);
            let relevant = is_answered(tx, (turn, seeker), &scope, found, &best)?;
            let language = asked.query.language.map(|language| language.code().to_owned());
            let hits = hits(tx, (turn, seeker), &scope, found, best, request.limit)?;
            Ok(Found { hits, degraded, language, relevant })
        })
    }

    /// The scores by words of everything the asker may know of, and whether the index could be
    /// read; if not, it is made anew, and those are the scores of what waits for it.
    fn text_scores(
        &self,
        seeker: &Seeker,
        index: &TextIndex,
        state: &TailState,
        asked: &Asked<'_>,
    ) -> Result<(TextScores, bool), RetrievalError> {
        let hidden = state.hidden_from(seeker.who.account, seeker.role);
        let seen = |passage: u64| !hidden.contains(&passage);
        let seen = if hidden.is_empty() { Seen::All } else { Seen::Only(&seen) };
        let search = |index: &TextIndex| {
            // tantivy may panic over files that are not what they were.
            let search = || index.search(&asked.query, &state.tail, seen, asked.recipe.boosts);
            catch_unwind(AssertUnwindSafe(search)).unwrap_or(Err(IndexError::Changed))
        };
        match search(index) {
            Ok(scores) => Ok((scores, true)),
            Err(error) => {
                tracing::warn!(%error, "a text index cannot be read and is made anew");
                self.damaged(seeker.clone);
                Ok((search(&*nowhere()?).map_err(|_| RetrievalError::Broken)?, false))
            }
        }
    }

    fn best(
        &self,
        tx: &ReadTx,
        (turn, scope): (&Turn, &Scope),
        clone: CloneId,
        asked: &Asked<'_>,
        text: &TextScores,
    ) -> Result<Vec<Ranked>, RetrievalError> {
        if asked.vector.is_some() {
            let dimension = self.embedder.as_ref().map_or(0, |embedder| embedder.dimension());
            scope.load_vectors(tx, clone, dimension)?;
        }
        let vectors = scope.vectors.read().unwrap_or_else(PoisonError::into_inner);
        let meaning = asked.vector.zip(vectors.as_ref());
        let meaning = meaning.map(|(question, vectors)| Meaning { vectors, question });
        let allowed = allowed(tx, turn, clone, &asked.request.filter)?;
        let keep = |passage: u64| allowed.as_ref().is_none_or(|allowed| allowed.contains(&passage));
        let search = Search {
            text,
            meaning,
            recipe: asked.recipe,
            mode: asked.mode,
            // A memory has several passages and is shown once.
            limit: asked.request.limit * 2,
        };
        Ok(ranked(&search, &keep))
    }
}

fn asked<'a>(
    scope: &Scope,
    seeker: &Seeker,
    present: &[Language],
    request: &'a SearchRequest,
    vector: Option<&'a [f32]>,
) -> Asked<'a> {
    let asking = Asking { hint: seeker.hint, present, typing: request.typing };
    let query = scope.analyzer.query(&request.question, asking);
    let mode = match request.mode {
        SearchMode::Text => Mode::Text,
        SearchMode::Vector => Mode::Vector,
        // Without a model, words alone decide.
        SearchMode::Hybrid if vector.is_none() => Mode::Text,
        SearchMode::Hybrid => Mode::Hybrid,
    };
    let recipe = Recipe::for_query(&query, mode, REACH);
    Asked { request, query, vector, mode, recipe }
}

/// Whether what was found answers the question at all.
fn is_answered(
    tx: &impl Rows,
    (turn, seeker): (&Turn, &Seeker),
    scope: &Scope,
    (text, query): (&TextScores, &Query),
    best: &[Ranked],
) -> Result<bool, RetrievalError> {
    let worth = judged(query, text.worth(), text.documents());
    let question = Question { analyzer: &scope.analyzer, query, worth: &worth };
    let mut covered = Vec::new();
    for ranked in best.iter().take(LOOKED_AT) {
        turn.go_on()?;
        let Some(row) = rows::passage(tx, seeker.clone, ranked.passage)? else {
            continue;
        };
        if let Some(memory) = seeker.memory_of(tx, &row)? {
            let labels = labels(&memory);
            let told = told(&memory, &row, &labels);
            let indexed = passage_text(&told);
            let share = coverage(&question, &indexed, told.language);
            covered.push(share);
        }
    }
    Ok(Evidence::gather(query, &worth, best, &covered, REACH).is_enough())
}

/// The passages of the memories that a filter admits; nothing when there is no filter.
fn allowed(
    tx: &impl Rows,
    turn: &Turn,
    clone: CloneId,
    filter: &Filter,
) -> Result<Option<HashSet<u64>>, RetrievalError> {
    if *filter == Filter::default() {
        return Ok(None);
    }
    let mut admitted = HashSet::new();
    memories::each_of(tx, clone, |memory| {
        if filter.admits(&memory) {
            admitted.insert(memory.id);
        }
        turn.flow()
    })?;
    let mut passages = HashSet::new();
    rows::each_passage(tx, clone, |passage, row| {
        if admitted.contains(&row.memory) {
            passages.insert(passage);
        }
        Ok(turn.flow())
    })?;
    turn.go_on()?;
    Ok(Some(passages))
}

/// The memories of the best passages, each once, by its best.
fn hits(
    tx: &impl Rows,
    (turn, seeker): (&Turn, &Seeker),
    scope: &Scope,
    asked: (&TextScores, &Query),
    best: Vec<Ranked>,
    limit: usize,
) -> Result<Vec<Hit>, RetrievalError> {
    let mut seen: HashMap<MemoryId, ()> = HashMap::new();
    let mut hits = Vec::new();
    for ranked in best {
        turn.go_on()?;
        if hits.len() == limit {
            break;
        }
        let Some(row) = rows::passage(tx, seeker.clone, ranked.passage)? else {
            continue;
        };
        if seen.insert(row.memory, ()).is_some() {
            continue;
        }
        if let Some(memory) = seeker.memory_of(tx, &row)? {
            hits.push(hit(scope, asked, &memory, &row, ranked.score));
        }
    }
    Ok(hits)
}

fn hit(
    scope: &Scope,
    (text, query): (&TextScores, &Query),
    memory: &Memory,
    row: &PassageRow,
    score: f32,
) -> Hit {
    let slice = words(memory, row);
    let language = row.language.as_deref().and_then(Language::from_tag);
    let question = Question { analyzer: &scope.analyzer, query, worth: text.worth() };
    let marks = highlights(&question, slice, language);
    let found = quotes(&question, slice, language, None);
    let own = |text: &Option<crate::kernel::Text<1, 200>>| text.as_ref().map(|t| t.to_string());
    let content = &memory.content;
    Hit {
        memory: memory.id,
        external_id: own(&content.external_id),
        title: content.title.as_ref().map(|t| t.to_string()).filter(|t| !t.is_empty()),
        text: slice.to_owned(),
        text_start: row.from_char,
        occurred_at: content.occurred_at.clone(),
        occurred_text: own(&content.occurred_text),
        speaker: own(&content.speaker),
        thread: own(&content.thread),
        sequence: content.sequence,
        score,
        highlights: marks
            .into_iter()
            .map(|(from, to)| (row.from_char + from, row.from_char + to))
            .collect(),
        sentences: worth_quoting(slice, found),
    }
}

/// The best sentences, in reading order; short ones with what stands around them.
fn worth_quoting(text: &str, mut quotes: Vec<Quote>) -> Vec<std::ops::Range<usize>> {
    let best = quotes.first().map_or(0.0, |quote| quote.score);
    quotes.retain(|quote| quote.score > 0.0 && quote.score >= WORTH_QUOTING * best);
    quotes.truncate(SENTENCES);
    let mut ranges: Vec<_> =
        quotes.into_iter().map(|quote| in_context(text, quote.bytes)).collect();
    ranges.sort_by_key(|range| range.start);
    ranges.dedup_by(|later, first| {
        let overlap = later.start < first.end;
        if overlap {
            first.end = first.end.max(later.end);
        }
        overlap
    });
    ranges
}
