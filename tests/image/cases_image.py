"""The images themselves: built twice, what is in them, what is said about them, and how they run."""
import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile

import store
from support import ROOT, case, check, podman

sys.path.insert(0, os.path.join(ROOT, "scripts", "image"))
import audit  # noqa: E402

PROGRAMS = ("holdfast", "users-service")
EVIDENCE = os.path.join(ROOT, "build", "image", "evidence")
SIZE_MAX = 15 << 20


def image(program):
    return f"localhost/{program}:dev"


def build_arguments():
    return ["--build-arg", "REVISION=" + store.revision()]


@case("build: both images and the evidence beside them")
def _():
    for program in PROGRAMS:
        built = store.Build(program, program, *build_arguments(), tag=image(program)).id()
        store.say(f"    {program}: {store.inspect(image(program))['Size']:,} bytes, {built}")
    shutil.rmtree(EVIDENCE, ignore_errors=True)
    store.Build("evidence", "evidence", *build_arguments(), output=EVIDENCE).wait()


class Again:
    """The image of the first build, from layers that are there, and then the second, for which every command runs again."""

    def __init__(self):
        self.compiles = "--no-objects" in sys.argv
        self.first = store.Build("first", "holdfast", *build_arguments()).id()
        self.second = store.Build("again", "holdfast", *build_arguments(), cached=False, objects=not self.compiles)

    def end(self):
        self.second.end()


@case("build: once more, every command run again, gives the same image", begin=Again)
def _(again):
    second = again.second.id()
    store.say("    every source was compiled again" if again.compiles else
              "    object files may come from ccache; run.py --no-objects compiles every source again")
    check(again.first == second, f"{again.first} first, then {second}")


@case("image: holdfast has at most 15 MiB")
def _():
    size = store.inspect(image("holdfast"))["Size"]
    check(size <= SIZE_MAX, f"{size} bytes")


@case("image: the labels say what it is, and agree with the program")
def _():
    for program in PROGRAMS:
        labels = store.inspect(image(program))["Labels"]
        check(labels["org.opencontainers.image.title"] == program, labels)
        check(len(labels["org.opencontainers.image.description"]) > 20, labels)
        check(labels["org.opencontainers.image.revision"] == store.revision(), labels)
    printed = podman("run", "--rm", "--network=none", "--pull=never", image("holdfast"), "version")
    labels = store.inspect(image("holdfast"))["Labels"]
    check(f"holdfast {labels['org.opencontainers.image.version']}\n" in printed, printed)
    check(re.search(rf"^commit +{labels['org.opencontainers.image.revision']}$", printed, re.M), printed)


def files_of(folder):
    """{path in the image: its status} of everything but directories."""
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            found[path[len(folder):]] = os.lstat(path)
    return found


# What each image holds; the first gives it its name.
INSIDE = {"holdfast": ["holdfast", "holdfast-webhook"], "users-service": ["users-service"]}


@case("image: its programs, their libraries, a CA bundle and one user; no shell, no set-uid bit, nothing that others may write")
def _():
    bill = "/usr/share/doc/{0}/{0}.cdx.json"
    expected = r"/etc/(passwd|group|nsswitch\.conf|ssl/certs/ca-certificates\.crt)|/usr/lib/ssl/certs|/lib(64)?/[a-z0-9_/+.-]+\.so[.0-9]*"
    for program in PROGRAMS:
        with store.Mounted(image(program)) as folder:
            files = files_of(folder)
        own = {f"/usr/bin/{one}" for one in INSIDE[program]} | {bill.format(program)}
        check(own <= set(files), f"{program} lacks {own - set(files)}")
        strange = [path for path in files if path not in own and not re.fullmatch(expected, path)]
        check(not strange, f"{program}: {strange}")
        loose = [path for path, one in files.items() if not stat.S_ISLNK(one.st_mode) and one.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH)]
        check(not loose, f"{program}: {loose}")
        check(store.inspect(image(program))["Config"]["User"] == "65532:65532", "user")
        store.say(f"    {program}: " + ", ".join(sorted(os.path.basename(path) for path in files)))


@case("image: there is no shell to be had")
def _():
    for shell in ("/bin/sh", "/bin/bash", "/usr/bin/busybox"):
        done = subprocess.run(["podman", "run", "--rm", "--network=none", "--pull=never", "--entrypoint", shell, image("holdfast"), "-c", "exit 0"],
                              capture_output=True, text=True, timeout=60, check=False)
        check(done.returncode == 127, f"{shell}: {done.returncode} {done.stderr}")


@case("image: a fault in the configuration is told with file and line, exit 78")
def _():
    done = subprocess.run(["podman", "run", "--rm", "-i", "--network=none", "--pull=never", "-v", f"{ROOT}/tests/image/bad_policy.yaml:/etc/holdfast/policy.yaml:ro",
                           image("holdfast"), "check", "/etc/holdfast/policy.yaml"], capture_output=True, text=True, timeout=60, check=False)
    check(done.returncode == 78 and "/etc/holdfast/policy.yaml:4:" in done.stdout + done.stderr, f"{done.returncode} {done.stdout} {done.stderr}")


@case("image: it makes the certificates of its webhook")
def _():
    printed = podman("run", "--rm", "--network=none", "--read-only", "--pull=never", image("holdfast"), "certs")
    check(printed.count("kind: Secret") == 2 and "tls.crt:" in printed, printed[:300])


