#!/usr/bin/env python3
"""Adds up test cases from what the test programs printed and ends with one line: `N passed, N failed[, N skipped]`.

Understands doctest's summary and lines of the form `N passed, N failed[, N skipped]`. A program that failed without
counting a failure (a crash, a sanitizer's report at exit, no summary at all) counts as one failed case. Exit 1 when
anything failed or nothing ran. `totals.py --self-test` checks this file.
"""
import re
import sys
import unittest
import xml.etree.ElementTree

DOCTEST = re.compile(r"\[doctest\] test cases: +(\d+) \| +(\d+) passed \| +(\d+) failed(?: \| +(\d+) skipped)?")
LINE = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def count(text, program_failed):
    """(passed, failed, skipped, understood) of one program's output. Of several summary lines the last one counts."""
    text = COLOUR.sub("", text)
    summaries = [(m[2], m[3], m[4]) for m in DOCTEST.finditer(text)] or [m.groups() for m in LINE.finditer(text)]
    if not summaries:
        return 0, 1, 0, False
    passed, failed, skipped = (int(n or 0) for n in summaries[-1])
    if program_failed and failed == 0:
        failed = 1
    return passed, failed, skipped, True


def of_ctest(path):
    """Yields (name, output, failed) for each test in a JUnit report of ctest."""
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        output = case.findtext("system-out") or ""
        yield case.get("name"), output, case.get("status") != "run"


def collect(arguments):
    programs = []  # (name, output, failed)
    words = iter(arguments)
    expect_failure = False
    for word in words:
        if word == "--expect-failure":
            expect_failure = True
            continue
        value = next(words)
        if word == "--failed":
            programs.append((value, "", True))
        elif word == "--ctest":
            try:
                programs += of_ctest(value)
            except (OSError, xml.etree.ElementTree.ParseError):
                programs.append((value, "", True))
        elif word == "--text":
            with open(value, encoding="utf-8", errors="replace") as file:
                programs.append((value, file.read(), expect_failure))
            expect_failure = False
        else:
            sys.exit(f"totals.py: unknown option {word}")
    return programs


def main(arguments):
    totals = [0, 0, 0]
    for name, output, program_failed in collect(arguments):
        *numbers, understood = count(output, program_failed)
        if not understood:
            print(f"{name}: no summary of test cases; counted as one failed case")
        totals = [a + b for a, b in zip(totals, numbers)]
    passed, failed, skipped = totals
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 0 if failed == 0 and passed > 0 else 1


class Totals(unittest.TestCase):
    DOCTEST_TEXT = "[doctest] test cases:  12 |  11 passed | 1 failed | 2 skipped\n[doctest] assertions: 4 | 4 passed |"

    def test_a_doctest_summary_is_read(self):
        self.assertEqual(count(self.DOCTEST_TEXT, True), (11, 1, 2, True))

    def test_a_plain_line_is_read_and_the_last_one_counts(self):
        self.assertEqual(count("1 passed, 1 failed\nmore\n7 passed, 0 failed, 3 skipped\n", False), (7, 0, 3, True))

    def test_a_program_that_fails_without_a_failed_case_counts_as_one(self):
        self.assertEqual(count("7 passed, 0 failed\n", True), (7, 1, 0, True))

    def test_no_summary_is_a_failure(self):
        self.assertEqual(count("all is well", False), (0, 1, 0, False))

    def test_colours_do_not_hide_a_summary(self):
        self.assertEqual(count("\x1b[0;36m[doctest] \x1b[0mtest cases: 2 | \x1b[0;32m2 passed\x1b[0m | 0 failed |",
        False),
                         (2, 0, 0, True))


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        result = unittest.main(argv=sys.argv[:1], verbosity=0, exit=False).result
        bad = len(result.failures) + len(result.errors)
        print(f"{result.testsRun - bad} passed, {bad} failed")
        sys.exit(1 if bad else 0)
    sys.exit(main(sys.argv[1:]))
