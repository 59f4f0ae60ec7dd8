"""Every setting of the service, in one place: name, default, meaning, check.

Settings come from the environment, or from a `.env` file in the working directory; secrets from
files too (`secret_files`). Wrong ones are reported all at once, each by its name, its value and
the remedy.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from colecionador.domain.secret_files import given_variables, read_secrets

PREFIX = "AUGMENT_"
ENV_FILE = ".env"
MEBIBYTE = 1024 * 1024

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class SettingsError(Exception):
    """One or more settings are wrong; the message has a line for each."""


def _comma_separated(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


class Settings(BaseSettings):
    """The settings of one process. Frozen; made once by `load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=ENV_FILE, extra="ignore", frozen=True, validate_default=True
    )

    amqp_url: SecretStr = SecretStr("amqp://guest:guest@localhost:5672/")
    """Where the broker is; `amqps://` for TLS."""
    queue: str = "ImageAugmentations"
    """The work queue; wait rooms and dead letters are named after it."""
    completed_queue: str = "ModelTraining"
    """Where completions go."""

    s3_endpoint: str = "http://localhost:9000"
    """The object store, with its scheme."""
    s3_access_key: str = "minioadmin"
    """The access key: letters, digits and `.`, `_`, `~`, `-`."""
    s3_secret_key: SecretStr = SecretStr("minioadmin")
    """The secret key."""
    s3_region: str = "us-east-1"
    """The region that requests are signed for."""
    source_bucket: str = "images"
    """Where sources are, unless a message names another bucket."""
    training_bucket: str = "training"
    """Where variations go."""
    allowed_buckets: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated)] = ()
    """Buckets that a message may ask for, comma-separated; none named: the source bucket."""

    database_url: SecretStr = SecretStr("postgresql://postgres@localhost:5432/augmentations")
    """The ledger's database."""

    lanes: int = Field(4, ge=1, le=256)
    """AMQP consumers in the whole cluster."""
    prefetch: int = Field(4, ge=1, le=65535)
    """Unsettled deliveries per lane."""
    range_size: int = Field(2, ge=1)
    """Item ids per partition."""
    cpu_threads: int = Field(default_factory=lambda: len(os.sched_getaffinity(0)), ge=1, le=1024)
    """Threads that decode, transform and encode. Of the cores those count that the process may
    use."""
    s3_pool: int = Field(10, ge=1, le=1024)
    """Connections to the object store."""
    s3_timeout_seconds: float = Field(15.0, gt=0)
    """How long the object store may be silent in a request; rounded up to whole seconds."""
    database_pool: int = Field(20, ge=1, le=1024)
    """Connections to the database, at most."""
    pixel_budget_bytes: int = Field(256 * MEBIBYTE, ge=1)
    """Decoded pixels in a process at once; a larger photo passes alone."""
    commit_batch: int = Field(10, ge=1, le=1000)
    """Items in one transaction, at most."""

    drain_seconds: float = Field(25.0, gt=0)
    """How long a drain may take before what is unfinished goes back to the queue."""
    render_seconds: float = Field(300.0, gt=0)
    """How long one photo may take to decode and to render before it counts as hanging."""
    peer_seconds: float = Field(60.0, ge=5)
    """How long a lane of the cluster may be silent before its peers end, to be started anew."""
    max_attempts: int = Field(3, ge=1, le=20)
    """Attempts before the dead-letter queue."""
    retry_base_seconds: float = Field(5.0, gt=0)
    """The first retry's delay; each further one doubles it."""

    max_source_bytes: int = Field(64 * MEBIBYTE, ge=1)
    """The largest source that is read."""
    max_pixels: int = Field(120_000_000, ge=1)
    """The largest source that is decoded, in pixels."""
    jpeg_quality: int = Field(90, ge=1, le=100)
    """Of the variations' JPEG files."""
    plan: Annotated[Path | None, BeforeValidator(_empty_is_none)] = None
    """A plan file; none named: the one shipped."""

    blur_min: float = Field(20.0, ge=0)
    """Variance of the Laplacian at a long side of 512 below which a photo is blurred."""
    motion_min: float = Field(0.1, ge=0, le=100)
    """Fine detail along the poorest direction below which a photo has moved."""
    brightness_min: float = Field(20.0, ge=0, le=255)
    """Mean grey below which a photo is too dark."""
    brightness_max: float = Field(245.0, ge=0, le=255)
    """Mean grey above which a photo is too bright."""
    contrast_min: float = Field(8.0, ge=0, le=255)
    """Standard deviation of grey below which a photo is flat."""

    metrics_port: int = Field(9464, ge=0, le=65535)
    """Of the metrics endpoint; process i of a cluster uses port + i; 0 = off."""
    exit_when_idle: Annotated[
        Annotated[float, Field(ge=0)] | None, BeforeValidator(_empty_is_none)
    ] = None
    """Seconds without work after which the flow ends; none: it never does."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least severe level that is logged."""
    log_format: Annotated[Literal["json", "console"] | None, BeforeValidator(_empty_is_none)] = None
    """`json` or `console`; none: console on a terminal, else JSON."""

    sentry_dsn: Annotated[SecretStr | None, BeforeValidator(_empty_is_none)] = None
    """Where failures are reported to; needs the extra `sentry`; none: nowhere."""
    dogstatsd_address: Annotated[str | None, BeforeValidator(_empty_is_none)] = None
    """`host:port` of a Datadog agent, which gets the metrics by UDP; none: none does."""
    alertmanager_url: Annotated[SecretStr | None, BeforeValidator(_empty_is_none)] = None
    """An Alertmanager in which dead letters raise an alert at once; none: none."""

    @field_validator("amqp_url")
    @classmethod
    def _amqp_scheme(cls, value: SecretStr) -> SecretStr:
        _require_scheme(value.get_secret_value(), ("amqp", "amqps"), "amqp://user:password@host/")
        return value

    @field_validator("s3_endpoint")
    @classmethod
    def _s3_scheme(cls, value: str) -> str:
        _require_scheme(value, ("http", "https"), "http://minio:9000")
        return value

    @field_validator("database_url")
    @classmethod
    def _database_scheme(cls, value: SecretStr) -> SecretStr:
        schemes = ("postgresql", "postgres")
        _require_scheme(value.get_secret_value(), schemes, "postgresql://user@host:5432/name")
        return value

    @field_validator("sentry_dsn")
    @classmethod
    def _sentry_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        example = "https://key@sentry.example/1"
        if value is not None:
            text = value.get_secret_value()
            _require_scheme(text, ("http", "https"), example)
            parts = urlsplit(text)
            if not parts.username or not parts.path.rpartition("/")[2].isdigit():
                raise ValueError(f"needs a key and a project's number; e.g. {example}")
        return value

    @field_validator("alertmanager_url")
    @classmethod
    def _alertmanager_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            example = "http://alertmanager:9093"
            _require_scheme(value.get_secret_value(), ("http", "https"), example)
        return value

    @field_validator("dogstatsd_address")
    @classmethod
    def _dogstatsd_host(cls, value: str | None) -> str | None:
        if value is not None:
            example = "localhost:8125"
            if "/" in value:
                raise ValueError(f"is no host and port; e.g. {example}")
            _require_scheme(f"udp://{value}", ("udp",), example)
        return value

    @field_validator("source_bucket", "training_bucket")
    @classmethod
    def _bucket_name(cls, value: str) -> str:
        if not _BUCKET.fullmatch(value):
            raise ValueError('is no bucket name; use 3 to 63 of a-z, 0-9, "." and "-"')
        return value

    @field_validator("queue", "completed_queue")
    @classmethod
    def _queue_name(cls, value: str) -> str:
        if not 1 <= len(value.encode()) <= 200 or value.startswith("amq."):
            raise ValueError('is no queue name; use 1 to 200 bytes that do not start with "amq."')
        return value

    @field_validator("plan")
    @classmethod
    def _plan_exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("is no file; name a plan file, or leave it unset for the one shipped")
        return value

    @property
    def readable_buckets(self) -> frozenset[str]:
        """The buckets that a message may ask for."""
        return frozenset(self.allowed_buckets or (self.source_bucket,))


