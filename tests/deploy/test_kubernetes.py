"""The Kubernetes manifests: valid by Kubernetes' own schemas, and true to the service."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest
import yaml

from colecionador.cli import VERBS
from colecionador.domain.settings import Settings
from connectors.rabbitmq.session import CLOSE_SECONDS
from tests.deploy.dockerfile import read_dockerfile
from tests.deploy.monitoring import rules
from tests.deploy.repository import ROOT, compose, project, setting_names, text

FOLDER = ROOT / "deploy/kubernetes"
OF_KUBERNETES = ("ConfigMap", "Deployment", "PodDisruptionBudget")
VERSION = "1.32"

Manifest = dict[str, Any]


def manifests() -> dict[str, Manifest]:
    """Every manifest by its kind."""
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert {*listed, "kustomization.yaml"} == {path.name for path in FOLDER.iterdir()}
    return {
        manifest["kind"]: manifest
        for name in listed
        for manifest in yaml.safe_load_all((FOLDER / name).read_text())
    }


@pytest.fixture
def pod() -> Manifest:
    return manifests()["Deployment"]["spec"]["template"]["spec"]  # type: ignore[no-any-return]


@pytest.fixture
def flow(pod: Manifest) -> Manifest:
    (container,) = pod["containers"]
    return container  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", OF_KUBERNETES)
def test_a_manifest_is_valid(kind: str) -> None:
    kubernetes_validate.validate(manifests()[kind], VERSION, strict=True)


def test_the_autoscalers_behaviour_is_valid() -> None:
    scaled = manifests()["ScaledObject"]["spec"]
    behavior = scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "augment"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "augment"},
            "minReplicas": scaled["minReplicaCount"],
            "maxReplicas": scaled["maxReplicaCount"],
            "behavior": behavior,
        },
    }
    kubernetes_validate.validate(autoscaler, VERSION, strict=True)


def test_everything_is_about_the_same_pods() -> None:
    every = manifests()
    labels = every["Deployment"]["spec"]["template"]["metadata"]["labels"]
    for kind in ("Deployment", "PodDisruptionBudget", "PodMonitor"):
        assert every[kind]["spec"]["selector"]["matchLabels"] == labels
    name = every["ScaledObject"]["spec"]["scaleTargetRef"]["name"]
    assert name == every["Deployment"]["metadata"]["name"]
    assert "replicas" not in every["Deployment"]["spec"]


def test_a_pod_has_time_to_drain_before_it_is_killed(pod: Manifest) -> None:
    drain = float(manifests()["ConfigMap"]["data"]["AUGMENT_DRAIN_SECONDS"])
    assert pod["terminationGracePeriodSeconds"] > drain + 2 * CLOSE_SECONDS


def test_every_setting_exists_has_a_right_value_and_is_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = manifests()["ConfigMap"]["data"]
    assert set(data) <= setting_names()
    assert not any(
        "SECRET" in name or ("://" in value and "@" in value) for name, value in data.items()
    )
    for name, value in data.items():
        monkeypatch.setenv(name, value)
    Settings(_env_file=None)


def test_the_threads_are_those_of_the_pods_share(flow: Manifest) -> None:
    threads = manifests()["ConfigMap"]["data"]["AUGMENT_CPU_THREADS"]
    assert flow["resources"]["requests"]["cpu"] == threads
    assert "cpu" not in flow["resources"]["limits"]


def test_the_image_is_that_of_the_compose_file(pod: Manifest, flow: Manifest) -> None:
    (init,) = pod["initContainers"]
    assert {init["image"], flow["image"]} == {compose()["services"]["flow"]["image"]}
    assert init["command"][0] in project()["scripts"]
    assert init["command"][1] in VERBS
    # What the image starts by itself is the dataflow.
    assert "command" not in flow
    assert "args" not in flow


def test_it_runs_as_the_images_user_and_can_write_nowhere_but_to_its_own_memory(
    pod: Manifest, flow: Manifest
) -> None:
    user, _, group = read_dockerfile()[-1].the("USER").value.partition(":")
    context = pod["securityContext"]
    assert context["runAsNonRoot"] is True
    assert (context["runAsUser"], context["runAsGroup"]) == (int(user), int(group))
    for container in (*pod["initContainers"], flow):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    assert pod["volumes"] == [
        {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}
    ]
    assert pod["automountServiceAccountToken"] is False


def test_probes_ask_what_the_process_answers_on_the_metrics_port(flow: Manifest) -> None:
    asked = {
        probe: (flow[probe]["httpGet"]["path"], flow[probe]["httpGet"]["port"])
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert asked == {
        "startupProbe": ("/healthz", "metrics"),
        "livenessProbe": ("/healthz", "metrics"),
        "readinessProbe": ("/readyz", "metrics"),
    }
    (port,) = flow["ports"]
    assert port == {
        "name": "metrics",
        "containerPort": Settings.model_fields["metrics_port"].default,
    }
    source = text("flows/production.py")
    assert all(f'"{path}"' in source for path in ("/healthz", "/readyz"))


def test_the_autoscaler_counts_ready_unacknowledged_and_waiting_messages() -> None:
    (trigger,) = manifests()["ScaledObject"]["spec"]["triggers"]
    assert trigger["type"] == "prometheus"
    recorded = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}
    parts = recorded[trigger["metadata"]["query"]].split(" + ")
    assert parts == ["augment:work_ready", "augment:work_unacked", "augment:work_waiting"]
    # No data is no reason to end pods.
    assert trigger["metadata"]["ignoreNullValues"] == "false"
    assert all(isinstance(value, str) for value in trigger["metadata"].values())


def test_the_autoscaler_keeps_a_pod_until_the_work_is_less_than_one_has_in_flight() -> None:
    scaled = manifests()["ScaledObject"]["spec"]
    in_flight = Settings.model_fields["lanes"].default * Settings.model_fields["prefetch"].default
    (trigger,) = scaled["triggers"]
    assert float(trigger["metadata"]["threshold"]) >= in_flight
    assert scaled["minReplicaCount"] >= 1


def test_the_job_has_the_name_that_the_rules_go_by() -> None:
    (endpoint,) = manifests()["PodMonitor"]["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] == "metrics"
    assert {"targetLabel": "job", "replacement": "augment"} in endpoint["relabelings"]
    assert any('job="augment"' in rule["expr"] for rule in rules())
