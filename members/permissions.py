"""Who may do what with institutions, and the roles people hold through them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from alliance.choices import AllianceRole
from alliance.kernel.permissions import (
    COMMITTEE,
    SECRETARIAT,
    Grant,
    Holder,
    InAlliance,
    InInstitution,
    alliance_of,
    declare,
    grants_of,
    institutions_acted_for,
)
from alliance.kernel.registry import Registry
from members.choices import RIGHTS_ENDED, StaffRole
from members.models import InstitutionStaff

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User

OWN_PEOPLE = InInstitution("id", frozenset(), _("people of this institution"))
OWN_REPRESENTATIVE = InInstitution("id", frozenset({StaffRole.REPRESENTATIVE}), _("the representative of this institution"))

VIEW_INSTITUTION = declare(
    "members.view_institution",
    _("see this institution"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    *COMMITTEE,
    OWN_PEOPLE,
)
ADD_INSTITUTION = declare("members.add_institution", _("add an institution"), *SECRETARIAT)
CHANGE_INSTITUTION = declare("members.change_institution", _("change an institution's entry"), *SECRETARIAT)
CHANGE_PROFILE = declare(
    "members.change_profile", _("change an institution's short name and contact"), *SECRETARIAT, OWN_REPRESENTATIVE
)
MOVE_INSTITUTION = declare(
    "members.move_institution", _("suspend, readmit or release an institution"), *SECRETARIAT, *COMMITTEE
)
EXPEL_INSTITUTION = declare("members.expel_institution", _("put a motion to expel an institution"), *SECRETARIAT, *COMMITTEE)
ACTIVATE_INSTITUTION = declare(
    "members.activate_institution",
    _("accept the charter for this institution"),
    *SECRETARIAT,
    InInstitution(
        "id",
        frozenset({StaffRole.REPRESENTATIVE, StaffRole.SIGNATORY}),
        _("the representative or the signatory of this institution"),
    ),
)
CHANGE_SUPPLY = declare("members.change_supply", _("note what an institution supplies"), *SECRETARIAT, OWN_REPRESENTATIVE)
IMPORT_INSTITUTIONS = declare("members.import_institutions", _("import institutions from a table"), *SECRETARIAT)
VIEW_IMPORT = declare(
    "members.view_import", _("see an import of institutions"), *SECRETARIAT, InAlliance(AllianceRole.AUDITOR)
)


def institution_grants(user: User, alliance: Alliance, at: datetime) -> Iterable[Grant]:
    """Roles a person holds in institutions at a moment; none in those that left, were expelled or lapsed. One query."""
    rows = (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(user=user)
        .exclude(institution__state__in=RIGHTS_ENDED)
        .values_list("role", "institution_id")
    )
    return [Grant("institution", role, institution_id) for role, institution_id in rows]


# ------------------------------------------------------------------------------------------------------------ experts

ITS_PEOPLE = InInstitution("institution_id", frozenset(), _("people of the expert's institution"))
ITS_OFFICERS = InInstitution(
    "institution_id",
    frozenset({StaffRole.REPRESENTATIVE, StaffRole.STAFF}),
    _("representative or handling officer of the expert's institution"),
)

VIEW_TALENT = declare(
    "members.view_talent",
    _("see the talent pool"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    *COMMITTEE,
    InInstitution("", frozenset(), _("people of a member institution")),
)
VIEW_EXPERT_DATA = declare(
    "members.view_expert_data",
    _("see this expert's personal data without consent"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    ITS_PEOPLE,
)
CHANGE_EXPERT = declare("members.change_expert", _("change an expert's entry"), *SECRETARIAT, ITS_OFFICERS)


# ------------------------------------------------------------------------------------------------------ verified facts

VERIFY_FACTS = declare("members.verify_facts", _("verify the facts of an institution's entry"), *SECRETARIAT)
CONFIRM_FACTS = declare("members.confirm_facts", _("confirm the facts of this institution's entry"), OWN_REPRESENTATIVE)
VIEW_EVIDENCE = declare(
    "members.view_evidence",
    _("open the evidence of this institution"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    OWN_PEOPLE,
)
BULK_INSTITUTIONS = declare("members.act_on_many", _("act on many institutions at once"), *SECRETARIAT)


# ---------------------------------------------------------------------------------------------------- admission, exit

recused_from: Registry[Callable[[Alliance, str], set[int]]] = Registry("institutions that stand aside")
"""By matter, ids of the institutions that stand aside; the layer that knows conflicts of interest registers itself."""


matters_aside: Registry[Callable[[Alliance, frozenset[int], str], set[str]]] = Registry(
    "matters institutions stand aside from"
)
"""By institutions and the prefix of matters: the matters from which one of them stands aside; for lists."""


def codes_kept_from(reader: Any, alliance: Alliance, prefix: str) -> set[str]:
    """Codes of the records from which a reader is kept, because an institution acted for stands aside.

    Args:
        reader: The reader.
        alliance: The tenant.
        prefix: Prefix of the matters, such as ``application``.

    Returns:
        The codes; no query for people who act for no institution, else one for each layer that knows conflicts.
    """
    own = frozenset(institutions_acted_for(grants_of(reader, alliance)))
    if not own:
        return set()
    return {matter.partition(":")[2] for find in matters_aside.values() for matter in find(alliance, own, prefix)}


@dataclass(frozen=True, slots=True)
class NotAside:
    """Holders of a role, unless an institution they act for stands aside from the record's ``matter``."""

    holder: Holder

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:
        """Whether the role is held and none of the person's institutions stands aside."""
        if not self.holder.holds(grants, record):
            return False
        own = institutions_acted_for(grants)
        return not own or not any(
            own & find(alliance_of(record), getattr(record, "matter", "")) for find in recused_from.values()
        )

    def describe(self) -> StrOrPromise:
        """The holder in words."""
        return self.holder.describe()


