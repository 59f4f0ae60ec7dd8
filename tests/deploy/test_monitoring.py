"""Dashboards, alerts and their delivery: generated, complete, documented, taken by the tools."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from colecionador.cli.checks.memory import ORDINARY, demand
from colecionador.domain.plan import load_plan
from colecionador.domain.settings import Settings
from colecionador.imaging.variations import check_operation
from connectors.telemetry.alertmanager import ALERT_NAME
from sandbox.install import ensure_monitoring
from tests.deploy.monitoring import DASHBOARDS, RULES, alerts, dashboards, panels, rules
from tests.deploy.repository import ROOT, compose, text

RULE_TESTS = "tests/deploy/rules/alerts.test.yml"
SEVERITIES = {"critical", "warning"}


def check(*command: str) -> None:
    ensure_monitoring(print)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_committed_dashboards_are_what_the_code_generates(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.dashboards", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True)
    generated = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    committed = {path.name: path.read_text(encoding="utf-8") for path in DASHBOARDS.iterdir()}
    assert committed == generated, "run: make docs"


def test_every_panel_has_a_place_of_its_own_and_says_what_it_shows() -> None:
    for name, dashboard in dashboards().items():
        taken: set[tuple[int, int]] = set()
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            cells = {
                (place["x"] + column, place["y"] + line)
                for column in range(place["w"])
                for line in range(place["h"])
            }
            assert not taken & cells, f"{panel['title']} of {name} covers another panel"
            assert all(column < 24 for column, _ in cells)
            taken |= cells
        ids = [panel["id"] for panel in dashboard["panels"]]
        assert len(set(ids)) == len(ids)
    assert all(
        panel["description"].endswith(".") or ":" in panel["description"] for panel in panels()
    )


def test_every_query_of_a_panel_is_shown_under_a_name_of_its_own() -> None:
    for panel in panels():
        names = [target.get("legendFormat", "") for target in panel["targets"]]
        assert len(set(names)) == len(names) == len({each["refId"] for each in panel["targets"]})


def test_the_rules_are_taken_by_prometheus() -> None:
    check("promtool", "check", "rules", *RULES)


def test_the_configuration_is_taken_by_prometheus() -> None:
    check("promtool", "check", "config", "deploy/prometheus/prometheus.yml")


def test_the_configuration_is_taken_by_alertmanager() -> None:
    check("amtool", "check-config", "deploy/alertmanager/alertmanager.yml")


def test_alerts_fire_when_they_should_and_only_then() -> None:
    check("promtool", "test", "rules", RULE_TESTS)


def test_every_alert_is_tested_firing_and_silent() -> None:
    cases: dict[str, set[bool]] = {rule["alert"]: set() for rule in alerts()}
    for group in yaml.safe_load(text(RULE_TESTS))["tests"]:
        for case in group.get("alert_rule_test", ()):
            cases[case["alertname"]].add("exp_alerts" in case)
    assert {name for name, seen in cases.items() if seen != {True, False}} == set()


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_says_how_bad_it_is_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in SEVERITIES
    assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}
    assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{alert['alert'].lower()}"
    sections = re.findall(r"^## (\w+)$", text("docs/runbook.md"), re.MULTILINE)
    assert alert["alert"] in sections


def test_the_alert_that_the_service_raises_itself_has_a_section_too() -> None:
    assert f"\n## {ALERT_NAME}\n" in text("docs/runbook.md")


def test_names_are_given_once() -> None:
    names = [rule.get("alert") or rule["record"] for rule in rules()]
    assert len(set(names)) == len(names)


def test_alerts_that_silence_others_and_those_that_are_silenced_exist() -> None:
    names = {alert["alert"] for alert in alerts()} | {ALERT_NAME}
    inhibited = re.findall(r'alertname=~?"([\w|]+)"', text("deploy/alertmanager/alertmanager.yml"))
    assert inhibited
    assert {name for each in inhibited for name in each.split("|")} <= names


def test_the_queues_name_stands_in_one_group_of_rules() -> None:
    in_rules = [rule for rule in rules() if "ImageAugmentations" in rule["expr"]]
    assert {rule["record"].partition("_")[0] for rule in in_rules} <= {
        *("augment:work", "augment:dead", "augment:consumers"),
    }
    assert not any("ImageAugmentations" in path.read_text() for path in DASHBOARDS.iterdir())


def test_the_slack_webhook_and_grafanas_password_are_files_that_are_not_committed() -> None:
    (slack,) = yaml.safe_load(text("deploy/alertmanager/alertmanager.yml"))["receivers"]
    declared = compose()
    assert [each["api_url_file"] for each in slack["slack_configs"]] == [
        "/run/secrets/slack_webhook_url"
    ]
    assert declared["services"]["alertmanager"]["secrets"] == ["slack_webhook_url"]
    folder = "./secrets/"
    assert all(each["file"].startswith(folder) for each in declared["secrets"].values())
    assert "secrets/" in text(".gitignore").splitlines()


def test_what_prometheus_and_grafana_ask_for_is_there_under_that_name_and_port() -> None:
    services = compose()["services"]
    configured = yaml.safe_load(text("deploy/prometheus/prometheus.yml"))
    jobs = {job["job_name"]: job for job in configured["scrape_configs"]}
    assert jobs["augment"]["dns_sd_configs"][0]["names"] == ["flow"]
    assert "127.0.0.1::9464" in services["flow"]["ports"]
    assert jobs["augment"]["dns_sd_configs"][0]["port"] == 9464
    (source,) = yaml.safe_load(text("deploy/grafana/provisioning/datasources/prometheus.yml"))[
        "datasources"
    ]
    assert source["url"] == "http://prometheus:9090"
    plugins = text("deploy/rabbitmq/enabled_plugins")
    assert "rabbitmq_prometheus" in plugins
    mounted = [
        mount.split(":")[0] for each in services.values() for mount in each.get("volumes", ())
    ]
    for path in (path for path in mounted if path.startswith("./")):
        assert (ROOT / path).exists(), path


def test_monitoring_starts_only_where_it_is_asked_for() -> None:
    services = compose()["services"]
    asked = {name for name, each in services.items() if each.get("profiles") == ["observability"]}
    assert asked == {"prometheus", "alertmanager", "grafana"}
    needed = {name for each in services.values() for name in each.get("depends_on", ())}
    assert not needed & asked


def test_the_memory_limit_of_the_alert_is_that_of_the_deployments() -> None:
    (limit,) = [
        rule["expr"] for rule in rules() if rule.get("record") == "augment:memory_limit_bytes"
    ]
    assert limit == "vector(2 * 1024 * 1024 * 1024)"
    resources = compose()["services"]["flow"]["deploy"]["resources"]
    assert resources["limits"]["memory"] == "2g"
    assert "\nMemoryMax=2G\n" in text("deploy/systemd/augment@.service")
    assert "limits: { memory: 2Gi }" in text("deploy/kubernetes/deployment.yaml")


def test_ordinary_photographs_on_the_deployments_threads_raise_no_alert_about_memory() -> None:
    threads = {
        compose()["services"]["flow"]["environment"]["AUGMENT_CPU_THREADS"],
        *re.findall(r"AUGMENT_CPU_THREADS=(\d+)", text("deploy/systemd/augment@.service")),
        *re.findall(r'AUGMENT_CPU_THREADS: "(\d+)"', text("deploy/kubernetes/configuration.yaml")),
    }
    assert threads == {"2"}
    settings = Settings(_env_file=None, cpu_threads=2)
    plan = load_plan(None, check_operation)
    most = max(len(plan.variations(each, bad_quality=False)) for each in plan.categorias)
    (alert,) = [rule["expr"] for rule in alerts() if rule["alert"] == "AugmentMemory"]
    share = float(alert.rpartition("> ")[2])
    assert demand(settings, ORDINARY, most).total < share * 2 * 1024**3
