"""The lanes of the broker as Bytewax sees them: one source, and the sinks that settle on them.

Written once over the `Lanes` port, so the same dataflow runs on RabbitMQ and in memory. A lane is
a partition of the source and of every sink; Bytewax gives the same partition of each to the same
worker, so a delivery is settled in the process, and on the channel, that it came from.
"""
