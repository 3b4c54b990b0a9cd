"""One contract's future under what is supposed; the contract itself is not touched."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from domain.calendar import instant, local_date, months_after
from domain.catalogue import Catalogue
from domain.commands import At, Cancel, DeclineRenewal, Renew
from domain.decider import next_due
from domain.envelope import Command
from domain.forecast.shape import bound
from domain.forecast.suppose import Answers, Stance, SupposedError, SupposedProgramme, WhatIf, patched, repriced
from domain.refusal import Refusal
from domain.simulator import MAX_STEPS, EndlessLifeError, Life, PriceListWorld
from domain.state import ENDED, Contract, OrderedBy
from domain.terms import Terms

Version = tuple[str, int]
_SUPPOSED = "supposed"


@dataclass(frozen=True, slots=True)
class Programmes:
    """The programmes that contracts live under: terms by code and version, the catalogue of each code's newest."""

    terms: Mapping[Version, Terms]
    catalogues: Mapping[str, Catalogue]

    def of(self, code: str) -> dict[int, Terms]:
        """The versions of a programme's terms."""
        return {version: terms for (known, version), terms in self.terms.items() if known == code}

    def newest(self, code: str) -> Terms:
        """The newest terms of a programme."""
        return self.terms[code, max(version for known, version in self.terms if known == code)]


@dataclass(frozen=True, slots=True)
class Assumed:
    """Everything that one side of a forecast assumes: the world by programme, other terms and answers."""

    worlds: Mapping[str, PriceListWorld]
    answers: Answers
    terms: Mapping[Version, Terms] = field(default_factory=dict)
    support_ends: Mapping[str, date] = field(default_factory=dict)
    commands: tuple[At, ...] = ()

    def alike(self, other: Assumed) -> frozenset[str]:
        """The programmes of which the same is assumed, but for what `begins` changes of a contract."""
        if (self.answers, self.commands) != (other.answers, other.commands):
            return frozenset()
        return frozenset(code for code, world in self.worlds.items() if world == other.worlds.get(code))

    def begins(self, contract: Contract) -> Contract:
        """The contract as it would be now."""
        changes: dict[str, object] = {}
        terms = self.terms.get((contract.terms.code, contract.terms.version))
        if terms is not None:
            changes["terms"] = terms
        if any(line.model in self.support_ends for line in contract.lines):
            changes["lines"] = tuple(
                line.model_copy(update={"support_ends": self.support_ends[line.model]})
                if line.model in self.support_ends
                else line
                for line in contract.lines
            )
        return contract.model_copy(update=changes) if changes else contract


def agreed(programmes: Programmes, answers: Answers) -> Assumed:
    """The future as it is agreed: every contract under its own terms, today's price lists, the newest terms offered."""
    settles = answers.on_account == "paid"
    worlds = {
        code: PriceListWorld(
            prices=catalogue.price_list(),
            terms=programmes.newest(code),
            indices=catalogue.indices,
            settles=settles,
        )
        for code, catalogue in programmes.catalogues.items()
    }
    return Assumed(worlds=worlds, answers=answers)


def supposed(programmes: Programmes, answers: Answers, what_if: WhatIf) -> Assumed:
    """The future as it is supposed. Raises SupposedError for what cannot be."""
    base = agreed(programmes, what_if.answers or answers)
    worlds, terms = dict(base.worlds), dict[Version, Terms]()
    for code, other in what_if.programmes.items():
        where = f"programmes.{code}"
        if code not in worlds:
            known = ", ".join(sorted(worlds))
            raise SupposedError(where, f"there is no such programme; it is one of {known}")
        worlds[code] = _other_world(programmes, worlds[code], code, other)
        if other.terms and other.reach == "now":
            mine = {version: each for version, each in programmes.terms.items() if version[0] == code}
            terms |= {version: patched(each, other.terms, f"{where}.terms") for version, each in mine.items()}
            worlds[code] = replace(worlds[code], terms=terms[code, programmes.newest(code).version])
    known_models = {model for each in programmes.catalogues.values() for one in each.services for model in one.models}
    for model in what_if.support_ends:
        if model not in known_models:
            raise SupposedError("support_ends", f"no programme serves the model {model}")
    if any(command.do == "cancel" for command in what_if.commands):
        _check_bands(programmes, terms)
    return replace(
        base,
        worlds=worlds,
        terms=terms,
        support_ends=what_if.support_ends,
        commands=tuple(sorted((item.given() for item in what_if.commands), key=lambda item: item.at)),
    )


