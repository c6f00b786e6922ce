//! The table of permissions: (action, role) → yes or no, asked on every use.

use serde::{Deserialize, Serialize};

use crate::spaces::Role;

/// Who may read a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Only who wrote it.
    Author,
    /// Who wrote it, the stewards and the owner.
    Stewards,
    /// Everyone in the space.
    Space,
}

/// What can be done to a clone and what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// See that the clone exists, and its profile.
    ReadClone,
    /// Make a clone in the space.
    CreateClone,
    /// Change its profile and settings.
    ChangeClone,
    /// Delete it, or bring it back.
    DeleteClone,
    /// Read its settings.
    ReadSettings,
    /// Read memories, people and the timeline (each memory's visibility decides further).
    ReadMemories,
    /// Add memories and people.
    AddMemories,
    /// Change or delete what others added.
    ChangeMemories,
    /// Talk with it.
    Talk,
}

impl Action {
    /// Every action, for tests that go through the table.
    pub const ALL: [Self; 9] = [
        Self::ReadClone,
        Self::CreateClone,
        Self::ChangeClone,
        Self::DeleteClone,
        Self::ReadSettings,
        Self::ReadMemories,
        Self::AddMemories,
        Self::ChangeMemories,
        Self::Talk,
    ];
}

/// Whether a role is enough for an action.
pub fn may(role: Role, action: Action) -> bool {
    role >= least(action)
}

/// Whether somebody may read a memory of a clone that they may read.
pub fn may_read_memory(role: Role, is_author: bool, visibility: Visibility) -> bool {
    match visibility {
        Visibility::Author => is_author,
        Visibility::Stewards => is_author || role >= Role::Steward,
        Visibility::Space => true,
    }
}

/// The least role that an action needs. Roles are ordered: a higher one may all that a lower may.
fn least(action: Action) -> Role {
    match action {
        Action::ReadClone | Action::ReadMemories | Action::Talk | Action::ReadSettings => {
            Role::Visitor
        }
        Action::AddMemories => Role::Contributor,
        Action::CreateClone | Action::ChangeClone | Action::ChangeMemories => Role::Steward,
        Action::DeleteClone => Role::Owner,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 4] = [Role::Visitor, Role::Contributor, Role::Steward, Role::Owner];

    #[test]
    fn the_table_is_as_promised() {
        let allowed =
            |role| Action::ALL.into_iter().filter(|action| may(role, *action)).collect::<Vec<_>>();
        let visitor = [Action::ReadClone, Action::ReadSettings, Action::ReadMemories, Action::Talk];
        assert_eq!(allowed(Role::Visitor), visitor);
        assert_eq!(allowed(Role::Contributor).len(), 5);
        assert!(may(Role::Contributor, Action::AddMemories));
        assert!(!may(Role::Steward, Action::DeleteClone));
        assert_eq!(allowed(Role::Owner), Action::ALL);
    }

    #[test]
    fn a_higher_role_never_loses_what_a_lower_one_has() {
        for action in Action::ALL {
            for pair in ROLES.windows(2) {
                assert!(may(pair[1], action) || !may(pair[0], action));
            }
        }
    }

    #[test]
    fn what_only_the_author_sees_is_hidden_even_from_the_owner() {
        assert!(!may_read_memory(Role::Owner, false, Visibility::Author));
        assert!(may_read_memory(Role::Visitor, true, Visibility::Author));
        assert!(!may_read_memory(Role::Contributor, false, Visibility::Stewards));
        assert!(may_read_memory(Role::Steward, false, Visibility::Stewards));
        assert!(may_read_memory(Role::Visitor, false, Visibility::Space));
    }
}
