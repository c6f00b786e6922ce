//! Server-sent events, read byte by byte as they arrive, within bounds.
//!
//! Follows the WHATWG specification: lines end with LF, CR or CRLF, a byte order mark is skipped,
//! comments and unknown fields are ignored, several `data` lines are joined by LF, an event
//! without its blank line at the end is dropped by the caller's choice. Bytes are not decoded
//! here, so a character split over two chunks is whole again when an event is.

use std::mem;

/// Longest line, and longest data of one event, in bytes.
pub(super) const LINE_MOST: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A line or an event is longer than [`LINE_MOST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// A stream of events under way.
#[derive(Default)]
pub(super) struct EventStream {
    /// The start of a line whose end has not arrived.
    line: Vec<u8>,
    /// The data of the event under way.
    data: Vec<u8>,
    has_data: bool,
    after_cr: bool,
    past_first_line: bool,
}

impl EventStream {
    /// Reads a chunk and calls `each` with the data of every event that it completes.
    pub(super) fn feed(
        &mut self,
        mut chunk: &[u8],
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), TooLong> {
        if mem::take(&mut self.after_cr) && chunk.first() == Some(&b'\n') {
            chunk = &chunk[1..];
        }
        while let Some(end) = chunk.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.end_line(&chunk[..end], &mut each)?;
            let rest = &chunk[end + 1..];
            chunk = match (chunk[end], rest.first()) {
                (b'\r', Some(b'\n')) => &rest[1..],
                (b'\r', None) => {
                    self.after_cr = true;
                    rest
                }
                _ => rest,
            };
        }
        if self.line.len() + chunk.len() > LINE_MOST {
            return Err(TooLong);
        }
        self.line.extend_from_slice(chunk);
        Ok(())
    }

    /// Ends the stream: some servers forget the blank line after the last event.
    pub(super) fn finish(&mut self, mut each: impl FnMut(&[u8])) -> Result<(), TooLong> {
        self.end_line(&[], &mut each)?;
        self.end_line(&[], &mut each)
    }

    fn end_line(&mut self, tail: &[u8], each: &mut impl FnMut(&[u8])) -> Result<(), TooLong> {
        if self.line.len() + tail.len() > LINE_MOST {
            return Err(TooLong);
        }
        if self.line.is_empty() {
            return self.read_line(tail, each);
        }
        let mut line = mem::take(&mut self.line);
        line.extend_from_slice(tail);
        let read = self.read_line(&line, each);
        line.clear();
        self.line = line;
        read
    }

    fn read_line(&mut self, line: &[u8], each: &mut impl FnMut(&[u8])) -> Result<(), TooLong> {
        let mut line = line;
        if !mem::replace(&mut self.past_first_line, true) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if line.is_empty() {
            if mem::take(&mut self.has_data) {
                each(&self.data);
                self.data.clear();
            }
            return Ok(());
        }
        let value = match line.strip_prefix(b"data") {
            Some([]) => &[],
            Some([b':', b' ', value @ ..] | [b':', value @ ..]) => value,
            _ => return Ok(()),
        };
        if self.data.len() + value.len() > LINE_MOST {
            return Err(TooLong);
        }
        if mem::replace(&mut self.has_data, true) {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The events of a stream that arrives in pieces of `size` bytes.
    fn events(stream: &[u8], size: usize) -> Vec<Vec<u8>> {
        let mut parser = EventStream::default();
        let mut found = Vec::new();
        for piece in stream.chunks(size) {
            parser.feed(piece, |data| found.push(data.to_vec())).unwrap();
        }
        parser.finish(|data| found.push(data.to_vec())).unwrap();
        found
    }

    #[test]
    fn events_are_the_same_however_they_are_split() {
        let cases: [(&[u8], &[&str]); 9] = [
            (b"data: a\n\ndata: b\n\n", &["a", "b"]),
            (b"data: a\r\n\r\ndata: b\r\n\r\n", &["a", "b"]),
            (b"data: a\r\rdata: b\r\r", &["a", "b"]),
            (b"\xEF\xBB\xBFdata:a\n\n", &["a"]),
            (b": comment\n\ndata: a\n: more\ndata: b\n\n", &["a\nb"]),
            (b"event: x\nid: 7\nretry: 1\ndata:  a\n\n", &[" a"]),
            (b"data\n\ndata:\n\ndatum: x\n\n", &["", ""]),
            ("data: é漢🙂\n\n".as_bytes(), &["é漢🙂"]),
            (b"data: no blank line at the end", &["no blank line at the end"]),
        ];
        for (stream, expected) in cases {
            let expected: Vec<Vec<u8>> = expected.iter().map(|e| e.as_bytes().to_vec()).collect();
            for size in 1..=stream.len() {
                assert_eq!(events(stream, size), expected, "{stream:?} by {size}");
            }
        }
    }

    #[test]
    fn a_line_without_end_is_cut_off() {
        let mut parser = EventStream::default();
        let piece = vec![b'x'; 64 * 1024];
        let fed = (0..17).try_for_each(|_| parser.feed(&piece, |_| ()));
        assert_eq!(fed, Err(TooLong));
        assert!(parser.line.len() <= LINE_MOST);
    }

    #[test]
    fn an_event_without_end_is_cut_off() {
        let mut parser = EventStream::default();
        let line = [b"data: ".as_slice(), &vec![b'x'; 64 * 1024], b"\n"].concat();
        let fed = (0..17).try_for_each(|_| parser.feed(&line, |_| ()));
        assert_eq!(fed, Err(TooLong));
    }

    proptest! {
        #[test]
        fn any_bytes_split_anywhere_give_the_same_events(
            stream in proptest::collection::vec(
                prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b' '), Just(b'd'),
                    Just(b'a'), Just(b't'), any::<u8>()], 0..200),
            size in 1_usize..20,
        ) {
            prop_assert_eq!(events(&stream, size), events(&stream, 200));
        }
    }
}
