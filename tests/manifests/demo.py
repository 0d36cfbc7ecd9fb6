"""The demo overlay, injected in both modes, and how its objects are found and written."""
import yaml

from harness import holdfast, kustomize, objects

MODES = {"native": ["--native", "true"], "container": ["--native", "false"]}


def injected(mode, *arguments):
    return holdfast("inject", "--labelled-only", *MODES[mode], *arguments, "-", text=kustomize("k8s/overlays/demo"))


def named(text, kind, name):
    return next(one for one in objects(text) if one["kind"] == kind and one["metadata"]["name"] == name)


def sidecars(workload):
    spec = workload["spec"]["template"]["spec"]
    return [one for one in spec.get("initContainers", []) + spec["containers"] if one["name"] == "holdfast"]


def read(path):
    with open(path, encoding="utf-8-sig") as file:
        return file.read()


def normal(text):
    """Old and new kustomize order, fold and quote differently; the objects are the same."""
    ordered = sorted(objects(text), key=lambda one: (one["kind"], one["metadata"]["name"]))
    return yaml.safe_dump_all(ordered, sort_keys=False, width=10000)
