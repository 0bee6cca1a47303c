"""The parts of the hub's program as a CycloneDX 1.6 document, from Cargo's own resolution and Cargo.lock.

It names what is shipped and what builds it, not what only tests use. It holds no time and no random number: the same lock file gives the same bytes.
"""
import json
import subprocess
import sys
import tomllib
from pathlib import Path

TARGET = sys.argv[1]
ROOT = "placement-hub"


def metadata():
    command = ["cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={TARGET}"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def shipped(nodes, root):
    """Package -> what it needs, without tests; everything that can be reached from the root."""
    found, waiting = {}, [root]
    while waiting:
        package = waiting.pop()
        if package in found:
            continue
        needs = [d["pkg"] for d in nodes[package]["deps"] if any(kind["kind"] != "dev" for kind in d["dep_kinds"])]
        found[package] = sorted(set(needs))
        waiting += needs
    return found


def reference(package):
    return f"{packages[package]['name']}@{packages[package]['version']}"


def component(package, checksums, root):
    name, version = package["name"], package["version"]
    described = {
        "type": "application" if package["id"] == root else "library",
        "bom-ref": f"{name}@{version}",
        "name": name,
        "version": version,
        "purl": f"pkg:cargo/{name}@{version}",
    }
    if package["description"]:
        described["description"] = " ".join(package["description"].split())
    if package["license"]:
        # Cargo still takes the old way to write "or".
        described["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if (name, version) in checksums:
        described["hashes"] = [{"alg": "SHA-256", "content": checksums[name, version]}]
    if package["repository"]:
        described["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return described


facts = metadata()
packages = {package["id"]: package for package in facts["packages"]}
root = next(package["id"] for package in facts["packages"] if package["name"] == ROOT)
found = shipped({node["id"]: node for node in facts["resolve"]["nodes"]}, root)
locked = tomllib.loads(Path("Cargo.lock").read_text())["package"]
checksums = {(package["name"], package["version"]): package["checksum"] for package in locked if "checksum" in package}
described = {package: component(packages[package], checksums, root) for package in found}
document = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "version": 1,
    "metadata": {"component": described.pop(root)},
    "components": sorted(described.values(), key=lambda part: part["bom-ref"]),
    "dependencies": sorted(
        ({"ref": reference(package), "dependsOn": sorted({reference(need) for need in needs})} for package, needs in found.items()),
        key=lambda entry: entry["ref"],
    ),
}
print(json.dumps(document, indent=2))
