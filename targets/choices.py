"""Closed vocabularies of the target layer (blueprint section 8)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ObjectiveTier(TextChoices):
    """Tier of an objective (Zheng2018, target layer)."""

    CORE = "core", _("core")
    SUBSIDIARY = "subsidiary", _("subsidiary")
    PERIPHERAL = "peripheral", _("peripheral")


class Direction(TextChoices):
    """Which way is better."""

    UP = "up", _("more is better")
    DOWN = "down", _("less is better")


class MeasurementSource(TextChoices):
    """Where a value comes from."""

    MEASURED = "measured", _("measured from records")
    REPORTED = "reported", _("reported with evidence")


class ObjectiveStatus(TextChoices):
    """How an objective stands; computed by ``targets.selectors.objective.judge``, never stored."""

    MET = "met", _("met")
    ON_TRACK = "on_track", _("on track")
    AT_RISK = "at_risk", _("at risk")
    OFF_TRACK = "off_track", _("behind")
    UNMEASURED = "unmeasured", _("not measured yet")
