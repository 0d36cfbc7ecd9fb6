#!/usr/bin/env python3
"""Each folder of src/ includes only what its line below names; a foreign library stays in the folders that own it.

tests/FOLDER may include what FOLDER may, the folder itself, tests/support and doctest. An include of our own is written
from src/ (`"core/fd.h"`), so that a reader sees the layer. `layers.py --self-test` proves that the check can fail.
"""
import os
import posixpath
import re
import unittest

import source

# folder of src/: (folders it may include, libraries it may include)
LAYERS = {
    "core": ("", ""),
    "http": ("core", "simd"),
    "config": ("core", "yaml-cpp nlohmann"),
    "telemetry": ("core", "spdlog prometheus"),
    "policies": ("core http config telemetry", ""),
    "net": ("core", "libevent"),
    "proxy": ("core http config telemetry policies net", ""),
    "kubernetes": ("core http config proxy", "yaml-cpp nlohmann"),
    "cli": ("core http config telemetry policies net proxy kubernetes", ""),
    "tls": ("core net", "openssl"),
    "webhook": ("core http config telemetry policies net proxy kubernetes cli tls", ""),
    "backend": ("core", "libevent sqlite libpq libsodium nlohmann spdlog"),
    "main.cpp": ("core cli", ""),
}
# Folders of tests/ that are no mirror of a folder of src/.
TEST_FOLDERS = {"support": "cli", "scenarios": "proxy", "faults": "proxy", "conformance": "proxy",
                "differential": "http", "fuzz": "cli backend", "bench": "proxy"}

# The core of users-service: no library at all, and of its own folder only each other.
PURE = {"src/backend/" + name for name in ("users.h", "users.cpp", "user.h", "user.cpp", "secret.h", "store.h",
                                           "password_hasher.h")}

LIBRARIES = {
    "libevent": r"event2/.*|event\.h|evhttp\.h",
    "openssl": r"openssl/.*",
    "yaml-cpp": r"yaml-cpp/.*",
    "spdlog": r"spdlog/.*|fmt/.*",
    "prometheus": r"prometheus/.*",
    "nlohmann": r"nlohmann/.*",
    "sqlite": r"sqlite3\.h",
    "libpq": r"libpq-fe\.h|libpq/.*",
    "libsodium": r"sodium\.h|sodium/.*",
    "simd": r"[a-z]mmintrin\.h|immintrin\.h|arm_neon\.h",
    "doctest": r"doctest/.*",
}
# The standard library and the system. Anything else must be in LIBRARIES.
SYSTEM = re.compile(r"[a-z_]+|(sys|netinet|arpa|net|linux|asm)/[\w/]+\.h|[a-z_0-9]+\.h")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)


def library_of(header):
    return next((name for name, pattern in LIBRARIES.items() if re.fullmatch(pattern, header)), None)


def place_of(path):
    """(folders that give the rule, is it a test) for a path such as src/http/fields.cpp."""
    top, folder = path.split("/")[:2]
    if top == "src":
        return [folder], False
    return TEST_FOLDERS.get(folder, folder).split(), True


def fault_of_pure(path, kind, header):
    if kind == "<" and library_of(header):
        return f"{path} is part of the service's core, which knows no library; {library_of(header)} stays outside"
    if kind == '"' and header.startswith("backend/") and "src/" + header not in PURE:
        return f"{path} is part of the service's core, which includes core/ and itself only, not {header}"
    return None


def fault_of(path, kind, header, exists):
    """Why `path` may not include `header`, or None. `exists(path)` tells which files there are."""
    rules, is_test = place_of(path)
    folder = rules[0]
    if folder not in LAYERS:
        return f"the folder {folder} has no line in LAYERS; add one with what it may include"
    folders, libraries = (sum((LAYERS[rule][part].split() for rule in rules), []) for part in (0, 1))
    if is_test:
        folders += [*rules, "support", path.split("/")[1]]
        libraries += ["doctest"]
    if path in PURE:
        fault = fault_of_pure(path, kind, header)
        if fault:
            return fault
    if kind == "<":
        library = library_of(header)
        if library is None:
            return None if SYSTEM.fullmatch(header) else f"<{header}> belongs to no known library; add it to LIBRARIES"
        if library not in libraries:
            owners = sorted(name for name, (_, owned) in LAYERS.items() if library in owned.split())
            return f"{library} stays in {', '.join(owners) or 'tests'}; use what they offer instead of <{header}>"
        return None
    beside = posixpath.join(posixpath.dirname(path), header)
    if "/" not in header or not (exists("src/" + header) or exists("tests/" + header)):
        if is_test and exists(beside):
            return None
        return f'"{header}" is no file below src/; write the path from there, such as "core/fd.h"'
    target = header.split("/")[0]
    if target != folder and target not in folders:
        return f"{folder} may include {', '.join(folders) or 'the standard library only'}, not {target}"
    return None


