//! The map of a run as the page that `veridic map` writes, made when it is asked for.

use std::sync::atomic::AtomicBool;

use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use veridic::run::{MapConfig, MapOptions, TableReading, map};

use super::api::{Asked, Shared, asked};
use super::explore::OfRun;
use crate::StudioError;
use crate::server::Policy;
use crate::server::answer::{Answer, apart};

/// The page of a run's map. It is one file with a script in it, which the studio lets nothing else have: it runs without an
/// origin of its own, so that it can ask the studio for nothing, and only the script that the program wrote runs at all.
pub(super) async fn page(State(studio): State<Shared>, query: Asked<OfRun>) -> Answer {
    let OfRun { run } = asked(query)?;
    let page = apart(move || {
        let options = MapOptions {
            input: studio.shelf.run(&run)?,
            data: None,
            data_dir: studio.data_dir.clone(),
            color: None,
            columns: None,
            config: MapConfig::default(),
            reading: TableReading::default(),
            seed: 0,
            threads: studio.threads,
        };
        let made = map(&options, &AtomicBool::new(false), &mut |_| {})?;
        let name: String = run.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
        Ok(made.page(&name)?)
    })
    .await?;
    let none = || StudioError::Refused("this map has no script".into());
    let policy = policy(&page).and_then(|policy| Policy::new(&policy)).ok_or_else(none)?;
    Ok((Extension(policy), [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response())
}

/// What the map may do: run its own script and nothing else.
fn policy(page: &str) -> Option<String> {
    let (_, rest) = page.rsplit_once("<script>")?;
    let (script, _) = rest.split_once("</script>")?;
    let hash = STANDARD.encode(Sha256::digest(script.as_bytes()));
    Some(format!(
        "default-src 'none'; script-src 'sha256-{hash}'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action \
         'none'; frame-ancestors 'none'; sandbox allow-scripts allow-downloads"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_script_of_the_map_may_run() {
        let policy = policy("<script type=\"text/plain\">x</script><script>alert(1)</script>").unwrap();
        let hash = STANDARD.encode(Sha256::digest(b"alert(1)"));
        assert!(policy.contains(&format!("script-src 'sha256-{hash}'")), "{policy}");
        assert!(!policy.contains("script-src 'unsafe") && policy.contains("sandbox allow-scripts"));
        assert!(super::policy("<p>").is_none());
    }
}
