//! What is embedded for a passage: its own words, and those around it.

use half::f16;

use crate::kernel::CloneId;
use crate::memories;
use crate::store::{Rows, StoreError};

use super::passage::{WINDOW_REACH, blended, passage_text, window_text};
use super::rows;
use super::scope::{labels, told};

/// Passages embedded at once.
const EMBED: usize = 64;

/// What is embedded for a passage.
pub(super) enum Texts {
    /// The passage is gone.
    None,
    /// It stands alone.
    Own(String),
    /// It has neighbours: itself, and itself among them.
    Among(String, String),
}

impl Texts {
    /// All of them, in order.
    pub(super) fn all(&self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::Own(own) => vec![own.clone()],
            Self::Among(own, window) => vec![own.clone(), window.clone()],
        }
    }

    /// The vector of the passage, of what was made of its texts.
    pub(super) fn vector(&self, made: &mut impl Iterator<Item = Vec<f32>>) -> Option<Vec<f16>> {
        let vector = match self {
            Self::None => return None,
            Self::Own(_) => made.next()?,
            Self::Among(..) => blended(&made.next()?, &made.next()?),
        };
        Some(vector.into_iter().map(f16::from_f32).collect())
    }
}

/// The next passages of a clone that have no vector, and what is embedded for each.
pub(super) fn texts_to_embed(
    tx: &impl Rows,
    clone: CloneId,
) -> Result<(Vec<u64>, Vec<Texts>), StoreError> {
    let passages = rows::to_embed(tx, clone, EMBED)?;
    let texts = passages.iter().map(|passage| texts_of(tx, clone, *passage));
    let texts = texts.collect::<Result<Vec<_>, _>>()?;
    Ok((passages, texts))
}

fn texts_of(tx: &impl Rows, clone: CloneId, passage: u64) -> Result<Texts, StoreError> {
    let Some(row) = rows::passage(tx, clone, passage)? else {
        return Ok(Texts::None);
    };
    let Some(memory) = memories::memory_of(tx, clone, row.memory)? else {
        return Ok(Texts::None);
    };
    let named = labels(&memory);
    let own = passage_text(&told(&memory, &row, &named));
    let Some(thread) = row.thread else {
        return Ok(Texts::Own(own));
    };
    let place = (row.order, passage);
    let mut around = Vec::new();
    for neighbour in rows::neighbours(tx, clone, thread, place, WINDOW_REACH)? {
        if let Some(other) = rows::passage(tx, clone, neighbour)?
            && let Some(memory) = memories::memory_of(tx, clone, other.memory)?
        {
            around.push((memory, other));
        }
    }
    if around.is_empty() {
        return Ok(Texts::Own(own));
    }
    around.push((memory, row));
    around.sort_by_key(|(_, row)| row.order);
    let told: Vec<_> = around.iter().map(|(memory, row)| told(memory, row, "")).collect();
    Ok(Texts::Among(own, window_text(&told)))
}
