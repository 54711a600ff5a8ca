//! The table of PostgREST's error codes: code, HTTP status, the fault's name, what it means.
//!
//! Consumers: every stage (builds errors from an entry), the generated page
//! `docs/reference/errors.md`, and the rule tests below.
//! Source: <https://docs.postgrest.org/en/stable/references/errors.html#postgrest-error-codes>.

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// The code in the body and in `Proxy-Status`.
    pub code: &'static str,
    /// HTTP status of the answer.
    pub status: u16,
    /// The fault in CamelCase.
    pub name: &'static str,
    /// One sentence for the reference page.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($($id:ident $status:literal $name:literal $meaning:literal;)*) => {
        $(
            #[doc = concat!($name, " (", stringify!($status), "): ", $meaning)]
            pub static $id: ErrorCode =
                ErrorCode { code: stringify!($id), status: $status, name: $name, meaning: $meaning };
        )*
        /// All entries, in order of code.
        pub static ALL: &[&ErrorCode] = &[$(&$id),*];
    };
}

codes! {
    OPP410 410 "OldNameRetired" "The old name is no longer served; the hint says what takes its place.";
    PGRST000 503 "ConnectionError" "Could not connect to the database because of an incorrect connection string or a service that is not running.";
    PGRST001 503 "ConnectionInternalError" "Could not connect to the database because of an internal error.";
    PGRST002 503 "SchemaCacheUnavailable" "The schema cache could not be built; the server keeps trying.";
    PGRST003 504 "PoolAcquisitionTimeout" "No connection of the pool became free in time.";
    PGRST100 400 "QueryParamError" "The query string could not be parsed.";
    PGRST101 405 "InvalidRpcMethod" "A function is called with GET, HEAD or POST only.";
    PGRST102 400 "InvalidBody" "The request body is empty, malformed, or of a media type that is not accepted.";
    PGRST103 416 "InvalidRange" "The requested range is invalid or lies outside the result.";
    PGRST105 405 "InvalidFilters" "PUT needs equality filters on exactly the primary key columns.";
    PGRST106 406 "UnacceptableSchema" "The schema asked for is not one of the exposed schemas.";
    PGRST107 406 "MediaTypeError" "None of the accepted media types can be produced.";
    PGRST108 400 "NotEmbedded" "A filter, order or limit names an embedded resource that is not in select.";
    PGRST111 500 "GucHeadersError" "The setting response.headers is not a JSON array of one-key objects.";
    PGRST112 500 "GucStatusError" "The setting response.status is not a status code.";
    PGRST114 400 "PutLimitNotAllowed" "PUT does not take limit or offset.";
    PGRST115 400 "PutMatchingPkError" "The primary key in the PUT payload differs from the one in the URL.";
    PGRST116 406 "SingularityError" "A single object was asked for and the result has none or several rows.";
    PGRST117 405 "UnsupportedMethod" "The HTTP method is not supported.";
    PGRST118 400 "RelatedOrderNotToOne" "Ordering by a related table needs a to-one relationship.";
    PGRST120 400 "UnacceptableFilter" "An embedded resource can only be filtered with is.null or not.is.null.";
    PGRST121 500 "PgrstParseError" "The message or detail of a raised SQLSTATE 'PGRST' is not the expected JSON.";
    PGRST122 400 "InvalidPreferences" "Prefer: handling=strict was sent with a preference that is not known.";
    PGRST123 400 "AggregatesNotAllowed" "Aggregate functions are disabled.";
    PGRST124 400 "MaxAffectedViolation" "More rows would be affected than Prefer: max-affected allows.";
    PGRST125 404 "InvalidResourcePath" "The path is not a resource.";
    PGRST126 404 "OpenApiDisabled" "The root document is disabled.";
    PGRST127 400 "NotImplemented" "The feature is not implemented.";
    PGRST128 400 "MaxAffectedRpcViolation" "max-affected needs a function that returns a set.";
    PGRST200 400 "NoRelationship" "No foreign key or computed relationship connects the two relations.";
    PGRST201 300 "AmbiguousEmbedding" "Several relationships connect the two relations; a hint is needed.";
    PGRST202 404 "NoRoutine" "No function of that name and those parameters is exposed.";
    PGRST203 300 "AmbiguousRoutine" "Several functions match the call.";
    PGRST204 400 "ColumnNotFound" "A column of the payload or of columns= does not exist.";
    PGRST205 404 "TableNotFound" "No relation of that name is exposed.";
    PGRST300 500 "JwtSecretMissing" "A token was sent but no key to verify it is configured.";
    PGRST301 401 "JwtDecodeError" "The token could not be decoded or its signature is wrong.";
    PGRST302 401 "JwtTokenRequired" "Anonymous access is disabled and no token was sent.";
    PGRST303 401 "JwtClaimsError" "A claim of the token is invalid or has expired.";
    PGRSTX00 500 "InternalError" "An internal error; its text is in the server's log.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_sorted() {
        let codes: Vec<_> = ALL.iter().map(|c| c.code).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
    }
}
