//! The rules of the house that no compiler holds, as tests: who may depend on whom, where `unsafe` may stand, how long
//! things may get. Each finding says the place, the rule and the remedy.
//!
//! `tree` reads the files, `text` takes them apart, `graph` and `rules` judge, `proofs` shows that each rule can fail.

#[path = "tidy/text.rs"]
mod text;
#[path = "tidy/tree.rs"]
mod tree;
#[path = "tidy/graph.rs"]
mod graph;
#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/sizes.rs"]
mod sizes;
#[path = "tidy/proofs.rs"]
mod proofs;

use tree::Tree;

/// Fails with every finding at once.
#[track_caller]
fn none(findings: &[String]) {
    assert!(findings.is_empty(), "{} found:\n  {}", findings.len(), findings.join("\n  "));
}

#[test]
fn the_tree_is_found() {
    let tree = Tree::read();
    assert!(tree.sources.len() > 20, "too few sources to believe: {}", tree.sources.len());
    assert!(tree.manifests.len() > 5, "too few manifests to believe: {}", tree.manifests.len());
}

#[test]
fn crates_depend_only_along_the_arrows() {
    none(&graph::arrows(&Tree::read().manifests));
}

#[test]
fn the_deciding_crates_know_no_system() {
    let tree = Tree::read();
    none(&graph::pure_manifests(&tree.manifests));
    none(&rules::pure_sources(&tree.sources));
}

#[test]
fn unsafe_stays_behind_its_fence() {
    none(&rules::unsafe_fence(&Tree::read().sources));
}

#[test]
fn fenced_crates_are_named_in_one_file() {
    none(&rules::fenced_crates(&Tree::read().sources));
}

#[test]
fn files_are_short() {
    none(&sizes::files(&Tree::read().sources));
}

#[test]
fn functions_are_short() {
    none(&sizes::functions(&Tree::read().sources));
}

#[test]
fn the_median_function_is_very_short() {
    none(&sizes::medians(&Tree::read().sources));
}

#[test]
fn tests_wait_for_a_condition() {
    none(&rules::sleeps(&Tree::read().sources));
}

#[test]
fn nothing_is_left_to_do() {
    none(&rules::unfinished(&Tree::read().sources));
}

#[test]
fn files_are_named_after_a_concept() {
    none(&rules::vague_names(&Tree::read().sources));
}

#[test]
fn the_changelog_has_this_version_once() {
    let tree = Tree::read();
    none(&rules::changelog(&tree.changelog, &tree.version));
}

#[test]
fn the_architecture_names_every_crate() {
    let tree = Tree::read();
    none(&rules::architecture(&tree.architecture, &tree.crates));
}
