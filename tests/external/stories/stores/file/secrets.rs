//! What can be found in the folder and in what is said.

use std::{fs, path::Path};

use auth_core::{Secret, Token, TokenSet, TokenStore, store::save_login};
use auth_store::{Backend, Keys};
use auth_store_file::FileStore;
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{key, names, plain};

const ACCESS: &str = "canary-access-81c2";
const REFRESH: &str = "canary-refresh-5d0e";

fn set() -> TokenSet {
    let token = Token::bearer(Secret::from(ACCESS)).unwrap();
    TokenSet::new(token).with_refresh(Some(Secret::from(REFRESH)))
}

/// Returns the files of a folder in which a secret can be read, as it is or in another form.
fn with_secrets(place: &Path) -> Vec<String> {
    let forms: Vec<String> = [ACCESS, REFRESH]
        .iter()
        .flat_map(|secret| {
            let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            // What stands before it moves the alignment; the ends mix with what is beside it.
            let aligned = (0..3).map(|skip| {
                let text = STANDARD.encode(&secret.as_bytes()[skip..]);
                text[..text.len() - 4].to_owned()
            });
            aligned.chain([(*secret).to_owned(), hex])
        })
        .collect();
    let mut files = names(place, "");
    files.retain(|name| {
        let text = fs::read(place.join(name)).unwrap();
        let text = String::from_utf8_lossy(&text);
        forms.iter().any(|form| text.contains(form))
    });
    files
}

#[tokio::test]
async fn a_sealed_folder_tells_nothing() {
    let place = tempfile::tempdir().unwrap();
    let (open, closed) = (place.path().join("plain"), place.path().join("sealed"));
    save_login(&plain(&open), &key(), &set()).await.unwrap();
    assert_eq!(
        with_secrets(&open),
        names(&open, ".login"),
        "it can be found"
    );

    let keys = Keys::new("made-up", [7; 32]).unwrap();
    let store = FileStore::open(&closed).unwrap().sealed(keys);
    save_login(&store, &key(), &set()).await.unwrap();
    let found = store.load(&key()).await.unwrap().unwrap();
    assert_eq!(found.set.refresh().unwrap().expose(), REFRESH);
    assert_eq!(with_secrets(&closed), [""; 0]);
    // Nor does a file that is damaged and put aside.
    let login = closed.join(&names(&closed, ".login")[0]);
    let mut text = fs::read(&login).unwrap();
    text.pop();
    fs::write(&login, text).unwrap();
    let mut lease = store.lease(&key()).await.unwrap();
    let error = lease.load().await.unwrap_err();
    assert_eq!(names(&closed, ".login"), [""; 0]);
    assert_eq!(with_secrets(&closed), [""; 0]);
    for said in [format!("{error} {error:?}"), format!("{store:?}")] {
        assert!(!said.contains("canary-"), "{said}");
    }
}

#[tokio::test]
async fn errors_about_plain_files_do_not_quote_them() {
    let place = tempfile::tempdir().unwrap();
    let logins = place.path().join("logins");
    let store = plain(&logins);
    save_login(&store, &key(), &set()).await.unwrap();
    let login = logins.join(&names(&logins, ".login")[0]);
    let mut text = fs::read(&login).unwrap();
    text.pop();
    fs::write(&login, text).unwrap();
    let error = store.load(&key()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary-"));
    let mut lease = store.lease(&key()).await.unwrap();
    let error = lease.load().await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary-"));
}