LIST_APPLICATIONS = declare(
    "members.list_applications",
    _("see the list of applications"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    *COMMITTEE,
)
VIEW_APPLICATION = declare(
    "members.view_application",
    _("see this application and its evidence"),
    *(NotAside(holder) for holder in (*SECRETARIAT, InAlliance(AllianceRole.AUDITOR), *COMMITTEE)),
)
SCREEN_APPLICATION = declare(
    "members.screen_application",
    _("check applications and put them to the committee"),
    *(NotAside(holder) for holder in SECRETARIAT),
)
GIVE_NOTICE = declare("members.give_notice", _("give notice that this institution leaves"), *SECRETARIAT, OWN_REPRESENTATIVE)
MANAGE_EXIT = declare("members.manage_exit", _("settle the duties of a leaving institution"), *SECRETARIAT)
SHORTEN_NOTICE = declare("members.shorten_notice", _("shorten the notice of an institution that leaves"), *COMMITTEE)
NOTE_HEARING = declare("members.note_hearing", _("note that a member was reminded or heard"), *SECRETARIAT)


# ---------------------------------------------------------------------------------------------------------- resources

VIEW_RESOURCES = declare(
    "members.view_resources",
    _("see the resources that members open to others"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    *COMMITTEE,
    InInstitution("", frozenset(), _("people of a member institution")),
)
CHANGE_RESOURCE = declare(
    "members.change_resource",
    _("change a resource and answer bookings of it"),
    *SECRETARIAT,
    InInstitution(
        "institution_id",
        frozenset({StaffRole.REPRESENTATIVE, StaffRole.STAFF}),
        _("representative or handling officer of the institution that owns it"),
    ),
)
BOOK_RESOURCE = declare(
    "members.book_resource",
    _("book a resource for an institution"),
    *SECRETARIAT,
    InInstitution(
        "institution_id",
        frozenset({StaffRole.REPRESENTATIVE, StaffRole.STAFF}),
        _("representative or handling officer of the institution that books"),
    ),
)


# ---------------------------------------------------------------------------------------------------------- duplicates

HANDLE_DUPLICATES = declare("members.handle_duplicates", _("look for duplicates and merge entries"), *SECRETARIAT)
VIEW_DUPLICATES = declare(
    "members.view_duplicates", _("see duplicates and merges"), *SECRETARIAT, InAlliance(AllianceRole.AUDITOR)
)
