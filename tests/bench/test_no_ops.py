"""The control plane's benchmark runs the real topology."""

from bench.no_ops import BROKER, DATABASE, MEMORY
from tests.fix_flow import IDLE_SECONDS, Flow, Flows
from tests.fix_messages import message
from tests.fix_service import Service


def test_with_nothing_real_every_item_comes_to_its_end(service: Service, flows: Flows) -> None:
    flow = flows.start_module(service, "bytewax.run", f"bench.no_ops:flow('{MEMORY}', 300)")
    assert flow.exit_code() == 0, flow.tail()
    assert any("per CPU second" in line for line in flow.output)


def test_with_a_real_broker_completions_arrive_and_no_row_is_written(
    service: Service, flows: Flows
) -> None:
    _drain(service, flows, BROKER)
    assert service.rows("augmentation_jobs") == []


def test_with_a_real_database_too_every_item_has_its_eleven_rows(
    service: Service, flows: Flows
) -> None:
    _drain(service, flows, DATABASE)
    assert service.jobs("success") == 20
    assert len(service.rows("augmentation_results")) == 180
    assert len(service.rows("augmentation_metrics")) == 20


def _drain(service: Service, flows: Flows, real: str) -> Flow:
    service.send([message(item_id, categoria="bench") for item_id in range(1, 21)])
    flow = flows.start_module(
        service, "bytewax.run", f"bench.no_ops:flow('{real}')", exit_when_idle=IDLE_SECONDS
    )
    assert flow.exit_code() == 0, flow.tail()
    assert len(service.completions()) == 20
    return flow
