"""Where images are kept and how they are built: no engine, no registry. The base image is a debootstrap of Debian 12.

The store, the base and the toolchain's layers stay in ~/.cache/holdfast-image for the next run. A base serves for a day: the
security updates of its archives change.
"""
import functools
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

from support import ROOT, Failed, podman, run

BASE = "docker.io/library/debian:bookworm-slim"  # what the Dockerfile asks for
FOLDER = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "holdfast-image")
BASE_SECONDS = 86400
BUILD_SECONDS = 1500


def overlay_works():
    """Whether this file system can be the upper half of an overlay: not when it is one itself."""
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        parts = [os.path.join(folder, name) for name in ("lower", "upper", "work", "merged")]
        for part in parts:
            os.mkdir(part)
        options = "lowerdir={},upperdir={},workdir={}".format(*parts)
        if subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, parts[3]], capture_output=True, check=False).returncode:
            return False
        run("umount", parts[3])
        return True


def prepare():
    """Points podman and buildah at a store of our own. Both halves of a limit must be equal, and no higher than this machine allows."""
    os.makedirs(FOLDER, exist_ok=True)
    driver = "overlay" if overlay_works() else "vfs"
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    storage, containers = os.path.join(FOLDER, f"storage-{driver}.conf"), os.path.join(FOLDER, "containers.conf")
    with open(storage, "w", encoding="utf-8") as file:
        file.write(f'[storage]\ndriver = "{driver}"\nrunroot = "/run/holdfast-image"\ngraphroot = "{FOLDER}/{driver}"\n')
    with open(containers, "w", encoding="utf-8") as file:
        file.write(f'[containers]\ndefault_ulimits = ["nofile={files}:{files}", "nproc=4096:4096"]\n'
                   '[engine]\ncgroup_manager = "cgroupfs"\nruntime = "crun"\nevents_logger = "file"\n')
    os.environ.update(CONTAINERS_STORAGE_CONF=storage, CONTAINERS_CONF=containers, BUILDAH_ISOLATION="chroot")
    return driver


def base_is_young():
    try:
        age = time.time() - os.stat(os.path.join(FOLDER, "base")).st_mtime
    except OSError:
        return False
    exists = subprocess.run(["podman", "image", "exists", BASE], check=False).returncode == 0
    return exists and 0 <= age < BASE_SECONDS


def make_base():
    """Imports a new base image, and forgets all that was built on the one before."""
    podman("rmi", "--all", "--force")
    tree = os.path.join(FOLDER, "debian")
    shutil.rmtree(tree, ignore_errors=True)
    run(os.path.join(ROOT, "scripts", "bare-debian"), tree, seconds=600)
    archive = subprocess.Popen(["tar", "-C", tree, "-c", "."], stdout=subprocess.PIPE)
    imported = subprocess.run(["podman", "import", "-q", "-", BASE], stdin=archive.stdout, capture_output=True, check=False)
    if archive.wait() or imported.returncode:
        raise Failed(f"the base image was not imported: {imported.stderr.decode()}")
    shutil.rmtree(tree)
    with open(os.path.join(FOLDER, "base"), "w", encoding="utf-8"):
        pass


def object_cache():
    folder = os.environ.get("CCACHE_DIR") or os.path.expanduser("~/.cache/ccache")
    os.makedirs(folder, exist_ok=True)
    return ["--volume", f"{folder}:/var/cache/ccache"]


class Build:
    """buildah at work on a target of the Dockerfile: an image called `tag`, or with `output` files in that folder. The log is build/image/NAME.log.

    cached: take the layers of earlier builds where nothing changed, else each command runs again. objects: let ccache have the object
    files of earlier compilations, else each source is compiled again.
    """

    def __init__(self, name, target, *options, tag=None, output=None, cached=True, objects=True):
        logs = os.path.join(ROOT, "build", "image")
        os.makedirs(logs, exist_ok=True)
        self.id_file, self.log_name = os.path.join(logs, name + ".id"), os.path.join(logs, name + ".log")
        where = ["--output", f"type=local,dest={output}"] if output else ["--iidfile", self.id_file]
        command = ["buildah", "build", "--pull-never", "--timestamp", "0", "--identity-label=false", "--target", target, *where, "--layers",
                   *(["--tag", tag] if tag else []), *([] if cached else ["--no-cache"]), *(object_cache() if objects else []), *options, ROOT]
        with open(self.log_name, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def wait(self):
        try:
            code = self.process.wait(BUILD_SECONDS)
        except subprocess.TimeoutExpired:
            self.end()
            code = f"none within {BUILD_SECONDS} s"
        if code:
            with open(self.log_name, encoding="utf-8", errors="replace") as log:
                raise Failed(f"buildah: exit {code}\n{log.read()[-4000:]}")

    def id(self):
        self.wait()
        with open(self.id_file, encoding="utf-8") as file:
            return file.read().strip()

    def end(self):
        """Ends it if it still runs; its commands end with it."""
        self.process.terminate()
        self.process.wait()


def inspect(image):
    return json.loads(podman("image", "inspect", image))[0]


class Mounted:
    """The files of an image, as a folder."""

    def __init__(self, image):
        self.image = image

    def __enter__(self):
        self.folder = podman("image", "mount", self.image).strip()
        return self.folder

    def __exit__(self, *_):
        podman("image", "unmount", self.image)


@functools.cache
def revision():
    """The commit of the checkout, or "unknown"."""
    done = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def say(text):
    print(text, file=sys.stdout, flush=True)
