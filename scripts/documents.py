"""The parts of the documents that are made from something else, each between two marks: the table of dependencies, the rules, the contracts.

Without an argument it writes them; with --check it fails where one is not as it would be written, and where a document names a test
that is not there.
"""
import json
import re
import sys
from pathlib import Path

CHECKS = sys.argv[1:] == ["--check"]
wrong = []


def put(path, mark, lines):
    """Between `<!-- mark -->` and `<!-- /mark -->`."""
    path, begin, end = Path(path), f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
    before, rest = path.read_text().split(begin)
    after = rest.split(end)[1]
    text = before + begin + "\n".join(["", *lines, ""]) + "\n" + end + after
    if CHECKS and text != path.read_text():
        wrong.append(f"{path}: the part `{mark}` is not what it is made from: run scripts/documents")
    elif not CHECKS:
        path.write_text(text)


def table(head, rows):
    cell = lambda text: str(text).replace("|", "\\|")  # noqa: E731
    line = lambda cells: "| " + " | ".join(map(cell, cells)) + " |"  # noqa: E731
    return [line(head), "|" + "---|" * len(head), *map(line, rows)]


def dependencies():
    """Name and reason stand in one line of the manifest; the house's own packages have a path."""
    section = Path("Cargo.toml").read_text().split("[workspace.dependencies]")[1].split("[workspace.lints")[0]
    shipped, tests_only, rows = [], [], None
    rows = shipped
    for line in section.splitlines():
        if line.startswith("# tests only"):
            rows = tests_only
        found = re.match(r"([\w-]+) = (.+?)\s+# (.+)$", line)
        if found:
            version = re.search(r'"(\d[\d.]*)"', found[2])[1]
            rows.append([f"`{found[1]}`", version, found[3]])
    head = ["crate", "version", "what it is for"]
    return [*table(head, shipped), "", "Tests only:", "", *table(head, tests_only)]


def rules():
    text = Path("src/domain/rules.rs").read_text()
    found = re.findall(r'^    \w+ = (\d+), "(.+)", "(.+)";$', text, re.M)
    return table(["rule", "what it decides", "what it rests on"], found)


SCALARS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "null"}


def form(schema):
    """What a value looks like, in words."""
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return "one of " + ", ".join("null" if value is None else f"`{value}`" for value in schema["enum"])
    kinds = schema.get("type", "object")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "array" in kinds:
        return f"list, at most {schema['maxItems']}" if "maxItems" in schema else "list"
    if "object" in kinds:
        return "group"
    words = " or ".join(SCALARS[kind] for kind in kinds if kind != "null")
    if schema.get("format"):
        words = {"date": "day (2026-11-19)", "date-time": "instant with offset (2026-11-20T09:15:00Z)"}.get(schema["format"], schema["format"])
    if "maxLength" in schema:
        words += f", at most {schema['maxLength']} characters"
    if "minimum" in schema and "maximum" in schema:
        words += f", {schema['minimum']} to {schema['maximum']}"
    if "pattern" in schema:
        words += f", `{schema['pattern']}`"
    return words


def fields(schema, root, prefix=""):
    def resolved(part):
        if "$ref" not in part:
            return part
        target = root
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return {**resolved(target), **{key: value for key, value in part.items() if key != "$ref"}}

    rows = []
    for name, part in schema.get("properties", {}).items():
        part, path = resolved(part), f"{prefix}{name}"
        required = "yes" if name in schema.get("required", []) else ""
        rows.append([f"`{path}`", required, form(part), part.get("description", "")])
        rows += fields(part, root, f"{path}.")
        if "items" in part:
            rows += fields(resolved(part["items"]), root, f"{path}[].")
    return rows


def messages():
    lines = []
    for path in sorted(Path("schemas").glob("*/*/*.schema.json")):
        schema = json.loads(path.read_text())
        kind, version = path.parts[1:3]
        lines += [f"### {kind} {version}", "", schema["description"], ""]
        if path.with_name(f"{kind}.xsd").exists():
            lines += [f"XML: `<{kind} xmlns=\"urn:placement-hub:{kind}:{version.split('.')[0]}\">`. ", ""]
        lines += [*table(["field", "required", "form", "meaning"], fields(schema, schema)), ""]
    return lines[:-1]


def tests_that_are_named():
    """`path`::name in a document is a function in that file."""
    for document in [*Path("docs").glob("*.md"), Path("README.md")]:
        for file, name in re.findall(r"`([\w./-]+\.rs)`::(\w+)", document.read_text()):
            if not Path(file).is_file():
                wrong.append(f"{document}: there is no {file}")
            elif not re.search(rf"fn {name}\b", Path(file).read_text()):
                wrong.append(f"{document}: {file} has no test {name}")


put("README.md", "dependencies", dependencies())
put("docs/RULES.md", "rules", rules())
put("docs/MESSAGES.md", "messages", messages())
tests_that_are_named()
for what in wrong:
    print(what)
sys.exit(1 if wrong else 0)
