//! The server's certificate: found at the start, looked at again while it runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::StartError;
use crate::config::{self, Config};
use crate::jobs::blocking;
use crate::kernel::Clock;
use crate::tls::{Look, Tls};

/// How often a certificate is looked at.
const EVERY: Duration = Duration::from_secs(60);

/// The certificate that the configuration asks for.
pub(super) fn find(config: &Config, clock: &Clock) -> Result<Option<Arc<Tls>>, StartError> {
    let tls = match &config.tls {
        config::Tls::Off => return Ok(None),
        config::Tls::Files { cert, key } => Tls::from_files(cert, key)?,
        config::Tls::Local => {
            let host = config.public_url.as_ref().and_then(url::Url::host_str);
            let host = host.map(|host| host.trim_start_matches('[').trim_end_matches(']'));
            Tls::local(&config.data_dir.join("tls"), host, clock.now())?
        }
    };
    Ok(Some(Arc::new(tls)))
}

/// Looks at the certificate every minute, and at once when somebody sends a hangup.
pub(super) async fn watch(tls: Arc<Tls>, clock: Clock, stop: CancellationToken) {
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(error) => {
            tracing::error!(%error, "signals cannot be watched; certificates are not renewed");
            return;
        }
    };
    loop {
        let look = tokio::select! {
            () = stop.cancelled() => return,
            _ = hangups.recv() => Look::Closely,
            () = tokio::time::sleep(EVERY) => Look::Now,
        };
        let (tls, now) = (Arc::clone(&tls), clock.now());
        match blocking(move || tls.refresh(look, now)).await {
            Ok(Ok(true)) => tracing::info!("a new certificate is in use"),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the certificate in use stays"),
            Err(error) => tracing::error!(%error, "the certificate could not be looked at"),
        }
    }
}
