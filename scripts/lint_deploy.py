"""Checks what lies under deploy/: run by scripts/lint-deploy with the Python of scripts/lint-requirements.txt.

Each check prints what is wrong, a line each; the program fails where any did.
"""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import compose_spec
import kubernetes_validate
import yaml

DEPLOY = Path("deploy")
# The oldest that is still supported, so that nothing newer is relied on.
KUBERNETES = "1.32"
# Kinds of operators, whose schemas are in no registry: they are rendered and linted as YAML, and no more is claimed.
OF_OPERATORS = {"ServiceMonitor", "RabbitmqCluster"}
# systemd's own scale from 0 (closed) to 100 (open).
EXPOSURE_MAX = 15

wrong = []


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        wrong.append(f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def program(name):
    return str(Path(sys.executable).parent / name)


def containers():
    run(program("hadolint"), "--strict-labels", DEPLOY / "Dockerfile")
    compose = DEPLOY / "compose/compose.yaml"
    try:
        compose_spec.PyOptions().from_yaml(compose.read_text()).validate()
    except Exception as error:  # the library has no narrower one
        wrong.append(f"{compose}: {error}")
    run(program("compose-lint"), compose)
    # What a file names beside it exists, or is made by make-secrets.
    for name, service in yaml.safe_load(compose.read_text())["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith(".") and "secrets/" not in source and not (compose.parent / source).exists():
                wrong.append(f"{compose}: {name}: there is no {source}")


def manifests():
    for folder in sorted(path.parent for path in DEPLOY.glob("kubernetes/**/kustomization.yaml")):
        kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
        named = set(kustomization["resources"])
        there = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
        wrong.extend(f"{folder}: {name} is not in kustomization.yaml" for name in there - named)
        documents = [(folder / name, document) for name in named for document in yaml.safe_load_all((folder / name).read_text())]
        if shutil.which("kubectl"):
            documents += [(folder, document) for document in yaml.safe_load_all(run("kubectl", "kustomize", folder))]
        for place, document in documents:
            validate(place, document)


def validate(place, document):
    if document["kind"] in OF_OPERATORS:
        return
    try:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        wrong.append(f"{place}: {document['kind']}: {error}")


def units():
    if not shutil.which("systemd-analyze"):
        print("lint: units NOT checked, because systemd-analyze is not installed here")
        return
    for unit in DEPLOY.glob("systemd/*.service"):
        # It asks for the program to be there: another stands in for it.
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / unit.name
            copy.write_text(unit.read_text().replace("/usr/bin/placement-hub", "/bin/true"))
            said = run("systemd-analyze", "verify", "--man=no", copy)
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True, check=False)
            ours = [line for line in (said + done.stderr).splitlines() if unit.name in line]
            wrong.extend(f"{unit}: {line}" for line in ours)
        run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", unit)


run(program("yamllint"), "--strict", "--config-file", DEPLOY / ".yamllint", DEPLOY)
# What is no YAML can't be looked into.
if not wrong:
    containers()
    manifests()
    units()
for what in wrong:
    print(what)
sys.exit(1 if wrong else 0)
