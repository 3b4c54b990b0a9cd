"""Programmes as files in a folder: read, checked, and where they are wrong, with file, line and remedy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from domain.catalogue import Catalogue, Coupon, Device
from domain.scenario import Scenario
from domain.terms import Terms

Model = TypeVar("Model", bound=BaseModel)


class ProgrammeError(Exception):
    """A programme's file is wrong; the message names the file, the line and what is expected there."""


@dataclass(frozen=True, slots=True)
class Programme:
    """One programme as its folder has it."""

    folder: Path
    terms: Terms
    catalogue: Catalogue
    coupons: tuple[Coupon, ...]
    devices: tuple[Device, ...]

    @property
    def sha256(self) -> str:
        """What its terms are, in one number: the same for the same terms, however the file is laid out."""
        canonical = json.dumps(self.terms.model_dump(mode="json"), sort_keys=True)
        return sha256(canonical.encode()).hexdigest()

    def lives(self) -> dict[str, Scenario]:
        """Its example lives, by file name. Raises ProgrammeError."""
        paths = sorted((self.folder / "lives").glob("*.yaml"))
        return {path.stem: read(path, Scenario) for path in paths}


def load_all(root: Path) -> tuple[Programme, ...]:
    """Every programme in a folder of programmes, each in a folder of its own code's name. Raises ProgrammeError."""
    found = tuple(load(path.parent) for path in sorted(root.glob("*/terms.yaml")))
    for programme in found:
        name = programme.terms.code.lower()
        if programme.folder.name != name:
            raise ProgrammeError(f"{programme.folder}: rename this folder to {name}, its texts are looked for there")
    return found


def load(place: Path) -> Programme:
    """The programme of one folder, named by the folder or by the terms file in it. Raises ProgrammeError."""
    folder = place if place.is_dir() else place.parent
    terms, catalogue = read(folder / "terms.yaml", Terms), read(folder / "catalogue.yaml", Catalogue)
    unexplained = sorted({term.rule for term in catalogue.warranties} - set(terms.rules))
    if unexplained:
        cited = f"rules {', '.join(unexplained)} are cited under `warranties` and not explained"
        raise ProgrammeError(f"{folder / 'catalogue.yaml'}: {cited}; add a sentence for each to the terms' `rules`")
    return Programme(
        folder=folder,
        terms=terms,
        catalogue=catalogue,
        coupons=_read_many(folder / "coupons.yaml", Coupon),
        devices=_read_many(folder / "devices.yaml", Device),
    )


def read(path: Path, model: type[Model]) -> Model:
    """A file as what it should be. Raises ProgrammeError."""
    found: Model = _validated(path, TypeAdapter(model))
    return found


def _read_many(path: Path, model: type[Model]) -> tuple[Model, ...]:
    if not path.exists():
        return ()
    found: tuple[Model, ...] = _validated(path, TypeAdapter(tuple[model, ...]))  # type: ignore[valid-type]
    return found


def _validated(path: Path, adapter: TypeAdapter[Any]) -> Any:
    marked, plain = _parse(path), _plain(path)
    try:
        found = adapter.validate_python(plain)
    except ValidationError as error:
        problems = [_problem(path, marked, problem) for problem in error.errors()]
        raise ProgrammeError("\n".join(problems)) from error
    problems = [_problem(path, marked, problem) for problem in _unknown(found, plain, ())]
    if problems:
        raise ProgrammeError("\n".join(problems))
    return found


def _unknown(found: Any, plain: Any, location: tuple[str | int, ...]) -> Iterator[dict[str, Any]]:
    """Fields of the file that its model lacks: models that histories keep ignore them, in a file they are mistakes."""
    if isinstance(found, BaseModel) and isinstance(plain, dict):
        fields = {field.alias or name: name for name, field in type(found).model_fields.items()}
        for key, value in plain.items():
            if key in fields:
                yield from _unknown(getattr(found, fields[key]), value, (*location, key))
            else:
                close = get_close_matches(str(key), fields, n=1) or [f"one of {', '.join(fields)}"]
                yield {"loc": (*location, key), "msg": f"there is no such field; is it {close[0]}?"}
    elif isinstance(found, dict) and isinstance(plain, dict):
        for key in found.keys() & plain.keys():
            yield from _unknown(found[key], plain[key], (*location, key))
    elif isinstance(found, tuple) and isinstance(plain, list):
        for index, (item, value) in enumerate(zip(found, plain, strict=True)):
            yield from _unknown(item, value, (*location, index))


def _parse(path: Path) -> Any:
    """The file with the line of everything in it."""
    try:
        return YAML(typ="rt").load(path)
    except FileNotFoundError:
        raise ProgrammeError(f"{path}: there is no such file") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ProgrammeError(f"{path}:{line}: this is not YAML: {error.problem}") from error


def _plain(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path)


def _problem(path: Path, marked: Any, problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    return f"{path}:{_line(marked, problem['loc'])}: {where or 'the file'}: {problem['msg']}"


def _line(marked: Any, location: tuple[str | int, ...]) -> int:
    """The line of the deepest part of a location that the file has."""
    line = 1
    for part in location:
        try:
            lines: Any = getattr(marked, "lc", None)
            position = lines.key(part) if isinstance(marked, dict) else lines.item(part)
            line, marked = position[0] + 1, marked[part]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line
