//! How a clone answers, as sent and as shown.

use poem_openapi::types::MaybeUndefined as Patch;
use poem_openapi::{Enum, Object};
use serde::Deserialize;

use super::super::fields::Fields;
use crate::clones::{Contributions, Effective, Grounding, Settings, SettingsChange};
use crate::kernel::Fault;

/// How far an answer may go beyond the passages.
#[derive(Clone, Copy, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum GroundingWord {
    /// Quotes only.
    Verbatim,
    /// Own words, only what the passages support.
    Grounded,
    /// Persona first, memories as background.
    Free,
}

impl From<Grounding> for GroundingWord {
    fn from(grounding: Grounding) -> Self {
        match grounding {
            Grounding::Verbatim => Self::Verbatim,
            Grounding::Grounded => Self::Grounded,
            Grounding::Free => Self::Free,
        }
    }
}

/// What becomes of what contributors write for others to read.
#[derive(Clone, Copy, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum ContributionsWord {
    /// It waits until somebody who looks after the clone lets it in.
    Reviewed,
    /// It is in at once.
    Open,
}

impl From<Contributions> for ContributionsWord {
    fn from(contributions: Contributions) -> Self {
        match contributions {
            Contributions::Reviewed => Self::Reviewed,
            Contributions::Open => Self::Open,
        }
    }
}

fn contributions(word: ContributionsWord) -> Contributions {
    match word {
        ContributionsWord::Reviewed => Contributions::Reviewed,
        ContributionsWord::Open => Contributions::Open,
    }
}

/// Who writes the answers.
#[derive(Object)]
pub(super) struct LlmView {
    /// The provider; null follows the instance.
    pub(super) provider: Option<String>,
    /// The model; null follows the provider.
    pub(super) model: Option<String>,
    /// 0 to 2.
    pub(super) temperature: Option<f32>,
    /// The longest answer in the model's tokens.
    pub(super) max_tokens: Option<u32>,
    /// Above 0, to 1.
    pub(super) top_p: Option<f32>,
}

/// What turns text into vectors.
#[derive(Object)]
pub(super) struct EmbeddingView {
    pub(super) provider: Option<String>,
    pub(super) model: Option<String>,
}

/// What speaks.
#[derive(Object)]
pub(super) struct TtsView {
    pub(super) provider: Option<String>,
    pub(super) voice_id: Option<String>,
    /// 0.25 to 4.
    pub(super) speed: Option<f32>,
}

/// How passages are found.
#[derive(Object)]
pub(super) struct RetrievalView {
    /// How many passages an answer is made from.
    pub(super) top_k: Option<u32>,
    /// The least score that counts.
    pub(super) min_score: Option<f32>,
}

/// What the settings come to on this instance.
#[derive(Object)]
pub(super) struct EffectiveView {
    pub(super) provider: String,
    pub(super) model: Option<String>,
    pub(super) grounding: GroundingWord,
}

/// How a clone answers. What is null follows the instance.
#[derive(Object)]
pub(super) struct SettingsView {
    pub(super) llm: LlmView,
    pub(super) embedding: EmbeddingView,
    pub(super) tts: TtsView,
    pub(super) grounding: Option<GroundingWord>,
    pub(super) retrieval: RetrievalView,
    /// What becomes of what contributors write; null is `reviewed`.
    pub(super) contributions: Option<ContributionsWord>,
    pub(super) effective: EffectiveView,
}

/// Changes to who writes the answers.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LlmPatch {
    pub(super) provider: Patch<String>,
    pub(super) model: Patch<String>,
    pub(super) temperature: Patch<f32>,
    pub(super) max_tokens: Patch<u32>,
    pub(super) top_p: Patch<f32>,
}

/// Changes to what turns text into vectors.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EmbeddingPatch {
    pub(super) provider: Patch<String>,
    pub(super) model: Patch<String>,
}

/// Changes to what speaks.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TtsPatch {
    pub(super) provider: Patch<String>,
    pub(super) voice_id: Patch<String>,
    pub(super) speed: Patch<f32>,
}

