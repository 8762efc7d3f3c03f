//! How Octorate words its errors.

use serde_json::json;

use crate::server::Answer;

/// Returns an error in the provider's own form.
pub(super) fn error(status: u16, kind: &str, message: &str) -> Answer {
    let body = json!({"type": kind, "message": message, "nested": []});
    Answer::json(status, body.to_string())
}

/// Returns the error for parameters that are missing or stand there twice.
pub(super) fn bad_parameters(name: &str) -> Answer {
    let body = json!({
        "type": "ApiParamsExemption",
        "element": name,
        "message": "refused by the emulator",
        "nested": [],
    });
    Answer::json(400, body.to_string())
}
