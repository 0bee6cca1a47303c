//! A return: its header and its episodes, from CSV or XML, child by child.

use super::fields;
use super::table::{self, Table};
use jiff::civil::Date;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xml::ssda903::ReturnReader;

/// Most episodes of a return: England's whole return has some 300,000.
pub const ROWS_MAX: u64 = 2_000_000;
/// Most episodes of one child, as the XML reader has it.
pub const EPISODES_MAX: usize = xml::ssda903::EPISODES_MAX;

/// The columns of the episodes, with the names that layouts give them.
const EPISODE: [&[&str]; 11] = [
    &["CHILD", "CHILDID", "CHILD_ID"],
    &["DECOM"],
    &["RNE"],
    &["LS"],
    &["PLACE", "PL"],
    &["PLACE_PROVIDER", "PLACEMENT_PROVIDER"],
    &["DEC"],
    &["REC"],
    &["HOME_POST"],
    &["PL_POST"],
    &["PL_LA"],
];
const HEADER: [&[&str]; 3] = [EPISODE[0], &["SEX", "GENDER"], &["DOB"]];
/// Tables of the return that have a date of birth too, and are no header.
const NOT_A_HEADER: [&str; 4] = ["DUC", "MIS_START", "REVIEW", "DATE_INT"];

/// A return that has been looked through once, and can be read.
#[derive(Debug)]
pub struct Return {
    episodes: PathBuf,
    is_xml: bool,
    /// The name of the episodes' file in findings.
    pub file: Arc<str>,
    pub headers: HashMap<String, HeaderRow>,
    pub facts: Facts,
    /// Files that were given and hold neither episodes nor a header.
    pub unread: Vec<PathBuf>,
}

/// What the first look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub rows: u64,
    pub children: u64,
    /// Whether each child's rows stand together: then one child at a time is held.
    pub grouped: bool,
    /// The latest day of any episode.
    pub latest: Option<Date>,
    /// The earliest end of any episode.
    pub earliest_end: Option<Date>,
}

/// A child's line of the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderRow {
    pub row: u64,
    pub sex: String,
    pub dob: String,
    /// Whether the header has the child twice, with other values.
    pub contradicted: bool,
}

/// An episode as the file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawEpisode {
    pub row: u64,
    pub child: String,
    pub decom: String,
    pub rne: String,
    pub ls: String,
    pub place: String,
    pub provider: String,
    pub dec: String,
    pub rec: String,
    pub home_post: String,
    pub pl_post: String,
    pub pl_la: String,
    /// False where the row has more or fewer values than the first line.
    pub sound: bool,
}

/// All rows of one child, in the order of the file.
#[derive(Debug)]
pub struct ChildRows {
    pub child: String,
    pub rows: Vec<RawEpisode>,
}

impl Return {
    /// Looks through the files: which is which, how many rows, whether they are sorted.
    ///
    /// # Errors
    /// A sentence with the file (and row) where one cannot be read, where there are no episodes or two sets of them, or
    /// beyond a bound.
    pub fn open(files: &[PathBuf]) -> Result<Self, String> {
        let (mut episodes, mut headers, mut unread) = (Vec::new(), Vec::new(), Vec::new());
        for file in files {
            if is_xml(file)? {
                episodes.push((file, true));
                continue;
            }
            let columns = table::columns(file)?;
            let has = |name: &str| columns.iter().any(|column| column == name);
            if has("DECOM") {
                episodes.push((file, false));
            } else if has("DOB") && HEADER[1].iter().any(|name| has(name)) && !NOT_A_HEADER.iter().any(|name| has(name)) {
                headers.push(file);
            } else {
                unread.push(file.clone());
            }
        }
        let [(path, is_xml)] = episodes[..] else {
            return Err(format!("give one file of episodes: a CSV with a column DECOM, or an XML return; these are {}", episodes.len()));
        };
        if !is_xml {
            let columns = table::columns(path)?;
            let missing: Vec<_> = EPISODE[..8].iter().filter(|names| !names.iter().any(|name| columns.iter().any(|c| c == name))).collect();
            if !missing.is_empty() {
                let names: Vec<_> = missing.iter().map(|names| names[0]).collect();
                return Err(format!("{}: it has no column {}", path.display(), names.join(", ")));
            }
        }
        let mut found = Self {
            episodes: path.clone(),
            is_xml,
            file: path.display().to_string().into(),
            headers: HashMap::new(),
            facts: Facts::default(),
            unread,
        };
        for file in headers {
            found.read_header(file)?;
        }
        found.facts = found.look_through()?;
        Ok(found)
    }

    /// The children, one after the other. Where their rows do not stand together, all are read first.
    ///
    /// # Errors
    /// Where the file cannot be opened again.
    pub fn children(&self) -> Result<Box<dyn Iterator<Item = Result<ChildRows, String>>>, String> {
        let rows = Rows::open(self)?;
        if self.facts.grouped {
            return Ok(Box::new(Grouped { rows, next: None, done: false }));
        }
        let (mut places, mut children) = (HashMap::new(), Vec::<ChildRows>::new());
        for row in rows {
            let row = row?;
            let at = *places.entry(row.child.clone()).or_insert(children.len());
            match children.get_mut(at) {
                Some(child) => child.rows.push(row),
                None => children.push(ChildRows { child: row.child.clone(), rows: vec![row] }),
            }
        }
        Ok(Box::new(children.into_iter().map(Ok)))
    }

    fn read_header(&mut self, file: &Path) -> Result<(), String> {
        let mut table = Table::open(file, &HEADER)?;
        while let Some(row) = table.next(file) {
            let row = row?;
            let [child, sex, dob] = row.values;
            self.add_header(child, HeaderRow { row: row.line, sex, dob, contradicted: !row.sound })?;
        }
        Ok(())
    }

