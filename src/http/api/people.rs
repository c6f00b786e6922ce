//! People who occur in memories.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::MaybeUndefined as Patch;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;

use super::Group;
use super::fields::{Fields, path_id};
use super::trash::Done;
use crate::access::Principal;
use crate::http::asked::Asked;
use crate::http::auth::{Ask, Reading, Writing};
use crate::http::body::Body;
use crate::http::etag::{Etag, IfMatch, Tagged};
use crate::http::listing::List;
use crate::http::problem::Answer;
use crate::kernel::{CloneId, PersonId};
use crate::memories::{Description, DescriptionChange, Memories, MemoryError, Person};

const PEOPLE: List<'_> = List::named("people");

pub struct PersonApi;

/// A new person.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct NewPerson {
    /// The name that is shown.
    name: String,
    /// Other names that mean the same person.
    #[serde(default)]
    aliases: Option<Vec<String>>,
    /// What the person is to the subject of the clone.
    #[serde(default)]
    relation: Option<String>,
    /// When the person was born (EDTF).
    #[serde(default)]
    born: Option<String>,
    /// When the person died (EDTF).
    #[serde(default)]
    died: Option<String>,
    /// Anything else.
    #[serde(default)]
    notes: Option<String>,
}

/// What can be changed about a person.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct PersonPatch {
    /// The name that is shown.
    name: Patch<String>,
    /// Other names that mean the same person.
    aliases: Patch<Vec<String>>,
    /// What the person is to the subject of the clone.
    relation: Patch<String>,
    /// When the person was born (EDTF).
    born: Patch<String>,
    /// When the person died (EDTF).
    died: Patch<String>,
    /// Anything else.
    notes: Patch<String>,
}

/// A person who occurs in memories.
#[derive(Object)]
struct PersonView {
    id: String,
    clone_id: String,
    name: String,
    aliases: Vec<String>,
    relation: Option<String>,
    /// EDTF.
    born: Option<String>,
    /// EDTF.
    died: Option<String>,
    notes: Option<String>,
    /// In how many memories that the caller may read they occur.
    memory_count: usize,
    created_at: String,
    updated_at: String,
}

/// People, newest first.
#[derive(Object)]
struct PersonList {
    items: Vec<PersonView>,
    next_cursor: Option<String>,
}

/// A person was added.
#[derive(ApiResponse)]
enum PersonMade {
    /// Added.
    #[oai(status = 201)]
    Created(Json<PersonView>),
}

/// How many names a person has at most.
const ALIASES: usize = 50;

