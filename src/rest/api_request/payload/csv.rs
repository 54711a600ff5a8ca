//! Turns a CSV body into JSON: the first line names the columns, `NULL` is null, the rest is text.
//!
//! In: the body. Out: an array of objects, or PGRST102. Lines end with LF or CRLF, fields may be in
//! double quotes (RFC 4180), blank lines are skipped. Lines that are longer than the first are cut;
//! shorter ones must all be equally short.

use bytes::Bytes;
use csv::{ReaderBuilder, StringRecord};
use indexmap::IndexMap;

use super::{Columns, Payload, invalid, no_rows};
use crate::error::Error;

/// Checks and converts a CSV body.
///
/// # Errors
/// PGRST102.
pub(super) fn parse(body: &[u8]) -> Result<(Payload, Columns), Error> {
    if body.is_empty() {
        return Err(invalid("Empty or invalid csv"));
    }
    check_quotes(body)?;
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(body);
    let header = reader.headers().map_err(invalid_csv)?.clone();
    let mut columns: Option<Columns> = None;
    let mut json: Vec<u8> = Vec::with_capacity(body.len() * 2);
    for line in reader.records() {
        let line = line.map_err(invalid_csv)?;
        let row = row(&header, &line);
        match &columns {
            None => columns = Some(row.keys().map(|name| (*name).to_owned()).collect()),
            Some(columns) if columns.len() != row.len() => {
                return Err(invalid("All lines must have same number of fields"));
            }
            Some(_) => {}
        }
        json.push(if json.is_empty() { b'[' } else { b',' });
        serde_json::to_writer(&mut json, &row).expect("a map of strings is valid JSON");
    }
    let Some(columns) = columns else {
        return Ok(no_rows());
    };
    json.push(b']');
    let payload = Payload::Json {
        raw: Bytes::from(json),
        is_object: false,
    };
    Ok((payload, columns))
}

/// Of columns with the same name the last counts.
fn row<'a>(header: &'a StringRecord, line: &'a StringRecord) -> IndexMap<&'a str, Option<&'a str>> {
    let values = line.iter().map(|value| (value != "NULL").then_some(value));
    header.iter().zip(values).collect()
}

fn invalid_csv(error: csv::Error) -> Error {
    invalid("Empty or invalid csv").details(error.to_string())
}

/// Refuses quotes that the reader would take as text or let run to the end of the body: one inside a
/// bare field, one that is not closed, text after the closing one.
fn check_quotes(body: &[u8]) -> Result<(), Error> {
    #[derive(PartialEq)]
    enum At {
        FieldStart,
        Bare,
        Quoted,
        AfterQuote,
    }
    let mut at = At::FieldStart;
    for (offset, byte) in body.iter().enumerate() {
        at = match (at, byte) {
            (At::Quoted, b'"') => At::AfterQuote,
            (At::Quoted, _) | (At::FieldStart | At::AfterQuote, b'"') => At::Quoted,
            (_, b',' | b'\n' | b'\r') => At::FieldStart,
            (At::FieldStart | At::Bare, byte) if *byte != b'"' => At::Bare,
            _ => {
                return Err(invalid("Empty or invalid csv")
                    .details(format!("misplaced quote near byte {offset}")));
            }
        };
    }
    if at == At::Quoted {
        return Err(invalid("Empty or invalid csv").details("a quoted field is not closed"));
    }
    Ok(())
}
