//! Reads XML documents into the values that their JSON twins have.
//!
//! The cast: a [`Contract`] says which [`Shape`] a root element has; the [`markup`] hands on elements and text, and stops
//! at anything that documents of ours never need (DTDs, entities, instructions); the [`tree`] lays what comes over the
//! shape. What is not XML stops the reading. What is XML, but not of that shape, is noted, and reading goes on, so that
//! one answer names every mistake.
//!
//! Returns of children looked after are read by a module of their own, [`ssda903`], as a stream.
//!
//! Absent on purpose: external entities, XInclude, `xsi:type`, `xsi:nil`, any encoding but UTF-8. Nothing is fetched.

mod markup;
pub mod ssda903;
mod tree;

use domain::contract::Shape;
use domain::message::Reason;
use serde_json::Value;

/// Longest document, as for JSON.
pub const BYTES_MAX: usize = 1 << 20;
/// Deepest nesting of elements, the root included. The contracts nest six deep.
pub const DEPTH_MAX: usize = 16;
/// Most attributes of one element: namespace declarations and a schema's location, no more.
pub const ATTRIBUTES_MAX: usize = 16;
/// Most reasons gathered. Whoever made fifty mistakes has to start over anyway.
pub const REASONS_MAX: usize = 50;

/// What is known of a root element.
pub enum Contract<'c> {
    /// The shape of its content.
    Known(&'c Shape),
    /// No contract has this root: why, and the shape of the few elements that might still say who sent it.
    Unknown { reason: Reason, header: &'c Shape },
}

/// A document that is XML.
#[derive(Debug)]
pub struct Parsed {
    /// As the JSON twin has it, `type` included, as far as it could be read.
    pub value: Value,
    /// Where the document departs from the shape; empty where it fits. What the schema checks is not among them.
    pub reasons: Vec<Reason>,
}

/// Reads `bytes`; `contracts` is asked once, with the root's namespace (empty for none) and name.
///
/// # Errors
/// Where the bytes are not XML, or hold what is never taken: the one reason, `too-large`, `not-utf8`, `not-xml`,
/// `wrong-encoding`, `dtd-refused`, `entity-refused`, `instruction-refused`, `attribute-refused`, `too-deep`.
pub fn parse<'c>(bytes: &[u8], contracts: &dyn Fn(&str, &str) -> Contract<'c>) -> Result<Parsed, Reason> {
    tree::read(markup::Markup::new(bytes)?, contracts)
}

#[cfg(test)]
mod tests {
    use super::{BYTES_MAX, Contract, parse};
    use domain::contract::{Field, Fields, Shape};
    use domain::message::Reason;
    use serde_json::{Value, json};

    fn field(name: &str, shape: Shape, nullable: bool) -> Field {
        Field { name: name.to_owned(), shape, nullable }
    }

    /// What `body` comes to in `<note xmlns="urn:x">`, and where it departs from the shape.
    fn read(document: &str) -> Result<(Value, Vec<String>), String> {
        let inner = Shape::Object(Fields(vec![field("flag", Shape::Boolean, true), field("count", Shape::Integer, false)]));
        let shape = Shape::Object(Fields(vec![
            field("text", Shape::Text, true),
            field("token", Shape::Token, false),
            field("inner", inner, true),
            field("line", Shape::List(Box::new(Shape::Token)), false),
        ]));
        let header = Shape::Object(Fields(vec![field("token", Shape::Token, false)]));
        let contracts = |namespace: &str, root: &str| match (namespace, root) {
            ("urn:x", "note") => Contract::Known(&shape),
            _ => Contract::Unknown { reason: Reason::new("unknown-type", "", "Unknown."), header: &header },
        };
        let briefly = |reason: &Reason| format!("{} {}", reason.code, reason.path);
        let parsed = parse(document.as_bytes(), &contracts).map_err(|reason| briefly(&reason))?;
        Ok((parsed.value, parsed.reasons.iter().map(briefly).collect()))
    }

    fn body(body: &str) -> Result<(Value, Vec<String>), String> {
        read(&format!("<note xmlns=\"urn:x\">{body}</note>"))
    }

