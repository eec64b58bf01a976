"""Who may do what in the pipeline (blueprint section 6; Zheng2018: each step belongs to a virtual group)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_lazy as _

from alliance.choices import AllianceRole
from alliance.kernel.permissions import (
    COMMITTEE,
    SECRETARIAT,
    Grant,
    Holder,
    InAlliance,
    InGroup,
    InInstitution,
    declare,
    grants_of,
    institutions_acted_for,
    permissions,
    share_checks,
)
from groups.choices import GroupKind, SeatRole
from operations.choices import PieceState, ProductState, ProjectRole
from operations.models import Certificate, Course, Enrolment, Product, ProductFile, ProductShare, Project

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User

SEATED: Final = frozenset({SeatRole.CONVENOR.value, SeatRole.MEMBER.value})
"""Roles in a group that act; observers only look."""


@dataclass(frozen=True, slots=True)
class WhileInState:
    """A holder who has a permission only while the record is in certain states.

    Attributes:
        states: States of the record.
        holder: Who holds it then.
    """

    states: frozenset[str]
    holder: Holder

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:
        """Whether the record is in such a state and the holder fits."""
        return getattr(record, "state", "") in self.states and self.holder.holds(grants, record)

    def describe(self) -> StrOrPromise:
        """The holder in words."""
        return self.holder.describe()


@dataclass(frozen=True, slots=True)
class Everybody:
    """Everybody who is signed in."""

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:  # noqa: ARG002 - nothing is asked
        """Always."""
        return True

    def describe(self) -> StrOrPromise:
        """Everybody, in words."""
        return _("everybody who is signed in")


_ANY: Final[frozenset[str]] = frozenset()
_AUTHOR = InInstitution("author_id", _ANY, _("people of the institution that drafts it"))
_ADAPTER = InInstitution("adapter_id", _ANY, _("people of the media think tank that adapts it"))
_PILOT_FIRMS = InInstitution("pilot_institution_ids", _ANY, _("people of its pilot firms"))
_REVIEWERS = (
    InGroup(GroupKind.WISDOM, _("people of another institution in the wisdom group")),
    InGroup(GroupKind.POLICY, _("people of another institution in the policy group")),
)
_MEDIA = InGroup(GroupKind.MEDIA, _("people of an institution in the media group"))
_PILOT_CONVENOR = InGroup(
    GroupKind.LEADING_ENTERPRISE,
    _("the convenor of the leading-enterprise group"),
    roles=frozenset({SeatRole.CONVENOR.value}),
)

VIEW_PIPELINE: Final = declare(
    "operations.view_pipeline",
    _("see the pipeline"),
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
)
START_DRAFT: Final = declare(
    "operations.start_draft",
    _("draft a product"),
    InGroup(GroupKind.WISDOM, _("people of an institution in the wisdom group")),
    *SECRETARIAT,
)
"""Asked with the alliance as the record, for buttons; the action asks ADD_PRODUCT of the draft itself."""
ADD_PRODUCT: Final = declare(
    "operations.add_product",
    _("draft a product for this institution"),
    InGroup(GroupKind.WISDOM, _("people of an institution in the wisdom group"), path="author_id"),
    *SECRETARIAT,
)
VIEW_PRODUCT: Final = declare(
    "operations.view_product",
    _("read this product before its release"),
    _AUTHOR,
    _ADAPTER,
    _PILOT_FIRMS,
    InInstitution("reviewing_institution_ids", _ANY, _("people of an institution that reviewed it")),
    InInstitution("contributing_institution_ids", _ANY, _("people of an institution that has a part in it")),
    *(WhileInState(frozenset({ProductState.IN_REVIEW}), reviewers) for reviewers in _REVIEWERS),
    WhileInState(frozenset({ProductState.TRANSFORMING}), _MEDIA),
    WhileInState(frozenset({ProductState.RELEASED, ProductState.RETIRED}), Everybody()),
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
    _PILOT_CONVENOR,
)
CHANGE_PRODUCT: Final = declare("operations.change_product", _("change this draft"), _AUTHOR, *SECRETARIAT)
SUBMIT_PRODUCT: Final = declare("operations.submit_product", _("submit this draft for review"), _AUTHOR, *SECRETARIAT)
REVIEW_PRODUCT: Final = declare("operations.review_product", _("review this draft"), *_REVIEWERS)
ADAPT_PRODUCT: Final = declare("operations.adapt_product", _("adapt this product"), _MEDIA)
SEND_BACK_PRODUCT: Final = declare(
    "operations.send_back_product", _("send this product back to its author"), _ADAPTER, *SECRETARIAT
)
STOP_PILOT: Final = declare("operations.stop_pilot", _("stop a pilot that is under way"), *SECRETARIAT, _PILOT_CONVENOR)
LOOP_BACK: Final = declare(
    "operations.loop_back",
    _("send this product back to an earlier stage"),
    WhileInState(frozenset({ProductState.IMPROVING}), _ADAPTER),
    *SECRETARIAT,
)
"""While a round is under way only the secretariat sends it further back than to improvement."""
WITHDRAW_PRODUCT: Final = declare("operations.withdraw_product", _("withdraw this product"), _AUTHOR, *SECRETARIAT)
ADMIT_OVER_LIMIT: Final = declare("operations.admit_over_limit", _("let a product into a full stage"), *SECRETARIAT)
MANAGE_PIPELINE: Final = declare(
    "operations.manage_pipeline", _("set the rules of the pipeline"), InAlliance(AllianceRole.OFFICE_ADMIN)
)
VIEW_PIPELINE_RULES: Final = declare(
    "operations.view_pipeline_rules",
    _("see the rules of the pipeline"),
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
)
PLAN_PILOT: Final = declare("operations.plan_pilot", _("plan a pilot"), *SECRETARIAT, _PILOT_CONVENOR)
MANAGE_PILOT: Final = declare("operations.manage_pilot", _("extend or close a pilot"), *SECRETARIAT, _PILOT_CONVENOR)
ANSWER_PILOT: Final = declare(
    "operations.answer_pilot",
    _("answer for this pilot"),
    InInstitution("participant_ids", _ANY, _("people of its pilot firms")),
)
JOIN_PILOT: Final = declare(
    "operations.join_pilot",
    _("answer the invitation to this pilot"),
    InInstitution("institution_id", _ANY, _("people of the invited enterprise")),
)
"""Asked with the site (PilotParticipant) as the record."""
VIEW_ANSWERS: Final = declare(
    "operations.view_answers",
    _("read the answers of the pilot firms"),
    _AUTHOR,
    _ADAPTER,
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
    _PILOT_CONVENOR,
)
ANSWER_POINT: Final = declare(
    "operations.answer_point", _("agree on changes and answer points of feedback"), _AUTHOR, _ADAPTER, *SECRETARIAT
)
RELEASE_PRODUCT: Final = declare(
    "operations.release_product", _("decide on the release of this product"), *COMMITTEE, _PILOT_CONVENOR, *SECRETARIAT
)
"""Opens the page of the decision. Who of them decides is the alliance's rule: one of the two that follow, or a motion."""
RELEASE_FOR_COMMITTEE: Final = declare(
    "operations.release_for_committee", _("decide on a release for the management committee"), *COMMITTEE
)
RELEASE_FOR_PILOT_GROUP: Final = declare(
    "operations.release_for_pilot_group", _("decide on a release for the leading-enterprise group"), _PILOT_CONVENOR
)
RETIRE_PRODUCT: Final = declare("operations.retire_product", _("retire this product"), *COMMITTEE, *SECRETARIAT)
SHARE_PRODUCT: Final = declare("operations.share_product", _("share this product"), _AUTHOR, *SECRETARIAT)
DOWNLOAD_EVIDENCE: Final = declare(
    "operations.download_evidence",
    _("download this evidence"),
    InInstitution("participant.institution_id", _ANY, _("people of the pilot firm that gave it")),
    InInstitution("participant.pilot.product.author_id", _ANY, _("people of the institution that drafts it")),
    InInstitution("participant.pilot.product.adapter_id", _ANY, _("people of the media think tank that adapts it")),
    *SECRETARIAT,
    *COMMITTEE,
)
"""Asked with the answer (PilotFeedback) as the record."""


