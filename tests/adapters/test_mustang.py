"""An independent judge: Mustang takes every kind of Factur-X that we make, as PDF/A-3 and as EN 16931."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from adapters.papers import Papers
from runtime.settings import CHECKOUT
from tests.adapters.papers import KINDS, paper
from tests.programmes.shipped import shipped

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
VALIDATOR = CACHE / "tenure" / "mustang" / "Mustang-CLI-2.26.0.jar"
WRONG = "a wrong total"


@pytest.mark.timeout(900)
def test_every_kind_is_valid_by_mustang(tmp_path: Path) -> None:
    """All of them are judged in one start; a total that does not add up is found among them."""
    papers, terms = Papers(CHECKOUT / "programmes"), shipped("HPP")
    for kind, changes in {**KINDS, WRONG: {"gross": KINDS["one line"]["gross"]}}.items():
        pdf = papers.printed(papers.invoice(paper(**changes), terms))
        (tmp_path / f"{kind}.pdf").write_bytes(pdf)
    assert judged(tmp_path) == dict.fromkeys(KINDS, "valid") | {WRONG: "invalid"}


def judged(folder: Path) -> dict[str, str]:
    """What Mustang says of each file of a folder."""
    assert VALIDATOR.exists(), "Mustang is missing: make parts"
    options = ["--disable-file-logging", "--no-notices", "--action", "validateExpectValid", "-d", str(folder)]
    said = subprocess.run(
        ["java", "-jar", str(VALIDATOR), *options], cwd=folder, capture_output=True, text=True, check=False
    )
    found = re.findall(r"Testing file \d+:\s+(\w+) \((.+)\.pdf\)", said.stdout + said.stderr)
    return {Path(path).name: verdict for verdict, path in found}
