import socket
from collections.abc import Callable

import pytest

from bench.delay_proxy import Delays, S3Delays, TransactionDelays, delayed

IDLE = b"Z\x00\x00\x00\x05I"
IN_TRANSACTION = b"Z\x00\x00\x00\x05T"


def test_an_s3_request_is_delayed_once_by_its_method() -> None:
    delays = S3Delays(download_seconds=2.0, upload_seconds=3.0)
    assert delays.outbound(b"PUT /bucket/key HTTP/1.1\r\n") == 3.0
    assert delays.outbound(b"GET is how this piece of the body begins") == 0.0
    assert delays.inbound(b"HTTP/1.1 200 OK\r\n") == 0.0
    assert delays.outbound(b"GET /bucket/key HTTP/1.1\r\n") == 2.0
    delays.inbound(b"HTTP/1.1 200 OK\r\n")
    assert delays.outbound(b"HEAD /bucket HTTP/1.1\r\n") == 0.0


def test_a_transaction_is_delayed_at_its_end_and_a_log_in_is_not() -> None:
    delays = TransactionDelays(1.5)
    assert delays.inbound(b"R, S and K, then " + IDLE) == 0.0
    assert delays.inbound(b"BEGIN" + IN_TRANSACTION) == 0.0
    assert delays.inbound(b"rows, without an end") == 0.0
    assert delays.inbound(b"COMMIT" + IDLE) == 1.5
    assert delays.outbound(b"anything") == 0.0


@pytest.mark.parametrize("delays", [lambda: S3Delays(0, 0), lambda: TransactionDelays(0)])
def test_octets_pass_the_proxy_unchanged_in_both_directions(delays: Callable[[], Delays]) -> None:
    sent = bytes(range(256)) * 20_000
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        delayed(server.getsockname(), delays) as port,
        socket.create_connection(("127.0.0.1", port)) as client,
    ):
        other, _ = server.accept()
        with other:
            for one, two in ((client, other), (other, client)):
                one.sendall(sent)
                with two.makefile("rb") as stream:
                    assert stream.read(len(sent)) == sent
