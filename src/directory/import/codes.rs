//! The codes that a directory knows: what a postcode may point to.

use crate::directory::mistake::{Mistakes, Notes};
use crate::directory::organisations::Files;
use domain::Code;
use domain::directory::{BOARDS_SINCE, Link, OrganisationKind};
use jiff::civil::Date;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Districts, authorities and commissioners by every code that stands for them.
pub struct Codes {
    districts: HashSet<Code>,
    authorities: HashMap<Code, Code>,
    commissioners: HashMap<Code, Commissioner>,
    boards: HashMap<Code, Vec<Link>>,
}

#[derive(Clone, Copy)]
pub(super) struct Commissioner {
    pub(super) code: Code,
    /// A CCG or sub-ICB location; else a board.
    pub(super) is_place: bool,
}

impl Codes {
    /// # Errors
    /// Every mistake in the CSV files of the folder.
    pub fn read(folder: &Path) -> Result<Self, Mistakes> {
        let mut notes = Notes::default();
        let files = Files::read(folder, &mut notes);
        let aliases: Vec<(Code, Code)> = files.aliases.iter().map(|(_, row)| row.value).collect();
        let mut codes = Self {
            districts: files.districts.iter().map(|row| row.value.code).collect(),
            authorities: HashMap::new(),
            commissioners: HashMap::new(),
            boards: HashMap::new(),
        };
        for row in &files.parents {
            codes.boards.entry(row.value.code).or_default().push(row.value);
        }
        for (_, row) in &files.organisations {
            let (code, kind) = (row.value.code, row.value.kind);
            let all = aliases.iter().filter(|(_, known)| *known == code).map(|&(alias, _)| alias).chain([code]);
            match kind {
                OrganisationKind::Authority => codes.authorities.extend(all.map(|alias| (alias, code))),
                OrganisationKind::CommissionerPlace | OrganisationKind::CommissionerBody => {
                    let commissioner = Commissioner { code, is_place: kind == OrganisationKind::CommissionerPlace };
                    codes.commissioners.extend(all.map(|alias| (alias, commissioner)));
                }
                OrganisationKind::Provider => {}
            }
        }
        notes.settle(codes)
    }

    pub(super) fn district(&self, field: &[u8]) -> Option<Code> {
        super::code(field).filter(|code| self.districts.contains(code))
    }

    pub(super) fn authority(&self, field: &[u8]) -> Option<Code> {
        self.authorities.get(&super::code(field)?).copied()
    }

    pub(super) fn commissioner(&self, field: &[u8]) -> Option<Commissioner> {
        self.commissioners.get(&super::code(field)?).copied()
    }

    /// Whether a file says that a place belongs to another board than the directory does.
    pub(super) fn board_differs(&self, place: Code, board: &[u8], on: Date) -> bool {
        let Some(named) = super::code(board).filter(|_| on >= BOARDS_SINCE) else { return false };
        let here = self.boards.get(&place).into_iter().flatten().find(|link| link.span.holds(on)).map(|link| link.other);
        here != self.commissioners.get(&named).map(|found| found.code)
    }
}