    fn add_header(&mut self, child: String, header: HeaderRow) -> Result<(), String> {
        if self.headers.len() as u64 >= ROWS_MAX {
            return Err(format!("the header has more than {ROWS_MAX} children: split the return"));
        }
        let known = self.headers.entry(child).or_insert_with(|| header.clone());
        known.contradicted |= (&known.sex, &known.dob) != (&header.sex, &header.dob);
        Ok(())
    }

    fn look_through(&mut self) -> Result<Facts, String> {
        let mut facts = Facts { grouped: true, ..Facts::default() };
        let (mut seen, mut last) = (HashSet::new(), String::new());
        let mut rows = Rows::open(self)?;
        for row in rows.by_ref() {
            let row = row?;
            facts.rows += 1;
            if facts.rows > ROWS_MAX {
                return Err(format!("{} has more than {ROWS_MAX} episodes: split the return", self.file));
            }
            if facts.rows == 1 || row.child != last {
                if !seen.insert(row.child.clone()) {
                    facts.grouped = false;
                }
                last.clone_from(&row.child);
            }
            let end = fields::day(&row.dec);
            facts.latest = facts.latest.max(fields::day(&row.decom)).max(end);
            facts.earliest_end = [facts.earliest_end, end].into_iter().flatten().min();
        }
        facts.children = seen.len() as u64;
        if let Rows::Xml(rows) = rows {
            for (child, header) in rows.headers {
                self.add_header(child, header)?;
            }
        }
        Ok(facts)
    }
}

/// Whether the first character that is not white space is `<`.
fn is_xml(path: &Path) -> Result<bool, String> {
    let mut beginning = [0; 512];
    let read = File::open(path).and_then(|mut file| file.read(&mut beginning));
    let read = read.map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let text = beginning[..read].strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&beginning[..read]);
    Ok(text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<'))
}

/// The rows of a return in the order of the file.
enum Rows {
    Csv(Box<Table<11>>, PathBuf),
    Xml(Box<XmlRows>),
}

struct XmlRows {
    reader: ReturnReader<BufReader<File>>,
    file: Arc<str>,
    waiting: std::vec::IntoIter<RawEpisode>,
    headers: Vec<(String, HeaderRow)>,
}

impl Rows {
    fn open(from: &Return) -> Result<Self, String> {
        if !from.is_xml {
            return Ok(Self::Csv(Box::new(Table::open(&from.episodes, &EPISODE)?), from.episodes.clone()));
        }
        let file = File::open(&from.episodes).map_err(|error| format!("{} cannot be opened: {error}", from.file))?;
        let length = file.metadata().map_or(0, |found| found.len());
        // An element's tags make an XML return some five times as long as its CSV.
        if length > 5 * table::FILE_BYTES_MAX {
            return Err(format!("{} has {length} bytes; at most {} are read: split the return", from.file, 5 * table::FILE_BYTES_MAX));
        }
        let reader = ReturnReader::new(BufReader::new(file));
        Ok(Self::Xml(Box::new(XmlRows { reader, file: from.file.clone(), waiting: Vec::new().into_iter(), headers: Vec::new() })))
    }
}

impl Iterator for Rows {
    type Item = Result<RawEpisode, String>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Csv(table, path) => Some(table.next(path)?.map(|row| RawEpisode::new(row.line, row.values, row.sound))),
            Self::Xml(rows) => rows.next(),
        }
    }
}

impl XmlRows {
    fn next(&mut self) -> Option<Result<RawEpisode, String>> {
        loop {
            if let Some(row) = self.waiting.next() {
                return Some(Ok(row));
            }
            let child = match self.reader.next_child() {
                Ok(child) => child?,
                Err(what) => return Some(Err(format!("{}: {what}", self.file))),
            };
            let [id, sex, dob] = values(&child.header, &HEADER);
            self.headers.push((id.clone(), HeaderRow { row: child.number, sex, dob, contradicted: false }));
            let row = |fields: &[(String, String)], number| {
                let mut values = values(fields, &EPISODE);
                values[0].clone_from(&id);
                RawEpisode::new(number, values, true)
            };
            self.waiting = child.episodes.iter().map(|episode| row(&episode.fields, episode.number)).collect::<Vec<_>>().into_iter();
        }
    }
}

fn values<const N: usize>(fields: &[(String, String)], wanted: &[&[&str]; N]) -> [String; N] {
    wanted.map(|names| fields.iter().find(|(name, _)| names.contains(&name.as_str())).map(|(_, value)| value.clone()).unwrap_or_default())
}

impl RawEpisode {
    fn new(row: u64, values: [String; 11], sound: bool) -> Self {
        let [child, decom, rne, ls, place, provider, dec, rec, home_post, pl_post, pl_la] = values;
        Self { row, child, decom, rne, ls, place, provider, dec, rec, home_post, pl_post, pl_la, sound }
    }
}

/// Rows that stand together, child by child.
struct Grouped {
    rows: Rows,
    next: Option<RawEpisode>,
    done: bool,
}

impl Iterator for Grouped {
    type Item = Result<ChildRows, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let first = match self.next.take().map(Ok).or_else(|| self.rows.next())? {
            Ok(first) => first,
            Err(what) => {
                self.done = true;
                return Some(Err(what));
            }
        };
        let mut child = ChildRows { child: first.child.clone(), rows: vec![first] };
        loop {
            match self.rows.next() {
                Some(Ok(row)) if row.child == child.child => child.rows.push(row),
                Some(Ok(row)) => {
                    self.next = Some(row);
                    return Some(Ok(child));
                }
                Some(Err(what)) => {
                    self.done = true;
                    return Some(Err(what));
                }
                None => {
                    self.done = true;
                    return Some(Ok(child));
                }
            }
        }
    }
}
