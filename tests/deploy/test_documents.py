"""The documents: what they name exists, and what they show is what one gets."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec

import orjson
import pytest

from colecionador.cli import VERBS
from colecionador.domain.completion import completion_body, stored_completion
from colecionador.domain.messages import Delivery, DeliveryId, Item, parse_message
from colecionador.domain.plan import load_plan
from colecionador.imaging.variations import check_operation
from tests.conformance.ledger_items import a_completed, skipped, stored
from tests.deploy.repository import (
    DOCUMENTS,
    ROOT,
    fences,
    inline_code,
    setting_names,
    settings_in,
    text,
)

PRINTING = "python -m bytewax.visualize flows.augment -o mermaid"
OWN_FOLDERS = ("colecionador", "connectors", "deploy", "docs", "flows", "sandbox", "tests")
MADE_BY_A_RUN = ("demo-output/",)


def commands(document: str) -> str:
    """Everything of a document that a reader might type."""
    return "\n".join((*fences(document, "sh"), *inline_code(document)))


@pytest.fixture(scope="module")
def printed() -> str:
    """What Bytewax prints of the topology."""
    return subprocess.run(
        [sys.executable, *PRINTING.split()[1:]],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_the_topology_in_the_readme_is_what_bytewax_prints(printed: str) -> None:
    assert PRINTING in text("README.md")
    assert fences("README.md", "mermaid")[1] == printed


def test_the_short_picture_has_only_steps_of_the_topology(printed: str) -> None:
    steps = set(re.findall(r"^augment\.(\w+)\[", printed, re.MULTILINE))
    short = re.sub(r'"[^"]*"|-- \w+ -->', "-->", fences("README.md", "mermaid")[0])
    drawn = set(re.findall(r"\b[a-z]\w+", short)) - {"flowchart"}
    assert drawn <= steps
    assert {"model_training", "retry", "dead_letter"} <= drawn


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_is_named_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)", commands(document))) <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_verb_of_augment_that_is_named_exists(document: str) -> None:
    assert set(re.findall(r"(?:^|\s)augment ([a-z]+)", commands(document))) <= set(VERBS)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_module_that_is_run_exists(document: str) -> None:
    for module in set(re.findall(r"python -m ([\w.]+)", commands(document))):
        assert find_spec(module) is not None, module


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_setting_that_is_named_exists(document: str) -> None:
    assert settings_in(text(document)) <= setting_names()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_is_linked_or_named_exists(document: str) -> None:
    folder = (ROOT / document).parent
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text(document))
    for link in links:
        assert (folder / link).exists(), link
    for name in inline_code(document):
        if re.fullmatch(rf"(?:{'|'.join(OWN_FOLDERS)})/[\w./]*", name):
            assert (ROOT / name).exists(), name


def test_every_folder_of_the_layout_exists() -> None:
    (layout,) = [block for block in fences("README.md", "") if block.startswith("flows/")]
    folders = {"": ""}
    for line in layout.splitlines():
        indentation, name = re.match(r"( *)(\w+/)", line).groups()  # type: ignore[union-attr]
        folders[indentation] = "" if not indentation else folders[""]
        path = folders[indentation] + name
        assert (ROOT / path).is_dir(), path
        if not indentation:
            folders[""] = name


def test_the_layers_are_those_that_the_linter_checks() -> None:
    (block,) = [one for one in fences("docs/architecture.md", "") if "colecionador.cli" in one]
    shown = [re.findall(r"[a-z.]+", line.split("  ")[0]) for line in block.splitlines()]
    contracts = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (checked,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    assert shown == [re.findall(r"[a-z.]+", layer) for layer in checked]


def test_the_message_that_the_readme_shows_is_taken() -> None:
    inbound, _ = fences("README.md", "json")
    delivery = Delivery(DeliveryId("lane", 1, 1), "message", inbound.encode())
    parsed = parse_message(delivery, default_bucket="images", allowed_buckets={"images"})
    assert isinstance(parsed, Item)


def test_the_completion_that_the_readme_shows_has_the_fields_of_a_real_one() -> None:
    _, shown_text = fences("README.md", "json")
    completed = a_completed(variations=[stored("rotate_90"), skipped("blur")])
    body = completion_body(stored_completion(completed, 101))
    shown, real = orjson.loads(shown_text), orjson.loads(body)
    assert list(shown) == list(real)
    for field in ("quality", "source"):
        assert list(shown[field]) == list(real[field])
    for field in ("variations", "skipped"):
        assert list(shown[field][0]) == list(real[field][0])


def test_the_first_change_that_the_guide_proposes_is_a_right_one(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    shipped = text("colecionador/domain/augmentations.toml")
    (proposed,) = fences("CONTRIBUTING.md", "toml")
    categoria, variations = tomllib.loads(proposed)["categoria"].popitem()
    changed = tmp_path_factory.mktemp("plan") / "changed.toml"
    heading = f"[categoria.{categoria}]\n"
    assert heading in shipped
    changed.write_text(shipped.replace(heading, f"{heading}\n{proposed}\n"), encoding="utf-8")
    before, after = (
        {
            each.name
            for each in load_plan(path, check_operation).variations(categoria, bad_quality=False)
        }
        for path in (None, changed)
    )
    assert after - before == set(variations)


def test_the_guide_ends_with_the_one_command_that_checks_everything() -> None:
    assert text("CONTRIBUTING.md").rstrip().endswith("```sh\nmake test\n```")
    assert "make test" in text(".ci/run")


def test_a_run_leaves_nothing_that_would_be_committed() -> None:
    ignored = text(".gitignore").splitlines()
    assert set(MADE_BY_A_RUN) <= set(ignored)
