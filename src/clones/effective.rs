//! What a clone's settings come to on this instance. Pure.

use std::sync::Arc;

use super::{CloneError, Effective, Grounding, ProviderChoice, Settings};

/// The providers of this instance, the default first. There is always one.
#[derive(Clone, Debug)]
pub struct Providers {
    first: Arc<ProviderChoice>,
    others: Arc<[ProviderChoice]>,
}

impl Providers {
    /// The default and the others.
    pub fn new(first: ProviderChoice, others: Vec<ProviderChoice>) -> Self {
        Self { first: Arc::new(first), others: others.into() }
    }

    /// Every provider, the default first.
    pub fn all(&self) -> impl Iterator<Item = &ProviderChoice> {
        std::iter::once(self.first.as_ref()).chain(self.others.iter())
    }

    fn find(&self, id: &str) -> Option<&ProviderChoice> {
        self.all().find(|choice| choice.id == id)
    }

    /// Whether the settings can be followed here.
    ///
    /// # Errors
    /// When they name a provider that is not there, or ask a quoting one for more.
    pub fn check(&self, settings: &Settings) -> Result<(), CloneError> {
        let provider = match &settings.llm_provider {
            None => &self.first,
            Some(id) => self.find(id).ok_or_else(|| self.unknown("/llm/provider"))?,
        };
        let beyond = settings.grounding.is_some_and(|g| g != Grounding::Verbatim);
        if provider.verbatim_only && beyond {
            return Err(CloneError::VerbatimOnly);
        }
        if settings.embedding_provider.as_ref().is_some_and(|id| &**id != "builtin") {
            return Err(builtin_only("/embedding/provider", &["builtin"]));
        }
        if settings.tts_provider.is_some() {
            return Err(builtin_only("/tts/provider", &[]));
        }
        Ok(())
    }

    /// What answers really use. A provider that is gone is replaced by the default.
    pub fn effective(&self, settings: &Settings) -> Effective {
        let chosen = settings.llm_provider.as_deref().and_then(|id| self.find(id));
        Self::with(chosen.unwrap_or(&self.first), settings)
    }

    /// What answers use that must not leave this machine's own network: the chosen provider if
    /// it is there, else the first that is. The one that quotes always is.
    pub fn inside(&self, settings: &Settings) -> Option<Effective> {
        let chosen = settings.llm_provider.as_deref().and_then(|id| self.find(id));
        let mut choices = chosen.into_iter().chain(self.all());
        choices.find(|choice| choice.outside.is_none()).map(|choice| Self::with(choice, settings))
    }

    fn with(provider: &ProviderChoice, settings: &Settings) -> Effective {
        let grounding = match (provider.verbatim_only, settings.grounding) {
            (true, _) => Grounding::Verbatim,
            (false, None) => Grounding::Grounded,
            (false, Some(grounding)) => grounding,
        };
        let model = settings.llm_model.as_ref().map(|model| model.to_string());
        Effective {
            provider: provider.id.clone(),
            model: model.filter(|_| !provider.verbatim_only).or_else(|| provider.model.clone()),
            grounding,
            outside: provider.outside.clone(),
        }
    }

    fn unknown(&self, pointer: &'static str) -> CloneError {
        let known = self.all().map(|choice| choice.id.clone()).collect();
        CloneError::UnknownProvider { pointer, known }
    }
}

fn builtin_only(pointer: &'static str, known: &[&str]) -> CloneError {
    let known = known.iter().map(|id| (*id).to_owned()).collect();
    CloneError::UnknownProvider { pointer, known }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Text;

    fn providers() -> Providers {
        let openai = ProviderChoice {
            id: "openai".to_owned(),
            model: Some("small".to_owned()),
            verbatim_only: false,
            host: Some("api.example".to_owned()),
            outside: Some("api.example".to_owned()),
        };
        let builtin = ProviderChoice {
            id: "builtin".to_owned(),
            model: None,
            verbatim_only: true,
            host: None,
            outside: None,
        };
        Providers::new(openai, vec![builtin])
    }

    #[test]
    fn nothing_set_follows_the_instance() {
        let effective = providers().effective(&Settings::default());
        assert_eq!(effective.provider, "openai");
        assert_eq!(effective.model.as_deref(), Some("small"));
        assert_eq!(effective.grounding, Grounding::Grounded);
    }

    #[test]
    fn a_quoting_provider_refuses_to_do_more() {
        let settings = Settings {
            llm_provider: Text::new("builtin").ok(),
            grounding: Some(Grounding::Free),
            ..Settings::default()
        };
        assert!(matches!(providers().check(&settings), Err(CloneError::VerbatimOnly)));
        assert_eq!(providers().effective(&settings).grounding, Grounding::Verbatim);
    }

    #[test]
    fn what_must_not_leave_is_quoted_here() {
        let settings = Settings { grounding: Some(Grounding::Free), ..Settings::default() };
        assert_eq!(providers().effective(&settings).outside.as_deref(), Some("api.example"));
        let inside = providers().inside(&settings).unwrap();
        assert_eq!((inside.provider.as_str(), inside.outside), ("builtin", None));
        assert_eq!((inside.grounding, inside.model), (Grounding::Verbatim, None));
    }

    #[test]
    fn an_unknown_provider_is_answered_with_the_known_ones() {
        let settings = Settings { llm_provider: Text::new("nope").ok(), ..Settings::default() };
        let Err(CloneError::UnknownProvider { known, .. }) = providers().check(&settings) else {
            panic!("accepted");
        };
        assert_eq!(known, ["openai", "builtin"]);
    }
}
