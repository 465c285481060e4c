//! A port that stays free while whoever listened on it is stopped.

use anyhow::{Result, bail};
use std::net::{IpAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range that Linux takes ports from for those who ask for any, connections included: nobody is given one of these by chance.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A free port, each time another one; several processes begin at different ones.
///
/// # Errors
/// Where all are taken, or the address is none of this machine.
pub fn free(listen: IpAddr) -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let own = u16::try_from(std::process::id().wrapping_mul(41) % u32::from(COUNT))?;
    for _ in 0..COUNT {
        let n = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + (own + n) % COUNT;
        if TcpListener::bind((listen, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("listen: expected an address of this machine with a free port, got {listen}")
}
