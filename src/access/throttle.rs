//! How fast somebody may guess. Guessing gets slow, for who guesses; nobody can shut another out: an address from which an account has
//! signed in is not slowed by what others do, and where it never has, an attack on an account costs its owner seconds.

use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

/// Failures that cost nothing: people mistype.
const FREE: [u32; 3] = [5, 30, 50];
/// The longest wait after failures: of one address at one name; of one address; of one name from anywhere.
const WAIT_SECONDS_MAX: [i64; 3] = [900, 900, 5];
/// Without a failure for so long, all is forgotten.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(1);
/// Addresses and names that are remembered; a few megabytes. When it is full the oldest go.
const KNOWN_MAX: usize = 20_000;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Pair(IpAddr, String),
    Address(IpAddr),
    Name(String),
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

#[derive(Default)]
pub struct Throttle {
    failures: Mutex<HashMap<Key, Failures>>,
    /// From where each account has signed in.
    homes: Mutex<HashMap<(IpAddr, String), Timestamp>>,
}

impl Throttle {
    /// Counts an attempt as failed, before it is looked at: many at once count as many.
    ///
    /// # Errors
    /// Seconds to wait; then it was not counted.
    pub fn attempt(&self, address: IpAddr, name: &str, now: Timestamp) -> Result<(), i64> {
        let keys = self.keys(address, name);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = keys.iter().filter_map(|(key, kind)| failures.get(key).map(|failures| failures.wait(*kind, now))).max();
        if let Some(wait) = wait.filter(|wait| *wait > 0) {
            return Err(wait);
        }
        if failures.len() + keys.len() > KNOWN_MAX {
            forget(&mut failures, now);
        }
        for (key, _) in keys {
            let failures = failures.entry(key).or_insert(Failures { count: 0, last: now });
            let count = if failures.is_forgotten(now) { 0 } else { failures.count };
            *failures = Failures { count: count.saturating_add(1), last: now };
        }
        Ok(())
    }

    /// It was the right password after all.
    pub fn succeeded(&self, address: IpAddr, name: &str, now: Timestamp) {
        let keys = self.keys(address, name);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, _) in keys {
            match failures.get_mut(&key) {
                // One success proves nothing about the other names that this address has tried, nor about others at this name.
                Some(found) if !matches!(key, Key::Pair(..)) => found.count = found.count.saturating_sub(1),
                _ => drop(failures.remove(&key)),
            }
        }
        drop(failures);
        let mut homes = self.homes.lock().unwrap_or_else(PoisonError::into_inner);
        if homes.len() >= KNOWN_MAX
            && let Some(oldest) = homes.iter().min_by_key(|(_, at)| **at).map(|(home, _)| home.clone())
        {
            homes.remove(&oldest);
        }
        homes.insert((network(address), name.to_owned()), now);
    }

    fn keys(&self, address: IpAddr, name: &str) -> Vec<(Key, usize)> {
        let address = network(address);
        let mut keys = vec![(Key::Pair(address, name.to_owned()), 0), (Key::Address(address), 1)];
        let homes = self.homes.lock().unwrap_or_else(PoisonError::into_inner);
        if !homes.contains_key(&(address, name.to_owned())) {
            keys.push((Key::Name(name.to_owned()), 2));
        }
        keys
    }
}

impl Failures {
    /// Seconds until the next attempt: none for the first few, then twice as long each time.
    fn wait(self, kind: usize, now: Timestamp) -> i64 {
        if self.count < FREE[kind] || self.is_forgotten(now) {
            return 0;
        }
        let doubled = 2_i64.saturating_pow((self.count - FREE[kind] + 1).min(30)).min(WAIT_SECONDS_MAX[kind]);
        (doubled - now.duration_since(self.last).as_secs()).max(0)
    }

    fn is_forgotten(self, now: Timestamp) -> bool {
        now.duration_since(self.last) > FORGOTTEN
    }
}

/// Makes room: what is forgotten goes, and else the older half.
fn forget(failures: &mut HashMap<Key, Failures>, now: Timestamp) {
    failures.retain(|_, found| !found.is_forgotten(now));
    if failures.len() * 2 > KNOWN_MAX {
        let mut times: Vec<Timestamp> = failures.values().map(|found| found.last).collect();
        times.sort_unstable();
        let middle = times[times.len() / 2];
        failures.retain(|_, found| found.last > middle);
    }
}

/// Who has one IPv6 address has a network of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = "192.0.2.1";
    const AWAY: &str = "198.51.100.7";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn attempt(throttle: &Throttle, from: &str, name: &str, second: i64) -> Result<(), i64> {
        throttle.attempt(from.parse().unwrap(), name, at(second))
    }

    #[test]
    fn a_guesser_waits_twice_as_long_each_time_and_never_more_than_a_quarter_of_an_hour() {
        let throttle = Throttle::default();
        for _ in 0..5 {
            assert_eq!(attempt(&throttle, AWAY, "ada", 0), Ok(()));
        }
        let (mut now, mut waits) = (0, Vec::new());
        for _ in 0..12 {
            let wait = attempt(&throttle, AWAY, "ada", now).unwrap_err();
            waits.push(wait);
            now += wait;
            assert_eq!(attempt(&throttle, AWAY, "ada", now), Ok(()));
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
        assert_eq!(attempt(&throttle, AWAY, "ada", now + 3_601), Ok(()), "an hour later all is forgotten");
        assert_eq!(attempt(&throttle, AWAY, "ada", now + 3_601), Ok(()));
    }

    #[test]
    fn who_has_signed_in_from_there_is_not_shut_out_by_others() {
        let throttle = Throttle::default();
        let home: IpAddr = HOME.parse().unwrap();
        attempt(&throttle, HOME, "ada", 0).unwrap();
        throttle.succeeded(home, "ada", at(0));
        for other in 0..200_u8 {
            let _ = attempt(&throttle, &format!("203.0.113.{other}"), "ada", 1);
        }
        assert_eq!(attempt(&throttle, HOME, "ada", 1), Ok(()), "from home");
        let wait = attempt(&throttle, AWAY, "ada", 1).unwrap_err();
        assert!(wait <= 5, "from elsewhere a few seconds: {wait}");
    }

    #[test]
    fn many_names_from_one_address_are_slowed_too_and_a_network_is_one_address() {
        let throttle = Throttle::default();
        for number in 0..30 {
            assert_eq!(attempt(&throttle, &format!("2001:db8::{number}"), &format!("name{number}"), 0), Ok(()));
        }
        assert_eq!(attempt(&throttle, "2001:db8::ffff", "another", 0), Err(2));
        assert_eq!(attempt(&throttle, "2001:db8:0:1::1", "another", 0), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let throttle = Throttle::default();
        for number in 0..30_000 {
            let _ = attempt(&throttle, &format!("10.{}.{}.1", number / 256, number % 256), &format!("name{number}"), i64::from(number));
        }
        assert!(throttle.failures.lock().unwrap().len() <= KNOWN_MAX);
    }
}
