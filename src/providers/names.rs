//! Host names become addresses here and nowhere else.
//!
//! A statically linked glibc must not load the system's name service modules, so `/etc/hosts` and
//! `/etc/resolv.conf` are read by hickory. The latter is read again when it changes: an appliance
//! at home starts before its network does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::parse_resolv_conf;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_global_unicast;
use super::allowed::Allowed;

const RESOLV_CONF: &str = "/etc/resolv.conf";
const HOSTS: &str = "/etc/hosts";

/// A name that leads to nowhere, or to somewhere it must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NameError {
    /// No server answered, or none knows the name.
    #[error("the name could not be resolved")]
    Unresolved,
    /// At least one of its addresses is not public.
    #[error("the name leads to an address that is not public")]
    NotPublic,
    /// At least one of its addresses is neither public nor listed.
    #[error("the name leads to an address that is not listed")]
    NotListed,
}

/// Resolves names as this machine is configured to.
#[derive(Default)]
pub(super) struct Names {
    current: Mutex<Option<Loaded>>,
    /// A server of a test's own, asked instead of this machine's.
    #[cfg(test)]
    server: Option<SocketAddr>,
}

#[derive(Clone)]
struct Loaded {
    stamp: Stamp,
    resolver: TokioResolver,
}

/// When the two files were last written; `None` for one that is missing.
type Stamp = [Option<SystemTime>; 2];

impl Names {
    /// Asks this server and nobody else.
    #[cfg(test)]
    pub(super) fn asking(server: SocketAddr) -> Self {
        Self { server: Some(server), ..Self::default() }
    }

    /// All addresses of a host, IPv4 first.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NameError> {
        let plain = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        // RFC 6761: these never leave the machine, whatever a DNS server would say.
        if plain == "localhost" || plain.ends_with(".localhost") {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let resolver = self.resolver().await.map_err(|_| NameError::Unresolved)?;
        let found = resolver.lookup_ip(host).await.map_err(|_| NameError::Unresolved)?;
        let addresses: Vec<IpAddr> = found.iter().collect();
        if addresses.is_empty() { Err(NameError::Unresolved) } else { Ok(addresses) }
    }

    async fn resolver(&self) -> Result<TokioResolver, NetError> {
        let stamp = [written(RESOLV_CONF).await, written(HOSTS).await];
        if let Some(loaded) = &*self.current.lock().unwrap_or_else(PoisonError::into_inner)
            && loaded.stamp == stamp
        {
            return Ok(loaded.resolver.clone());
        }
        #[cfg(test)]
        let resolver = match self.server {
            Some(server) => only(server)?,
            None => read_system().await?,
        };
        #[cfg(not(test))]
        let resolver = read_system().await?;
        let loaded = Loaded { stamp, resolver: resolver.clone() };
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(loaded);
        Ok(resolver)
    }
}

async fn written(path: &str) -> Option<SystemTime> {
    tokio::fs::metadata(path).await.ok()?.modified().ok()
}

async fn read_system() -> Result<TokioResolver, NetError> {
    let text = tokio::fs::read(RESOLV_CONF).await.unwrap_or_default();
    let runtime = TokioRuntimeProvider::default();
    let mut builder = if let Ok((config, options)) = parse_resolv_conf(text) {
        TokioResolver::builder_with_config(config, runtime).with_options(options)
    } else {
        // Without servers, /etc/hosts still answers.
        let offline = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
        TokioResolver::builder_with_config(offline, runtime)
    };
    let options = builder.options_mut();
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    // The whole connection has five seconds; two tries must fit into them.
    options.timeout = options.timeout.min(Duration::from_secs(2));
    options.attempts = options.attempts.min(2);
    builder.build()
}

#[cfg(test)]
fn only(server: SocketAddr) -> Result<TokioResolver, NetError> {
    use hickory_resolver::config::{ConnectionConfig, NameServerConfig};

    let mut udp = ConnectionConfig::udp();
    udp.port = server.port();
    let server = NameServerConfig::new(server.ip(), true, vec![udp]);
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    builder.build()
}

/// Any address will do: the admin chose the host.
pub(super) struct AnyAddress(pub(super) Arc<Names>);

/// Public addresses only. One closed address among open ones is refused as a whole, because
/// honest hosts have no such mixture.
pub(super) struct PublicAddress {
    pub(super) names: Arc<Names>,
    /// What is public; [`is_global_unicast`] but for tests, which reach only their own machine.
    pub(super) is_open: fn(IpAddr) -> bool,
}

impl PublicAddress {
    pub(super) fn new(names: Arc<Names>) -> Self {
        Self { names, is_open: is_global_unicast }
    }
}

/// Public addresses, and those that are listed for this port. One other among them is refused as
/// a whole here too.
pub(super) struct ListedAddress {
    pub(super) names: Arc<Names>,
    pub(super) allowed: Allowed,
    pub(super) port: u16,
}

impl Resolve for AnyAddress {
    fn resolve(&self, name: Name) -> Resolving {
        let names = Arc::clone(&self.0);
        Box::pin(async move { Ok(dialled(names.addresses(name.as_str()).await?)) })
    }
}

impl Resolve for PublicAddress {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, is_open) = (Arc::clone(&self.names), self.is_open);
        Box::pin(async move {
            let addresses = names.addresses(name.as_str()).await?;
            if !addresses.iter().copied().all(is_open) {
                return Err(NameError::NotPublic.into());
            }
            Ok(dialled(addresses))
        })
    }
}

impl Resolve for ListedAddress {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, allowed, port) = (Arc::clone(&self.names), self.allowed.clone(), self.port);
        Box::pin(async move {
            let addresses = names.addresses(name.as_str()).await?;
            let open = |address: &IpAddr| allowed.opens_under(name.as_str(), *address, port);
            if !addresses.iter().all(open) {
                return Err(NameError::NotListed.into());
            }
            Ok(dialled(addresses))
        })
    }
}

/// The port is zero because reqwest puts the URL's in its place.
fn dialled(addresses: Vec<IpAddr>) -> Addrs {
    Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn localhost_needs_no_server() {
        let names = Names::default();
        for host in ["localhost", "LOCALHOST.", "llm.localhost"] {
            let found = names.addresses(host).await.unwrap();
            assert!(found.iter().all(IpAddr::is_loopback), "{host}");
        }
    }

    #[tokio::test]
    async fn a_name_that_cannot_exist_is_unresolved() {
        let names = Names::default();
        // The empty label makes it unparsable, so nothing is sent.
        assert_eq!(names.addresses("a..b").await, Err(NameError::Unresolved));
    }
}
