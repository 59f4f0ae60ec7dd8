"""What the commands use: publishing with confirms, looking at queues, and connecting at all."""

from __future__ import annotations

import re
import ssl
import traceback
from datetime import UTC, datetime
from urllib.parse import quote

import certifi
import pytest
from pydantic import SecretStr

from connectors.rabbitmq import (
    BrokerError,
    RabbitLanes,
    declare_topology,
    inspect_broker,
    publish_all,
    queue_depths,
    work_message,
)
from connectors.rabbitmq.parameters import connection_parameters
from tests.connectors.rabbitmq.bench import completion
from tests.connectors.rabbitmq.conftest import OpenBench
from tests.fix_broker import Broker

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_submitted_messages_are_all_there_with_their_ids_when_it_returns(broker: Broker) -> None:
    settings = broker.settings()
    declare_topology(settings)
    counts: list[int] = []
    messages = (work_message(settings.queue, b"{}", f"job-{n}", NOW) for n in range(3))
    assert publish_all(settings, messages, counts.append) == 3
    assert counts == [1, 2, 3]
    letters = broker.take(settings.queue)
    assert [letter.properties.message_id for letter in letters] == [b"job-0", b"job-1", b"job-2"]
    assert {letter.properties.timestamp for letter in letters} == {int(NOW.timestamp())}
    assert {letter.properties.delivery_mode for letter in letters} == {2}
    broker.remove(settings)


def test_submitting_to_a_missing_queue_says_how_to_create_it(broker: Broker) -> None:
    settings = broker.settings()
    with pytest.raises(BrokerError, match="augment init"):
        publish_all(settings, [work_message(settings.queue, b"{}", "job-1", NOW)])


def test_depths_count_messages_and_consumers_and_know_what_is_missing(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench(lanes=2, prefetch=1)
    assert queue_depths(bench.settings) == {}
    bench.declare()
    bench.publish(b"1", b"2", b"3", b"4", b"5")
    bench.open()
    bench.take(2)
    view = inspect_broker(bench.settings)
    assert view.depths[bench.settings.queue] == (3, 2)
    assert view.depths[bench.settings.completed_queue] == (0, 0)
    assert view.version.count(".") == 2


def test_lanes_work_over_tls(open_bench: OpenBench, broker: Broker) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1")
    settings = bench.settings.model_copy(
        update={"amqp_url": _tls_url(broker, {"ca_certs": str(broker.server.certificate)})}
    )
    bench.lanes = RabbitLanes(settings, bench.telemetry)
    bench.open()
    bench.settle_and_wait(*map(completion, bench.take(1)))
    assert queue_depths(settings)[settings.completed_queue] == (1, 0)


def test_a_certificate_that_nobody_vouches_for_is_refused_in_words(broker: Broker) -> None:
    settings = broker.settings().model_copy(update={"amqp_url": _tls_url(broker)})
    with pytest.raises(BrokerError, match="CERTIFICATE_VERIFY_FAILED"):
        queue_depths(settings)


def test_a_certificate_for_another_name_is_refused_in_words(broker: Broker) -> None:
    authority = str(broker.server.certificate)
    url = _tls_url(broker, {"ca_certs": authority, "server_hostname": "broker.example"})
    settings = broker.settings().model_copy(update={"amqp_url": url})
    with pytest.raises(BrokerError, match=r"not valid for 'broker\.example'"):
        queue_depths(settings)


# That of a protocol that checks nobody.
@pytest.mark.filterwarnings("ignore:ssl.PROTOCOL_TLS is deprecated")
@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        (
            {"ca_certs": certifi.where(), "protocol": ssl.PROTOCOL_TLS.value},
            "leave `protocol` out",
        ),
        ({"ca_certs": "/nowhere/authority.pem"}, "name the authority's file, in PEM, in ca_certs"),
        ("{'password': 'planted-", "no dictionary"),
        ("planted-()", "e.g. amqp://"),
    ],
)
def test_tls_options_that_check_nobody_or_make_no_sense_are_refused_and_not_shown(
    broker: Broker, options: object, remedy: str
) -> None:
    settings = broker.settings().model_copy(update={"amqp_url": _tls_url(broker, options)})
    with pytest.raises(BrokerError, match=re.escape(remedy)) as raised:
        queue_depths(settings)
    assert "planted" not in "".join(traceback.format_exception(raised.value))


def test_the_heartbeat_is_half_a_minute_unless_the_url_says_otherwise(broker: Broker) -> None:
    port = broker.server.port
    settings = broker.settings()
    assert connection_parameters(settings, "test").heartbeat == 30
    other = settings.model_copy(update={"amqp_url": SecretStr(broker.url(port, "?heartbeat=7"))})
    assert connection_parameters(other, "test").heartbeat == 7


def test_a_url_that_makes_no_sense_is_refused_by_the_settings_name(broker: Broker) -> None:
    url = SecretStr(broker.url(broker.server.port, "?heartbeat=often"))
    settings = broker.settings().model_copy(update={"amqp_url": url})
    with pytest.raises(BrokerError, match="AUGMENT_AMQP_URL"):
        queue_depths(settings)


def _tls_url(broker: Broker, options: object = None) -> SecretStr:
    """The broker over TLS; `options` are pika's: a dictionary, or what stands for one."""
    text = options if isinstance(options, str) else repr(options)
    query = f"?ssl_options={quote(text)}" if options else ""
    return SecretStr(
        f"amqps://guest:guest@{broker.server.host}:{broker.server.tls_port}/%2F{query}"
    )
