//! Which of two ledgers of erasures goes on, when a backup comes back.
//!
//! A ledger only ever grows, line by line. So of two of one instance one is the beginning of the
//! other, and the longer one knows everything that was to be erased. Where that is not so, somebody
//! went on with a copy, or changed one.

/// Which of two ledgers is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// What is here: it says all that the other says.
    Own,
    /// What is in the backup: there is nothing here, or it was accepted to be older.
    Other,
}

/// Why two ledgers do not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Neither is the beginning of the other.
    #[error(
        "the ledger of erasures here and that in the backup went different ways, so nobody can \
        say what was to be erased"
    )]
    Fork,
    /// What is here is older than the backup.
    #[error(
        "the ledger of erasures here is older than the backup ({own} entries, the backup has \
        {other}), so the keys here may be an old copy too; put the present ones back, or accept \
        it with --accept-stale-ledger"
    )]
    Stale {
        /// Entries here.
        own: usize,
        /// Entries in the backup.
        other: usize,
    },
    /// One has no whole lines.
    #[error("a ledger of erasures ends in the middle of a line")]
    Torn,
}

/// Which of two ledgers knows all that was erased. `own` is what is here, if anything is; a ledger
/// that is older than that of the backup is refused unless `accept_stale`.
///
/// # Errors
/// When they are no ledgers of one instance, or what is here is older.
pub fn which(own: Option<&[u8]>, other: &[u8], accept_stale: bool) -> Result<Keep, Mismatch> {
    let whole = |ledger: &[u8]| ledger.is_empty() || ledger.ends_with(b"\n");
    if !whole(other) {
        return Err(Mismatch::Torn);
    }
    let Some(own) = own else { return Ok(Keep::Other) };
    // A crash may have torn the last line; it was not acknowledged.
    let end = own.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let own = &own[..end];
    if own.starts_with(other) {
        return Ok(Keep::Own);
    }
    if !other.starts_with(own) {
        return Err(Mismatch::Fork);
    }
    match accept_stale {
        true => Ok(Keep::Other),
        false => Err(Mismatch::Stale { own: entries(own), other: entries(other) }),
    }
}

/// How many entries a ledger has.
pub fn entries(ledger: &[u8]) -> usize {
    ledger.iter().filter(|&&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = b"{\"seq\":1}\n";
    const TWO: &[u8] = b"{\"seq\":1}\n{\"seq\":2}\n";
    const FORK: &[u8] = b"{\"seq\":1}\n{\"seq\":7}\n";

    #[test]
    fn the_longer_of_two_that_fit_is_kept() {
        for (own, other, kept) in [
            (None, &b""[..], Keep::Other),
            (None, TWO, Keep::Other),
            (Some(&b""[..]), &b""[..], Keep::Own),
            (Some(ONE), &b""[..], Keep::Own),
            (Some(TWO), ONE, Keep::Own),
            (Some(TWO), TWO, Keep::Own),
            (Some(&b"{\"seq\":1}\n{\"se"[..]), ONE, Keep::Own),
        ] {
            assert_eq!(which(own, other, false), Ok(kept), "{own:?} {other:?}");
        }
    }

    #[test]
    fn an_older_one_here_must_be_accepted_and_a_fork_cannot_be() {
        let stale = Mismatch::Stale { own: 1, other: 2 };
        assert_eq!(which(Some(ONE), TWO, false), Err(stale));
        assert_eq!(which(Some(ONE), TWO, true), Ok(Keep::Other));
        // An entry that was cut from the middle of the other is no prefix.
        assert_eq!(which(Some(b"{\"seq\":1}"), TWO, true), Ok(Keep::Other));
        for accept in [false, true] {
            assert_eq!(which(Some(FORK), TWO, accept), Err(Mismatch::Fork));
            assert_eq!(which(Some(TWO), FORK, accept), Err(Mismatch::Fork));
            assert_eq!(which(Some(TWO), b"{\"seq\":1}\n{", accept), Err(Mismatch::Torn));
        }
    }
}
