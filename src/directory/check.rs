//! Whether the files of a directory fit together.

use super::mistake::Notes;
use super::organisations::Files;
use super::table::Row;
use domain::Code;
use domain::directory::{BOARDS_SINCE, Link, Organisation, OrganisationKind, Span, Succession};
use domain::postcode::PostcodeIndex;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use OrganisationKind::{Authority, CommissionerBody, CommissionerPlace, Provider};

/// Notes everything that does not fit.
pub(super) fn check(files: &Files, postcodes: &PostcodeIndex, notes: &mut Notes) {
    let known = files.known();
    once_each(files, notes);
    let commissioner: &[OrganisationKind] = &[CommissionerPlace, CommissionerBody];
    refer(&files.districts, "districts.csv", None, &[Authority], &known, notes);
    refer(&files.areas, "areas.csv", Some(&[Authority]), commissioner, &known, notes);
    refer(&files.parents, "parents.csv", Some(&[CommissionerPlace]), &[CommissionerBody], &known, notes);
    refer(&files.camhs, "camhs.csv", Some(&[Authority]), &[Provider], &known, notes);
    refer(&files.practices, "practices.csv", None, &[CommissionerPlace], &known, notes);
    let pair = |link: &Link| (link.code, link.other);
    let single = |link: &Link| link.code;
    overlap(&files.districts, "districts.csv", single, notes);
    overlap(&files.areas, "areas.csv", pair, notes);
    overlap(&files.parents, "parents.csv", single, notes);
    overlap(&files.camhs, "camhs.csv", single, notes);
    overlap(&files.practices, "practices.csv", single, notes);
    neighbours(files, &known, notes);
    successions(files, &known, notes);
    boards(files, notes);
    areas_of_postcodes(files, postcodes, &known, notes);
}

/// Organisations by code, for the checks.
pub(super) type Known<'a> = HashMap<Code, &'a Organisation>;

impl Files {
    pub(super) fn known(&self) -> Known<'_> {
        self.organisations.iter().map(|(_, row)| (row.value.code, &row.value)).collect()
    }
}

/// No code stands for two organisations.
fn once_each(files: &Files, notes: &mut Notes) {
    let codes = files.organisations.iter().map(|(file, row)| (*file, row.line, row.value.code));
    let aliases = files.aliases.iter().map(|(file, row)| (*file, row.line, row.value.0));
    let mut seen = BTreeSet::new();
    for (file, line, code) in codes.chain(aliases) {
        if !seen.insert(code) {
            notes.add(file, line, format!("{code} is there already; a code stands for one organisation"));
        }
    }
}

/// Both ends of each link are known and of the right kind; a first code of no kind may be anything (district, practice).
fn refer(
    rows: &[Row<Link>],
    file: &str,
    first: Option<&[OrganisationKind]>,
    second: &[OrganisationKind],
    known: &Known<'_>,
    notes: &mut Notes,
) {
    for row in rows {
        let ends = [first.map(|kinds| (row.value.code, kinds)), Some((row.value.other, second))];
        for (code, kinds) in ends.into_iter().flatten() {
            expect(code, kinds, file, row.line, known, notes);
        }
    }
}

pub(super) fn expect(code: Code, kinds: &[OrganisationKind], file: &str, line: u64, known: &Known<'_>, notes: &mut Notes) {
    let names: Vec<&str> = kinds.iter().map(|&kind| kind_name(kind)).collect();
    match known.get(&code) {
        None => notes.add(file, line, format!("{code} is not in {}", kind_file(kinds))),
        Some(found) if !kinds.contains(&found.kind) => {
            notes.add(file, line, format!("{code} is {}, and must be {}", kind_name(found.kind), names.join(" or ")));
        }
        Some(_) => {}
    }
}

/// On no day two answers.
fn overlap<K: Ord>(rows: &[Row<Link>], file: &str, key: impl Fn(&Link) -> K, notes: &mut Notes) {
    let mut by_key: BTreeMap<K, Vec<&Row<Link>>> = BTreeMap::new();
    for row in rows {
        let before = by_key.entry(key(&row.value)).or_default();
        if let Some(other) = before.iter().find(|other| other.value.span.overlaps(&row.value.span)) {
            notes.add(file, row.line, format!("{} overlaps line {}: on some day both would hold", row.value.code, other.line));
        }
        before.push(row);
    }
}

fn neighbours(files: &Files, known: &Known<'_>, notes: &mut Notes) {
    let mut seen = BTreeSet::new();
    for Row { line, value: (one, other) } in &files.adjoining {
        expect(*one, &[Authority], "adjoining.csv", *line, known, notes);
        expect(*other, &[Authority], "adjoining.csv", *line, known, notes);
        if one == other || !seen.insert((one.min(other), one.max(other))) {
            notes.add("adjoining.csv", *line, format!("{one} and {other} are there already, or are the same"));
        }
    }
}

