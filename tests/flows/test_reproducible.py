"""The same job gives byte-identical objects, whatever the workers, the threads and the order."""

from __future__ import annotations

import json

import pytest

from colecionador.domain.settings import Settings
from tests.replay.harness import replay
from tests.replay.recording import ImageLine, MessageLine, Recording, Run

CATEGORIAS = ("carros", "moedas", "animais", "arte")


def objects(items: list[int], *, workers: int, threads: int) -> dict[str, str]:
    """The MD5 of every object that these items become, by key."""
    images = [ImageLine(f"{item}.jpg", "photo", item) for item in items]
    messages = [
        MessageLine(
            json.dumps(
                {"itemId": item, "categoria": CATEGORIAS[item % 4], "objectKey": f"{item}.jpg"}
            ).encode(),
            f"m-{item}",
            0.0,
        )
        for item in items
    ]
    settings = Settings.model_validate({"cpu_threads": threads})
    world = replay(
        Recording(images, runs=[Run(messages)]), settings, workers=workers, epoch_ms=10_000
    )
    return {key: md5 for key, md5 in world.store.dump().items() if key.startswith("training/")}


@pytest.fixture(scope="module")
def once() -> dict[str, str]:
    """Eight items, two of each categoria, in one worker on one thread."""
    return objects(list(range(1, 9)), workers=1, threads=1)


def test_every_variation_of_every_categoria_is_among_them(once: dict[str, str]) -> None:
    names = {key.rpartition("/")[2].removesuffix(".jpg") for key in once}
    assert {"rotate_45", "zoom_in", "color_jitter_1", "elastic_2"} <= names
    assert len(once) == 2 * (15 + 15 + 13 + 13)


@pytest.mark.parametrize(("workers", "threads"), [(1, 4), (3, 2)])
def test_workers_threads_and_order_do_not_matter(
    once: dict[str, str], workers: int, threads: int
) -> None:
    assert objects(list(range(8, 0, -1)), workers=workers, threads=threads) == once