def holds_seat(actor: Any, alliance: Alliance, kinds: Iterable[str], institution_id: int | None, *, at: datetime) -> bool:
    """Whether the person acts for an institution with a voting seat in one of the groups; None: any such institution."""
    wanted = {str(kind) for kind in kinds}
    return any(
        grant.scope == "group"
        and grant.group in wanted
        and grant.role in SEATED
        and (institution_id is None or grant.institution_id == institution_id)
        for grant in grants_of(actor, alliance, at)
    )


def seats_of(actor: Any, alliance: Alliance, kinds: Iterable[str], *, at: datetime) -> set[int]:
    """Institutions the person acts for that hold a voting seat in one of the groups."""
    wanted = {str(kind) for kind in kinds}
    return {
        grant.institution_id
        for grant in grants_of(actor, alliance, at)
        if grant.scope == "group" and grant.group in wanted and grant.role in SEATED and grant.institution_id is not None
    }


def own_institutions(actor: Any, alliance: Alliance, *, at: datetime) -> set[int]:
    """Institutions the person acts for."""
    return institutions_acted_for(grants_of(actor, alliance, at))


def acts_for_office(actor: Any, alliance: Alliance, *, at: datetime) -> bool:
    """Whether the person works in the secretariat."""
    grants = grants_of(actor, alliance, at)
    return any(holder.holds(grants, alliance) for holder in SECRETARIAT)


