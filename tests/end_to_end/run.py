#!/usr/bin/env python3
"""End-to-end tests: the real binaries, on loopback, with real peers where one exists.

    tests/end_to_end/run.py --bin-dir build/release [--only REGEX] [--list] [--quick] [-v]

Prints one line per failing case with its details and ends with `N passed, N failed, N skipped`. A case that fails beside others is run
once more alone; when it passes then, it counts as passed and is named as unsteady (--strict counts it as failed).
"""
import argparse
import concurrent.futures
import glob
import importlib
import os
import re
import shutil
import signal
import sys
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import support  # noqa: E402


def load():
    for path in sorted(glob.glob(os.path.join(HERE, "cases_*.py"))):
        importlib.import_module(os.path.basename(path)[:-3])
    return support.CASES


def missing_program(bin_dir, names):
    for name in names:
        if not (os.path.exists(os.path.join(bin_dir, name)) or shutil.which(name)):
            return name
    return None


def run_one(case, options):
    """("passed" | "failed" | "skipped", details, seconds)"""
    missing = missing_program(options.bin_dir, case.needs)
    if missing:
        return "skipped", f"{missing} is not there", 0
    started = time.monotonic()
    test = support.Test(options.bin_dir, options.quick)
    overdue = threading.Event()

    def end_overdue():
        overdue.set()
        test.close()
    watchdog = threading.Timer(case.seconds, end_overdue)
    watchdog.daemon = True
    watchdog.start()
    faults, skipped = [], None
    try:
        case.function(test)
    except support.Skipped as why:
        skipped = str(why)
    except AssertionError as failed:
        faults.append(str(failed) or "assertion without text")
    except Exception:  # noqa: BLE001  a broken case is a failed case
        faults.append("unexpected: " + traceback.format_exc(limit=-4).strip().replace("\n", " / "))
    watchdog.cancel()
    try:
        always = test.finish()
    except Exception:  # noqa: BLE001
        always = ["unexpected at the end: " + traceback.format_exc(limit=-3).strip().replace("\n", " / ")]
    if overdue.is_set():
        faults, always = [f"did not end within {case.seconds} s", *faults], []
    faults = test.failures + faults + always
    seconds = time.monotonic() - started
    if faults:
        return "failed", " ;; ".join(faults), seconds
    return ("skipped", skipped, seconds) if skipped else ("passed", "", seconds)


def report(case, outcome, details, seconds, options):
    if outcome == "failed":
        limit = 20000 if options.verbose else 1500
        print(f"FAILED {case.sentence} [{seconds:.1f}s]: {details[:limit]}", flush=True)
    elif outcome == "skipped":
        print(f"SKIPPED {case.sentence}: {details}", flush=True)
    elif options.verbose:
        print(f"passed {case.sentence} [{seconds:.1f}s]", flush=True)


def run_all(cases, options):
    together = [case for case in cases if not case.alone]
    alone = [case for case in cases if case.alone]
    results, again = {}, []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        running = {pool.submit(run_one, case, options): case for case in together}
        for done in concurrent.futures.as_completed(running):
            case, (outcome, details, seconds) = running[done], done.result()
            if outcome == "failed" and not options.strict:
                again.append((case, details))
                continue
            results[case.sentence] = outcome
            report(case, outcome, details, seconds, options)
    for case, first in again:
        outcome, details, seconds = run_one(case, options)
        results[case.sentence] = outcome
        report(case, outcome, details, seconds, options)
        if outcome == "passed":
            print(f"UNSTEADY {case.sentence}: passed alone, failed beside others: {first[:1000]}", flush=True)
    for case in alone:
        outcome, details, seconds = run_one(case, options)
        results[case.sentence] = outcome
        report(case, outcome, details, seconds, options)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin-dir", default="build/release")
    parser.add_argument("--only", default="", help="run the cases whose sentence matches this regular expression")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--quick", action="store_true", help="smaller loads")
    parser.add_argument("--strict", action="store_true", help="no second run of a failed case")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    options.bin_dir = os.path.abspath(options.bin_dir)
    cases = [case for case in load() if re.search(options.only, case.sentence)]
    if options.list:
        print("\n".join(case.sentence for case in cases))
        return 0
    if not os.path.exists(os.path.join(options.bin_dir, "holdfast")):
        print(f"no holdfast in {options.bin_dir}")
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # exits through atexit, which kills what we started
    started = time.monotonic()
    results = list(run_all(cases, options).values())
    counts = {outcome: results.count(outcome) for outcome in ("passed", "failed", "skipped")}
    print(f"{time.monotonic() - started:.0f} s")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped", flush=True)
    support.kill_all()
    return 1 if counts["failed"] or not results else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    code = main()
    sys.stdout.flush()
    os._exit(code)  # threads of upstreams may still wait for a peer