/// Each edge leaves what closed the day before and enters what is open; whatever closed has an edge or is marked; no circles.
fn successions(files: &Files, known: &Known<'_>, notes: &mut Notes) {
    let file = "succession.csv";
    let mut edges: BTreeMap<Code, Vec<(u64, Option<Succession>)>> = BTreeMap::new();
    for Row { line, value: (from, edge) } in &files.successions {
        edges.entry(*from).or_default().push((*line, *edge));
        let closed = known.get(from).map(|found| found.to);
        match (closed, edge) {
            (None, _) => notes.add(file, *line, format!("{from} is not in the directory")),
            (Some(None), _) => notes.add(file, *line, format!("{from} is open; give it a last day, or take this line out")),
            (Some(Some(last)), Some(edge)) if last.tomorrow().ok() != Some(edge.on) => {
                notes.add(file, *line, format!("{from} closed on {last}, so what followed began the day after, not on {}", edge.on));
            }
            _ => {}
        }
        if let Some(edge) = edge {
            match known.get(&edge.to) {
                None => notes.add(file, *line, format!("{} is not in the directory", edge.to)),
                Some(found) if !found.span().holds(edge.on) => notes.add(file, *line, format!("{} is not open on {}", edge.to, edge.on)),
                Some(_) => {}
            }
        }
    }
    for out in edges.values().filter(|out| out.len() > 1) {
        for (line, edge) in out.iter().filter(|(_, edge)| edge.is_none_or(|edge| edge.whole)) {
            let from = edge.map_or_else(String::new, |edge| edge.from.to_string());
            notes.add(file, *line, format!("{from} has more than one successor, so each is a part"));
        }
    }
    for (file, row) in &files.organisations {
        if row.value.to.is_some() && !edges.contains_key(&row.value.code) {
            let what = format!("{} has closed and has no line in succession.csv; add one (`none` where nothing followed)", row.value.code);
            notes.add(*file, row.line, what);
        }
    }
    for (&start, out) in edges.iter().filter(|(start, _)| comes_back(**start, &edges)) {
        notes.add(file, out.first().map(|(line, _)| *line), format!("the successions from {start} come back to it"));
    }
}

fn comes_back(start: Code, edges: &BTreeMap<Code, Vec<(u64, Option<Succession>)>>) -> bool {
    let (mut seen, mut waiting) = (BTreeSet::new(), vec![start]);
    while let Some(from) = waiting.pop() {
        for to in edges.get(&from).into_iter().flatten().filter_map(|(_, edge)| edge.map(|edge| edge.to)) {
            if to == start {
                return true;
            }
            if seen.insert(to) {
                waiting.push(to);
            }
        }
    }
    false
}

/// Every place has a board on every day on which there were both.
fn boards(files: &Files, notes: &mut Notes) {
    let mut of: HashMap<Code, Vec<Span>> = HashMap::new();
    for row in &files.parents {
        of.entry(row.value.code).or_default().push(row.value.span);
    }
    let places = files.organisations.iter().filter(|(_, row)| row.value.kind == CommissionerPlace && !row.value.span().over(BOARDS_SINCE));
    for (file, row) in places {
        let mut spans = of.remove(&row.value.code).unwrap_or_default();
        spans.sort_by_key(|span| span.from);
        let mut next = Some(row.value.from.map_or(BOARDS_SINCE, |from| from.max(BOARDS_SINCE)));
        for span in spans {
            next = next.and_then(|day| if span.holds(day) { span.to.and_then(|to| to.tomorrow().ok()) } else { Some(day) });
        }
        if let Some(day) = next.filter(|&day| !row.value.span().over(day)) {
            notes.add(*file, row.line, format!("{} has no board on {day} in parents.csv", row.value.code));
        }
    }
}

fn areas_of_postcodes(files: &Files, postcodes: &PostcodeIndex, known: &Known<'_>, notes: &mut Notes) {
    let districts: BTreeSet<Code> = files.districts.iter().map(|row| row.value.code).collect();
    let (mut unknown_districts, mut unknown_places) = (BTreeSet::new(), BTreeSet::new());
    for (district, places) in postcodes.codes() {
        // Abroad and in Wales there are no districts, only areas.
        if district.as_str().starts_with('E') && !districts.contains(&district) {
            unknown_districts.insert(district);
        }
        unknown_places.extend(places.filter(|place| !known.contains_key(place)));
    }
    for (codes, file) in [(unknown_districts, "districts.csv"), (unknown_places, "commissioners.csv")] {
        for code in codes {
            notes.add("south-east.postcodes", None, format!("postcodes lie in {code}, which is not in {file}"));
        }
    }
}

const fn kind_name(kind: OrganisationKind) -> &'static str {
    match kind {
        Authority => "an authority",
        CommissionerPlace => "a commissioner's place",
        CommissionerBody => "a commissioner's body",
        Provider => "a provider",
    }
}

const fn kind_file(kinds: &[OrganisationKind]) -> &'static str {
    match kinds {
        [Authority] => "authorities.csv",
        [Provider] => "providers.csv",
        [CommissionerPlace | CommissionerBody] | [CommissionerPlace, CommissionerBody] => "commissioners.csv",
        _ => "the directory",
    }
}
