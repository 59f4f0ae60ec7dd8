"""Where variations go: whatever a message says, under its own category and item alone."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from colecionador.domain.messages import Delivery, DeliveryId, Item, parse_message
from colecionador.domain.plan import load_plan
from colecionador.domain.results import Quality, Source
from colecionador.imaging.codec import ImageFormat
from colecionador.imaging.variations import check_operation
from colecionador.steps.photo import Facts
from colecionador.steps.render import object_key

PLAN_VERSION = "9f2c41d0" * 8
NAMES = sorted(
    {
        variation.name
        for categoria in ("carros", "moedas", "animais", "arte")
        for variation in load_plan(None, check_operation).variations(categoria, bad_quality=False)
    }
)

nasty = st.text(max_size=20) | st.sampled_from(["..", "../..", "a/../b", "/", "%2e%2e", "a\x00"])
categorias = st.from_regex(r"[a-z0-9_-]{1,64}", fullmatch=True) | nasty
messages = st.fixed_dictionaries(
    {
        "itemId": st.integers() | nasty,
        "categoria": categorias,
        "objectKey": nasty,
    },
    optional={"bucket": nasty | st.just("images")},
)


def key_of(fields: dict[str, object], name: str, file_format: ImageFormat) -> str | None:
    """The key of one variation of a message; None where the message is refused."""
    body = json.dumps(fields).encode("utf-8", "surrogatepass")
    delivery = Delivery(DeliveryId("lane-0", 1, 1), "id", body)
    item = parse_message(delivery, default_bucket="images", allowed_buckets={"images"})
    if not isinstance(item, Item):
        return None
    facts = Facts(
        item=item,
        job_id=1,
        worker="w",
        source=Source("5f76ba0da7c2" + "0" * 20, "e", 1, 1, 1),
        format=file_format,
        quality=Quality(1.0, 1.0, 1.0, bad=False),
        started_at=0.0,
        download_ms=0.0,
        decode_ms=0.0,
    )
    return object_key(facts, name, PLAN_VERSION)


@given(fields=messages, name=st.sampled_from(NAMES), file_format=st.sampled_from(ImageFormat))
def test_no_field_of_a_message_leaves_its_prefix(
    fields: dict[str, object], name: str, file_format: ImageFormat
) -> None:
    key = key_of(fields, name, file_format)
    if key is None:
        return
    prefix = f"{fields['categoria']}/{fields['itemId']}/5f76ba0da7c2-9f2c41d0/"
    assert key == f"{prefix}{name}.{file_format.extension}"
    assert re.fullmatch(r"[a-z0-9_-]+/[0-9]+/[0-9a-f]{12}-[0-9a-f]{8}/[a-z0-9_]+\.(jpg|png)", key)


@given(
    items=st.lists(
        st.tuples(st.integers(1, 2**63 - 1), st.from_regex(r"[a-z0-9_-]{1,8}", fullmatch=True)),
        min_size=2,
        max_size=2,
        unique=True,
    ),
    names=st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)),
)
def test_two_items_never_share_a_key(items: list[tuple[int, str]], names: tuple[str, str]) -> None:
    keys = [
        key_of({"itemId": number, "categoria": categoria, "objectKey": "k"}, name, ImageFormat.PNG)
        for (number, categoria), name in zip(items, names, strict=True)
    ]
    assert None not in keys
    assert keys[0] != keys[1]
