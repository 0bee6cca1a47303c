//! What the documents name exists: files, make targets, commands, metrics, settings.

use super::assert_tidy;
use super::clone::{paths, read, root};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/index.md",
    "docs/SUPPLIERS.md",
    "docs/RECIPIENTS.md",
    "docs/OPERATIONS.md",
    "docs/RULES.md",
    "docs/SAFETY.md",
    "docs/DATA-PROTECTION.md",
    "docs/THREATS.md",
];
const EXAMPLE: &str = "config/hub.example.toml";

/// Where metrics are declared.
const METRICS: [&str; 2] = ["src/telemetry.rs", "src/telemetry/site.rs"];

/// The words of src/config.rs for a key that it does not know.
const UNKNOWN_KEY: &str = "there is no such key";

/// Where a path in a document starts, if it is one of this clone's.
const FOLDERS: &[&str] = &["src", "adapters", "tests", "config", "schemas", "scripts", "deploy", "docs", ".ci", ".config"];

#[test]
fn the_documents_are_there() {
    let paths = paths();
    let wanted = DOCUMENTS.iter().chain(&["LICENSE", EXAMPLE]);
    let missing = wanted.filter(|document| !paths.iter().any(|path| path == *document));
    assert_tidy(&missing.map(|document| format!("{document}: is missing: write it")).collect::<Vec<_>>());
}

#[test]
fn every_file_they_name_exists() {
    let mut known = BTreeSet::new();
    for path in paths() {
        known.extend(Path::new(&path).ancestors().map(|folder| folder.to_str().unwrap().to_owned()));
    }
    // What a document tells its reader to copy exists for the reader from then on.
    known.extend(snippets_of(DOCUMENTS).filter_map(|snippet| {
        let words: Vec<&str> = snippet.text.split_whitespace().collect();
        (words.first() == Some(&"cp")).then(|| words.get(2).map(|target| (*target).to_owned())).flatten()
    }));
    let exists = |path: &str| known.contains(path) || known.iter().any(|known| known.ends_with(&format!("/{path}")));
    let wrong = snippets_of(DOCUMENTS)
        .flat_map(|snippet| files_in(&snippet.text).map(move |path| (snippet.place.clone(), path)).collect::<Vec<_>>());
    let missing = wrong.filter(|(_, path)| !exists(path));
    assert_tidy(&missing.map(|(place, path)| format!("{place}: there is no {path}: correct the name or drop it")).collect::<Vec<_>>());
}

#[test]
fn every_make_target_they_name_exists() {
    let makefile = read("Makefile");
    let targets: BTreeSet<&str> = makefile.lines().filter_map(|line| line.split_once(':')).map(|(target, _)| target).collect();
    let mut breaches = Vec::new();
    for snippet in snippets_of(DOCUMENTS) {
        for target in arguments_of("make", &snippet.text).filter(|target| !targets.contains(target.as_str())) {
            breaches.push(format!("{}: `make {target}` is no target of the Makefile: correct the name or add the target", snippet.place));
        }
    }
    assert_tidy(&breaches);
}

#[test]
fn every_command_they_show_exists() {
    let mut breaches = Vec::new();
    for snippet in snippets_of(DOCUMENTS) {
        for command in arguments_of("placement-hub", &snippet.text).take(1) {
            let (known, said) = hub(&["help", &command]);
            // `help` of a program that reads no arguments succeeds for anything, and says nothing.
            if !known || !said.contains(&command) {
                breaches.push(format!(
                    "{}: the program has no command `{command}`: correct the name, or add src/cli/{command}.rs",
                    snippet.place
                ));
            }
        }
    }
    assert_tidy(&breaches);
}

