"""Settings: read once, frozen, and every mistake named by its variable."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from runtime.settings import CHECKOUT, SettingsInvalid, read_settings, settings


def complaint() -> str:
    """What reading the settings now complains about."""
    with pytest.raises(SettingsInvalid) as caught:
        read_settings()
    return str(caught.value)


def test_nothing_set_means_everything_embedded_under_var() -> None:
    """Without a single variable, data lives under the checkout's var/ and no outside server is named."""
    read = read_settings()
    assert read.database_url == f"sqlite+aiosqlite:///{CHECKOUT}/var/tenure.db"
    assert (read.temporal_address, read.smtp_host, read.task_queue) == (None, None, "tenure")


def test_var_dir_moves_the_embedded_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The default database follows the data directory."""
    monkeypatch.setenv("TENURE_VAR_DIR", str(tmp_path))
    assert read_settings().database_url == f"sqlite+aiosqlite:///{tmp_path}/tenure.db"


def test_relative_var_dir_counts_from_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same data is found from whichever directory a command is typed in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TENURE_VAR_DIR", "elsewhere")
    assert read_settings().var_dir == CHECKOUT / "elsewhere"


@pytest.mark.parametrize("name", ["TENURE_TEMPORAL_ADDRESS", "TEMPORAL_ADDRESS"])
def test_temporals_own_variable_is_honoured(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A shell that is set up for Temporal's tools needs nothing more."""
    monkeypatch.setenv(name, "temporal.example:7233")
    assert read_settings().temporal_address == "temporal.example:7233"


def test_ours_wins_over_temporals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where both are set, the more particular one counts."""
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "theirs")
    monkeypatch.setenv("TENURE_TEMPORAL_NAMESPACE", "ours")
    assert read_settings().temporal_namespace == "ours"


def test_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """An emptied line of an .env file restores the default."""
    monkeypatch.setenv("TENURE_API_PORT", "")
    assert read_settings().api_port == 8080


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TENURE_API_PORT", "eighty", "TENURE_API_PORT: Input should be a valid integer"),
        ("TENURE_SMTP_PORT", "70000", "TENURE_SMTP_PORT: Input should be less than or equal to 65535"),
        ("TENURE_DATABASE_URL", "mysql://localhost/tenure", "TENURE_DATABASE_URL: speaks mysql"),
        ("TENURE_DATABASE_URL", "tenure.db", "TENURE_DATABASE_URL: is not an SQLAlchemy URL"),
        ("TENURE_TEMPORAL_TLS_CERT", "/nowhere.pem", "TENURE_TEMPORAL_TLS_CERT: Path does not point to a file"),
        ("TENURE_PUBLIC_URL", "tenure.example", "TENURE_PUBLIC_URL: String should match pattern"),
        ("TENURE_SMTP_PASSWORD", "secret", "TENURE_SMTP_PASSWORD needs TENURE_SMTP_USER"),
        ("TENURE_API_PRT", "80", "TENURE_API_PRT: there is no such setting, did you mean TENURE_API_PORT?"),
        ("TEMPORAL_TLS", "perhaps", "TEMPORAL_TLS: Input should be a valid boolean"),
    ],
)
def test_mistake_names_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str) -> None:
    """A wrong, impossible or misspelt variable is named, with what is wrong about it."""
    monkeypatch.setenv(name, value)
    assert says in complaint()


def test_all_mistakes_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two mistakes take one round to correct, and none is reported that merely follows from another."""
    monkeypatch.setenv("TENURE_API_PORT", "eighty")
    monkeypatch.setenv("TENURE_API_HOTS", "0.0.0.0")
    assert [line.split(":")[0] for line in complaint().splitlines()] == ["TENURE_API_HOTS", "TENURE_API_PORT"]


def test_secrets_stay_out_of_complaints_and_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password in the environment is in no message and no representation."""
    monkeypatch.setenv("TENURE_SMTP_PASSWORD", "hunter2")
    assert "hunter2" not in complaint()
    monkeypatch.setenv("TENURE_SMTP_USER", "tenure")
    assert "hunter2" not in repr(read_settings())


def test_certificate_without_key_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Half a client identity is no identity."""
    certificate = tmp_path / "client.pem"
    certificate.write_text("certificate")
    monkeypatch.setenv("TENURE_TEMPORAL_TLS_CERT", str(certificate))
    assert "go together" in complaint()


def test_settings_are_read_once_and_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that changes later changes nothing, nor can code."""
    first = settings()
    monkeypatch.setenv("TENURE_API_PORT", "9999")
    assert settings() is first
    with pytest.raises(ValidationError):
        first.api_port = 1  # type: ignore[misc]  # that it cannot be set is the point


def test_api_key_implies_tls() -> None:
    """A key is never sent in clear text."""
    assert read_settings(temporal_api_key="key").uses_tls
    assert not read_settings().uses_tls
