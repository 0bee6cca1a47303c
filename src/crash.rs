//! Crash points: places where a fault test makes the hub die as if its power went.
//!
//! A debug build reads `PLACEMENT_HUB_CRASH_AT=name:count` once and kills itself with SIGKILL the count-th time that the
//! point `name` is passed: no destructor runs, no buffer is flushed. A release build has none of this.

/// Passes the crash point `name`.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn point(_name: &str) {}

/// Passes the crash point `name`.
#[cfg(debug_assertions)]
pub fn point(name: &str) {
    if let Some(fuse) = FUSE.as_ref()
        && fuse.burns(name)
    {
        // The signal cannot be caught; if it cannot be sent either, dying some other way is the next best.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        std::process::abort();
    }
}

#[cfg(debug_assertions)]
static FUSE: std::sync::LazyLock<Option<Fuse>> =
    std::sync::LazyLock::new(|| std::env::var("PLACEMENT_HUB_CRASH_AT").ok().and_then(|text| Fuse::read(&text)));

#[cfg(debug_assertions)]
#[derive(Debug)]
struct Fuse {
    name: String,
    left: std::sync::atomic::AtomicU64,
}

#[cfg(debug_assertions)]
impl Fuse {
    /// `name:count`; a count that is no number from 1 is a mistake of the test, told on stderr.
    fn read(text: &str) -> Option<Self> {
        let parsed = text.split_once(':').and_then(|(name, count)| Some((name, count.parse::<u64>().ok().filter(|count| *count > 0)?)));
        if parsed.is_none() {
            eprintln!("PLACEMENT_HUB_CRASH_AT is `{text}`, not `name:count` with a count from 1: it is ignored");
        }
        parsed.map(|(name, count)| Self { name: name.to_owned(), left: count.into() })
    }

    /// Whether this passing is the one.
    fn burns(&self, name: &str) -> bool {
        self.name == name && self.left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) == 1
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::Fuse;

    #[test]
    fn burns_at_the_nth_passing_of_its_own_point_only() {
        let fuse = Fuse::read("in-send:3").unwrap();
        let burnt = ["in-send", "after-2xx", "in-send", "in-send", "in-send"].map(|name| fuse.burns(name));
        assert_eq!(burnt, [false, false, false, true, false]);
    }

    #[test]
    fn a_mistake_is_no_fuse() {
        for wrong in ["", "in-send", "in-send:", "in-send:0", "in-send:-1"] {
            assert!(Fuse::read(wrong).is_none(), "{wrong}");
        }
    }
}
