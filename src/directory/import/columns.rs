//! Which column is which, by the names that editions since 2021 have used.

use super::Fields;
use csv::ByteRecord;

/// What a column may be called, best first. `NN` stands for the year of the codes: two digits, and the latest year wins.
struct Role {
    what: &'static str,
    names: &'static [&'static str],
    needed: bool,
}

const ROLES: [Role; 7] = [
    Role { what: "the postcode", names: &["pcds", "pcd", "pcd7", "pcd2", "pcd8"], needed: true },
    Role { what: "the month of introduction", names: &["dointr"], needed: false },
    Role { what: "the month of termination", names: &["doterm"], needed: true },
    Role { what: "the local authority district", names: &["laua", "oslaua", "ladNNcd"], needed: true },
    Role { what: "the commissioner (CCG or sub-ICB location)", names: &["ccg", "sicbl", "sicblNNcd", "ccgNNcd"], needed: true },
    Role { what: "the integrated care board", names: &["icb", "icbNNcd"], needed: false },
    Role { what: "the country", names: &["ctry", "ctryNNcd"], needed: true },
];

pub(super) struct Columns([Option<usize>; ROLES.len()]);

impl Columns {
    /// # Errors
    /// A sentence for each column that is missing.
    pub(super) fn find(header: &ByteRecord) -> Result<Self, Vec<String>> {
        let names: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase()).collect();
        let mut columns = [None; ROLES.len()];
        let mut missing = Vec::new();
        for (column, role) in columns.iter_mut().zip(&ROLES) {
            *column = role.names.iter().find_map(|name| position(&names, name));
            if column.is_none() && role.needed {
                missing.push(format!("there is no column for {}: it is called {}", role.what, role.names.join(" or ")));
            }
        }
        if missing.is_empty() { Ok(Self(columns)) } else { Err(missing) }
    }

    pub(super) fn of<'a>(&self, record: &'a ByteRecord, fields: usize) -> Fields<'a> {
        let field = |role: usize| self.0[role].and_then(|at| record.get(at)).unwrap_or_default().trim_ascii();
        Fields {
            postcode: field(0),
            introduced: field(1),
            ended: field(2),
            district: field(3),
            commissioner: field(4),
            board: field(5),
            country: field(6),
            whole: record.len() == fields,
        }
    }
}

fn position(names: &[String], wanted: &str) -> Option<usize> {
    let Some((before, after)) = wanted.split_once("NN") else { return names.iter().position(|name| name == wanted) };
    let year = |name: &str| {
        let digits = name.strip_prefix(before)?.strip_suffix(after)?;
        (digits.len() == 2).then(|| digits.parse::<u8>().ok())?
    };
    let dated = names.iter().enumerate().filter_map(|(at, name)| year(name).map(|year| (year, at)));
    dated.max().map(|(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::{Columns, ROLES};
    use csv::ByteRecord;

    /// The names of the columns found, in the order of the roles; `-` for one that is not there.
    fn check(header: &str, expected: &str) {
        let names: Vec<&str> = header.split(',').collect();
        let found = match Columns::find(&ByteRecord::from(names.clone())) {
            Ok(columns) => columns.0.map(|at| at.map_or("-", |at| names[at])).join(","),
            Err(missing) => missing.join("\n"),
        };
        assert_eq!(found, expected, "{header}");
    }

    #[test]
    fn every_edition_is_read() {
        // 2021 and 2022, 2023, 2025, 2026: only the columns around those that are looked for.
        check("pcd,pcd2,pcds,dointr,doterm,usertype,laua,ctry,pct,ccg,stp", "pcds,dointr,doterm,laua,ccg,-,ctry");
        check("pcd,pcd2,pcds,dointr,doterm,oscty,oslaua,ctry,sicbl,icb,oa21", "pcds,dointr,doterm,oslaua,sicbl,icb,ctry");
        check(
            "pcd7,pcd8,pcds,dointr,doterm,cty25cd,lad25cd,ctry25cd,sicbl24cd,icb23cd",
            "pcds,dointr,doterm,lad25cd,sicbl24cd,icb23cd,ctry25cd",
        );
        check("PCD7,doterm,lad26cd,ctry26cd,sicbl26cd,icb26cd", "PCD7,-,doterm,lad26cd,sicbl26cd,icb26cd,ctry26cd");
    }

    #[test]
    fn the_latest_of_several_years_counts() {
        check("pcds,doterm,lad23cd,lad25cd,lad19nm,ctry,ccg", "pcds,-,doterm,lad25cd,ccg,-,ctry");
    }

    #[test]
    fn all_that_is_missing_is_told() {
        check(
            "postcode,lad,doterm,ladXXcd",
            "there is no column for the postcode: it is called pcds or pcd or pcd7 or pcd2 or pcd8\n\
             there is no column for the local authority district: it is called laua or oslaua or ladNNcd\n\
             there is no column for the commissioner (CCG or sub-ICB location): it is called ccg or sicbl or sicblNNcd or ccgNNcd\n\
             there is no column for the country: it is called ctry or ctryNNcd",
        );
        assert_eq!(ROLES.iter().filter(|role| role.needed).count(), 5);
    }
}
