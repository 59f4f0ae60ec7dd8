"""The service's own words: messages, failures, results, the plan, the settings and the ports.

Nothing here touches the world: no sockets, no pixels, no threads. Every other layer may import
this one; this one imports none of them.
"""
