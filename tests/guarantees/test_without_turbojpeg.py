"""A machine without the planar codec: the same service, by BGR, and it says so."""

from __future__ import annotations

from pathlib import Path

from tests.fix_flow import Flows
from tests.fix_service import Service
from tests.invariants import check_invariants

HIDDEN = "libturbojpeg-that-is-nowhere.so.0"
CUSTOMISED = f"""
from colecionador.imaging.codec import turbojpeg
turbojpeg.LIBRARY = {HIDDEN!r}
"""
"""Python runs a module `sitecustomize` before anything else."""


def test_everything_works_and_the_log_says_what_is_missing(
    service: Service, flows: Flows, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(CUSTOMISED, encoding="utf-8")
    sent = service.submit(range(1, 4))
    service.environment["PYTHONPATH"] = str(tmp_path)
    (said,) = flows.drain(service).found("JPEGs go by BGR")
    assert said["level"] == "warning"
    assert HIDDEN in said["reason"]
    assert "install libturbojpeg0" in said["reason"]
    check_invariants(service, sent)

    del service.environment["PYTHONPATH"]
    again = service.submit(range(4, 7))
    assert flows.drain(service).found("JPEGs go by BGR") == []
    # Other bytes, so another version: nobody takes one for the other.
    check_invariants(service, [*sent, *again])
    versions = {row["plan_version"] for row in service.rows("augmentation_jobs")}
    assert len(versions) == 2
