"""A dashboard from rows of panels, and the few kinds of panel that ours have.

Every panel is as wide as its row allows: four stats, or two or three graphs, side by side.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
)

WINDOW = "$__rate_interval"
"""At least four scrapes, and as wide as a pixel."""

_COLUMNS = 24
_STAT_HEIGHT = 4
_GRAPH_HEIGHT = 8
# Chosen at the top of the dashboard, so that it may be imported into any Grafana.
_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression, and how its series are called: `{{label}}` stands for a label."""

    expression: str
    legend: str


@dataclass(frozen=True, slots=True)
class Graph:
    """Series over time. `unit` is a name of Grafana's; `stacked`: they are parts of a sum."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Stat:
    """One number. It is red below `red_below` or from `red_from` on, where one is given."""

    title: str
    description: str
    unit: str
    expression: str
    red_below: float | None = None
    red_from: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Panels below one title."""

    title: str
    panels: tuple[Graph | Stat, ...]


def quantile(level: float, histogram: str, *labels: str) -> str:
    """A quantile of a histogram's recent observations, for each combination of the labels."""
    by = ", ".join(("le", *labels))
    return f"histogram_quantile({level}, sum by ({by}) (rate({histogram}_bucket[{WINDOW}])))"


def dashboard_json(uid: str, title: str, description: str, rows: Sequence[Row]) -> str:
    """A dashboard as the JSON that Grafana reads."""
    built = (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["augment"])
        .readonly()
        .refresh("30s")
        .time("now-3h", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(
            dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")
        )
    )
    numbers = itertools.count(1)
    for row in rows:
        built.with_row(dashboard.Row(row.title).id(next(numbers)))
        for panel in row.panels:
            built.with_panel(_panel(panel, _COLUMNS // len(row.panels)).id(next(numbers)))
    return json.dumps(built.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _panel(panel: Graph | Stat, width: int) -> timeseries.Panel | stat.Panel:
    return _stat(panel, width) if isinstance(panel, Stat) else _graph(panel, width)


def _graph(graph: Graph, width: int) -> timeseries.Panel:
    built = (
        timeseries.Panel()
        .title(graph.title)
        .description(graph.description)
        .datasource(_SOURCE)
        .unit(graph.unit)
        .min(0)
        .span(width)
        .height(_GRAPH_HEIGHT)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )
    if graph.stacked:
        built.fill_opacity(25).stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    for letter, query in zip("ABCDEF", graph.queries, strict=False):
        built.with_target(
            prometheus.Dataquery()
            .expr(query.expression)
            .legend_format(query.legend)
            .ref_id(letter)
            .range()
        )
    return built


def _stat(shown: Stat, width: int) -> stat.Panel:
    return (
        stat.Panel()
        .title(shown.title)
        .description(shown.description)
        .datasource(_SOURCE)
        .unit(shown.unit)
        .span(width)
        .height(_STAT_HEIGHT)
        .no_value("none")
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(
            dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(_thresholds(shown))
        )
        .with_target(prometheus.Dataquery().expr(shown.expression).ref_id("A").range())
    )


def _thresholds(shown: Stat) -> list[Threshold]:
    if shown.red_below is not None:
        return [Threshold(None, "red"), Threshold(shown.red_below, "green")]
    steps = [Threshold(None, "green")]
    if shown.red_from is not None:
        steps.append(Threshold(shown.red_from, "red"))
    return steps
