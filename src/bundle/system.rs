//! The machine: kernel, memory, disk, clock. No host name, address or machine id.

use crate::{
    fs::{Fs, RealFs},
    tls::kernel_synchronised,
};
use serde_json::{Map, Value, json};
use std::{fs, path::Path};
use vietqr_edge_core::time::Timestamp;

/// The most that is read of a file of the kernel's, in characters.
const MOST: usize = 200;
/// Of os-release(5).
const RELEASE: [&str; 5] = ["PRETTY_NAME", "ID", "VERSION_ID", "BUILD_ID", "VARIANT_ID"];
/// Of `/proc/meminfo`.
const MEMORY: [&str; 4] = ["MemTotal", "MemAvailable", "SwapTotal", "SwapFree"];

/// What is known of it; what can not be read is absent.
pub(super) fn facts(state_dir: Option<&Path>, now: Timestamp, built: Timestamp) -> Value {
    let disk = state_dir.and_then(|dir| dir.ancestors().find(|dir| dir.is_dir())).and_then(|dir| RealFs.free(dir).ok());
    let disk = disk.map(|free| json!({"free_bytes": free.bytes, "free_files": free.files}));
    json!({
        "arch": std::env::consts::ARCH,
        "kernel": line("/proc/sys/kernel/osrelease"),
        "kernel_build": line("/proc/sys/kernel/version"),
        "model": line("/proc/device-tree/model"),
        "os": pairs("/etc/os-release", '=', &RELEASE),
        "memory": pairs("/proc/meminfo", ':', &MEMORY),
        "uptime_s": line("/proc/uptime").and_then(|text| text.split('.').next().map(str::to_owned)),
        "load": line("/proc/loadavg"),
        "disk": disk,
        "clock": {"now": now, "not_before": built, "behind": now < built, "synchronised": kernel_synchronised()},
    })
}

fn line(path: &str) -> Option<String> {
    let text = String::from_utf8_lossy(&fs::read(path).ok()?).into_owned();
    let line: String = text.lines().next()?.chars().filter(|c| !c.is_control()).take(MOST).collect();
    Some(line)
}

/// The named ones of lines `name<separator>value`.
fn pairs(path: &str, separator: char, names: &[&str]) -> Value {
    let text = fs::read_to_string(path).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.split_once(separator));
    let wanted = pairs.filter(|(name, _)| names.contains(&name.trim()));
    let tidy = |text: &str| text.trim().trim_matches('"').chars().take(MOST).collect::<String>();
    Value::Object(wanted.map(|(name, value)| (tidy(name), json!(tidy(value)))).collect::<Map<_, _>>())
}
