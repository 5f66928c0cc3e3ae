//! Which crate may know which: the arrows of ARCHITECTURE.md.

/// Every package with the packages of this workspace that it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("ganger-proto", &[]),
    ("ganger-sys", &[]),
    ("ganger-shm", &["ganger-sys"]),
    ("ganger-macros", &[]),
    ("ganger-machine", &["ganger-proto"]),
    ("ganger", &["ganger-proto", "ganger-sys", "ganger-shm", "ganger-machine", "ganger-macros"]),
    ("ganger-store", &[]),
    ("ganger-batch", &["ganger", "ganger-store"]),
    // Neither the service nor its store: a client has no runtime and no database.
    ("ganger-client", &["ganger"]),
    // The doors need what only the kernel can tell: who is at the other end, what systemd has left open.
    ("ganger-daemon", &["ganger", "ganger-client", "ganger-store", "ganger-sys"]),
    // Its limits are those of the bare ring; it is a client of the service.
    ("ganger-bench", &["ganger", "ganger-daemon", "ganger-shm", "ganger-sys"]),
    ("ganger-jobs", &["ganger"]),
    (REPLAY, &[]),
    ("ganger-cli", &["ganger", "ganger-batch", "ganger-client", "ganger-daemon", "ganger-store"]),
];

/// What tests of any crate may use.
const REPLAY: &str = "ganger-corpus";

/// The packages that decide without doing, and what would let them do.
const PURE: &[&str] = &["ganger-proto", "ganger-machine"];
const SYSTEM: &[&str] = &["nix", "libc", "ipc-channel", "signal-hook", "tokio"];

/// What the rules need of one Cargo.toml.
pub(crate) struct Manifest {
    /// Relative to the root.
    pub(crate) path: String,
    pub(crate) package: String,
    /// Of every kind: for the build, for tests, for one target.
    pub(crate) dependencies: Vec<String>,
}

impl Manifest {
    /// Reads the tables and keys that matter; one key a line, as all manifests here are written.
    pub(crate) fn parse(path: &str, text: &str) -> Manifest {
        let mut manifest = Manifest { path: path.to_owned(), package: String::new(), dependencies: Vec::new() };
        let mut table = "";
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            if let Some(header) = line.strip_prefix('[') {
                table = header.trim_end_matches(']');
                // [dependencies.NAME]
                manifest.dependencies.extend(table.split_once("dependencies.").map(|(_, name)| name.to_owned()));
            } else if let Some((key, value)) = line.split_once('=') {
                manifest.note(table, key.trim(), value.trim());
            }
        }
        manifest
    }

    fn note(&mut self, table: &str, key: &str, value: &str) {
        if table == "package" && key == "name" {
            self.package = value.trim_matches('"').to_owned();
        } else if table == "dev-dependencies" && key.starts_with(REPLAY) {
            // Whatever a crate knows, its tests may replay what was found by fuzzing.
        } else if table.ends_with("dependencies") && table != "workspace.dependencies" {
            self.dependencies.extend(key.split('.').next().map(str::to_owned));
        }
    }
}

/// A dependency between our packages that is no arrow; a package without a line in the table.
pub(crate) fn arrows(manifests: &[Manifest]) -> Vec<String> {
    manifests.iter().flat_map(stray_arrows).collect()
}

fn stray_arrows(manifest: &Manifest) -> Vec<String> {
    let Manifest { path, package, dependencies } = manifest;
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| name == package) else {
        return vec![format!(
            "{path}: {package} has no arrows; add it to ARROWS in tests/tidy/graph.rs and to ARCHITECTURE.md"
        )];
    };
    let ours = dependencies.iter().filter(|name| name.as_str() == "ganger" || name.starts_with("ganger-"));
    let stray = ours.filter(|name| !allowed.contains(&name.as_str()));
    stray
        .map(|name| {
            format!("{path}: {package} may depend on {allowed:?}, not on {name}; move what it needs along an arrow of ARCHITECTURE.md")
        })
        .collect()
}

/// A way to the system in a manifest of a crate that has none.
pub(crate) fn pure_manifests(manifests: &[Manifest]) -> Vec<String> {
    let pure = manifests.iter().filter(|manifest| PURE.contains(&manifest.package.as_str()));
    let ways = pure.flat_map(|m| m.dependencies.iter().filter(|d| SYSTEM.contains(&d.as_str())).map(move |d| (m, d)));
    ways.map(|(m, d)| {
        format!("{}: {} decides and does not do, so it has no {d}; let `ganger` do it", m.path, m.package)
    })
    .collect()
}