def load_settings() -> Settings:
    """The settings of the environment. Raises `SettingsError` with every finding at once."""
    from_files, problems = read_secrets(PREFIX, given_variables(ENV_FILE))
    findings = list(problems)
    try:
        settings = Settings.model_validate(from_files)
    except ValidationError as error:
        findings += [_finding(detail["loc"], detail, from_files) for detail in error.errors()]
    else:
        if not findings:
            return settings
    raise SettingsError("\n".join(findings))


def _finding(location: tuple[int | str, ...], detail: object, from_files: Collection[str]) -> str:
    name = f"{PREFIX}{location[0]}".upper() if location else PREFIX
    value, message = "", "is wrong"
    if isinstance(detail, dict):
        value = _shown(name, detail.get("input"))
        message = str(detail.get("msg", message)).removeprefix("Value error, ")
    if location and location[0] in from_files:
        name += "_FILE"
    return f"{name}={value}: {message[:1].lower()}{message[1:]}"


def _shown(name: str, value: object) -> str:
    if any(word in name for word in ("SECRET", "URL", "DSN", "ACCESS_KEY")):
        return "(hidden)"
    return f'"{value}"'


def _require_scheme(value: str, schemes: tuple[str, ...], example: str) -> None:
    try:
        parts = urlsplit(value)
        port_is_right = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        raise ValueError(f"is no address; e.g. {example}") from None
    if parts.scheme not in schemes:
        raise ValueError(f"needs a scheme, {' or '.join(schemes)}; e.g. {example}")
    if not parts.hostname or not port_is_right:
        raise ValueError(f"needs a host and a port from 1 to 65535; e.g. {example}")
