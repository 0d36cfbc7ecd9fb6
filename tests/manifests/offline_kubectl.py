#!/usr/bin/env python3
"""kubectl for docs_test.py where there is no API server: a folder of objects takes its place.

What kubectl can do by itself (kustomize, create --dry-run, patch, label and set with --local) the real one does; an applied object must
pass the strict check. What needs a cluster is noted in the file `not_run`; the real one says whether it would be understood. With an API
server (OFFLINE_KUBECONFIG) the real one does all but what needs controllers and a kubelet. OFFLINE_CLUSTER is the folder, OFFLINE_KUBECTL
the real program.
"""
import os
import subprocess
import sys

import yaml

import strict
from harness import objects

FOLDER, REAL = os.environ["OFFLINE_CLUSTER"], os.environ["OFFLINE_KUBECTL"]
KINDS = {"namespace": "Namespace", "secret": "Secret", "deployment": "Deployment", "mutatingwebhookconfiguration": "MutatingWebhookConfiguration"}
KUBECONFIG = os.environ.get("OFFLINE_KUBECONFIG")
NEEDS_SERVER = [("rollout",), ("get", "events"), ("get", "pods"), ("describe",), ("logs",)]
NEEDS_CONTROLLERS = [("rollout", "status"), ("logs",), ("delete", "-k")]


def real(*arguments):
    done = subprocess.run([REAL, *arguments], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout.decode()


def place(kind, namespace, name):
    return os.path.join(FOLDER, f"{kind}.{namespace or '-'}.{name}.yaml")


def found(kind, namespace, name):
    """The file of an object; cluster-wide ones have no namespace."""
    paths = [place(kind, where, name) for where in (namespace, None)]
    there = [path for path in paths if os.path.exists(path)]
    if not there:
        sys.exit(f'Error from server (NotFound): {kind} "{name}" not found')
    return there[0]


def store(text, namespace=None):
    types = strict.Types(strict.releases()[-1])
    for one in objects(text):
        faults = types.faults(one)
        if faults:
            sys.exit("Error from server (BadRequest): " + "; ".join(faults))
        metadata = one["metadata"]
        where = metadata.get("namespace") or (namespace if one["kind"] not in ("Namespace", KINDS["mutatingwebhookconfiguration"]) else None)
        path = place(one["kind"], where, metadata["name"])
        # As apply does: what the cluster knows and the file does not mention stays. Debian's kubectl knows no policy/v1.
        mergeable = not one["apiVersion"].startswith(("monitoring", "policy"))
        if os.path.exists(path) and mergeable:
            one = yaml.safe_load(real("patch", "--local", "-f", path, "--type=strategic", "-p", yaml.safe_dump(one), "-o", "yaml"))
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(one, file)
        print(f"{one['kind'].lower()}/{metadata['name']} configured")


def replace(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def manifests(words):
    """The text that -f or -k name."""
    if "-k" in words:
        return real("kustomize", words[words.index("-k") + 1])
    name = words[words.index("-f") + 1]
    if name == "-":
        return sys.stdin.read()
    with open(name, encoding="utf-8") as file:
        return file.read()


def get(words, namespace):
    names = [word for word in words[2:words.index("-o")]]
    items = []
    for name in names:
        with open(found(KINDS[words[1]], namespace, name), encoding="utf-8") as file:
            items.append(yaml.safe_load(file))
    print(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items}))


def delete(words, namespace):
    if "-k" in words:
        for one in objects(manifests(words)):
            path = place(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
            if os.path.exists(path):
                os.remove(path)
    else:
        os.remove(found(KINDS[words[1]], namespace, words[2]))


def understood(words):
    """A command that kubectl understands gets as far as a server that is not there."""
    done = subprocess.run([REAL, "--kubeconfig", os.devnull, "--server", "http://127.0.0.1:1", *words], capture_output=True, timeout=30, check=False)
    if b"refused" not in done.stderr:
        sys.exit(done.stderr.decode())


def main(words):
    namespace, given = None, words
    if "-n" in words:
        at = words.index("-n")
        namespace = words[at + 1]
        words = words[:at] + words[at + 2:]
    if any(tuple(words[:len(start)]) == start for start in (NEEDS_CONTROLLERS if KUBECONFIG else NEEDS_SERVER)):
        with open(os.path.join(FOLDER, "not_run"), "a", encoding="utf-8") as file:
            file.write("kubectl " + " ".join(sys.argv[1:]) + "\n")
        return understood(given)
    if KUBECONFIG:
        os.execv(REAL, [REAL, "--kubeconfig", KUBECONFIG, *given])
    verb = words[0]
    if verb == "kustomize":
        return print(real(*words), end="")
    if verb == "apply":
        return store(manifests(words), namespace)
    if verb == "create":
        dry = "--dry-run=client" in words
        text = real(*words, *(["-n", namespace] if namespace else []), *([] if dry else ["--dry-run=client", "-o", "yaml"]))
        return print(text) if dry else store(text, namespace)
    if verb == "get":
        return get(words, namespace)
    if verb == "delete":
        return delete(words, namespace)
    if verb in ("patch", "label"):
        path = found(KINDS[words[1]], namespace, words[2])
        return replace(path, real(verb, "--local", "-f", path, *words[3:], "-o", "yaml"))
    if verb == "set":
        path = found(KINDS[words[2].split("/")[0]], namespace, words[2].split("/")[1])
        return replace(path, real("set", words[1], "--local", "-f", path, *words[3:], "-o", "yaml"))
    sys.exit(f"no way to run kubectl {' '.join(words)} without a cluster")


if __name__ == "__main__":
    main(sys.argv[1:])
