use super::*;

fn seen(heading: &Heading, address: &str) -> String {
    let uri = heading.uri(&Url::parse(address).unwrap());
    uri.map_or_else(|| "none".into(), |uri| uri.to_string())
}

#[test]
fn the_first_origin_stands_for_itself_alone() {
    let heading = Heading::of_origin();
    let first = "https://api.example/v1/things?page=2#end";
    assert_eq!(seen(&heading, first), "https://api.example/");
    assert_eq!(
        seen(&heading, "https://API.example:443"),
        "https://api.example/"
    );
    for other in [
        "https://api.example.evil.example/",
        "https://api.example:444/",
        "https://api.example@evil.example/",
        "https://user:made-up@api.example/",
        "http://api.example/",
    ] {
        assert_eq!(seen(&heading, other), other);
    }
    assert_eq!(seen(&heading, first), "https://api.example/");
}

#[test]
fn an_address_with_a_password_is_not_kept() {
    let heading = Heading::of_origin();
    let address = "https://user:made-up@api.example/things";
    assert_eq!(seen(&heading, address), address);
    let Heading::Origin(first) = heading else {
        panic!("it looks at origins")
    };
    assert!(first.get().is_none());
}

#[test]
fn an_address_without_a_slash_after_its_host_is_read_as_it_is() {
    assert_eq!(seen(&Heading::of_origin(), "data:made-up"), "none");
    assert!(converted(request("data:made-up,%20/")).is_err());
}

#[test]
fn a_route_sees_all_and_a_single_source_what_it_knows() {
    let mut extensions = Extensions::new();
    extensions.insert(NoAuth);
    extensions.insert(7_u8);
    let of_origin = Heading::of_origin().extensions(&extensions);
    assert_eq!(of_origin.len(), 1);
    assert!(of_origin.get::<NoAuth>().is_some());
    assert_eq!(Heading::Whole.extensions(&extensions).len(), 2);
    let address = "https://api.example/v1/things?page=2";
    assert_eq!(seen(&Heading::Whole, address), address);
}

fn request(address: &str) -> Request {
    Request::new(http::Method::GET, Url::parse(address).unwrap())
}
