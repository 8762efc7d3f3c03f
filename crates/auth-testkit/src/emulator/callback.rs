//! Where an authorize page sends the browser.

/// Returns `redirect_uri` with `pairs` in its query; `blindly` puts a second question mark where it has one already.
pub(super) fn callback<'a>(
    redirect_uri: &str,
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    blindly: bool,
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    let mark = if redirect_uri.contains('?') && !blindly {
        '&'
    } else {
        '?'
    };
    format!("{redirect_uri}{mark}{}", query.finish())
}
