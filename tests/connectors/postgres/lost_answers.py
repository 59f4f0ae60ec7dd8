"""A proxy before PostgreSQL that loses the answer to a commit, as a broken network does."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from select import select
from socket import create_connection, socket

from psycopg.conninfo import conninfo_to_dict

COMMIT = b"INSERT INTO augmentation_results"
"""In the text of the statement that commits, which is sent as long as it is not prepared."""
IDLE = b"Z\x00\x00\x00\x05I"
"""The end of an answer: nothing is left to be committed."""


class LostAnswers(socketserver.ThreadingTCPServer):
    """Passes everything on, but cuts a connection whose transaction was just committed.

    Only the first `losses` such answers are lost.
    """

    def __init__(self, database_url: str, losses: int) -> None:
        target = conninfo_to_dict(database_url)
        self.target = (str(target["host"]), int(str(target["port"])))
        self.losses = losses
        super().__init__(("127.0.0.1", 0), _Connection)
        self.database_url = (
            f"postgresql://postgres@127.0.0.1:{self.server_address[1]}/{target['dbname']}"
        )


class _Connection(socketserver.BaseRequestHandler):
    server: LostAnswers

    def handle(self) -> None:
        client: socket = self.request
        self._is_committing = False
        with create_connection(self.server.target) as database, suppress(OSError):
            while True:
                for source in select([client, database], [], [])[0]:
                    data = source.recv(65536)
                    if not data or self._is_lost(data, sent=source is client):
                        return
                    (client if source is database else database).sendall(data)

    def _is_lost(self, data: bytes, *, sent: bool) -> bool:
        if sent:
            self._is_committing = COMMIT in data
            return False
        if self.server.losses == 0 or not (self._is_committing and data.endswith(IDLE)):
            return False
        self.server.losses -= 1
        return True


@contextmanager
def losing_answers(database_url: str, losses: int) -> Iterator[LostAnswers]:
    """A proxy that loses so many answers to a commit, then none. Close its clients first."""
    with LostAnswers(database_url, losses) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
