//! JSON objects whose members keep their order, as some clients have come to rely on.

use serde_json::Value;

/// Writes an object with `members` in this order.
pub(super) fn object<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> String {
    let members: Vec<String> = members
        .into_iter()
        .map(|(name, value)| format!("{}: {value}", Value::from(name)))
        .collect();
    format!("{{{}}}", members.join(", "))
}
