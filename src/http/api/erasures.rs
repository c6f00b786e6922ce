//! Being forgotten: erasing the account and everything of it, and the receipts of erasures.

use std::collections::BTreeMap;

use poem_openapi::param::{Header, Path};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use serde::Deserialize;

use super::Group;
use crate::access::{Need, permit};
use crate::http::auth::{Ask, Open, Owning};
use crate::http::body::Body;
use crate::http::gate::Gate;
use crate::http::problem::Answer;
use crate::jobs::Subject;
use crate::kernel::{Fault, Token};
use crate::privacy::{Erasure, State, Traces};

pub struct ErasureApi;

/// What is needed to erase everything.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct EraseRequest {
    /// The e-mail address of the account, to be sure that it is meant. Clients that cannot send a
    /// body with `DELETE` send it in the header `X-Confirm`.
    confirm: Option<String>,
    /// The password, where the sign-in is older than five minutes.
    password: Option<String>,
}

/// What becomes of a space.
#[derive(Object)]
struct PassingSpace {
    /// The space.
    name: String,
    /// Whose it is then.
    to: String,
}

/// What would be erased with the account.
#[derive(Object)]
struct ErasurePreview {
    /// How many clones go with all that was told to them.
    clones: u64,
    /// The shared spaces that are the account's and would be somebody else's. To give one to
    /// another member, or to delete it, do that before.
    passing: Vec<PassingSpace>,
}

/// An erasure that has begun.
#[derive(Object)]
pub(super) struct ErasureBegun {
    /// Opens the receipt, for anybody who has it; it is shown once.
    erasure_id: String,
    /// Where the receipt is.
    status_url: String,
}

/// What an erasure is of.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum ErasureScope {
    /// An account with everything that is its.
    Account,
    /// A clone with everything that belongs to it.
    Clone,
    /// One memory.
    Memory,
    /// One file of a memory.
    Attachment,
    /// One person.
    Person,
    /// One conversation.
    Conversation,
}

/// How far an erasure is.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum ErasureState {
    /// Nobody sees it any more; it is being removed.
    Erasing,
    /// It is gone.
    Erased,
}

/// A line of the ledger of erasures.
#[derive(Object)]
struct LedgerEntry {
    /// Its number.
    number: u64,
    /// Its hash.
    sha256: String,
}

/// The receipt of an erasure.
#[derive(Object)]
struct Receipt {
    scope: ErasureScope,
    /// The identifier of what was erased; it leads to nothing any more.
    subject: String,
    state: ErasureState,
    requested_at: String,
    /// When it was done.
    erased_at: Option<String>,
    /// How many rows of which table were removed.
    removed: BTreeMap<String, u64>,
    /// How many clones went with it.
    clones: u64,
    /// Whether the key is destroyed without which old backups tell nothing of it. What is smaller
    /// than a clone has no key of its own.
    key_destroyed: Option<bool>,
    /// Whether the pages of the database file that were freed are overwritten.
    pages_overwritten: bool,
    /// The line of the ledger that says so.
    ledger: Option<LedgerEntry>,
}

/// The answer to a request to erase something.
#[derive(ApiResponse)]
pub(super) enum Erasing {
    /// Nobody sees it any more; it is being removed.
    #[oai(status = 202)]
    Begun(Json<ErasureBegun>),
}

impl Erasing {
    /// The answer that hands out the token of the receipt.
    pub(super) fn begun(token: &Token) -> Self {
        let id = token.reveal().to_owned();
        let status_url = format!("/api/v1/auth/erasures/{id}");
        Self::Begun(Json(ErasureBegun { erasure_id: id, status_url }))
    }
}

#[OpenApi]
impl ErasureApi {
    /// What would be erased with the account
    #[oai(
        path = "/auth/me/data",
        method = "get",
        operation_id = "preview_erasure",
        tag = "Group::Identity"
    )]
    async fn preview(&self, ask: Ask<Owning>) -> Answer<Json<ErasurePreview>> {
        let preview = ask.erasures.preview(ask.who.account).map_err(Fault::from)?;
        let passing = preview.passing.into_iter().map(|(name, to)| PassingSpace { name, to });
        Ok(Json(ErasurePreview { clones: preview.clones as u64, passing: passing.collect() }))
    }

    /// Erase the account and everything of it
    ///
    /// From this moment on nobody sees any of it or signs in to it. The rows are removed by a job,
    /// the key is destroyed, and the receipt tells when that is done. Memories that others have
    /// written stay theirs.
    #[oai(
        path = "/auth/me/data",
        method = "delete",
        operation_id = "erase_me",
        tag = "Group::Identity"
    )]
    async fn erase(
        &self,
        ask: Ask<Owning>,
        gate: Gate,
        #[oai(name = "X-Confirm")] confirmed: Header<Option<String>>,
        body: Body<Option<EraseRequest>>,
    ) -> Answer<Erasing> {
        let EraseRequest { confirm, password } = body.0.unwrap_or_default();
        match password {
            Some(password) => {
                let pass = gate.admit()?;
                ask.accounts
                    .confirm(ask.who.account, password.into())
                    .await
                    .map_err(Fault::from)?;
                pass.refund();
            }
            None => permit(&ask.who, Need::Fresh, ask.clock.now()).map_err(Fault::from)?,
        }
        let confirmation = confirm.or(confirmed.0).unwrap_or_default();
        let account = ask.who.account;
        let token = ask.erasures.erase_account(account, &confirmation).await;
        let token = token.map_err(Fault::from)?;
        ask.conversations.stop_all_of(account);
        Ok(Erasing::begun(&token))
    }

    /// The receipt of an erasure
    ///
    /// Whoever has the identifier that was handed out may see it, with or without an account.
    #[oai(
        path = "/auth/erasures/:erasure_id",
        method = "get",
        operation_id = "get_erasure",
        tag = "Group::Identity"
    )]
    async fn receipt(&self, services: Open, erasure_id: Path<String>) -> Answer<Json<Receipt>> {
        let (erasure, traces) = services.erasures.find(&erasure_id.0).map_err(Fault::from)?;
        Ok(Json(receipt(erasure, traces)))
    }
}

fn receipt(erasure: Erasure, traces: Traces) -> Receipt {
    let (scope, subject) = match erasure.subject {
        Subject::Account(id) => (ErasureScope::Account, id.to_string()),
        Subject::Clone(id) => (ErasureScope::Clone, id.to_string()),
        Subject::Memory(_, id) => (ErasureScope::Memory, id.to_string()),
        Subject::Attachment(_, id) => (ErasureScope::Attachment, id.to_string()),
        Subject::Person(_, id) => (ErasureScope::Person, id.to_string()),
        Subject::Conversation(id) => (ErasureScope::Conversation, id.to_string()),
    };
    Receipt {
        scope,
        subject,
        state: match erasure.state {
            State::Erasing => ErasureState::Erasing,
            State::Erased => ErasureState::Erased,
        },
        requested_at: erasure.requested_at.to_string(),
        erased_at: erasure.erased_at.map(|at| at.to_string()),
        removed: erasure.removed,
        clones: erasure.clones.len() as u64,
        key_destroyed: traces.key_destroyed,
        pages_overwritten: traces.pages_overwritten,
        ledger: erasure.line.map(|(number, hash)| LedgerEntry { number, sha256: hash }),
    }
}