/// Changes to how passages are found.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RetrievalPatch {
    pub(super) top_k: Patch<u32>,
    pub(super) min_score: Patch<f32>,
}

/// What can be changed about how a clone answers.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SettingsPatch {
    pub(super) llm: Option<LlmPatch>,
    pub(super) embedding: Option<EmbeddingPatch>,
    pub(super) tts: Option<TtsPatch>,
    pub(super) grounding: Patch<GroundingWord>,
    pub(super) retrieval: Option<RetrievalPatch>,
    pub(super) contributions: Patch<ContributionsWord>,
}

pub(super) fn grounding(word: GroundingWord) -> Grounding {
    match word {
        GroundingWord::Verbatim => Grounding::Verbatim,
        GroundingWord::Grounded => Grounding::Grounded,
        GroundingWord::Free => Grounding::Free,
    }
}

pub(super) fn settings_change(sent: SettingsPatch) -> Result<SettingsChange, Fault> {
    let llm = sent.llm.unwrap_or_default();
    let embedding = sent.embedding.unwrap_or_default();
    let tts = sent.tts.unwrap_or_default();
    let retrieval = sent.retrieval.unwrap_or_default();
    let mut fields = Fields::default();
    let f = &mut fields;
    let change = SettingsChange {
        llm_provider: f.change(llm.provider, |f, text| f.text("/llm/provider", text)),
        llm_model: f.change(llm.model, |f, text| f.text("/llm/model", text)),
        temperature: f.change(llm.temperature, |f, t| f.bounded("/llm/temperature", t, 0.0..=2.0)),
        max_tokens: f.change(llm.max_tokens, |f, n| f.bounded("/llm/max_tokens", n, 1..=131_072)),
        top_p: f.change(llm.top_p, |f, p| f.bounded("/llm/top_p", p, 0.001..=1.0)),
        embedding_provider: f
            .change(embedding.provider, |f, text| f.text("/embedding/provider", text)),
        embedding_model: f.change(embedding.model, |f, text| f.text("/embedding/model", text)),
        tts_provider: f.change(tts.provider, |f, text| f.text("/tts/provider", text)),
        tts_voice: f.change(tts.voice_id, |f, text| f.text("/tts/voice_id", text)),
        tts_speed: f.change(tts.speed, |f, speed| f.bounded("/tts/speed", speed, 0.25..=4.0)),
        grounding: f.change(sent.grounding, |_, word| Some(grounding(word))),
        top_k: f.change(retrieval.top_k, |f, k| f.bounded("/retrieval/top_k", k, 1..=50)),
        min_score: f
            .change(retrieval.min_score, |f, s| f.bounded("/retrieval/min_score", s, 0.0..=1.0)),
        contributions: f.change(sent.contributions, |_, word| Some(contributions(word))),
    };
    fields.done()?;
    Ok(change)
}

pub(super) fn settings_view(settings: &Settings, effective: Effective) -> SettingsView {
    let settings = settings.clone();
    SettingsView {
        llm: LlmView {
            provider: settings.llm_provider.map(|text| text.into_string()),
            model: settings.llm_model.map(|text| text.into_string()),
            temperature: settings.temperature,
            max_tokens: settings.max_tokens,
            top_p: settings.top_p,
        },
        embedding: EmbeddingView {
            provider: settings.embedding_provider.map(|text| text.into_string()),
            model: settings.embedding_model.map(|text| text.into_string()),
        },
        tts: TtsView {
            provider: settings.tts_provider.map(|text| text.into_string()),
            voice_id: settings.tts_voice.map(|text| text.into_string()),
            speed: settings.tts_speed,
        },
        grounding: settings.grounding.map(Into::into),
        retrieval: RetrievalView { top_k: settings.top_k, min_score: settings.min_score },
        contributions: settings.contributions.map(Into::into),
        effective: EffectiveView {
            provider: effective.provider,
            model: effective.model,
            grounding: effective.grounding.into(),
        },
    }
}
