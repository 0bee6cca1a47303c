//! The shape of a published contract: what a reader without JSON's own types needs to build the same value from text.
//!
//! A [`Shape`] says nothing of patterns, bounds or what is required. That is the schema's business, and is checked there
//! for every format alike.

/// What stands in one place of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    Object(Fields),
    /// Zero or more of the same; in XML the element repeats.
    List(Box<Self>),
    /// Text that is kept as it came, line breaks and all.
    Text,
    /// Text on one line: white space around it goes, and each run of it inside becomes one space, as for `xs:token`.
    Token,
    Integer,
    Boolean,
}

/// One named place in an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub shape: Shape,
    /// Whether an empty element stands for null.
    pub nullable: bool,
}

/// The fields of an object, in the order in which XML must bring them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(pub Vec<Field>);

impl Fields {
    /// The position and the field of that name. Documents mostly keep the order, so the search starts at `from` and
    /// wraps round.
    #[must_use]
    pub fn find(&self, name: &str, from: usize) -> Option<(usize, &Field)> {
        let (before, after) = self.0.split_at(from.min(self.0.len()));
        let later = after.iter().enumerate().map(|(offset, field)| (before.len() + offset, field));
        later.chain(before.iter().enumerate()).find(|(_, field)| field.name == name)
    }
}

/// Longest name that a path repeats; longer ones are cut.
const NAME_CHARS_MAX: usize = 64;

/// Adds a field's name to a JSON pointer: escaped, cut short and without control characters, for paths travel and are
/// logged, and a name that no contract knows could hold anything.
pub fn push_segment(path: &mut String, name: &str) {
    path.push('/');
    for c in name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX) {
        match c {
            '~' => path.push_str("~0"),
            '/' => path.push_str("~1"),
            c => path.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, Fields, Shape, push_segment};

    #[test]
    fn a_path_is_short_and_plain() {
        let mut path = "/a".to_owned();
        push_segment(&mut path, "b/c~d\n");
        push_segment(&mut path, &"x".repeat(100));
        assert_eq!(path, format!("/a/b~1c~0d/{}", "x".repeat(64)));
    }

    #[test]
    fn a_field_is_found_wherever_the_search_starts() {
        let field = |name: &str| Field { name: name.to_owned(), shape: Shape::Token, nullable: false };
        let fields = Fields(vec![field("a"), field("b"), field("c")]);
        for from in 0..5 {
            assert_eq!(fields.find("b", from).map(|(position, _)| position), Some(1), "from {from}");
        }
        assert_eq!(fields.find("d", 1), None);
    }
}
