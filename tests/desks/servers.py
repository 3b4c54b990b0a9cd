"""Private ticket desks for the tests: each with its own data, its own port, and gone at the end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

import httpx

from runtime import child
from runtime.ports import LOOPBACK, free_port
from runtime.settings import CHECKOUT

SEEDS = CHECKOUT / "docs" / "desks"
RT = Path("/usr/share/request-tracker5")
PASSWORD = "correct horse battery"
PATIENCE = 60.0


class DeskMissing(Exception):
    """A desk's programs are not on this machine."""


class DeskFailed(Exception):
    """A desk did not start; the message has its last words."""


class DeskServer:
    """A desk that runs, can be killed, and comes back with what it had."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.folder = Path(tempfile.mkdtemp(prefix="tenure-desk-"))
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """The desk, set up and answering."""
        try:
            self.set_up()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the desk and removes its data."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, unless it runs, and wait until it answers."""
        if self.process is None:
            with (self.folder / "log").open("ab") as log:
                self.process = self.run(log)
        until = time.monotonic() + PATIENCE
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise DeskFailed((self.folder / "log").read_text(errors="replace")[-3000:])
            time.sleep(0.1)

    def kill(self) -> None:
        """Kill it at once, with the workers that it has started."""
        if self.process is not None:
            # The process began a session of its own: the group is its and its workers' alone.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def answers(self) -> bool:
        """Whether it answers."""
        try:
            return httpx.get(self.probe(), timeout=5, trust_env=False).status_code < 500
        except httpx.HTTPError:
            return False

    def set_up(self) -> None:
        """Make its data."""
        raise NotImplementedError

    def run(self, log: object) -> subprocess.Popen[bytes]:
        """Start its process."""
        raise NotImplementedError

    def probe(self) -> str:
        """What it answers when it is well."""
        raise NotImplementedError


class RequestTrackerServer(DeskServer):
    """A Request Tracker 5 on SQLite, seeded as the docs say."""

    SITE = """
Set($rtname, 'tenure.test'); Set($Organization, 'tenure.test');
Set($DatabaseType, 'SQLite'); Set($DatabaseName, '{folder}/rt.sqlite');
Set($WebDomain, '127.0.0.1'); Set($WebPort, {port}); Set($Timezone, 'UTC');
Set($MailCommand, 'testfile'); Set($LogToSyslog, undef); Set($LogToSTDERR, 'error');
Set($BcryptCost, 10);  # each call is one: the default would be most of a test's time
Set($MasonDataDir, '{folder}/mason'); Set($MasonSessionDir, '{folder}/sessions');
{more}
1;
"""

    def __init__(self, more: str = "") -> None:
        super().__init__()
        self._more = more

    def set_up(self) -> None:
        """A fresh database with the seed in it."""
        if not (RT / "libexec" / "rt-server").exists():
            raise DeskMissing("Request Tracker 5 is not on this machine: run `make parts`, which installs it.")
        for name in ("conf.d", "mason", "sessions"):
            (self.folder / name).mkdir()
        self.configure(self._more)
        (self.folder / "root.password").write_text(PASSWORD)
        self._setup("--action", "init", "--skip-create", "--root-password-file", str(self.folder / "root.password"))
        self._setup("--action", "insert", "--datafile", str(SEEDS / "request-tracker" / "seed.pl"))

    def configure(self, more: str) -> None:
        """Write its configuration; it is read when the server starts."""
        site = self.SITE.format(folder=self.folder, port=self.port, more=more)
        (self.folder / "RT_SiteConfig.pm").write_text(site)

    @property
    def token(self) -> str:
        """The service user's token."""
        return (self.folder / "token").read_text()

    def _setup(self, *arguments: str) -> None:
        command = ["/usr/sbin/rt-setup-database-5", *arguments]
        done = subprocess.run(command, env=self._env(), cwd=self.folder, check=False, capture_output=True)
        if done.returncode:
            raise DeskFailed(f"{done.stdout.decode()}\n{done.stderr.decode()}"[-3000:])

    def _env(self) -> dict[str, str]:
        return os.environ | {
            "RT_SITE_CONFIG": str(self.folder / "RT_SiteConfig.pm"),
            "RT_SITE_CONFIG_DIR": str(self.folder / "conf.d"),
            "TENURE_RT_TOKEN_FILE": str(self.folder / "token"),
        }

    def run(self, log: object) -> subprocess.Popen[bytes]:
        """The server with a few workers."""
        where = ("--port", str(self.port), "--host", LOOPBACK, "--max-workers", "4")
        return child.start([RT / "libexec" / "rt-server", *where], output=log, env=self._env())  # type: ignore[arg-type]

    def probe(self) -> str:
        """Its REST interface."""
        return f"{self.url}/REST/2.0/rt"


class RoundupServer(DeskServer):
    """A Roundup tracker made from the classic template and the docs' files."""

    def set_up(self) -> None:
        """A fresh tracker."""
        tracker = self.folder / "tracker"
        options = ",".join(
            (
                f"tracker_web={self.tracker_url}/",
                "mail_domain=tenure.invalid",
                "mail_host=localhost",
                # Each call is checked against it: the default would be most of a test's time.
                "password_pbkdf2_default_rounds=1000",
            )
        )
        self._admin(tracker, "install", "classic", "sqlite", options)
        shutil.copytree(SEEDS / "roundup", tracker, dirs_exist_ok=True)
        (tracker / "detectors" / "statusauditor.py").unlink()
        self._admin(tracker, "initialise", PASSWORD)
        if os.getuid() == 0:
            self.folder.chmod(0o755)
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, "nobody", "nogroup")

    @property
    def tracker_url(self) -> str:
        """The tracker's address."""
        return f"{self.url}/tenure"

    def _admin(self, tracker: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "roundup.scripts.roundup_admin", "-i", str(tracker), *arguments]
        env = os.environ | {"TENURE_ROUNDUP_PASSWORD": PASSWORD}
        done = subprocess.run(command, env=env, cwd=self.folder, check=False, capture_output=True)
        if done.returncode:
            raise DeskFailed(f"{done.stdout.decode()}\n{done.stderr.decode()}"[-3000:])

    def run(self, log: object) -> subprocess.Popen[bytes]:
        """The server, never as root."""
        script = Path(__file__).with_name("roundup_tethered.py")
        command: list[str | Path] = [sys.executable, script, "-p", str(self.port), "-n", LOOPBACK]
        if os.getuid() == 0:
            command += ["-u", "nobody", "-g", "nogroup"]
        return child.start([*command, f"tenure={self.folder / 'tracker'}"], output=log)  # type: ignore[arg-type]

    def probe(self) -> str:
        """Its REST interface."""
        return f"{self.tracker_url}/rest"
