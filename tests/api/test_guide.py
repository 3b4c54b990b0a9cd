"""The guide's programme on the real server: published as a file, lived through, equal to the simulator's lives."""

from __future__ import annotations

import shutil
from uuid import uuid4

import httpx
import pytest

from adapters.programme_files import load
from cli.demo import differs
from cli.player import Player
from cli.preparation import prepare
from cli.simulate import simulated
from runtime.settings import CHECKOUT
from storage import keys
from tests.api.house import House, secret

FOLDER = CHECKOUT / "docs" / "guide" / "lft"


@pytest.mark.parametrize("name", ["two-lifts", "too-late"])
async def test_a_life_of_a_programme_that_is_only_a_file(house: House, name: str) -> None:
    """Nothing was deployed but files; every entry is the simulator's."""
    code = f"L{uuid4().hex[:6].upper()}"
    folder = house.settings.var_dir / code.lower()
    shutil.copytree(FOLDER, folder)
    terms = folder / "terms.yaml"
    terms.write_text(terms.read_text().replace("code: LFT\nversion", f"code: {code}\nversion"))
    await prepare(house.database, house.settings.var_dir)
    programme = load(folder)
    headers = {"Authorization": f"Bearer {await secret(house.database, *keys.SCOPES)}"}
    transport = httpx.ASGITransport(app=house.app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://tenure.example/v1", headers=headers, timeout=120
    ) as http:
        played = await Player(http, programme, programme.lives()[name], uuid4().hex[:6]).play()
    life, wrong = simulated(programme, programme.lives()[name], played.number)
    assert [*wrong, *played.wrong, *differs(life.entries, played.entries)] == []
