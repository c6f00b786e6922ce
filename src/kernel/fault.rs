//! What went wrong, in terms every layer shares and no transport knows.
//!
//! A slice has an error enum of its own; at its face it becomes a [`Fault`], which the edge
//! translates. The kind is closed, the code is a stable word for programs, the detail is a
//! sentence for people and never repeats what they sent.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// The closed list of ways a request can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request could not be parsed at all.
    Malformed,
    /// The request parses but says something that cannot be.
    Invalid,
    /// Nobody is signed in, or the proof is not good (any more).
    Unauthenticated,
    /// Signed in, but this needs a right or a consent that is missing.
    Forbidden,
    /// It does not exist, or it is not yours to know about.
    NotFound,
    /// It contradicts what is there already.
    Conflict,
    /// The precondition sent along (`If-Match`) does not hold any more.
    Stale,
    /// More bytes than are allowed here.
    TooLarge,
    /// A media type that is not accepted here.
    Unsupported,
    /// Too often; try again later.
    Limited,
    /// A quota is spent.
    Payment,
    /// A service that we depend on failed.
    Upstream,
    /// This server cannot do it right now.
    Unavailable,
    /// The disk is nearly full.
    Full,
    /// The feature exists but nothing is configured to serve it.
    NotImplemented,
    /// Our mistake.
    Internal,
}

/// One field of the request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// RFC 6901 pointer into the request body, or the name of a query parameter.
    pub pointer: String,
    /// Which of the usual problems it is.
    pub problem: FieldProblem,
    /// What is wrong with it, without the value.
    pub detail: String,
}

impl FieldFault {
    /// A field, what sort of problem it has, and in which words.
    pub fn new(
        problem: FieldProblem,
        pointer: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self { pointer: pointer.into(), problem, detail: detail.into() }
    }
}

/// What can be wrong with a field; faces have words for each in the reader's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldProblem {
    /// It is missing or empty.
    Required,
    /// Too many characters.
    TooLong,
    /// Too few characters.
    TooShort,
    /// Too many items.
    TooMany,
    /// Too few items.
    TooFew,
    /// A number or moment beyond its bounds.
    OutOfRange,
    /// It cannot be read as what it should be.
    Malformed,
    /// No e-mail address.
    NotAnAddress,
    /// No web address that can be used.
    NotAUrl,
    /// No network address, and no range of them.
    NotANetwork,
    /// An address in a private network that nobody listed.
    PrivateAddress,
    /// No date.
    NotADate,
    /// It names something that is not there.
    Unknown,
    /// Somebody or something else has it.
    Taken,
    /// It is understood, and not possible here.
    NotAllowed,
    /// A password that is easy to guess.
    PasswordGuessable,
}

impl FieldProblem {
    /// Its word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::TooLong => "too_long",
            Self::TooShort => "too_short",
            Self::TooMany => "too_many",
            Self::TooFew => "too_few",
            Self::OutOfRange => "out_of_range",
            Self::Malformed => "malformed",
            Self::NotAnAddress => "not_an_address",
            Self::NotAUrl => "not_a_url",
            Self::NotANetwork => "not_a_network",
            Self::PrivateAddress => "private_address",
            Self::NotADate => "not_a_date",
            Self::Unknown => "unknown",
            Self::Taken => "taken",
            Self::NotAllowed => "not_allowed",
            Self::PasswordGuessable => "password_guessable",
        }
    }
}

/// A failure on its way to the edge.
#[derive(Debug)]
pub struct Fault {
    /// Which of the closed kinds it is.
    pub kind: Kind,
    /// A stable word in `snake_case` for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub detail: String,
    /// The fields that are wrong, for [`Kind::Invalid`].
    pub fields: Vec<FieldFault>,
    /// When it makes sense to try again.
    pub retry_after: Option<Duration>,
    /// The name of the consent that is missing, if that is what is wrong.
    pub consent: Option<&'static str>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A fault of a kind, with its code and its sentence.
    pub fn new(kind: Kind, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            detail: detail.into(),
            fields: Vec::new(),
            retry_after: None,
            consent: None,
            cause: None,
        }
    }

    /// It is not there, or not yours to know about: the two look alike on purpose.
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "not_found", "There is nothing here, or it is not yours to see.")
    }

    /// The thing is not any more what the caller saw.
    pub fn stale() -> Self {
        let detail = "It was changed by somebody else in the meantime. Load it again.";
        Self::new(Kind::Stale, "stale", detail)
    }

    /// Nothing more can be added, for want of room.
    pub fn disk_full() -> Self {
        let detail = "The disk of this server is nearly full: what is there can be read, exported \
                      and deleted, and nothing added until its operator has made room.";
        Self::new(Kind::Full, "disk_full", detail).retry_after(Duration::from_secs(10))
    }

    /// One field is wrong.
    pub fn field(
        problem: FieldProblem,
        pointer: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self::invalid(vec![FieldFault::new(problem, pointer, detail)])
    }

    /// Several fields are wrong.
    pub fn invalid(fields: Vec<FieldFault>) -> Self {
        let mut fault = Self::new(Kind::Invalid, "invalid", "Some fields are not valid.");
        fault.fields = fields;
        fault
    }

    /// Our mistake; the cause is logged at the edge and never shown.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let mut fault = Self::new(Kind::Internal, "internal", "Something went wrong on our side.");
        fault.cause = Some(cause.into());
        fault
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Names the consent that is missing.
    #[must_use]
    pub fn consent(mut self, name: &'static str) -> Self {
        self.consent = Some(name);
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.code, self.detail)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Some(cause) => Some(cause.as_ref()),
            None => None,
        }
    }
}