#[OpenApi]
impl PersonApi {
    /// The people of a clone
    #[oai(
        path = "/clones/:clone_id/people",
        method = "get",
        operation_id = "list_people",
        tag = "Group::People"
    )]
    async fn list(
        &self,
        ask: Ask<Reading>,
        clone_id: Path<String>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<PersonList>> {
        let list = PEOPLE.of(&clone_id.0);
        let page = list.wanted(limit.0, after.0)?;
        let page = ask.memories.people(&ask.who, path_id(&clone_id.0)?, &page)?;
        let items = page.items.iter().map(|(person, count)| view(person, *count)).collect();
        Ok(Json(PersonList { items, next_cursor: list.next(page.next) }))
    }

    /// Add a person
    #[oai(
        path = "/clones/:clone_id/people",
        method = "post",
        operation_id = "create_person",
        tag = "Group::People"
    )]
    async fn create(
        &self,
        ask: Ask<Writing>,
        asked: Asked,
        clone_id: Path<String>,
        body: Body<NewPerson>,
    ) -> Answer<Tagged<PersonMade>> {
        let id = path_id(&clone_id.0)?;
        let once = asked.once(&ask.who, &body.1, &ask);
        let sent = body.0;
        let mut fields = Fields::default();
        let name = fields.text("/name", sent.name);
        let aliases = fields.list("/aliases", sent.aliases.unwrap_or_default(), ALIASES);
        let relation = fields.optional("/relation", sent.relation);
        let born = fields.date("/born", sent.born);
        let died = fields.date("/died", sent.died);
        let notes = fields.optional("/notes", sent.notes);
        let name = fields.with(name)?;
        let description = Description { name, aliases, relation, born, died, notes };
        let person = ask.memories.add_person(&ask.who, id, description, once).await?;
        let (person, count) = ask.memories.person(&ask.who, id, person.id)?;
        let answer = PersonMade::Created(Json(view(&person, count)));
        Ok(Tagged { etag: etag(&person, count), answer })
    }

    /// One person
    #[oai(
        path = "/clones/:clone_id/people/:person_id",
        method = "get",
        operation_id = "get_person",
        tag = "Group::People"
    )]
    async fn get(
        &self,
        ask: Ask<Reading>,
        clone_id: Path<String>,
        person_id: Path<String>,
    ) -> Answer<Tagged<Json<PersonView>>> {
        let (clone, id) = (path_id(&clone_id.0)?, path_id(&person_id.0)?);
        let (person, count) = ask.memories.person(&ask.who, clone, id)?;
        Ok(Tagged { etag: etag(&person, count), answer: Json(view(&person, count)) })
    }

    /// Change a person
    #[oai(
        path = "/clones/:clone_id/people/:person_id",
        method = "patch",
        operation_id = "change_person",
        tag = "Group::People"
    )]
    async fn change(
        &self,
        ask: Ask<Writing>,
        clone_id: Path<String>,
        person_id: Path<String>,
        known: IfMatch,
        body: Body<PersonPatch>,
    ) -> Answer<Tagged<Json<PersonView>>> {
        let key = (path_id(&clone_id.0)?, path_id(&person_id.0)?);
        let sent = body.0;
        let mut fields = Fields::default();
        let f = &mut fields;
        let change = DescriptionChange {
            name: f.replace("/name", sent.name, |f, text| f.text("/name", text)),
            aliases: f.change(sent.aliases, |f, all| Some(f.list("/aliases", all, ALIASES))),
            relation: f.change(sent.relation, |f, text| f.text("/relation", text)),
            born: f.change(sent.born, |f, date| f.date("/born", Some(date))),
            died: f.change(sent.died, |f, date| f.date("/died", Some(date))),
            notes: f.change(sent.notes, |f, text| f.text("/notes", text)),
        };
        fields.done()?;
        let expected = known.expected(|| version(&ask.memories, &ask.who, key))?;
        let changed = ask.memories.change_person(&ask.who, key, change, expected).await?;
        let (person, count) = changed;
        Ok(Tagged { etag: etag(&person, count), answer: Json(view(&person, count)) })
    }

    /// Put a person into the trash; the memories they occur in stay
    #[oai(
        path = "/clones/:clone_id/people/:person_id",
        method = "delete",
        operation_id = "delete_person",
        tag = "Group::People"
    )]
    async fn delete(
        &self,
        ask: Ask<Writing>,
        clone_id: Path<String>,
        person_id: Path<String>,
        known: IfMatch,
    ) -> Answer<Done> {
        let key = (path_id(&clone_id.0)?, path_id(&person_id.0)?);
        let expected = known.expected(|| version(&ask.memories, &ask.who, key))?;
        ask.memories.delete_person(&ask.who, key, expected).await?;
        Ok(Done::Done)
    }
}

/// The version of a person that the caller would see now, with its tag.
fn version(
    memories: &Memories,
    who: &Principal,
    (clone, id): (CloneId, PersonId),
) -> Result<(Etag, u64), MemoryError> {
    let (person, count) = memories.person(who, clone, id)?;
    Ok((etag(&person, count), person.version))
}

fn etag(person: &Person, count: usize) -> Etag {
    Etag::of_bytes(format!("person {} {count}", person.version).as_bytes())
}

fn view(person: &Person, memory_count: usize) -> PersonView {
    let description = person.description.clone();
    PersonView {
        id: person.id.to_string(),
        clone_id: person.clone.to_string(),
        name: description.name.into_string(),
        aliases: description.aliases.into_iter().map(|text| text.into_string()).collect(),
        relation: description.relation.map(|text| text.into_string()),
        born: description.born.map(|date| date.to_string()),
        died: description.died.map(|date| date.to_string()),
        notes: description.notes.map(|text| text.into_string()),
        memory_count,
        created_at: person.created_at.to_string(),
        updated_at: person.updated_at.to_string(),
    }
}
