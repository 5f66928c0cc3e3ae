//! Each rule, made to fail: a rule that cannot fail holds nothing.

use crate::graph::{self, Manifest};
use crate::text;
use crate::tree::Source;
use crate::{none, rules, sizes};

/// Exactly one finding, which names the place.
#[track_caller]
fn one(findings: &[String], place: &str) {
    assert!(matches!(findings, [only] if only.contains(place)), "wanted one finding with {place}: {findings:#?}");
}

fn source(path: &str, text: &str) -> [Source; 1] {
    [Source::new(path, text)]
}

#[test]
fn text_splits_into_code_and_comments() {
    let text = "let a = 'x'; // it's \"b\"\nlet r = r#\"}\" // \"#; /* c /* d */ e */ f::<'a>('\\'', b\"\\\"\", r#fn)";
    let views = text::split(text);
    assert_eq!(views.code.split_whitespace().collect::<String>(), "leta=;letr=;f::<'a>(,b,r#fn)");
    assert_eq!(views.comments.split_whitespace().collect::<String>(), "//it's\"b\"/*c/*d*/e*/");
    assert_eq!(views.code.chars().count(), text.chars().count());
}

#[test]
fn functions_are_measured() {
    let code = "trait T { fn none(&self); }\nfn a<const N: usize>(f: fn(u8)) -> [u8; 2]\nwhere\n{\n    fn b() {}\n}\n";
    let found: Vec<_> = text::functions(code).iter().map(|function| (function.name, function.lines)).collect();
    assert_eq!(found, [("a", 5), ("b", 1)]);
}

#[test]
fn a_stray_arrow_is_found() {
    let manifest = |dependencies: &str| {
        [Manifest::parse("crates/x/Cargo.toml", &format!("[package]\nname = \"ganger-machine\"\n{dependencies}"))]
    };
    none(&graph::arrows(&manifest("[dependencies]\nganger-proto.workspace = true\nserde = \"1\"\n")));
    one(&graph::arrows(&manifest("[dependencies]\nganger-sys.workspace = true\n")), "not on ganger-sys");
    one(&graph::arrows(&manifest("[dev-dependencies]\nganger = { path = \"..\" }\n")), "not on ganger;");
    one(&graph::arrows(&manifest("[target.'cfg(loom)'.dependencies]\nganger-shm = \"1\"\n")), "not on ganger-shm");
    one(&graph::arrows(&manifest("[dependencies.ganger-batch]\nversion = \"1\"\n")), "not on ganger-batch");
    one(&graph::pure_manifests(&manifest("[dependencies]\nlibc.workspace = true\n")), "no libc");
}

#[test]
fn a_package_without_arrows_is_found() {
    let manifest = Manifest::parse("crates/x/Cargo.toml", "[package]\nname = \"ganger-x\"\n");
    one(&graph::arrows(&[manifest]), "ganger-x has no arrows");
}

#[test]
fn unsafe_outside_its_crates_is_found() {
    none(&rules::unsafe_fence(&source("crates/sys/src/a.rs", "unsafe { f() }")));
    none(&rules::unsafe_fence(&source("crates/ganger/src/a.rs", "// unsafe\n#![forbid(unsafe_code)]\nf(\"unsafe\")")));
    one(&rules::unsafe_fence(&source("crates/ganger/src/a.rs", "fn f() {\n    unsafe { g() }\n}")), "a.rs:2");
}

#[test]
fn a_fenced_crate_in_a_second_file_is_found() {
    let file = |path| Source::new(path, "use signal_hook::iterator;");
    none(&rules::fenced_crates(&[file("crates/sys/src/signal.rs")]));
    one(
        &rules::fenced_crates(&[file("crates/sys/src/door.rs"), file("crates/sys/src/signal.rs")]),
        "sys/src/signal.rs",
    );
    one(&rules::fenced_crates(&source("crates/proto/src/wire.rs", "bincode::serialize(x)")), "proto/src/wire.rs");
    one(&rules::fenced_crates(&source("crates/sys/src/link.rs", "use ipc_channel::ipc;")), "sys/src/link.rs");
}

