//! What the operator allows, as the server takes it.

use crate::config::Config;
use crate::http::server::{Limits, Pace, Protocol, Sizes, Times};

pub(super) fn of_server(config: &Config) -> Limits {
    let limits = &config.limits;
    let sizes = Sizes {
        json: limits.json_bytes as u64,
        batch: limits.batch_bytes as u64,
        attachment: limits.attachment_bytes as u64,
        upload: limits.upload_bytes as u64,
    };
    Limits {
        connections: limits.connections,
        per_address: limits.connections_per_address,
        times: Times { header: limits.header, idle: limits.idle, stall: limits.stall },
        pace: Pace {
            idle: limits.body_idle,
            grace: limits.body,
            rate: limits.body_bytes_per_second as u64,
        },
        protocol: Protocol {
            header_bytes: limits.header_bytes,
            streams: limits.http2_streams,
            resets: limits.http2_resets,
        },
        body: sizes.limit(),
    }
}
