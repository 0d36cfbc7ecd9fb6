#!/usr/bin/env python3
"""CycloneDX 1.5 bill of materials of one image's folder, from what dpkg knows: sbom.py TREE VERSION REVISION BUILD_FOLDER PROGRAM…

Every file of the folder is in it with its hash, below the Debian package that it came from or below the first program, which names
the image. Packages of which only headers were compiled in are listed as well (the build's own dependency files name them), unless a
library of the same source package is there already. No clock and no random number goes in: the same folder gives the same bytes.
"""
import collections
import glob
import hashlib
import json
import os
import re
import subprocess
import sys
import uuid

DPKG = "/var/lib/dpkg/info"
GENERATED = {"/etc/ssl/certs/ca-certificates.crt": "ca-certificates"}  # made by a package's script, so dpkg lists no owner
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "holdfast.dev")
Package = collections.namedtuple("Package", "name version architecture source source_version")


def run(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def owners():
    """{path: package} of every installed file. With /lib a link to /usr/lib, a file may be listed under either name."""
    known = {}
    for path in sorted(glob.glob(DPKG + "/*.list")):
        package = os.path.basename(path)[:-len(".list")]
        with open(path, encoding="utf-8") as file:
            known.update((line.rstrip("\n"), package) for line in file)
    return known


def owner_of(path, known):
    """The package of a file of this system, or None. Links are followed: the package holds the file with the full version."""
    real = os.path.realpath(path)
    for name in (path, real, real.removeprefix("/usr")):
        if name in known:
            return known[name]
    return GENERATED.get(path)


def package(name):
    fields = "${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}"
    return Package(*run("dpkg-query", "-W", "-f", fields, name).split("\t"))


def licences(name):
    """The short names that a package's copyright file gives, or those of the texts that it refers to."""
    with open(f"/usr/share/doc/{name}/copyright", encoding="utf-8", errors="replace") as file:
        text = file.read()
    if re.match(r"(?i)format(-specification)?:", text):
        found = re.findall(r"(?mi)^license:[ \t]*(\S.*?)[ \t]*$", text)
    else:
        found = re.findall(r"/usr/share/common-licenses/([A-Za-z0-9.+-]*[A-Za-z0-9+])", text)
    return list(dict.fromkeys(found)) or ["see the package's copyright file"]


def file_component(tree, path):
    with open(tree + path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return {"type": "file", "name": path, "hashes": [{"alg": "SHA-256", "content": digest}]}


def component(of, files, how):
    distribution = "debian-12"
    purl = f"pkg:deb/debian/{of.name}@{of.version.replace('+', '%2B')}?arch={of.architecture}&distro={distribution}"
    made = {"type": "library", "bom-ref": f"{of.name}@{of.version}", "name": of.name, "version": of.version, "scope": "required",
            "licenses": [{"license": {"name": name}} for name in licences(of.name)], "purl": purl,
            "properties": [{"name": "debian:source", "value": of.source}, {"name": "debian:source-version", "value": of.source_version},
                           {"name": "holdfast:use", "value": how}]}
    if files:
        made["components"] = files
    return made


def shipped(tree, known):
    """({package: its files}, the files that are no package's)."""
    by_package, own = collections.defaultdict(list), []
    for folder, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                continue
            path = path[len(tree):]
            owner = owner_of(path, known) if path in GENERATED or not path.startswith(("/etc/", "/usr/bin/")) else None
            (by_package[owner] if owner else own).append(path)
    return {name: sorted(by_package[name]) for name in sorted(by_package)}, sorted(own)


def headers_of(build, programs):
    """The headers outside the source tree that the objects of the programs were compiled with."""
    inputs = [line for program in programs for line in run("ninja", "-C", build, "-t", "inputs", program).splitlines()]
    objects = {line for line in inputs if line.endswith(".o")}
    found, wanted = set(), False
    for line in run("ninja", "-C", build, "-t", "deps").splitlines():
        if not line.startswith(" "):
            wanted = line.split(":")[0] in objects
        elif wanted and line.strip().startswith("/usr/"):
            found.add(os.path.normpath(line.strip()))
    return found


def compiled_in(build, programs, known, libraries):
    sources = {one.source for one in libraries}
    names = {owner_of(path, known) for path in headers_of(build, programs)} - {None}
    return [one for one in map(package, sorted(names)) if one.source not in sources]


def needs(tree, files, package_of):
    """The packages that hold what the ELF files name as needed, but for their own."""
    wanted = set()
    for path in files:
        with open(tree + path, "rb") as file:
            if file.read(4) != b"\x7fELF":
                continue
        wanted |= set(re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", tree + path)))
    return sorted({package_of[name] for name in wanted if name in package_of})


def bill(tree, version, revision, build, *programs):
    program = programs[0]
    known = owners()
    by_package, own = shipped(tree, known)
    packages = {name: package(name) for name in by_package}
    references = {name: f"{one.name}@{one.version}" for name, one in packages.items()}
    package_of = {os.path.basename(path): references[name] for name, files in by_package.items() for path in files}
    listed = [component(packages[name], [file_component(tree, path) for path in files], "file in the image") for name, files in by_package.items()]
    inside = compiled_in(build, programs, known, packages.values())
    listed += [component(one, [], "headers compiled in") for one in inside]
    subject = {"type": "application", "bom-ref": program, "name": program, "version": version,
               "properties": [{"name": "holdfast:revision", "value": revision}],
               "components": [file_component(tree, path) for path in own]}
    direct = needs(tree, own, package_of) + [f"{one.name}@{one.version}" for one in inside]
    direct += [references[name] for path, name in GENERATED.items() if name in references]
    graph = [{"ref": program, "dependsOn": sorted(set(direct))}]
    for name, files in by_package.items():
        graph.append({"ref": references[name], "dependsOn": [one for one in needs(tree, files, package_of) if one != references[name]]})
    made = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": {"component": subject}, "components": listed, "dependencies": graph}
    made["serialNumber"] = f"urn:uuid:{uuid.uuid5(NAMESPACE, json.dumps(made, sort_keys=True))}"
    return made


if __name__ == "__main__":
    if len(sys.argv) < 6:
        sys.exit("usage: sbom.py TREE VERSION REVISION BUILD_FOLDER PROGRAM…")
    print(json.dumps(bill(sys.argv[1].rstrip("/"), *sys.argv[2:]), indent=1, sort_keys=True))