#[test]
fn every_metric_they_name_is_declared() {
    let mentioned: Vec<(String, String)> = snippets_of(DOCUMENTS)
        .flat_map(|snippet| metrics_in(&snippet.text).into_iter().map(move |metric| (snippet.place.clone(), metric)))
        .collect();
    let declared = if mentioned.is_empty() { String::new() } else { METRICS.map(read).concat() };
    // Declared as a string of its own, without the namespace that all of them share.
    let unknown =
        mentioned.iter().filter(|(_, metric)| !declared.contains(&format!("\"{}\"", metric.trim_start_matches("placement_hub_"))));
    assert_tidy(&unknown.map(|(place, metric)| format!("{place}: src/telemetry.rs has no {metric}: correct the name")).collect::<Vec<_>>());
}

/// The example is right as it stands; its settings that stand there as comments (`# key = value`) are keys that the program knows;
/// and the program tells an unknown key, shown by planting one in every section: else the first two would prove nothing.
#[test]
fn every_key_of_the_example_settings_is_known() {
    if !root().join(EXAMPLE).is_file() {
        return; // `the_documents_are_there` says so
    }
    let example = read(EXAMPLE);
    let mut breaches = Vec::new();
    let (right, said) = hub(&["check", "--config", EXAMPLE]);
    if !right {
        breaches.push(format!("{EXAMPLE}: `placement-hub check` does not accept it: {}", said.trim()));
    }

    let everything: Vec<&str> = example.lines().map(|line| commented_setting(line).unwrap_or(line)).collect();
    let said = check_settings(&everything.join("\n"));
    let unknown = said.lines().filter(|line| line.contains(UNKNOWN_KEY));
    breaches.extend(unknown.map(|line| format!("{EXAMPLE}: a key in a comment is not known: {line}")));

    let (mut planted, mut sections) = (String::new(), 0);
    for line in example.lines() {
        planted.extend([line, "\n"]);
        if line.starts_with('[') {
            planted.push_str("planted_by_tidy = 1\n");
            sections += 1;
        }
    }
    let said = check_settings(&planted);
    let told = said.lines().filter(|line| line.contains("planted_by_tidy") && line.contains(UNKNOWN_KEY)).count();
    if told < sections {
        breaches
            .push(format!("{EXAMPLE}: of {sections} sections {told} refuse an unknown key: make src/config.rs refuse them all\n{said}"));
    }
    assert_tidy(&breaches);
}

/// A piece of a document that is set as code: a span, the target of a link, or a line of a fenced block.
struct Snippet {
    /// `README.md:12`
    place: String,
    text: String,
}

/// Documents not yet written have no snippets; `the_documents_are_there` names them.
fn snippets_of(documents: &'static [&'static str]) -> impl Iterator<Item = Snippet> {
    documents.iter().filter(|document| root().join(document).is_file()).flat_map(|document| snippets(document, &read(document)))
}

fn snippets(document: &str, text: &str) -> Vec<Snippet> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        let mut add = |text: &str| found.push(Snippet { place: format!("{document}:{}", index + 1), text: text.to_owned() });
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            add(line.trim().trim_start_matches("$ "));
        } else {
            line.split('`').skip(1).step_by(2).for_each(&mut add);
            line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()).for_each(&mut add);
        }
    }
    found
}

/// Paths of this clone: what starts with one of its folders, and Rust or Markdown files by name. Patterns (`*`, `<name>`, `{a,b}`)
/// and what runs leave behind (`var/`, `target/`) are not files of the clone.
fn files_in(snippet: &str) -> impl Iterator<Item = String> {
    let bare = |word: &str| word.trim_matches(['(', ')', ',', ';', ':', '"', '\'', '.']).trim_end_matches('/').to_owned();
    let dotted =
        |word: &str| [".ci", ".config"].iter().any(|folder| word.starts_with(folder)).then(|| word.trim_end_matches('/').to_owned());
    let words = snippet.split_whitespace().map(move |word| dotted(word).unwrap_or_else(|| bare(word)));
    words.filter(|word| {
        let folder = word.split_once('/').is_some_and(|(first, _)| FOLDERS.contains(&first));
        let named = word.ends_with(".rs") || word.ends_with(".md");
        (folder || named) && !word.contains(['*', '<', '{', '\u{2026}', '$', '|', '=']) && !word.contains("://")
    })
}

