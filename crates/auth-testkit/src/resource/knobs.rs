//! How the resource behaves.

/// How a resource refuses.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResourceKnobs {
    /// The status of a refusal. 401; some servers say 403.
    pub refusal_status: u16,
    /// The `WWW-Authenticate` of a refusal; `None` for one without a challenge. That of RFC 6750 §3.1.
    pub challenge: Option<String>,
    /// How a gRPC request is refused. With the headers.
    pub grpc_refusal: GrpcRefusal,
    /// How many more requests are refused whatever their token. 0; `usize::MAX` refuses for ever.
    pub refuse_next: usize,
    /// Headers that every answer gets besides.
    pub headers: Vec<(String, String)>,
}

impl Default for ResourceKnobs {
    fn default() -> Self {
        Self {
            refusal_status: 401,
            challenge: Some("Bearer realm=\"demo\", error=\"invalid_token\"".into()),
            grpc_refusal: GrpcRefusal::TrailersOnly,
            refuse_next: 0,
            headers: Vec::new(),
        }
    }
}

/// Where a gRPC status stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrpcRefusal {
    /// In the headers, which also end the answer (gRPC's `Trailers-Only`).
    TrailersOnly,
    /// In trailers after the headers, without a message.
    Trailers,
    /// In trailers after a message: the refusal comes when the client has begun to read.
    TrailersAfterMessage,
}
