"""Messages from templates, a programme's own or everybody's, in the reader's language and money."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_currency
from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    UndefinedError,
    pass_context,
)
from jinja2.runtime import Context, Undefined

from activities.errors import Refused
from adapters.mail_html import LAYOUT, blocks, environment
from adapters.message_kinds import courtesies
from adapters.programme_files import load

SUBJECT = "Subject: "
COMMON = Path(__file__).parents[1] / "programmes" / "common"
"""The texts that every programme has, wherever its own files are; one in its own folder goes before."""
SPOKEN = ("en", "fr", "ja")
"""The languages of the common texts."""


class Texts:
    """The texts of every programme in a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._issuer: Callable[[str], dict[str, Any]] = cache(self._load_issuer)
        self._languages: Callable[[str], tuple[str, ...]] = cache(self._load_languages)
        self._environment: Callable[[str, str], Environment] = cache(self._load_environment)
        self._layout: Callable[[str], Template] = cache(self._load_layout)

    def message(self, programme: str, language: str, name: str, context: dict[str, Any]) -> tuple[str, str]:
        """The subject and the text of a message. Raises Refused where the programme has no such text."""
        subject, _, body = self._render(programme, language, f"{name}.txt.j2", context).partition("\n")
        if not subject.startswith(SUBJECT):
            raise Refused(f"text {name} of {programme} does not begin with `{SUBJECT}`")
        text = re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"
        if context.get("unsubscribe"):
            text += "\n" + self._render(programme, language, "unsubscribe.txt.j2", context).strip() + "\n"
        return subject.removeprefix(SUBJECT).strip(), text

    def html(self, programme: str, language: str, subject: str, text: str, ours: str) -> str:
        """The page of a text, in the programme's own layout or everybody's; ``ours`` begins what becomes a link."""
        return self._layout(programme).render(
            language=language, subject=subject, blocks=blocks(text, ours), issuer=self._issuer(programme)
        )

    def courtesy(self, programme: str, name: str) -> bool:
        """Whether the customer may unsubscribe from a message."""
        return name in courtesies(self._folder(programme))

    def _render(self, programme: str, language: str, name: str, context: dict[str, Any]) -> str:
        for choice in dict.fromkeys((language, *self._languages(programme), *SPOKEN)):
            try:
                template = self._environment(programme, choice).get_template(name)
            except TemplateNotFound:
                continue
            try:
                return template.render(context | {"language": choice, "issuer": self._issuer(programme)})
            except UndefinedError as error:
                raise Refused(f"texts {name} of {programme} in {choice} asks for what is not there: {error}") from error
        raise Refused(f"programme {programme} has no texts {name} in any of its languages")

    def _folder(self, programme: str) -> Path:
        return self._root / programme.lower()

    def _load_issuer(self, programme: str) -> dict[str, Any]:
        return load(self._folder(programme)).terms.issuer.model_dump()

    def _load_languages(self, programme: str) -> tuple[str, ...]:
        return load(self._folder(programme)).terms.languages

    def _load_layout(self, programme: str) -> Template:
        return environment([self._folder(programme) / "texts", COMMON / "texts"]).get_template(LAYOUT)

    def _load_environment(self, programme: str, language: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader([self._folder(programme) / "texts" / language, COMMON / "texts" / language]),
            autoescape=False,  # noqa: S701 - messages are plain text
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {"day": day, "money": money, "moment": moment}
        return environment


@pass_context
def day(context: Context, value: Any) -> str:
    """A date in the reader's words: `17 mai 2027`."""
    return format_date(_date(value), format="long", locale=context["language"])


@pass_context
def moment(context: Context, value: Any) -> str:
    """An instant in the reader's words, on the contract's own clocks."""
    local = datetime.fromisoformat(str(value)).astimezone(ZoneInfo(context["zone"]))
    on = format_date(local, format="long", locale=context["language"])
    return f"{on}, {format_time(local.time(), format='short', locale=context['language'])}"


@pass_context
def money(context: Context, value: Any) -> str:
    """An amount in the reader's notation, in the contract's currency."""
    return format_currency(Decimal(str(value)), context["currency"], locale=context["language"])


def _date(value: Any) -> date:
    if isinstance(value, Undefined):
        raise UndefinedError("a date that the text needs is missing")
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
