"""Secrets from files, by the settings' own way in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colecionador.domain.secret_files import SECRET_SETTINGS, read_secrets
from colecionador.domain.settings import PREFIX, Settings, SettingsError, load_settings
from connectors.telemetry.secrets import secret_values

PASSWORD = "q7Zs-planted-91"  # no password of anything
AMQP_URL = f"amqp://augment:{PASSWORD}@broker:5672/"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        for variable in (f"{PREFIX}{name}".upper(), f"{PREFIX}{name}_FILE".upper()):
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)


def secret_file(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "secret"
    path.write_bytes(content)
    return str(path)


def refusal() -> str:
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    return str(raised.value)


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_a_secret_is_read_from_its_file_without_the_line_break_at_its_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ending: bytes
) -> None:
    monkeypatch.setenv("AUGMENT_AMQP_URL_FILE", secret_file(tmp_path, AMQP_URL.encode() + ending))
    settings = load_settings()
    assert settings.amqp_url.get_secret_value() == AMQP_URL
    assert PASSWORD not in repr(settings)
    assert PASSWORD in secret_values(settings)


def test_every_secret_of_the_settings_may_be_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    values = {
        "amqp_url": AMQP_URL,
        "s3_access_key": "AKIAPLANTED",
        "s3_secret_key": PASSWORD,
        "database_url": f"postgresql://augment:{PASSWORD}@database/augmentations",
        "sentry_dsn": f"https://{PASSWORD}@sentry.example/1",
        "alertmanager_url": f"https://augment:{PASSWORD}@alertmanager.example",
    }
    assert set(values) == set(SECRET_SETTINGS)
    for name, value in values.items():
        (tmp_path / name).write_text(value)
        monkeypatch.setenv(f"{PREFIX}{name}_FILE".upper(), str(tmp_path / name))
    shown = load_settings().model_dump()
    found = {name: shown[name] for name in values}
    assert {
        name: value if isinstance(value, str) else value.get_secret_value()
        for name, value in found.items()
    } == values


def test_the_file_may_be_named_in_the_env_file(tmp_path: Path) -> None:
    path = secret_file(tmp_path, AMQP_URL.encode())
    (tmp_path / ".env").write_text(f"AUGMENT_AMQP_URL_FILE={path}\n")
    assert load_settings().amqp_url.get_secret_value() == AMQP_URL


def test_a_secret_that_is_given_twice_is_refused_by_both_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AUGMENT_AMQP_URL", AMQP_URL)
    monkeypatch.setenv("AUGMENT_AMQP_URL_FILE", secret_file(tmp_path, AMQP_URL.encode()))
    message = refusal()
    assert message == ("AUGMENT_AMQP_URL: AUGMENT_AMQP_URL_FILE is set too; unset one of them")


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (b"", "write the secret and nothing else"),
        (b"\n", "write the secret and nothing else"),
        (AMQP_URL.encode() + b"\nmore", "write the secret and nothing else"),
        (AMQP_URL.encode() + b"\0", "write the secret and nothing else"),
        (AMQP_URL.encode() + b"\xff", "write the secret as plain text"),
        (AMQP_URL.encode() * 2000, "name a file that holds the secret alone"),
        (f"redis://x:{PASSWORD}@broker".encode(), "e.g. amqp://user:password@host/"),
    ],
)
def test_a_file_of_no_use_is_refused_with_the_remedy_and_without_its_content(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, remedy: str
) -> None:
    monkeypatch.setenv("AUGMENT_AMQP_URL_FILE", secret_file(tmp_path, content))
    message = refusal()
    assert message.startswith("AUGMENT_AMQP_URL_FILE=")
    assert message.endswith(remedy)
    assert PASSWORD not in message


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AUGMENT_AMQP_URL_FILE", str(tmp_path / "nowhere"))
    monkeypatch.setenv("AUGMENT_S3_SECRET_KEY_FILE", str(tmp_path))
    monkeypatch.setenv("AUGMENT_LANES", "0")
    first, second, third = refusal().splitlines()
    assert first.startswith(f'AUGMENT_AMQP_URL_FILE="{tmp_path}/nowhere": No such file')
    assert second.startswith(f'AUGMENT_S3_SECRET_KEY_FILE="{tmp_path}": Is a directory')
    assert third.startswith("AUGMENT_LANES=")


@given(secret=st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), min_size=1))
def test_any_line_of_text_may_be_a_secret(
    tmp_path_factory: pytest.TempPathFactory, secret: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-secret"
    path.write_bytes(secret.encode() + b"\n")
    found, problems = read_secrets("X_", {"X_S3_SECRET_KEY_FILE": str(path)})
    assert (found, problems) == ({"s3_secret_key": secret}, ())


def test_only_a_secret_is_read_from_a_file() -> None:
    assert read_secrets("X_", {"X_QUEUE_FILE": "/nowhere"}) == ({}, ())
