//! The outside world: traits for what we need of it, adapters for who offers it, and the one
//! guarded way out.
//!
//! Nothing here touches the store. What comes back from outside is hostile input: it is bounded
//! in bytes and in time, and none of it ends up in an error.

pub mod address;
mod allowed;
mod bucket;
pub mod builtin;
mod event_stream;
pub mod language_model;
pub mod mail;
mod names;
pub mod oidc;
pub mod openai;
pub mod outbound;

pub use allowed::{ALLOWED, Allowed, Place};
pub use bucket::{Bucket, BucketError, BucketSettings};
pub use builtin::Builtin;
pub use language_model::{
    AnswerStream, Ask, FinishReason, LanguageModel, ModelError, Piece, Prompt, PromptPassage, Role,
    Sampling, Speaker, Turn, Wait, When,
};
pub use mail::{Encryption, Letter, MailError, MailSettings, Mailer};
pub use oidc::{Claims, Departure, Oidc, OidcError, OidcSettings, Return};
pub use openai::{Limits, OpenAi, OpenAiSettings, SettingsError};
pub use outbound::{Base, Call, NOT_LISTED, Outbound, OutboundError, Reply, Target};
