//! SSDA903 returns as XML, child by child: `EXPSSDA903` > `CHILD` > one `HEADER` and any number of `EPISODE`s.
//!
//! A return is not one of the hub's documents: it can be hundreds of megabytes long, its elements differ from year to
//! year, and what is in them is judged elsewhere. So it is read as a stream, and only its form is checked here. What is
//! refused in documents is refused here too: document types, instructions, entities of one's own. Elements below a field
//! (reviews, health checks) are passed over.

use crate::DEPTH_MAX;
use crate::markup::is_xml_space;
use quick_xml::events::Event;
use quick_xml::reader::Reader;
use std::io::{BufRead, Read};

/// Longest run of bytes without markup: a return's values have some ten letters, its longest tags some thirty.
const PIECE_BYTES_MAX: usize = 1 << 16;
/// Most episodes of one child: a week's stay each, over a whole childhood, is under a thousand.
pub const EPISODES_MAX: usize = 2_000;
/// Most fields of one element: the fullest yearly layout has under thirty.
const FIELDS_MAX: usize = 100;

/// One `CHILD` of a return.
#[derive(Debug, Default)]
pub struct ChildElement {
    /// Which one of the file, from 1.
    pub number: u64,
    /// Names and values in the order of the file; of elements with children, nothing.
    pub header: Vec<(String, String)>,
    pub episodes: Vec<EpisodeElement>,
}

/// One `EPISODE` of a child.
#[derive(Debug, Default)]
pub struct EpisodeElement {
    /// Which one of the file, from 1.
    pub number: u64,
    pub fields: Vec<(String, String)>,
}

/// Reads a return child by child; it holds one child at a time.
pub struct ReturnReader<R: BufRead> {
    reader: Reader<Guard<R>>,
    buffer: Vec<u8>,
    depth: usize,
    children: u64,
    episodes: u64,
}

