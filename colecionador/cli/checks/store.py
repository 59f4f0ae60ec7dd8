"""The object store: its buckets, and the rights that the service needs in them."""

from __future__ import annotations

from colecionador.cli.checks.clock import clock_finding
from colecionador.cli.checks.section import Finding, Section, right, wrong
from colecionador.domain.settings import Settings, SettingsError
from connectors.s3 import examine_store
from connectors.s3.buckets import StoreFindings

MEANING = {
    "put": "held in the training bucket; the ETag is the MD5 of what was put",
    "get": "held in the training bucket",
    "delete": "held in the training bucket; only this command uses it",
}
"""What a right that is held is good for."""


def check_store(settings: Settings) -> Section:
    """Look at every bucket that the settings name, and try each right on a tiny object."""
    try:
        store = examine_store(settings)
    except SettingsError as error:
        return Section("S3", (wrong("AUGMENT_S3_ENDPOINT", str(error)),))
    ahead = store.clock_ahead_seconds
    clock = () if ahead is None else (clock_finding(ahead),)
    return Section(_title(store), (*_buckets(store), *_rights(store), *clock))


def _title(store: StoreFindings) -> str:
    if store.latency_ms is None:
        return f"S3: {store.endpoint}"
    server = f", {store.server}" if store.server else ""
    return f"S3: {store.endpoint}{server}, {store.latency_ms:.1f} ms"


def _buckets(store: StoreFindings) -> list[Finding]:
    return [
        wrong(f"bucket {bucket.bucket}", bucket.problem)
        if bucket.problem
        else right(f"bucket {bucket.bucket}", f"there, for {bucket.named_by}")
        for bucket in store.buckets
    ]


def _rights(store: StoreFindings) -> list[Finding]:
    return [
        wrong(f"right to {one.right}", one.problem)
        if one.problem
        else right(f"right to {one.right}", MEANING[one.right])
        for one in store.rights
    ]
