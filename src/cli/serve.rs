//! `clonememoria serve`: the server, from its start to its stop.

use std::net::{IpAddr, SocketAddr};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{ConfigArgs, Failure, logging, runtime, say};
use crate::app::App;
use crate::config::{Config, Tls};
use crate::tls;

/// `private`: whether nobody can look into the memory of the process.
pub fn run(args: &ConfigArgs, private: bool) -> Result<(), Failure> {
    let (config, _) = args.load()?;
    logging::start(&config);
    for name in &config.mistaken_variables {
        tracing::warn!(%name, "this variable is no setting and is not used");
    }
    if !private {
        tracing::warn!("the memory of this process can be dumped; nothing forbids it here");
    }
    take_descriptors(&config);
    runtime()?.block_on(serve(&config))
}

/// Every connection is a descriptor, and shells allow few: as many as this account may have.
fn take_descriptors(config: &Config) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let all = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let given =
        if setrlimit(Resource::Nofile, all).is_ok() { limit.maximum } else { limit.current };
    let needed = config.limits.connections as u64;
    if given.is_some_and(|given| given < needed) {
        tracing::warn!(?given, needed, "fewer descriptors than limits.connections; see ulimit -n");
    }
}

/// Why the server stopped in order.
enum Stopped {
    /// Somebody asked for it.
    Asked,
    /// It is to open again with what is given back.
    ToOpenAgain,
}

async fn serve(config: &Config) -> Result<(), Failure> {
    // Before anything else, so that an early signal stops us in order too.
    let mut ends = [SignalKind::terminate(), SignalKind::interrupt()]
        .into_iter()
        .map(signal)
        .collect::<Result<Vec<Signal>, _>>()
        .map_err(Failure::io("signals cannot be watched"))?;
    let mut config = config.clone();
    while let Stopped::ToOpenAgain = serve_once(&mut config, &mut ends).await? {}
    Ok(())
}

/// Serves until it is to end; the next time at the same address.
async fn serve_once(config: &mut Config, ends: &mut [Signal]) -> Result<Stopped, Failure> {
    let app = App::open(config).await?;
    let server = match app.serve(config).await {
        Ok(server) => server,
        Err(error) => {
            app.stop(None, CancellationToken::new()).await;
            return Err(error.into());
        }
    };
    config.listen = server.address();
    greet(&app, config, server.address());
    let mut stopped = Stopped::Asked;
    tokio::select! {
        () = received(ends) => {}
        () = app.again() => stopped = Stopped::ToOpenAgain,
        message = app.failed() => {
            // Nothing can be kept any more, so there is nothing to wait for.
            let hurry = CancellationToken::new();
            hurry.cancel();
            app.stop(Some(server), hurry).await;
            return Err(Failure::Refused { message, code: 75 });
        }
    }
    tracing::info!("stopping");
    let hurry = CancellationToken::new();
    let impatient = hurry.clone();
    let stop = app.stop(Some(server), hurry);
    tokio::pin!(stop);
    tokio::select! {
        () = &mut stop => return Ok(stopped),
        () = received(ends) => {
            stopped = Stopped::Asked;
            impatient.cancel();
        }
    }
    stop.await;
    Ok(stopped)
}

/// Says where the server is and, the first time, how to begin.
fn greet(app: &App, config: &Config, address: SocketAddr) {
    let base = &config.base_path;
    let scheme = if config.tls == Tls::Off { "http" } else { "https" };
    say(format_args!("listening on {scheme}://{}{base}", anywhere(address)));
    tracing::info!(%address, scheme, "listening");
    if is_readable(config, address) {
        tracing::warn!(
            "everybody on the network can read what is sent here, passwords too; \
             set server.tls to local, or put a proxy in front: /trust explains it"
        );
    }
    let url = page(config, address);
    app.services.admin.is_found_at(&url);
    if config.tls == Tls::Local && !address.ip().is_loopback() {
        say(format_args!("phones and other computers: begin at {}", trust_page(config, address)));
    }
    if let Some(path) = &app.new_root_key {
        say("");
        say("What people keep here is sealed. Without this file nobody can read it, you neither;");
        say("keep a copy of it, apart from the copies of the data:");
        say(format_args!("  {}", path.display()));
    }
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

/// Where a browser on this machine finds the web app, without a slash at the end. Here plain
/// HTTP reveals nothing, and no certificate has to be trusted yet; and it is `localhost`, because
/// browsers keep no passkeys for addresses.
pub(super) fn page(config: &Config, address: SocketAddr) -> String {
    let base = &config.base_path;
    if let Some(url) = &config.public_url {
        return format!("{}{base}", url.as_str().trim_end_matches('/'));
    }
    let (ip, port) = (address.ip(), address.port());
    if ip.is_unspecified() || ip.is_loopback() {
        return format!("http://localhost:{port}{base}");
    }
    let scheme = if config.tls == Tls::Off { "http" } else { "https" };
    format!("{scheme}://{address}{base}")
}

/// All addresses is none that can be opened.
fn anywhere(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        return format!("localhost:{}", address.port());
    }
    address.to_string()
}

/// The page that helps to trust our own authority, as another device reaches it.
fn trust_page(config: &Config, address: SocketAddr) -> String {
    let own = tls::addresses().into_iter().find(IpAddr::is_ipv4);
    let at = match own {
        Some(own) if address.ip().is_unspecified() => SocketAddr::new(own, address.port()),
        _ => address,
    };
    format!("http://{at}{}/trust", config.base_path)
}

/// Whether others on the network can read along: neither TLS of our own nor of a proxy.
fn is_readable(config: &Config, address: SocketAddr) -> bool {
    config.tls == Tls::Off
        && !address.ip().is_loopback()
        && config.trusted_proxies.is_empty()
        && config.public_url.as_ref().is_none_or(|url| url.scheme() != "https")
}

/// Resolves at the next signal that asks for an end.
async fn received(ends: &mut [Signal]) {
    let waiting = ends.iter_mut().map(|end| Box::pin(end.recv()));
    futures_util::future::select_all(waiting).await;
}
