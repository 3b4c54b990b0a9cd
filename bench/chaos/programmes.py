"""The programmes of a house that is shaken: each under every variant of its terms, with a code of its own for each."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from string import ascii_uppercase

from adapters.programme_files import Programme
from bench.random_lives import PROGRAMMES
from bench.variants import variants


@cache
def offered() -> dict[str, tuple[Programme, ...]]:
    """By the code of a programme that ships, its variants: a contract finds its prices and terms by its code alone."""
    return {programme.terms.code: _coded(programme) for programme in PROGRAMMES}


def _coded(programme: Programme) -> tuple[Programme, ...]:
    code, version = programme.terms.code, programme.terms.version
    return tuple(
        replace(variant, terms=variant.terms.model_copy(update={"code": code + letter, "version": version}))
        for letter, variant in zip(ascii_uppercase, variants(programme), strict=False)
    )


def write(folder: Path) -> None:
    """The programmes as a folder that workers and API read."""
    for programme in (variant for group in offered().values() for variant in group):
        place = folder / programme.terms.code.lower()
        place.mkdir(parents=True)
        # JSON is YAML.
        terms = programme.terms.model_dump(mode="json", by_alias=True)
        (place / "terms.yaml").write_text(json.dumps(terms, ensure_ascii=False), encoding="utf-8")
        for part in programme.folder.iterdir():
            if part.name not in {"terms.yaml", "lives"}:
                (place / part.name).symlink_to(part)
