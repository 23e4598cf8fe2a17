//! Every statement of the standard that concerns a client is proven by tests, or says why it is not.

use super::{read, try_read};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// Identifier, version of the standard, and whom it binds.
type Statement = (String, String, String);

/// What a row may say about its statement; one of these.
const PROOFS: [&str; 2] = ["tests", "not_applicable"];

/// The statements that have to have a row.
fn expected() -> BTreeSet<Statement> {
    let statement = |line: &str| match line.split(' ').collect::<Vec<_>>()[..] {
        [id, version, binds] => (id.to_owned(), version.to_owned(), binds.to_owned()),
        _ => panic!("not a statement: {line}"),
    };
    read("tests/vectors/statements.txt").lines().map(statement).collect()
}

fn rows() -> Vec<Table> {
    let file: Table = read("tests/conformance.toml").parse().unwrap_or_else(|error| panic!("{error}"));
    let rows = file["statement"].as_array().expect("a list of statements");
    rows.iter().map(|row| row.as_table().expect("a statement").clone()).collect()
}

fn statement_of(row: &Table) -> Statement {
    let [id, version, binds] = ["id", "version", "binds"].map(|key| text_of(row, key));
    (id, version, binds)
}

fn text_of(row: &Table, key: &str) -> String {
    row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[test]
fn every_statement_has_one_row() {
    let mut rows: Vec<Statement> = rows().iter().map(statement_of).collect();
    rows.sort();
    let twice: Vec<_> = rows.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
    assert!(twice.is_empty(), "twice: {twice:?}");
    let (rows, expected): (BTreeSet<_>, _) = (rows.into_iter().collect(), expected());
    let missing: Vec<_> = expected.difference(&rows).collect();
    let unknown: Vec<_> = rows.difference(&expected).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing: {missing:?}, unknown: {unknown:?}");
    let count = |version: &str, binds: &str| {
        expected.iter().filter(|statement| statement.1 == version && statement.2 == binds).count()
    };
    let counts = [("3.1.1", "client"), ("3.1.1", "server"), ("5.0", "client"), ("5.0", "server")];
    assert_eq!(counts.map(|(version, binds)| count(version, binds)), [73, 42, 133, 78]);
}

#[test]
fn every_row_says_what_proves_it() {
    let mut faults = Vec::new();
    let mut totals: BTreeMap<(String, String), [usize; 3]> = BTreeMap::new();
    for row in rows() {
        let (id, version, binds) = statement_of(&row);
        let mut fault = |text: &str| faults.push(format!("{id} ({version}): {text}"));
        let keys = ["id", "version", "binds", "rule", "limit"];
        if let Some(key) = row.keys().find(|key| !keys.iter().chain(&PROOFS).any(|known| known == key)) {
            fault(&format!("what is {key}?"));
        }
        if text_of(&row, "rule").is_empty() {
            fault("no rule");
        }
        let given: Vec<usize> = (0..PROOFS.len()).filter(|kind| row.contains_key(PROOFS[*kind])).collect();
        let [kind] = given[..] else {
            fault("has to have either tests or not_applicable");
            continue;
        };
        match row[PROOFS[kind]].as_array() {
            Some(tests) if kind == 0 && !tests.is_empty() => {
                for test in tests {
                    if let Err(text) = find(test.as_str().unwrap_or_default()) {
                        fault(&text);
                    }
                }
            }
            None if kind > 0 && !text_of(&row, PROOFS[kind]).is_empty() => {
                println!("{id} ({version}) {}: {}", PROOFS[kind], text_of(&row, PROOFS[kind]));
            }
            Some(_) | None => fault(&format!("{} is empty or of another type", PROOFS[kind])),
        }
        let total = totals.entry((version.clone(), binds)).or_default();
        total[kind] += 1;
        if row.contains_key("limit") {
            println!("{id} ({version}) limit: {}", text_of(&row, "limit"));
            total[2] += 1;
        }
    }
    for ((version, binds), [proven, not_applicable, limited]) in totals {
        println!(
            "{version} {binds}: {proven} proven ({limited} with a limit), {not_applicable} not applicable"
        );
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Looks for the test that a row cites.
fn find(path: &str) -> Result<(), String> {
    let missing = || format!("there is no test {path}");
    let (binary, rest) = path.split_once("::").ok_or_else(missing)?;
    let (module, name) = match binary {
        "js" | "e2e" => rest.split_once("::"),
        _ => rest.rsplit_once("::"),
    }
    .ok_or_else(missing)?;
    let source = |path: String| try_read(&path);
    let found = match binary {
        "js" => source(format!("tests/js/{module}.test.ts")).is_some_and(|text| has_script_test(&text, name)),
        "e2e" => {
            source(format!("tests/e2e/cases/{module}.mjs")).is_some_and(|text| has_script_test(&text, name))
        }
        "unit" => module.strip_suffix("::tests").is_some_and(|module| {
            let file = module.replace("::", "/");
            let text = source(format!("src/{file}.rs")).or_else(|| source(format!("src/{file}/mod.rs")));
            text.and_then(|text| Some(text.split_once("mod tests {")?.1.to_owned()))
                .is_some_and(|text| has_test(&text, name))
        }),
        "spec" | "codec" => {
            let declared = |text: String| text.lines().any(|line| line == format!("mod {module};"));
            source(format!("tests/{binary}/main.rs")).is_some_and(declared)
                && source(format!("tests/{binary}/{module}.rs")).is_some_and(|text| has_test(&text, name))
        }
        _ => false,
    };
    if found { Ok(()) } else { Err(missing()) }
}

/// Whether a Rust source has a test of this name that is run.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let Some(at) = lines.iter().position(|line| line.starts_with(&format!("fn {name}("))) else {
        return false;
    };
    let attributes: Vec<&&str> = lines[..at]
        .iter()
        .rev()
        .take_while(|line| line.starts_with("#[") || line.starts_with("//"))
        .collect();
    attributes.contains(&&"#[test]") && !attributes.iter().any(|line| line.starts_with("#[ignore"))
}

fn has_script_test(source: &str, name: &str) -> bool {
    ["test(\"", "it(\"", "it(`"].iter().any(|call| {
        let quote = &call[call.len() - 1..];
        source.lines().any(|line| line.trim().starts_with(&format!("{call}{name}{quote}, ")))
    })
}

#[test]
fn only_tests_that_run_count() {
    assert!(has_test("#[test]\nfn a() {", "a"));
    assert!(has_test("    // Why.\n    #[test]\n    #[allow(x)]\n    fn a(", "a"));
    for source in ["fn a() {", "// #[test]\nfn a() {", "#[test]\n#[ignore]\nfn a() {", "#[test]\nfn ab() {"] {
        assert!(!has_test(source, "a"), "{source}");
    }
    assert!(has_script_test("  it(`v${n}: x`, async () => {", "v${n}: x"));
    assert!(!has_script_test("test.skip(\"x\", () => {", "x") && !has_script_test("test(\"xy\", (", "x"));
    for path in
        ["", "spec", "spec::a", "spec::main::fn", "unit::topic::rules", "other::name::rules", "js::options"]
    {
        assert!(find(path).is_err(), "{path}");
    }
    assert_eq!(find("unit::topic::name::tests::rules"), Ok(()));
}
