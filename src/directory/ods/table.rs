//! A CSV file that is changed row by row: what does not change stays as it was written, to the byte.

/// Rows in their order, the header apart.
#[derive(Default)]
pub(super) struct Table {
    pub(super) file: &'static str,
    header: Vec<String>,
    head: String,
    rows: Vec<Row>,
    line_end: &'static str,
}

pub(super) struct Row {
    fields: Vec<String>,
    /// As it was written; none where it was changed or is new.
    written: Option<String>,
}

impl Table {
    /// # Errors
    /// A sentence, where the text is not CSV.
    pub(super) fn read(file: &'static str, text: &str) -> Result<Self, String> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let (mut records, mut starts) = (Vec::new(), Vec::new());
        for record in reader.records() {
            let record = record.map_err(|error| format!("{file}: {error}"))?;
            starts.push(record.position().map_or(0, |at| usize::try_from(at.byte()).unwrap_or_default()));
            records.push(record.iter().map(|field| field.trim().to_owned()).collect::<Vec<_>>());
        }
        starts.push(text.len());
        let mut rows = Vec::with_capacity(records.len());
        for (fields, ends) in records.into_iter().zip(starts.windows(2)) {
            let written = text.get(ends[0]..ends[1]).unwrap_or_default().trim_start_matches(['\r', '\n']).to_owned();
            rows.push(Row { fields, written: Some(written) });
        }
        if rows.is_empty() {
            return Err(format!("{file}: it has no header"));
        }
        let head = rows.remove(0);
        let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Ok(Self { file, header: head.fields, head: head.written.unwrap_or_default(), rows, line_end })
    }

    /// Whether anything differs from what was read.
    pub(super) fn changed(&self) -> bool {
        self.rows.iter().any(|row| row.written.is_none())
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for line in std::iter::once(self.head.clone()).chain(self.rows.iter().map(Row::text)) {
            text.push_str(line.trim_end_matches(['\r', '\n']));
            text.push_str(self.line_end);
        }
        text
    }

    /// The positions of the rows whose columns have these values.
    pub(super) fn find(&self, wanted: &[(&str, &str)]) -> Vec<usize> {
        let matches = |row: &Row| wanted.iter().all(|(column, value)| self.column(column).is_some_and(|at| row.field(at) == *value));
        self.rows.iter().enumerate().filter(|(_, row)| matches(row)).map(|(at, _)| at).collect()
    }

    pub(super) fn get(&self, row: usize, column: &str) -> &str {
        self.column(column).map_or("", |at| self.rows[row].field(at))
    }

    /// Answers whether the value was another before.
    pub(super) fn set(&mut self, row: usize, column: &str, value: &str) -> bool {
        let Some(at) = self.column(column) else { return false };
        let row = &mut self.rows[row];
        if row.field(at) == value {
            return false;
        }
        row.fields.resize(row.fields.len().max(at + 1), String::new());
        value.clone_into(&mut row.fields[at]);
        row.written = None;
        true
    }

    /// Puts a row where the order of the first column has it; at the end, where there is no such order.
    pub(super) fn insert(&mut self, values: &[(&str, &str)]) {
        let mut fields = vec![String::new(); self.header.len()];
        for (column, value) in values {
            if let Some(at) = self.column(column) {
                (*value).clone_into(&mut fields[at]);
            }
        }
        let sorted = self.rows.is_sorted_by(|one, other| one.field(0) <= other.field(0));
        let at = if sorted { self.rows.partition_point(|row| row.field(0) <= fields[0].as_str()) } else { self.rows.len() };
        self.rows.insert(at, Row { fields, written: None });
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }
}

impl Row {
    fn field(&self, at: usize) -> &str {
        self.fields.get(at).map_or("", String::as_str)
    }

    fn text(&self) -> String {
        if let Some(written) = &self.written {
            return written.clone();
        }
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        // Writing to memory does not fail.
        let _ = writer.write_record(&self.fields);
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    const TEXT: &str = "code,name,to,note\r\nB1,\"One, two\",,\"as \"\"written\"\"\"\r\nB3,Three ,,\r\n";

    #[test]
    fn what_does_not_change_stays_to_the_byte() {
        let mut table = Table::read("t.csv", TEXT).unwrap();
        assert!(!table.changed());
        assert_eq!(table.text(), TEXT);
        assert!(!table.set(0, "to", ""));
        assert!(table.set(1, "to", "2026-03-31"));
        table.insert(&[("code", "B2"), ("name", "Two")]);
        assert!(table.changed());
        let expected = "code,name,to,note\r\nB1,\"One, two\",,\"as \"\"written\"\"\"\r\nB2,Two,,\r\nB3,Three,2026-03-31,\r\n";
        assert_eq!(table.text(), expected);
    }

    #[test]
    fn rows_are_found_and_put_at_the_end_of_what_has_no_order() {
        let mut table = Table::read("t.csv", "code,name\nB2,x\nB1,x").unwrap();
        assert_eq!(table.find(&[("name", "x")]), [0, 1]);
        assert_eq!(table.find(&[("name", "x"), ("code", "B1")]), [1]);
        assert_eq!((table.get(1, "code"), table.get(1, "absent")), ("B1", ""));
        table.insert(&[("code", "A1"), ("absent", "y")]);
        assert_eq!(table.text(), "code,name\nB2,x\nB1,x\nA1,\n");
        assert!(Table::read("t.csv", "").is_err());
    }
}