impl<R: BufRead> ReturnReader<R> {
    pub fn new(input: R) -> Self {
        let mut reader = Reader::from_reader(Guard { input, since: 0 });
        let config = reader.config_mut();
        config.enable_all_checks(true);
        config.expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), depth: 0, children: 0, episodes: 0 }
    }

    /// The next child; none after the last.
    ///
    /// # Errors
    /// Where the file is no return, not well-formed, or beyond a bound: a sentence with the place, without any value.
    pub fn next_child(&mut self) -> Result<Option<ChildElement>, String> {
        loop {
            match self.next()? {
                Piece::Open(name) if self.depth == 1 && name != "EXPSSDA903" => {
                    return Err(self.wrong("its root element is not EXPSSDA903: it is not an SSDA903 return"));
                }
                Piece::Open(name) if self.depth == 2 && name == "CHILD" => return self.child().map(Some),
                Piece::Text(text) if self.depth < 2 && !is_blank(&text) => return Err(self.wrong("text stands between its elements")),
                Piece::End if self.depth > 0 => return Err(self.wrong("it ends too early")),
                Piece::End => return Ok(None),
                Piece::Open(_) | Piece::Close | Piece::Text(_) => {}
            }
        }
    }

    fn child(&mut self) -> Result<ChildElement, String> {
        self.children += 1;
        let mut child = ChildElement { number: self.children, ..ChildElement::default() };
        loop {
            match self.next()? {
                Piece::Open(name) if name == "HEADER" => child.header.extend(self.fields()?),
                Piece::Open(name) if name == "EPISODE" => {
                    self.episodes += 1;
                    if child.episodes.len() == EPISODES_MAX {
                        return Err(self.wrong("a child has more than 2000 episodes"));
                    }
                    child.episodes.push(EpisodeElement { number: self.episodes, fields: self.fields()? });
                }
                Piece::Open(_) => self.skip()?,
                Piece::Close => return Ok(child),
                Piece::Text(text) if is_blank(&text) => {}
                Piece::Text(_) => return Err(self.wrong("text stands between its elements")),
                Piece::End => return Err(self.wrong("it ends too early")),
            }
        }
    }

    /// The fields of the element just opened, up to its end.
    fn fields(&mut self) -> Result<Vec<(String, String)>, String> {
        let mut fields = Vec::new();
        loop {
            match self.next()? {
                Piece::Open(name) => {
                    if fields.len() == FIELDS_MAX {
                        return Err(self.wrong("an element has more than 100 fields"));
                    }
                    let value = self.value()?;
                    fields.extend(value.map(|value| (name, value)));
                }
                Piece::Close => return Ok(fields),
                Piece::Text(text) if is_blank(&text) => {}
                Piece::Text(_) => return Err(self.wrong("text stands between its elements")),
                Piece::End => return Err(self.wrong("it ends too early")),
            }
        }
    }

    /// The text of the element just opened, without white space around it; none where it holds elements.
    fn value(&mut self) -> Result<Option<String>, String> {
        let (mut value, mut nested) = (String::new(), false);
        loop {
            match self.next()? {
                Piece::Text(text) if value.len() + text.len() > PIECE_BYTES_MAX => return Err(self.wrong("a value is too long")),
                Piece::Text(text) => value.push_str(&text),
                Piece::Open(_) => {
                    nested = true;
                    self.skip()?;
                }
                Piece::Close if nested => return Ok(None),
                Piece::Close => return Ok(Some(value.trim_matches(|c: char| c.is_ascii_whitespace()).to_owned())),
                Piece::End => return Err(self.wrong("it ends too early")),
            }
        }
    }

    /// Passes over the rest of the element just opened.
    fn skip(&mut self) -> Result<(), String> {
        let outside = self.depth - 1;
        while self.depth > outside {
            if matches!(self.next()?, Piece::End) {
                return Err(self.wrong("it ends too early"));
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Piece, String> {
        loop {
            self.buffer.clear();
            self.reader.get_mut().since = 0;
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event.into_owned(),
                Err(error) => return Err(self.wrong(&unreadable(&error))),
            };
            return match event {
                Event::Start(start) => {
                    if self.depth == DEPTH_MAX {
                        return Err(self.wrong("it is nested deeper than 16 levels"));
                    }
                    self.depth += 1;
                    Ok(Piece::Open(start.local_name().as_ref().to_ascii_uppercase()))
                }
                Event::End(_) => {
                    self.depth -= 1;
                    Ok(Piece::Close)
                }
                Event::Text(text) => Ok(Piece::Text(text.xml10_content().into_owned())),
                Event::CData(text) => Ok(Piece::Text(text.xml10_content().into_owned())),
                Event::GeneralRef(reference) => self.resolved(&reference),
                Event::Decl(declaration) => match declaration.encoding().transpose() {
                    Ok(encoding) if encoding.as_ref().is_none_or(|name| is_taken(name)) => continue,
                    _ => Err(self.wrong("it declares an encoding other than UTF-8 or US-ASCII: export it in UTF-8")),
                },
                Event::Comment(_) => continue,
                Event::DocType(_) => Err(self.wrong("it has a document type, which is not taken: leave it out")),
                Event::PI(_) => Err(self.wrong("it has a processing instruction, which is not taken: leave it out")),
                Event::Empty(_) => Err(self.wrong("an empty element could not be read")),
                Event::Eof => Ok(Piece::End),
            };
        }
    }

    fn resolved(&self, reference: &quick_xml::events::BytesRef<'_>) -> Result<Piece, String> {
        match reference.resolve_char_ref() {
            Ok(Some(character)) => return Ok(Piece::Text(character.to_string())),
            Ok(None) => {}
            Err(_) => return Err(self.wrong("a character reference is malformed")),
        }
        let known = quick_xml::escape::resolve_xml_entity(reference);
        known.map(|text| Piece::Text(text.to_owned())).ok_or_else(|| self.wrong("it uses an entity of its own, which is not taken"))
    }

    fn wrong(&self, what: &str) -> String {
        format!("{what} (child {}, near byte {})", self.children, self.reader.buffer_position())
    }
}

enum Piece {
    /// An element begins: its local name in capitals.
    Open(String),
    Close,
    Text(String),
    End,
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(is_xml_space)
}

fn is_taken(encoding: &str) -> bool {
    ["utf-8", "us-ascii", "ascii"].iter().any(|taken| encoding.eq_ignore_ascii_case(taken))
}

/// Without the library's own words, which may repeat names and values of the file.
fn unreadable(error: &quick_xml::Error) -> String {
    match error {
        quick_xml::Error::Io(error) => format!("it cannot be read: {error}"),
        quick_xml::Error::Encoding(_) => "it is not UTF-8".to_owned(),
        _ => "it is not well-formed XML".to_owned(),
    }
}

/// Ends the reading where a piece of markup or text goes on for too long: the reader itself would gather all of it.
struct Guard<R> {
    input: R,
    since: usize,
}

impl<R: BufRead> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.since += read;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Guard<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        let left = PIECE_BYTES_MAX.saturating_sub(self.since);
        if left == 0 {
            return Err(std::io::Error::other("more than 65536 bytes without markup"));
        }
        self.input.fill_buf().map(|bytes| &bytes[..bytes.len().min(left)])
    }

    fn consume(&mut self, amount: usize) {
        self.since += amount;
        self.input.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::{ChildElement, ReturnReader};

    fn read(text: &str) -> Result<Vec<ChildElement>, String> {
        let mut reader = ReturnReader::new(text.as_bytes());
        std::iter::from_fn(|| reader.next_child().transpose()).collect()
    }

    #[test]
    fn children_come_with_their_header_and_episodes() {
        let text = "<?xml version='1.0' encoding='us-ascii'?>\n<EXPSSDA903>\n <CHILD><HEADER><CHILDID>1</CHILDID><UASC/><DOB> 01/02/2012 </DOB>\
                    <AREVIEW><REVIEW>x</REVIEW></AREVIEW></HEADER><EPISODE><DECOM>a&amp;b</DECOM><DEC/></EPISODE></CHILD><CHILD></CHILD></EXPSSDA903>";
        let children = read(text).unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(children[0].header, [pair("CHILDID", "1"), pair("UASC", ""), pair("DOB", "01/02/2012")]);
        assert_eq!(children[0].episodes[0].fields, [pair("DECOM", "a&b"), pair("DEC", "")]);
        assert_eq!((children[1].number, children[1].episodes.len(), children[0].episodes[0].number), (2, 0, 1));
    }

    #[test]
    fn what_is_no_return_or_never_taken_is_refused() {
        let long = format!("<EXPSSDA903><CHILD><HEADER><UPN>{}</UPN></HEADER></CHILD></EXPSSDA903>", "x".repeat(200_000));
        let deep = format!("<EXPSSDA903><CHILD><HEADER>{}", "<A>".repeat(40));
        let many = format!("<EXPSSDA903><CHILD><EPISODE>{}</EPISODE></CHILD></EXPSSDA903>", "<A/>".repeat(101));
        for (text, why) in [
            ("<OTHER/>", "EXPSSDA903"),
            ("<!DOCTYPE a><EXPSSDA903/>", "document type"),
            ("<EXPSSDA903><?a?></EXPSSDA903>", "processing instruction"),
            ("<EXPSSDA903><CHILD><HEADER><DOB>&a;</DOB></HEADER></CHILD></EXPSSDA903>", "entity"),
            ("<?xml version='1.0' encoding='utf-16'?><EXPSSDA903/>", "encoding"),
            ("<EXPSSDA903><CHILD>", "early"),
            ("<EXPSSDA903><CHILD></EXPSSDA903>", "well-formed"),
            ("<EXPSSDA903>x</EXPSSDA903>", "text"),
            (long.as_str(), "65536"),
            (deep.as_str(), "deeper"),
            (many.as_str(), "fields"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(why), "{why}: {said}");
        }
    }
}
