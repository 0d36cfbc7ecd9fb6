#!/usr/bin/env python3
"""A real PostgreSQL for tests, on loopback, in a folder that goes with it.

    python3 -B tests/support/postgres.py -- COMMAND…    runs COMMAND with HOLDFAST_TEST_POSTGRES, the URL of a fresh server

Ends with COMMAND's exit code, and the server is gone however that came about. Without PostgreSQL's programs it says
SKIPPED and runs COMMAND without the variable. The class is for tests that stop, kill and restart the server: port and
data stay. PostgreSQL refuses to run as root, so root hands the server to the user `postgres`.
"""
import glob
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HOST = "127.0.0.1"
VARIABLE = "HOLDFAST_TEST_POSTGRES"
SETTINGS = {"listen_addresses": HOST, "unix_socket_directories": "", "fsync": "on", "max_connections": "60", "shared_buffers": "16MB",
            "autovacuum": "off", "recovery_init_sync_method": "syncfs"}  # by file, the recovery after a kill takes seconds longer


class Absent(Exception):
    """PostgreSQL's programs are not on this machine."""


def program(name):
    """The newest one; Debian keeps them outside PATH."""
    versions = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(re.search(r"/(\d+)/", path)[1]))
    path = versions[-1] if versions else shutil.which(name)
    if not path:
        raise Absent(f"{name} is not installed (scripts/install test brings it)")
    return path


def free_port():
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return sock.getsockname()[1]


class Postgres:
    """One server. Every method ends within its bound."""

    def __init__(self):
        self.programs = {name: program(name) for name in ("initdb", "postgres", "psql")}
        self.owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self.folder = tempfile.mkdtemp(prefix="holdfast-postgres-")
        self.data = os.path.join(self.folder, "data")
        self.log_path = os.path.join(self.folder, "log")
        self.password = secrets.token_hex(12)
        self.port = None
        self.process = None
        if self.owner:
            os.chown(self.folder, self.owner.pw_uid, self.owner.pw_gid)
        try:
            self._initdb()
        except BaseException:
            self.close()
            raise

    @property
    def url(self):
        return f"postgresql://postgres:{self.password}@{HOST}:{self.port}/postgres"

    def start(self, timeout=20):
        """Starts it and waits until it answers. The first start takes a free port; later ones take the same."""
        for _ in range(5 if self.port is None else 1):
            port = self.port or free_port()
            self._launch(port)
            if self._answers(port, time.monotonic() + timeout):
                self.port = port
                return self
            self.kill9()
        raise RuntimeError(f"PostgreSQL does not start: {self.log()[-2000:]}")

    def stop(self, timeout=10):
        """Ends it in order, cutting its clients."""
        self._end(signal.SIGINT, timeout)

    def kill9(self):
        """Ends every process of it at once, as the kernel does when memory is out."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP)  # it has no more children from here on
            pids = self._pids()
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            self.process.wait(10)
            deadline = time.monotonic() + 10
            while any(map(_runs, pids[1:])) and time.monotonic() < deadline:
                time.sleep(0.01)
        self.process = None

    def restart(self):
        self.stop()
        return self.start()

    def pause(self):
        """Everything of it stands still, and its sockets stay open."""
        for pid in self._pids():
            os.kill(pid, signal.SIGSTOP)

    def resume(self):
        for pid in self._pids():
            os.kill(pid, signal.SIGCONT)

    def query(self, sql, timeout=10):
        """The rows of one statement as lists of text, by psql."""
        environment = {**os.environ, "PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "5"}
        done = subprocess.run([self.programs["psql"], "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", HOST, "-p", str(self.port), "-U", "postgres",
                               "-d", "postgres", "-c", sql],
                              capture_output=True, text=True, timeout=timeout, env=environment, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def close(self):
        """Ends it and removes its folder."""
        self.kill9()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- inside

    def _as_owner(self):
        """How subprocess starts a program as the server's user, out of reach of the terminal's Ctrl-C."""
        options = {"stdin": subprocess.DEVNULL, "cwd": self.folder, "start_new_session": True,
                   "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}}
        if self.owner:
            options.update(user=self.owner.pw_uid, group=self.owner.pw_gid, extra_groups=[])
        return options

    def _initdb(self):
        secret = os.path.join(self.folder, "password")
        with open(secret, "w", encoding="ascii") as file:
            file.write(self.password)
        if self.owner:
            os.chown(secret, self.owner.pw_uid, self.owner.pw_gid)
        done = subprocess.run([self.programs["initdb"], "--no-sync", "--locale=C.UTF-8", "--encoding=UTF8", "--username=postgres", "--auth=scram-sha-256",
                               f"--pwfile={secret}", "-D", self.data],
                              capture_output=True, text=True, timeout=60, **self._as_owner())
        os.unlink(secret)
        if done.returncode != 0:
            raise RuntimeError(f"initdb: {done.stderr.strip() or done.stdout.strip()}")

    def _launch(self, port):
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        # Should this process be killed, the kernel ends the server. (It counts as gone when the thread that starts it is.)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "INT", self.programs["postgres"], "-D", self.data, "-p", str(port), *settings],
                                            stdout=log, stderr=log, **self._as_owner())

    def _answers(self, port, deadline):
        known, self.port = self.port, port
        try:
            while time.monotonic() < deadline and self.process.poll() is None:
                try:
                    return bool(self.query("SELECT 1"))
                except (RuntimeError, subprocess.TimeoutExpired):
                    time.sleep(0.05)
            return False
        finally:
            self.port = known

    def _end(self, number, timeout):
        if not self.process or self.process.poll() is not None:
            return
        self.process.send_signal(number)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill9()
        self.process = None

    def _pids(self):
        """The server and its children; the children of PostgreSQL are group leaders of their own."""
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(children, encoding="ascii") as file:
            return [self.process.pid, *map(int, file.read().split())]


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def run_with_server(command):
    environment = dict(os.environ)
    environment.pop(VARIABLE, None)
    try:
        server = Postgres()
    except Absent as why:
        print(f"SKIPPED PostgreSQL: {why}", flush=True)
        return subprocess.run(command, env=environment).returncode
    process = None
    try:
        server.start()
        process = subprocess.Popen(command, env={**environment, VARIABLE: server.url})
        return process.wait()
    finally:
        if process and process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        server.close()


def main(arguments):
    if len(arguments) < 2 or arguments[0] != "--":
        sys.exit("usage: postgres.py -- COMMAND…")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda caught, _: sys.exit(128 + caught))
    code = run_with_server(arguments[1:])
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
