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

/// Who can find and talk with a clone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The owner and the stewards of its space.
    #[default]
    Private,
    /// Everyone in its space.
    Space,
    /// Everyone with an account here.
    Public,
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
    /// Hand out links with which others talk with it.
    Share,
    /// Take it into another space.
    MoveClone,
}

impl Action {
    /// Every action, for tests that go through the table.
    pub const ALL: [Self; 11] = [
        Self::ReadClone,
        Self::CreateClone,
        Self::ChangeClone,
        Self::DeleteClone,
        Self::ReadSettings,
        Self::ReadMemories,
        Self::AddMemories,
        Self::ChangeMemories,
        Self::Talk,
        Self::Share,
        Self::MoveClone,
    ];
}

/// What somebody is to a clone of a reach, who has this role in its space, or none. What a
/// proof reaches at all ([`super::Principal::reaches`]) was asked before: deny beats allow.
pub fn role_at(reach: Reach, member: Option<Role>) -> Option<Role> {
    match reach {
        Reach::Private => member.filter(|role| *role >= Role::Steward),
        Reach::Space => member,
        Reach::Public => Some(member.unwrap_or(Role::Visitor)),
    }
}

/// Whether a role is enough for an action.
pub fn may(role: Role, action: Action) -> bool {
    role >= least(action)
}

/// Whether somebody who looks with another's eyes for a while may do this: look, and nothing
/// else. It is asked besides the role, and either can refuse.
pub fn may_behind_glass(action: Action) -> bool {
    matches!(action, Action::ReadClone | Action::ReadSettings | Action::ReadMemories)
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
        Action::CreateClone | Action::ChangeClone | Action::ChangeMemories | Action::Share => {
            Role::Steward
        }
        Action::DeleteClone | Action::MoveClone => Role::Owner,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 4] = Role::ALL;
    const REACHES: [Reach; 3] = [Reach::Private, Reach::Space, Reach::Public];

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
    fn who_looks_behind_glass_changes_nothing_and_talks_with_nobody() {
        let allowed: Vec<_> = Action::ALL.into_iter().filter(|a| may_behind_glass(*a)).collect();
        assert_eq!(allowed, [Action::ReadClone, Action::ReadSettings, Action::ReadMemories]);
        for action in allowed {
            assert!(may(Role::Visitor, action), "reading is what everybody may who is in");
        }
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
    fn a_wider_reach_or_a_higher_role_never_takes_anything_away() {
        let members: Vec<Option<Role>> =
            std::iter::once(None).chain(ROLES.into_iter().map(Some)).collect();
        for reaches in REACHES.windows(2) {
            for member in &members {
                assert!(role_at(reaches[0], *member) <= role_at(reaches[1], *member));
            }
        }
        for reach in REACHES {
            for pair in members.windows(2) {
                assert!(role_at(reach, pair[0]) <= role_at(reach, pair[1]));
            }
            for member in &members {
                let at = role_at(reach, *member);
                assert!(at <= (*member).max(Some(Role::Visitor)), "nobody becomes more than that");
            }
        }
        assert_eq!(role_at(Reach::Private, Some(Role::Contributor)), None);
        assert_eq!(role_at(Reach::Public, None), Some(Role::Visitor));
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
