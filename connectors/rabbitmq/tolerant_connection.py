"""Pika's connection where it is too strict for messages that anybody may send, or too slow.

Four places, all by overriding what pika calls itself:

* headers: pika decodes every header value, and one that it cannot decode (a timestamp in the year
  60000) closes the connection, again and again, since the broker then delivers the message once
  more. Those that it can decode, it may change (a fraction loses what is behind the point). Here
  properties stay octets;
* deliveries that cross a cancel on the wire: pika rejects or drops them. Each return counts
  against a queue's delivery limit, and a dropped one stays unacknowledged for ever. Here they
  are delivered like any other;
* frames: pika makes a system call for each, four an item. Here those of one round of the loop
  leave together;
* an abort from outside, for a connection that is of no more use.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from pika.adapters.select_connection import SelectConnection
from pika.adapters.utils.nbio_interface import AbstractStreamTransport
from pika.channel import Channel
from pika.frame import Frame, Header, Method, ProtocolHeader, decode_frame
from pika.spec import FRAME_END_SIZE, FRAME_HEADER, FRAME_HEADER_SIZE, Basic, BasicProperties

from connectors.rabbitmq.properties import Properties, decode_properties, encode_properties

_CONTENT_HEADER_SIZE = 12

DeliveryCallback = Callable[[int, bool, Properties, bytes], None]
"""Called with the delivery tag, the redelivered flag, the properties and the body."""


class Envelope(BasicProperties):
    """Properties on their way through pika, which asks for nothing but their octets."""

    def __init__(self, properties: Properties) -> None:
        super().__init__()
        self.properties = properties

    def encode(self) -> list[bytes]:
        """The octets, in a list as pika wants it."""
        return [encode_properties(self.properties)]


class TolerantChannel(Channel):
    """A channel that hands over every delivery, also those that arrive after a cancel."""

    on_delivery: DeliveryCallback | None = None
    consumer: str = ""
    """Whose delivery is being handed over, during `on_delivery`: the consumer's tag."""

    def _on_deliver(self, method_frame: Method[Basic.Deliver], header: Header, body: bytes) -> None:
        method = method_frame.method
        if self.on_delivery is not None and isinstance(header.properties, Envelope):
            tag = method.delivery_tag or 0
            self.consumer = method.consumer_tag or ""
            self.on_delivery(tag, method.redelivered, header.properties.properties, body)


class TolerantConnection(SelectConnection):
    """A connection whose properties are `Envelope`s and whose channels are `TolerantChannel`s."""

    _frame_buffer: bytes
    _terminate_stream: Callable[[Exception], None]
    _adapter_call_later: Callable[[float, Callable[[], None]], object]
    _transport: AbstractStreamTransport | None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._unsent: list[bytes] = []
        super().__init__(*arguments, **options)

    def abort(self, reason: Exception) -> None:
        """Drop the socket at once; the close callback follows."""
        if not self.is_closed:
            self._terminate_stream(reason)

    def open_channel(self, on_open: Callable[[TolerantChannel], None]) -> TolerantChannel:
        """Start to open a channel; `on_open` is called with it."""
        channel = self.channel(on_open_callback=lambda opened: on_open(_tolerant(opened)))
        return _tolerant(channel)

    def _create_channel(
        self, channel_number: int, on_open_callback: Callable[[Any], object]
    ) -> TolerantChannel:
        return TolerantChannel(self, channel_number, on_open_callback)

    def _adapter_emit_data(self, data: bytes) -> None:
        if not self._unsent:
            self._adapter_call_later(0, self._send_gathered)
        self._unsent.append(data)

    def _send_gathered(self) -> None:
        """Write what was gathered; where the stream has gone meanwhile, so has whom it was for."""
        data = b"".join(self._unsent)
        self._unsent.clear()
        if self._transport is not None:
            self._transport.write(data)

    def _get_write_buffer_size(self) -> int:
        # What pika's blocking connection waits for to be 0.
        written = 0 if self._transport is None else self._transport.get_write_buffer_size()
        return sum(map(len, self._unsent)) + int(written)

    def _read_frame(self) -> tuple[int, Frame | ProtocolHeader | None]:
        buffer = self._frame_buffer
        if len(buffer) < FRAME_HEADER_SIZE or buffer[0] != FRAME_HEADER:
            return decode_frame(buffer)
        _, channel_number, size = struct.unpack_from(">BHL", buffer)
        end = FRAME_HEADER_SIZE + size + FRAME_END_SIZE
        if end > len(buffer):
            return 0, None
        content = buffer[FRAME_HEADER_SIZE : end - FRAME_END_SIZE]
        body_size = struct.unpack_from(">Q", content, 4)[0]
        properties = decode_properties(content[_CONTENT_HEADER_SIZE:])
        return end, Header(channel_number, body_size, Envelope(properties))


def _tolerant(channel: Channel) -> TolerantChannel:
    assert isinstance(channel, TolerantChannel)
    return channel
