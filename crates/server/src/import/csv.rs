//! A table as spreadsheets write it (RFC 4180): a header with the names of our own shape's members, then a line for each account. Claims stand in columns like
//! `claims.given_name`, several roles in one field with spaces between them. What separates fields is what the header has: a comma, semicolon or tab.
//!
//! A line that cannot be read is one refused record. Refused altogether: a column of another name, which would be lost unnoticed, and a quotation mark
//! that is not closed, as nothing tells where the next record begins.

use std::io::{self, BufRead, Read as _};

use serde_json::{Map, Value};

use super::reader::{Each, Item, MAX_LINE};
use super::{Account, PasswordHash, text};

const COLUMNS: [&str; 9] =
    ["blocked", "created_at", "email", "email_verified", "id", "name", "password_hash", "roles", "username"];
/// Before the name of a claim.
const CLAIM: &str = "claims.";

pub(super) fn account(record: &Value) -> Result<Account, String> {
    let flag = |name: &str| match text(record, name).as_deref().map(str::to_ascii_lowercase).as_deref() {
        None | Some("0" | "false" | "no") => Ok(false),
        Some("1" | "true" | "yes") => Ok(true),
        Some(_) => Err(format!("`{name}` is neither true nor false")),
    };
    let created_at = text(record, "created_at").map(|text| text.parse()).transpose();
    let claims = record.as_object().into_iter().flatten().filter_map(|(name, _)| name.strip_prefix(CLAIM));
    Ok(Account {
        id: text(record, "id"),
        username: text(record, "username"),
        email: text(record, "email"),
        email_verified: flag("email_verified")?,
        name: text(record, "name"),
        claims: claims.filter_map(|name| Some((name.to_owned(), text(record, &format!("{CLAIM}{name}"))?))).collect(),
        roles: text(record, "roles").iter().flat_map(|roles| roles.split_whitespace()).map(str::to_owned).collect(),
        blocked: flag("blocked")?,
        created_at: created_at.map_err(|_| "`created_at` is no number of seconds".to_owned())?,
        password_hash: text(record, "password_hash").map(PasswordHash::Text),
    })
}

/// Reads the records of a file, `line` lines and `bytes` bytes into it.
pub(super) fn records<E: From<io::Error>>(
    mut file: impl BufRead,
    (mut line, mut bytes): (u64, u64),
    each: &mut Each<'_, E>,
) -> Result<(), E> {
    let mut header: Option<Header> = None;
    loop {
        let begin = line + 1;
        let (mut record, mut marks) = (Vec::new(), 0);
        // Until a line ends where no quotation mark is open.
        loop {
            let before = record.len();
            let read = file.by_ref().take(MAX_LINE - before as u64).read_until(b'\n', &mut record)? as u64;
            (line, bytes) = (line + u64::from(record.ends_with(b"\n")), bytes + read);
            marks += record[before..].split(|byte| *byte == b'"').count() - 1;
            if read == 0 || marks.is_multiple_of(2) || record.len() as u64 == MAX_LINE {
                break;
            }
        }
        if record.is_empty() {
            return Ok(());
        }
        if !marks.is_multiple_of(2) || record.len() as u64 == MAX_LINE {
            return Err(broken(format!("the record at line {begin} does not end: is a quotation mark missing?")).into());
        }
        if record.trim_ascii().is_empty() {
            continue;
        }
        match &header {
            None => header = Some(Header::parse(&record)?),
            Some(header) => each(Item { line: begin, bytes, record: header.record(&record) })?,
        }
    }
}

struct Header {
    separator: char,
    columns: Vec<String>,
}

impl Header {
    fn parse(record: &[u8]) -> io::Result<Self> {
        let separator =
            [';', '\t'].into_iter().find(|other| !record.contains(&b',') && record.contains(&(*other as u8)));
        let separator = separator.unwrap_or(',');
        let columns = fields(record, separator).map_err(broken)?;
        let columns: Vec<String> = columns.iter().map(|column| column.trim().to_owned()).collect();
        let known = |column: &&String| {
            COLUMNS.contains(&column.as_str()) || column.len() > CLAIM.len() && column.starts_with(CLAIM)
        };
        if let Some(column) = columns.iter().find(|column| !known(column)) {
            return Err(broken(format!("no column may be called `{column}`: {}, {CLAIM}NAME", COLUMNS.join(", "))));
        }
        Ok(Self { separator, columns })
    }

