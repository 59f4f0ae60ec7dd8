"""A proxy before PostgreSQL that loses the answer to a COMMIT, as a broken network does."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from select import select
from socket import create_connection, socket

from psycopg.conninfo import conninfo_to_dict

COMMAND_COMPLETE_OF_A_COMMIT = b"C\x00\x00\x00\x0bCOMMIT\x00"


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
        with create_connection(self.server.target) as database, suppress(OSError):
            while True:
                for source in select([client, database], [], [])[0]:
                    data = source.recv(65536)
                    if not data or (source is database and self._is_lost(data)):
                        return
                    (client if source is database else database).sendall(data)

    def _is_lost(self, data: bytes) -> bool:
        if self.server.losses == 0 or COMMAND_COMPLETE_OF_A_COMMIT not in data:
            return False
        self.server.losses -= 1
        return True


@contextmanager
def losing_answers(database_url: str, losses: int) -> Iterator[LostAnswers]:
    """A proxy that loses so many answers to a COMMIT, then none. Close its clients first."""
    with LostAnswers(database_url, losses) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
