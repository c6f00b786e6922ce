//! What a JSON text costs before anybody knows what it says: how deep and how wide it is.

use crate::http::problem::malformed;
use crate::kernel::Fault;

/// How a JSON text may be shaped, whatever it says.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// How deeply arrays and objects may be nested.
    pub depth: usize,
    /// How many fields one object may have. Those of all objects together are bounded by the
    /// bytes of the body: an honest batch has many.
    pub fields: usize,
}

impl Default for Shape {
    fn default() -> Self {
        Self { depth: 64, fields: 10_000 }
    }
}

impl Shape {
    /// Refuses a JSON text that is too deep or too wide, without parsing it: brackets and colons
    /// outside of strings.
    pub(super) fn check(self, bytes: &[u8]) -> Result<(), Fault> {
        let (mut in_string, mut escaped) = (false, false);
        // The fields so far of each array and object that is open.
        let mut open: Vec<usize> = Vec::new();
        for byte in bytes {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                b'[' | b'{' if !in_string => {
                    if open.len() == self.depth {
                        return Err(malformed("The body is nested too deeply."));
                    }
                    open.push(0);
                }
                b']' | b'}' if !in_string => drop(open.pop()),
                b':' if !in_string => {
                    let Some(fields) = open.last_mut() else { continue };
                    *fields += 1;
                    if *fields > self.fields {
                        return Err(malformed("An object in the body has too many fields."));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}
