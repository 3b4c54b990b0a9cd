"""`./tenure programme`: what a contract manager needs to write a programme."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.programme_files import Programme, load
from cli.reach import reach
from cli.simulate import SIMULATED, simulated
from domain.plain import explained
from domain.scenario import Scenario
from domain.terms import Terms
from domain.warranty import plain as of_warranty

app = typer.Typer(help="Programmes: checked, and described to an editor.", no_args_is_help=True)

app.command()(reach)

File = Annotated[Path, typer.Argument(help="A programme's terms file, or its folder.", exists=True)]


@app.command()
def check(file: File) -> None:
    """Read a programme's files and play its lives; exits with 1, naming file, line and remedy, where one is wrong."""
    console = Console(soft_wrap=True)
    programme = load(file)
    lives = programme.lives()
    wrong = _differences(programme, lives)
    for line in wrong:
        console.print(line, style="red", markup=False)
    if wrong:
        raise typer.Exit(1)
    terms = programme.terms
    console.print(f"{terms.code} version {terms.version}: {len(terms.rules)} rules; {len(lives)} lives go as they say.")


def _differences(programme: Programme, lives: dict[str, Scenario]) -> list[str]:
    return [
        f"{programme.folder / 'lives' / name}.yaml: {difference}"
        for name, story in lives.items()
        for difference in simulated(programme, story, SIMULATED)[1]
    ]


@app.command()
def explain(file: File) -> None:
    """Tell a programme in plain sentences, each with its rule; amounts are net."""
    console = Console(soft_wrap=True, highlight=False)
    programme = load(file)
    terms = programme.terms
    console.print(f"{terms.text(terms.title, 'en')} ({terms.code}, version {terms.version})", style="bold")
    where = f"Offered in {', '.join(terms.countries)}; dates in {terms.time_zone}; money in {terms.currency}"
    console.print(f"{where}; languages {', '.join(terms.languages)}.")
    for part, told in groupby(explained(terms), key=lambda sentence: sentence.part):
        console.print(f"\n{part.replace('_', ' ').capitalize()}", style="bold")
        for sentence in told:
            console.print(f"  {sentence.text} [{sentence.rule}]", markup=False)
    if programme.catalogue.warranties:
        console.print("\nWarranty", style="bold")
        for rule, text in of_warranty.told(programme.catalogue.warranties):
            console.print(f"  {text} [{rule}]", markup=False)


@app.command()
def schema() -> None:
    """Print the JSON Schema of `terms.yaml`, by which an editor completes and checks it."""
    print(terms_schema(), end="")


def terms_schema() -> str:
    """The schema as a file's text. A field that it does not list is a mistake, as it is for the loader."""
    described = Terms.model_json_schema()
    for part in (described, *described.get("$defs", {}).values()):
        _close(part)
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def _close(part: dict[str, Any]) -> None:
    if "properties" in part:
        part["additionalProperties"] = False