    fn record(&self, record: &[u8]) -> Result<Value, String> {
        let fields = fields(record, self.separator)?;
        if fields.len() != self.columns.len() {
            return Err(format!("the line has {} fields and the header {}", fields.len(), self.columns.len()));
        }
        let members = self.columns.iter().cloned().zip(fields.into_iter().map(Value::String));
        Ok(Value::Object(members.collect::<Map<_, _>>()))
    }
}

fn fields(record: &[u8], separator: char) -> Result<Vec<String>, String> {
    let record = str::from_utf8(record).map_err(|_| "the line is not in UTF-8".to_owned())?;
    let record = record.strip_suffix('\n').unwrap_or(record);
    let mut rest = record.strip_suffix('\r').unwrap_or(record);
    let mut fields = Vec::new();
    loop {
        let (field, behind) = if let Some(quoted) = rest.strip_prefix('"') {
            self::quoted(quoted)?
        } else {
            let (field, behind) = rest.split_at(rest.find(separator).unwrap_or(rest.len()));
            (field.to_owned(), behind)
        };
        fields.push(field);
        match (behind.strip_prefix(separator), behind.is_empty()) {
            (Some(next), _) => rest = next,
            (None, true) => return Ok(fields),
            (None, false) => return Err("something stands behind a closing quotation mark".to_owned()),
        }
    }
}

/// What stands in quotation marks, where two of them are one, and what comes behind.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, behind) = rest.split_once('"').ok_or("a quotation mark is not closed")?;
        field.push_str(part);
        match behind.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Ok((field, behind)),
        }
    }
}

fn broken(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (u64, Result<Account, String>);

    fn read(file: &str) -> Result<Vec<Read>, String> {
        let mut accounts = Vec::new();
        let mut each = |item: Item| {
            accounts.push((item.line, item.record.and_then(|record| account(&record))));
            Ok(())
        };
        records::<io::Error>(file.as_bytes(), (0, 0), &mut each).map_err(|why| why.to_string())?;
        Ok(accounts)
    }

    #[test]
    fn fields_are_read_as_spreadsheets_write_them() {
        let file = concat!(
            "email,email_verified,name,claims.given_name,roles,password_hash\r\n",
            "ada@example.com,TRUE,\"Lovelace, \"\"Ada\"\"\nCountess\",Ada,clerk  boss,\"$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$x\"\r\n",
            "\r\n",
            "bob@example.com,,,,,\n",
        );
        let accounts = read(file).unwrap();
        let ada = accounts[0].1.as_ref().unwrap();
        assert_eq!((accounts[0].0, ada.email.as_deref(), ada.email_verified), (2, Some("ada@example.com"), true));
        assert_eq!((ada.name.as_deref(), &*ada.claims["given_name"]), (Some("Lovelace, \"Ada\"\nCountess"), "Ada"));
        assert_eq!(ada.roles, ["clerk", "boss"]);
        let hash = PasswordHash::Text("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$x".into());
        assert_eq!(ada.password_hash, Some(hash));
        let bob = Account { email: Some("bob@example.com".into()), ..Account::default() };
        assert_eq!(accounts[1..], [(5, Ok(bob))]);
        for separator in [";", "\t"] {
            let file = "id,username,blocked,created_at\n7,eve,no,1700000000".replace(',', separator);
            let eve = read(&file).unwrap().remove(0).1.unwrap();
            assert_eq!((eve.id.as_deref(), eve.created_at), (Some("7"), Some(1_700_000_000)));
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_is_one_refusal() {
        let file = "email,blocked,created_at\na,maybe,\nb,,soon\nc,,,\nd\n\"e\"x,,\nf,1,2\n";
        let accounts = read(file).unwrap();
        let refused: Vec<u64> =
            accounts.iter().filter(|(_, account)| account.is_err()).map(|(line, _)| *line).collect();
        assert_eq!((refused, accounts.len()), (vec![2, 3, 4, 5, 6], 6));
    }

    #[test]
    fn a_table_of_unknown_form_is_refused_as_a_whole() {
        let endless = format!("email\n\"{}", "x\n".repeat(1024 * 1024));
        for file in ["e-mail\na", "email,claims.\na,b", "email\n\"a@example.com\nb@example.com\n", &endless] {
            let why = read(file).unwrap_err();
            assert!(why.contains("column") || why.contains("quotation mark"), "{why}");
        }
        assert_eq!(read("email\n"), Ok(Vec::new()));
    }
}
