//! The two forms of an export: a ZIP, and one JSON document.
//!
//! Both are written front to back, so that nothing has to be kept: each file of the ZIP says its
//! size after its end, and may be larger than 4 GB.

use std::io::Write;

use serde_json::{Value, json};
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};
use zip::{CompressionMethod, result::ZipError};

use super::Taking;
use crate::attachments::AttachmentError;
use crate::attachments::personal::{FILES, each_of_author};
use crate::jobs::personal::ExportError;
use crate::store::ReadTx;

/// The version of the format; it only grows.
pub(in crate::privacy) const VERSION: u32 = 1;
/// What the format is called.
pub(in crate::privacy) const FORMAT: &str = "clonememoria-export";

/// The file that has all records at once.
const DATA: &str = "data.json";
/// The file that names those that are damaged on the server's disk, if there are any.
pub(in crate::privacy) const DAMAGED: &str = "files/damaged.txt";

fn broken(error: ZipError) -> ExportError {
    match error {
        ZipError::Io(error) => error.into(),
        other => ExportError::Io(std::io::Error::other(other)),
    }
}

impl Taking {
    /// What is said of an export as a whole.
    fn manifest(&self) -> serde_json::Map<String, Value> {
        let providers: Vec<Value> = self
            .parts
            .providers
            .all()
            .map(|choice| {
                json!({
                    "id": choice.id, "model": choice.model,
                    "outside": choice.outside.is_some(), "host": choice.outside,
                })
            })
            .collect();
        let manifest = json!({
            "format": FORMAT,
            "version": VERSION,
            "program": env!("CARGO_PKG_VERSION"),
            "exported_at": self.at.to_string(),
            "account_id": self.account,
            "providers": providers,
        });
        match manifest {
            Value::Object(manifest) => manifest,
            _ => serde_json::Map::new(),
        }
    }

    /// Everything as one JSON document.
    ///
    /// # Errors
    /// When nobody takes it, or the store fails.
    pub(super) fn write_json(&self, tx: &ReadTx, to: &mut dyn Write) -> Result<(), ExportError> {
        let manifest = serde_json::to_string(&self.manifest()).map_err(std::io::Error::other)?;
        // The records come last, into the same object.
        to.write_all(manifest.strip_suffix('}').unwrap_or(&manifest).as_bytes())?;
        to.write_all(b",\"records\":{")?;
        for (at, record) in self.records().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(to, "{comma}\n\"{}\":[", record.name)?;
            let mut comma: &[u8] = b"\n";
            let mut lines = |row| {
                to.write_all(comma)?;
                comma = b",\n";
                line(to, row)
            };
            record.hand_out(tx, self.account, &mut super::Visiting(&mut lines))?;
            to.write_all(b"]")?;
        }
        Ok(to.write_all(b"\n}}\n")?)
    }

    /// Everything as a ZIP.
    ///
    /// # Errors
    /// When nobody takes it, or the store fails.
    pub(super) fn write_zip(&self, tx: &ReadTx, to: &mut dyn Write) -> Result<(), ExportError> {
        let mut zip = ZipWriter::new_stream(to);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .large_file(true)
            .unix_permissions(0o600);
        zip.start_file("index.html", options).map_err(broken)?;
        self.write_page(tx, &mut zip)?;
        zip.start_file("manifest.json", options).map_err(broken)?;
        let mut manifest = self.manifest();
        let files = self.records().map(|record| {
            json!({
                "record": record.name, "meaning": record.meaning,
                "data": format!("data/{}.jsonl", record.name),
                "schema": format!("schema/{}.schema.json", record.name),
            })
        });
        manifest.insert("files".to_owned(), files.collect());
        serde_json::to_writer_pretty(&mut zip, &manifest).map_err(std::io::Error::other)?;
        for record in self.records() {
            let name = format!("schema/{}.schema.json", record.name);
            zip.start_file(name, options).map_err(broken)?;
            let schema = record.schema();
            serde_json::to_writer_pretty(&mut zip, &schema).map_err(std::io::Error::other)?;
            zip.start_file(format!("data/{}.jsonl", record.name), options).map_err(broken)?;
            let mut lines = |row| {
                line(&mut zip, row)?;
                Ok(zip.write_all(b"\n")?)
            };
            record.hand_out(tx, self.account, &mut super::Visiting(&mut lines))?;
        }
        zip.start_file(DATA, options).map_err(broken)?;
        self.write_json(tx, &mut zip)?;
        self.write_files(tx, &mut zip, options)?;
        zip.finish().map_err(broken)?;
        Ok(())
    }
}

impl Taking {
    /// The files of memories, as they were when they were added. One that is damaged on the disk
    /// keeps nobody from the rest; it is named.
    fn write_files<W: Write>(
        &self,
        tx: &ReadTx,
        zip: &mut ZipWriter<StreamWriter<W>>,
        options: SimpleFileOptions,
    ) -> Result<(), ExportError> {
        // They are compressed as they are.
        let options = options.compression_method(CompressionMethod::Stored);
        let mut damaged = Vec::new();
        each_of_author(tx, self.account, |file| {
            let name = format!("{FILES}/{}", file.name_in_export());
            let pieces = match self.parts.attachments.whole(&file) {
                Ok(pieces) => pieces,
                Err(AttachmentError::Damaged) => {
                    damaged.push(name);
                    return Ok(());
                }
                Err(error) => return Err(ExportError::Io(std::io::Error::other(error))),
            };
            zip.start_file(name, options).map_err(broken)?;
            for piece in pieces {
                zip.write_all(&piece.map_err(std::io::Error::other)?)?;
            }
            Ok(())
        })?;
        if damaged.is_empty() {
            return Ok(());
        }
        zip.start_file(DAMAGED, options).map_err(broken)?;
        Ok(zip.write_all((damaged.join("\n") + "\n").as_bytes())?)
    }
}

fn line(to: &mut dyn Write, row: serde_json::Map<String, Value>) -> Result<(), ExportError> {
    Ok(serde_json::to_writer(to, &Value::Object(row)).map_err(std::io::Error::other)?)
}
