"""The monitoring's configuration, as the tests of this folder read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from tests.deploy.repository import ROOT, text

RULES = ("deploy/prometheus/rules/recording.yml", "deploy/prometheus/rules/alerts.yml")
DASHBOARDS = ROOT / "deploy/grafana/dashboards"

_AND = re.compile(r"\band(?: on \([\w, ]*\))?\s")
_COMPARISON = re.compile(r"(.*\S)\s*(?:==|!=|[<>]=?)\s*[\d.]+\s*", re.DOTALL)


def rules() -> list[dict[str, Any]]:
    """Every rule, recording and alerting."""
    groups = [group for path in RULES for group in yaml.safe_load(text(path))["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    """The alerting rules."""
    return [rule for rule in rules() if "alert" in rule]


def without_comparison(expression: str) -> list[str]:
    """What an alert's expression compares, each without its threshold."""
    parts = []
    for part in _AND.split(expression):
        compared = _COMPARISON.fullmatch(part)
        assert compared is not None, part
        parts.append(compared[1])
    return parts


def dashboards() -> dict[str, Any]:
    """The committed dashboards by the name of their file."""
    return {
        path.name: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(DASHBOARDS.glob("*.json"))
    }


def panels() -> Iterator[dict[str, Any]]:
    """Every panel of every dashboard; rows are none."""
    for dashboard in dashboards().values():
        yield from (panel for panel in dashboard["panels"] if panel["type"] != "row")


def dashboard_expressions() -> list[str]:
    """Every expression of every dashboard."""
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def rule_expressions() -> list[str]:
    """Every expression of the rules, an alert's without its comparison.

    And without the number that stands in where there is nothing: it is there for a misspelt name.
    """
    expressions = [rule["expr"] for rule in rules() if "record" in rule]
    expressions += [part for rule in alerts() for part in without_comparison(rule["expr"])]
    return [expression.replace(" or vector(0)", "") for expression in expressions]
