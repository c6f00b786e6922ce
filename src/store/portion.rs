//! How much one change may remove, so that nobody waits long for the next one.

/// How many rows may still go.
#[derive(Debug)]
pub struct Portion(usize);

impl Portion {
    /// Portion for so many rows.
    pub const fn of(rows: usize) -> Self {
        Self(rows)
    }

    /// Portion for all there are.
    pub const fn unlimited() -> Self {
        Self(usize::MAX)
    }

    /// How many rows may still go.
    pub const fn left(&self) -> usize {
        self.0
    }

    /// Takes the room of so many rows.
    pub fn take(&mut self, rows: usize) {
        self.0 = self.0.saturating_sub(rows);
    }

    /// Whether there is none left; then there may be more to remove.
    pub const fn is_over(&self) -> bool {
        self.0 == 0
    }
}
