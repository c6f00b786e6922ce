//! Opening a copy of what is stored, to see that it can be: with the code that will open it, in a
//! folder of its own, and without anything that reaches anybody. No job runs, no mail goes out.

use std::path::Path;
use std::time::Duration;

use super::build::build;
use super::{StartError, erasers, open, tables};
use crate::access::{Principal, Proof};
use crate::accounts::Account;
use crate::attachments;
use crate::backup::Findings;
use crate::clones;
use crate::config::Config;
use crate::http::api::Parts;
use crate::jobs::{Queue, Tasks};
use crate::kernel::{Clock, CloneId, PageRequest, SessionId};
use crate::memories::{Filter, Memory};
use crate::privacy;
use crate::retrieval::{SearchMode, SearchRequest};
use crate::seal::Seals;
use crate::sessions::SignInBy;
use crate::store::{Blobs, OWN_TABLES, Read, Store};

/// How many searches are tried at most.
const SEARCHES: usize = 12;
/// How many of them in one clone.
const IN_A_CLONE: usize = 3;
/// How long an index may take to be built for them.
const PATIENCE: Duration = Duration::from_secs(300);

/// Opens what lies in a folder and looks at all of it.
///
/// # Errors
/// When it cannot be opened, or a row is damaged.
pub(super) async fn rehearse(
    config: &Config,
    folder: &Path,
    seals: Seals,
) -> Result<Findings, StartError> {
    let mut config = config.clone();
    folder.clone_into(&mut config.data_dir);
    (config.mail, config.llm) = (None, None);
    config.oidc.clear();
    (config.backup.directory, config.backup.bucket) = (None, None);
    let store = open::open_with(folder, &config, seals.clone())?;
    let mut findings = read_all(&store)?;
    // As the start will that is rehearsed.
    privacy::repeat(&store, erasers).await?;
    let (tasks, clock) = (Tasks::new(), Clock::system());
    // Its workers are not started.
    let queue = Queue::new(store.clone(), clock.clone());
    let parts = build(&config, (&store, &seals, &clock), (&tasks, &queue), None).await?;
    parts.retrieval.start(&tasks);
    let searched = match read_files(&store, folder, &mut findings).await {
        Ok(()) => search(&parts, &store, &mut findings).await,
        error => error,
    };
    drop(tasks.join_all(PATIENCE).await);
    searched.map(|()| findings)
}

fn read_all(store: &Store) -> Result<Findings, StartError> {
    let mut findings = Findings::default();
    store.read(|tx| {
        for table in OWN_TABLES.iter().chain(&tables()) {
            let Read { rows, erased } = table.read_all(tx)?;
            findings.rows += rows;
            findings.erased += erased;
            match table.name {
                "accounts" => findings.accounts = rows,
                "clones" => findings.clones = rows,
                "memories" => findings.memories = rows,
                _ => {}
            }
        }
        Ok(findings)
    })
}

/// Reads every file of every memory.
async fn read_files(
    store: &Store,
    folder: &Path,
    findings: &mut Findings,
) -> Result<(), StartError> {
    let blobs = Blobs::local(folder)?;
    let kept = store.read(attachments::all)?;
    let looked = attachments::look_at_files(kept, &blobs).await?;
    (findings.files, findings.damaged_files) = (looked.sound, looked.damaged.len() as u64);
    Ok(())
}

/// Searches for what some memories say, as their authors would.
async fn search(parts: &Parts, store: &Store, findings: &mut Findings) -> Result<(), StartError> {
    for account in parts.accounts.all()? {
        let who = eyes_of(&account, &parts.clock);
        let visible = store.read(|tx| clones::visible_to(tx, &who))?;
        for (clone, _) in visible {
            if findings.searches >= SEARCHES {
                return Ok(());
            }
            let page = PageRequest { limit: IN_A_CLONE, after: None };
            let Ok(page) = parts.memories.list(&who, clone, &Filter::default(), &page) else {
                continue;
            };
            for memory in page.items {
                findings.searches += 1;
                if is_found(parts, &who, clone, &memory).await {
                    findings.found += 1;
                }
            }
        }
    }
    Ok(())
}

fn eyes_of(account: &Account, clock: &Clock) -> Principal {
    Principal {
        account: account.id,
        is_admin: false,
        proof: Proof::Session {
            id: SessionId::fresh(),
            by: SignInBy::Tokens,
            proven_at: clock.now(),
            epoch: account.epoch,
        },
        locale: account.locale.clone(),
    }
}

async fn is_found(parts: &Parts, who: &Principal, clone: CloneId, memory: &Memory) -> bool {
    let words = memory.content.text.split_whitespace().take(12).collect::<Vec<_>>().join(" ");
    let question: String = words.chars().take(200).collect();
    let looked = tokio::time::timeout(PATIENCE, async {
        loop {
            let request = SearchRequest {
                question: question.clone(),
                limit: 50,
                mode: SearchMode::Text,
                typing: false,
                without_memories: false,
                filter: Filter::default(),
            };
            match parts.retrieval.search(who, clone, request).await {
                Ok(found) if found.hits.iter().any(|hit| hit.memory == memory.id) => return true,
                Ok(found) if !found.degraded => return false,
                // The index is being built.
                Ok(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                Err(_) => return false,
            }
        }
    });
    looked.await.unwrap_or(false)
}
