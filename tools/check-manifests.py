#!/usr/bin/env python3
"""Checks what deploys LMS Core: the Kubernetes manifests, docker-compose.yml, the Prometheus rules, and that the
documentation names every setting and leads nowhere that is not there.

Manifests are rendered by kubectl or kustomize when one of them is there, else by tools/kustomization.py, which is
compared with them where they are; what could not be rendered is a finding.
The schemas come from PyPI, into .lms/venv; where that cannot be reached, the check fails and says so.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = ROOT / ".lms" / "venv"
# The package docker-compose is there for the schema of the Compose specification alone.
PACKAGES = ["kubernetes-validate==1.31.0", "jsonschema", "PyYAML"]
COMPOSE_PACKAGE = "docker-compose==1.29.2"
OVERLAYS = ["base", "overlays/dev", "overlays/production", "overlays/static-files"]
PROCESSES = {"auth", "devices", "readings", "alerts", "billing", "realtime", "gateway"}


def enter_venv() -> None:
    """Goes on in the virtual environment, which is made the first time."""
    marker = VENV / "manifests.txt"
    wanted = "\n".join(PACKAGES + [COMPOSE_PACKAGE])
    if not marker.exists() or marker.read_text() != wanted:
        pip = [VENV / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
        try:
            VENV.parent.mkdir(mode=0o700, exist_ok=True)
            venv.create(VENV, with_pip=True, symlinks=True)
            subprocess.run(pip + PACKAGES, check=True)
            subprocess.run(pip + ["--no-deps", COMPOSE_PACKAGE], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"The manifests cannot be checked: the schemas cannot be installed ({error}).")
        marker.write_text(wanted)
    python = str(VENV / "bin" / "python")
    os.execv(python, [python, __file__])


if pathlib.Path(sys.prefix) != VENV:
    enter_venv()

import jsonschema  # noqa: E402
import kubernetes_validate  # noqa: E402
import kustomization  # noqa: E402
import yaml  # noqa: E402


class Findings(list):
    def expect(self, condition: object, sentence: str) -> None:
        if not condition:
            self.append(sentence)


# Kubernetes


def renderer() -> list[str]:
    """The command that renders a folder; empty when there is none on this machine."""
    for command in (["kubectl", "kustomize"], ["kustomize", "build"]):
        if shutil.which(command[0]):
            return command
    return []


def render(overlay: str, findings: Findings) -> list[dict]:
    folder = ROOT / "k8s" / overlay
    try:
        ours = kustomization.render(folder)
    except (kustomization.Unsupported, KeyError, IndexError, TypeError) as error:
        findings.append(f"tools/kustomization.py cannot render k8s/{overlay}: {error!r}")
        ours = None
    if not renderer():
        return ours or []
    run = subprocess.run([*renderer(), folder], capture_output=True, text=True)
    if run.returncode:
        findings.append(f"k8s/{overlay} cannot be rendered: {run.stderr.strip()}")
        return []
    theirs = list(yaml.safe_load_all(run.stdout))
    if ours is not None:
        for kind, name in differing(ours, theirs):
            findings.append(f"k8s/{overlay}: tools/kustomization.py renders {kind} {name} differently")
    return theirs


def differing(ours: list[dict], theirs: list[dict]) -> list[tuple[str, str]]:
    tables = [{(document["kind"], document["metadata"]["name"]): document for document in documents}
              for documents in (ours, theirs)]
    return sorted(key for key in tables[0].keys() | tables[1].keys() if tables[0].get(key) != tables[1].get(key))


def check_kubernetes(findings: Findings) -> int:
    documents = 0
    example = yaml.safe_load((ROOT / "k8s/base/secret.example.yaml").read_text())
    for overlay in OVERLAYS:
        rendered = render(overlay, findings)
        kinds = {document["kind"] for document in rendered}
        findings.expect({"Deployment", "Service", "NetworkPolicy"} <= kinds, f"k8s/{overlay} has only {sorted(kinds)}")
        for document in rendered:
            documents += 1
            name = f"k8s/{overlay}: {document['kind']} {document['metadata']['name']}"
            try:
                kubernetes_validate.validate(document, "1.31", strict=True)
            except kubernetes_validate.ValidationError as error:
                findings.append(f"{name}: {error.message}")
            if document["kind"] == "PodDisruptionBudget":
                chosen = document["spec"].get("selector", {}).get("matchLabels")
                findings.expect(chosen, f"{name} holds for no pod in particular")
            pod = document.get("spec", {}).get("template", {}).get("spec")
            if pod:
                check_pod(name, document["kind"], pod, set(example["stringData"]), findings)
    return documents


def check_pod(name: str, kind: str, pod: dict, secrets: set[str], findings: Findings) -> None:
    security = pod.get("securityContext", {})
    findings.expect(security.get("runAsNonRoot") and security.get("runAsUser"), f"{name} may run as root")
    findings.expect(security.get("seccompProfile", {}).get("type") == "RuntimeDefault", f"{name}: no seccomp profile")
    findings.expect(pod.get("automountServiceAccountToken") is False, f"{name} gets a token of the cluster")
    for container in pod["containers"]:
        check_container(name, kind, container, findings)
        for variable in container.get("env", []):
            key = variable.get("valueFrom", {}).get("secretKeyRef", {}).get("key")
            known = key is None or key in secrets or key == "LMS_SERVICE_DATABASE_URL"
            findings.expect(known, f"{name}: no secret is called {key}")
            check_setting(name, variable["name"], findings)


def check_container(name: str, kind: str, container: dict, findings: Findings) -> None:
    security = container.get("securityContext", {})
    findings.expect(security.get("allowPrivilegeEscalation") is False, f"{name} may gain privileges")
    findings.expect(security.get("capabilities", {}).get("drop") == ["ALL"], f"{name} keeps capabilities")
    resources = container.get("resources", {})
    findings.expect("memory" in resources.get("limits", {}) and "requests" in resources, f"{name}: no bounds")
    if kind != "StatefulSet":
        findings.expect(security.get("readOnlyRootFilesystem"), f"{name} may write to its image")
    if kind == "Deployment":
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"]:
            findings.expect(probe in container, f"{name}: no {probe}")


# Settings


def known_settings() -> set[str]:
    """The names that the code reads."""
    sources = [ROOT / "gateway/gateway.yaml", *(ROOT / "kit/ServiceKit").rglob("*.swift"),
               *(ROOT / "gateway").rglob("*.swift"), *(ROOT / "tools/lms").rglob("*.swift")]
    names = {name for path in sources for name in re.findall(r"LMS_[A-Z_]*[A-Z]", path.read_text())}
    return names | {f"LMS_{process.upper()}_URL" for process in PROCESSES}


SETTINGS = known_settings()


def check_setting(name: str, variable: str, findings: Findings) -> None:
    findings.expect(not variable.startswith("LMS_") or variable in SETTINGS, f"{name}: nothing reads {variable}")


# Compose


def check_compose(findings: Findings) -> int:
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    schema_file = next(VENV.rglob("compose/config/compose_spec.json"))
    schema = json.loads(schema_file.read_text())
    # `name` is newer than this schema.
    dated = {key: value for key, value in document.items() if key != "name"}
    for error in jsonschema.Draft7Validator(schema).iter_errors(dated):
        findings.append(f"docker-compose.yml: {'/'.join(map(str, error.path))}: {error.message}")
    services = document["services"]
    findings.expect(PROCESSES < set(services), f"docker-compose.yml lacks {PROCESSES - set(services)}")
    for name, service in services.items():
        where = f"docker-compose.yml: {name}"
        for variable in service.get("environment", {}):
            check_setting(where, variable, findings)
        for other in service.get("depends_on", []):
            findings.expect(other in services, f"{where} depends on {other}, which is not there")
        for network in service.get("networks", []):
            findings.expect(network in document["networks"], f"{where}: no network {network}")
        if name in PROCESSES | {"migrate"}:
            hardened = service.get("read_only") and service.get("cap_drop") == ["ALL"]
            findings.expect(hardened, f"{where} is not confined")
    check_compose_tls(schema, services, findings)
    check_secrets(findings)
    return len(services)


def check_compose_tls(schema: dict, services: dict, findings: Findings) -> None:
    """What is laid over docker-compose.yml belongs to a service of it."""
    document = yaml.safe_load((ROOT / "docker-compose.tls.yml").read_text())
    for error in jsonschema.Draft7Validator(schema).iter_errors(document):
        findings.append(f"docker-compose.tls.yml: {'/'.join(map(str, error.path))}: {error.message}")
    for name, service in document["services"].items():
        findings.expect(name in services, f"docker-compose.tls.yml: there is no service {name}")
        for variable in service.get("environment", {}):
            check_setting(f"docker-compose.tls.yml: {name}", variable, findings)


def check_secrets(findings: Findings) -> None:
    """What compose must be given is what make-secrets.py makes and .env.example shows."""
    text = (ROOT / "docker-compose.yml").read_text()
    needed = set(re.findall(r"\$\{(\w+):\?", text))
    made = {line.split("=")[0] for line in subprocess.run(
        [sys.executable, ROOT / "tools/make-secrets.py"], check=True, capture_output=True, text=True
    ).stdout.splitlines()}
    example = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    findings.expect(needed <= made, f"make-secrets.py does not make {needed - made}")
    findings.expect(made == example, f".env.example differs from make-secrets.py in {made ^ example}")


# Prometheus


def check_rules(findings: Findings) -> int:
    """Every rule speaks of metrics that the code has."""
    sources = [path for folder in ["kit", "services", "gateway"] for path in (ROOT / folder).rglob("*.swift")]
    metrics = {name for path in sources for name in re.findall(r'"(lms_[a-z_]+)"', path.read_text())}
    rules = [rule for group in yaml.safe_load((ROOT / "k8s/monitoring/rules.yml").read_text())["groups"]
             for rule in group["rules"]]
    yaml.safe_load((ROOT / "k8s/monitoring/prometheus.yml").read_text())
    for rule in rules:
        for name in re.findall(r"lms_[a-z_]+", rule["expr"]):
            known = name in metrics or name.removesuffix("_total") in metrics
            findings.expect(known, f"rules.yml: {rule['alert']}: there is no metric {name}")
    return len(rules)


# Documentation


def check_documentation(findings: Findings) -> None:
    text = (ROOT / "docs/configuration.md").read_text()
    sources = [ROOT / "gateway/gateway.yaml", ROOT / "kit/ServiceKit/Configuration/Setting.swift"]
    for name in {name for path in sources for name in re.findall(r"LMS_[A-Z_]*[A-Z]", path.read_text())}:
        findings.expect(name in text, f"docs/configuration.md does not explain {name}")
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for link in re.findall(r"(?<!!)\[[^]]*\]\(([^)#]+)", page.read_text()):
            there = "://" in link or (page.parent / link).exists()
            findings.expect(there, f"{page.relative_to(ROOT)} links to {link}, which is not there")


def main() -> None:
    findings = Findings()
    documents = check_kubernetes(findings)
    services = check_compose(findings)
    rules = check_rules(findings)
    check_documentation(findings)
    for finding in findings:
        print(finding, file=sys.stderr)
    if findings:
        sys.exit(1)
    print(f"{documents} manifests, {services} services of compose and {rules} rules are valid.")
    if not renderer():
        print("The manifests were rendered by tools/kustomization.py, as there is neither kubectl nor kustomize.")


if __name__ == "__main__":
    main()
