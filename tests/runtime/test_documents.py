"""`./tenure documents` by hand: a preview of every paper, and a check that finds what differs."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.samples import CannotPreview, names
from adapters.texts import COMMON, SPOKEN
from cli.app import app
from tests.adapters.reading import text

TITLED = {"en": "Order and reply form", "fr": "Bon de commande et réponse", "ja": "注文書兼回答書"}


def test_every_paper_has_layout_and_words() -> None:
    """Each that can be previewed has both files; the offers, the forms and what follows an order are among them."""
    assert {"quote", "renewal_quote", "order_form", "delivery_note", "support_contacts", "invoice"} <= set(names())
    laid_out = {path.stem for path in (COMMON / "papers").glob("*.typ")}
    assert set(names()) - {"credit"} <= laid_out


@pytest.mark.rule("COM-5", "HPJ-7")
@pytest.mark.parametrize("language", SPOKEN)
def test_a_preview_is_a_paper(tmp_path: Path, language: str) -> None:
    """In each language, with as many lines as asked for."""
    made = tmp_path / "form.pdf"
    options = ["--language", language, "--programme", "HPJ", "--lines", "3", "-o", str(made)]
    done = CliRunner().invoke(app, ["documents", "preview", "order_form", *options])
    assert done.exit_code == 0
    read = "".join(text(made.read_bytes()).split())
    assert TITLED[language].replace(" ", "") in read
    assert "SN-703" in read


def test_a_preview_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    """An unknown paper or language is named."""
    for words, says in ((["nothing"], "no document `nothing`"), (["quote", "--language", "de"], "no sample in `de`")):
        done = CliRunner().invoke(app, ["documents", "preview", *words, "-o", str(tmp_path / "x.pdf")])
        assert isinstance(done.exception, CannotPreview)
        assert says in str(done.exception)