def is_shared_with(actor: Any, permission: str, record: Any) -> bool:
    """Whether a share of this single product gives the permission; shares give reading and nothing else.

    Asks the rows themselves and not guardian's checker, for which a Django superuser may do everything.
    """
    if permission == OPEN_PRODUCT_FILE and isinstance(record, ProductFile) and not record.evidence:
        permission, record = VIEW_PRODUCT, record.product
    if permission != VIEW_PRODUCT or not isinstance(record, Product) or record.pk is None or not actor.is_active:
        return False
    known: dict[int, bool] = actor.__dict__.get("_shared_products", {})
    if record.pk in known:
        return known[record.pk]
    return bool(
        ProductShare.objects.filter(
            alliance_id=record.alliance_id,
            user_id=actor.pk,
            content_object=record,
            permission__codename="view_product",
        ).exists()
    )


share_checks.register("operations.product", is_shared_with)


def remember_shares(actor: User, products: Iterable[Product]) -> None:
    """Look up the shares of many products at once, so that a list that asks ``can`` for each needs one query."""
    ids = [product.pk for product in products]
    shared = set(
        ProductShare.objects.filter(
            user_id=actor.pk, content_object_id__in=ids, permission__codename="view_product"
        ).values_list("content_object_id", flat=True)
    )
    actor.__dict__["_shared_products"] = {pk: pk in shared for pk in ids}


# ----------------------------------------------------------------------------------------------------------------- pieces


@dataclass(frozen=True, slots=True)
class OncePublished:
    """Everybody, for a record that was published at some time."""

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:  # noqa: ARG002 - anybody may read what is or was public
        """Whether it was."""
        return getattr(record, "published_at", None) is not None

    def describe(self) -> StrOrPromise:
        """Everybody, in words."""
        return _("everybody once it is published")


_PIECE_AUTHORS = InInstitution("checking_institution_ids", _ANY, _("people of the institutions that wrote the product"))
_PIECE_MAKER = InGroup(
    GroupKind.MEDIA, _("people of the institution that makes the piece, in the media group"), path="maker_id"
)
START_PIECE: Final = declare("operations.start_piece", _("make a piece of a product"), _MEDIA)
"""Asked with the alliance as the record, for buttons; the action asks CHANGE_PIECE of the piece itself."""
VIEW_PIECE: Final = declare(
    "operations.view_piece",
    _("read this piece before it is published"),
    OncePublished(),
    InInstitution("maker_id", _ANY, _("people of the institution that makes the piece")),
    InInstitution("product.author_id", _ANY, _("people of the institution that drafts the product")),
    InInstitution("product.adapter_id", _ANY, _("people of the media think tank that adapts the product")),
    _PIECE_AUTHORS,
    _MEDIA,
    WhileInState(
        frozenset({PieceState.APPROVED}),
        InInstitution("product.pilot_institution_ids", _ANY, _("people of its pilot firms, once it is checked")),
    ),
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
    InAlliance(AllianceRole.EDITOR),
)
CHANGE_PIECE: Final = declare("operations.change_piece", _("change this piece"), _PIECE_MAKER)
CHECK_PIECE: Final = declare("operations.check_piece", _("check this piece for correctness"), _PIECE_AUTHORS)
PUBLISH_PIECE: Final = declare(
    "operations.publish_piece", _("publish this piece"), _PIECE_MAKER, InAlliance(AllianceRole.EDITOR), *SECRETARIAT
)
WITHDRAW_PIECE: Final = declare(
    "operations.withdraw_piece",
    _("withdraw this piece"),
    _PIECE_MAKER,
    _PIECE_AUTHORS,
    InAlliance(AllianceRole.EDITOR),
    *SECRETARIAT,
)


