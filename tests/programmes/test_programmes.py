"""Every programme that ships: its files are right, its lives are what they say, its texts exist in its languages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from activities.errors import Refused
from activities.papers import Page
from adapters.message_kinds import kinds, possible, sample
from adapters.papers import Papers
from adapters.programme_files import ProgrammeError, load, load_all
from adapters.texts import COMMON, SPOKEN, Texts
from cli.app import app
from cli.programme import terms_schema
from cli.reference import terms_reference
from cli.simulate import simulated
from domain.effects import Effect, MakeDocument, SendMessage
from domain.simulator import Life
from runtime.settings import CHECKOUT
from storage.documents import BOOKED
from tests.adapters.reading import text

ROOT = CHECKOUT / "programmes"
PROGRAMMES = {programme.terms.code: programme for programme in load_all(ROOT)}
LIVES = [(code, name) for code, programme in PROGRAMMES.items() for name in programme.lives()]


def life_of(code: str, name: str) -> tuple[Life, list[str]]:
    """A life, lived through by the simulator."""
    programme = PROGRAMMES[code]
    return simulated(programme, programme.lives()[name], f"{code}-2027-000001")


@pytest.mark.rule("COM-1")
@pytest.mark.parametrize(("code", "name"), LIVES)
def test_a_life_is_what_its_file_says(code: str, name: str) -> None:
    """Every event, date, amount and refusal of the file, and no other."""
    life, wrong = life_of(code, name)
    assert wrong == []
    assert len(life.entries) > 3


@pytest.mark.parametrize(("code", "name"), LIVES)
@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.rule("COM-5")
def test_every_message_of_a_life_can_be_read(code: str, name: str, language: str) -> None:
    """Each message and document that the life sends exists in each language, and leaves nothing blank (COM-5)."""
    life, _ = life_of(code, name)
    texts = Texts(ROOT)
    written = [effect for effect in life.told if isinstance(effect, SendMessage | MakeDocument) and not booked(effect)]
    assert written
    for effect in written:
        about = context(life, effect, language)
        if isinstance(effect, SendMessage):
            assert effect.message in possible(life.contract.terms)
            subject, body = texts.message(code, language, effect.message, about)
            assert life.contract.number in subject
        else:
            body = printed(life, effect, language)
            assert life.contract.number in body
        assert "None" not in body
        assert "{{" not in body
        assert life.contract.terms.issuer.name in body


def booked(effect: Effect) -> bool:
    """Whether it is the paper of an invoice or credit note: that is made from the books, not from the contract."""
    return isinstance(effect, MakeDocument) and effect.document in BOOKED


def context(life: Life, effect: SendMessage | MakeDocument, language: str) -> dict[str, Any]:
    """What a text is given to speak of."""
    contract = life.contract
    return {
        "customer": contract.customer.model_dump(mode="json"),
        "number": contract.number,
        "lines": [line.model_dump(mode="json") for line in contract.lines],
        "currency": contract.terms.currency,
        "zone": contract.zone,
        "language": language,
        "data": effect.data,
        "on": effect.at.isoformat(),
    }


def printed(life: Life, effect: MakeDocument, language: str) -> str:
    """What a reader reads of a document."""
    papers, contract = Papers(ROOT), life.contract
    page = Page(
        name=effect.document,
        contract=contract.number,
        on=contract.date_of(effect.at),
        currency=contract.terms.currency,
        language=language,
        customer=contract.customer.model_dump(mode="json"),
        address=None,
        data=json.loads(json.dumps(effect.data)),
    )
    return text(papers.printed(papers.document(page, contract.terms)))


@pytest.mark.rule("COM-5")
def test_each_language_has_the_same_texts() -> None:
    """A text that exists in one language exists in all of them."""
    names = [{path.name for path in (COMMON / "texts" / language).iterdir()} for language in SPOKEN]
    assert names[0]
    assert all(found == names[0] for found in names)


TEXTS = [
    (language, path.name.removesuffix(".txt.j2"))
    for language in SPOKEN
    for path in sorted((COMMON / "texts" / language).glob("*.txt.j2"))
    if path.read_text().startswith("Subject: ")
]
FOREIGN = {
    "en": r"[\u3040-\u30ff\u4e00-\u9fff]|\b(?:votre|nous|est)\b",
    "fr": r"[\u3040-\u30ff\u4e00-\u9fff]|\b(?:your|we|is|the)\b",
    "ja": r"\b(?:votre|nous|est|your|we|is|the)\b",
}
"""What betrays another language: its script, or its commonest words."""


@pytest.mark.rule("COM-5")
@pytest.mark.parametrize(("language", "name"), TEXTS)
def test_every_text_can_be_read(language: str, name: str) -> None:
    """Also a text that none of the example lives sends says everything that it should, in its own language."""
    subject, body = Texts(ROOT).message("HPG", language, name, EVERYTHING)
    assert "HPG-2027-000001" in subject
    assert "Atelier Brun" in body
    assert PROGRAMMES["HPG"].terms.issuer.name in body
    assert not [word for word in ("None", "{{", "2027-05", "1234.5") if word in body]
    issuer = "|".join(re.escape(line) for line in ISSUER)
    assert re.findall(FOREIGN[language], re.sub(issuer, "", subject + body), flags=re.IGNORECASE) == []


ISSUER = [str(value) for value in PROGRAMMES["HPG"].terms.issuer.model_dump().values() if value]


EVERYTHING: dict[str, Any] = sample()


def test_every_text_is_described_and_every_description_has_a_text() -> None:
    """The table of messages and the texts name the same messages."""
    assert set(kinds()) == {name for _, name in TEXTS}


def test_a_text_that_is_missing_is_refused() -> None:
    """A message that no programme has cannot be sent, whatever is tried: a person must write it."""
    with pytest.raises(Refused, match="no texts"):
        Texts(ROOT).message(next(iter(PROGRAMMES)), "fr", "never_written", {})
    with pytest.raises(Refused, match=r"quote_lapsed\.txt\.j2 of HPG in fr asks for what is not there"):
        Texts(ROOT).message("HPG", "fr", "quote_lapsed", {})


@pytest.mark.rule("HPG-1")
@pytest.mark.parametrize(
    ("answers", "services"),
    [
        (("FR", "large_format", "DesignJet T-24"), {"care-designjet", "care-plus-designjet"}),
        (("FR", "production", "PageWide XL-8"), {"care-pagewide-xl", "uptime-pagewide-xl"}),
        (("ES", "production", "PageWide XL-8"), set()),
        (("FR", "large_format", "PageWide XL-8"), set()),
    ],
)
def test_three_answers_list_the_services_that_fit(answers: tuple[str, str, str], services: set[str]) -> None:
    """Country, printer type and model list just what fits, each with three prices."""
    country, device_type, model = answers
    found = PROGRAMMES["HPG"].catalogue.fitting(country=country, device_type=device_type, model=model)
    assert {service.id for service in found} == services
    assert all(set(service.prices) == {1, 3, 12} for service in found)


def test_sample_amounts_are_marked() -> None:
    """Prices that the source does not give are marked as examples."""
    for programme in PROGRAMMES.values():
        assert all(service.sample for service in programme.catalogue.services if service.prices)
        assert all(supply.sample for supply in programme.catalogue.supplies)
        assert all(fee.sample for fee in programme.terms.fees.values())


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A programme's folder that a test may spoil."""
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in ("terms.yaml", "catalogue.yaml"):
        (folder / name).write_text((PROGRAMMES["HPG"].folder / name).read_text())
    return folder


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ("time_zone: Europe/Paris", "time_zone: Paris", "IANA time zone"),
        ("months: 12", "months: 0", "greater than or equal to 1"),
        ("rule: HPG-13", "rule: HPG-99", "HPG-99 are cited but not explained"),
        ("fee: verification", "fee: checking", "checking are used but not listed"),
        ("mode: tacit", "mode: silent", "'tacit' or 'on_acceptance'"),
        ("until_month: 12, effect: end_of_month", "until_month: 5, effect: end_of_month", "must rise"),
        ("currency: EUR", "currency: [EUR", "this is not YAML"),
        ("payment_hours: 48", "paymet_hours: 24", "order.paymet_hours: there is no such field; is it payment_hours?"),
        ("order_fees:", "order_fee:", "order_fee: there is no such field; is it order_fees?"),
        ("{until_month: 6,", "{fees: x, until_month: 6,", "cancellation.bands.0.fees: there is no such field"),
        ("    sample: true", "    smple: true", "smple: there is no such field; is it sample?"),
    ],
)
def test_a_wrong_file_says_where(copy: Path, was: str, becomes: str, says: str) -> None:
    """The error names the file, the line and the remedy."""
    path = copy / "terms.yaml"
    text = path.read_text()
    assert was in text
    path.write_text(text.replace(was, becomes))
    with pytest.raises(ProgrammeError) as wrong:
        load(copy)
    message = str(wrong.value)
    assert says in message
    assert f"{path}:" in message


