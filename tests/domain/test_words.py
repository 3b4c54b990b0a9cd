"""Some events are told in words alone: a life that nobody reads goes the same way without them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.random_lives import RandomLife
from domain.decider import begin, effects, evolve, is_words
from domain.effects import MakeDocument, SendMessage
from domain.events import Quoted
from domain.simulator import Life
from domain.takeover.events import TakenOver
from tests.domain.samples import ordered, utc


@pytest.mark.parametrize("seed", range(60))
def test_events_that_are_told_in_words_ask_nothing_else_of_the_world(seed: int) -> None:
    """In every programme and variant: papers and messages, and no money, case or question."""
    first, *others = RandomLife(seed).live().events
    assert isinstance(first, Quoted | TakenOver)
    contract = begin(first)
    for event in others:
        contract = evolve(contract, event)
        if is_words(event):
            assert {type(effect) for effect in effects(contract, event)} <= {MakeDocument, SendMessage}


def test_without_words_a_life_goes_the_same_way() -> None:
    """Over two terms: the same events, the same state and the same told, but for papers and messages."""
    read = ordered(at=utc(2027, 1, 31))
    unread = replace(read, entries=[], events=[], told=[], narrated=False)
    said, known = len(read.told), len(read.events)
    for life in (read, unread):
        life.live_until(utc(2029, 6, 1))
    assert unread.contract == read.contract
    assert unread.events == read.events[known:]
    assert any(is_words(event) for event in unread.events)
    assert not unread.entries
    assert _asked(unread) == _asked(read)[-len(_asked(unread)) :]
    assert len(unread.told) < len(read.told) - said


def _asked(life: Life) -> list[object]:
    return [effect for effect in life.told if not isinstance(effect, MakeDocument | SendMessage)]
