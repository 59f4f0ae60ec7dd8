"""The lanes on RabbitMQ: AMQP 0-9-1 with confirms, over connections that come back.

`RabbitLanes` is the port that the dataflow uses; the rest is for the commands.
"""

from connectors.rabbitmq.inspection import BrokerView, inspect_broker, queue_depths
from connectors.rabbitmq.lanes import RabbitLanes
from connectors.rabbitmq.outgoing import OutgoingMessage, work_message
from connectors.rabbitmq.parameters import BrokerError
from connectors.rabbitmq.publisher import publish_all
from connectors.rabbitmq.queues import dead_letter_queue, queue_names, wait_room, wait_rooms
from connectors.rabbitmq.topology import (
    QueueFinding,
    QueueState,
    TopologyReport,
    declare_topology,
)

__all__ = [
    "BrokerError",
    "BrokerView",
    "OutgoingMessage",
    "QueueFinding",
    "QueueState",
    "RabbitLanes",
    "TopologyReport",
    "dead_letter_queue",
    "declare_topology",
    "inspect_broker",
    "publish_all",
    "queue_depths",
    "queue_names",
    "wait_room",
    "wait_rooms",
    "work_message",
]
