"""Messages as pages, their kinds, their list and their preview."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from activities.errors import Refused
from adapters.message_kinds import courtesies, kinds, sample
from adapters.message_list import previewed, reference
from adapters.texts import SPOKEN, Texts
from cli.app import app
from runtime.settings import CHECKOUT

ROOT = CHECKOUT / "programmes"
URL = "https://tenure.example"


class Reader(HTMLParser):
    """What a mail program makes of a page: its tags, its links and its words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name in {"src", "background"} or name.startswith("on")]
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        """Note some words."""
        self.words.append(data)


@pytest.mark.rule("COM-5")
@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("name", sorted(kinds()))
def test_every_message_is_a_page_too(name: str, language: str) -> None:
    """The page says every word of the text, and loads nothing from anywhere."""
    shown = previewed(ROOT, "HPG", language, name, URL)
    read = Reader(shown.html)
    said = "".join("".join(read.words).split())
    for word in shown.text.replace("・", " ").split():
        assert word.strip(":-") in said
    assert all(link and link.startswith(URL) for link in read.links)
    assert not {"img", "script", "link", "style", "iframe"} & set(read.tags)
    assert ("/v1/unsubscribe/" in shown.html) == (kinds()[name].kind == "courtesy")


def test_nothing_of_the_data_is_markup() -> None:
    """A customer named as a script is a name, and no data can place a link."""
    evil = "<script>alert(1)</script><a href='https://evil.example'>x</a> https://evil.example \" onload=\"x"
    about = sample() | {"customer": {"name": evil}, "link": f"{URL}/v1/links/abc"}
    about["data"] = about["data"] | {"prices": [about["data"]["prices"][0] | {"text": evil}]}
    texts = Texts(ROOT)
    subject, text = texts.message("HPG", "en", "quote", about)
    read = Reader(texts.html("HPG", "en", f"{subject} {evil}", text, URL))
    assert evil in text
    assert "script" not in read.tags
    assert read.links == [f"{URL}/v1/links/abc"]
    assert "table" in read.tags


def test_a_programme_may_make_a_courtesy_a_notice_and_nothing_else(tmp_path: Path) -> None:
    """Its own file takes courtesies away; what is a notice for everybody stays one."""
    assert {"supply_low", "supply_near_empty"} < courtesies(tmp_path / "none")
    for code, told in (("a", "notices: [supply_low]"), ("b", "courtesies: [invoice]"), ("c", "notices: [quote]")):
        (tmp_path / code / "texts").mkdir(parents=True)
        (tmp_path / code / "texts" / "kinds.yaml").write_text(told)
    assert courtesies(tmp_path / "a") == courtesies(tmp_path / "none") - {"supply_low"}
    for code in "bc":
        with pytest.raises(Refused, match="only `notices`"):
            courtesies(tmp_path / code)


def test_a_programme_s_own_layout_goes_first(tmp_path: Path) -> None:
    """The layout in a programme's folder is used instead of everybody's."""
    (tmp_path / "hpg" / "texts").mkdir(parents=True)
    for name in ("terms.yaml", "catalogue.yaml"):
        (tmp_path / "hpg" / name).write_text((ROOT / "hpg" / name).read_text())
    (tmp_path / "hpg" / "texts" / "layout.html.j2").write_text("<p>own: {{ subject }}</p>")
    assert Texts(tmp_path).html("HPG", "en", "a < b", "text", URL) == "<p>own: a &lt; b</p>"


def test_the_list_of_messages_is_current() -> None:
    """docs/messages.md is what the texts and the terms say; `make docs` writes it anew."""
    assert (CHECKOUT / "docs" / "messages.md").read_text() == reference(ROOT)


def test_a_message_is_previewed(tmp_path: Path) -> None:
    """As text on the screen, as a page in a file; what there is not is named."""
    made, options = tmp_path / "x.html", ["messages", "preview", "supply_low", "--programme", "HPG", "--language"]
    shown = CliRunner().invoke(app, [*options, "ja"])
    assert "Atelier Brun 様" in shown.output
    assert CliRunner().invoke(app, [*options, "fr", "--html", "-o", str(made)]).exit_code == 0
    assert made.read_text().startswith("<!doctype html>")
    assert CliRunner().invoke(app, [*options, "de"]).exit_code == 2
