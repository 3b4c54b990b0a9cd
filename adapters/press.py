"""The press: a source becomes a PDF/A-3, the same source the same bytes."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from threading import Lock
from typing import cast

import typst

from activities.errors import Refused
from adapters.einvoice import embedded
from storage.documents import Source

MAKER = f"typst {version('typst')}"
"""What makes the bytes: another version of it may make others from the same source."""
_FONTS = ("noto_cjk_sans_jp_regular", "noto_cjk_sans_jp_bold")
_UNKNOWN = re.compile('the text `"(.+)"` could not be displayed', re.DOTALL)
_SQUARE = "\u25a1"
_ONE_AT_A_TIME = Lock()


def printed(source: Source) -> bytes:
    """The PDF. What is filled in goes in as data: nothing of it is ever read as markup.

    Raises Refused where the template asks for what is not there, or is wrong itself.
    """
    plain = _printable(source, json.dumps(source.data, ensure_ascii=False, sort_keys=True))
    return embedded(plain, source.inside, source.data) if source.inside else plain


def _printable(source: Source, filled_in: str) -> bytes:
    """The pages. A letter that no font of ours has becomes a square: PDF/A takes none that cannot be seen."""
    while True:
        try:
            return _compiled(source, filled_in)
        except typst.TypstError as error:
            unknown = _UNKNOWN.search(str(error))
            letters = set(unknown.group(1)) if unknown else set()
            if not letters & set(filled_in):
                raise Refused(f"the template {source.name}.typ cannot be printed: {error}") from error
            filled_in = filled_in.translate(dict.fromkeys(map(ord, letters), _SQUARE))


def _compiled(source: Source, filled_in: str) -> bytes:
    texts = {name: text.encode() for name, text in source.files.items()}
    # The compiler keeps what it has read and laid out; it works on one paper at a time.
    with _ONE_AT_A_TIME:
        made = _compiler().compile(
            input={"main": texts[f"{source.name}.typ"], **texts},  # type: ignore[type-var]  # its stub lacks files by name
            format="pdf",
            pdf_standards="a-3b",
            sys_inputs={"paper": filled_in},
        )
    return cast("bytes", made)


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=[str(files(package)) for package in _FONTS], ignore_system_fonts=True)
