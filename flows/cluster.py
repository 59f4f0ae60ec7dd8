"""This process's place in its cluster, as Bytewax's own options say it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence


def process_index(
    arguments: Sequence[str] = sys.argv[1:], environment: Mapping[str, str] = os.environ
) -> int:
    """The index among the cluster's processes; 0 where there is one."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("-i", "--process-id", type=int)
    try:
        named = parser.parse_known_args(list(arguments))[0].process_id
    except argparse.ArgumentError:
        named = None
    if named is not None:
        return int(named)
    if "BYTEWAX_PROCESS_ID" in environment:
        return int(environment["BYTEWAX_PROCESS_ID"])
    pod, stateful_set = (
        environment.get("BYTEWAX_POD_NAME", ""),
        environment.get("BYTEWAX_STATEFULSET_NAME", ""),
    )
    return int(pod.removeprefix(f"{stateful_set}-")) if pod and stateful_set else 0
