//! How the Rator REST API behaves.

use std::{collections::BTreeMap, time::Duration};

use crate::BasicDecoding;

/// What differs between installations and generations of the Rator REST API, or is not documented.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RatorKnobs {
    /// Which library answers at the token endpoint. The oldest.
    pub profile: RatorProfile,
    /// The names under which the brand is read. `brand_key`.
    pub brand_param_names: Vec<String>,
    /// Where the brand is read. Query or body.
    pub brand_param_place: BrandPlace,
    /// Each brand as the token endpoint knows it (case plays no part) and as the header must spell it. `BRAND1`.
    pub brands: BTreeMap<String, String>,
    /// The status of a resource call whose brand header is not spelled right. 404.
    pub wrong_brand_status: u16,
    /// The status where the brand is missing, or at the token endpoint unknown. 400; not documented.
    pub missing_brand_status: u16,
    /// What a refused Basic header is answered with. A web page.
    pub basic_failure_body: BasicFailureBody,
    /// The grants that the client may use. `password`, `operator_password`, `refresh_token`.
    pub grants: Vec<String>,
    /// Whether `client_credentials` needs the name of an operator. True.
    pub client_credentials_requires_operator: bool,
    /// How long an access token lives; `None` for one that never ends. 43,200 s.
    pub access_validity: Option<Duration>,
    /// How long a refresh token lives; `None` for one that never ends. 2,592,000 s.
    pub refresh_validity: Option<Duration>,
    /// Whether asking again returns the access token that is still valid. True.
    pub reuse_access_token: bool,
    /// Whether that access token is one per brand. False.
    pub brand_in_reuse_key: bool,
    /// Whether a refresh token lives on when it is used. True.
    pub reuse_refresh_token: bool,
    /// After how many wrong passwords a name is locked. Off.
    pub lock_after_failures: Option<usize>,
    /// Whether grant parameters and passwords in the query are as documented. False: the older pages show a form.
    pub all_query: bool,
    /// How id and secret are read from the Basic header. Raw.
    pub basic: BasicDecoding,
}

/// The library behind the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RatorProfile {
    /// Up to 2.4.0 of the older library: tokens are UUIDs, error texts repeat tokens and grant names.
    LegacyUuid,
    /// 2.4.1 to 2.5.1: tokens have 27 URL-safe characters, error texts repeat tokens.
    LegacyEcho,
    /// 2.5.2: the same tokens, and error texts repeat nothing.
    LegacyQuiet,
    /// The newer library: what stands in the query is no grant parameter.
    Sas,
}

/// Where the token endpoint reads the brand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrandPlace {
    /// In the query or in the form.
    QueryOrBody,
    /// In the query alone.
    QueryOnly,
    /// In the form alone.
    BodyOnly,
}

/// The body of a 401 for a refused Basic header, which is no OAuth error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BasicFailureBody {
    /// A web page of the container.
    Html,
    /// The framework's own JSON, whose `error` is a reason phrase.
    FrameworkJson,
}

impl RatorKnobs {
    /// Returns the defaults of a profile.
    pub fn of(profile: RatorProfile) -> Self {
        let sas = profile == RatorProfile::Sas;
        let (access, refresh) = if sas {
            (300, 3_600)
        } else {
            (43_200, 2_592_000)
        };
        Self {
            profile,
            brand_param_names: vec!["brand_key".into()],
            brand_param_place: BrandPlace::QueryOrBody,
            brands: BTreeMap::from([("BRAND1".into(), "BRAND1".into())]),
            wrong_brand_status: 404,
            missing_brand_status: 400,
            basic_failure_body: BasicFailureBody::Html,
            grants: ["password", "operator_password", "refresh_token"]
                .map(Into::into)
                .to_vec(),
            client_credentials_requires_operator: true,
            access_validity: Some(Duration::from_secs(access)),
            refresh_validity: Some(Duration::from_secs(refresh)),
            reuse_access_token: !sas,
            brand_in_reuse_key: false,
            reuse_refresh_token: true,
            lock_after_failures: None,
            all_query: false,
            basic: BasicDecoding::Raw,
        }
    }

    /// Returns whether `brand` is known to the token endpoint.
    pub(super) fn knows_brand(&self, brand: &str) -> bool {
        self.brands
            .keys()
            .any(|own| own.eq_ignore_ascii_case(brand))
    }

    /// Returns whether error texts repeat tokens.
    pub(super) fn echoes(&self) -> bool {
        matches!(
            self.profile,
            RatorProfile::LegacyUuid | RatorProfile::LegacyEcho
        )
    }
}

impl Default for RatorKnobs {
    fn default() -> Self {
        Self::of(RatorProfile::LegacyUuid)
    }
}
