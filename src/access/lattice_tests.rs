//! What may be done, over states made up at random: more of anything never takes away, less never
//! adds, and no proof opens more than the account behind it (AUTHZ-5).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::{
    Action, FRESH_FOR, Need, Principal, Proof, Reach, Role, Scopes, Visibility, Visit, may,
    may_behind_glass, may_read_memory, permit, role_at,
};
use crate::kernel::{
    AccountId, ApiKeyId, BreakGlassId, CloneId, SessionId, ShareLinkId, Timestamp,
};
use crate::sessions::SignInBy;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
const SPACES: usize = 3;
const CLONES: usize = 6;
const VISIBILITIES: [Visibility; 3] = [Visibility::Author, Visibility::Stewards, Visibility::Space];
const REACHES: [Reach; 3] = [Reach::Private, Reach::Space, Reach::Public];

/// A clone: where it is, who can find it, and for whom a memory of it is, and whose that is.
#[derive(Clone, Debug)]
struct Persona {
    id: CloneId,
    space: usize,
    reach: Reach,
    memory: (bool, Visibility),
}

/// What there is, as one account stands to it. The first space is its personal one.
#[derive(Clone, Debug)]
struct State {
    roles: [Option<Role>; SPACES],
    clones: Vec<Persona>,
    is_admin: bool,
    is_fresh: bool,
}

/// Something that can be done: a need to a clone, and what is done with it or its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Deed {
    Ask(Need),
    Act(usize, Need, Action),
    ReadMemory(usize),
}

/// What the operations below a clone ask for an action.
fn need_of(action: Action) -> &'static [Need] {
    match action {
        Action::ReadClone | Action::ReadSettings => &[Need::Read],
        Action::ReadMemories => &[Need::Read],
        Action::Talk => &[Need::Chat, Need::ReadChat],
        Action::Share => &[Need::Account, Need::Read],
        _ => &[Need::Write],
    }
}

impl State {
    fn role(&self, who: &Principal, clone: &Persona) -> Option<Role> {
        let is_shut = who.is_behind_glass() && clone.space != 0;
        if !who.reaches(clone.id) || is_shut {
            return None;
        }
        if who.share_link().is_some() {
            return Some(Role::Visitor);
        }
        role_at(clone.reach, self.roles[clone.space])
    }

    /// All that somebody may do.
    fn deeds(&self, who: &Principal) -> Vec<Deed> {
        let asks = |need| permit(who, need, NOW).is_ok();
        let mut all: Vec<_> = Need::ALL.into_iter().filter(|n| asks(*n)).map(Deed::Ask).collect();
        for (at, clone) in self.clones.iter().enumerate() {
            let Some(role) = self.role(who, clone) else { continue };
            for action in Action::ALL {
                let open =
                    may(role, action) && (!who.is_behind_glass() || may_behind_glass(action));
                let needs = need_of(action).iter().filter(|need| open && asks(**need));
                all.extend(needs.map(|need| Deed::Act(at, *need, action)));
            }
            let (is_author, visibility) = clone.memory;
            let is_author = is_author && who.share_link().is_none();
            if asks(Need::Read) && may_read_memory(role, is_author, visibility) {
                all.push(Deed::ReadMemory(at));
            }
        }
        all
    }

    fn who(&self, proof: Proof) -> Principal {
        let is_admin = self.is_admin && matches!(proof, Proof::Session { .. });
        Principal { account: AccountId::fresh(), is_admin, proof, locale: "en".to_owned() }
    }

    fn session(&self) -> Principal {
        let ago = if self.is_fresh { Duration::ZERO } else { FRESH_FOR * 2 };
        let micros = i64::try_from(ago.as_micros()).unwrap();
        let proven_at = Timestamp(NOW.0 - micros);
        self.who(Proof::Session {
            id: SessionId::fresh(),
            by: SignInBy::Cookie,
            proven_at,
            epoch: 0,
        })
    }

    fn key(&self, scopes: Scopes, clones: Option<&[bool]>) -> Principal {
        let clones = clones.map(|chosen| -> Arc<[CloneId]> {
            let chosen = self.clones.iter().zip(chosen).filter(|(_, chosen)| **chosen);
            chosen.map(|(clone, _)| clone.id).collect()
        });
        self.who(Proof::Key { id: ApiKeyId::fresh(), scopes, clones })
    }

    /// A link to a clone.
    fn link(&self, at: usize) -> Principal {
        let (link, clone) = (ShareLinkId::fresh(), self.clones[at].id);
        self.who(Proof::Share { link, clone, visit: Visit::Own })
    }

    fn glass(&self) -> Principal {
        self.who(Proof::Glass { id: BreakGlassId::fresh(), session: SessionId::fresh() })
    }
}

/// Whether everything in one is in the other.
fn within(less: &[Deed], more: &[Deed]) -> bool {
    let more: std::collections::HashSet<_> = more.iter().collect();
    less.iter().all(|deed| more.contains(deed))
}

