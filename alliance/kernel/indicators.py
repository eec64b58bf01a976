"""Indicators: named, documented measurements of platform data that objectives steer by.

The layer that knows the data registers an :class:`Indicator`; the target layer looks it up by name and keeps each
:class:`Reading` with its inputs, so that a published figure can be computed again and drilled down to the records behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.errors import InvalidInputError
from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance


@dataclass(frozen=True, slots=True)
class RecordRef:
    """One record behind a figure.

    Attributes:
        label_en: Its name in English; empty when it has none.
        label_zh: Its name in Chinese; empty when it has none.
        url_name: Tenant route of the record.
        url_kwargs: Arguments of the route.
        detail: What the record contributes, language-neutral, e.g. ``84.20``.
    """

    label_en: str
    label_zh: str
    url_name: str
    url_kwargs: Mapping[str, Any]
    detail: str = ""

    @property
    def label(self) -> str:
        """Name in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.label_zh or self.label_en
        return self.label_en or self.label_zh

    def as_json(self) -> dict[str, Any]:
        """The reference in a form that a JSON column keeps; :func:`record_ref` reads it back."""
        return {
            "label_en": self.label_en,
            "label_zh": self.label_zh,
            "url_name": self.url_name,
            "url_kwargs": dict(self.url_kwargs),
            "detail": self.detail,
        }


def record_ref(kept: Mapping[str, Any]) -> RecordRef:
    """A reference read back from its JSON form."""
    return RecordRef(**kept)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a measurement found.

    Attributes:
        value: The figure; None when it is undefined (``inputs["reason"]`` then says why).
        records: The records behind it, in the order of the page.
        inputs: JSON values from which the figure is computed again: method, version, parameters, rows.
    """

    value: Decimal | None
    records: Sequence[RecordRef] = ()
    inputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of an indicator: a number in a range.

    Attributes:
        name: Key in the parameters.
        label: Its name for the reader.
        minimum: Least value allowed, itself included.
        maximum: Greatest value allowed, itself included.
        default: Value used when none is given; None: the parameter must be given.
    """

    name: str
    label: StrOrPromise
    minimum: Decimal
    maximum: Decimal
    default: Decimal | None = None


Measure = Callable[["Alliance", Mapping[str, Decimal], "datetime"], Reading]


@dataclass(frozen=True, slots=True)
class Indicator:
    """A named measurement.

    Attributes:
        name: ``<app>.<what>``; objectives keep this name.
        title: Its name for the reader; may hold placeholders of its parameters, e.g. ``%(minimum_score)s``.
        description: What is counted, from which data, in one or two sentences.
        params_schema: Its parameters.
        measure: Alliance, checked parameters and moment in, reading out. Runs inside a transaction of the alliance.
    """

    name: str
    title: StrOrPromise
    description: StrOrPromise
    params_schema: tuple[Param, ...]
    measure: Measure

    def check_params(self, params: Mapping[str, Any]) -> dict[str, Decimal]:
        """The parameters as exact numbers, defaults filled in.

        Raises:
            InvalidInputError: A parameter is unknown, missing, not a number or out of its range; ``fields`` names it.
        """
        known = {param.name for param in self.params_schema}
        problems: dict[str, StrOrPromise] = {
            name: _("This indicator has no parameter of that name.") for name in params if name not in known
        }
        checked: dict[str, Decimal] = {}
        for param in self.params_schema:
            given = params.get(param.name)
            if given is None or given == "":
                if param.default is None:
                    problems[param.name] = _("Give a number.")
                else:
                    checked[param.name] = param.default
                continue
            try:
                number = Decimal(str(given))
            except InvalidOperation:
                problems[param.name] = _("Give a number.")
                continue
            if not number.is_finite() or not param.minimum <= number <= param.maximum:
                problems[param.name] = _("Give a number from %(low)s to %(high)s.") % {
                    "low": param.minimum,
                    "high": param.maximum,
                }
                continue
            checked[param.name] = number
        if problems:
            raise InvalidInputError(_("The parameters of the indicator do not fit."), fields=problems)
        return checked

    def read(self, alliance: Alliance, params: Mapping[str, Any], *, at: datetime) -> Reading:
        """Check the parameters and measure."""
        return self.measure(alliance, self.check_params(params), at)


indicators: Registry[Indicator] = Registry("indicator")
"""Filled by the layers in their receivers."""
