//! `clonememoria healthcheck`: whether a running server is ready, as an exit code.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::{ConfigArgs, Failure, say};

const WITHIN: Duration = Duration::from_secs(5);

pub fn run(args: &ConfigArgs) -> Result<(), Failure> {
    let (config, _) = args.load()?;
    let mut address: SocketAddr = config.listen;
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    let answer = ask(address).map_err(|source| Failure::Refused {
        message: format!("no server answers on {address}: {source}"),
        code: 69,
    })?;
    if answer.starts_with("HTTP/1.1 200") {
        say("ready");
        return Ok(());
    }
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    Err(Failure::Refused { message: format!("not ready: {body}"), code: 69 })
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, WITHIN)?;
    stream.set_read_timeout(Some(WITHIN))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(64 << 10).read_to_string(&mut answer)?;
    Ok(answer)
}
