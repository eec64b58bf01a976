"""Closed vocabularies of the service layer (blueprint section 7)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from operations.choices import ProductKind


class ServiceCategory(TextChoices):
    """The seven categories of services, in the order of the paper."""

    PROBLEM_SOLVING = "problem_solving", _("problem-solving")
    INFORMATION = "information", _("information")
    PROJECT_RESEARCH = "project_research", _("project research")
    TALENT_CULTIVATION = "talent_cultivation", _("talent cultivation")
    SCIENCE_POPULARISATION = "science_popularisation", _("science popularisation")
    WORKING_MATERIALS = "working_materials", _("working materials")
    DEVELOPMENT_FORECASTING = "development_forecasting", _("development forecasting")


class ClientKind(TextChoices):
    """The four kinds of clients."""

    INDUSTRY = "industry", _("the industry and its enterprises")
    MEMBERS = "members", _("members")
    GOVERNMENT = "government", _("governments and public bodies")
    PUBLIC = "public", _("the public")


class Access(TextChoices):
    """How a service is given."""

    FREE = "free", _("free")
    PAID = "paid", _("paid")
    TAILORED = "tailored", _("tailored")


class RatingState(TextChoices):
    """Life of a client's rating; it counts from its confirmation by e-mail on."""

    UNCONFIRMED = "unconfirmed", _("waiting for confirmation")
    CONFIRMED = "confirmed", _("confirmed")
    REFUSED = "refused", _("refused")


class CommentState(TextChoices):
    """Moderation of a rating's comment."""

    PENDING = "pending", _("waiting for the editor")
    SHOWN = "shown", _("shown")
    HIDDEN = "hidden", _("not shown")


class ListingSide(TextChoices):
    """Demand or supply."""

    DEMAND = "demand", _("demand")
    SUPPLY = "supply", _("supply")


class ListingState(TextChoices):
    """Life of a listing."""

    DRAFT = "draft", _("draft")
    PENDING = "pending", _("waiting for verification")
    PUBLISHED = "published", _("published")
    IN_TALKS = "in_talks", _("in talks")
    FULFILLED = "fulfilled", _("met")
    EXPIRED = "expired", _("expired")
    RETURNED = "returned", _("sent back for completion")
    WITHDRAWN = "withdrawn", _("taken back")


CATEGORY_OF_KIND: dict[str, str] = {
    ProductKind.RESEARCH_REPORT: ServiceCategory.PROJECT_RESEARCH,
    ProductKind.POLICY_ADVICE: ServiceCategory.INFORMATION,
    ProductKind.DECISION_BRIEF: ServiceCategory.INFORMATION,
    ProductKind.GUIDE: ServiceCategory.PROBLEM_SOLVING,
    ProductKind.TOOL: ServiceCategory.WORKING_MATERIALS,
    ProductKind.DATASET: ServiceCategory.WORKING_MATERIALS,
    ProductKind.COURSE: ServiceCategory.TALENT_CULTIVATION,
    ProductKind.STANDARD: ServiceCategory.WORKING_MATERIALS,
    ProductKind.POPULAR_SCIENCE: ServiceCategory.SCIENCE_POPULARISATION,
}
"""The category a released product is offered in until an editor chooses another one."""

CLIENTS_OF_KIND: dict[str, tuple[str, ...]] = {
    ProductKind.RESEARCH_REPORT: (ClientKind.INDUSTRY, ClientKind.MEMBERS, ClientKind.GOVERNMENT),
    ProductKind.POLICY_ADVICE: (ClientKind.GOVERNMENT, ClientKind.MEMBERS),
    ProductKind.DECISION_BRIEF: (ClientKind.GOVERNMENT, ClientKind.INDUSTRY, ClientKind.MEMBERS),
    ProductKind.GUIDE: (ClientKind.INDUSTRY, ClientKind.MEMBERS),
    ProductKind.TOOL: (ClientKind.INDUSTRY, ClientKind.MEMBERS),
    ProductKind.DATASET: (ClientKind.INDUSTRY, ClientKind.MEMBERS),
    ProductKind.COURSE: (ClientKind.INDUSTRY, ClientKind.MEMBERS),
    ProductKind.STANDARD: (ClientKind.INDUSTRY, ClientKind.MEMBERS, ClientKind.GOVERNMENT),
    ProductKind.POPULAR_SCIENCE: (ClientKind.PUBLIC, ClientKind.INDUSTRY),
}
"""Whom a released product is offered to at first."""
