"""The lives of a round of faults: the seed gives them, whatever number they get, and the API can be asked for them."""

from __future__ import annotations

from collections import Counter

from bench.chaos import speech
from bench.chaos.decisions import declined
from bench.chaos.expected import expected, trail_line
from bench.chaos.lives import ChaosLife
from domain.effects import Collect, IssueInvoice

SEEDS = range(1, 31)


def test_the_seed_gives_the_life() -> None:
    """The same seed asks for the same things at the same instants, under any number and with any devices."""
    for seed in (3, 11, 14):
        one = ChaosLife(seed, "one")
        other = ChaosLife(seed, "other", number=f"{one.programme.terms.code}-2027-999999")
        one.live()
        other.live()
        asked = [[(step.at, step.command.kind, step.command.id) for step in life.steps] for life in (one, other)]  # type: ignore[attr-defined]
        assert asked[0] == asked[1]


def test_lives_are_various_and_go_forward() -> None:
    """Every programme is lived, most kinds of request are made, commands come in the order of time, cards decline."""
    kinds: Counter[str] = Counter()
    codes, refused = set(), 0
    for seed in SEEDS:
        plan = ChaosLife(seed, "s")
        life = ChaosLife(seed, "s", fleet="FLEET-1" if plan.needs_fleet else "")
        lived = life.live()
        codes.add(life.shipped.terms.code)
        assert [step.at for step in life.steps] == sorted(step.at for step in life.steps)
        for step in life.steps:
            refused += not step.taken
            kinds[speech.requests(life, step.command)[-1].path.rpartition("/")[2]] += 1
        assert expected(lived).trail == [trail_line(entry) for entry in lived.entries]
        tried = {effect.key for effect in lived.told if isinstance(effect, IssueInvoice | Collect)}
        assert {life.number} >= {key.partition("/")[0] for key in tried}
    assert codes == {"HPG", "HPJ", "HPP", "ICM", "XEC"}
    assert {"accept", "confirmation", "cases", "advance", "change", "cancel", "suspend", "add-line"} <= kinds.keys()
    assert refused > len(SEEDS)


def test_what_is_decided_is_decided_by_key_alone() -> None:
    """A few cards in a hundred are declined, always the same ones."""
    keys = [f"HPGA-2027-000001/1/invoice/{number}" for number in range(1000)]
    first = [declined(key) for key in keys]
    assert first == [declined(key) for key in keys]
    assert 10 < sum(first) < 100
