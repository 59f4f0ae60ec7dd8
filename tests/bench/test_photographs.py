import pytest

from bench.photographs import PHOTO, THUMBNAIL, WEB_PHOTO, Kind, photograph
from colecionador.domain.settings import Settings
from colecionador.imaging.quality import judge, thresholds
from tests.fix_images import decoded


@pytest.mark.parametrize(
    ("kind", "bytes_"), [(PHOTO, 4_000_000), (WEB_PHOTO, 300_000), (THUMBNAIL, 20_000)]
)
def test_a_photograph_has_about_the_bytes_that_its_kind_says(kind: Kind, bytes_: int) -> None:
    assert photograph(kind, 1) == photograph(kind, 1)
    assert 0.7 * bytes_ < len(photograph(kind, 1)) < 1.4 * bytes_


def test_each_photograph_has_its_own_content() -> None:
    assert len({photograph(THUMBNAIL, number) for number in range(200)}) == 200


def test_a_photograph_is_one_that_the_service_takes_and_finds_good() -> None:
    image = decoded(photograph(WEB_PHOTO, 3))
    assert (image.width, image.height) == (WEB_PHOTO.width, WEB_PHOTO.height)
    assert not judge(image, thresholds(Settings())).bad