# ------------------------------------------------------------------------------- kinds, files, contributions, references


@dataclass(frozen=True, slots=True)
class ReaderOfProduct:
    """Whoever may read the product that a file is part of; evidence is for those who make it and judge it only."""

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:
        """Whether the file is part of the product and the product may be read."""
        return not record.evidence and any(
            holder.holds(grants, record.product) for holder in permissions.get(VIEW_PRODUCT).holders
        )

    def describe(self) -> StrOrPromise:
        """The holder in words."""
        return _("people who may read the product")


MANAGE_KINDS: Final = declare(
    "operations.manage_kinds", _("change what a kind of product asks for"), InAlliance(AllianceRole.OFFICE_ADMIN)
)
VIEW_KINDS: Final = declare("operations.view_kinds", _("see what each kind of product asks for"), *SECRETARIAT, *COMMITTEE)
CHANGE_FILES: Final = declare(
    "operations.change_files", _("change the files of this product"), _AUTHOR, _ADAPTER, *SECRETARIAT
)
OPEN_PRODUCT_FILE: Final = declare(
    "operations.open_product_file",
    _("open this file"),
    ReaderOfProduct(),
    InInstitution("product.author_id", _ANY, _("people of the institution that drafts it")),
    InInstitution("product.adapter_id", _ANY, _("people of the media think tank that adapts it")),
    InInstitution("product.reviewing_institution_ids", _ANY, _("people of an institution that reviewed it")),
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
)
"""Asked with the file (ProductFile) as the record."""
NAME_CONTRIBUTIONS: Final = declare("operations.name_contributions", _("say who made this product"), _AUTHOR, *SECRETARIAT)
ANSWER_CONTRIBUTION: Final = declare(
    "operations.answer_contribution",
    _("confirm or contest this part in a product"),
    InInstitution("institution_id", _ANY, _("people of the institution whose part it is")),
)
"""Asked with the part (Contribution) as the record."""
CHANGE_REFERENCES: Final = declare(
    "operations.change_references", _("say what this product answers or rests on"), _AUTHOR, *SECRETARIAT
)
BEGIN_NEXT_VERSION: Final = declare(
    "operations.begin_next_version", _("begin the next version of this product"), _AUTHOR, *SECRETARIAT
)

# --------------------------------------------------------------------------------------------------------------- projects


@dataclass(frozen=True, slots=True)
class ByName:
    """People who are named in the record itself; a grant says nothing of them, so a check of single records answers."""

    label: StrOrPromise

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:  # noqa: ARG002 - see the class
        """Never by a role."""
        return False

    def describe(self) -> StrOrPromise:
        """The holder in words."""
        return self.label


_PROJECT_LEAD = InInstitution("lead_id", _ANY, _("people of the institution that leads the project"))
_PROJECT_LEADERS = ByName(_("people named as leading the project"))
_PROJECT_PEOPLE = ByName(_("people named in the project"))
_PROJECT_INSTITUTIONS = InInstitution("institution_ids", _ANY, _("people of the institutions that work in the project"))

