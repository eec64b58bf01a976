"""Closed vocabularies of the organisational layer (blueprint section 5; Zheng2018, section 4)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from members.choices import Element, InstitutionKind


class GroupKind(TextChoices):
    """The six virtual groups."""

    POLICY = "policy_group", _("policy group")
    WISDOM = "wisdom_group", _("wisdom group")
    MEDIA = "media_group", _("media group")
    LEADING_ENTERPRISE = "leading_enterprise_group", _("leading-enterprise group")
    FOUNDATION = "foundation", _("foundation")
    COMMITTEE = "management_committee", _("management committee")


class SeatRole(TextChoices):
    """An institution's role in a group."""

    CONVENOR = "convenor", _("convenor")
    MEMBER = "member", _("member")
    OBSERVER = "observer", _("observer")


class ConflictState(TextChoices):
    """Life of a declared conflict of interest."""

    DECLARED = "declared", _("declared")
    RECUSED = "recused", _("stands aside")
    CLEARED = "cleared", _("no conflict found")
    ENDED = "ended", _("over")


ELIGIBLE_KINDS: dict[str, frozenset[str]] = {
    GroupKind.POLICY: frozenset({InstitutionKind.INDUSTRY_THINK_TANK, InstitutionKind.INDUSTRY_ASSOCIATION}),
    GroupKind.WISDOM: frozenset(
        {
            InstitutionKind.INDUSTRY_THINK_TANK,
            InstitutionKind.INDUSTRY_ASSOCIATION,
            InstitutionKind.SPECIALISED_THINK_TANK,
            InstitutionKind.UNIVERSITY_THINK_TANK,
            InstitutionKind.LIBRARY_INFORMATION,
        }
    ),
    GroupKind.MEDIA: frozenset({InstitutionKind.MEDIA_THINK_TANK}),
    GroupKind.LEADING_ENTERPRISE: frozenset({InstitutionKind.LEADING_ENTERPRISE}),
    # Zheng2018 names no kinds for the foundation and the committee: any institution may sit there.
    GroupKind.FOUNDATION: frozenset(InstitutionKind.values),
    GroupKind.COMMITTEE: frozenset(InstitutionKind.values),
}
"""Which kinds may sit in a group (Zheng2018, section 4); anything else needs a committee resolution."""

REQUIRED_ELEMENTS: dict[str, frozenset[str]] = {
    GroupKind.POLICY: frozenset({Element.POLICY}),
    GroupKind.WISDOM: frozenset({Element.TALENT, Element.TECHNOLOGY, Element.RESOURCES}),
    GroupKind.MEDIA: frozenset({Element.DISSEMINATION, Element.PRODUCT_TRANSFORMATION}),
    GroupKind.LEADING_ENTERPRISE: frozenset({Element.PILOT_FEEDBACK}),
    GroupKind.FOUNDATION: frozenset({Element.CAPITAL}),
    GroupKind.COMMITTEE: frozenset({Element.COORDINATION_SUPERVISION}),
}
"""The elements a group exists to bring (Zheng2018, section 4): an empty cell here is a gap."""

OPEN_GROUPS: tuple[str, ...] = (GroupKind.POLICY, GroupKind.WISDOM, GroupKind.MEDIA, GroupKind.LEADING_ENTERPRISE)
"""Groups whose members follow from the kind of institution; the other two are composed by hand."""
COUNTING_CONFLICTS: tuple[str, ...] = (ConflictState.DECLARED, ConflictState.RECUSED)
"""States in which a declared conflict keeps the institution aside; while it is undecided, it does."""
