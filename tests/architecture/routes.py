"""The route table: for every route and method, the status each role of ``world.ROLES`` gets for an object of its own alliance.

A method that is not named answers 405 to everybody. POST is sent empty: 4xx of a form or an API means that the road is open to
the role and the input was refused; 403 or a redirect to sign-in means that it is not.
"""

from __future__ import annotations

from typing import Any

from alliance.models import InboxItem, Invitation, Job, RoleAssignment, StoredFile
from groups.models import ConflictOfInterest, VirtualGroup
from members.models import ElementSupply, Institution, InstitutionImport
from operations.models import ImprovementTask, Product
from services.models import Article, CatalogueEntry, Listing, Rating
from targets.models import Objective
from tests.architecture.world import column

TABLE: dict[str, dict[str, str]] = {}
SCOPE_OPENS: dict[str, set[str]] = {"*": set()}

_PRODUCT = {"code": column(Product, "code")}
_INSTITUTION = {"code": column(Institution, "code")}
_IMPORT = {"uuid": column(InstitutionImport, "uuid")}
_OBJECTIVE = {"code": column(Objective, "code")}
_ENTRY = {"code": column(CatalogueEntry, "code")}
_LISTING = {"code": column(Listing, "code")}
_KIND = {"kind": column(VirtualGroup, "kind")}

OBJECTS: dict[str, dict[str, Any]] = {
    "api_institution_detail": _INSTITUTION,
    "api_group_detail": {"code": column(VirtualGroup, "kind")},
    "api_product_detail": _PRODUCT,
    "api_product_step": {**_PRODUCT, "step": "submit"},
    "api_pilot_answer": _PRODUCT,
    "api_entry_detail": _ENTRY,
    "api_rating_list": _ENTRY,
    "api_listing_detail": _LISTING,
    "api_objective_detail": _OBJECTIVE,
    "switch_language": {"code": "en"},
    "account_reset_password_from_key": {"uidb36": "1", "key": "set-password"},
    "mfa_remove_webauthn": {"pk": 987_654_321},
    "mfa_edit_webauthn": {"pk": 987_654_321},
    "usersessions_end": {"pk": 987_654_321},
    "invitation_resend": {"uuid": column(Invitation, "uuid")},
    "invitation_revoke": {"uuid": column(Invitation, "uuid")},
    "person_detail": {"uuid": lambda made: made[RoleAssignment].user.uuid},
    "person_end_role": {
        "uuid": lambda made: made[RoleAssignment].user.uuid,
        "scope": "alliance",
        "position_id": column(RoleAssignment, "pk"),
    },
    "invitation_accept": {"token": "unknown-token"},
    "inbox_hand_over": {"uuid": column(InboxItem, "uuid")},
    "job_detail": {"uuid": column(Job, "uuid")},
    "job_stop": {"uuid": column(Job, "uuid")},
    "file_download": {"uuid": column(StoredFile, "uuid")},
    "institution_import_of_job": {"uuid": column(Job, "uuid")},
    **{
        f"institution_import_{verb}": _IMPORT
        for verb in ("detail", "mapping", "progress", "check", "start", "stop", "faults")
    },
    "institution_detail": _INSTITUTION,
    "institution_edit": _INSTITUTION,
    "supply_add": _INSTITUTION,
    "supply_end": {**_INSTITUTION, "supply": column(ElementSupply, "pk")},
    "institution_step": {**_INSTITUTION, "step": "suspend"},
    "portal_institution_detail": _INSTITUTION,
    "portal_institution_edit": _INSTITUTION,
    "group_job": {"uuid": column(Job, "uuid")},
    "group_detail": _KIND,
    "seat_leave": {**_KIND, **_INSTITUTION},
    "seat_role": {**_KIND, **_INSTITUTION},
    "coverage_cell": {**_KIND, "element": "policy"},
    "conflict_rule": {"conflict": column(ConflictOfInterest, "pk"), "ruling": "recuse"},
    **{
        f"product_{verb}": _PRODUCT
        for verb in ("detail", "edit", "move", "submit", "review", "adapt", "send_back", "release", "retire")
    },
    **{f"pilot_{verb}": _PRODUCT for verb in ("plan", "extend", "close", "answer", "answers_csv", "comments")},
    "improvement_add": _PRODUCT,
    "improvement_settle": {**_PRODUCT, "number": 1, "key": column(ImprovementTask, "key")},
    "share_add": _PRODUCT,
    "share_remove": _PRODUCT,
    "objective_detail": _OBJECTIVE,
    "objective_change": _OBJECTIVE,
    "measurement_report": _OBJECTIVE,
    "feedback_detail": _ENTRY,
    "story_detail": {"slug": column(Article, "slug")},
    "catalogue_entry": _ENTRY,
    "rating_create": _ENTRY,
    "rating_sent": _ENTRY,
    "rating_confirm": {"token": "unknown-token"},
    "listing_detail": _LISTING,
    "rating_moderate": {"uuid": column(Rating, "uuid")},
}
"""How each route's identifiers are found among the rows of ``rows.fill_tenant_tables``; plain values name no record."""

WITHOUT_OBJECT = {
    "api_group_detail": "the six kinds of groups are the same in every alliance",
    "group_detail": "likewise",
    "coverage_cell": "likewise",
    "switch_language": "names no record",
    "account_reset_password_from_key": "an account's own key",
    "mfa_remove_webauthn": "an account's own key",
    "mfa_edit_webauthn": "an account's own key",
    "usersessions_end": "an account's own session",
    "invitation_accept": "the token is the key, whatever the role",
    "rating_confirm": "the token is the key, whatever the role",
}
"""Routes whose identifiers belong to no record of an alliance, with the reason."""
