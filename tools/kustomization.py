"""Renders the folders of k8s/ where neither kubectl nor kustomize is at hand: as much of kustomize as they use, which are
resources, patches of both kinds, labels, images, a suffix of names and a namespace. Anything else is an error."""

import copy
import pathlib

import yaml

KNOWN = {"apiVersion", "kind", "resources", "patches", "labels", "images", "nameSuffix", "namespace"}
# The field by which a strategic merge tells the members of a list apart, by the list's place in its parent.
MERGE_KEYS = {"containers": "name", "env": "name", "volumes": "name", "volumeMounts": "mountPath"}
CLUSTER_WIDE = {"Namespace"}


class Unsupported(Exception):
    """What this file cannot render."""


def render(folder: pathlib.Path) -> list[dict]:
    """The documents of a folder with a kustomization.yaml."""
    plan = yaml.safe_load((folder / "kustomization.yaml").read_text())
    if unknown := set(plan) - KNOWN:
        raise Unsupported(f"{folder}: {', '.join(sorted(unknown))}")
    documents: list[dict] = []
    for name in plan.get("resources", []):
        path = (folder / name).resolve()
        documents += render(path) if path.is_dir() else list(yaml.safe_load_all(path.read_text()))
    for patch in plan.get("patches", []):
        documents = apply_patch(documents, patch, folder)
    if "nameSuffix" in plan:
        add_suffix(documents, plan["nameSuffix"])
    for entry in plan.get("labels", []):
        for document in documents:
            add_labels(document, entry["pairs"], selectors=entry.get("includeSelectors", False))
    for document in documents:
        if "namespace" in plan and document["kind"] not in CLUSTER_WIDE:
            document["metadata"]["namespace"] = plan["namespace"]
        for container in containers(document):
            set_image(container, plan.get("images", []))
    return documents


def containers(document: dict) -> list[dict]:
    spec = document.get("spec", {})
    for step in ["jobTemplate", "spec"] if document["kind"] == "CronJob" else []:
        spec = spec[step]
    pod = spec.get("template", {}).get("spec", {}) if isinstance(spec.get("template"), dict) else {}
    return pod.get("initContainers", []) + pod.get("containers", [])


def set_image(container: dict, images: list[dict]) -> None:
    name, _, tag = container["image"].partition(":")
    for image in images:
        if image["name"] == name:
            tag = str(image.get("newTag", tag))
            container["image"] = image.get("newName", name) + (f":{tag}" if tag else "")
            return


# Names and labels


def add_suffix(documents: list[dict], suffix: str) -> None:
    """Renames, and whatever of these documents names another of them."""
    names = {(document["kind"], document["metadata"]["name"]) for document in documents}
    for document in documents:
        document["metadata"]["name"] += suffix
        spec = document.get("spec", {})
        target = spec.get("scaleTargetRef", {})
        if (target.get("kind"), target.get("name")) in names:
            target["name"] += suffix
        pod = spec.get("template", {}).get("spec", {})
        if ("ServiceAccount", pod.get("serviceAccountName")) in names:
            pod["serviceAccountName"] += suffix


def add_labels(document: dict, pairs: dict, selectors: bool) -> None:
    document["metadata"].setdefault("labels", {}).update(pairs)
    if not selectors or "spec" not in document:
        return
    spec = document["spec"]
    if "template" in spec:
        spec["template"].setdefault("metadata", {}).setdefault("labels", {}).update(pairs)
        for constraint in spec["template"]["spec"].get("topologySpreadConstraints", []):
            constraint["labelSelector"]["matchLabels"].update(pairs)
    if document["kind"] == "Service":
        spec.setdefault("selector", {}).update(pairs)
    elif document["kind"] in {"Deployment", "StatefulSet"}:
        spec.setdefault("selector", {}).setdefault("matchLabels", {}).update(pairs)
    elif "matchLabels" in spec.get("selector", {}):
        spec["selector"]["matchLabels"].update(pairs)


# Patches


def apply_patch(documents: list[dict], patch: dict, folder: pathlib.Path) -> list[dict]:
    text = (folder / patch["path"]).read_text() if "path" in patch else patch["patch"]
    content = yaml.safe_load(text)
    target = patch.get("target") or {"kind": content["kind"], "name": content["metadata"]["name"]}
    chosen = [document for document in documents
              if document["kind"] == target["kind"] and target.get("name") in (None, document["metadata"]["name"])]
    if not chosen:
        raise Unsupported(f"{folder}: a patch of {target}, which is not there")
    if isinstance(content, list):
        for document in chosen:
            for operation in content:
                apply_operation(document, operation)
    elif content.get("$patch") == "delete":
        documents = [document for document in documents if not any(document is other for other in chosen)]
    else:
        for document in chosen:
            change = copy.deepcopy(content)
            change["metadata"].pop("name")
            merge(document, change)
    return documents


def apply_operation(document: dict, operation: dict) -> None:
    """One operation of a JSON patch (RFC 6902)."""
    *path, last = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")[1:]]
    place = document
    for step in path:
        place = place[int(step)] if isinstance(place, list) else place[step]
    value = copy.deepcopy(operation.get("value"))
    match operation["op"], place:
        case "add", list():
            place.insert(len(place) if last == "-" else int(last), value)
        case ("add", dict()):
            place[last] = value
        case "replace", list():
            place[int(last)] = value
        case "replace", dict() if last in place:
            place[last] = value
        case other, _:
            raise Unsupported(f"the operation {other} at {operation['path']}")


def merge(document: dict, change: dict) -> None:
    """Kubernetes' strategic merge: null removes, and lists of things with names are merged by these."""
    for key, value in change.items():
        if value is None:
            document.pop(key, None)
        elif isinstance(value, dict) and isinstance(document.get(key), dict):
            merge(document[key], value)
        elif isinstance(value, list) and (name := merge_key(key, value)):
            document[key] = merged_list(document.get(key, []), value, name)
        else:
            document[key] = copy.deepcopy(value)


def merge_key(key: str, members: list) -> str | None:
    if key == "ports":
        return "containerPort" if "containerPort" in members[0] else "port"
    return MERGE_KEYS.get(key)


def merged_list(members: list[dict], changes: list[dict], name: str) -> list[dict]:
    """What is new stands before what was there, as kustomize has it."""
    members = list(members)
    new = []
    for change in changes:
        there = next((member for member in members if member[name] == change[name]), None)
        if change.get("$patch") == "delete":
            members = [member for member in members if member is not there]
        elif there:
            merge(there, change)
        else:
            new.append(copy.deepcopy(change))
    return new + members
