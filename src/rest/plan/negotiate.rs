//! Content negotiation: the media type of the answer, and who makes its body.
//!
//! In: the `Accept` header's media types, best first, and the handlers of the schema cache. Out: the
//! first that can be produced. PostgREST's own types cannot be overridden. A handler made for a
//! relation applies while the client selects whole rows of it; one for `*/*` then wins over any.
//! Source: <https://docs.postgrest.org/en/stable/references/api/media_type_handlers.html>.

use crate::error::{Error, codes};
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::media_type::MediaType;
use crate::rest::api_request::preferences::Return;
use crate::rest::api_request::{Action, ApiRequest, Invocation};
use crate::schema_cache::media_handler::{HandlerTarget, MediaHandler, MediaHandlers};

use super::Context;
use super::types::ReadPlan;

/// The handler and the media type of an answer with rows of `relation`. A request whose answer has
/// no body gets [`MediaHandler::None`].
///
/// # Errors
/// `PGRST107` when nothing that the client accepts can be produced.
pub fn handler(
    context: Context,
    relation: &QualifiedIdentifier,
    read: &ReadPlan,
) -> Result<(MediaHandler, MediaType), Error> {
    let request = context.request;
    let offer = Offer {
        handlers: &context.cache.media_handlers,
        relation: selects_whole_rows(read).then(|| HandlerTarget::Relation(relation.clone())),
        plan_enabled: context.config.plan_enabled,
    };
    let found = request.accept.iter().find_map(|media| offer.find(media));
    let (handler, media_type) = found.ok_or_else(|| not_acceptable(&request.accept))?;
    if has_body(request) {
        Ok((handler, media_type))
    } else {
        Ok((MediaHandler::None, media_type))
    }
}

/// The media type of the root document.
///
/// # Errors
/// `PGRST107` when the client accepts neither OpenAPI nor JSON.
pub fn root_document(accept: &[MediaType]) -> Result<MediaType, Error> {
    let produced = [
        MediaType::OpenApi,
        MediaType::ApplicationJson,
        MediaType::Any,
    ];
    if accept.iter().any(|media| produced.contains(media)) {
        Ok(MediaType::OpenApi)
    } else {
        Err(not_acceptable(accept))
    }
}

fn not_acceptable(accept: &[MediaType]) -> Error {
    let accepted: Vec<_> = accept.iter().map(MediaType::to_string).collect();
    let message = format!(
        "None of these media types are available: {}",
        accepted.join(", ")
    );
    Error::new(&codes::PGRST107, message)
}

fn has_body(request: &ApiRequest) -> bool {
    match &request.action {
        Action::RelationMutate { .. } => {
            request.preferences.representation == Some(Return::Representation)
        }
        Action::RelationRead { headers_only, .. }
        | Action::RoutineCall {
            invocation: Invocation::Read { headers_only },
            ..
        } => !headers_only,
        _ => true,
    }
}

/// Handlers for a relation take its row type.
fn selects_whole_rows(read: &ReadPlan) -> bool {
    match &read.select[..] {
        [only] => only.field.name == "*" && only.aggregate.is_none() && read.children.is_empty(),
        _ => false,
    }
}

/// What can be produced.
struct Offer<'a> {
    handlers: &'a MediaHandlers,
    /// Set when handlers of the relation apply.
    relation: Option<HandlerTarget>,
    plan_enabled: bool,
}

