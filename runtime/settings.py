"""Every setting, where it comes from and what it defaults to."""

import os
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, FilePath, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

CHECKOUT = Path(__file__).resolve().parent.parent
PREFIX = "TENURE_"
DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg")
# A default that is made from a wrong value is no second mistake.
FOLLOW_ON = frozenset({"default_factory_not_called"})
LAUNCHER_VARIABLES = frozenset({"TENURE_PYTHON", "TENURE_API_KEY"})

Port = Annotated[int, Field(ge=1, le=65535)]


class SettingsInvalid(Exception):
    """The environment asks for something that cannot be; the message names each variable and what is wrong with it."""


def _temporal(name: str) -> Any:
    """Temporal's own variable is honoured beside ours, ours first."""
    return AliasChoices(f"{PREFIX}TEMPORAL_{name}", f"TEMPORAL_{name}")


def _embedded_database(data: dict[str, Any]) -> str:
    return f"sqlite+aiosqlite:///{data.get('var_dir', CHECKOUT / 'var') / 'tenure.db'}"


def _own_url(data: dict[str, Any]) -> str:
    host = data.get("api_host", "127.0.0.1")
    return f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{data.get('api_port', 8080)}"  # noqa: S104 - compared, not bound


class Settings(BaseSettings):
    """The settings of one process, read once from the environment and never changed."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, populate_by_name=True)

    var_dir: Path = Field(CHECKOUT / "var", description="Where the embedded server and SQLite keep their data.")
    database_url: str = Field(default_factory=_embedded_database, description="An SQLAlchemy URL; SQLite by default.")

    temporal_address: str | None = Field(
        None, validation_alias=_temporal("ADDRESS"), description="A Temporal server; embedded when not set."
    )
    temporal_namespace: str = Field("default", validation_alias=_temporal("NAMESPACE"), min_length=1)
    temporal_api_key: SecretStr | None = Field(None, validation_alias=_temporal("API_KEY"))
    temporal_tls: bool = Field(default=False, validation_alias=_temporal("TLS"))
    temporal_tls_cert: FilePath | None = Field(None, description="Client certificate (PEM).")
    temporal_tls_key: FilePath | None = Field(None, description="Client key (PEM).")
    temporal_tls_ca: FilePath | None = Field(None, description="The server's certificate authority (PEM).")
    temporal_port: Port = Field(7233, description="Port of the embedded Temporal server.")
    temporal_ui_port: Port = Field(8233, description="Port of the embedded Temporal UI.")

    task_queue: str = Field("tenure", min_length=1)
    worker_deployment: str | None = Field(None, description="Worker Deployment's name; unversioned when not set.")
    build_id: str = Field("dev", min_length=1)
    patience_seconds: float = Field(60, gt=0, description="How long an effect may hold a contract up.")
    spread_seconds: float = Field(600, ge=0, description="Over how long the bills of one instant are spread.")
    max_cached_workflows: int = Field(500, ge=0, description="Contracts that a worker keeps in memory.")
    max_workflow_tasks: int = Field(20, ge=2, description="Workflow tasks that a worker runs at once.")
    max_activities: int = Field(100, ge=1, description="Activities that a worker runs at once.")
    forecast_processes: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, description="Processes of a worker that make a forecast."
    )
    metrics_address: str | None = Field(None, description="host:port at which a worker shows Prometheus metrics.")

    api_host: str = "127.0.0.1"
    api_port: Port = 8080
    public_url: str = Field(default_factory=_own_url, pattern=r"^https?://", description="The address in mails.")

    tax_url: str | None = Field(None, description="A tax service (docs/tax-service.md); a file when not set.")
    tax_token: SecretStr | None = None
    tax_rates: Path = Field(
        CHECKOUT / "programmes" / "common" / "tax_rates.yaml", description="The file of tax rates, in YAML."
    )
    smtp_host: str | None = Field(None, description="A mail server; the embedded mailbox when not set.")
    smtp_port: Port = 1025
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_starttls: bool = False
    hooks_private: bool = Field(default=False, description="Events may go to addresses in the house's own network.")

    mail_from: str = "Tenure <contracts@tenure.example>"
    bounce_address: str | None = Field(
        None,
        pattern=r"^[^@\s+]+@[^@\s]+$",
        description="Where mail that cannot be delivered comes back, each with its own tag: bounces+TAG@example.",
    )

    desk: Literal["embedded", "rt", "roundup"] = Field("embedded", description="Where people work on cases.")
    desk_url: str | None = Field(None, pattern=r"^https?://", description="The desk's address, as people open it.")
    desk_token: SecretStr | None = Field(None, description="Request Tracker's token, or Roundup's password.")
    desk_user: str = Field("tenure", min_length=1, description="The user whose token it is; what it does is ours.")
    desk_queue: str = Field("Tenure", min_length=1, description="Request Tracker's queue.")
    desk_timeout_seconds: float = Field(20, gt=0, le=25, description="How long the desk may take to answer once.")
    desk_poll_seconds: float = Field(60, ge=1, description="How often the desk is asked what happened there.")
    desk_webhook_secret: SecretStr | None = Field(
        None, description="`whsec_` and 24 to 64 bytes in base64: signs the desk's `POST /v1/webhooks/desk`."
    )

    stripe_key: SecretStr | None = Field(
        None, description="A secret key of Stripe's; the embedded provider when not set."
    )
    stripe_webhook_secret: SecretStr | None = Field(None, description="What Stripe signs its events with.")
    stripe_url: str | None = Field(
        None, pattern=r"^https?://", description="Another address of Stripe's API, for tests."
    )

    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @field_validator("var_dir")
    @classmethod
    def _from_the_checkout(cls, path: Path) -> Path:
        return (CHECKOUT / path.expanduser()).resolve()

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _known_driver(cls, url: str) -> str:
        try:
            driver = make_url(url).drivername
        except ArgumentError:
            raise ValueError("is not an SQLAlchemy URL") from None
        if driver not in DRIVERS:
            raise ValueError(f"speaks {driver}, Tenure speaks {' and '.join(DRIVERS)}")
        return url

    @field_validator("stripe_key")
    @classmethod
    def _secret_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not key.get_secret_value().startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
            raise ValueError("is no secret key of Stripe's: it begins with sk_test_, sk_live_, rk_test_ or rk_live_")
        return key

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if (self.temporal_tls_cert is None) != (self.temporal_tls_key is None):
            raise ValueError("TENURE_TEMPORAL_TLS_CERT and TENURE_TEMPORAL_TLS_KEY go together: set both or neither")
        if self.desk != "embedded" and (self.desk_url is None or self.desk_token is None):
            raise ValueError(f"TENURE_DESK={self.desk} needs TENURE_DESK_URL and TENURE_DESK_TOKEN")
        if self.smtp_password is not None and self.smtp_user is None:
            raise ValueError("TENURE_SMTP_PASSWORD needs TENURE_SMTP_USER")
        return self

    @property
    def uses_tls(self) -> bool:
        """Whether the Temporal connection is encrypted: asked for, or implied by an API key or a certificate."""
        return self.temporal_tls or any((self.temporal_api_key, self.temporal_tls_cert, self.temporal_tls_ca))


def variable(field: str) -> str:
    """The environment variable that sets this field."""
    return PREFIX + field.upper()


@cache
def settings() -> Settings:
    """The settings of this process, read from the environment at the first call.

    Raises:
        SettingsInvalid: a variable is unknown, or its value cannot be used.
    """
    return read_settings()


def read_settings(**overrides: Any) -> Settings:
    """The settings read from the environment now, some of them given by hand.

    Raises:
        SettingsInvalid: a variable is unknown, or its value cannot be used.
    """
    complaints = [_unknown(name) for name in _unknown_variables()]
    try:
        read = Settings(**overrides)
    except ValidationError as error:
        complaints += [_complaint(dict(e)) for e in error.errors(include_input=False) if e["type"] not in FOLLOW_ON]
    if complaints:
        raise SettingsInvalid("\n".join(complaints))
    return read


def _unknown_variables() -> list[str]:
    known = {variable(field) for field in Settings.model_fields} | LAUNCHER_VARIABLES
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


def _unknown(name: str) -> str:
    close = get_close_matches(name, map(variable, Settings.model_fields), n=1)
    return f"{name}: there is no such setting" + (f", did you mean {close[0]}?" if close else "")


def _complaint(error: dict[str, Any]) -> str:
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:
        return str(message)
    where = str(error["loc"][0])
    return f"{where if where.isupper() else variable(where)}: {message}"
