"""The service as one process with one worker or two, as a cluster, and as two replicas.

Replicas also each on a core of its own, where a process has one compute thread.
"""

from __future__ import annotations

from bench.backlog import Backlog
from bench.contender import cluster, confined, service
from bench.figures import Outcome
from bench.photographs import PHOTO, THUMBNAIL, WEB_PHOTO
from bench.scale import Scale
from bench.servers import Servers
from bench.service import REPLICAS, SERVICE, compare, table


def run(servers: Servers, scale: Scale) -> Outcome:
    """Each layout on 4 MB photos and on thumbnails, beside one process with one worker."""
    layouts = [SERVICE, service(2), cluster(), REPLICAS]
    backlogs = [Backlog(WEB_PHOTO, scale.web_photos, 8)]
    if scale.complete:
        layouts.append(confined(REPLICAS))
        backlogs = [Backlog(PHOTO, REPLICAS.in_flight), Backlog(THUMBNAIL, scale.thumbnails, 30)]
    rounds = [compare(servers, scale, backlog, layouts) for backlog in backlogs]
    return Outcome(tuple(table(each) for each in rounds))
