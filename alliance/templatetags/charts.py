"""Template tag that shows a chart of :mod:`alliance.kernel.charts`."""

from __future__ import annotations

from typing import Any

from django import template

from alliance.kernel.charts import Chart

register = template.Library()


@register.inclusion_tag("components/chart.html")
def chart(chart: Chart, show_finding: bool = False) -> dict[str, Any]:
    """``{% chart chart %}``: both drawings, legend, the figures as a table, CSV; ``show_finding=True`` prints the finding."""
    return {"chart": chart, "show_finding": show_finding}