def bill_of(program):
    with open(os.path.join(EVIDENCE, program + ".cdx.json"), encoding="utf-8") as file:
        return json.load(file)


@case("bill of materials: CycloneDX 1.5 with versions, sources, licences and a graph without loose ends")
def _():
    for program in PROGRAMS:
        bill = bill_of(program)
        check((bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.5", 1), bill["bomFormat"])
        check(re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"]), bill["serialNumber"])
        subject = bill["metadata"]["component"]
        check(subject["properties"] == [{"name": "holdfast:revision", "value": store.revision()}], subject["properties"])
        check(subject["version"] == store.inspect(image(program))["Labels"]["org.opencontainers.image.version"], subject["version"])
        references = [subject["bom-ref"]] + [one["bom-ref"] for one in bill["components"]]
        check(len(references) == len(set(references)), "a reference is there twice")
        for one in bill["components"]:
            check(re.fullmatch(r"pkg:deb/debian/[a-z0-9.+-]+@\S+\?arch=\w+&distro=debian-12", one["purl"]), one["purl"])
            check(one["licenses"] and all(licence["license"]["name"] for licence in one["licenses"]), f"licences of {one['name']}")
            names = {prop["name"]: prop["value"] for prop in one["properties"]}
            check(names["debian:source"] and names["debian:source-version"], one["name"])
        mentioned = [edge["ref"] for edge in bill["dependencies"]] + [one for edge in bill["dependencies"] for one in edge["dependsOn"]]
        check(set(mentioned) == set(references) - headers_only(bill) | set(bill["dependencies"][0]["dependsOn"]), "the graph and the list differ")
        store.say(f"    {program}: " + ", ".join(f"{one['name']} {one['version']}" for one in bill["components"]))


def headers_only(bill):
    return {one["bom-ref"] for one in bill["components"] if "components" not in one}


@case("bill of materials: every other file of the image is in it, with its hash, and nothing else; the image holds the same bill")
def _():
    for program in PROGRAMS:
        bill = bill_of(program)
        listed = [file for one in [bill["metadata"]["component"], *bill["components"]] for file in one.get("components", [])]
        with store.Mounted(image(program)) as folder:
            real = {path for path, one in files_of(folder).items() if stat.S_ISREG(one.st_mode)}
            own = f"/usr/share/doc/{program}/{program}.cdx.json"
            with open(folder + own, encoding="utf-8") as file:
                check(json.load(file) == bill, "the bill inside is another one")
            real.remove(own)
            check({file["name"] for file in listed} == real and len(listed) == len(real), f"{program}: {real ^ {file['name'] for file in listed}}")
            for file in listed:
                with open(folder + file["name"], "rb") as content:
                    digest = hashlib.sha256(content.read()).hexdigest()
                check(file["hashes"] == [{"alg": "SHA-256", "content": digest}], file["name"])


@case("audit: the archives were asked, and nothing in the images lacks a security update")
def _():
    with open(os.path.join(EVIDENCE, "audit.txt"), encoding="utf-8") as file:
        text = file.read()
    packages = audit.packages_of([bill_of(program) for program in PROGRAMS])
    check(f"audit: {len(packages)} packages in the images, 0 findings" in text, text)
    lines = text.splitlines()
    for one in packages.values():
        check(any(line.split()[:2] == [one["name"], one["version"]] for line in lines), f"{one['name']} is not in the audit")
    store.say("\n".join("    " + line[:150] for line in lines))


OPENSSL = {"name": "libssl3", "version": "3.0.15-1~deb12u1", "licenses": [], "properties": [{"name": "debian:source", "value": "openssl"}]}
SIMULATED = """Reading package lists...
Inst libssl3 [3.0.15-1~deb12u1] (3.0.17-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
Inst tzdata [2024a-0+deb12u1] (2025b-0+deb12u2 Debian:12.12/oldstable [all])
Inst git [1:2.39.5-0+deb12u1] (1:2.39.5-0+deb12u2 Debian-Security:12/oldstable-security [amd64]) []
Conf libssl3 (3.0.17-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
"""


@case("audit: a pending security update of a package in the image ends the build, one of a build tool is a remark")
def _():
    updates = audit.security_updates(SIMULATED)
    check([name for name, _, _ in updates] == ["libssl3", "git"], updates)
    serious, tools = audit.judged(updates, {"libssl3": OPENSSL})
    check(serious == ["libssl3 3.0.15-1~deb12u1 lacks the security update 3.0.17-1~deb12u2"] and len(tools) == 1, f"{serious} {tools}")
    check(audited("fail", [OPENSSL], lambda: SIMULATED) == 1, "fail")
    check(audited("warn", [OPENSSL], lambda: SIMULATED) == 0, "warn")
    check(audited("fail", [], lambda: SIMULATED) == 0, "only tools of the build")


@case("audit: archives that do not answer end the build")
def _():
    def unreachable():
        raise subprocess.CalledProcessError(100, ["apt-get", "-qq", "update"])
    check(audited("fail", [OPENSSL], unreachable) == 1, "fail")
    check(audited("warn", [OPENSSL], unreachable) == 0, "warn")


def audited(mode, components, ask_apt):
    """The exit code of the audit of such a bill, with apt's answer given."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"components": components}, file)
        file.flush()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return audit.main(mode, [file.name], ask_apt)
