"""Programmes in plain sentences."""

from __future__ import annotations

from domain.plain import explained
from domain.terms import Terms
from tests.domain.samples import terms

STRUCTURE = {
    "code", "version", "title", "issuer", "currency", "time_zone", "languages", "countries", "notices_at", "rules",
    "fees", "order_fees",
}  # fmt: skip


def test_every_part_of_the_terms_is_told() -> None:
    """A part of the terms that the model has is told in sentences, where a programme has it and where it does not."""
    parts = {sentence.part for sentence in explained(terms())}
    sections = set(Terms.model_fields) - STRUCTURE
    told = parts | {sentence.part for sentence in explained(terms(billing=None, term=None, renewal=None))}
    optional = {name for name in sections - told if not getattr(terms(), name)}
    assert sections - told == optional


def test_the_numbers_of_the_terms_are_in_the_sentences() -> None:
    """Another number makes another sentence."""
    before = {sentence.text for sentence in explained(terms())}
    changed = terms(quote={"valid_days": 31}, order={"payment_hours": 47}, term={"months": 30})
    after = {sentence.text for sentence in explained(changed)}
    assert {"31", "47", "30"} == {
        word for text in after - before for word in text.rstrip(".").split() if word.isdigit()
    }


def test_every_rule_that_the_terms_cite_is_told() -> None:
    """Each rule stands behind at least one sentence."""
    told = {sentence.rule for sentence in explained(terms())}
    assert {"SMP-3", "SMP-4", "SMP-5", "SMP-6", "SMP-7", "SMP-8", "SMP-9", "SMP-10", "SMP-11", "SMP-12"} <= told
