"""What `augment init` creates and what `augment doctor` finds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from colecionador.domain.settings import SettingsError
from connectors.memory.telemetry import MemoryTelemetry
from connectors.s3 import S3Store, create_missing_buckets, examine_store
from tests.connectors.s3.hostile_server import Answer, HostileServer, error, status
from tests.fix_s3 import S3Server, rclone_s3, s3_settings
from tests.free_port import free_port


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[S3Server]:
    directory = tmp_path / "s3"
    directory.mkdir()
    with rclone_s3(directory) as server:
        yield server


def test_missing_buckets_are_created_once_and_others_are_left_alone(
    empty_server: S3Server,
) -> None:
    settings = empty_server.settings(allowed_buckets=("images", "of-others"))
    first = create_missing_buckets(settings)
    assert [(made.bucket, made.created) for made in first] == [("images", True), ("training", True)]
    assert [made.created for made in create_missing_buckets(settings)] == [False, False]
    assert {path.name for path in empty_server.directory.iterdir()} == {"images", "training"}


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([status(404), error(403, "AccessDenied")], "AccessDenied"),
        ([status(404), error(409, "BucketAlreadyExists")], "BucketAlreadyExists"),
        ([status(403)], "HTTP 403"),
        ([status(500)], "HTTP 500"),
    ],
)
def test_a_bucket_that_cannot_be_created_is_said_with_its_reason(
    hostile: HostileServer, answers: list[Answer], words: str
) -> None:
    hostile.will(*answers)
    settings = s3_settings(hostile.endpoint, source_bucket="training")
    (creation,) = create_missing_buckets(settings)
    assert not creation.created
    assert creation.problem is not None
    assert words in creation.problem
    assert '"training"' in creation.problem


@pytest.mark.parametrize(
    ("region", "words"), [("us-east-1", b""), ("sa-east-1", b"Constraint>sa-east-1</")]
)
def test_a_bucket_is_created_in_the_region_of_the_settings(
    hostile: HostileServer, region: str, words: bytes
) -> None:
    hostile.will(status(404), status(200))
    settings = s3_settings(hostile.endpoint, source_bucket="training", s3_region=region)
    assert [made.created for made in create_missing_buckets(settings)] == [True]
    request = hostile.requests[1]
    assert (request.method, request.path) == ("PUT", "/training")
    assert words in request.body
    assert bool(request.body) == bool(words)


def test_a_bucket_that_somebody_else_just_created_for_us_is_there(hostile: HostileServer) -> None:
    hostile.will(status(404), error(409, "BucketAlreadyOwnedByYou"))
    settings = s3_settings(hostile.endpoint, source_bucket="training")
    (creation,) = create_missing_buckets(settings)
    assert (creation.created, creation.problem) == (False, None)


def test_a_healthy_store_has_its_rights_tried_its_name_told_and_nothing_left_behind(
    empty_server: S3Server,
) -> None:
    settings = empty_server.settings()
    create_missing_buckets(settings)
    found = examine_store(settings)
    assert found.problems == ()
    assert [finding.right for finding in found.rights] == ["put", "get", "delete"]
    assert found.server
    assert found.latency_ms is not None
    assert [path for path in empty_server.directory.rglob("*") if path.is_file()] == []


def test_each_missing_bucket_is_found_with_the_setting_that_names_it(
    empty_server: S3Server,
) -> None:
    settings = empty_server.settings(allowed_buckets=("images", "elsewhere"))
    found = examine_store(settings)
    assert {(finding.bucket, finding.named_by) for finding in found.buckets} == {
        ("images", "AUGMENT_SOURCE_BUCKET"),
        ("elsewhere", "AUGMENT_ALLOWED_BUCKETS"),
        ("training", "AUGMENT_TRAINING_BUCKET"),
    }
    assert len(found.problems) == 3
    assert found.rights == ()


def test_wrong_keys_are_told_from_missing_rights(s3_server: S3Server) -> None:
    found = examine_store(s3_server.settings(s3_secret_key="wrong"))
    assert any("AUGMENT_S3_SECRET_KEY" in problem for problem in found.problems)


@pytest.mark.parametrize(("refused", "right"), [(1, "put"), (2, "get"), (3, "delete")])
def test_a_missing_right_is_found_by_its_name(
    hostile: HostileServer, refused: int, right: str
) -> None:
    etag = hashlib.md5(b"augment doctor", usedforsecurity=False).hexdigest()
    looks: list[Answer] = [status(200, Server="Hostile")] * 3
    tries: list[Answer] = [status(200, ETag=f'"{etag}"'), status(200, b"x"), status(204)]
    tries[refused - 1] = error(403, "AccessDenied")
    hostile.will(*looks, *tries)
    found = examine_store(s3_settings(hostile.endpoint))
    (problem,) = found.problems
    assert "AccessDenied" in problem
    assert right in problem
    assert found.server == "Hostile"


def test_an_etag_that_is_no_md5_is_found_before_every_upload_fails_on_it(
    hostile: HostileServer,
) -> None:
    hostile.will(*[status(200)] * 3, status(200, ETag='"no-md5"'), status(200))
    found = examine_store(s3_settings(hostile.endpoint))
    (problem,) = found.problems
    assert "no-md5" in problem
    assert "SSE-KMS" in problem


def test_a_server_that_is_down_is_found_so_for_every_bucket() -> None:
    found = examine_store(s3_settings(f"http://127.0.0.1:{free_port()}"))
    assert found.latency_ms is None
    assert len(found.problems) == 2
    assert all("refused" in problem for problem in found.problems)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:9000/path",
        "http://user:secret@127.0.0.1:9000",
        "http://127.0.0.1:9000?a=b",
    ],
)
def test_an_endpoint_with_more_than_a_host_and_a_port_is_a_wrong_setting(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="AUGMENT_S3_ENDPOINT") as wrong:
        S3Store(s3_settings(endpoint), MemoryTelemetry())
    assert "secret" not in str(wrong.value)


def test_an_endpoint_may_end_with_a_slash(s3_server: S3Server) -> None:
    store = S3Store(s3_settings(f"{s3_server.endpoint}/"), MemoryTelemetry())
    assert store.probe() is None
