"""Closed vocabularies of the kernel."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class AllianceLevel(TextChoices):
    """Level of an alliance, not an award (blueprint section 3)."""

    NATIONAL = "national", _("national")
    REGIONAL = "regional", _("regional")
    PROVINCIAL = "provincial", _("provincial")


class AllianceRole(TextChoices):
    """Roles a person holds in the alliance itself, with dates."""

    OFFICE_ADMIN = "office_admin", _("office administrator")
    SECRETARIAT = "secretariat", _("secretariat")
    COMMITTEE = "committee", _("member of the management committee")
    EDITOR = "editor", _("editor")
    AUDITOR = "auditor", _("audit administrator")


class JobState(TextChoices):
    """States of background work."""

    QUEUED = "queued", _("waiting to start")
    RUNNING = "running", _("running")
    SUCCEEDED = "succeeded", _("finished")
    FAILED = "failed", _("failed")
    STOPPED = "stopped", _("stopped")


class FileState(TextChoices):
    """States of an uploaded file."""

    QUARANTINED = "quarantined", _("being checked")
    CLEAN = "clean", _("checked")
    REFUSED = "refused", _("refused")


class AudienceScope(TextChoices):
    """Whom an inbox item waits for."""

    USER = "user", _("one person")
    ALLIANCE = "alliance", _("a role in the alliance")
    INSTITUTION = "institution", _("a role in an institution")
    GROUP = "group", _("a group")


class AuditVia(TextChoices):
    """Road by which an act came."""

    PAGE = "page", _("page")
    API = "api", _("API")
    TASK = "task", _("background task")
    COMMAND = "command", _("command line")
