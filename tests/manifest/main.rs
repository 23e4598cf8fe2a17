//! What is written down twice, in Rust and in TypeScript, says the same in both places; what is claimed of the standard
//! has its tests.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod conformance;

use std::fs;
use std::path::Path;
use wasmqtt::client::ClientState;
use wasmqtt::codec::ReasonCode;
use wasmqtt::config::Config;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn try_read(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// The text between two marks.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end} behind {start}")).0
}

/// `SessionLost` and `Session lost` are both `session-lost`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    let mut previous = ' ';
    for letter in name.chars() {
        if letter == ' ' || (letter.is_uppercase() && previous.is_lowercase()) {
            out.push('-');
        }
        if letter != ' ' {
            out.extend(letter.to_lowercase());
        }
        previous = letter;
    }
    out
}

/// `Name = 7,` lines of an enum.
fn variants(text: &str, name: &str) -> Vec<(u16, String)> {
    let body = between(text, &format!("enum {name} {{"), "\n}");
    let variant = |line: &str| {
        let (name, number) = line.trim().strip_suffix(',')?.split_once(" = ")?;
        Some((number.parse().ok()?, name.to_owned()))
    };
    body.lines().filter_map(variant).collect()
}

/// Rows of `ERROR_CODES`, in the order of their numbers.
fn rows() -> Vec<(u16, String)> {
    let (pages, others) = (read("js/src/error-codes.ts"), read("js/src/miniprogram/error-codes.ts"));
    let pages = between(&pages, "ERROR_CODES: ErrorRow[] = [", "\n];");
    let others = between(&others, "ERROR_CODES.push(", "\n);");
    let row = |line: &str| {
        let mut cells = line.trim().strip_prefix('[')?.split(", ");
        Some((cells.next()?.parse().ok()?, cells.next()?.trim_matches('"').to_owned()))
    };
    let mut rows: Vec<(u16, String)> = pages.lines().chain(others.lines()).filter_map(row).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn error_codes_have_the_same_numbers_and_names() {
    let core: Vec<(u16, String)> = variants(&read("src/error.rs"), "ErrorCode")
        .into_iter()
        .map(|(number, name)| (number, kebab(&name)))
        .collect();
    assert!(core.len() > 30, "the list was found");
    assert_eq!(core, rows());
}

#[test]
fn every_error_code_has_one_row_and_one_name_in_its_type() {
    let text = read("js/src/error-codes.ts");
    let union = between(&text, "export type ErrorCode =", ";");
    let mut names: Vec<&str> = union.split('"').skip(1).step_by(2).collect();
    let mut listed: Vec<String> = rows().into_iter().map(|(_, name)| name).collect();
    names.sort_unstable();
    listed.sort_unstable();
    assert_eq!(names, listed);
    names.dedup();
    assert_eq!(names.len(), listed.len(), "no name stands twice");
}

#[test]
fn reason_codes_have_the_same_names() {
    let text = read("js/src/error-codes.ts");
    let list: String = between(&text, "const REASONS =", ";").split('"').skip(1).step_by(2).collect();
    let names: Vec<String> = list.split('|').map(|name| kebab(&name.to_lowercase())).collect();
    let core: Vec<&str> = (0x80..=0xa2).map(|code| ReasonCode::new(code).name()).collect();
    assert_eq!(names, core);
    assert_eq!(ReasonCode::new(0xa3).name(), "unknown", "the list ends there");
}

#[test]
fn states_have_the_same_numbers() {
    let text = read("js/src/batch.ts");
    let names: Vec<&str> = between(&text, "const STATES: readonly ClientState[] = [", "]")
        .split('"')
        .skip(1)
        .step_by(2)
        .collect();
    let core = [
        ClientState::Idle,
        ClientState::Connecting,
        ClientState::Connected,
        ClientState::Reconnecting,
        ClientState::Suspended,
        ClientState::Closing,
        ClientState::Closed,
    ];
    for (number, state) in core.into_iter().enumerate() {
        assert_eq!((state as usize, format!("{state:?}").to_lowercase()), (number, names[number].to_owned()));
    }
    assert_eq!(names.len(), core.len());
}

#[test]
fn records_have_the_same_layout() {
    let (rust, script) = (read("src/web/batch.rs"), read("js/src/batch.ts"));
    let kinds = variants(&rust, "Kind");
    assert!(kinds.len() > 5, "the list was found");
    assert_eq!(variants(&script, "Kind"), kinds);
    let stride = between(&rust, "const STRIDE: usize = ", ";");
    assert!(script.contains(&format!("const STRIDE = {stride};")));
}

#[test]
fn the_version_is_the_same_everywhere() {
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    for path in ["package.json", "pkg-template/package.json"] {
        let text = read(path);
        assert!(!text.contains("\"version\"") || text.contains(&version), "{path} is of another version");
    }
}

// A client with nothing but defaults must be one that can be made.
#[test]
fn the_defaults_are_valid() {
    assert_eq!(Config::default().validate(), Ok(()));
}

// Files that grow beyond this hide more than they tell.
#[test]
fn no_source_file_is_too_long() {
    let mut long = Vec::new();
    for root in ["src", "tests/spec", "tests/sim", "tests/support", "tests/codec", "tests/manifest", "js/src"]
    {
        visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join(root), &mut long);
    }
    assert!(long.is_empty(), "{long:?}");
}

fn visit(directory: &Path, long: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, long);
        } else {
            let lines = fs::read_to_string(&path).map_or(0, |text| text.lines().count());
            if lines >= 500 {
                long.push(format!("{}: {lines} lines", path.display()));
            }
        }
    }
}
