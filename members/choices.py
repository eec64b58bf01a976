"""Closed vocabularies of the element layer (blueprint section 4, Zheng2018)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class InstitutionKind(TextChoices):
    """The seven kinds of institutions an alliance joins."""

    INDUSTRY_THINK_TANK = "industry_think_tank", _("industry think tank")
    INDUSTRY_ASSOCIATION = "industry_association", _("industry association")
    SPECIALISED_THINK_TANK = "specialised_think_tank", _("specialised think tank")
    MEDIA_THINK_TANK = "media_think_tank", _("industry media think tank")
    LEADING_ENTERPRISE = "leading_enterprise", _("leading enterprise")
    LIBRARY_INFORMATION = "library_information", _("library and information institution")
    UNIVERSITY_THINK_TANK = "university_think_tank", _("university think tank")


class Element(TextChoices):
    """The nine elements institutions bring."""

    POLICY = "policy", _("policy")
    TALENT = "talent", _("talent")
    TECHNOLOGY = "technology", _("technology")
    DISSEMINATION = "dissemination", _("dissemination")
    PRODUCT_TRANSFORMATION = "product_transformation", _("product transformation")
    PILOT_FEEDBACK = "pilot_feedback", _("pilot feedback")
    CAPITAL = "capital", _("capital")
    RESOURCES = "resources", _("resources")
    COORDINATION_SUPERVISION = "coordination_supervision", _("coordination and supervision")


class Scale(TextChoices):
    """Reach of a supply."""

    MACRO = "macro", _("macro")
    MESO = "meso", _("meso")
    MICRO = "micro", _("micro")


class InstitutionState(TextChoices):
    """Standing of an institution in the alliance."""

    CHARTER_PENDING = "charter_pending", _("waiting for charter acceptance")
    # Its own context, for libraries translate "active" otherwise.
    ACTIVE = "active", pgettext_lazy("standing of an institution", "active")
    SUSPENDED = "suspended", _("suspended")
    LEAVING = "leaving", _("leaving, duties being handed over")
    WITHDRAWN = "withdrawn", _("left")
    EXPELLED = "expelled", _("expelled")
    LAPSED = "lapsed", _("lapsed (not renewed)")


RIGHTS_ENDED = frozenset({InstitutionState.WITHDRAWN, InstitutionState.EXPELLED, InstitutionState.LAPSED})
"""States in which nobody acts for the institution any more."""


class RegistryScheme(TextChoices):
    """Register that an institution's code comes from."""

    NONE = "none", _("no register")
    USCC = "uscc", _("unified social credit code")
    ROR = "ror", _("ROR")


class StaffRole(TextChoices):
    """Roles a person holds in an institution."""

    REPRESENTATIVE = "representative", _("representative of an institution")
    STAFF = "staff", _("handling officer")
    SIGNATORY = "signatory", _("signatory")


class ImportState(TextChoices):
    """How far an import is."""

    UPLOADED = "uploaded", _("waiting for the mapping")
    MAPPED = "mapped", _("mapped")
    CHECKING = "checking", _("dry run under way")
    CHECKED = "checked", _("dry run finished")
    RUNNING = "running", _("import under way")
    FINISHED = "finished", _("finished")
    FAILED = "failed", _("failed")


class ImportPolicy(TextChoices):
    """What happens to the good rows when some rows are faulty."""

    GOOD_ROWS = "good_rows", _("import the good rows, return the faulty ones")
    ALL_OR_NONE = "all_or_none", _("import nothing unless every row is good")


class ImportPurpose(TextChoices):
    """Which of the two jobs over the same table is meant."""

    CHECK = "check", _("dry run")
    IMPORT = "import", _("import")


KIND_ELEMENTS: dict[str, tuple[str, ...]] = {
    InstitutionKind.INDUSTRY_THINK_TANK: (Element.POLICY, Element.TALENT),
    InstitutionKind.INDUSTRY_ASSOCIATION: (Element.POLICY,),
    InstitutionKind.SPECIALISED_THINK_TANK: (Element.TECHNOLOGY,),
    InstitutionKind.MEDIA_THINK_TANK: (Element.DISSEMINATION, Element.PRODUCT_TRANSFORMATION),
    InstitutionKind.LEADING_ENTERPRISE: (Element.PILOT_FEEDBACK,),
    InstitutionKind.LIBRARY_INFORMATION: (Element.RESOURCES,),
    InstitutionKind.UNIVERSITY_THINK_TANK: (Element.TALENT, Element.TECHNOLOGY),
}
"""What each kind usually brings (Zheng2018, section 4): only ever noted on request, and as not assessed."""