impl Offer<'_> {
    fn find(&self, media: &MediaType) -> Option<(MediaHandler, MediaType)> {
        match media {
            MediaType::Plan { inner, .. } => {
                let (handler, _) = self.plan_enabled.then(|| self.find_simple(inner))??;
                Some((handler, media.clone()))
            }
            other => self.find_simple(other),
        }
    }

    fn find_simple(&self, media: &MediaType) -> Option<(MediaHandler, MediaType)> {
        match media {
            MediaType::SingularJson { nulls_stripped } => {
                let handler = MediaHandler::SingularJson {
                    nulls_stripped: *nulls_stripped,
                };
                Some((handler, media.clone()))
            }
            MediaType::ArrayJsonStripped => Some((MediaHandler::ArrayJsonStripped, media.clone())),
            _ => self.look_up(&media.to_string()),
        }
    }

    fn look_up(&self, mime: &str) -> Option<(MediaHandler, MediaType)> {
        let get = |target: &HandlerTarget, mime: &str| {
            self.handlers.get(&(target.clone(), mime.to_owned()))
        };
        let of_relation = self.relation.as_ref().and_then(|relation| {
            get(relation, &MediaType::Any.to_string()).or_else(|| get(relation, mime))
        });
        let found = of_relation.or_else(|| get(&HandlerTarget::AnyElement, mime));
        let (handler, resolved) = found?;
        Some((handler.clone(), MediaType::parse(resolved)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Given, embed, field};
    use super::super::{ActionPlan, CrudPlan};
    use super::*;
    use crate::rest::api_request::Mutation;
    use crate::rest::api_request::media_type::PlanFormat;

    const SINGULAR: MediaType = MediaType::SingularJson {
        nulls_stripped: true,
    };

    fn accepting(accept: &[MediaType]) -> Given {
        Given::read("projects").accept(accept)
    }

    fn planned(given: &Given) -> CrudPlan {
        match given.action_plan().unwrap() {
            ActionPlan::Crud(crud) => *crud,
            other => panic!("not a read: {other:?}"),
        }
    }

    fn answered(given: &Given) -> (MediaHandler, MediaType) {
        let crud = planned(given);
        (crud.handler, crud.media_type)
    }

    fn plan_of(inner: MediaType) -> MediaType {
        MediaType::Plan {
            inner: Box::new(inner),
            format: PlanFormat::Json,
            options: Vec::new(),
        }
    }

    fn custom(name: &str, target: HandlerTarget) -> MediaHandler {
        MediaHandler::Custom {
            function: QualifiedIdentifier::new("test", name),
            target,
        }
    }

    #[test]
    fn the_first_type_that_can_be_produced_is_answered() {
        for (accept, expected) in [
            (
                MediaType::Any,
                (MediaHandler::Json, MediaType::ApplicationJson),
            ),
            (MediaType::TextCsv, (MediaHandler::Csv, MediaType::TextCsv)),
            (
                SINGULAR,
                (
                    MediaHandler::SingularJson {
                        nulls_stripped: true,
                    },
                    SINGULAR,
                ),
            ),
            (
                MediaType::ArrayJsonStripped,
                (
                    MediaHandler::ArrayJsonStripped,
                    MediaType::ArrayJsonStripped,
                ),
            ),
        ] {
            let unknown = MediaType::Other("image/png".into());
            assert_eq!(answered(&accepting(&[unknown, accept])), expected);
        }
    }

    #[test]
    fn nothing_that_can_be_produced_is_refused() {
        let given = accepting(&[MediaType::TextPlain, MediaType::Other("image/png".into())]);
        let error = given.action_plan().unwrap_err();
        let fault = error.fault();
        assert_eq!((&*fault.code, fault.status), ("PGRST107", 406));
        assert_eq!(
            fault.message,
            "None of these media types are available: text/plain, image/png"
        );
    }

    #[test]
    fn plans_are_produced_only_when_enabled() {
        let mut given = accepting(&[plan_of(MediaType::TextCsv)]);
        assert_eq!(given.action_plan().unwrap_err().code(), "PGRST107");
        given.config.plan_enabled = true;
        let crud = planned(&given);
        assert!(crud.is_explain);
        assert_eq!(crud.handler, MediaHandler::Csv);
        assert_eq!(crud.media_type, plan_of(MediaType::TextCsv));
    }

    #[test]
    fn handlers_of_a_relation_need_whole_rows() {
        let projects = HandlerTarget::Relation(QualifiedIdentifier::new("test", "projects"));
        let csv = custom("projects_csv", projects.clone());
        let given = accepting(&[MediaType::TextCsv]).handler(projects, "text/csv", &csv);
        assert_eq!(answered(&given), (csv, MediaType::TextCsv));
        for select in [
            vec![field("id")],
            vec![field("*"), field("id")],
            vec![field("*"), embed("clients", vec![])],
        ] {
            assert_eq!(answered(&given.clone().select(select)).0, MediaHandler::Csv);
        }
    }

    #[test]
    fn a_handler_for_any_type_wins_and_other_types_can_be_overridden() {
        let projects = HandlerTarget::Relation(QualifiedIdentifier::new("test", "projects"));
        let any = custom("any", projects.clone());
        let mut given = accepting(&[MediaType::TextCsv]).handler(projects, "*/*", &any);
        assert_eq!(answered(&given), (any, MediaType::Any));

        let json = custom("json", HandlerTarget::AnyElement);
        given = accepting(&[MediaType::ApplicationJson]);
        given = given.handler(HandlerTarget::AnyElement, "application/json", &json);
        assert_eq!(answered(&given), (json, MediaType::ApplicationJson));
    }

    #[test]
    fn answers_without_body_have_no_handler() {
        let mut head = accepting(&[MediaType::TextCsv]);
        head.request.action = Action::RelationRead {
            relation: head.root.clone(),
            headers_only: true,
        };
        assert_eq!(answered(&head), (MediaHandler::None, MediaType::TextCsv));

        let mut delete = accepting(&[MediaType::TextCsv]).mutate(Mutation::Delete);
        assert_eq!(answered(&delete).0, MediaHandler::None);
        delete.request.preferences.representation = Some(Return::Representation);
        assert_eq!(answered(&delete).0, MediaHandler::Csv);
    }

    #[test]
    fn the_root_document_is_openapi() {
        for accepted in [
            MediaType::OpenApi,
            MediaType::ApplicationJson,
            MediaType::Any,
        ] {
            assert_eq!(
                root_document(&[MediaType::TextCsv, accepted]).unwrap(),
                MediaType::OpenApi
            );
        }
        let error = root_document(&[MediaType::TextCsv]).unwrap_err();
        assert_eq!(
            error.fault().message,
            "None of these media types are available: text/csv"
        );
    }
}
