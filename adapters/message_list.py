"""The messages of a programme: listed with their subjects, and previewed with sample data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activities.errors import Refused
from adapters.mail_html import environment
from adapters.message_kinds import kinds, possible, sample
from adapters.programme_files import ProgrammeError, load, load_all
from adapters.texts import COMMON, SPOKEN, Texts
from domain.terms import Terms

HEAD = """\
# Messages to customers

This page is written from `programmes/common/texts/` and each programme's terms (`make docs`). A **notice** always
arrives. A **courtesy** carries `List-Unsubscribe`, and its reader can unsubscribe from its kind. Subjects are shown in
the programme's first language, with sample data; `./tenure messages preview NAME --programme CODE --language fr`
shows the whole message, and `GET /v1/programmes/CODE/messages` every language's subject.
"""


class CannotPreviewMessage(Exception):
    """There is no such message, programme or language, or its template is wrong."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as its reader gets it."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A message that a programme can send; its subjects by language, ``kind`` notice or courtesy."""

    name: str
    kind: str
    when: str
    subjects: dict[str, str]


def previewed(root: Path, programme: str, language: str, name: str, public_url: str) -> Shown:
    """A message with sample data. Raises CannotPreviewMessage, which says what is wrong."""
    if language not in SPOKEN:
        raise CannotPreviewMessage(f"there is no sample in `{language}`: take one of {', '.join(SPOKEN)}")
    if name not in kinds():
        raise CannotPreviewMessage(f"there is no message `{name}`: docs/messages.md lists them")
    texts = Texts(root)
    try:
        terms = load(root / programme.lower()).terms
        about = _about(texts, terms, name, public_url)
        subject, text = texts.message(programme, language, name, about)
        return Shown(subject, text, texts.html(programme, language, subject, text, public_url))
    except (Refused, ProgrammeError) as refusal:
        raise CannotPreviewMessage(str(refusal)) from refusal


def _about(texts: Texts, terms: Terms, name: str, public_url: str) -> dict[str, Any]:
    way_out = f"{public_url}/v1/unsubscribe/SAMPLE" if texts.courtesy(terms.code, name) else None
    return _sampled(terms) | {"link": f"{public_url}/v1/links/SAMPLE", "unsubscribe": way_out}


def _sampled(terms: Terms) -> dict[str, Any]:
    return sample() | {"currency": terms.currency, "number": f"{terms.code}-2027-000001"}


class Messages:
    """The messages of every programme in a folder, and the page by which readers unsubscribe."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._texts = Texts(root)
        self._page = environment([COMMON / "texts"]).get_template("unsubscribe.html.j2")

    def listed(self, terms: Terms) -> list[Listed]:
        """Every message that terms can lead to, by name."""
        programme = terms.code
        about = _sampled(terms)
        languages = tuple(dict.fromkeys((*terms.languages, *SPOKEN)))
        return [
            Listed(
                name=name,
                kind="courtesy" if self._texts.courtesy(programme, name) else "notice",
                when=kind.when,
                subjects={spoken: self._texts.message(programme, spoken, name, about)[0] for spoken in languages},
            )
            for name, kind in sorted(possible(terms).items())
        ]

    def unsubscribing(self, language: str, subject: str, done: bool) -> str:
        """The page that asks whether to unsubscribe, or says that it is ``done``."""
        spoken = language if language in SPOKEN else SPOKEN[0]
        return self._page.render(language=spoken, subject=subject, done=done)


def reference(root: Path) -> str:
    """The page of all messages of all programmes."""
    messages = Messages(root)
    parts = [HEAD]
    for programme in sorted(load_all(root), key=lambda item: item.terms.code):
        terms = programme.terms
        parts.append(f"## {terms.code}: {terms.title.get('en') or next(iter(terms.title.values()))}\n")
        parts.append("| message | kind | goes out when | subject |\n|---|---|---|---|")
        parts += [
            f"| `{item.name}` | {item.kind} | {item.when} | {item.subjects[terms.languages[0]]} |"
            for item in messages.listed(terms)
        ]
        parts.append("")
    return "\n".join(parts)
