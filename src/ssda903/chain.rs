//! A child's episodes in the order of their days, laid into care periods.
//!
//! RNE S begins a care period exactly where none is going on; any other episode begins on the day on which the one before
//! it ended. Where that does not hold, a row is taken only if the care period that it belongs to is beyond doubt: a wrong
//! one would send the bill to the wrong commissioner.

use super::episode::{End, Episode};
use super::finding::Scope;
use jiff::civil::Date;

/// A care period as the return and what is known beside it say.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    pub id: String,
    pub started_on: Date,
    /// Where it ended: day and reason.
    pub ended: Option<(Date, String)>,
    /// HOME_POST of its first episode.
    pub home: Option<String>,
    /// Whether its first episode is in the return.
    pub whole: bool,
}

/// Where a care period that began before the return began, and its id.
pub type Began = (Date, Option<String>);

/// The care periods, and for each episode that can be taken the number of its own.
#[derive(Debug, Default, PartialEq)]
pub struct Chain {
    pub periods: Vec<Period>,
    /// In the order of the days: the episode, and its period where it is to be taken.
    pub episodes: Vec<(Episode, Option<usize>)>,
    /// What was noticed: the position in `episodes`, what becomes of the row, a code, a sentence.
    pub notes: Vec<(usize, Scope, &'static str, String)>,
}

/// Lays out the episodes of `child`. `began` tells of a first episode that continues care when that care began.
pub fn lay(child: &str, mut episodes: Vec<Episode>, began: &dyn Fn(&Episode) -> Option<Began>) -> Chain {
    episodes.sort_by_key(|episode| (episode.started_on, episode.end.day().unwrap_or(Date::MAX), episode.row));
    let mut chain = Chain::default();
    let episodes = without_repeated(episodes, &mut chain);
    let mut laying = Laying { child, chain, current: None, before: None, broken: None };
    for mut episode in episodes {
        laying.give_id(&mut episode);
        laying.place(episode, began);
    }
    laying.chain
}

/// The same row twice is one row; two that only share their day are two placements.
fn without_repeated(episodes: Vec<Episode>, chain: &mut Chain) -> Vec<Episode> {
    let mut kept: Vec<Episode> = Vec::with_capacity(episodes.len());
    for episode in episodes {
        let again = kept
            .iter()
            .rev()
            .take_while(|one| one.started_on == episode.started_on)
            .any(|one| Episode { row: one.row, ..episode.clone() } == *one);
        if again {
            chain.episodes.push((episode, None));
            chain.notes.push((chain.episodes.len() - 1, Scope::RowLeftOut, "repeated-row", "the child has the same row before".to_owned()));
        } else {
            kept.push(episode);
        }
    }
    kept
}

struct Laying<'a> {
    child: &'a str,
    chain: Chain,
    current: Option<usize>,
    before: Option<(Date, End)>,
    /// Why rows are left out until care begins again.
    broken: Option<&'static str>,
}

