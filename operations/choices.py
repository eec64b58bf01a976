"""Closed vocabularies of the operational layer (blueprint section 6)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ProductKind(TextChoices):
    """What a product is."""

    RESEARCH_REPORT = "research_report", _("research report")
    POLICY_ADVICE = "policy_advice", _("policy advice")
    GUIDE = "guide", _("guide")
    TOOL = "tool", _("tool")
    DATASET = "dataset", _("data set")
    COURSE = "course", _("course")
    STANDARD = "standard", _("standard")
    EXPLAINER = "explainer", _("explainer")
    INFORMATION_BRIEF = "information_brief", _("information brief")


class ProductState(TextChoices):
    """Where a product is on its way to the industry."""

    DRAFT = "draft", _("draft")
    IN_REVIEW = "in_review", _("in review")
    TRANSFORMING = "transforming", _("being adapted")
    PILOTING = "piloting", _("in pilot")
    IMPROVING = "improving", _("being improved")
    RELEASED = "released", _("released")
    RETIRED = "retired", _("retired")


class ReviewVerdict(TextChoices):
    """A reviewer's word on a draft."""

    APPROVE = "approve", _("good to go on")
    RETURN = "return", _("send back")


class PilotState(TextChoices):
    """Life of one pilot round."""

    PLANNED = "planned", _("planned")
    OPEN = "open", _("open")
    EXTENDED = "extended", _("extended")
    AGGREGATING = "aggregating", _("answers being summed up")
    PASSED = "passed", _("passed")
    FAILED = "failed", _("not passed")
    INCONCLUSIVE = "inconclusive", _("not enough answers")


class ParticipantState(TextChoices):
    """A pilot institution's part in a round."""

    INVITED = "invited", _("invited")
    ANSWERED = "answered", _("answered")
    WITHDRAWN = "withdrawn", _("withdrawn")


class DefectSeverity(TextChoices):
    """How much a defect matters."""

    BLOCKING = "blocking", _("blocking")
    MAJOR = "major", _("major")
    MINOR = "minor", _("minor")


class ImprovementState(TextChoices):
    """State of an agreed change."""

    OPEN = "open", pgettext_lazy("an agreed change", "open")
    DONE = "done", _("done")
    DECLINED = "declined", _("declined")
