//! What the machine says of its processes. Read from `/proc`; where there is none, these figures are left out.

use std::fs;
use std::path::Path;
use std::time::Instant;

/// Clock ticks in a second: Linux counts processor time so on every architecture that it runs on today.
const TICKS: f64 = 100.0;
/// Others' share of a core above which figures are not to be compared.
const OTHERS_MAX: f64 = 0.2;

/// Processor time of a process since its start, user and system, in seconds.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    ticks(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?).map(|ticks| ticks / TICKS)
}

/// Resident memory of a process in MiB: now, and at its highest.
pub fn memory_mib(pid: u32) -> Option<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let read = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
    };
    Some((read("VmRSS:")?, read("VmHWM:")?))
}

/// Watches what others take of the processor while something is measured.
pub struct Watch {
    begun: Instant,
    broker: Option<u32>,
    /// Busy time of the machine, and that of the bench, its children and its broker, in ticks.
    before: Option<(f64, f64)>,
    broker_before: Option<f64>,
}

impl Watch {
    pub fn begin(broker_url: &str) -> Self {
        let broker = port(broker_url).and_then(listener);
        let broker_before = broker.and_then(ticks_of);
        Self { begun: Instant::now(), broker, before: busy().zip(own()), broker_before }
    }

    /// A sentence, where others took so much that the figures are in doubt. All children must have ended by now.
    pub fn unquiet(&self) -> Option<String> {
        let (busy_before, own_before) = self.before?;
        let (busy, own) = busy().zip(own())?;
        let broker = self.broker.and_then(ticks_of).zip(self.broker_before).map(|(now, before)| now - before);
        let ours = own - own_before + broker.unwrap_or(0.0);
        let cores = (busy - busy_before - ours) / TICKS / self.begun.elapsed().as_secs_f64();
        if cores <= OTHERS_MAX {
            return None;
        }
        let of_whom = if broker.is_some() { "other processes" } else { "the broker and other processes" };
        Some(format!("{of_whom} took {cores:.1} cores meanwhile: these figures are lower than the machine's"))
    }
}

/// Busy ticks of the whole machine: user, nice, system, interrupts, and what a host took away.
fn busy() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let fields: Vec<f64> = stat.lines().next()?.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    Some([0, 1, 2, 5, 6, 7].into_iter().filter_map(|at| fields.get(at)).sum())
}

/// Ticks of this process and of those children that have ended.
fn own() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields = after_name(&stat)?;
    fields.get(11..15)?.iter().map(|field| field.parse::<f64>().ok()).sum()
}

fn ticks_of(pid: u32) -> Option<f64> {
    ticks(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn ticks(stat: &str) -> Option<f64> {
    let fields = after_name(stat)?;
    fields.get(11..13)?.iter().map(|field| field.parse::<f64>().ok()).sum()
}

/// The fields from the state on: a process's name may hold spaces and brackets.
fn after_name(stat: &str) -> Option<Vec<&str>> {
    stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect())
}

fn port(url: &str) -> Option<u16> {
    let authority = url.split_once("://")?.1.split(['/', '?']).next()?;
    let (host, port) = authority.rsplit_once('@').map_or(authority, |(_, host)| host).rsplit_once(':')?;
    ["127.0.0.1", "localhost", "[::1]"].contains(&host).then(|| port.parse().ok())?
}

/// The process on this machine that listens on a port.
fn listener(port: u16) -> Option<u32> {
    let socket = ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|table| {
        let rows = fs::read_to_string(table).ok()?;
        let end = format!(":{port:04X}");
        // sl, local address, remote address, state (0A: listening), .., the inode as the tenth.
        let fields = rows.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
        let row = fields.into_iter().find(|row| row.len() > 9 && row[1].ends_with(&end) && row[3] == "0A")?;
        Some(format!("socket:[{}]", row[9]))
    })?;
    let pids = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.into_iter().find(|pid| holds(*pid, &socket))
}

fn holds(pid: u32, socket: &str) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    files.flatten().any(|file| fs::read_link(file.path()).is_ok_and(|target| target == Path::new(socket)))
}

/// Processor and cores, for the report.
pub fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim().to_owned()));
    format!("{cores} cores, {}", model.unwrap_or_else(|| std::env::consts::ARCH.to_owned()))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_by_the_port_it_listens_on() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = socket.local_addr().unwrap().port();
        assert_eq!(listener(at), Some(std::process::id()));
        assert_eq!(port(&format!("amqp://guest:guest@127.0.0.1:{at}/bench")), Some(at));
        assert_eq!(port("amqp://guest:guest@rabbit.example:5672/bench"), None);
    }

    #[test]
    fn its_processor_time_and_memory_can_be_read() {
        let (now, highest) = memory_mib(std::process::id()).unwrap();
        assert!(now > 0.0 && highest >= now);
        assert!(cpu_seconds(std::process::id()).is_some());
    }
}