def test_a_folder_is_named_for_its_programme(copy: Path) -> None:
    """A programme in another folder would load and find none of its texts: it is refused, with the right name."""
    with pytest.raises(ProgrammeError, match="rename this folder to hpg"):
        load_all(copy.parent)


def test_the_line_of_an_error_is_the_fields(copy: Path) -> None:
    """The line is that of the field at fault, not of the file's beginning."""
    path = copy / "terms.yaml"
    lines = path.read_text().splitlines()
    number = next(index for index, line in enumerate(lines, start=1) if line.startswith("time_zone"))
    path.write_text(path.read_text().replace("Europe/Paris", "Paris"))
    with pytest.raises(ProgrammeError, match=f"terms.yaml:{number}: time_zone"):
        load(copy)


def test_the_hash_is_of_the_terms_not_of_their_layout(copy: Path) -> None:
    """A comment changes nothing; another number does."""
    before = load(copy).sha256
    path = copy / "terms.yaml"
    path.write_text("# a remark\n" + path.read_text())
    assert load(copy).sha256 == before
    path.write_text(path.read_text().replace("valid_days: 30", "valid_days: 31"))
    assert load(copy).sha256 != before


@pytest.mark.rule("HPG-6")
def test_every_coupon_is_for_something_that_is_sold() -> None:
    """A coupon's service is in the catalogue."""
    for programme in PROGRAMMES.values():
        for coupon in programme.coupons:
            assert coupon.service is None or programme.catalogue.service(coupon.service)


