"""The settings as they are in force, secrets hidden, and pairs of them that contradict."""

from __future__ import annotations

from pydantic import SecretStr

from colecionador.cli.checks.section import Finding, Section, note, wrong
from colecionador.domain.settings import PREFIX, Settings
from connectors.telemetry.secrets import HIDDEN, secret_values, without_secrets


def check_settings(settings: Settings) -> Section:
    """Every setting, and what is wrong between them."""
    shown = tuple(_shown(settings, name) for name in type(settings).model_fields)
    return Section("Settings", (*shown, *_contradictions(settings)))


def _shown(settings: Settings, name: str) -> Finding:
    value = getattr(settings, name)
    origin = "" if name in settings.model_fields_set else "  (default)"
    if isinstance(value, SecretStr):
        return note(f"{PREFIX}{name.upper()}", f"{_secret_text(settings, value)}{origin}")
    return note(f"{PREFIX}{name.upper()}", f"{_text(value)}{origin}")


def _secret_text(settings: Settings, value: SecretStr) -> str:
    secret = value.get_secret_value()
    # Of an address only the password is secret; the rest is what one looks for here.
    return without_secrets(secret_values(settings))(secret) if "://" in secret else HIDDEN


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "unset"
    return "unset" if value is None else str(value)


def _contradictions(settings: Settings) -> list[Finding]:
    found = []
    if settings.brightness_min >= settings.brightness_max:
        seen = (
            f"{settings.brightness_min:g} is not below AUGMENT_BRIGHTNESS_MAX="
            f"{settings.brightness_max:g}: every photo would be of low quality; lower it"
        )
        found.append(wrong("AUGMENT_BRIGHTNESS_MIN", seen))
    if settings.source_bucket not in settings.readable_buckets:
        seen = (
            f'lacks the source bucket "{settings.source_bucket}": every message that names no '
            "bucket would be refused; add it"
        )
        found.append(wrong("AUGMENT_ALLOWED_BUCKETS", seen))
    if settings.queue == settings.completed_queue:
        seen = f'"{settings.queue}" is the work queue too; name another queue'
        found.append(wrong("AUGMENT_COMPLETED_QUEUE", seen))
    return found
