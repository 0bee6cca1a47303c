//! Where PLACEMENT_HUB_REFERENCE names a folder with `postcodes_south_east_full.csv.gz`
//! (`pcds,oslaua,ccg_2020,ccg_2021,sicbl_2024,sicbl_2026`), and the command `gzip` is there: every postcode must agree.

use super::{day, shipped};
use domain::directory::Whereabouts;
use std::process::Command;

#[test]
fn all_postcodes_agree_with_the_reference() {
    let Some(folder) = std::env::var_os("PLACEMENT_HUB_REFERENCE") else { return };
    let packed = std::path::Path::new(&folder).join("postcodes_south_east_full.csv.gz");
    let unpacked = Command::new("gzip").arg("-dc").arg(&packed).output().unwrap();
    assert!(unpacked.status.success(), "gzip cannot read {}", packed.display());
    let directory = shipped();
    let days = ["2020-04-01", "2021-04-01", "2024-04-01", "2026-04-01"].map(day);
    let mut reader = csv::Reader::from_reader(&unpacked.stdout[..]);
    let mut agreed = 0;
    for record in reader.records() {
        let record = record.unwrap();
        for (column, on) in (2..).zip(days) {
            let found = directory.locate(Whereabouts { postcode: Some(&record[0]), local_authority: None }, on);
            let place = found.commissioner.unwrap().place.unwrap();
            assert_eq!(place.as_str(), &record[column], "row {agreed} on {on}");
        }
        agreed += 1;
    }
    assert_eq!(agreed, 418_264);
}