VIEW_PROJECTS: Final = declare(
    "operations.view_projects",
    _("see every project"),
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
)
"""Asked with the alliance as the record."""
START_PROJECTS: Final = declare(
    "operations.start_projects",
    _("plan a project"),
    InInstitution("", _ANY, _("people of a member institution")),
    *SECRETARIAT,
)
"""Asked with the alliance as the record, for buttons; the action asks ADD_PROJECT of the project itself."""
ADD_PROJECT: Final = declare("operations.add_project", _("plan a project for this institution"), _PROJECT_LEAD, *SECRETARIAT)
VIEW_PROJECT: Final = declare(
    "operations.view_project",
    _("read this project"),
    _PROJECT_LEAD,
    _PROJECT_INSTITUTIONS,
    _PROJECT_PEOPLE,
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
)
CHANGE_PROJECT: Final = declare("operations.change_project", _("change this project"), _PROJECT_LEAD, _PROJECT_LEADERS)
WORK_ON_TASK: Final = declare(
    "operations.work_on_task", _("say how far the tasks are"), _PROJECT_LEAD, _PROJECT_LEADERS, _PROJECT_PEOPLE
)
STOP_PROJECT_PERMISSION: Final = declare(
    "operations.stop_project", _("stop this project"), _PROJECT_LEAD, _PROJECT_LEADERS, *SECRETARIAT, *COMMITTEE
)
DRAFT_DELIVERABLE: Final = declare(
    "operations.draft_deliverable",
    _("turn what the project owes into a draft"),
    _PROJECT_LEAD,
    _PROJECT_INSTITUTIONS,
    _PROJECT_LEADERS,
)
NOTE_HOURS: Final = declare("operations.note_hours", _("note hours in this project"), _PROJECT_PEOPLE)
CONFIRM_HOURS: Final = declare(
    "operations.confirm_hours",
    _("confirm hours of others in this project"),
    _PROJECT_LEAD,
    _PROJECT_LEADERS,
    _PROJECT_PEOPLE,
)
STRIKE_HOURS: Final = declare("operations.strike_hours", _("strike hours of others out"), _PROJECT_LEAD, _PROJECT_LEADERS)
HAND_OVER_PROJECT: Final = declare(
    "operations.hand_over_project", _("give a project to another institution"), _PROJECT_LEAD, *SECRETARIAT
)
_OF_LEADERS: Final = frozenset(
    {
        VIEW_PROJECT,
        CHANGE_PROJECT,
        WORK_ON_TASK,
        STOP_PROJECT_PERMISSION,
        DRAFT_DELIVERABLE,
        NOTE_HOURS,
        CONFIRM_HOURS,
        STRIKE_HOURS,
    }
)
_OF_PEOPLE: Final = frozenset({VIEW_PROJECT, WORK_ON_TASK, NOTE_HOURS, CONFIRM_HOURS})


def is_in_project(actor: Any, permission: str, record: Any) -> bool:
    """Whether a person has a permission by being named in this project, for an institution they still act for."""
    if permission not in _OF_LEADERS or not isinstance(record, Project) or record.pk is None or not actor.is_active:
        return False
    mine = institutions_acted_for(grants_of(actor, record.alliance))
    return any(
        person.user_id == actor.pk
        and person.institution_id in mine
        and (permission in _OF_PEOPLE or person.role == ProjectRole.LEADER)
        for person in record.present_people
    )


share_checks.register("operations.project", is_in_project)

# --------------------------------------------------------------------------------------------------------------- learning


@dataclass(frozen=True, slots=True)
class WhileOffered:
    """A holder who has a permission only while the course or path is offered."""

    holder: Holder

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:
        """Whether it is offered and the holder fits."""
        return bool(getattr(record, "is_offered", False)) and self.holder.holds(grants, record)

    def describe(self) -> StrOrPromise:
        """The holder in words."""
        return self.holder.describe()


_LEARNERS = InInstitution("", _ANY, _("people of a member institution"))
_LEARNER = ByName(_("the person who learnt"))
_COURSE_HOST = InInstitution("host_id", _ANY, _("people of the institution that holds the course"))
_SESSION_HOST = InInstitution("course.host_id", _ANY, _("people of the institution that holds the course"))

