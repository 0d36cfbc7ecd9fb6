"""What the cases stand on: their registry, bounded waits, programs that are run, and namespaces of this process alone.

Containers need root. All of it happens in a mount namespace of its own, and the pods in a network namespace of its own: whatever
happens, nothing of that is left behind. Containers are the exception; sweep() removes those that bear this run's name.
"""
import ctypes
import os
import re
import subprocess
import time

CASES = []
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RUN = f"holdfast-test-{os.getpid()}"  # begins the name of each container
CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000  # <linux/sched.h>
COMMAND_SECONDS = 120


class Failed(AssertionError):
    pass


class Skipped(Exception):
    pass


class Case:
    def __init__(self, sentence, function, network, long, begin):
        self.sentence, self.function, self.network, self.long, self.begin = sentence, function, network, long, begin


def case(sentence, network=False, long=False, begin=None):
    """Registers a case. network: it needs pods with addresses. long: it runs with --long only.

    begin: starts what takes its time while the pods' cases run; the case comes after them, and gets what `begin` returned.
    """
    def register(function):
        CASES.append(Case(sentence, function, network, long, begin))
        return function
    return register


def check(condition, what):
    if not condition:
        raise Failed(what() if callable(what) else what)


def until(condition, seconds, what, pause=0.05):
    """Polls until `condition()` is true and returns its value; fails at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(pause)


def run(*command, seconds=COMMAND_SECONDS, stdin=None, allowed=(0,)):
    """The standard output of a command that must end in time with an allowed exit code."""
    try:
        done = subprocess.run(command, input=stdin, text=True, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(command[:4])} … did not end within {seconds} s") from None
    if done.returncode not in allowed:
        raise Failed(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr[-3000:]}")
    return done.stdout


def podman(*arguments, **options):
    return run("podman", *arguments, **options)


def unshare(flag):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flag) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def private_mounts():
    """crun refuses version 1 and 2 cgroups side by side; where both are mounted, the second is hidden from here on."""
    unshare(CLONE_NEWNS)
    run("mount", "--make-rprivate", "/")
    if os.path.ismount("/sys/fs/cgroup/unified"):
        run("umount", "/sys/fs/cgroup/unified")


def private_network():
    unshare(CLONE_NEWNET)
    run("ip", "link", "set", "lo", "up")


def sweep():
    """Removes this run's containers, and those of runs that were killed."""
    names = podman("ps", "-a", "--format", "{{.Names}}").split()
    ours = [name for name in names if name.startswith(RUN + "-") or is_of_a_dead_run(name)]
    if ours:
        podman("rm", "-f", "-t", "0", *ours)


def is_of_a_dead_run(name):
    match = re.match(r"holdfast-test-(\d+)-", name)
    return bool(match) and not os.path.exists("/proc/" + match[1])
