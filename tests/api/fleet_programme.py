"""A programme for fleets, made of the sample programme's files with changed terms and services."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

from ruamel.yaml import YAML

from cli.preparation import PROGRAMMES, prepare
from tests.api.house import House

FLEET: dict[str, Any] = {
    "rule": "HPG-1",
    "audit_rule": "HPG-2",
    "excluded_rule": "HPG-3",
    "kinds": {"desktop": "pc", "notebook": "pc", "printer": "printer"},
    "with_device": ["display"],
    "covered_by": ["warranty", "care_pack"],
    "minimums": {"access": [{"pc": 250}, {"printer": 250}], "management": [{"pc": 5000}, {"printer": 1000}]},
    "audit_months": 3,
}


async def publish(house: House) -> str:
    """Publish it beside the house's own, under a code that no other has; answers with the code."""
    code = f"F{uuid4().hex[:6].upper()}"
    write(house.settings.var_dir / code.lower(), code)
    await prepare(house.database, house.settings.var_dir)
    return code


def write(target: Path, code: str) -> None:
    """Its files."""
    shutil.copytree(PROGRAMMES / "hpg", target, ignore=shutil.ignore_patterns("lives", "coupons.yaml"))
    yaml = YAML(typ="safe")
    terms = yaml.load(target / "terms.yaml")
    terms |= {"code": code, "fleet": FLEET, "order_fees": []}
    terms["start"]["after"] = []
    terms["issuer"]["code"] = code
    yaml.dump(terms, target / "terms.yaml")
    catalogue = yaml.load(target / "catalogue.yaml")
    plain = catalogue["services"][0] | {"models": ["Fleet"], "device_type": "fleet", "prices": {1: "2.00"}}
    catalogue["services"] = [
        plain | {"id": f"{level}-{name}", "level": level, "device_class": name}
        for level in FLEET["minimums"]
        for name in ("pc", "printer")
    ]
    yaml.dump(catalogue, target / "catalogue.yaml")
