"""Strict check of Kubernetes objects without a server: unknown fields, wrong types, required fields.

An API server ignores a misspelt field unless it is asked not to, and what was meant does not happen. The tables in types/ say
which fields a release has. The words of enumerations and rules across fields are not checked.
"""
import glob
import json
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))


class Types:
    """The field tables of one release of Kubernetes, and those of the Prometheus operator."""

    def __init__(self, release):
        self.release = release
        self.kinds, self.types = {}, {}
        for name in (f"kubernetes-{release}", "prometheus-operator"):
            with open(os.path.join(HERE, "types", name + ".json"), encoding="utf-8") as file:
                table = json.load(file)
            self.kinds.update(table["kinds"])
            self.types.update(table["types"])

    def faults(self, thing):
        """Sentences on what this release would not take from the object as it is written."""
        if not isinstance(thing, dict):
            return [f"an object is a mapping, not {thing!r}"]
        kind = f"{thing.get('apiVersion')} {thing.get('kind')}"
        if kind not in self.kinds:
            return [f"{kind} is no kind of the tables"]
        name = (thing.get("metadata") or {}).get("name")
        found = []
        self._walk(thing, self.kinds[kind], f"{thing['kind']}/{name}", found)
        return found

    def _walk(self, value, kind, at, found):
        if value is None or kind == "any":
            return
        if kind[0] in "[{":
            return self._each(value, kind, at, found)
        if kind not in self.types:
            return _scalar(value, kind, at, found)
        fields = self.types[kind]
        if fields == "any":
            return
        if not isinstance(value, dict):
            found.append(f"{at}: expected a mapping ({kind}), got {value!r}")
            return
        for name, inner in value.items():
            one = fields.get(name) or fields.get(f"{name}!")
            if one is None:
                found.append(f"{at}.{name}: {kind} has no such field in {self.release}")
            else:
                self._walk(inner, one, f"{at}.{name}", found)
        found.extend(f"{at}.{name[:-1]}: required" for name in fields if name.endswith("!") and value.get(name[:-1]) is None)

    def _each(self, value, kind, at, found):
        container = list if kind[0] == "[" else dict
        if not isinstance(value, container):
            found.append(f"{at}: expected a {container.__name__}, got {value!r}")
            return
        for key, inner in enumerate(value) if container is list else value.items():
            self._walk(inner, kind[1:-1], f"{at}[{key}]", found)


def _scalar(value, kind, at, found):
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = {"string": isinstance(value, str), "number": number, "boolean": isinstance(value, bool),
            "IntOrString": isinstance(value, str) or (number and isinstance(value, int))}
    if kind not in fits:
        found.append(f"{at}: the tables do not know {kind}")
    elif not fits[kind]:
        found.append(f"{at}: expected {kind}, got {value!r}")


def releases():
    """Those there are tables of, oldest first."""
    names = (re.search(r"kubernetes-(.*)\.json", path)[1] for path in glob.glob(os.path.join(HERE, "types", "kubernetes-*.json")))
    return sorted(names, key=lambda name: int(name.split(".")[1]))
