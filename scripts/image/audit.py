#!/usr/bin/env python3
"""What a reviewer asks of the packages in an image: audit.py fail|warn SBOM…

Asks apt for updates that this system lacks. Those from the security archive are printed; for a package that is in an image this
ends the build, unless `warn` says otherwise. Then every package with its version and licences. Needs the archive to be reachable.
"""
import json
import re
import subprocess
import sys

# Inst libssl3 [3.0.15-1] (3.0.17-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
UPDATE = re.compile(r"^Inst (\S+) (?:\[(\S+)\] )?\((\S+) ([^\[)]*)")


def security_updates(simulated):
    """[(package, installed version, version in the security archive)] from what `apt-get -s upgrade` prints."""
    found = (UPDATE.match(line) for line in simulated.splitlines())
    return [(m[1], m[2] or "-", m[3]) for m in found if m and "debian-security" in m[4].lower()]


def packages_of(sboms):
    return {one["name"]: one for bill in sboms for one in bill["components"]}


def judged(updates, packages):
    """(sentences on packages in an image, sentences on tools of the build)"""
    shipped = {one.get("name") for one in packages.values()} | {source_of(one) for one in packages.values()}
    lines = [(name, f"{name} {installed} lacks the security update {newer}") for name, installed, newer in updates]
    return [text for name, text in lines if name in shipped], [text for name, text in lines if name not in shipped]


def source_of(component):
    return next(one["value"] for one in component["properties"] if one["name"] == "debian:source")


def ask_apt():
    subprocess.run(["apt-get", "-qq", "update"], check=True, stdout=subprocess.DEVNULL)
    return subprocess.run(["apt-get", "-s", "upgrade"], check=True, text=True, stdout=subprocess.PIPE).stdout


def table(packages):
    rows = [(one["name"], one["version"], ", ".join(licence["license"]["name"] for licence in one["licenses"])) for one in packages.values()]
    return [f"{name:<24} {version:<28} {licence}" for name, version, licence in sorted(rows)]


def main(mode, paths, ask=ask_apt):
    sboms = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            sboms.append(json.load(file))
    packages = packages_of(sboms)
    try:
        serious, tools = judged(security_updates(ask()), packages)
    except subprocess.CalledProcessError as error:
        serious, tools = [f"the archives could not be asked for security updates ({error})"], []
    for line in serious:
        print("AUDIT:", line)
    for line in tools:
        print("audit, only in the build:", line)
    print(f"audit: {len(packages)} packages in the images, {len(serious)} findings")
    print("\n".join(table(packages)))
    if serious and mode == "fail":
        print("audit: build again without cached layers (--no-cache), or accept the findings with --build-arg AUDIT=warn", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("fail", "warn"):
        sys.exit("usage: audit.py fail|warn SBOM…")
    sys.exit(main(sys.argv[1], sys.argv[2:]))