fn a_persona() -> impl Strategy<Value = Persona> {
    let parts = (0..SPACES, 0..REACHES.len(), any::<bool>(), 0..VISIBILITIES.len());
    parts.prop_map(|(space, reach, is_author, visibility)| Persona {
        id: CloneId::fresh(),
        space,
        reach: REACHES[reach],
        memory: (is_author, VISIBILITIES[visibility]),
    })
}

fn a_role() -> impl Strategy<Value = Option<Role>> {
    (0..=Role::ALL.len()).prop_map(|at| at.checked_sub(1).map(|at| Role::ALL[at]))
}

fn a_state() -> impl Strategy<Value = State> {
    let clones = proptest::collection::vec(a_persona(), CLONES);
    ([a_role(), a_role()], clones, any::<bool>(), any::<bool>()).prop_map(
        |([one, two], clones, is_admin, is_fresh)| State {
            roles: [Some(Role::Owner), one, two],
            clones,
            is_admin,
            is_fresh,
        },
    )
}

fn scopes() -> impl Strategy<Value = Scopes> {
    any::<[bool; 3]>().prop_map(|[read, write, chat]| Scopes { read, write, chat })
}

fn chosen() -> impl Strategy<Value = Vec<bool>> {
    proptest::collection::vec(any::<bool>(), CLONES)
}

/// One step up from a state: a membership, a role, a reach, a memory for more, admin, freshness.
fn more_of(state: &State, (what, at): (usize, usize)) -> State {
    let mut more = state.clone();
    match what {
        0 => {
            let role = &mut more.roles[1 + at % (SPACES - 1)];
            *role = Some(role.map_or(Role::Visitor, |role| match role {
                Role::Visitor => Role::Contributor,
                Role::Contributor => Role::Steward,
                Role::Steward | Role::Owner => Role::Owner,
            }));
        }
        1 => {
            let reach = &mut more.clones[at % CLONES].reach;
            *reach = if *reach == Reach::Private { Reach::Space } else { Reach::Public };
        }
        2 => {
            let visibility = &mut more.clones[at % CLONES].memory.1;
            *visibility = match visibility {
                Visibility::Author => Visibility::Stewards,
                Visibility::Stewards | Visibility::Space => Visibility::Space,
            };
        }
        3 => more.is_admin = true,
        _ => more.is_fresh = true,
    }
    more
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(34_000))]

    #[test]
    fn more_never_takes_away_and_less_never_adds(
        state in a_state(),
        step in (0_usize..5, 0..CLONES),
        scopes in scopes(),
        chosen in chosen(),
        at in 0..CLONES,
    ) {
        let more = more_of(&state, step);
        let who = |state: &State| [
            state.session(),
            state.key(scopes, None),
            state.key(scopes, Some(&chosen)),
            state.link(at),
            state.glass(),
        ];
        for (less, grown) in who(&state).iter().zip(&who(&more)) {
            prop_assert!(within(&state.deeds(less), &more.deeds(grown)), "{:?}", less.proof);
        }
    }

    #[test]
    fn a_wider_key_opens_all_that_a_narrower_one_does(
        state in a_state(),
        narrow in (scopes(), chosen()),
        wide in (scopes(), chosen()),
    ) {
        let (less, more) = (narrow.0, wide.0);
        let both = Scopes {
            read: less.read || more.read,
            write: less.write || more.write,
            chat: less.chat || more.chat,
        };
        let clones: Vec<bool> = narrow.1.iter().zip(&wide.1).map(|(a, b)| *a || *b).collect();
        let key = state.deeds(&state.key(less, Some(&narrow.1)));
        for wider in [
            state.key(both, Some(&narrow.1)),
            state.key(less, Some(&clones)),
            state.key(both, Some(&clones)),
            state.key(both, None),
        ] {
            prop_assert!(within(&key, &state.deeds(&wider)));
        }
    }

    #[test]
    fn no_proof_opens_more_than_the_account_behind_it(
        state in a_state(),
        scopes in scopes(),
        chosen in chosen(),
        at in 0..CLONES,
    ) {
        let account = state.deeds(&state.session());
        for narrow in [state.key(scopes, None), state.key(scopes, Some(&chosen)), state.glass()] {
            prop_assert!(within(&state.deeds(&narrow), &account), "{:?}", narrow.proof);
        }
        let only: BTreeSet<usize> = (0..CLONES).filter(|at| chosen[*at]).collect();
        for deed in state.deeds(&state.key(scopes, Some(&chosen))) {
            if let Deed::Act(at, ..) | Deed::ReadMemory(at) = deed {
                prop_assert!(only.contains(&at));
            }
        }
        // Who hands out a link may all that the visitor may with the clone.
        let maker = state.role(&state.session(), &state.clones[at]);
        if maker.is_some_and(|role| may(role, Action::Share)) {
            let visits = state.deeds(&state.link(at));
            let visits: Vec<_> =
                visits.into_iter().filter(|deed| *deed != Deed::Ask(Need::Visit)).collect();
            prop_assert!(within(&visits, &account));
        }
        // Behind glass one looks, at what is personal.
        for deed in state.deeds(&state.glass()) {
            if let Deed::Act(at, _, action) = deed {
                prop_assert!(may_behind_glass(action) && state.clones[at].space == 0);
            }
        }
    }
}
