"""`augment submit`: images become objects in the source bucket and messages in the work queue."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice, repeat
from pathlib import Path
from typing import Annotated

import typer

from colecionador.cli.console import OUT
from colecionador.cli.errors import CommandError, UsageError
from colecionador.cli.photographs import Photograph, find_images
from colecionador.cli.progress import progress
from colecionador.cli.settings import command_settings
from colecionador.cli.submission import Submission
from colecionador.domain.messages import (
    ITEM_ID_LIMIT,
    Delivery,
    DeliveryId,
    RejectedMessage,
    parse_message,
)
from colecionador.domain.settings import Settings

CHUNK = 100
"""Images that are uploaded before their messages are published: bounds what a crash leaves
uploaded and unannounced."""


def submit(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Images, or folders to search for .jpg, .jpeg and .png."),
    ],
    categoria: Annotated[str, typer.Option(help="What is on them, e.g. moedas.")],
    item_id: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=ITEM_ID_LIMIT - 1,
            help="Of the first image; the others count up. Without it an image's content decides: "
            "1 + the first 13 hex digits of its MD5, so that the same image is the same item.",
        ),
    ] = None,
) -> None:
    """Upload images to the source bucket and publish a message for each.

    Submitting an image again is harmless: its object, item and message id are the same.
    """
    settings = command_settings()
    images = find_images(paths)
    _check(settings, categoria, (item_id or 1) + len(images) - 1)
    ids: Iterator[int | None] = repeat(None) if item_id is None else count(item_id)
    numbered = zip(images, ids, strict=False)
    submission = Submission(settings, categoria)
    with progress("submitting", len(images)) as advance:
        while chunk := list(islice(numbered, CHUNK)):
            submission.submit(chunk)
            advance(len(chunk))
            if submission.problems:
                break
    _conclude(submission, settings, len(images))


def _check(settings: Settings, categoria: str, last_item_id: int) -> None:
    """Refuse before anything is sent what the service would send to the dead letters."""
    body = Photograph(Path("any.jpg"), last_item_id, "0" * 32).body(
        categoria, settings.source_bucket
    )
    parsed = parse_message(
        Delivery(DeliveryId("", 0, 0), "", body),
        default_bucket=settings.source_bucket,
        allowed_buckets=settings.readable_buckets,
    )
    if isinstance(parsed, RejectedMessage):
        raise UsageError(parsed.failure.error)


def _conclude(submission: Submission, settings: Settings, wanted: int) -> None:
    sent = len(submission.sent)
    if sent == 1:
        OUT.print(f"item {submission.sent[0].item_id} → {settings.queue}")
    elif sent:
        ids = [photograph.item_id for photograph in submission.sent]
        OUT.print(f"{sent} items ({min(ids)} … {max(ids)}) → {settings.queue}")
    if submission.problems:
        lines = "\n  ".join(submission.problems)
        raise CommandError(
            f"{wanted - sent} of {wanted} images were not submitted; to submit all again is "
            f"harmless:\n  {lines}"
        )