def _other_world(programmes: Programmes, world: PriceListWorld, code: str, other: SupposedProgramme) -> PriceListWorld:
    where, newest = f"programmes.{code}", programmes.newest(code)
    catalogue = repriced(programmes.catalogues[code], other, newest.currency, where)
    offered = patched(newest, other.terms, f"{where}.terms") if other.terms else newest
    if other.terms and other.reach == "renewal":
        offered = offered.model_copy(update={"version": newest.version + 1})
    return replace(world, prices=catalogue.price_list(), terms=offered)


def _check_bands(programmes: Programmes, terms: Mapping[Version, Terms]) -> None:
    """Old contracts are told apart only as far as their own terms do: longer bands would see no difference."""
    for version, other in terms.items():
        if bound(other) > bound(programmes.terms[version]):
            raise SupposedError(
                f"programmes.{version[0]}.terms.cancellation",
                "bands that reach further than the agreed ones cannot be supposed together with cancellations",
            )


def until(as_of: datetime, months: int, zone: str) -> datetime:
    """The end of a forecast: the instant at which so many months are over, where the contract lives."""
    return instant(months_after(local_date(as_of, zone), months), zone)


def future(contract: Contract, assumed: Assumed, stance: Stance, *, end: datetime) -> Life:
    """The contract's life until just before ``end``, with the answers and commands that are assumed."""
    life = Life(assumed.begins(contract), assumed.worlds[contract.terms.code], narrated=False)
    given = deque(assumed.commands)
    tried: set[date] = set()
    for _ in range(MAX_STEPS):
        due = next_due(life.contract)
        answer = _answer(life.contract, assumed.answers, stance, tried)
        said = min((at for at in (given[0] if given else None, answer) if at), key=lambda at: at.at, default=None)
        if said and said.at < end and (due is None or said.at < due.at):
            if said is answer and life.contract.renewal.quoted_on:
                tried.add(life.contract.renewal.quoted_on)
            else:
                given.popleft()
            _give(life, said)
        elif due is None or due.at >= end:
            return life
        else:
            life.come(due)
    raise EndlessLifeError(contract.number)


def _give(life: Life, said: At) -> None:
    if life.contract.status in ENDED:
        return
    try:
        life.give(_worded(life.contract, said.command), max(said.at, life.contract.at))
    except Refusal:
        return


def _worded(contract: Contract, command: Command) -> Command:
    """The command in a form that the contract's terms take, as a customer would be asked for it."""
    terms = contract.terms
    needs = terms.notice.needs if terms.notice else ()
    match command:
        case Cancel():
            return command.model_copy(update={"details": dict.fromkeys(needs, _SUPPOSED)})
        case Renew():
            return command.model_copy(update={"form": form_of(contract.renewal.terms or terms, ())})
        case DeclineRenewal():
            return command.model_copy(update={"form": form_of(terms, needs, declines=True)})
        case _:
            return command


def form_of(terms: Terms, needs: tuple[str, ...], *, declines: bool = False) -> OrderedBy | None:
    """The first form that the terms take for an answer, with all that it must say."""
    forms = terms.order.forms.forms if terms.order.forms else {}
    fitting = next((name for name, form in forms.items() if form.declines or not declines), None)
    if fitting is None:
        return OrderedBy(kind="letter", details=dict.fromkeys(needs, _SUPPOSED)) if needs and not forms else None
    return OrderedBy(kind=fitting, details=dict.fromkeys((*forms[fitting].needs, *needs), _SUPPOSED))


def _answer(contract: Contract, answers: Answers, stance: Stance, tried: set[date]) -> At | None:
    """What the customer says next to an open renewal quote, and when; none where nothing is asked or it is silent."""
    renewal = contract.renewal
    asked = renewal.quoted_on
    if stance == "silent" or asked is None or renewal.answer or contract.ending or asked in tried:
        return None
    at = instant(asked + timedelta(days=answers.after_days), contract.zone, contract.terms.notices_at)
    yes = stance == "renews"
    command = Renew(id="supposed-yes") if yes else DeclineRenewal(id="supposed-no")
    return At(at=max(at, contract.at), command=command)
