"""Tax rates from a service: asked for, kept with their days, asked for again; what is not known is never guessed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import Accept, AdoptTerms, Checkout, Revise
from domain.due import Due, Rank
from domain.effects import AskRates, Effect, Outcome
from domain.events import CancellationPlanned, PeriodBilled
from domain.refusal import Refusal
from domain.retrace import retrace
from domain.simulator import Life, PriceListWorld
from domain.state import Contract, Status
from domain.taxation.commands import ReportRates
from domain.terms import Place, TaxRate
from tests.domain.samples import CUSTOMER, offer, quote, terms, utc
from tests.takeover.samples import taken

SERVICE: dict[str, Any] = {"tax": {"source": "service", "rates": []}, "order_fees": [], "countries": ["FR", "CA"]}
FRANCE = TaxRate(country="FR", since=date(2014, 1, 1), name="TVA", percent=Decimal(20))
LATER = TaxRate(country="FR", since=date(2027, 4, 1), name="TVA", percent=Decimal(21))


@dataclass
class Service:
    """A tax service that answers what it is told, and remembers the questions."""

    rates: tuple[TaxRate, ...] | None
    asked: list[tuple[date, tuple[Place, ...]]] = field(default_factory=list)

    def __call__(self, contract: Contract, effect: Effect) -> Outcome:
        """Its answer; of everything else, what works."""
        if isinstance(effect, AskRates):
            self.asked.append((effect.at.date(), effect.places))
            return Outcome(rates=self.rates)
        return PriceListWorld()(contract, effect)


def quoted(service: Service, **changes: Any) -> Life:
    """A quote of 1 March 2027, 31 EUR a month."""
    under = terms(**(SERVICE | changes))
    return Life.begin(quote(offer(prices={1: Decimal(31)}), under=under), utc(2027, 3, 1), service)


def order(life: Life) -> None:
    """Accepted and ordered on the same day."""
    life.give(Accept(id="a", revision=life.contract.revision), utc(2027, 3, 1))
    life.give(Checkout(id="b", method="pm_ok", registered=True), utc(2027, 3, 1))


def taxes(life: Life) -> list[tuple[date, str]]:
    """Each bill: its day and its tax."""
    return [(event.bill.on, str(event.bill.tax)) for event in life.events if isinstance(event, PeriodBilled)]


@pytest.mark.rule("COM-4")
def test_rates_are_asked_for_with_the_quote_and_kept_with_their_days() -> None:
    """March at 20 percent, April at the 21 that the service knew of then."""
    life = quoted(Service((FRANCE, LATER)))
    order(life)
    life.live_until(utc(2027, 4, 2))
    assert taxes(life) == [(date(2027, 3, 1), "6.20"), (date(2027, 4, 1), "6.51")]
    assert life.contract.rates == (FRANCE, LATER)


def test_a_running_contract_asks_again_before_its_rates_are_stale() -> None:
    """Every 30 days; a rate that the service learns of meanwhile counts."""
    service = Service((FRANCE,))
    life = quoted(service)
    order(life)
    life.live_until(utc(2027, 3, 20))
    service.rates = (FRANCE, LATER)
    life.live_until(utc(2027, 5, 2))
    assert [day for day, _ in service.asked] == [date(2027, 3, 1), date(2027, 3, 30), date(2027, 4, 29)]
    assert taxes(life)[1:] == [(date(2027, 4, 1), "6.51"), (date(2027, 5, 1), "6.51")]


def test_an_order_without_a_known_rate_is_refused() -> None:
    """Nothing is guessed; when the service has answered, the order is taken."""
    life = quoted(Service(None))
    with pytest.raises(Refusal, match="the tax service has said no tax rate for FR") as caught:
        order(life)
    assert (caught.value.allowed_when, caught.value.field) == ("it has answered", "customer.country")
    life.give(ReportRates(id="late", rates=(FRANCE,)), utc(2027, 3, 1))
    life.give(Checkout(id="again", method="pm_ok", registered=True), utc(2027, 3, 1))
    assert life.contract.status is Status.ACTIVE


def test_a_bill_without_a_known_rate_waits_parked_until_the_service_answers() -> None:
    """New terms ask a service that is down: April is not billed, and it is when the rates arrive, by itself."""
    service = Service(None)
    life = Life.begin(quote(offer(prices={1: Decimal(31)}), under=terms(order_fees=[])), utc(2027, 3, 1), service)
    order(life)
    life.give(AdoptTerms(id="t", terms=terms(**SERVICE, version=2), reason="rates from the service"), utc(2027, 3, 5))
    life.live_until(utc(2027, 4, 10))
    assert taxes(life) == [(date(2027, 3, 1), "6.20")]
    assert life.contract.parked is not None
    assert "the tax service has said no tax rate for FR on 2027-04-01" in life.contract.parked
    life.give(ReportRates(id="late", rates=(FRANCE,)), utc(2027, 4, 10))
    assert life.contract.parked is None
    assert taxes(life)[1:] == [(date(2027, 4, 1), "6.20")]


def test_a_customer_elsewhere_is_another_question() -> None:
    """A revision for a customer in Quebec asks for Quebec, before it is ordered."""
    service = Service((FRANCE,))
    life = quoted(service)
    moved = CUSTOMER.model_copy(update={"country": "CA", "region": "QC"})
    life.give(Revise(id="r", period=1, offers=(offer(prices={1: Decimal(31)}),), customer=moved), utc(2027, 3, 1))
    assert service.asked[-1][1] == (Place(country="CA", region="QC"),)


def test_within_the_eu_the_sellers_rates_are_asked_for_too() -> None:
    """Anybody without a VAT number pays them."""
    tax = {"source": "service", "rates": [], "reverse_charge": {"rule": "COM-4", "name": "Reverse charge"}}
    spanish = TaxRate(country="ES", since=date(2012, 9, 1), name="IVA", percent=Decimal(21))
    service = Service((FRANCE, spanish))
    life = quoted(service, tax=tax, issuer={"country": "ES"})
    assert service.asked[0][1] == (Place(country="FR"), Place(country="ES"))
    order(life)
    life.live_until(utc(2027, 3, 2))
    assert taxes(life) == [(date(2027, 3, 1), "6.51")]


def test_an_answer_of_nothing_leaves_what_is_known() -> None:
    """A service that forgot a country does not make contracts tax-free."""
    service = Service((FRANCE,))
    life = quoted(service)
    order(life)
    service.rates = ()
    life.live_until(utc(2027, 4, 2))
    assert life.contract.rates == (FRANCE,)
    assert taxes(life)[-1] == (date(2027, 4, 1), "6.20")


def test_a_trail_in_which_an_answer_comes_between_two_things_of_one_instant_is_retraced() -> None:
    """The rates are noted between their being stale and the end of the contract on the same day: nothing is wrong."""
    under = terms(**(SERVICE | {"tax": {"source": "service", "rates": [], "refresh_days": 31}}))
    service = Service((FRANCE,))
    life = Life.begin(quote(offer(prices={12: Decimal(365)}), under=under, period=12), utc(2027, 2, 1), service)
    life.give(Accept(id="a", revision=1), utc(2027, 2, 1))
    life.give(Checkout(id="b", method="pm_ok", registered=True), utc(2027, 2, 1))
    ending = {"1": date(2027, 4, 3)}
    planned = CancellationPlanned(
        at=utc(2027, 2, 2), rule="SMP-12", last_day=date(2027, 4, 3), lines=ending, reason="leaving"
    )
    life.come(Due(planned.at, Rank.CHANGE, date(2027, 2, 2), "leaving", "SMP-12", (planned,)))
    life.live_until(utc(2027, 4, 10))
    kinds = [entry.kind for entry in life.entries]
    assert kinds[-4:] == ["rates_stale", "rates_noted", "recredited", "ended"]
    assert list(retrace(life.entries, {1: under}, life.contract.at)) == []


def test_a_contract_that_is_taken_over_asks_before_its_next_bill() -> None:
    """Of one that was billed elsewhere no rate is known; its first bill here has one."""
    service = Service((FRANCE,))
    life = taken(under=terms(**SERVICE), world=service)
    assert service.asked == [(date(2027, 3, 14), (Place(country="FR"),))]
    life.live_until(utc(2027, 4, 2))
    assert taxes(life) == [(date(2027, 4, 1), "9.80")]