VIEW_LEARNING: Final = declare(
    "operations.view_learning",
    _("see every course and learning path"),
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
)
"""Asked with the alliance as the record."""
VIEW_OFFERS: Final = declare(
    "operations.view_offers",
    _("see what there is to learn"),
    _LEARNERS,
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
)
"""Asked with the alliance as the record."""
VIEW_COURSE: Final = declare(
    "operations.view_course",
    _("read this course"),
    WhileOffered(_LEARNERS),
    _COURSE_HOST,
    _LEARNER,
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
)
RUN_COURSES: Final = declare("operations.run_courses", _("draft courses and plan their sessions"), *SECRETARIAT)
HOLD_SESSION: Final = declare(
    "operations.hold_session", _("note attendance and results of this session"), _SESSION_HOST, *SECRETARIAT
)
"""Asked with the session (CourseSession) as the record."""
VIEW_SHEET: Final = declare(
    "operations.view_sheet",
    _("see who is enrolled in this session"),
    _SESSION_HOST,
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
)
"""Asked with the session (CourseSession) as the record."""
ENROL: Final = declare("operations.enrol", _("enrol in a course"), _LEARNERS)
"""Asked with the alliance as the record; the action asks for which active institution."""
RUN_PATHS: Final = declare("operations.run_paths", _("draft learning paths"), *SECRETARIAT)
VIEW_CERTIFICATES: Final = declare(
    "operations.view_certificates", _("see every certificate"), *SECRETARIAT, InAlliance(AllianceRole.AUDITOR)
)
"""Asked with the alliance as the record."""
VIEW_CERTIFICATE: Final = declare(
    "operations.view_certificate", _("open this certificate"), _LEARNER, *SECRETARIAT, InAlliance(AllianceRole.AUDITOR)
)
NAME_ON_CERTIFICATE: Final = declare(
    "operations.name_on_certificate", _("decide whether the public page names the person"), _LEARNER
)
REVOKE_CERTIFICATE: Final = declare("operations.revoke_certificate", _("revoke this certificate"), *SECRETARIAT)


def is_learner(actor: Any, permission: str, record: Any) -> bool:
    """Whether a person has a permission because they took the course, or earned the certificate."""
    if not actor.is_active:
        return False
    if isinstance(record, Certificate) and permission in {VIEW_CERTIFICATE, NAME_ON_CERTIFICATE}:
        return bool(record.enrolment.user_id == actor.pk)
    if isinstance(record, Course) and permission == VIEW_COURSE and record.pk is not None:
        return Enrolment.objects.filter(
            alliance_id=record.alliance_id, session__course_id=record.pk, user_id=actor.pk
        ).exists()
    return False


share_checks.register("operations.learning", is_learner)


# --------------------------------------------------------------------------------------------------- risks and incentives

VIEW_RISKS: Final = declare(
    "operations.view_risks", _("see the risk register"), *SECRETARIAT, *COMMITTEE, InAlliance(AllianceRole.AUDITOR)
)
"""Asked with the alliance or a risk as the record."""
MANAGE_RISKS: Final = declare("operations.manage_risks", _("keep the risk register"), *SECRETARIAT, *COMMITTEE)
"""Open, change, review, close and open again; measures and who answers for them."""
ACCEPT_RISK_PERMISSION: Final = declare("operations.accept_risk", _("accept a risk for the alliance"), *COMMITTEE)
VIEW_POINTS: Final = declare(
    "operations.view_points",
    _("see the contribution points of every institution"),
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
)
"""Asked with the alliance as the record."""
VIEW_OWN_POINTS: Final = declare(
    "operations.view_own_points",
    _("see the contribution points of the own institution"),
    InInstitution("", _ANY, _("people of a member institution")),
)
"""Asked with the alliance as the record: opens the page of the portal, which shows the institutions acted for."""
VIEW_TARIFF: Final = declare(
    "operations.view_tariff",
    _("see what earns contribution points"),
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
    InInstitution("", _ANY, _("people of a member institution")),
)
SET_TARIFF: Final = declare("operations.set_tariff", _("propose and approve a tariff of contribution points"), *COMMITTEE)
PUBLISH_HONOURS: Final = declare("operations.publish_honours", _("publish the honours list of a year"), *COMMITTEE)
COMPARE_POINTS: Final = declare(
    "operations.compare_points",
    _("compare the contribution points with their records"),
    *SECRETARIAT,
    *COMMITTEE,
)
