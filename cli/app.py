"""Every command of `./tenure`, and what it says when it cannot go on."""

import sys

import typer
from rich.console import Console

from adapters.programme_files import ProgrammeError
from adapters.samples import CannotPreview
from cli import (
    backup,
    campaign,
    clock,
    demo,
    deploy,
    documents,
    forecast,
    gate,
    keys,
    mail,
    messages,
    portfolio,
    programme,
    reconcile,
    reference,
    serve,
    show,
    simulate,
    updates,
)
from cli.asking import ApiRefusedError
from cli.http import CannotServe
from runtime.backups import CannotBackUp
from runtime.deployments import CannotDeploy
from runtime.search_attributes import SearchAttributesRefused
from runtime.settings import SettingsInvalid
from runtime.temporal import TemporalRefused, TemporalUnreachable
from runtime.temporal_binary import TemporalMissing
from runtime.temporal_server import AlreadyRunning, EmbeddedServerFailed
from storage.holding import NeverQuiet
from storage.programmes import VersionChangedError

# What the person at the keyboard can put right; everything else is a mistake of ours and shows its traceback.
TOLD_PLAINLY = (
    AlreadyRunning,
    ApiRefusedError,
    EmbeddedServerFailed,
    ProgrammeError,
    SearchAttributesRefused,
    SettingsInvalid,
    TemporalMissing,
    TemporalRefused,
    TemporalUnreachable,
    NeverQuiet,
    VersionChangedError,
    CannotBackUp,
    CannotDeploy,
    CannotPreview,
    CannotServe,
)

app = typer.Typer(
    name="tenure",
    help="Service contracts that run by themselves for years.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command()(serve.up)
app.command()(demo.demo)
app.command()(show.show)
app.command()(reconcile.reconcile)
app.command()(forecast.forecast)
app.command()(gate.gate)
app.command()(backup.backup)
app.command()(backup.restore)
app.command("import")(portfolio.import_)
app.command()(portfolio.export)
app.command()(simulate.simulate)
app.command()(reference.reference)
app.command()(updates.updates)
app.command()(serve.worker)
app.command()(serve.api)
app.command()(serve.migrate)
app.add_typer(campaign.app, name="campaign")
app.add_typer(clock.app, name="clock")
app.add_typer(deploy.app, name="deploy")
app.add_typer(documents.app, name="documents")
app.add_typer(keys.app, name="keys")
app.add_typer(mail.app, name="mail")
app.add_typer(messages.app, name="messages")
app.add_typer(programme.app, name="programme")


def main() -> None:
    """Runs the command line; exits with 1 and a plain sentence when the person has to do something first."""
    try:
        app(prog_name="./tenure")
    except TOLD_PLAINLY as told:
        Console(stderr=True, soft_wrap=True).print(str(told), style="red", markup=False, highlight=False)
        sys.exit(1)
