"""Every command as a Temporal update: refused before it is written where that is certain, taken once, answered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain import commands
    from domain.breach import commands as breaching
    from domain.casework import commands as casework
    from domain.delivery import commands as delivering
    from domain.dunning import commands as dunning
    from domain.entitlements import commands as of_entitlements
    from domain.envelope import Command
    from domain.fleet import commands as of_fleet
    from domain.onboarding import commands as onboarding
    from domain.repairs import commands as repairing
    from domain.replacement import commands as replacing
    from domain.requests import commands as requesting
    from domain.supplies import commands as supplying
    from workflows.messages import Taken


def taking(kind: type[Command]) -> Any:
    """The update by which a contract takes one kind of command; its description is the command's own sentence."""

    async def take(self: TakesCommands, command: Command) -> Taken:
        return await self._take(command)

    def would_take(self: TakesCommands, command: Command) -> None:
        self._would_take(command)

    name = str(kind.model_fields["kind"].default)
    take.__annotations__ = {"command": kind, "return": Taken}
    would_take.__annotations__ = {"command": kind, "return": None}
    take.__qualname__, would_take.__qualname__ = f"TakesCommands.{name}", f"TakesCommands.may_{name}"
    update: Any = workflow.update(name=name, description=(kind.__doc__ or name).splitlines()[0])(take)
    update.validator(would_take)
    return update


class TakesCommands(ABC):
    """The commands that a contract takes, each under its own name."""

    revise = taking(commands.Revise)
    accept = taking(commands.Accept)
    reject = taking(commands.Reject)
    checkout = taking(commands.Checkout)
    pay = taking(commands.Pay)
    report_payment = taking(commands.ReportPayment)
    report_collection = taking(commands.ReportCollection)
    report_reversal = taking(dunning.ReportReversal)
    report_inspection = taking(commands.ReportInspection)
    move_cover = taking(commands.MoveCover)
    replace_device = taking(replacing.ReplaceDevice)
    change = taking(commands.Change)
    add_line = taking(commands.AddLine)
    suspend = taking(commands.Suspend)
    unpark = taking(commands.Unpark)
    resume = taking(commands.Resume)
    cancel = taking(commands.Cancel)
    terminate = taking(commands.Terminate)
    undo = taking(commands.Undo)
    renew = taking(commands.Renew)
    decline_renewal = taking(commands.DeclineRenewal)
    adopt_terms = taking(commands.AdoptTerms)
    report_repair = taking(repairing.ReportRepair)
    quote_repair = taking(repairing.QuoteRepair)
    answer_repair_quote = taking(repairing.AnswerRepairQuote)
    dispute_repair = taking(repairing.DisputeRepair)
    decide_dispute = taking(repairing.DecideDispute)
    notice_breach = taking(breaching.NoticeBreach)
    cure_breach = taking(breaching.CureBreach)
    report_bounce = taking(delivering.ReportBounce)
    settle_undelivered = taking(delivering.SettleUndelivered)
    order_supply = taking(supplying.OrderSupply)
    report_shipment = taking(supplying.ReportShipment)
    report_level = taking(supplying.ReportLevel)
    report_foreign_supply = taking(supplying.ReportForeignSupply)
    complete_onboarding = taking(onboarding.CompleteOnboarding)
    use_entitlement = taking(of_entitlements.UseEntitlement)
    return_entitlement = taking(of_entitlements.ReturnEntitlement)
    fulfil = taking(of_entitlements.Fulfil)
    make_request = taking(requesting.MakeRequest)
    advance_request = taking(requesting.AdvanceRequest)
    refuse_request = taking(requesting.RefuseRequest)
    name_contacts = taking(commands.NameContacts)
    request_copy = taking(commands.RequestCopy)
    open_case = taking(commands.OpenCase)
    advance_case = taking(commands.AdvanceCase)
    reopen_case = taking(commands.ReopenCase)
    report_case = taking(casework.ReportCase)
    report_census = taking(of_fleet.ReportCensus)
    settle_adjustment = taking(of_fleet.SettleAdjustment)
    discard = taking(commands.Discard)

    @abstractmethod
    async def _take(self, command: Command) -> Taken: ...

    @abstractmethod
    def _would_take(self, command: Command) -> None: ...
