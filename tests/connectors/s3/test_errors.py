"""Whatever a server answers becomes a failure, and the right one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from colecionador.domain.failures import ErrorType
from connectors.s3.errors import classify, source_failure, upload_failure
from connectors.s3.headers import Headers
from connectors.s3.transport import Refused, parse_error

STATUSES = st.integers(201, 999).filter(lambda status: status != 204)


@given(st.binary(max_size=2000))
def test_any_body_can_be_an_error(body: bytes) -> None:
    code, message = parse_error(body)
    assert len(code) <= 100
    assert "\n" not in message


@given(st.text("abcXYZ", min_size=1), st.text("abc XYZ", min_size=1))
def test_an_error_is_read_in_either_dialect(code: str, message: str) -> None:
    inner = f"<Code>{code}</Code><Message>{message}</Message>"
    plain = f"<Error>{inner}</Error>"
    other = f'<?xml version="1.0"?>\n<Error xmlns="http://s3/">\n  {inner}\n</Error>'
    assert parse_error(plain.encode()) == parse_error(other.encode())
    assert parse_error(plain.encode()) == (code, " ".join(message.split()))


@given(STATUSES, st.text(max_size=30), st.text(max_size=30))
def test_a_source_failure_is_missing_forbidden_or_unavailable_and_names_the_object(
    status: int, code: str, message: str
) -> None:
    problem = classify(Refused(status, code, message, Headers()), "http://s3")
    failure = source_failure(problem, "images", "k.jpg")
    expected = {
        401: ErrorType.SOURCE_FORBIDDEN,
        403: ErrorType.SOURCE_FORBIDDEN,
        404: ErrorType.SOURCE_MISSING,
    }.get(status, ErrorType.SOURCE_UNAVAILABLE)
    assert failure.error_type is expected
    assert '"images"' in failure.error
    assert str(status) in failure.error


@given(STATUSES)
def test_an_upload_refused_by_its_status_alone_is_an_upload_failed(status: int) -> None:
    problem = classify(Refused(status, "", "", Headers()), "http://s3")
    failure = upload_failure(problem, "training", "k.jpg")
    assert failure.error_type is ErrorType.UPLOAD_FAILED
    assert problem.worth_repeating == (status >= 500 or status == 408)
