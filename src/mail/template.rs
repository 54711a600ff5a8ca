//! Templates: embedded ones, replaced by files or by texts of the configuration.
//!
//! In: a [`Letter`]. Out: its [`Mail`]. Values are escaped for HTML in the body, not in the subject. A
//! template that cannot be read stops the start; one that fails on a particular letter is replaced by
//! the embedded one, with a line in the log.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::{Letter, Mail, MailFault, MailKind, go_template};
use crate::config::MailConfig;

/// The templates of all kinds, ready to render.
pub(super) struct Templates {
    environment: Environment<'static>,
}

/// Longest subject, in characters.
const MAX_SUBJECT: usize = 250;

impl Templates {
    pub(super) fn load(config: &MailConfig) -> Result<Self, MailFault> {
        let mut templates = Self {
            environment: environment()?,
        };
        for kind in MailKind::ALL {
            let embedded = embedded(kind);
            templates.add(kind, "embedded", embedded, title(embedded))?;
            let configured = config.templates.get(kind.name());
            let from_file = file(config, kind)?;
            let body = configured
                .and_then(|template| template.body.clone())
                .or(from_file)
                .unwrap_or_else(|| embedded.to_owned());
            let subject = configured
                .and_then(|template| template.subject.clone())
                .or_else(|| title(&body))
                .or_else(|| title(embedded));
            templates.add(kind, "configured", &body, subject)?;
            templates.check(kind)?;
        }
        Ok(templates)
    }

    fn add(
        &mut self,
        kind: MailKind,
        source: &str,
        body: &str,
        subject: Option<String>,
    ) -> Result<(), MailFault> {
        let subject = subject.unwrap_or_default();
        for (part, text) in [("html", body), ("txt", &subject)] {
            let translated = go_template::translate(text).map_err(|reason| fault(kind, &reason))?;
            self.environment
                .add_template_owned(format!("{}-{source}.{part}", kind.name()), translated)
                .map_err(|error| fault(kind, &error.to_string()))?;
        }
        Ok(())
    }

    /// Renders once with made-up values, so that faults show at the start.
    fn check(&self, kind: MailKind) -> Result<(), MailFault> {
        let values = super::Values::default();
        for part in ["html", "txt"] {
            self.part(kind, "configured", part, &values)
                .map_err(|error| fault(kind, &error.to_string()))?;
        }
        Ok(())
    }

    pub(super) fn render(&self, letter: &Letter) -> Mail {
        let kind = letter.kind;
        let render = |part: &str| {
            let configured = self.part(kind, "configured", part, &letter.values);
            configured.or_else(|error| {
                tracing::error!(%error, kind = kind.name(), "mail: the template failed");
                self.part(kind, "embedded", part, &letter.values)
            })
        };
        let subject: String = render("txt")
            .unwrap_or_default()
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(MAX_SUBJECT)
            .collect();
        Mail {
            kind,
            to: letter.to.clone(),
            subject,
            text: text(letter),
            html: render("html").unwrap_or_default(),
            link: letter.values.confirmation_url.clone(),
            code: letter.values.token.clone(),
        }
    }

    fn part(
        &self,
        kind: MailKind,
        source: &str,
        part: &str,
        values: &super::Values,
    ) -> Result<String, minijinja::Error> {
        let name = format!("{}-{source}.{part}", kind.name());
        self.environment.get_template(&name)?.render(Serde(values))
    }
}

/// What a mail program without HTML shows; the same for every template.
fn text(letter: &Letter) -> String {
    let mut text = String::new();
    let values = &letter.values;
    if !values.confirmation_url.is_empty() {
        text += &format!("Open this address:\n\n{}\n\n", values.confirmation_url);
    }
    if !values.token.is_empty() {
        text += &format!("Or enter this code: {}\n\n", values.token);
    }
    text + "If you did not expect this mail, ignore it.\n"
}

fn fault(kind: MailKind, reason: &str) -> MailFault {
    MailFault::Template {
        name: kind.name().to_owned(),
        reason: reason.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

fn file(config: &MailConfig, kind: MailKind) -> Result<Option<String>, MailFault> {
    let Some(dir) = &config.templates_dir else {
        return Ok(None);
    };
    if !dir.is_dir() {
        return Err(fault(kind, &format!("{} is no folder", dir.display())));
    }
    let path = dir.join(format!("{}.html", kind.name()));
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault(kind, &format!("{}: {error}", path.display()))),
    }
}

