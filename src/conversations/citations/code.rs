//! Where in Markdown text code begins and ends, character by character.

/// The state between two characters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Code {
    run: Run,
    open: Open,
}

/// The backticks or tildes seen last.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    of: char,
    length: usize,
    at_line_start: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    Text,
    /// A span that as many backticks close, or the end of the paragraph.
    Span(usize),
    /// A block that at least as many of the same, at the start of a line, close.
    Block(char, usize),
}

impl Code {
    /// Takes the next character and tells whether it is text; `line_start` while only blanks
    /// came before it on its line.
    pub(super) fn step(&mut self, c: char, line_start: bool) -> bool {
        if matches!(c, '`' | '~') {
            if self.run.length > 0 && self.run.of != c {
                self.end_run();
            }
            if self.run.length == 0 {
                self.run = Run { of: c, length: 0, at_line_start: line_start };
            }
            self.run.length += 1;
            return false;
        }
        if self.run.length > 0 {
            self.end_run();
        }
        if c == '\n' && line_start && matches!(self.open, Open::Span(_)) {
            self.open = Open::Text;
        }
        self.open == Open::Text
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        let fence = run.at_line_start && run.length >= 3;
        self.open = match self.open {
            Open::Text if fence => Open::Block(run.of, run.length),
            Open::Text if run.of == '`' => Open::Span(run.length),
            Open::Span(length) if run.of == '`' && run.length == length => Open::Text,
            Open::Block(of, length) if fence && of == run.of && run.length >= length => Open::Text,
            same => same,
        };
    }
}
