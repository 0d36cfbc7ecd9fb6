"""What the checks share: the project's files, C++ without its comments and strings, and the printed result."""
import os
import re
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LEFT_OUT = {".git", "build", "__pycache__", ".cache", ".vscode", ".idea"}
CPP = (".h", ".cpp")

# One alternative per thing whose inside is not code. Raw strings first, since their inside may look like anything;
# numbers, so that the ' of 1'000 opens nothing.
NOT_CODE = re.compile(
    r"""(?P<raw>\bR"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")"""
    r"""|(?P<string>"(?:\\.|[^"\\\n])*")"""
    r"""|(?P<number>\b\d[\w.]*(?:'[\w.]+)*)"""
    r"""|(?P<char>'(?:\\.|[^'\\\n])+')"""
    r"""|(?P<comment>//[^\n]*|/\*.*?\*/)""",
    re.DOTALL,
)


def blank(text):
    """Spaces for every character but line ends, so that positions stay."""
    return re.sub(r"[^\n]", " ", text)


def code_of(text, keep_strings=False):
    """C++ with comments blanked and, unless kept, the inside of strings and characters too."""

    def replace(match):
        whole = match.group(0)
        if match.group("number"):
            return whole
        if match.group("comment"):
            return blank(whole)
        return whole if keep_strings else whole[0] + blank(whole[1:-1]) + whole[-1]

    return NOT_CODE.sub(replace, text)


def files(*tops, endings=None):
    """Paths below the project's root, in order; `tops` are folders, none of them means everything."""
    found = []
    for top in tops or ("",):
        for folder, folders, names in os.walk(os.path.join(ROOT, top)):
            folders[:] = sorted(set(folders) - LEFT_OUT)
            found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in sorted(names)]
    return [path for path in found if endings is None or path.endswith(endings)]


def read(path):
    """The text of a file, or None when it is not text."""
    try:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
    except (UnicodeDecodeError, FileNotFoundError):
        return None
    return None if "\0" in text else text


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def run(check, self_tests):
    """Runs `check()` (a list of faults; the number of things looked at), or with --self-test its unit tests.

    Ends with `N passed, N failed`, which is the line that scripts/test adds up.
    """
    if "--self-test" in sys.argv[1:]:
        suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromTestCase(case) for case in self_tests)
        result = unittest.TextTestRunner(verbosity=0).run(suite)
        failed = len(result.failures) + len(result.errors)
        print(f"{result.testsRun - failed} passed, {failed} failed")
        sys.exit(1 if failed else 0)
    faults, looked_at = check()
    for fault in faults:
        print(fault)
    print(f"{0 if faults else 1} passed, {1 if faults else 0} failed")
    if looked_at == 0:
        sys.exit("the check found no file to look at")
    sys.exit(1 if faults else 0)