/// The text of `<title>`, with the usual entities read.
fn title(html: &str) -> Option<String> {
    let (_, rest) = html.split_once("<title>")?;
    let (title, _) = rest.split_once("</title>")?;
    let plain = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ]
    .into_iter()
    .fold(title.trim().to_owned(), |text, (entity, plain)| {
        text.replace(entity, plain)
    });
    Some(plain).filter(|title| !title.is_empty())
}

fn embedded(kind: MailKind) -> &'static str {
    match kind {
        MailKind::Confirmation => include_str!("templates/confirmation.html"),
        MailKind::Invite => include_str!("templates/invite.html"),
        MailKind::Recovery => include_str!("templates/recovery.html"),
        MailKind::MagicLink => include_str!("templates/magic_link.html"),
        MailKind::EmailChange => include_str!("templates/email_change.html"),
        MailKind::Reauthentication => include_str!("templates/reauthentication.html"),
    }
}

fn environment() -> Result<Environment<'static>, MailFault> {
    let mut environment = Environment::new();
    let syntax = go_template::syntax().map_err(|error| MailFault::Template {
        name: "syntax".to_owned(),
        reason: error.to_string(),
    })?;
    environment.set_syntax(syntax);
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.add_filter("urlquery", |text: String| {
        percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string()
    });
    environment.set_formatter(|out, state, value| {
        if value.is_undefined() || value.is_none() {
            return Ok(());
        }
        let text = value.to_string();
        if matches!(state.auto_escape(), AutoEscape::None) || value.is_safe() {
            return out.write_str(&text).map_err(minijinja::Error::from);
        }
        out.write_str(&escape(&text))
            .map_err(minijinja::Error::from)
    });
    Ok(environment)
}

/// Text as HTML, in elements and in quoted attributes. Slashes stay, so that addresses stay legible.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::config::MailTemplate;
    use crate::mail::Values;

    fn letter() -> Letter {
        let data = json!({"first_name": "<b>Ann</b>"});
        Letter {
            kind: MailKind::Recovery,
            to: "a@example.com".into(),
            values: Values {
                confirmation_url: "https://crm.example/auth/v1/verify?token=t&type=recovery".into(),
                token: "123456".into(),
                email: "a@example.com".into(),
                data: data.as_object().cloned().unwrap_or_default(),
                ..Values::default()
            },
        }
    }

    fn with_template(subject: Option<&str>, body: &str) -> MailConfig {
        let template = MailTemplate {
            subject: subject.map(str::to_owned),
            body: Some(body.to_owned()),
        };
        MailConfig {
            templates: BTreeMap::from([("recovery".to_owned(), template)]),
            ..MailConfig::default()
        }
    }

    #[test]
    fn every_embedded_template_has_subject_code_and_link() {
        let templates = Templates::load(&MailConfig::default()).ok().unwrap();
        for kind in MailKind::ALL {
            let mail = templates.render(&Letter { kind, ..letter() });
            assert!(!mail.subject.is_empty());
            assert!(mail.html.contains("123456") && mail.text.contains("123456"));
            let has_link = mail.html.contains("verify?token=t&amp;type=recovery");
            assert_eq!(has_link, kind != MailKind::Reauthentication);
            assert!(!mail.html.contains("{{"), "{}", mail.html);
        }
    }

    #[test]
    fn a_template_of_the_configuration_replaces_body_and_subject() {
        let config = with_template(
            Some("Hello {{ .Data.first_name }}\r\nBcc: x"),
            r#"<p title="{{ .Data.first_name }}">{{ if .Data.missing }}no{{ else }}yes{{ end }}</p>"#,
        );
        let mail = Templates::load(&config).ok().unwrap().render(&letter());
        assert_eq!(mail.subject, "Hello <b>Ann</b>  Bcc: x");
        assert_eq!(mail.html, r#"<p title="&lt;b&gt;Ann&lt;/b&gt;">yes</p>"#);
    }

    #[test]
    fn files_replace_what_they_name_and_faults_stop_the_start() {
        let dir = tempfile::tempdir().unwrap();
        let config = MailConfig {
            templates_dir: Some(dir.path().into()),
            ..MailConfig::default()
        };
        let file = dir.path().join("recovery.html");
        std::fs::write(&file, "<title>A &amp; B</title>{{.Token}}").unwrap();
        let mail = Templates::load(&config).ok().unwrap().render(&letter());
        assert_eq!(mail.subject, "A & B");
        assert!(mail.html.ends_with("123456"));
        std::fs::write(&file, "{{ if .Token }}").unwrap();
        assert!(matches!(
            Templates::load(&config),
            Err(MailFault::Template { name, .. }) if name == "recovery"
        ));
    }
}