#[test]
fn a_deed_in_a_deciding_crate_is_found() {
    none(&rules::pure_sources(&source("crates/ganger/src/a.rs", "Instant::now()")));
    none(&rules::pure_sources(&source("crates/machine/examples/a.rs", "Instant::now()")));
    one(
        &rules::pure_sources(&source("crates/machine/src/a.rs", "let now =\n  Instant::now();")),
        "a.rs:2: Instant::now",
    );
}

#[test]
fn a_sleep_in_a_test_is_found() {
    let path = "crates/x/tests/a.rs";
    none(&rules::sleeps(&source("crates/x/src/a.rs", "fn f() { sleep(D) }")));
    none(&rules::sleeps(&source(path, "fn eventually() { sleep(D) }\n#[ganger::task]\nfn nap() { thread::sleep(D) }")));
    one(&rules::sleeps(&source(path, "fn waits() {\n thread::sleep(D) }")), "a.rs:2");
    one(
        &rules::sleeps(&source(
            "crates/x/src/a.rs",
            "fn f() { sleep(D) }\n#[cfg(test)]\nmod tests { fn t() { sleep(D) } }",
        )),
        "a.rs:3",
    );
    let listed = Source::new(path, "fn stalls() { sleep(D) }");
    none(&rules::bare_sleeps(&listed, &[(path, "stalls", "it is the stall under test")]));
    one(&rules::bare_sleeps(&listed, &[(path, "other", "")]), "a.rs:1");
}

#[test]
fn work_put_off_is_found() {
    none(&rules::unfinished(&source("a.rs", "// the todo list\nlet s = \"TODO\";")));
    for text in ["// TODO: later", "/* FIXME */", "todo!()", "unimplemented!(\"x\")", "#[ignore = \"slow\"]\nfn t() {}"]
    {
        one(&rules::unfinished(&source("a.rs", text)), "a.rs:1");
    }
}

#[test]
fn long_files_are_found() {
    none(&sizes::files(&source("a.rs", &"\n".repeat(400))));
    one(&sizes::files(&source("a.rs", &"\n".repeat(401))), "a.rs: 401 lines");
    one(&sizes::files(&source("bin/ganger/main.rs", &"\n".repeat(101))), "main.rs: 101 lines, at most 100");
}

#[test]
fn long_functions_are_found() {
    let function = |lines: usize| format!("\nfn f() {{{}}}\n", "\n".repeat(lines - 1));
    none(&sizes::functions(&source("a.rs", &function(60))));
    one(&sizes::functions(&source("a.rs", &function(61))), "a.rs:2: fn f has 61 lines");
    none(&sizes::medians(&source("crates/x/src/a.rs", &[function(10), function(10), function(40)].concat())));
    one(
        &sizes::medians(&source("crates/x/src/a.rs", &[function(1), function(11), function(11)].concat())),
        "package x",
    );
}

#[test]
fn vague_names_are_found() {
    none(&rules::vague_names(&source("crates/x/src/commons.rs", "")));
    one(&rules::vague_names(&source("crates/x/src/utils.rs", "")), "utils.rs");
    one(&rules::vague_names(&source("tests/common/mod.rs", "")), "common/mod.rs");
}

#[test]
fn a_version_told_never_or_twice_is_found() {
    none(&rules::changelog("# Changelog\n## [0.1.0] - 2026\nsince 0.1.0\n## 0.1.0-rc1\n## 10.1.0", "0.1.0"));
    none(&rules::changelog("## v0.1.0", "0.1.0"));
    one(&rules::changelog("", "0.1.0"), "0 headings");
    one(&rules::changelog("## 0.1.0\n## 0.1.0 again", "0.1.0"), "2 headings");
}

#[test]
fn a_crate_without_its_paragraph_is_found() {
    let crates = ["crates/shm".to_owned()];
    none(&rules::architecture("`crates/shm`: rings", &crates));
    none(&rules::architecture("  shm/   ganger-shm", &crates));
    one(&rules::architecture("crates/shmem, the shm/ family", &crates), "crates/shm is not in it");
}
