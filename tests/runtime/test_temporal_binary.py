"""Where the Temporal server's program is looked for, in which order, and what is said when there is none."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from runtime.temporal_binary import TemporalMissing, server_version, temporal_binary

Place = Callable[[str], Path]

NEW = "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"
OLD = "temporal version 1.1.0 (Server 1.25.0, UI 2.31.2)"

GO = """#!/bin/sh
echo "go: downloading a.example/module v1.0.0" >&2
echo a.example/module >&2
mkdir -p "$GOBIN"
printf '#!/bin/sh\\necho "{version}"\\n' > "$GOBIN/temporal"
/bin/chmod +x "$GOBIN/temporal"
"""


def write_program(path: Path, text: str) -> Path:
    """An executable script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def write_temporal(path: Path, version: str = NEW) -> Path:
    """A program that says it is the Temporal command line of this version."""
    return write_program(path, f'#!/bin/sh\necho "{version}"\n')


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with an empty home, nothing on the PATH and no way out."""
    for name in ("path", "home"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("GOBIN", "GOPATH", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    # Go's usual place is looked at too, and may well have it.
    found = shutil.which
    monkeypatch.setattr(
        shutil, "which", lambda n, path=None: None if "/usr/local/go" in str(path) else found(n, path=path)
    )

    async def no_way_out(**_: object) -> WorkflowEnvironment:
        raise RuntimeError("no way out")

    monkeypatch.setattr(WorkflowEnvironment, "start_local", no_way_out)
    return tmp_path


async def find() -> Path:
    """The program found, what is said meanwhile left aside."""
    return await temporal_binary(lambda _: None)


async def test_path_comes_before_gos_bin(bare_machine: Path) -> None:
    """What the person put on the PATH is what they mean."""
    on_path = write_temporal(bare_machine / "path" / "temporal")
    write_temporal(bare_machine / "home" / "go" / "bin" / "temporal")
    assert await find() == on_path


@pytest.mark.parametrize("variable", ["GOBIN", "GOPATH", None])
async def test_gos_bin_is_looked_at(bare_machine: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None) -> None:
    """A program that `go install` left behind is found without being on the PATH."""
    places = {"GOBIN": "gobin", "GOPATH": "gopath/bin", None: "home/go/bin"}
    built = write_temporal(bare_machine / places[variable] / "temporal")
    if variable:
        monkeypatch.setenv(variable, str(built.parent if variable == "GOBIN" else built.parent.parent))
    assert await find() == built


async def test_too_old_server_is_passed_over(bare_machine: Path) -> None:
    """An old program on the PATH does not hide a good one."""
    write_temporal(bare_machine / "path" / "temporal", OLD)
    built = write_temporal(bare_machine / "home" / "go" / "bin" / "temporal")
    assert await find() == built


async def test_earlier_download_is_used_again(bare_machine: Path) -> None:
    """What the SDK downloaded once is not asked for again."""
    kept = write_temporal(bare_machine / "home" / ".cache" / "tenure" / "temporal-sdk-python-1.35.0")
    assert await find() == kept


async def test_go_builds_it_as_the_last_way(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing there but Go, the program is built, and the person sees what is going on."""
    monkeypatch.setenv("GOBIN", str(bare_machine / "gobin"))
    write_program(bare_machine / "path" / "go", GO.format(version=NEW))
    (bare_machine / "path" / "mkdir").symlink_to("/bin/mkdir")
    said: list[str] = []
    assert await temporal_binary(said.append) == bare_machine / "gobin" / "temporal"
    assert any("compiling, 1 of about" in line for line in said)


async def test_failed_build_shows_its_last_words(bare_machine: Path) -> None:
    """A build that fails says why."""
    write_program(bare_machine / "path" / "go", '#!/bin/sh\necho "go: no such module" >&2\nexit 1\n')
    with pytest.raises(TemporalMissing, match="go: no such module"):
        await find()


async def test_none_of_the_ways_names_all_choices(bare_machine: Path) -> None:
    """One message has every way to a server, and why each was closed."""
    write_temporal(bare_machine / "path" / "temporal", OLD)
    with pytest.raises(TemporalMissing) as caught:
        await find()
    for part in ("TEMPORAL_ADDRESS", "on the PATH", "go install", "no way out", "too old", "Go is not installed"):
        assert part in str(caught.value)


def test_program_that_is_something_else_has_no_version(bare_machine: Path) -> None:
    """A namesake, a broken program and a missing one are no Temporal server."""
    namesake = write_program(bare_machine / "temporal", "#!/bin/sh\necho hello\n")
    assert server_version(namesake) == ()
    assert server_version(bare_machine / "missing") == ()
    assert server_version(write_program(bare_machine / "broken", "#!/bin/sh\nexit 3\n")) == ()
