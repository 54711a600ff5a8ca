//! A running `postgrest`: this program under that name.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::cli::free_port;
use crate::common::TestDb;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The program under PostgREST's name, with an environment that holds no options.
pub fn postgrest() -> Command {
    static LINK: LazyLock<PathBuf> = LazyLock::new(|| {
        let dir = tempfile::tempdir().expect("a temporary folder").keep();
        let link = dir.join("postgrest");
        symlink(env!("CARGO_BIN_EXE_oppbase"), &link).expect("a link");
        link
    });
    let mut command = Command::new(&*LINK);
    crate::cli::without_options(&mut command);
    command
}

/// The fewest options with which it serves the database, as the role `anon`.
pub fn options(db: &TestDb) -> Vec<(&'static str, String)> {
    vec![
        ("PGRST_DB_URI", db.authenticator.clone()),
        ("PGRST_DB_ANON_ROLE", "anon".into()),
        ("PGRST_SERVER_HOST", "127.0.0.1".into()),
        ("PGRST_SERVER_PORT", free_port().to_string()),
        ("PGRST_ADMIN_SERVER_PORT", free_port().to_string()),
    ]
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    options: Vec<(&'static str, String)>,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
}

impl Server {
    /// Starts it and waits until it is ready.
    pub async fn start(db: &TestDb, more: &[(&'static str, &str)]) -> Self {
        let mut options = options(db);
        for (name, value) in more {
            options.retain(|(known, _)| known != name);
            options.push((name, (*value).to_owned()));
        }
        let server = Self::spawn(&[], options);
        server.until_ready().await;
        server
    }

    /// Starts it with arguments and options and returns at once.
    pub fn spawn(arguments: &[&str], options: Vec<(&'static str, String)>) -> Self {
        let mut child = postgrest()
            .args(arguments)
            .envs(options.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let stdout = collect(child.stdout.take().expect("piped"));
        let stderr = collect(child.stderr.take().expect("piped"));
        Self {
            child,
            options,
            stdout,
            stderr,
        }
    }

    fn option(&self, name: &str) -> &str {
        let found = self.options.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The address of a path of the API.
    pub fn url(&self, path: &str) -> String {
        format!(
            "http://127.0.0.1:{}{path}",
            self.option("PGRST_SERVER_PORT")
        )
    }

    /// The address of a path of the admin server.
    pub fn admin(&self, path: &str) -> String {
        let port = self.option("PGRST_ADMIN_SERVER_PORT");
        format!("http://127.0.0.1:{port}{path}")
    }

    /// Status and body of a GET.
    pub async fn get(&self, url: &str) -> (u16, String) {
        match reqwest::get(url).await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                (status, answer.text().await.unwrap_or_default())
            }
            Err(_) => (0, String::new()),
        }
    }

    pub async fn until_ready(&self) {
        eventually("ready", || async {
            self.get(&self.admin("/ready")).await.0 == 200
        })
        .await;
    }

    pub fn signal(&self, signal: Signal) {
        let pid = self.child.id().try_into().expect("a process id");
        kill(Pid::from_raw(pid), signal).expect("our own child");
    }

    /// What it wrote to standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.lock().expect("not poisoned").clone()
    }

    /// What it wrote to standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.lock().expect("not poisoned").clone()
    }

    /// Waits for a line of standard error with this text in it.
    pub async fn until_logged(&self, text: &str) {
        let logged = || async { self.stderr().contains(text) };
        if tokio::time::timeout(PATIENCE, eventually(text, logged))
            .await
            .is_err()
        {
            panic!("`{text}` was not logged:\n{}", self.stderr());
        }
    }

    /// Waits for the end; its exit code.
    pub async fn end(&mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("our own child") {
                return status.code();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it did not end:\n{}", self.stderr());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(from: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let shared = Arc::clone(&text);
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut text = shared.lock().expect("not poisoned");
            text.push_str(&line);
            text.push('\n');
        }
    });
    text
}

/// Waits until the condition holds.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let end = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < end, "it did not happen: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