def faults_in(path, text, exists):
    for match in INCLUDE.finditer(source.code_of(text, keep_strings=True)):
        fault = fault_of(path, match[1], match[2], exists)
        if fault:
            yield f"{path}:{source.line_of(text, match.start(2))}: {fault}"


def exists_in_tree(path):
    return os.path.isfile(os.path.join(source.ROOT, path))


def check():
    paths = source.files("src", "tests", endings=source.CPP)
    faults = [fault for path in paths for fault in faults_in(path, source.read(path) or "", exists_in_tree)]
    return faults, len(paths)


class Layers(unittest.TestCase):
    KNOWN = {"src/core/fd.h", "src/http/head.h", "src/net/loop.h", "src/proxy/exchange.h", "tests/support/clock.h"}

    def faults(self, path, text):
        return list(faults_in(path, text, self.KNOWN.__contains__))

    def test_a_lower_layer_may_be_included(self):
        self.assertEqual(self.faults("src/http/a.cpp", '#include "core/fd.h"\n#include <vector>\n#include <sys/uio.h>'),
        [])

    def test_an_upper_layer_may_not(self):
        self.assertEqual(self.faults("src/http/a.cpp", '\n#include "net/loop.h"'),
                         ["src/http/a.cpp:2: http may include core, not net"])

    def test_a_library_outside_its_folder_is_found(self):
        for header in ("event2/event.h", "spdlog/spdlog.h", "yaml-cpp/yaml.h", "prometheus/registry.h", "sqlite3.h"):
            self.assertEqual(len(self.faults("src/policies/a.h", f"#include <{header}>")), 1, header)
        for path in ("src/net/a.h", "src/webhook/a.cpp", "src/cli/a.cpp"):
            self.assertEqual(len(self.faults(path, "#include <openssl/ssl.h>")), 1, path)
        self.assertEqual(self.faults("src/net/a.h", "#include <event2/event.h>"), [])

    def test_an_unknown_library_is_found(self):
        self.assertEqual(len(self.faults("src/net/a.h", "#include <boost/asio.hpp>")), 1)

    def test_a_path_that_hides_its_layer_is_found(self):
        self.assertEqual(len(self.faults("src/http/a.cpp", '#include "head.h"')), 1)

    def test_a_folder_without_a_rule_is_found(self):
        self.assertEqual(len(self.faults("src/extras/a.cpp", '#include "core/fd.h"')), 1)

    def test_comments_and_strings_do_not_count(self):
        text = '// #include "net/loop.h"\n/*\n#include "net/loop.h"\n*/ const char* s = "#include <event2/event.h>";'
        self.assertEqual(self.faults("src/http/a.cpp", text), [])

    def test_a_test_may_include_its_folder_support_and_doctest(self):
        text = '#include <doctest/doctest.h>\n#include "http/head.h"\n#include "support/clock.h"'
        self.assertEqual(self.faults("tests/http/head.cpp", text), [])
        self.assertEqual(len(self.faults("tests/http/head.cpp", '#include "proxy/exchange.h"')), 1)

    def test_the_core_of_the_service_is_pure(self):
        for header in ("<nlohmann/json.hpp>", "<sqlite3.h>", "<event2/http.h>", "<libpq-fe.h>", '"backend/api.h"'):
            text = f"#include {header}"
            self.assertEqual(len(list(faults_in("src/backend/users.cpp", text, lambda _: True))), 1, header)
        self.assertEqual(list(faults_in("src/backend/users.cpp", '#include "backend/store.h"', lambda _: True)), [])


if __name__ == "__main__":
    source.run(check, [Layers])
