#!/usr/bin/env python3
"""Builds the images and runs them as Kubernetes would, without Kubernetes: run.py [--long] [--only REGEX] [--fresh] [--no-objects] [--built]

Needs root and `scripts/install image`. --long adds rollouts with the default drain times. --built takes the images as they are.
--fresh begins with a new base. --no-objects compiles every source when the image is built once more, instead of taking object files
that ccache has. The last line counts the cases.
"""
import argparse
import os
import re
import shutil
import signal
import sys
import time
import traceback

import store
import support
from support import CASES, Failed, Skipped

import cases_image  # noqa: F401
import cases_pod  # noqa: F401
import cases_rollout  # noqa: F401
import kubelet

PROGRAMS = ("buildah", "podman", "crun", "debootstrap", "ip", "tar")
ALL_SKIPPED = 77  # as .ci/run understands it


def why_not():
    """Why containers cannot be built and run here, or None."""
    if os.geteuid() != 0:
        return "it needs root"
    missing = [name for name in PROGRAMS if shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None]
    if missing:
        return f"{', '.join(missing)} not installed (scripts/install image)"
    try:
        support.private_mounts()
    except (OSError, Failed) as error:
        return f"no mount namespace of our own: {error}"
    return None


def why_no_containers():
    """Why a container of the base image cannot run here, or None."""
    try:
        support.podman("run", "--rm", "--pull=never", "--network=none", store.BASE, "/bin/true")
        return None
    except Failed as error:
        return f"a container does not run here: {str(error).strip().splitlines()[-1]}"


def attempt(one, *arguments):
    """The word for what became of a case."""
    began = time.monotonic()
    word, why = "ok", ""
    try:
        one.function(*arguments)
    except Skipped as error:
        word, why = "SKIPPED", str(error)
    except Failed as error:
        word, why = "FAILED", str(error)
    except Exception:  # noqa: BLE001  a broken case is a failed case
        word, why = "FAILED", traceback.format_exc()
    store.say(f"{word} {one.sentence}{': ' + why if word == 'SKIPPED' else ''} ({time.monotonic() - began:.1f} s)")
    if word == "FAILED":
        store.say("\n".join("    " + line[:1000] for line in why.splitlines()))
    return word


def run_cases(cases):
    """The words of all cases: what needs no network, then the pods, then what was begun before them."""
    begun = []
    try:
        words = [attempt(one) for one in cases if not one.network and not one.begin]
        begun += [(one, one.begin()) for one in cases if one.begin]
        networked = [one for one in cases if one.network]
        if networked:
            support.private_network()
            kubelet.make_bridge()
        words += [attempt(one) for one in networked]
        return words + [attempt(one, what) for one, what in begun]
    finally:
        for _, what in begun:
            what.end()
        support.sweep()


def skip_all(cases, reason):
    for one in cases:
        store.say(f"SKIPPED {one.sentence}: {reason}")
    return ["SKIPPED"] * len(cases)


def prepared(fresh):
    """Why there are no containers here; nothing when all is well."""
    reason = why_not()
    if reason:
        return reason
    store.say(f"storage driver {store.prepare()} in {store.FOLDER}")
    support.sweep()
    if fresh or not store.base_is_young():
        try:
            store.make_base()
        except Failed as error:
            return f"no base image: {str(error).strip().splitlines()[-1]}"
    return why_no_containers()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--built", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--no-objects", action="store_true")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    cases = [one for one in CASES if re.search(options.only, one.sentence) and (options.long or not one.long)]
    cases = [one for one in cases if not (options.built and one.sentence.startswith("build: "))]
    reason = prepared(options.fresh)
    words = skip_all(cases, reason) if reason else run_cases(cases)
    passed, failed, skipped = (words.count(word) for word in ("ok", "FAILED", "SKIPPED"))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    if passed + failed == 0:
        return ALL_SKIPPED if skipped else 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
