//! The request pipeline: http -> api_request -> plan -> query -> transaction -> response.

pub mod api_request;
pub mod plan;
pub mod query;
pub mod response;
pub mod transaction;