impl Laying<'_> {
    /// Two placements that begin on one day are told apart by a number behind it.
    fn give_id(&self, episode: &mut Episode) {
        let same_day =
            self.chain.episodes.iter().rev().filter(|(one, _)| one.started_on == episode.started_on && one.id.starts_with(&episode.id));
        // A repeated row got no number.
        let taken = same_day.filter(|(one, _)| !self.is_repeated(one)).count();
        if taken > 0 {
            episode.id = format!("{}-{}", episode.id, taken + 1);
        }
    }

    fn is_repeated(&self, one: &Episode) -> bool {
        self.chain.notes.iter().any(|(at, _, code, _)| *code == "repeated-row" && self.chain.episodes[*at].0.row == one.row)
    }

    fn place(&mut self, episode: Episode, began: &dyn Fn(&Episode) -> Option<Began>) {
        let at = self.chain.episodes.len();
        let before = self.before.replace((episode.started_on, episode.end.clone()));
        match episode.reason.as_deref() {
            Some("S") => self.start(&episode, before.as_ref(), at),
            Some(_) => self.go_on(&episode, before.as_ref(), at, began),
            None => self.break_off("an earlier row has no readable RNE, so care may have begun or ended there"),
        }
        let mut period = self.current;
        if let (None, true, Some(why)) = (period, episode.reason.is_some(), self.broken)
            && !self.chain.notes.iter().any(|(noted, scope, ..)| *noted == at && *scope == Scope::RowLeftOut)
        {
            self.note(at, Scope::RowLeftOut, "after-a-break", format!("{why}: left out until care begins again"));
        }
        if let Some(current) = self.current {
            let ended = &mut self.chain.periods[current].ended;
            *ended = match &episode.end {
                End::Ended { on, reason, care_ended: true } => Some((*on, reason.clone())),
                _ => None,
            };
        }
        if !episode.fit {
            period = None;
        }
        self.chain.episodes.push((episode, period));
    }

    fn start(&mut self, episode: &Episode, before: Option<&(Date, End)>, at: usize) {
        let clean = match before {
            None | Some((_, End::Unclear { .. })) => true,
            Some((_, End::Ended { on, care_ended: true, .. })) => *on <= episode.started_on,
            Some((_, End::Open | End::Ended { .. })) => false,
        };
        if !clean {
            let what = "RNE is S, and by the row before the child is still in care on that day: correct one of them".to_owned();
            self.note(at, Scope::RowLeftOut, "start-while-in-care", what);
            return self.break_off("an earlier row begins care while care goes on");
        }
        self.begin(episode, episode.started_on, None, true);
    }

    fn go_on(&mut self, episode: &Episode, before: Option<&(Date, End)>, at: usize, began: &dyn Fn(&Episode) -> Option<Began>) {
        let Some((_, end)) = before else {
            let Some((started_on, id)) = began(episode) else {
                let what = "care began before this return, and nothing says when: give care_started_on in the extra file, import the earlier return first, or use --care-start first-episode";
                self.note(at, Scope::RowLeftOut, "care-start-unknown", what.to_owned());
                return self.break_off("when care began is not known");
            };
            return self.begin(episode, started_on, id, false);
        };
        match end {
            End::Ended { care_ended: true, .. } => {
                let what = "it continues care, and by the row before care has ended: correct one of them".to_owned();
                self.note(at, Scope::RowLeftOut, "continues-after-care-ended", what);
                self.break_off("an earlier row continues care that has ended");
            }
            End::Unclear { on } if *on != Some(episode.started_on) => {
                self.break_off("the end of an earlier row is not clear, so care may have ended there");
            }
            End::Open => {
                let what = "the row before it has no DEC, so it is not known when that ended".to_owned();
                self.note(at, Scope::Taken, "open-in-the-middle", what);
            }
            End::Ended { on, .. } if *on < episode.started_on => {
                let what = format!("the row before it ended on {on} with X1, and nothing is said of the days between");
                self.note(at, Scope::Taken, "gap", what);
            }
            End::Ended { on, .. } if *on > episode.started_on => {
                self.note(at, Scope::Taken, "overlap", format!("it begins before the end of the row before it, {on}"));
            }
            End::Ended { .. } | End::Unclear { .. } => {}
        }
    }

    fn begin(&mut self, episode: &Episode, started_on: Date, id: Option<String>, whole: bool) {
        let mut own = format!("CP-{}-{}", self.child, super::fields::compact(started_on));
        let same = self.chain.periods.iter().filter(|period| period.started_on == started_on).count();
        if same > 0 {
            own = format!("{own}-{}", same + 1);
        }
        self.chain.periods.push(Period { id: id.unwrap_or(own), started_on, ended: None, home: episode.home.clone(), whole });
        self.current = Some(self.chain.periods.len() - 1);
        self.broken = None;
    }

    fn break_off(&mut self, why: &'static str) {
        self.current = None;
        self.broken = Some(why);
    }

    fn note(&mut self, at: usize, scope: Scope, code: &'static str, what: String) {
        self.chain.notes.push((at, scope, code, what));
    }
}
