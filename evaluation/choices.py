"""Closed vocabularies of evaluation (blueprint section 9)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Mechanism(TextChoices):
    """The three mechanisms (Zheng2018)."""

    USER_FEEDBACK = "user_feedback", _("user feedback")
    SOCIAL = "social", _("third-party (social) evaluation")
    SELF = "self", _("self-assessment")
