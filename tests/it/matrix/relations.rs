//! What somebody can be to the thing that they ask for, beside what the table says of the clone
//! that a space sees.

use super::table::Least;
use super::things::{Things, attached, clone_things, foreign_things, memory, missing};
use super::world::{Brings, Visitor, World, bearer, login};

/// Where the thing is that an operation is tried on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// In a space of which the visitor knows nothing.
    Foreign,
    /// In the visitor's own space, where they are the owner.
    Own,
    /// A clone in the family's space that only the owner and the stewards see.
    Private,
    /// A clone in the family's space that everybody with an account sees.
    Public,
    /// A memory of the clone that the space sees, by somebody and for some.
    Memory { by: &'static str, visibility: &'static str },
    /// Everything else in the family's space.
    Shared,
}

/// Every relation; the last is the one in which every operation is tried.
pub const RELATIONS: [Relation; 10] = [
    Relation::Foreign,
    Relation::Own,
    Relation::Private,
    Relation::Public,
    Relation::Memory { by: "ada", visibility: "author" },
    Relation::Memory { by: "ada", visibility: "stewards" },
    Relation::Memory { by: "cora", visibility: "author" },
    Relation::Memory { by: "cora", visibility: "stewards" },
    Relation::Memory { by: "cora", visibility: "space" },
    Relation::Shared,
];

/// Whether somebody sees a memory of a clone that they see.
pub fn sees(visitor: &Visitor, by: &str, visibility: &str) -> bool {
    let is_steward = visitor.role.is_some_and(|role| role as u8 >= Least::Steward as u8);
    match visibility {
        "author" => visitor.account == by,
        "stewards" => visitor.account == by || is_steward,
        _ => true,
    }
}

impl Relation {
    /// Whether it makes a difference to an operation.
    pub fn concerns(self, path: &str) -> bool {
        match self {
            // What an admin asks about accounts is no secret from them.
            Self::Foreign => path.contains("_id}") && !path.starts_with("/admin"),
            Self::Own | Self::Private | Self::Public => {
                ["{clone_id}", "{conversation_id}", "{trash_id}"].iter().any(|id| path.contains(id))
            }
            Self::Memory { .. } => path.contains("{memory_id}"),
            Self::Shared => true,
        }
    }

    /// What a visitor is to the thing.
    pub fn role_of(self, visitor: &Visitor) -> Option<Least> {
        let elsewhere = match visitor.brings {
            Brings::Share | Brings::ShareBare => self != Self::Shared,
            Brings::ShareElsewhere | Brings::ShareExpired | Brings::KeyElsewhere => true,
            _ => false,
        };
        if elsewhere {
            return None;
        }
        match self {
            Self::Foreign => None,
            Self::Own => Some(Least::Owner),
            Self::Private => visitor.role.filter(|role| *role as u8 >= Least::Steward as u8),
            Self::Public => visitor.role.or(Some(Least::Visitor)),
            Self::Memory { by, visibility } => {
                visitor.role.filter(|_| sees(visitor, by, visibility))
            }
            Self::Shared => visitor.role,
        }
    }

    /// Whether a conversation or what is in the trash is the visitor's.
    pub fn is_held_by(self, visitor: &Visitor) -> bool {
        self == Self::Own || visitor.account == "ada"
    }

    /// What one must be to the thing, where the table says `least`.
    pub fn least(self, visitor: &Visitor, least: Least) -> Least {
        match (self, least) {
            // What one wrote oneself one may change as long as one may write.
            (Self::Memory { by, .. }, Least::Steward | Least::Writer) if by == visitor.account => {
                Least::Contributor
            }
            (Self::Memory { .. }, Least::Writer) => least,
            (_, Least::Writer) => Least::Owner,
            (_, Least::Keeper) => Least::Steward,
            _ => least,
        }
    }

    /// The things, made now.
    pub async fn things(self, world: &World, visitor: &Visitor) -> Things {
        let mut all = world.things.clone();
        all.extend(match self {
            Self::Foreign => foreign_things(&world.server).await,
            Self::Own => {
                let owner = if visitor.account.is_empty() { "eve" } else { visitor.account };
                let owner = bearer(&world.server, &login(&world.server, owner).await);
                clone_things(&owner, None, "private").await
            }
            Self::Private => self.in_the_family(world, "private").await,
            Self::Public => self.in_the_family(world, "public").await,
            Self::Memory { by, visibility } => {
                let writer = bearer(&world.server, &login(&world.server, by).await);
                let written = memory(&writer, &world.things["clone_id"], visibility).await;
                let letter = attached(&writer, &world.things["clone_id"], &written).await;
                Things::from([("memory_id", written), ("attachment_id", letter)])
            }
            Self::Shared => Things::new(),
        });
        all
    }

    async fn in_the_family(self, world: &World, visibility: &str) -> Things {
        clone_things(&world.ada, Some(&world.things["space_id"]), visibility).await
    }

    /// The same things where there is nothing.
    pub fn nothing(self, things: &Things) -> Things {
        let mut none = missing(things);
        if matches!(self, Self::Memory { .. }) {
            none.insert("clone_id", things["clone_id"].clone());
        }
        none
    }
}
