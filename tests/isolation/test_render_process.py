"""A rendering child: answers as the service itself would, and dies without taking anybody along."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.plan import load_plan
from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.codec import Header
from colecionador.imaging.intake import Judgement, accept, decode_and_judge
from colecionador.imaging.rendering import Rendered, render
from colecionador.imaging.variations import check_operation
from colecionador.isolation.process import RenderProcess
from colecionador.isolation.requests import Decode, Forget, Inspect, Render
from tests.failpoints import ABORT, DEVOUR, HANG, with_failpoints
from tests.replay.images import image_bytes

PHOTO = image_bytes("photo", 1)
AMPLE_BYTES = 1024**3


def soon(seconds: float = 60.0) -> float:
    """A deadline of `time.monotonic`."""
    return time.monotonic() + seconds


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Iterator[RenderProcess]:
    environment = with_failpoints(dict(os.environ))
    monkeypatch.setenv("PYTHONPATH", environment["PYTHONPATH"])
    process = RenderProcess()
    yield process
    process.close()


def decode(child: RenderProcess, data: bytes, seconds: float = 60.0) -> object:
    header = child.ask(Inspect(data, 10**6), soon())
    assert isinstance(header, Header)
    return child.ask(Decode(Thresholds(), AMPLE_BYTES), soon(seconds))


def test_a_child_judges_and_renders_byte_for_byte_as_the_service_does(
    child: RenderProcess,
) -> None:
    plan = load_plan(None, check_operation)
    there = decode(child, PHOTO)
    header = accept(PHOTO, 10**6)
    assert isinstance(header, Header)
    here = decode_and_judge(PHOTO, header, Thresholds())
    assert isinstance(here, tuple)
    image, judgement = here
    assert isinstance(there, Judgement)
    assert there.quality == judgement.quality
    for variation in plan.base:
        made_there = child.ask(Render(variation, 7, "version", 90), soon())
        made_here = render(image, variation, item_id=7, plan_version="version", jpeg_quality=90)
        assert isinstance(made_there, Rendered)
        assert isinstance(made_here, Rendered)
        assert made_there.data == made_here.data


def test_a_file_that_is_refused_leaves_the_child_alive_for_the_next(child: RenderProcess) -> None:
    refused = child.ask(Inspect(b"no image", 10**6), soon())
    assert isinstance(refused, Failure)
    assert refused.error_type is ErrorType.UNSUPPORTED_FORMAT
    assert isinstance(decode(child, PHOTO), Judgement)


def test_a_decoder_that_aborts_is_poison_and_says_by_which_signal(child: RenderProcess) -> None:
    failure = decode(child, PHOTO + ABORT)
    assert isinstance(failure, Failure)
    assert failure.error_type is ErrorType.POISON
    assert "signal 6 (SIGABRT)" in failure.error
    assert not child.alive


def test_a_decoder_that_hangs_is_poison_and_its_child_is_ended(child: RenderProcess) -> None:
    process_id = child.process_id
    failure = decode(child, PHOTO + HANG, seconds=0.5)
    assert isinstance(failure, Failure)
    assert failure.error_type is ErrorType.POISON
    assert "did not end in time" in failure.error
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)


def test_a_decoder_that_devours_memory_is_poison_within_its_allowance(
    child: RenderProcess,
) -> None:
    failure = decode(child, PHOTO + DEVOUR)
    assert isinstance(failure, Failure)
    assert failure.error_type is ErrorType.POISON
    assert "memory" in failure.error


def test_a_child_takes_as_much_memory_as_before_once_it_has_forgotten(
    child: RenderProcess,
) -> None:
    decode(child, PHOTO + DEVOUR)
    assert child.ask(Forget(), soon()) is None
    assert isinstance(decode(child, PHOTO), Judgement)


def test_a_dead_child_answers_with_how_it_died(child: RenderProcess) -> None:
    first = decode(child, PHOTO + ABORT)
    assert child.ask(Forget(), soon()) == first


def test_a_child_ends_with_its_parent(child: RenderProcess) -> None:
    process_id = child.process_id
    child.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)
