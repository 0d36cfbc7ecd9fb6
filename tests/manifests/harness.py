"""What the programs of this folder share: where things are, how a command is run, and the closing line that is added up.

Each program takes --bin-dir DIRECTORY (build/release) and words that choose test cases as unittest does.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import unittest

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
bin_dir = os.path.join(ROOT, "build", "release")


def holdfast(*arguments, text="", code=0, **options):
    """Standard output of the program, which must end with `code`; of one that fails, also standard error."""
    return run([os.path.join(bin_dir, "holdfast"), *arguments], text, code, **options)


def has_command(name):
    """Whether this build of Holdfast has the sub-command."""
    asked = subprocess.run([os.path.join(bin_dir, "holdfast"), name, "--help"], capture_output=True, timeout=20)
    return asked.returncode == 0


def run(command, text="", code=0, timeout=60, **options):
    done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=timeout, cwd=options.pop("cwd", ROOT), **options)
    if done.returncode != code:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}: {(done.stdout + done.stderr).decode('utf-8', 'replace')[-2000:]}")
    return done.stdout.decode() if code == 0 else (done.stdout + done.stderr).decode()


def need(program):
    path = shutil.which(program)
    if not path:
        raise unittest.SkipTest(f"{program} is not installed (scripts/install test brings it)")
    return path


def kustomize(folder):
    """The text that `kubectl apply -k` would send."""
    return run([need("kubectl"), "kustomize", os.path.join(ROOT, folder)])


def objects(text):
    """Objects of a stream; the items of a List one by one."""
    for one in _documents(text):
        if isinstance(one, dict) and one.get("kind") == "List":
            yield from one["items"]
        elif one is not None:
            yield one


def _documents(text):
    try:
        return [json.loads(text)]  # JSON may hold tabs, which YAML forbids
    except ValueError:
        return yaml.safe_load_all(text)


class _Result(unittest.TextTestResult):
    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"SKIPPED {test.shortDescription() or test.id()}: {reason}", flush=True)

    def getDescription(self, test):
        return test.shortDescription() or test.id()


def main():
    global bin_dir
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin-dir", default=bin_dir)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    bin_dir = os.path.abspath(options.bin_dir)
    runner = unittest.TextTestRunner(stream=sys.stdout, resultclass=_Result)
    result = unittest.main(argv=[sys.argv[0], *options.names], testRunner=runner, exit=False).result
    bad = len({getattr(test, "test_case", test).id() for test, _ in result.failures + result.errors})
    whole = len([test for test, _ in result.skipped if not hasattr(test, "test_case")])  # a part of a case may be skipped, too
    print(f"{max(result.testsRun - bad - whole, 0)} passed, {bad} failed, {len(result.skipped)} skipped", flush=True)
    sys.exit(1 if bad or not result.testsRun else 0)