def test_the_reference_is_current() -> None:
    """docs/terms.md is what the model says; `make docs` writes it anew."""
    assert (CHECKOUT / "docs" / "terms.md").read_text() == terms_reference()


def test_the_schema_is_current() -> None:
    """docs/terms.schema.json is what the model says, so an editor asks for what the loader asks for."""
    assert (CHECKOUT / "docs" / "terms.schema.json").read_text() == terms_schema()


@pytest.mark.parametrize("code", PROGRAMMES)
def test_the_schema_takes_every_programme(code: str) -> None:
    """What ships is right by the schema, and a field that does not exist is wrong by it."""
    plain = json.loads(json.dumps(YAML(typ="safe").load(PROGRAMMES[code].folder / "terms.yaml"), default=str))
    validator = jsonschema.Draft202012Validator(json.loads(terms_schema()))
    assert [error.message for error in validator.iter_errors(plain)] == []
    assert not validator.is_valid(plain | {"curency": "EUR"})


def test_a_programme_is_checked_with_its_lives(copy: Path) -> None:
    """`programme check` is content with what ships, and names the life that goes otherwise than its file says."""
    shipped = CliRunner().invoke(app, ["programme", "check", str(PROGRAMMES["HPG"].folder)])
    assert shipped.exit_code == 0
    assert "7 lives go as they say" in shipped.output
    life = copy / "lives" / "deferred.yaml"
    life.parent.mkdir()
    life.write_text(
        (PROGRAMMES["HPG"].folder / "lives" / "deferred.yaml")
        .read_text()
        .replace("2027-05-18 activated", "2027-05-19 activated")
    )
    found = CliRunner().invoke(app, ["programme", "check", str(copy / "terms.yaml")])
    assert found.exit_code == 1
    assert f"{life}: " in found.output
    assert "2027-05-18 activated" in found.output
