//! `clonememoria serve`: the server, from its start to its stop.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::doctor::open_to_others;
use super::{ConfigArgs, Failure, logging, runtime, say};
use crate::app::App;
use crate::config::Config;

pub fn run(args: &ConfigArgs) -> Result<(), Failure> {
    let (config, _) = args.load()?;
    logging::start(&config);
    for name in &config.mistaken_variables {
        tracing::warn!(%name, "this variable is no setting and is not used");
    }
    if let Some(mode) = open_to_others(&config.data_dir) {
        tracing::warn!("others can enter the data directory ({mode:o}): chmod 700 is safer");
    }
    runtime()?.block_on(serve(&config))
}

async fn serve(config: &Config) -> Result<(), Failure> {
    // Before anything else, so that an early signal stops us in order too.
    let mut ends = [SignalKind::terminate(), SignalKind::interrupt()]
        .into_iter()
        .map(signal)
        .collect::<Result<Vec<Signal>, _>>()
        .map_err(Failure::io("signals cannot be watched"))?;
    let app = App::open(config).await?;
    let server = match app.serve(config).await {
        Ok(server) => server,
        Err(error) => {
            app.stop(None, CancellationToken::new()).await;
            return Err(error.into());
        }
    };
    greet(&app, config, &server.address().to_string());
    received(&mut ends).await;
    tracing::info!("stopping");
    let hurry = CancellationToken::new();
    let impatient = hurry.clone();
    let stop = app.stop(Some(server), hurry);
    tokio::pin!(stop);
    tokio::select! {
        () = &mut stop => return Ok(()),
        () = received(&mut ends) => impatient.cancel(),
    }
    stop.await;
    Ok(())
}

/// Says where the server is and, the first time, how to begin.
fn greet(app: &App, config: &Config, address: &str) {
    let own = format!("http://{}{}", reachable(address), config.base_path);
    let url = config.public_url.as_ref().map_or(own.clone(), |url| {
        format!("{}{}", url.as_str().trim_end_matches('/'), config.base_path)
    });
    say(format_args!("listening on {own}"));
    tracing::info!(%address, "listening");
    match app.services.accounts.setup_needed() {
        Ok(true) => match app.services.accounts.setup_link() {
            Ok(token) => {
                say("");
                say("Welcome. Make the first account here (the link is good for 30 minutes):");
                say(format_args!("  {url}/welcome?token={}", token.reveal()));
                say("");
            }
            Err(error) => tracing::error!(%error, "no link for the first account can be made"),
        },
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "the accounts cannot be read"),
    }
}

/// An address that a browser on this machine can open; all addresses is none.
pub(super) fn reachable(address: &str) -> String {
    address.replace("0.0.0.0:", "localhost:").replace("[::]:", "localhost:")
}

/// Resolves at the next signal that asks for an end.
async fn received(ends: &mut [Signal]) {
    let waiting = ends.iter_mut().map(|end| Box::pin(end.recv()));
    futures_util::future::select_all(waiting).await;
}
