//! The walls between the modules: which may use which, as ARCHITECTURE.md says under "Directions".
//!
//! A module is a folder or file directly below `src/`, and each part of `edge/` and `supertokens/` is one. What a module names of the others
//! is read from its code, its tests left aside, and compared with its row in both directions: an arrow that is not
//! allowed fails, and so does one that is allowed and not there. The rows must have no circle.

#![allow(clippy::panic, reason = "a test may fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn modules_use_what_the_table_allows_and_nothing_else() {
    let (allowed, used) = (allowed(), used());
    let missing: Vec<_> = used.keys().filter(|module| !allowed.contains_key(*module)).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md has no row for {missing:?}");
    let differences: Vec<String> = allowed
        .iter()
        .flat_map(|(module, row)| {
            let uses = used.get(module).cloned().unwrap_or_default();
            let forbidden = uses.difference(row).map(move |other| format!("{module} uses {other}"));
            let unused = row.difference(&uses).map(move |other| format!("{module} does not use {other}"));
            forbidden.chain(unused).collect::<Vec<_>>()
        })
        .collect();
    assert!(differences.is_empty(), "other than ARCHITECTURE.md says: {differences:#?}");
}

#[test]
fn no_module_leads_back_to_itself() {
    let allowed = allowed();
    for module in allowed.keys() {
        assert!(!reach(&allowed, module).contains(module), "{module} leads back to itself");
    }
}

/// All modules that a module leads to.
fn reach(graph: &Graph, from: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut next = vec![from.to_owned()];
    while let Some(module) = next.pop() {
        for other in graph.get(&module).into_iter().flatten() {
            if seen.insert(other.clone()) {
                next.push(other.clone());
            }
        }
    }
    seen
}

/// The rows of the table: a module, and the modules that it may use.
fn allowed() -> Graph {
    let text = read(Path::new("ARCHITECTURE.md"));
    let (_, section) =
        text.split_once("\n## Directions\n").unwrap_or_else(|| panic!("no section \"Directions\""));
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    rows.map(|(module, row)| {
        (module.to_owned(), row.split('`').skip(1).step_by(2).map(str::to_owned).collect())
    })
    .collect()
}

/// What each module names of the others.
fn used() -> Graph {
    let mut graph = Graph::new();
    for file in sources(Path::new("src")) {
        let module = module_of(&file);
        let code = without_tests_and_comments(&read(&file));
        let named = code.split("crate::").skip(1).map(named).filter(|other| *other != module);
        graph.entry(module.clone()).or_default().extend(named);
    }
    graph.remove("lib");
    graph
}

/// The module that a path behind `crate::` names.
fn named(path: &str) -> String {
    let mut parts = path.split(|other: char| !other.is_ascii_alphanumeric() && other != '_' && other != ':');
    let path = parts.next().unwrap_or_default();
    let mut names = path.split("::");
    match (names.next().unwrap_or_default(), names.next()) {
        (module @ ("edge" | "supertokens"), Some(part)) => format!("{module}::{part}"),
        (module, _) => module.to_owned(),
    }
}

fn module_of(file: &Path) -> String {
    let parts: Vec<String> = file
        .with_extension("")
        .components()
        .skip(1)
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    match parts.as_slice() {
        [module, part, ..] if matches!(module.as_str(), "edge" | "supertokens") && part != "mod" => {
            format!("{module}::{part}")
        }
        [module, ..] => module.clone(),
        [] => String::new(),
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths
        .flat_map(|path| match path.extension() {
            _ if path.is_dir() => sources(&path),
            Some(extension) if extension == "rs" => vec![path],
            _ => Vec::new(),
        })
        .collect()
}

// Tests stand at the end of a file.
fn without_tests_and_comments(code: &str) -> String {
    let code = code.split("#[cfg(test)]\n").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
