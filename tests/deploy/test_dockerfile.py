"""The image: what it is made of, who it runs as, how it starts and stops."""

from __future__ import annotations

import fnmatch
import re

import pytest

from flows.stopping import STOP_SIGNALS
from tests.deploy.dockerfile import Stage, read_dockerfile
from tests.deploy.repository import ROOT, project, text

EXACT_PYTHON = re.compile(r"python:3\.11\.\d+-slim-bookworm")


@pytest.fixture
def build() -> Stage:
    return read_dockerfile()[0]


@pytest.fixture
def image() -> Stage:
    return read_dockerfile()[-1]


def test_what_builds_the_image_is_not_in_it(build: Stage, image: Stage) -> None:
    assert build.name == "build"
    assert len(read_dockerfile()) == 2
    assert not any(" pip " in f" {one.value} " for one in image.all("RUN"))


def test_every_stage_begins_with_one_exact_release_of_python() -> None:
    bases = {stage.base for stage in read_dockerfile()}
    assert len(bases) == 1
    assert EXACT_PYTHON.fullmatch(bases.pop())


def test_every_package_from_outside_is_installed_by_its_hash(build: Stage) -> None:
    commands = [part for one in build.all("RUN") for part in one.value.split("&&")]
    installs = [part for part in commands if re.search(r"pip .*install", part)]
    assert len(installs) == 3
    for command in installs:
        assert "--require-hashes" in command or "--no-index" in command
    assert any("requirements-runtime.lock" in command for command in installs)


def test_every_line_of_the_runtime_lock_has_an_exact_version_and_a_hash() -> None:
    lock = re.sub(r"\\\n\s*", " ", text("requirements-runtime.lock"))
    pins = [line for line in lock.splitlines() if line and not line.lstrip().startswith("#")]
    assert len(pins) > 20
    assert all(re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", pin) for pin in pins)


def test_every_dependency_of_the_project_is_in_the_runtime_lock() -> None:
    pinned = set(re.findall(r"^([\w.-]+)==", text("requirements-runtime.lock"), re.MULTILINE))
    wanted = {re.match(r"[\w.-]+", line)[0] for line in project()["dependencies"]}  # type: ignore[index]
    assert wanted <= pinned


def test_the_lock_has_what_builds_the_wheel(build: Stage) -> None:
    (extracting,) = [one.value for one in build.all("RUN") if "sed -n" in one.value]
    package = re.search(r"/\^([\w-]+)==/", extracting)
    assert package is not None
    assert re.search(rf"^{package[1]}==\S+ \\\n +--hash=", text("requirements.lock"), re.MULTILINE)


def test_it_runs_as_a_user_that_is_not_root(image: Stage) -> None:
    user, _, group = image.the("USER").value.partition(":")
    assert int(user) > 0
    assert int(group) > 0
    (adding,) = [one.value for one in image.all("RUN") if "useradd" in one.value]
    assert f"--uid {user}" in adding


def test_it_starts_the_dataflow_itself_without_a_shell_between(image: Stage) -> None:
    assert image.the("CMD").exec_form == ["python", "-m", "bytewax.run", "flows.augment"]
    assert not image.all("ENTRYPOINT")


def test_it_is_stopped_by_a_signal_that_drains(image: Stage) -> None:
    assert image.the("STOPSIGNAL").value in {signal.name for signal in STOP_SIGNALS}


def test_its_health_check_runs_a_file_that_it_has(image: Stage) -> None:
    _, _, command = image.the("HEALTHCHECK").value.partition("CMD ")
    copies = [one.words for one in image.all("COPY")]
    assert ["deploy/healthcheck.py", "/opt/augment/healthcheck.py"] in copies
    assert command == '["python", "/opt/augment/healthcheck.py"]'


def test_what_is_copied_exists_and_reaches_the_builder() -> None:
    copied = [
        source
        for stage in read_dockerfile()
        for one in stage.all("COPY")
        if "--from" not in one.value
        for source in one.words[:-1]
    ]
    allowed = {line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")}
    assert "colecionador" in copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert source in allowed


def test_nothing_else_reaches_the_builder() -> None:
    lines = [line for line in text(".dockerignore").splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    allowed = [line[1:] for line in lines if line.startswith("!")]
    assert not any(fnmatch.fnmatch(secret, each) for secret in (".env", ".git") for each in allowed)


def test_it_has_every_package_of_the_service() -> None:
    copied = {source for one in read_dockerfile()[0].all("COPY") for source in one.words[:-1]}
    assert {"colecionador", "connectors", "flows"} <= copied
    assert "sandbox" not in copied
