#!/usr/bin/env python3
"""Constructs that this project does without. Prints file:line and what to write instead.

ban_list.py has the bans, each with an example that it must find and one that it must let pass; exceptions.py has the
files that need one, each with its reason. `bans.py --self-test` proves every ban, and that comments and strings are
no code. What needs types is left to clang-tidy (.clang-tidy): unchecked optionals, casts, mutable globals.
"""
import os
import re
import unittest

import source
from ban_list import BANS
from exceptions import EXCEPTIONS

MOST_LINES = 400


def in_tree(path):
    return os.path.isfile(os.path.join(source.ROOT, path))


def other_half(path):
    stem, dot, ending = path.rpartition(".")
    return stem + dot + ("h" if ending == "cpp" else "cpp")


SHORT_NAME = re.compile(r"\busing\s+(?!namespace\b)[\w:]*::(\w+)\s*;|\bnamespace\s+(\w+)\s*=[^;]*;")


def unused_names(path, code):
    """Names that a source brings in and does without. clang-tidy looks for them in headers and main files only, not in its units."""
    for match in SHORT_NAME.finditer(code):
        name = re.compile(rf"\b{match[1] or match[2]}\b")
        if len(name.findall(code)) == len(name.findall(match[0])):
            line = source.line_of(code, match.start())
            yield "unused name", f"{path}:{line}: unused name: `{match[0]}`; take it out"


def faults_in(path, text, exists=in_tree):
    """(name of the ban, fault) for everything banned in one file. A pair needs one head comment."""
    code = source.code_of(text) if path.endswith(source.CPP) else text
    for ban in BANS:
        if not re.search(ban.files, path):
            continue
        searched = code if ban.looks_at == "code" else text
        for match in re.finditer(ban.pattern, searched, re.MULTILINE):
            line = source.line_of(searched, match.start())
            yield ban.name, f"{path}:{line}: {ban.name}: `{match.group(0).strip()[:60]}`; {ban.instead}"
    if path.endswith(".cpp"):
        yield from unused_names(path, code)
    if path.endswith(source.CPP):
        if text.count("\n") > MOST_LINES:
            fault = f"{path}:{MOST_LINES}: long file: more than {MOST_LINES} lines; split it by what it knows"
            yield "long file", fault
        if not text.startswith("//") and not exists(other_half(path)):
            yield "head comment", f"{path}:1: head comment: the file does not begin with one; say what it is"


def unused(exceptions, used, paths):
    """An exception that nothing needs any more would let the ban be broken again unseen."""
    for path, ban, _ in exceptions:
        if path not in paths:
            yield f"exceptions.py: {path} does not exist; take its line out"
        elif (path, ban) not in used:
            yield f"exceptions.py: {path} needs no exception from `{ban}` any more; take its line out"


def check():
    allowed = {(path, ban) for path, ban, _ in EXCEPTIONS}
    paths = source.files()
    faults, used = [], set()
    for path in paths:
        text = source.read(path)
        for ban, fault in faults_in(path, text) if text else ():
            if (path, ban) in allowed:
                used.add((path, ban))
            else:
                faults.append(fault)
    return faults + list(unused(EXCEPTIONS, used, set(paths))), len(paths)


def found(path, text):
    return {name for name, _ in faults_in(path, "// head\n" + text)}


class Bans(unittest.TestCase):
    def test_every_ban_finds_its_bad_example(self):
        for ban in BANS:
            for bad in ban.bad:
                self.assertIn(ban.name, found(ban.example_path, bad), bad)

    def test_every_ban_lets_its_good_example_pass(self):
        for ban in BANS:
            for good in ban.good:
                self.assertNotIn(ban.name, found(ban.example_path, good), good)

    def test_comments_and_strings_are_no_code(self):
        for ban in BANS:
            if ban.looks_at != "code":
                continue
            for bad in ban.bad:
                one_line = bad.replace("\n", " ").replace('"', "")
                for text in (f"// {one_line}\n", f"/* {one_line} */ int x;\n", f'auto s = R"({one_line})";\n'):
                    self.assertNotIn(ban.name, found(ban.example_path, text), text)

    def test_a_digit_separator_opens_no_character(self):
        self.assertIn("allocation", found("src/core/a.cpp", "int n = 1'000; auto* p = new int; int m = 2'000;"))

    def test_a_fault_names_its_line(self):
        faults = [fault for _, fault in faults_in("src/core/a.cpp", "// head\n\nauto* p = new int;\n")]
        self.assertTrue(faults[0].startswith("src/core/a.cpp:3: allocation: "), faults)

    def test_long_files_and_files_without_head_are_found(self):
        self.assertIn("long file", found("src/core/a.cpp", "int x;\n" * 400))
        self.assertIn("head comment", {name for name, _ in faults_in("src/core/a.cpp", "int x;\n")})

    def test_names_that_nothing_uses_are_found(self):
        self.assertIn("unused name", found("src/core/a.cpp", "using std::string;\nint x;\n"))
        self.assertIn("unused name", found("src/core/a.cpp", "namespace fs = std::filesystem;\n"))
        self.assertNotIn("unused name", found("src/core/a.cpp", "using std::string;\nstring x;\n"))
        self.assertNotIn("unused name", found("src/core/a.h", "using std::string;\n"))

    def test_an_exception_nobody_needs_is_found(self):
        self.assertEqual(len(list(unused([("src/a.cpp", "allocation", "why")], set(), {"src/a.cpp"}))), 1)
        self.assertEqual(len(list(unused([("src/gone.cpp", "allocation", "why")], set(), set()))), 1)

    def test_every_exception_names_a_ban_and_a_reason(self):
        names = {ban.name for ban in BANS} | {"long file", "head comment"}
        for path, ban, reason in EXCEPTIONS:
            self.assertIn(ban, names, path)
            self.assertTrue(len(reason) > 10, path)


if __name__ == "__main__":
    source.run(check, [Bans])