    #[test]
    fn elements_become_what_their_shape_says() {
        let (value, reasons) =
            body("<text> a\r\n b</text><token> a \n b </token><inner><flag>1</flag><count> -7</count></inner><line>1</line><line/>")
                .unwrap();
        let inner = json!({ "flag": true, "count": -7 });
        assert_eq!(value, json!({ "type": "note", "text": " a\n b", "token": "a b", "inner": inner, "line": ["1", ""] }));
        assert!(reasons.is_empty(), "{reasons:?}");
        assert_eq!(body("<text/><inner> </inner>").unwrap().0, json!({ "type": "note", "text": null, "inner": null }));
        assert_eq!(body("<inner><flag/><count/></inner>").unwrap().0["inner"], json!({ "flag": null, "count": "" }));
    }

    #[test]
    fn text_comes_together_from_its_parts() {
        let (value, _) = body("<text>a&amp;<!-- no -->&#x62;<![CDATA[<c>&amp;]]>&#233;</text>").unwrap();
        assert_eq!(value["text"], "a&b<c>&amp;é");
    }

    #[test]
    fn every_departure_from_the_shape_is_noted() {
        let (value, reasons) =
            body("x<token>a</token><text>b</text><token>c</token><nine/><line>d<b>e</b></line><inner xmlns='urn:y'/>").unwrap();
        let expected = [
            "unexpected-text ",
            "wrong-order /text",
            "repeated /token",
            "unknown-field /nine",
            "unknown-field /line/0/b",
            "wrong-namespace /inner",
        ];
        assert_eq!(reasons, expected);
        assert_eq!(value, json!({ "type": "note", "token": "a", "text": "b", "line": ["d"] }));
    }

    #[test]
    fn an_unknown_root_still_tells_who_sent_it() {
        let (value, reasons) = read("<letter xmlns='urn:z'><other/>text<token>m-1</token></letter>").unwrap();
        assert_eq!((value, reasons), (json!({ "type": "letter", "token": "m-1" }), vec!["unknown-type ".to_owned()]));
    }

    #[test]
    fn what_is_never_taken_stops_the_reading() {
        let laughs = "<!DOCTYPE note [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]><note xmlns=\"urn:x\"><text>&b;</text></note>";
        assert_eq!(read(laughs).unwrap_err(), "dtd-refused ");
        assert_eq!(body("<text>&nbsp;</text>").unwrap_err(), "entity-refused /text");
        assert_eq!(body("<?php ?>").unwrap_err(), "instruction-refused ");
        assert_eq!(body("<inner><flag a='1'/></inner>").unwrap_err(), "attribute-refused /inner");
        assert_eq!(body(&"<a>".repeat(100)).unwrap_err(), "too-deep /a");
        assert_eq!(read(&" ".repeat(BYTES_MAX + 1)).unwrap_err(), "too-large ");
        assert_eq!(read("<?xml version='1.0' encoding='UTF-16'?><note/>").unwrap_err(), "wrong-encoding ");
        let declarations: String = (0..17).map(|n| format!(" xmlns:p{n}='urn:{n}'")).collect();
        assert_eq!(body(&format!("<text{declarations}/>")).unwrap_err(), "attribute-refused ");
    }

    #[test]
    fn what_is_not_xml_is_refused() {
        for document in [
            "",
            " ",
            "note",
            "<note>",
            "<note/><note/>",
            "<note/>x",
            "x<note/>",
            "&amp;<note/>",
            "<note></letter>",
            "<note",
            "<note><!-- a -- b --></note>",
            "<note>]]></note>",
            "<note>&amp</note>",
            "<note>& </note>",
            "<note>&#0;</note>",
            "<note>&#xD800;</note>",
            "<note>\u{1}</note>",
            "<p:note/>",
            "<note a=b/>",
            "<note xmlns='a' xmlns='b'/>",
            "<note xmlns:a='a'xmlns:b='b'/>",
            "<note xmlns:a=''/>",
            "<note xmlns:1='a'/>",
            "<note xmlns='a<b'/>",
            " <?xml version='1.0'?><note/>",
            "<?xml version='1.1'?><note/>",
            "<?xml encoding='UTF-8'?><note/>",
            "<?xml version='1.0' standalone='maybe'?><note/>",
        ] {
            assert_eq!(read(document).map_err(|reason| reason.trim_end().to_owned()), Err("not-xml".to_owned()), "{document}");
        }
    }

    #[test]
    fn a_byte_order_mark_and_a_declaration_may_stand_first() {
        let document = "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"no\"?>\n<!-- a note --><n:note xmlns:n=\"urn:x\"><n:token>a</n:token></n:note>\n";
        assert_eq!(read(document).unwrap(), (json!({ "type": "note", "token": "a" }), Vec::new()));
    }
}