/// The plain words after a program's name, up to the first that isn't one: `make test lint ARGS=..` -> test, lint.
fn arguments_of(program: &str, snippet: &str) -> impl Iterator<Item = String> {
    let plain = |word: &&str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.chars().all(|it| it.is_ascii_lowercase() || it == '-' || it.is_ascii_digit())
    };
    let mut words = snippet.split_whitespace().skip_while(|word| word.contains('=') || *word == "sudo");
    let ours = words.next().is_some_and(|word| word.rsplit('/').next() == Some(program));
    let words = words.collect::<Vec<_>>();
    let words = if words.first() == Some(&"--config") { words.get(2..).unwrap_or_default() } else { &words[..] };
    words.iter().copied().take_while(plain).map(str::to_owned).take(if ours { usize::MAX } else { 0 }).collect::<Vec<_>>().into_iter()
}

/// Names as they are declared: a histogram's `_bucket`, `_sum` and `_count` are made by the library.
fn metrics_in(snippet: &str) -> Vec<String> {
    let words = snippet.split(|letter: char| !(letter.is_ascii_lowercase() || letter == '_'));
    let metrics = words.filter(|word| word.len() > "placement_hub_".len() && word.starts_with("placement_hub_"));
    metrics
        .map(|metric| ["_bucket", "_sum", "_count"].iter().fold(metric, |name, end| name.strip_suffix(end).unwrap_or(name)).to_owned())
        .collect()
}

/// `# key = value` -> `key = value`
fn commented_setting(line: &str) -> Option<&str> {
    let setting = line.strip_prefix('#')?.trim_start();
    let (key, value) = setting.split_once(" = ")?;
    let is_key = !key.is_empty() && key.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_');
    let is_value =
        ["true", "false"].contains(&value.trim()) || value.starts_with(|first: char| first.is_ascii_digit() || "\"[{".contains(first));
    (is_key && is_value).then_some(setting)
}

/// What `placement-hub check` says of these settings.
fn check_settings(settings: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hub.toml");
    std::fs::write(&file, settings).unwrap();
    hub(&["check", "--config", file.to_str().unwrap()]).1
}

/// Whether the hub's program succeeded, and all it said.
fn hub(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_placement-hub")).args(arguments).current_dir(root()).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn what_documents_name_is_found() {
    let text = "Run `make demo` or `src/main.rs`, see [how](CONTRIBUTING.md#rules).\n```\n$ placement-hub trace ID\nAMQP_URL=x make test lint ARGS=1\n```\n";
    let snippets = snippets("R.md", text);
    let texts: Vec<&str> = snippets.iter().map(|snippet| snippet.text.as_str()).collect();
    assert_eq!(texts, ["make demo", "src/main.rs", "CONTRIBUTING.md", "placement-hub trace ID", "AMQP_URL=x make test lint ARGS=1"]);
    assert_eq!(snippets[3].place, "R.md:3");
    assert_eq!(arguments_of("make", texts[4]).collect::<Vec<_>>(), ["test", "lint"]);
    assert_eq!(arguments_of("placement-hub", texts[3]).collect::<Vec<_>>(), ["trace"]);
    assert_eq!(arguments_of("placement-hub", "placement-hub --config hub.toml run").collect::<Vec<_>>(), ["run"]);
    assert_eq!(arguments_of("make", "makes sense").count(), 0);
    assert_eq!(
        files_in("scripts/test, .ci/run (retry.rs) var/x src/*.rs application/json").collect::<Vec<_>>(),
        ["scripts/test", ".ci/run", "retry.rs"]
    );
    assert_eq!(metrics_in("rate(placement_hub_delivery_seconds_bucket{kind=\"x\"}[5m])"), ["placement_hub_delivery_seconds"]);
    assert_eq!(commented_setting("# batch_max = 100"), Some("batch_max = 100"));
    assert_eq!(commented_setting("# a = the first letter"), None);
}
