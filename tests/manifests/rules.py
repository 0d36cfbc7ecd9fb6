"""The rules of k8s/monitoring, as Prometheus itself reads them, and what they ask for."""
import os
import re

import yaml

import harness

FILES = ("sidecar-rules.yaml", "webhook-rules.yaml")
SELECTOR = re.compile(r"\b((?:namespace_service:)?[a-z][a-z0-9_:]*)(\{[^}]*\})?(?=[\s\[)}]|$)")
WORDS = {"sum", "min", "max", "count", "by", "on", "and", "or", "rate", "increase", "absent", "time", "histogram_quantile", "topk",
         "namespace", "service", "pod", "le", "group_left", "ignoring", "without", "unless", "offset", "reason", "blame", "route", "code", "policy"}


def groups():
    """All groups of rules, in order."""
    for name in FILES:
        with open(os.path.join(harness.ROOT, "k8s", "monitoring", name), encoding="utf-8") as file:
            yield from yaml.safe_load(file)["spec"]["groups"]


def alerts():
    return [rule for group in groups() for rule in group["rules"] if "alert" in rule]


def write(path):
    """Writes them as a rule file of Prometheus."""
    with open(path, "w", encoding="utf-8") as file:
        yaml.safe_dump({"groups": list(groups())}, file, sort_keys=False)
    return path


def selectors(expression):
    """The series an expression reads: `name{matchers}`, without functions, ranges and comparisons."""
    bare = re.sub(r"\b(by|on|without|ignoring|group_left) ?\([^)]*\)", " ", expression)
    return {name + (matchers or "") for name, matchers in SELECTOR.findall(bare) if name not in WORDS and not name.isdigit()}
