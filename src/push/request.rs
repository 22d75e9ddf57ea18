//! A change of a group as it goes over HTTP.

use crate::exposition::{CONTENT_TYPE, MetricFamilies, encode};
use crate::grouping::{GroupRules, GroupingKey, UnpushableError, check_families};

use super::method::Method;
use super::text::PushText;

/// A change of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change<'a> {
    /// PUT: these families replace all that the group holds.
    Push(&'a MetricFamilies),
    /// POST: these families replace those of the same names, the others stay.
    PushAdd(&'a MetricFamilies),
    /// DELETE: the group goes.
    Delete,
}

impl<'a> Change<'a> {
    /// The families that it brings; none for [`Change::Delete`].
    #[must_use]
    pub fn families(&self) -> Option<&'a MetricFamilies> {
        match self {
            Self::Push(families) | Self::PushAdd(families) => Some(families),
            Self::Delete => None,
        }
    }

    /// The HTTP method that stands for it.
    #[must_use]
    pub fn method(&self) -> Method {
        match self {
            Self::Push(_) => Method::Put,
            Self::PushAdd(_) => Method::Post,
            Self::Delete => Method::Delete,
        }
    }
}

/// A change of a group as it goes over HTTP: checked, encoded and not sent. [`Pushgateway::send`]
/// sends it, to one gateway or to several; so can any other HTTP client that leaves the path as it
/// is.
///
/// [`Pushgateway::send`]: super::Pushgateway::send
///
/// ```
/// use pushjob::exposition::{MetricFamilies, MetricFamily, MetricName};
/// use pushjob::grouping::GroupingKey;
/// use pushjob::push::{Change, Method, Request};
///
/// let mut families = MetricFamilies::new();
/// families.insert(MetricFamily::gauge(MetricName::new("rows")?, 42.0))?;
/// let key = GroupingKey::new("etl")?.with_label("table", "a/b")?;
/// let request = Request::new(&key, Change::PushAdd(&families))?;
/// assert_eq!(request.method(), Method::Post);
/// assert_eq!(request.path(), "/metrics/job/etl/table@base64/YS9i");
/// assert_eq!(request.content_type(), Some("text/plain; version=0.0.4; charset=utf-8"));
/// assert_eq!(request.body(), Some("# TYPE rows gauge\nrows 42\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Request<'a> {
    key: &'a GroupingKey,
    method: Method,
    content: RequestContent<'a>,
    /// The body, unless it is too long to be held.
    body: Option<String>,
}

/// Content of a request.
#[derive(Clone, Copy, Debug)]
enum RequestContent<'a> {
    None,
    Families(&'a MetricFamilies),
    Text(&'a PushText<'a>),
}

impl<'a> Request<'a> {
    /// Checks and encodes a change.
    ///
    /// # Errors
    ///
    /// [`UnpushableError`] for what a gateway would store wrongly or be broken by.
    pub fn new(key: &'a GroupingKey, change: Change<'a>) -> Result<Self, UnpushableError> {
        let (content, body) = match change.families() {
            Some(families) => {
                GroupRules::of(key).check(families)?;
                (RequestContent::Families(families), Some(encode(families)))
            }
            None => (RequestContent::None, None),
        };
        Ok(Self {
            key,
            method: change.method(),
            content,
            body,
        })
    }

    /// A push of text, which has been checked for this group: PUT or POST.
    ///
    /// # Errors
    ///
    /// [`UnpushableError`] for what a gateway would store wrongly or be broken by, or when the text
    /// cannot be read any more.
    pub fn of_text(
        key: &'a GroupingKey,
        method: Method,
        text: &'a PushText<'a>,
    ) -> Result<Self, UnpushableError> {
        check_families(text.checked())?;
        let body = text.small().map_err(|source| UnpushableError::Text {
            reason: source.to_string(),
        })?;
        Ok(Self {
            key,
            method,
            content: RequestContent::Text(text),
            body,
        })
    }

    /// PUT, POST or DELETE.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// The path below the base URL of a Pushgateway, ready for the request line. It must not be
    /// normalised or decoded on the way.
    #[must_use]
    pub fn path(&self) -> String {
        self.key.path()
    }

    /// The body, in the text format. None for a DELETE, which must have no body and no
    /// `Content-Encoding`, and for a text of more than a megabyte, which is read while it is being
    /// sent.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }

    /// The value of the `Content-Type` header, where there is a body. Any other makes a gateway
    /// misread it.
    #[must_use]
    pub fn content_type(&self) -> Option<&'static str> {
        (!matches!(self.content, RequestContent::None)).then_some(CONTENT_TYPE)
    }

    pub(super) fn key(&self) -> &GroupingKey {
        self.key
    }

    /// Returns true for the name of a family that is pushed.
    pub(super) fn has_family(&self, name: &str) -> bool {
        match self.content {
            RequestContent::None => false,
            RequestContent::Families(families) => families.get(name).is_some(),
            RequestContent::Text(text) => text.has_family(name),
        }
    }

    /// The text that is read while it is being sent.
    pub(super) fn streamed(&self) -> Option<&'a PushText<'a>> {
        match self.content {
            RequestContent::Text(text) if self.body.is_none() => Some(text),
            _ => None,
        }
    }
}
