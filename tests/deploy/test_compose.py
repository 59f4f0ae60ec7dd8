"""The compose file: order of starting, health, secrets, stopping."""

from __future__ import annotations

import re
from typing import Any

import pytest

from colecionador.cli import VERBS
from colecionador.domain.settings import Settings
from connectors.rabbitmq.session import CLOSE_SECONDS
from tests.deploy.repository import compose, project, setting_names, settings_in, text

SERVERS = ("rabbitmq", "postgresql", "s3")
SET_UPS = ("s3-account", "init")
"""They do their work and end."""
REQUIRED = re.compile(r"\$\{(\w+):\?[^}]+\}")
ANY_VARIABLE = re.compile(r"\$\{[^}]*\}")
EXACT_TAGS = {
    "rabbitmq": r"rabbitmq:\d+\.\d+\.\d+-management",
    "postgresql": r"postgres:\d+\.\d+-bookworm",
    "s3": r"quay\.io/minio/minio:RELEASE\.[0-9TZ-]+",
    "prometheus": r"prom/prometheus:v\d+\.\d+\.\d+",
    "alertmanager": r"prom/alertmanager:v\d+\.\d+\.\d+",
    "grafana": r"grafana/grafana:\d+\.\d+\.\d+",
}
DEFAULTS_OF_DEVELOPMENT = ("guest", "minioadmin")
ADDRESSES = {
    "AUGMENT_AMQP_URL": "rabbitmq",
    "AUGMENT_S3_ENDPOINT": "s3",
    "AUGMENT_DATABASE_URL": "postgresql",
}


@pytest.fixture
def services() -> dict[str, Any]:
    return compose()["services"]  # type: ignore[no-any-return]


def seconds(duration: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(s|m)", duration).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1, "m": 60}[unit]


@pytest.mark.parametrize("server", EXACT_TAGS)
def test_a_server_is_an_exact_release(services: dict[str, Any], server: str) -> None:
    assert re.fullmatch(EXACT_TAGS[server], services[server]["image"])


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ("rabbitmq", ["rabbitmq-diagnostics", "check_protocol_listener", "amqp"]),
        ("postgresql", ["pg_isready", "--host=127.0.0.1"]),
        ("s3", ["mc", "ready"]),
    ],
)
def test_a_server_is_healthy_when_it_answers_its_own_protocol(
    services: dict[str, Any], server: str, words: list[str]
) -> None:
    check = services[server]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert set(words) <= set(check["test"])
    assert seconds(check["timeout"]) <= seconds(check["interval"])


@pytest.mark.parametrize("service", ["init", "flow"])
def test_nothing_of_ours_starts_before_every_server_is_healthy(
    services: dict[str, Any], service: str
) -> None:
    awaited = services[service]["depends_on"]
    assert {awaited[server]["condition"] for server in SERVERS} == {"service_healthy"}


def test_the_service_starts_when_the_set_up_has_succeeded(services: dict[str, Any]) -> None:
    assert services["flow"]["depends_on"]["init"]["condition"] == "service_completed_successfully"
    program, verb = services["init"]["command"]
    assert (program, verb) == ("augment", "init")
    assert verb in VERBS
    assert program in project()["scripts"]
    for set_up in SET_UPS:
        assert (
            services["flow"]["depends_on"][set_up]["condition"] == "service_completed_successfully"
        )
        assert services[set_up]["restart"] == "no"


def test_the_service_may_be_scaled(services: dict[str, Any]) -> None:
    flow = services["flow"]
    assert flow["deploy"]["replicas"] >= 2
    assert "container_name" not in flow
    # A fixed port of the host can be had once.
    assert all(port.split(":")[-2] == "" for port in flow["ports"])


def test_the_service_has_time_to_drain_before_it_is_killed(services: dict[str, Any]) -> None:
    drain = Settings.model_fields["drain_seconds"].default
    assert seconds(services["flow"]["stop_grace_period"]) > drain + 2 * CLOSE_SECONDS


def test_what_ends_is_started_again(services: dict[str, Any]) -> None:
    lasting = {name: each for name, each in services.items() if name not in SET_UPS}
    assert {each["restart"] for each in lasting.values()} == {"unless-stopped"}


def test_no_variable_has_a_default_so_no_secret_has_one() -> None:
    source = text("docker-compose.yml")
    assert ANY_VARIABLE.sub("", source).count("$") == 0
    assert all(REQUIRED.fullmatch(variable) for variable in ANY_VARIABLE.findall(source))
    assert not any(word in source for word in DEFAULTS_OF_DEVELOPMENT)


def test_every_password_comes_from_a_required_variable_or_a_file(
    services: dict[str, Any],
) -> None:
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if name.endswith("__FILE"):
                assert value.removeprefix("/run/secrets/") in service["secrets"]
            elif re.search(r"PASS|SECRET|ACCESS_KEY|ROOT_USER", name):
                assert REQUIRED.fullmatch(value), name
            if "://" in value and "@" in value:
                assert re.search(r"://\w+:" + REQUIRED.pattern + "@", value), name


def test_the_example_has_each_required_variable_and_leaves_it_empty() -> None:
    required = set(REQUIRED.findall(text("docker-compose.yml")))
    lines = [line for line in text(".env.example").splitlines() if line and line[0] != "#"]
    assert {line.removesuffix("=") for line in lines} == required
    assert ".env" in text(".gitignore").splitlines()


@pytest.mark.parametrize("path", ["docker-compose.yml", ".env.example", "Dockerfile"])
def test_every_setting_that_is_named_exists(path: str) -> None:
    assert settings_in(text(path)) <= setting_names()


@pytest.mark.parametrize("service", ["init", "flow"])
def test_the_addresses_are_those_of_the_servers(services: dict[str, Any], service: str) -> None:
    environment = services[service]["environment"]
    for name, server in ADDRESSES.items():
        assert re.search(rf"(//|@){server}:\d+", environment[name]), name


def test_the_settings_that_the_service_is_given_are_right(
    services: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in services["flow"]["environment"].items():
        monkeypatch.setenv(name, REQUIRED.sub("0123456789abcdef", value))
    settings = Settings(_env_file=None)
    url = settings.database_url.get_secret_value()
    assert url == "postgresql://augment:0123456789abcdef@postgresql:5432/augmentations"


def test_the_image_is_named_for_the_version_of_the_project(services: dict[str, Any]) -> None:
    name = f"{project()['name']}:{project()['version']}"
    assert {services["init"]["image"], services["flow"]["image"]} == {name}


def test_every_network_and_volume_is_declared(services: dict[str, Any]) -> None:
    declared = compose()
    networks = {network for each in services.values() for network in each["networks"]}
    mounts = {
        mount.split(":")[0] for each in services.values() for mount in each.get("volumes", ())
    }
    volumes = {mount for mount in mounts if not mount.startswith("./")}
    assert networks == set(declared["networks"])
    assert volumes == set(declared["volumes"])


def test_the_database_is_reached_by_the_service_alone(services: dict[str, Any]) -> None:
    assert compose()["networks"]["database"] == {"internal": True}
    assert services["postgresql"]["networks"] == ["database"]
    assert "ports" not in services["postgresql"]


def test_the_servers_ports_are_open_to_this_machine_alone(services: dict[str, Any]) -> None:
    ports = [port for each in services.values() for port in each.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
