"""The route table: for every route and method, the status each role of ``world.ROLES`` gets for an object of its own alliance.

A method that is not named answers 405 to everybody. POST is sent empty: 4xx of a form or an API means that the road is open to
the role and the input was refused; 403 or a redirect to sign-in means that it is not.
"""

from __future__ import annotations

from typing import Any

from alliance.models import AuditLeaf, InboxItem, Invitation, Job, RoleAssignment, SavedView, StoredFile
from groups.models import (
    AgendaItem,
    CharterVersion,
    ConflictOfInterest,
    ConflictWaiver,
    Consortium,
    ConsortiumFile,
    Directive,
    Dispute,
    Interest,
    Meeting,
    MeetingAction,
    MeetingPaper,
    Minutes,
    Motion,
    Position,
    Proxy,
    ReceivedDirective,
    Responsibility,
    ResponsibilityReport,
    SeatAlternate,
    SeatInvitation,
    VirtualGroup,
)
from members.models import (
    Application,
    BulkAct,
    DuplicatePair,
    ElementSupply,
    Expert,
    ExpertInterest,
    Institution,
    InstitutionImport,
    InstitutionMerge,
    InstitutionStaff,
    Resource,
    ResourceBooking,
)
from operations.models import (
    Certificate,
    Course,
    CourseSession,
    Deliverable,
    Enrolment,
    FeedbackPoint,
    HonoursList,
    LearningPath,
    Milestone,
    Piece,
    Pilot,
    PilotParticipant,
    Product,
    ProductReference,
    ProductVersion,
    Project,
    ProjectPerson,
    ProjectTask,
    Risk,
    RiskMeasure,
    Tariff,
    WorkbookEntry,
    WorkHours,
)
from services.models import (
    Article,
    CatalogueEntry,
    ClauseVersion,
    Contract,
    ContractFollowUp,
    ContractNotice,
    ContractTemplate,
    ContractTerms,
    Listing,
    Match,
    MatchRuleProposal,
    MilestonePayment,
    MilestoneSubmission,
    Rating,
)
from targets.models import Objective
from tests.architecture.world import column

TABLE: dict[str, dict[str, str]] = {
    "platform:home": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "platform:switch_language": {"GET": "302 302 302 302 302 302 302 302 302 302 302 302"},
    "platform:switch_theme": {"POST": "302 302 302 302 302 302 302 302 302 302 302 302"},
    "platform:gallery": {
        "GET": "404 404 404 404 404 404 404 404 404 404 404 404",
        "POST": "404 404 404 404 404 404 404 404 404 404 404 404",
    },
    "platform:account_login": {
        "GET": "200 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "200 302 302 302 302 302 302 302 302 302 302 302",
    },
    "platform:account_logout": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "platform:account_inactive": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "platform:account_signup": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "platform:account_reauthenticate": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 200 200 200 200 200 200 200 200 200 200 200",
    },
    "platform:account_change_password": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 200 200 200 200 200 200 200 200 200 200 200",
    },
    "platform:account_reset_password": {
        "GET": "200 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "200 200 200 200 200 200 200 200 200 200 200 200",
    },
    "platform:account_reset_password_done": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "platform:account_reset_password_from_key_done": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "platform:account_reset_password_from_key": {
        "GET": "200 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "200 200 200 200 200 200 200 200 200 200 200 200",
    },
    "platform:account_profile": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 200 200 200 200 200 200 200 200 200 200 200",
    },
    "platform:account_start": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "platform:choose_institution": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "platform:choose_alliance": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "platform:mfa_index": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "platform:mfa_authenticate": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "platform:mfa_reauthenticate": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 200 200 200 200 200 200 200 200 200 200 200",
    },
    "platform:mfa_activate_totp": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "platform:mfa_deactivate_totp": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "platform:mfa_view_recovery_codes": {
        "GET": "302 404 404 404 404 404 404 404 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "platform:mfa_generate_recovery_codes": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "platform:mfa_list_webauthn": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "platform:mfa_add_webauthn": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "platform:mfa_login_webauthn": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "platform:mfa_reauthenticate_webauthn": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "platform:mfa_remove_webauthn": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "platform:mfa_edit_webauthn": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "platform:usersessions_list": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "platform:usersessions_end": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 404 404 404 404 404 404 404 404 404 404",
    },
    "tenant:api_schema": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_docs": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_token": {"POST": "400 400 400 400 400 400 400 400 400 400 400 400"},
    "tenant:api_problem_list": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_log_head": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_log_consistency": {"GET": "401 403 400 400 400 403 400 400 400 400 400 400"},
    "tenant:api_log_inclusion": {"GET": "401 403 404 404 403 403 404 403 403 403 403 403"},
    "tenant:api_institution_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_institution_detail": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_expert_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_expert_detail": {"GET": "401 403 200 200 404 404 200 200 404 404 404 404"},
    "tenant:api_resource_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_resource_detail": {"GET": "401 403 200 200 200 404 200 200 200 200 200 200"},
    "tenant:public_expert_list": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:expert_list": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:expert_new": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 403 200 200 200 403 200 403 403 403 403 403",
    },
    "tenant:expert_detail": {"GET": "302 403 200 200 404 403 200 403 403 403 403 403"},
    "tenant:expert_edit": {
        "GET": "302 403 200 200 404 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 404 403 403 403 403 403 403 403",
    },
    "tenant:expert_consent": {
        "GET": "302 403 200 200 404 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 404 403 403 403 403 403 403 403",
    },
    "tenant:expert_end": {"POST": "302 403 302 302 404 403 403 403 403 403 403 403"},
    "tenant:expert_interest_new": {
        "GET": "302 403 200 200 404 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 404 403 403 403 403 403 403 403",
    },
    "tenant:expert_interest_end": {"POST": "302 403 302 302 404 403 403 403 403 403 403 403"},
    "tenant:portal_expert_list": {"GET": "302 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:portal_expert_new": {
        "GET": "302 403 404 404 404 403 404 200 200 200 200 200",
        "POST": "302 403 404 404 404 403 404 200 200 200 200 200",
    },
    "tenant:portal_expert_detail": {"GET": "302 403 200 200 404 403 200 200 404 404 404 404"},
    "tenant:portal_expert_edit": {
        "GET": "302 403 200 200 404 403 403 200 404 404 404 404",
        "POST": "302 403 200 200 404 403 403 200 404 404 404 404",
    },
    "tenant:portal_expert_consent": {
        "GET": "302 403 200 200 404 403 403 200 404 404 404 404",
        "POST": "302 403 200 200 404 403 403 200 404 404 404 404",
    },
    "tenant:portal_expert_end": {"POST": "302 403 302 302 404 403 403 302 404 404 404 404"},
    "tenant:portal_expert_interest_new": {
        "GET": "302 403 200 200 404 403 403 200 404 404 404 404",
        "POST": "302 403 200 200 404 403 403 200 404 404 404 404",
    },
    "tenant:portal_expert_interest_end": {"POST": "302 403 302 302 404 403 403 302 404 404 404 404"},
    "tenant:resource_list": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:resource_detail": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:resource_edit": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 403 403 403 403 403 403 403 403",
    },
    "tenant:portal_resource_list": {"GET": "302 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:portal_resource_new": {
        "GET": "302 403 404 404 404 403 404 200 200 200 200 200",
        "POST": "302 403 404 404 404 403 404 200 200 200 200 200",
    },
    "tenant:portal_resource_detail": {"GET": "302 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:portal_resource_edit": {
        "GET": "302 403 200 200 403 403 403 200 403 403 403 403",
        "POST": "302 403 200 200 403 403 403 200 403 403 403 403",
    },
    "tenant:portal_resource_book": {
        "GET": "302 403 404 404 404 403 404 200 200 200 200 200",
        "POST": "302 403 404 404 404 403 404 200 200 200 200 200",
    },
    "tenant:booking_step": {"POST": "302 404 302 302 403 404 403 302 403 403 403 403"},
    "tenant:api_group_list": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:api_group_detail": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:api_coverage": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:api_product_list": {
        "GET": "401 403 200 200 200 200 200 200 200 200 200 200",
        "POST": "401 403 422 422 422 422 422 422 422 422 422 422",
    },
    "tenant:api_product_detail": {"GET": "401 403 200 200 200 404 200 200 404 404 404 404"},
    "tenant:api_product_step": {"POST": "401 403 404 404 404 404 404 404 404 404 404 404"},
    "tenant:api_point_list": {"GET": "401 403 200 200 200 404 200 200 404 404 404 404"},
    "tenant:api_point_answer": {"POST": "401 403 422 422 403 404 403 422 404 404 404 404"},
    "tenant:api_pilot_answer": {"POST": "401 403 422 422 422 404 422 422 404 404 404 404"},
    "tenant:api_piece_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_piece_detail": {"GET": "401 403 200 200 200 200 200 200 404 200 404 404"},
    "tenant:api_entry_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_entry_detail": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_rating_list": {"POST": "401 403 400 400 400 400 400 400 400 400 400 400"},
    "tenant:api_listing_list": {
        "GET": "401 403 200 200 200 200 200 200 200 200 200 200",
        "POST": "401 403 403 403 403 403 403 422 422 422 422 422",
    },
    "tenant:api_listing_detail": {"GET": "401 403 200 200 404 404 200 404 404 404 404 404"},
    "tenant:api_objective_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_objective_detail": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_feedback_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_unknown": {
        "GET": "404 404 404 404 404 404 404 404 404 404 404 404",
        "POST": "404 404 404 404 404 404 404 404 404 404 404 404",
    },
    "tenant:switch_language": {"GET": "302 302 302 302 302 302 302 302 302 302 302 302"},
    "tenant:switch_theme": {"POST": "302 302 302 302 302 302 302 302 302 302 302 302"},
    "tenant:account_login": {
        "GET": "200 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "200 302 302 302 302 302 302 302 302 302 302 302",
    },
    "tenant:account_logout": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "tenant:account_inactive": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:account_signup": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:account_reauthenticate": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 200 200 200 200 200 200 200 200 200 200 200",
    },
    "tenant:account_change_password": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 200 200 200 200 200 200 200 200 200 200 200",
    },
    "tenant:account_reset_password": {
        "GET": "200 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "200 200 200 200 200 200 200 200 200 200 200 200",
    },
    "tenant:account_reset_password_done": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:account_reset_password_from_key_done": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:account_reset_password_from_key": {
        "GET": "200 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "200 200 200 200 200 200 200 200 200 200 200 200",
    },
    "tenant:account_profile": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 200 200 200 200 200 200 200 200 200 200 200",
    },
    "tenant:account_start": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:choose_institution": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 404 404 404 404 404 404 404 404 404 404 404",
    },
    "tenant:choose_alliance": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:mfa_index": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:mfa_authenticate": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "tenant:mfa_reauthenticate": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 200 200 200 200 200 200 200 200 200 200 200",
    },
    "tenant:mfa_activate_totp": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "tenant:mfa_deactivate_totp": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "tenant:mfa_view_recovery_codes": {
        "GET": "302 404 404 404 404 404 404 404 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:mfa_generate_recovery_codes": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "tenant:mfa_list_webauthn": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:mfa_add_webauthn": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "tenant:mfa_login_webauthn": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "tenant:mfa_reauthenticate_webauthn": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "tenant:mfa_remove_webauthn": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "tenant:mfa_edit_webauthn": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "tenant:usersessions_list": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "tenant:usersessions_end": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 404 404 404 404 404 404 404 404 404 404",
    },
    "tenant:person_list": {
        "GET": "302 403 200 200 403 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:invitation_create": {
        "GET": "302 403 200 403 403 403 403 403 403 403 403 403",
        "POST": "302 403 200 403 403 403 403 403 403 403 403 403",
    },
    "tenant:invitation_resend": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 403 302 403 403 403 403 403 403 403 403 403",
    },
    "tenant:invitation_revoke": {
        "GET": "302 403 200 403 403 403 403 403 403 403 403 403",
        "POST": "302 403 302 403 403 403 403 403 403 403 403 403",
    },
    "tenant:person_detail": {
        "GET": "302 403 200 200 403 403 200 403 403 403 403 403",
        "POST": "302 403 200 403 403 403 403 403 403 403 403 403",
    },
    "tenant:person_end_role": {
        "GET": "302 403 200 403 403 403 403 403 403 403 403 403",
        "POST": "302 403 302 403 403 403 403 403 403 403 403 403",
    },
    "tenant:invitation_accept": {
        "GET": "404 404 404 404 404 404 404 404 404 404 404 404",
        "POST": "404 404 404 404 404 404 404 404 404 404 404 404",
    },
    "tenant:inbox": {"GET": "302 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:inbox_dismiss": {"POST": "302 422 422 422 422 422 422 422 422 422 422 422"},
    "tenant:inbox_undo": {"POST": "302 302 302 302 302 302 302 302 302 302 302 302"},
    "tenant:inbox_hand_over": {
        "GET": "302 404 404 404 404 404 404 404 404 404 404 404",
        "POST": "302 404 404 404 404 404 404 404 404 404 404 404",
    },
    "tenant:notification_list": {"GET": "302 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:notification_read": {"POST": "302 302 302 302 302 302 302 302 302 302 302 302"},
    "tenant:job_list": {"GET": "302 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:job_detail": {"GET": "302 404 200 200 404 404 200 404 404 404 404 404"},
    "tenant:job_stop": {"POST": "302 404 302 302 404 404 403 404 404 404 404 404"},
    "tenant:audit_list": {"GET": "302 403 200 200 403 403 200 403 403 403 403 403"},
    "tenant:audit_sealing": {"GET": "302 403 200 200 403 403 200 403 403 403 403 403"},
    "tenant:audit_export": {"POST": "302 403 302 302 403 403 302 403 403 403 403 403"},
    "tenant:audit_export_file": {"GET": "302 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:log_page": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:log_head": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:log_checker": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:vote_checker": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:health_page": {"GET": "302 403 200 200 403 403 200 403 403 403 403 403"},
    "tenant:health_retry": {"POST": "302 403 302 302 403 403 403 403 403 403 403 403"},
    "tenant:file_download": {"GET": "302 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:search_jump": {"GET": "302 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:alliance_theme_css": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:institution_list": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:institution_add": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 403 403 403 403 403 403 403 403",
    },
    "tenant:institution_import_list": {"GET": "302 403 200 200 403 403 200 403 403 403 403 403"},
    "tenant:institution_import_upload": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:institution_import_of_job": {"GET": "302 403 302 302 302 403 302 403 403 403 403 403"},
    "tenant:institution_import_detail": {"GET": "302 403 200 200 404 403 200 403 403 403 403 403"},
    "tenant:institution_import_mapping": {
        "GET": "302 403 200 200 404 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 404 403 403 403 403 403 403 403",
    },
    "tenant:institution_import_progress": {"GET": "302 403 302 302 404 403 302 403 403 403 403 403"},
    "tenant:institution_import_check": {"POST": "302 403 422 422 404 403 403 403 403 403 403 403"},
    "tenant:institution_import_start": {"POST": "302 403 302 302 404 403 302 403 403 403 403 403"},
    "tenant:institution_import_stop": {"POST": "302 403 302 302 404 403 403 403 403 403 403 403"},
    "tenant:institution_import_faults": {"GET": "302 403 404 404 404 403 404 403 403 403 403 403"},
    "tenant:table_export_csv": {"GET": "302 403 200 200 403 403 200 403 403 403 403 403"},
    "tenant:table_export_xlsx": {"GET": "302 403 200 200 403 403 200 403 403 403 403 403"},
    "tenant:duplicate_list": {"GET": "302 403 200 200 403 403 200 403 403 403 403 403"},
    "tenant:duplicate_search": {"POST": "302 403 302 302 403 403 403 403 403 403 403 403"},
    "tenant:duplicate_search_of_job": {"GET": "302 403 302 302 403 403 302 403 403 403 403 403"},
    "tenant:duplicate_compare": {"POST": "302 403 422 422 403 403 403 403 403 403 403 403"},
    "tenant:duplicate_pair": {
        "GET": "302 403 200 200 403 403 200 403 403 403 403 403",
        "POST": "302 403 302 302 403 403 403 403 403 403 403 403",
    },
    "tenant:institution_merge": {
        "GET": "302 403 200 200 403 403 200 403 403 403 403 403",
        "POST": "302 403 409 409 403 403 403 403 403 403 403 403",
    },
    "tenant:institution_detail": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:institution_edit": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 403 403 403 403 403 403 403 403",
    },
    "tenant:supply_add": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:supply_end": {"POST": "302 403 302 302 403 403 403 403 403 403 403 403"},
    "tenant:institution_step": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 200 403 403 403 403 403 403 403",
    },
    "tenant:portal_institution": {"GET": "302 200 200 200 200 200 200 302 302 302 302 302"},
    "tenant:portal_institution_detail": {"GET": "302 404 200 200 200 404 200 200 404 404 404 404"},
    "tenant:portal_institution_edit": {
        "GET": "302 404 200 200 403 404 403 200 404 404 404 404",
        "POST": "302 404 200 200 403 404 403 200 404 404 404 404",
    },
    "tenant:group_list": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 403 200 200 200 403 200 403 403 403 403 403",
    },
    "tenant:group_establish": {"POST": "302 403 302 302 403 403 403 403 403 403 403 403"},
    "tenant:group_job": {"GET": "302 403 404 404 404 403 404 403 403 403 403 403"},
    "tenant:group_detail": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:seat_leave": {"POST": "302 403 302 302 403 403 403 403 403 403 403 403"},
    "tenant:seat_role": {"POST": "302 403 422 422 403 403 403 403 403 403 403 403"},
    "tenant:coverage_detail": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:coverage_cell": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    # Conflicts of interest, declarations, directives
    "tenant:conflict_matter": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:conflict_detail": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 403 422 422 422 403 403 403 403 403 403 403",
    },
    "tenant:conflict_waiver_settle": {"POST": "302 403 302 302 302 403 403 403 403 403 403 403"},
    "tenant:declaration_list": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:declaration_detail": {"GET": "302 403 200 200 200 403 403 403 403 403 403 403"},
    "tenant:portal_interest_list": {
        "GET": "302 403 403 403 403 403 403 200 200 200 200 200",
        "POST": "302 403 403 403 403 403 403 422 422 422 422 422",
    },
    "tenant:portal_interest_new": {
        "GET": "302 403 403 403 403 403 403 200 200 200 200 200",
        "POST": "302 403 403 403 403 403 403 422 422 422 422 422",
    },
    "tenant:portal_conflict_new": {
        "GET": "302 403 403 403 403 403 403 200 200 200 200 200",
        "POST": "302 403 403 403 403 403 403 422 422 422 422 422",
    },
    "tenant:portal_conflict_agree": {"POST": "302 403 403 403 403 403 403 409 404 404 404 404"},
    "tenant:portal_interest_withdraw": {
        "GET": "302 403 403 403 403 403 403 200 404 404 404 404",
        "POST": "302 403 403 403 403 403 403 302 404 404 404 404",
    },
    "tenant:directive_list": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:directive_new": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:directive_detail": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:directive_edit": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:directive_close": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 409 409 403 403 403 403 403 403 403 403",
    },
    "tenant:received_directive_list": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:received_directive_detail": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:received_directive_acknowledge": {"POST": "302 403 302 302 403 403 403 403 403 403 403 403"},
    "tenant:api_conflict_list": {
        "GET": "401 403 200 200 200 200 200 200 200 200 200 200",
        "POST": "401 403 422 422 422 422 422 422 422 422 422 422",
    },
    "tenant:api_declaration_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_directive_list": {
        "GET": "401 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "401 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:api_directive_detail": {"GET": "401 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:api_received_directive_list": {"GET": "401 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:api_received_directive_detail": {"GET": "401 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:api_directive_acknowledgement": {"POST": "401 403 422 422 403 403 403 403 403 403 403 403"},
    "tenant:api_directive_report": {"POST": "401 403 422 422 403 403 403 403 403 403 403 403"},
    # Motions, votes and proxies
    "tenant:api_motion_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_motion_detail": {"GET": "401 403 200 200 200 404 200 404 404 404 404 404"},
    "tenant:api_motion_vote": {"POST": "401 403 400 400 400 400 400 400 400 400 400 400"},
    "tenant:api_proxy_list": {
        "GET": "401 403 200 200 200 200 200 200 200 200 200 200",
        "POST": "401 403 422 422 422 422 422 422 422 422 422 422",
    },
    "tenant:api_proxy_revocation": {"POST": "401 403 404 404 404 404 404 200 404 404 404 404"},
    "tenant:motion_list": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:motion_new": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 200 403 403 403 403 403 403 403",
    },
    "tenant:motion_detail": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:motion_edit": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 200 403 403 403 403 403 403 403",
    },
    "tenant:motion_open": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 200 403 403 403 403 403 403 403",
    },
    "tenant:motion_close": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 409 409 409 403 403 403 403 403 403 403",
    },
    "tenant:motion_withdraw": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 200 403 403 403 403 403 403 403",
    },
    "tenant:motion_again": {"POST": "302 403 422 422 422 403 403 403 403 403 403 403"},
    "tenant:motion_teller": {"POST": "302 403 302 302 302 403 403 403 403 403 403 403"},
    "tenant:motion_publish": {"POST": "302 403 302 302 302 403 403 403 403 403 403 403"},
    "tenant:motion_box": {"GET": "302 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:portal_motion_list": {"GET": "302 404 200 200 200 200 200 200 200 200 200 200"},
    "tenant:portal_motion_new": {
        "GET": "302 404 404 404 404 404 404 200 200 200 200 200",
        "POST": "302 404 404 404 404 404 404 200 200 200 200 200",
    },
    "tenant:portal_motion_detail": {"GET": "302 404 200 200 200 404 200 404 404 404 404 404"},
    "tenant:portal_motion_vote": {
        "GET": "302 404 302 302 302 404 302 404 404 404 404 404",
        "POST": "302 404 302 302 302 404 302 404 404 404 404 404",
    },
    "tenant:portal_motion_receipt": {
        "GET": "302 404 404 404 404 404 404 404 404 404 404 404",
        "POST": "302 404 404 404 404 404 404 404 404 404 404 404",
    },
    "tenant:portal_proxy_list": {
        "GET": "302 404 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 404 200 200 200 200 200 200 200 200 200 200",
    },
    "tenant:portal_proxy_revoke": {"POST": "302 404 404 404 404 404 404 302 404 404 404 404"},
    "tenant:conflict_list": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 403 422 422 422 403 422 403 403 403 403 403",
    },
    "tenant:conflict_rule": {"POST": "302 403 302 302 302 403 403 403 403 403 403 403"},
    "tenant:pilot_board": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:pilot_list": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:pilot_calendar": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:pipeline_rules": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 403 422 403 403 403 403 403 403 403 403 403",
    },
    "tenant:product_loop_back": {
        "GET": "302 404 200 200 403 404 403 403 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 403 404 404 404 404",
    },
    "tenant:product_withdraw": {
        "GET": "302 404 200 200 403 404 403 200 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 422 404 404 404 404",
    },
    "tenant:product_admit": {
        "GET": "302 404 200 200 403 404 403 403 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 403 404 404 404 404",
    },
    "tenant:product_release_motion": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 409 409 409 404 403 403 404 404 404 404",
    },
    "tenant:pilot_move": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 403 404 404 404 403 404 403 403 403 403 403",
    },
    "tenant:portal_pilots": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:portal_products": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:product_draft": {
        "GET": "302 403 200 200 403 403 403 403 200 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 422 403 403 403",
    },
    "tenant:product_detail": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:product_edit": {
        "GET": "302 404 200 200 403 404 403 200 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 422 404 404 404 404",
    },
    "tenant:product_move": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:api_product_version_list": {"GET": "401 403 200 200 200 404 200 200 404 404 404 404"},
    "tenant:api_product_file_list": {"GET": "401 403 200 200 200 404 200 200 404 404 404 404"},
    "tenant:api_contribution_list": {"GET": "401 403 200 200 200 404 200 200 404 404 404 404"},
    "tenant:api_product_reference_list": {"GET": "401 403 200 200 200 404 200 200 404 404 404 404"},
    "tenant:kind_list": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:kind_detail": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:kind_edit": {
        "GET": "302 403 200 403 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 403 403 403 403 403 403 403 403 403",
    },
    "tenant:form_newest": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 409 409 403 404 403 409 404 404 404 404",
    },
    "tenant:version_list": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:version_compare": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:version_detail": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:next_version": {
        "GET": "302 404 200 200 403 404 403 200 404 404 404 404",
        "POST": "302 404 409 409 403 404 403 409 404 404 404 404",
    },
    "tenant:product_files": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 422 404 404 404 404",
    },
    "tenant:product_file_remove": {
        "GET": "302 404 200 200 403 404 403 200 404 404 404 404",
        "POST": "302 404 302 302 403 404 403 302 404 404 404 404",
    },
    "tenant:product_file_publish": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 302 302 403 404 403 302 404 404 404 404",
    },
    "tenant:product_public_file": {"GET": "404 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:contribution_edit": {
        "GET": "302 404 200 200 403 404 403 200 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 422 404 404 404 404",
    },
    "tenant:contribution_answer": {
        "GET": "302 404 404 404 404 404 404 200 404 404 404 404",
        "POST": "302 404 404 404 404 404 404 422 404 404 404 404",
    },
    "tenant:reference_add": {
        "GET": "302 404 200 200 403 404 403 200 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 422 404 404 404 404",
    },
    "tenant:reference_remove": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 302 302 403 404 403 302 404 404 404 404",
    },
    "tenant:product_submit": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 302 302 403 404 403 302 404 404 404 404",
    },
    "tenant:product_review": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 422 404 404 404 404",
    },
    "tenant:product_adapt": {
        "GET": "302 404 403 403 403 404 403 403 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 403 404 404 404 404",
    },
    "tenant:product_send_back": {
        "GET": "302 404 200 200 403 404 403 200 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 422 404 404 404 404",
    },
    "tenant:product_release": {
        "GET": "302 404 200 200 200 404 403 403 404 404 404 404",
        "POST": "302 404 422 422 422 404 403 403 404 404 404 404",
    },
    "tenant:product_retire": {
        "GET": "302 404 200 200 200 404 403 403 404 404 404 404",
        "POST": "302 404 422 422 422 404 403 403 404 404 404 404",
    },
    "tenant:pilot_plan": {
        "GET": "302 404 409 409 403 404 403 403 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 403 404 404 404 404",
    },
    "tenant:pilot_amend": {
        "GET": "302 404 200 200 403 404 403 403 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 403 404 404 404 404",
    },
    "tenant:pilot_plan_versions": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:pilot_site": {
        "GET": "302 404 404 404 404 404 404 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:pilot_site_step": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 404 404 404 404 404 422 404 404 404 404",
    },
    "tenant:pilot_site_remove": {
        "GET": "302 404 200 200 403 404 403 403 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 403 404 404 404 404",
    },
    "tenant:pilot_reopen": {
        "GET": "302 404 200 200 403 404 403 403 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 403 404 404 404 404",
    },
    "tenant:api_pilot_list": {"GET": "401 403 200 200 200 404 200 200 404 404 404 404"},
    "tenant:api_pilot_detail": {"GET": "401 403 200 200 200 404 200 200 404 404 404 404"},
    "tenant:api_pilot_site_step": {"POST": "401 403 422 422 422 404 422 422 404 404 404 404"},
    "tenant:pilot_extend": {
        "GET": "302 404 200 200 403 404 403 403 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 403 404 404 404 404",
    },
    "tenant:pilot_close": {
        "GET": "302 404 200 200 403 404 403 403 404 404 404 404",
        "POST": "302 404 409 409 403 404 403 403 404 404 404 404",
    },
    "tenant:pilot_answer": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 422 404 404 404 404",
    },
    "tenant:api_workbook": {"GET": "401 403 403 403 403 404 403 200 404 404 404 404"},
    "tenant:api_workbook_entry_list": {
        "GET": "401 403 200 200 200 404 200 200 404 404 404 404",
        "POST": "401 403 422 422 422 404 422 422 404 404 404 404",
    },
    "tenant:api_workbook_entry_strike": {"POST": "401 403 422 422 422 404 422 422 404 404 404 404"},
    "tenant:pilot_workbook": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 422 404 404 404 404",
    },
    "tenant:pilot_workbook_state": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:pilot_workbook_shell": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:pilot_workbook_worker": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:pilot_workbook_strike": {
        "GET": "302 404 404 404 404 404 404 200 404 404 404 404",
        "POST": "302 404 404 404 404 404 404 422 404 404 404 404",
    },
    "tenant:pilot_answers_csv": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:pilot_comments": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:change_add": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 302 302 302 404 302 302 404 404 404 404",
    },
    "tenant:point_list": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:point_answer": {
        "GET": "302 404 200 200 403 404 403 200 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 422 404 404 404 404",
    },
    "tenant:product_comparison": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:piece_list": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:piece_draft": {
        "GET": "302 404 403 403 403 404 403 403 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 403 404 404 404 404",
    },
    "tenant:piece_detail": {
        "GET": "302 404 200 200 200 200 200 200 404 200 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:piece_edit": {
        "GET": "302 404 403 403 403 403 403 403 404 403 404 404",
        "POST": "302 404 403 403 403 403 403 403 404 403 404 404",
    },
    "tenant:piece_submit": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 403 403 403 403 403 403 404 403 404 404",
    },
    "tenant:piece_check": {
        "GET": "302 404 403 403 403 403 403 403 404 403 404 404",
        "POST": "302 404 403 403 403 403 403 403 404 403 404 404",
    },
    "tenant:piece_renew": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 403 403 403 403 403 403 404 403 404 404",
    },
    "tenant:piece_publish": {
        "GET": "302 404 200 200 403 200 403 403 404 403 404 404",
        "POST": "302 404 422 422 403 422 403 403 404 403 404 404",
    },
    "tenant:piece_withdraw": {
        "GET": "302 404 200 200 403 200 403 403 404 403 404 404",
        "POST": "302 404 422 422 403 422 403 403 404 403 404 404",
    },
    "tenant:share_add": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 302 302 302 404 302 302 404 404 404 404",
    },
    "tenant:share_remove": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 404 404 404 404 404 404 404 404 404 404",
    },
    "tenant:dashboard": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:objective_list": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:objective_create": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 422 403 403 403 403 403 403 403",
    },
    "tenant:objective_detail": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:objective_change": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 422 403 403 403 403 403 403 403",
    },
    "tenant:measurement_report": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:portal_home": {"GET": "302 403 403 403 403 403 403 200 200 200 200 200"},
    "tenant:feedback_list": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:feedback_detail": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:api_charter_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_charter_detail": {"GET": "401 403 404 404 404 404 404 404 404 404 404 404"},
    "tenant:api_responsibility_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_responsibility_detail": {"GET": "401 403 200 200 200 404 200 200 404 404 404 404"},
    "tenant:api_responsibility_answer": {"POST": "401 403 422 422 422 404 422 422 404 404 404 404"},
    "tenant:api_responsibility_report": {"POST": "401 403 422 422 422 404 422 422 404 404 404 404"},
    "tenant:api_consortium_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_consortium_detail": {"GET": "401 403 200 200 200 404 200 200 404 404 404 404"},
    "tenant:api_dispute_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_dispute_detail": {"GET": "401 403 404 404 200 404 404 200 404 404 404 404"},
    "tenant:charter_text": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:charter_version": {"GET": "404 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:charter_changes": {"GET": "404 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:consortium_public_list": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:charter_list": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:charter_detail": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:charter_write": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 403 403 403 403 403 403 403 403",
    },
    "tenant:charter_rules": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 403 403 403 403 403 403 403 403",
    },
    "tenant:charter_propose": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 302 302 403 403 403 403 403 403 403 403",
    },
    "tenant:charter_drop": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:charter_difference": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:charter_acceptances": {
        "GET": "302 403 404 404 404 403 404 403 403 403 403 403",
        "POST": "302 403 404 404 404 403 404 403 403 403 403 403",
    },
    "tenant:charter_article": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 403 403 403 403 403 403 403 403",
    },
    "tenant:charter_article_remove": {"POST": "302 403 404 404 403 403 403 403 403 403 403 403"},
    "tenant:portal_charter": {"GET": "302 403 403 403 403 403 403 200 200 200 200 200"},
    "tenant:portal_charter_accept": {
        "GET": "302 302 302 302 302 302 302 302 302 302 302 302",
        "POST": "302 302 302 302 302 302 302 302 302 302 302 302",
    },
    "tenant:responsibility_list": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:responsibility_new": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 200 403 403 403 403 403 403 403",
    },
    "tenant:responsibility_detail": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:responsibility_report": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 403 403 403 403 403 403 403 403",
    },
    "tenant:responsibility_step": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 302 302 403 403 403 403 403 403 403 403",
    },
    "tenant:portal_duty_list": {"GET": "302 403 403 403 403 403 403 200 200 200 200 200"},
    "tenant:portal_duty": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 302 404 404 404 404",
    },
    "tenant:portal_duty_decline": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 200 404 404 404 404",
    },
    "tenant:portal_duty_report": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 200 404 404 404 404",
    },
    "tenant:consortium_list": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:consortium_detail": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:portal_consortium_list": {"GET": "302 403 403 403 403 403 403 200 200 200 200 200"},
    "tenant:portal_consortium_new": {
        "GET": "302 403 403 403 403 403 403 200 200 200 200 200",
        "POST": "302 403 403 403 403 403 403 200 200 200 200 200",
    },
    "tenant:portal_consortium": {"GET": "302 404 200 200 200 404 200 200 404 404 404 404"},
    "tenant:portal_consortium_edit": {
        "GET": "302 404 403 403 403 404 403 403 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 403 404 404 404 404",
    },
    "tenant:portal_consortium_invite": {
        "GET": "302 404 403 403 403 404 403 403 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 403 404 404 404 404",
    },
    "tenant:portal_consortium_file": {
        "GET": "302 404 403 403 403 404 403 403 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 403 404 404 404 404",
    },
    "tenant:portal_consortium_file_withdraw": {"POST": "302 404 403 403 403 404 403 403 404 404 404 404"},
    "tenant:portal_consortium_uninvite": {"POST": "302 404 403 403 403 404 403 403 404 404 404 404"},
    "tenant:portal_consortium_step": {
        "GET": "302 404 404 404 404 404 404 200 404 404 404 404",
        "POST": "302 404 404 404 404 404 404 404 404 404 404 404",
    },
    "tenant:dispute_list": {"GET": "302 403 403 403 200 403 403 403 403 403 403 403"},
    "tenant:portal_dispute_list": {"GET": "302 403 403 403 403 403 403 200 200 200 200 200"},
    "tenant:portal_dispute_new": {
        "GET": "302 403 403 403 403 403 403 200 200 200 200 200",
        "POST": "302 403 403 403 403 403 403 200 200 200 200 200",
    },
    "tenant:dispute_detail": {"GET": "302 404 404 404 200 404 404 200 404 404 404 404"},
    "tenant:dispute_step": {
        "GET": "302 404 404 404 403 404 404 200 404 404 404 404",
        "POST": "302 404 404 404 403 404 404 422 404 404 404 404",
    },
    "tenant:home": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:story_list": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:story_detail": {"GET": "404 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:catalogue_list": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:catalogue_entry": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:public_piece": {"GET": "404 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:rating_create": {
        "GET": "200 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "422 422 422 422 422 422 422 422 422 422 422 422",
    },
    "tenant:rating_sent": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:rating_confirm": {
        "GET": "410 410 410 410 410 410 410 410 410 410 410 410",
        "POST": "410 410 410 410 410 410 410 410 410 410 410 410",
    },
    "tenant:listing_list": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:listing_detail": {"GET": "404 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:listing_feed": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:listing_desk": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:listing_desk_detail": {
        "GET": "302 403 200 200 404 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:listing_check": {
        "GET": "302 403 200 200 404 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 404 403 403 403 403 403 403 403",
    },
    "tenant:portal_listings": {
        "GET": "302 403 403 403 403 403 403 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:portal_listing_new": {
        "GET": "302 403 403 403 403 403 403 200 200 200 200 200",
        "POST": "302 403 403 403 403 403 403 422 422 422 422 422",
    },
    "tenant:portal_listing_detail": {
        "GET": "302 404 200 200 404 404 200 404 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:portal_listing_edit": {
        "GET": "302 404 200 200 404 404 403 404 404 404 404 404",
        "POST": "302 404 422 422 404 404 403 404 404 404 404 404",
    },
    "tenant:portal_listing_submit": {
        "GET": "302 404 200 200 404 404 403 404 404 404 404 404",
        "POST": "302 404 302 302 404 404 403 404 404 404 404 404",
    },
    "tenant:portal_listing_step": {
        "GET": "302 404 200 200 404 404 403 404 404 404 404 404",
        "POST": "302 404 422 422 404 404 403 404 404 404 404 404",
    },
    "tenant:portal_listing_file_add": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 302 302 404 404 403 404 404 404 404 404",
    },
    "tenant:portal_listing_file_remove": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 302 302 404 404 403 404 404 404 404 404",
    },
    "tenant:api_listing_change": {"POST": "401 403 422 422 404 404 403 404 404 404 404 404"},
    "tenant:api_listing_check": {"POST": "401 403 422 422 404 404 403 404 404 404 404 404"},
    "tenant:api_listing_step": {"POST": "401 403 200 200 404 404 403 404 404 404 404 404"},
    "tenant:public_member": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:institution_act": {"POST": "302 403 302 302 403 403 403 403 403 403 403 403"},
    "tenant:institution_acted": {"GET": "302 403 404 404 403 403 403 403 403 403 403 403"},
    "tenant:institution_act_undo": {"POST": "302 403 302 302 403 403 403 403 403 403 403 403"},
    "tenant:institution_view_save": {"POST": "302 403 302 302 302 403 302 403 403 403 403 403"},
    "tenant:institution_view_drop": {"POST": "302 403 404 404 404 403 404 403 403 403 403 403"},
    "tenant:institution_facts": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:supply_edit": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:staff_end": {
        "GET": "302 403 200 403 403 403 403 403 403 403 403 403",
        "POST": "302 403 302 403 403 403 403 403 403 403 403 403",
    },
    "tenant:staff_deputy": {"POST": "302 403 302 403 403 403 403 403 403 403 403 403"},
    "tenant:staff_invitation_withdraw": {"POST": "302 403 404 403 403 403 403 403 403 403 403 403"},
    "tenant:portal_supply_add": {
        "GET": "302 404 200 200 403 404 403 200 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 422 404 404 404 404",
    },
    "tenant:portal_supply_edit": {
        "GET": "302 404 200 200 403 404 403 200 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 422 404 404 404 404",
    },
    "tenant:portal_supply_end": {"POST": "302 404 302 302 403 404 403 302 404 404 404 404"},
    "tenant:portal_staff_end": {
        "GET": "302 404 200 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 302 403 403 404 403 302 404 404 404 404",
    },
    "tenant:portal_staff_deputy": {"POST": "302 404 302 403 403 404 403 302 404 404 404 404"},
    "tenant:portal_staff_invitation_withdraw": {"POST": "302 404 404 403 403 404 403 404 404 404 404 404"},
    "tenant:institution_people": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 403 422 403 403 403 403 403 403 403 403 403",
    },
    "tenant:portal_own_facts": {"GET": "302 302 302 302 302 302 302 302 302 302 302 302"},
    "tenant:portal_own_elements": {"GET": "302 302 302 302 302 302 302 302 302 302 302 302"},
    "tenant:portal_own_people": {"GET": "302 302 302 302 302 302 302 302 302 302 302 302"},
    "tenant:portal_facts": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 422 404 404 404 404",
    },
    "tenant:portal_elements": {"GET": "302 404 200 200 200 404 200 200 404 404 404 404"},
    "tenant:portal_people": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 404 422 403 403 404 403 422 404 404 404 404",
    },
    "tenant:portal_institution_file": {"GET": "302 404 200 200 403 404 403 200 404 404 404 404"},
    "tenant:old_directory": {"GET": "301 301 301 301 301 301 301 301 301 301 301 301"},
    "tenant:member_directory": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:about": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:feed": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:sitemap": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:rating_moderation": {"GET": "302 403 200 200 403 200 403 403 403 403 403 403"},
    "tenant:rating_moderate": {"POST": "302 403 422 422 403 422 403 403 403 403 403 403"},
    # Admission, standing, exit
    "tenant:api_application_list": {"GET": "401 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:api_application_detail": {"GET": "401 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:application_start": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:application_sent": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:application_create": {
        "GET": "200 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "422 422 422 422 422 422 422 422 422 422 422 422",
    },
    "tenant:application_file": {"GET": "404 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:application_edit": {
        "GET": "404 404 404 404 404 404 404 404 404 404 404 404",
        "POST": "404 404 404 404 404 404 404 404 404 404 404 404",
    },
    "tenant:application_evidence_add": {"POST": "404 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:application_evidence_remove": {"POST": "404 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:application_submit": {"POST": "404 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:application_withdraw": {
        "GET": "404 404 404 404 404 404 404 404 404 404 404 404",
        "POST": "404 404 404 404 404 404 404 404 404 404 404 404",
    },
    "tenant:application_list": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:application_detail": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:application_screen": {"POST": "302 403 302 302 403 403 403 403 403 403 403 403"},
    "tenant:application_return": {
        "GET": "302 403 409 409 403 403 403 403 403 403 403 403",
        "POST": "302 403 409 409 403 403 403 403 403 403 403 403",
    },
    "tenant:application_complete": {"POST": "302 403 409 409 403 403 403 403 403 403 403 403"},
    "tenant:application_reopen": {"POST": "302 403 409 409 403 403 403 403 403 403 403 403"},
    "tenant:application_reasons": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 403 403 403 403 403 403 403 403",
    },
    "tenant:application_vote": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 403 403 403 403 403 403 403 403",
    },
    "tenant:institution_exit": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:institution_exit_shorten": {"POST": "302 403 403 403 422 403 403 403 403 403 403 403"},
    "tenant:institution_exit_settle": {"POST": "302 403 422 422 403 403 403 403 403 403 403 403"},
    "tenant:institution_exit_complete": {"POST": "302 403 409 409 409 403 403 403 403 403 403 403"},
    "tenant:standing_note_add": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 403 403 403 403 403 403 403 403",
    },
    "tenant:standing_motion": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 200 403 403 403 403 403 403 403",
    },
    "tenant:portal_membership": {"GET": "302 302 302 302 302 302 302 200 200 200 200 200"},
    "tenant:portal_membership_notice": {
        "GET": "302 302 302 302 302 302 302 200 200 200 200 200",
        "POST": "302 302 302 302 302 302 302 200 200 200 200 200",
    },
    "tenant:portal_membership_stay": {"POST": "302 302 302 302 302 302 302 302 302 302 302 302"},
    # Seats, positions, meetings, minutes, decisions
    "tenant:action_add": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:action_detail": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:action_list": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:agenda_add": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:agenda_edit": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:agenda_move": {"POST": "302 403 422 422 403 403 403 403 403 403 403 403"},
    "tenant:agenda_remove": {"POST": "302 403 422 422 403 403 403 403 403 403 403 403"},
    "tenant:alternate_end": {"POST": "302 403 302 302 403 403 403 302 403 403 403 403"},
    "tenant:api_action_list": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:api_action_outcome": {"POST": "401 403 422 422 404 404 404 422 404 404 404 404"},
    "tenant:api_meeting_answer": {"POST": "401 403 422 422 422 422 422 422 422 422 422 422"},
    "tenant:api_meeting_detail": {"GET": "401 403 200 200 200 403 200 200 404 404 404 404"},
    "tenant:api_meeting_list": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:api_minutes_list": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:attendance_note": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:decision_detail": {"GET": "404 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:decision_feed": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:decision_list": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:decision_publish": {"POST": "302 403 302 302 302 403 403 403 403 403 403 403"},
    "tenant:decision_register": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:group_composition": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 302 302 403 403 403 403 403 403 403 403",
    },
    "tenant:group_exception": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:meeting_calendar": {"GET": "302 404 200 200 200 404 200 200 404 404 404 404"},
    "tenant:meeting_detail": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:meeting_edit": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:meeting_list": {"GET": "302 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:meeting_new": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:meeting_step": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:minutes_amend": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:minutes_detail": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 403 422 422 422 403 403 403 403 403 403 403",
    },
    "tenant:minutes_edit": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 302 302 403 403 403 403 403 403 403 403",
    },
    "tenant:minutes_step": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:paper_add": {"POST": "302 403 422 422 403 403 403 403 403 403 403 403"},
    "tenant:paper_remove": {"POST": "302 403 302 302 403 403 403 403 403 403 403 403"},
    "tenant:portal_action_detail": {
        "GET": "302 404 200 200 404 404 404 200 404 404 404 404",
        "POST": "302 404 422 422 404 404 404 422 404 404 404 404",
    },
    "tenant:portal_meeting_answer": {"POST": "302 404 404 404 404 404 404 422 404 404 404 404"},
    "tenant:portal_meeting_detail": {"GET": "302 404 200 200 200 404 200 200 404 404 404 404"},
    "tenant:portal_meeting_list": {"GET": "302 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:portal_minutes_remark": {"POST": "302 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:portal_seat_list": {"GET": "302 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:position_end": {"POST": "302 403 302 302 403 403 403 403 403 403 403 403"},
    "tenant:position_fill": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:position_exception": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:public_minutes": {"GET": "404 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:seat_alternates": {
        "GET": "302 403 200 200 403 403 403 200 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 422 403 403 403 403",
    },
    "tenant:seat_invitation_withdraw": {"POST": "302 403 302 302 403 403 403 403 403 403 403 403"},
    "tenant:seat_invite": {"POST": "302 403 422 422 403 403 403 403 403 403 403 403"},
    "tenant:seat_offer": {
        "GET": "302 403 403 403 403 403 403 200 403 403 403 403",
        "POST": "302 403 403 403 403 403 403 422 403 403 403 403",
    },
    "tenant:term_set": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    # Projects, calendar
    "tenant:api_project_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_project_detail": {"GET": "401 403 200 200 200 404 200 200 404 404 404 404"},
    "tenant:calendar_address": {"GET": "302 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:calendar_address_make": {"POST": "302 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:calendar_address_revoke": {"POST": "302 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:calendar_feed": {"GET": "404 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:project_list": {
        "GET": "302 200 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:project_new": {
        "GET": "302 403 200 200 403 403 403 200 200 200 200 200",
        "POST": "302 403 422 422 403 403 403 422 422 422 422 422",
    },
    "tenant:project_detail": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:project_edit": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 422 404 404 404 404",
    },
    "tenant:project_start": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 403 403 403 404 403 302 404 404 404 404",
    },
    "tenant:project_finish": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 403 403 403 404 403 302 404 404 404 404",
    },
    "tenant:project_stop": {
        "GET": "302 404 200 200 200 404 403 200 404 404 404 404",
        "POST": "302 404 422 422 422 404 403 422 404 404 404 404",
    },
    "tenant:project_person_add": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 200 404 404 404 404",
    },
    "tenant:project_person_end": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 403 403 403 404 403 302 404 404 404 404",
    },
    "tenant:project_milestone_new": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 422 404 404 404 404",
    },
    "tenant:project_milestone": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 422 404 404 404 404",
    },
    "tenant:project_milestone_reach": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 422 404 404 404 404",
    },
    "tenant:project_milestone_reopen": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 422 404 404 404 404",
    },
    "tenant:project_task_new": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 422 404 404 404 404",
    },
    "tenant:project_task": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 422 404 404 404 404",
    },
    "tenant:project_task_step": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 403 403 403 404 403 302 404 404 404 404",
    },
    "tenant:project_deliverable_new": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 422 404 404 404 404",
    },
    "tenant:project_deliverable": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 422 404 404 404 404",
    },
    "tenant:project_deliverable_remove": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 403 403 403 404 403 302 404 404 404 404",
    },
    "tenant:project_deliverable_draft": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 422 404 404 404 404",
    },
    "tenant:project_hours": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 403 404 404 404 404",
    },
    "tenant:project_hours_confirm": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 403 403 403 404 403 409 404 404 404 404",
    },
    "tenant:project_hours_strike": {
        "GET": "302 404 403 403 403 404 403 200 404 404 404 404",
        "POST": "302 404 403 403 403 404 403 422 404 404 404 404",
    },
    "tenant:course_list": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:course_new": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:certificate_list": {
        "GET": "302 403 200 200 403 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:path_list": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:path_new": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:path_edit": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:portal_learning": {
        "GET": "302 403 200 200 200 403 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:course_detail": {
        "GET": "302 404 200 200 200 404 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:course_edit": {
        "GET": "302 404 200 200 403 404 403 403 403 403 403 403",
        "POST": "302 404 422 422 403 404 403 403 403 403 403 403",
    },
    "tenant:session_new": {
        "GET": "302 404 200 200 403 404 403 403 403 403 403 403",
        "POST": "302 404 422 422 403 404 403 403 403 403 403 403",
    },
    "tenant:session_detail": {
        "GET": "302 404 200 200 404 404 200 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:session_edit": {
        "GET": "302 404 200 200 403 404 403 403 403 403 403 403",
        "POST": "302 404 422 422 403 404 403 403 403 403 403 403",
    },
    "tenant:session_open": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 302 302 403 404 403 403 403 403 403 403",
    },
    "tenant:session_hold": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 302 302 404 404 403 302 404 404 404 404",
    },
    "tenant:session_cancel": {
        "GET": "302 404 200 200 403 404 403 403 403 403 403 403",
        "POST": "302 404 422 422 403 404 403 403 403 403 403 403",
    },
    "tenant:session_enrol": {
        "GET": "302 403 403 403 403 403 403 200 200 200 200 200",
        "POST": "302 403 403 403 403 403 403 422 422 422 422 422",
    },
    "tenant:session_leave": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 403 403 403 403 403 403 302 302 302 302 302",
    },
    "tenant:session_attendance": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 409 409 404 404 403 409 404 404 404 404",
    },
    "tenant:session_assess": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 409 409 404 404 403 409 404 404 404 404",
    },
    "tenant:certificate_verify": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:certificate_detail": {
        "GET": "302 404 200 200 404 404 200 404 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:certificate_naming": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 403 403 404 404 403 404 404 404 404 404",
    },
    "tenant:certificate_revoke": {
        "GET": "302 404 200 200 404 404 403 404 404 404 404 404",
        "POST": "302 404 422 422 404 404 403 404 404 404 404 404",
    },
    "tenant:api_course_list": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:api_course_detail": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:api_course_session_detail": {"GET": "401 403 200 200 200 403 200 404 404 404 404 404"},
    "tenant:api_session_enrol": {"POST": "401 403 403 403 403 403 403 422 422 422 422 422"},
    "tenant:api_session_leave": {"POST": "401 403 403 403 403 403 403 409 409 409 409 409"},
    "tenant:api_course_session_list": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:api_learning_path_list": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:api_learning_path_detail": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:api_enrolment_list": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:api_enrolment_detail": {"GET": "401 403 404 404 404 403 404 404 404 404 404 404"},
    "tenant:api_certificate_list": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:api_certificate_detail": {"GET": "401 403 404 404 404 403 404 404 404 404 404 404"},
    "tenant:api_certificate_verification": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    # Risks and contribution points
    "tenant:api_honours_detail": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_honours_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_points_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_risk_detail": {"GET": "401 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:api_risk_list": {"GET": "401 403 200 200 200 403 200 403 403 403 403 403"},
    "tenant:api_tariff_detail": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:api_tariff_list": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:honours_csv": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:honours_list": {
        "GET": "302 403 200 200 200 403 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:honours_newest": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:honours_public": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:honours_year": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 403 403 403 302 403 403 403 403 403 403 403",
    },
    "tenant:points_compare": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 302 302 302 403 403 403 403 403 403 403",
    },
    "tenant:points_ledger": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:points_of": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:portal_points": {
        "GET": "302 403 403 403 403 403 403 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:api_listing_matches": {
        "GET": "401 403 200 200 404 404 200 404 404 404 404 404",
        "POST": "401 403 422 422 422 422 422 422 422 422 422 422",
    },
    "tenant:api_match_answer": {"POST": "401 403 422 422 422 404 422 404 404 404 404 404"},
    "tenant:api_match_detail": {"GET": "401 403 200 200 200 404 200 404 404 404 404 404"},
    "tenant:api_match_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_match_step": {"POST": "401 403 409 409 403 404 403 404 404 404 404 404"},
    "tenant:console_listing_matches": {
        "GET": "302 403 200 200 404 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:console_match_accept": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 403 404 404 404 403 403 403 403 403 403 403",
    },
    "tenant:console_match_decline": {
        "GET": "302 403 200 200 404 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 404 403 403 403 403 403 403 403",
    },
    "tenant:console_match_why": {
        "GET": "302 403 404 404 404 403 404 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:match_agree": {
        "GET": "302 404 200 200 403 404 403 404 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 404 404 404 404 404",
    },
    "tenant:match_answer_accept": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 302 302 403 404 403 404 404 404 404 404",
    },
    "tenant:match_answer_decline": {
        "GET": "302 404 200 200 403 404 403 404 404 404 404 404",
        "POST": "302 404 200 200 403 404 403 404 404 404 404 404",
    },
    "tenant:match_contact": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 302 302 403 404 403 404 404 404 404 404",
    },
    "tenant:match_criteria": {
        "GET": "302 404 200 200 404 404 404 404 404 404 404 404",
        "POST": "302 404 200 200 404 404 404 404 404 404 404 404",
    },
    "tenant:match_detail": {
        "GET": "302 404 200 200 200 404 200 404 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:match_end": {
        "GET": "302 404 200 200 403 404 403 404 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 404 404 404 404 404",
    },
    "tenant:match_interest": {
        "GET": "302 403 403 403 403 403 403 404 404 404 404 404",
        "POST": "302 403 403 403 403 403 403 404 404 404 404 404",
    },
    "tenant:match_list": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:match_propose": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 200 403 403 403 403 403 403 403",
    },
    "tenant:match_quality": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:match_quality_csv": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:match_rule": {
        "GET": "302 403 200 200 200 403 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:match_rule_approve": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 403 403 403 302 403 403 403 403 403 403 403",
    },
    "tenant:match_rule_new": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 200 200 200 403 403 403 403 403 403 403",
    },
    "tenant:match_rule_refuse": {
        "GET": "302 403 403 403 200 403 403 403 403 403 403 403",
        "POST": "302 403 403 403 200 403 403 403 403 403 403 403",
    },
    "tenant:portal_listing_matches": {
        "GET": "302 404 200 200 404 404 404 404 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:portal_match_accept": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 404 404 404 404 404 404 404 404 404 404",
    },
    "tenant:portal_match_decline": {
        "GET": "302 404 200 200 404 404 404 404 404 404 404 404",
        "POST": "302 404 200 200 404 404 404 404 404 404 404 404",
    },
    "tenant:portal_match_why": {
        "GET": "302 404 404 404 404 404 404 404 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:portal_matches": {
        "GET": "302 403 403 403 403 403 403 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:risk_detail": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:risk_edit": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 422 403 403 403 403 403 403 403",
    },
    "tenant:risk_list": {
        "GET": "302 403 200 200 200 403 200 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:risk_measure": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 422 403 403 403 403 403 403 403",
    },
    "tenant:risk_measure_done": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 403 302 302 302 403 403 403 403 403 403 403",
    },
    "tenant:risk_measure_new": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 422 403 403 403 403 403 403 403",
    },
    "tenant:risk_measure_remove": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 403 302 302 302 403 403 403 403 403 403 403",
    },
    "tenant:risk_new": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 422 403 403 403 403 403 403 403",
    },
    "tenant:risk_review": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 422 403 403 403 403 403 403 403",
    },
    "tenant:risk_step": {
        "GET": "302 403 403 403 200 403 403 403 403 403 403 403",
        "POST": "302 403 403 403 422 403 403 403 403 403 403 403",
    },
    "tenant:tariff_approve": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 403 403 403 302 403 403 403 403 403 403 403",
    },
    "tenant:tariff_detail": {
        "GET": "302 403 200 200 200 403 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:tariff_list": {
        "GET": "302 403 200 200 200 403 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:tariff_new": {
        "GET": "302 403 403 403 200 403 403 403 403 403 403 403",
        "POST": "302 403 403 403 422 403 403 403 403 403 403 403",
    },
    "tenant:tariff_refuse": {
        "GET": "302 403 403 403 200 403 403 403 403 403 403 403",
        "POST": "302 403 403 403 422 403 403 403 403 403 403 403",
    },
    "tenant:api_contract_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_contract_detail": {"GET": "401 403 200 200 404 404 404 200 404 404 404 404"},
    "tenant:contract_list": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:contract_new": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:clause_list": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:clause_new": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
    },
    "tenant:clause_detail": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:clause_edit": {
        "GET": "302 403 404 404 403 403 403 403 403 403 403 403",
        "POST": "302 403 404 404 403 403 403 403 403 403 403 403",
    },
    "tenant:clause_decide": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 403 422 422 422 403 403 403 403 403 403 403",
    },
    "tenant:contract_template_detail": {
        "GET": "302 403 200 200 200 403 403 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:contract_template_edit": {
        "GET": "302 403 404 404 403 403 403 403 403 403 403 403",
        "POST": "302 403 404 404 403 403 403 403 403 403 403 403",
    },
    "tenant:contract_template_decide": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 403 422 422 422 403 403 403 403 403 403 403",
    },
    "tenant:portal_contract_list": {
        "GET": "302 404 200 200 200 200 200 200 200 200 200 200",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:contract_detail": {
        "GET": "302 404 200 200 404 404 404 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:contract_arrange": {
        "GET": "302 404 200 200 404 404 404 403 404 404 404 404",
        "POST": "302 404 422 422 404 404 404 403 404 404 404 404",
    },
    "tenant:contract_remind": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 409 409 404 404 404 403 404 404 404 404",
    },
    "tenant:contract_cancel": {
        "GET": "302 404 200 200 404 404 404 403 404 404 404 404",
        "POST": "302 404 422 422 404 404 404 403 404 404 404 404",
    },
    "tenant:contract_propose": {
        "GET": "302 404 404 404 404 404 404 200 404 404 404 404",
        "POST": "302 404 404 404 404 404 404 422 404 404 404 404",
    },
    "tenant:contract_terms": {
        "GET": "302 404 200 200 404 404 404 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:contract_compare": {
        "GET": "302 404 200 200 404 404 404 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:contract_comment": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 404 404 404 404 404 422 404 404 404 404",
    },
    "tenant:contract_agree": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 404 404 404 404 404 409 404 404 404 404",
    },
    "tenant:contract_signatories": {
        "GET": "302 404 404 404 404 404 404 200 404 404 404 404",
        "POST": "302 404 404 404 404 404 404 422 404 404 404 404",
    },
    "tenant:contract_sign": {
        "GET": "302 404 302 302 404 404 404 302 404 404 404 404",
        "POST": "302 404 302 302 404 404 404 302 404 404 404 404",
    },
    "tenant:contract_decline": {
        "GET": "302 404 404 404 404 404 404 200 404 404 404 404",
        "POST": "302 404 404 404 404 404 404 422 404 404 404 404",
    },
    "tenant:contract_find": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:contract_verify": {
        "GET": "404 404 404 404 404 404 404 404 404 404 404 404",
        "POST": "404 404 404 404 404 404 404 404 404 404 404 404",
    },
    # Execution of contracts
    "tenant:contract_milestone": {
        "GET": "302 404 302 302 404 404 404 302 404 404 404 404",
        "POST": "302 404 302 302 404 404 404 302 404 404 404 404",
    },
    "tenant:contract_record": {
        "GET": "302 404 200 200 404 404 404 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:contract_complete": {
        "GET": "302 404 404 404 404 404 404 404 404 404 404 404",
        "POST": "302 404 404 404 404 404 404 404 404 404 404 404",
    },
    "tenant:api_milestone_step": {"POST": "401 403 404 404 404 404 404 404 404 404 404 404"},
    "tenant:api_contract_payments": {"POST": "401 403 422 422 404 404 404 422 404 404 404 404"},
    "tenant:api_payment_step": {"POST": "401 403 404 404 404 404 404 404 404 404 404 404"},
    # amendments, suspension, resumption, early end
    "tenant:contract_amend": {
        "GET": "302 404 404 404 404 404 404 302 404 404 404 404",
        "POST": "302 404 404 404 404 404 404 302 404 404 404 404",
    },
    "tenant:contract_notice_new": {
        "GET": "302 404 404 404 404 404 404 302 404 404 404 404",
        "POST": "302 404 404 404 404 404 404 422 404 404 404 404",
    },
    "tenant:contract_notice_detail": {
        "GET": "302 404 200 200 404 404 404 200 404 404 404 404",
        "POST": "302 404 404 404 404 404 404 422 404 404 404 404",
    },
    # Follow-ups and evaluation
    "tenant:api_contract_evaluation_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_contract_evaluation_detail": {"GET": "401 403 200 200 404 404 404 200 404 404 404 404"},
    "tenant:api_contract_follow_up_list": {"GET": "401 403 200 200 403 403 403 403 403 403 403 403"},
    "tenant:follow_up_list": {
        "GET": "302 403 200 200 403 403 403 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:review_appeal_list": {
        "GET": "302 403 403 403 200 403 403 403 403 403 403 403",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:contract_follow_ups": {
        "GET": "302 404 200 200 404 404 404 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:follow_up_answer": {
        "GET": "302 404 200 200 404 404 404 200 404 404 404 404",
        "POST": "302 404 403 403 404 404 404 422 404 404 404 404",
    },
    "tenant:follow_up_handle": {
        "GET": "302 404 200 200 404 404 404 403 404 404 404 404",
        "POST": "302 404 422 422 404 404 404 403 404 404 404 404",
    },
    "tenant:contract_evaluation": {
        "GET": "302 404 200 200 404 404 404 200 404 404 404 404",
        "POST": "302 404 404 404 404 404 404 404 404 404 404 404",
    },
    "tenant:review_appeal": {
        "GET": "302 404 404 404 200 404 404 404 404 404 404 404",
        "POST": "302 404 404 404 422 404 404 404 404 404 404 404",
    },
}
SCOPE_OPENS: dict[str, set[str]] = {
    "experts:read": {"api_expert_list"},
    "motions:read": {"api_motion_list"},
    "resources:read": {"api_resource_list"},
    "*": {"api_certificate_verification", "api_docs", "api_log_head", "api_problem_list", "api_schema"},
    "institutions:read": {"api_institution_detail", "api_institution_list"},
    "charter:read": {"api_charter_list"},
    "responsibilities:read": {"api_responsibility_detail", "api_responsibility_list"},
    "consortia:read": {"api_consortium_list"},
    "applications:read": {"api_application_detail", "api_application_list"},
    "groups:read": {
        "api_action_list",
        "api_coverage",
        "api_group_detail",
        "api_group_list",
        "api_meeting_list",
        "api_minutes_list",
    },
    "projects:read": {"api_project_list"},
    "courses:read": {
        "api_course_detail",
        "api_course_list",
        "api_course_session_list",
        "api_learning_path_detail",
        "api_learning_path_list",
    },
    "honours:read": {"api_honours_detail", "api_honours_list"},
    "products:read": {
        "api_piece_list",
        "api_pilot_list",
        "api_point_list",
        "api_product_file_list",
        "api_product_reference_list",
        "api_product_version_list",
        "api_product_list",
    },
    "catalogue:read": {"api_entry_detail", "api_entry_list"},
    "listings:read": {"api_listing_list"},
    "conflicts:read": {"api_conflict_list", "api_declaration_list"},
    "directives:read": {
        "api_directive_detail",
        "api_directive_list",
        "api_received_directive_detail",
        "api_received_directive_list",
    },
    "objectives:read": {"api_objective_detail", "api_objective_list"},
    "feedback:read": {"api_feedback_list"},
}

_PRODUCT = {"code": column(Product, "code")}
_PIECE = {**_PRODUCT, "piece": column(Piece, "code")}
_INSTITUTION = {"code": column(Institution, "code")}
_MOTION = {"code": column(Motion, "code")}
_IMPORT = {"uuid": column(InstitutionImport, "uuid")}
_OBJECTIVE = {"code": column(Objective, "code")}
_ENTRY = {"code": column(CatalogueEntry, "code")}
_LISTING = {"code": column(Listing, "code")}
_MATCH = {"code": column(Match, "code")}
_KIND = {"kind": column(VirtualGroup, "kind")}
_MEETING = {"code": column(Meeting, "code")}
_AGENDA_ITEM = {**_MEETING, "number": column(AgendaItem, "number")}
_EXPERT = {"code": column(Expert, "code")}
_RESOURCE = {"code": column(Resource, "code")}
_APPLICATION = {"code": column(Application, "code")}
_LINK = {"token": "unknown-token"}
_PROJECT = {"code": column(Project, "code")}
_COURSE = {"code": column(Course, "code")}
_SESSION = {**_COURSE, "number": column(CourseSession, "number")}
_PATH = {"code": column(LearningPath, "code")}
_CERTIFICATE = {"code": column(Certificate, "code")}
_RISK = {"code": column(Risk, "code")}
_CONTRACT = {"code": column(Contract, "code")}
_TERMS = {**_CONTRACT, "number": column(ContractTerms, "number")}
_CLAUSE = {"key": column(ClauseVersion, "key")}
_TEMPLATE = {"key": column(ContractTemplate, "key")}

OBJECTS: dict[str, dict[str, Any]] = {
    # Admission, standing, exit
    "api_application_detail": _APPLICATION,
    "application_create": {"kind": "media_think_tank"},
    **{f"application_{name}": _LINK for name in ("file", "edit", "evidence_add", "submit", "withdraw")},
    "application_evidence_remove": {**_LINK, "evidence": 1},
    **{
        f"application_{name}": _APPLICATION
        for name in ("detail", "screen", "return", "complete", "reopen", "reasons", "vote")
    },
    "institution_exit": _INSTITUTION,
    "institution_exit_settle": _INSTITUTION,
    "institution_exit_shorten": _INSTITUTION,
    "institution_exit_complete": _INSTITUTION,
    "standing_note_add": _INSTITUTION,
    "standing_motion": {**_INSTITUTION, "effect": "suspension"},
    "api_expert_detail": _EXPERT,
    "api_resource_detail": _RESOURCE,
    **{
        f"{area}expert_{verb}": _EXPERT
        for area in ("", "portal_")
        for verb in ("detail", "edit", "consent", "end", "interest_new")
    },
    **{f"{area}expert_interest_end": {**_EXPERT, "interest": column(ExpertInterest, "pk")} for area in ("", "portal_")},
    **{f"{area}resource_{verb}": _RESOURCE for area in ("", "portal_") for verb in ("detail", "edit")},
    "portal_resource_book": _RESOURCE,
    "booking_step": {"uuid": column(ResourceBooking, "uuid"), "step": "confirm"},
    **{
        f"{area}motion_{verb}": _MOTION
        for area, verbs in {
            "": ("detail", "edit", "open", "close", "withdraw", "again", "teller", "publish", "box"),
            "portal_": ("detail", "vote", "receipt"),
            "api_": ("detail", "vote"),
        }.items()
        for verb in verbs
    },
    "portal_proxy_revoke": {"uuid": column(Proxy, "uuid")},
    "api_proxy_revocation": {"uuid": column(Proxy, "uuid")},
    "api_institution_detail": _INSTITUTION,
    "api_group_detail": {"code": column(VirtualGroup, "kind")},
    **dict.fromkeys(
        ("product_loop_back", "product_withdraw", "product_admit", "product_release_motion"),
        _PRODUCT,
    ),
    "api_product_detail": _PRODUCT,
    "api_product_step": {**_PRODUCT, "step": "submit"},
    "api_pilot_answer": _PRODUCT,
    **dict.fromkeys(("api_workbook", "api_workbook_entry_list"), _PRODUCT),
    "api_workbook_entry_strike": {**_PRODUCT, "key": column(WorkbookEntry, "key")},
    **{f"pilot_workbook{part}": _PRODUCT for part in ("", "_state", "_shell", "_worker")},
    "pilot_workbook_strike": {**_PRODUCT, "key": column(WorkbookEntry, "key")},
    "api_entry_detail": _ENTRY,
    "api_rating_list": _ENTRY,
    **dict.fromkeys(("api_listing_detail", "api_listing_change", "api_listing_check"), _LISTING),
    "api_listing_step": {**_LISTING, "step": "submit_listing"},
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
    "api_log_inclusion": {"entry": column(AuditLeaf, "entry_id")},
    "audit_export_file": {"uuid": column(Job, "uuid")},
    "job_detail": {"uuid": column(Job, "uuid")},
    "job_stop": {"uuid": column(Job, "uuid")},
    "file_download": {"uuid": column(StoredFile, "uuid")},
    "institution_import_of_job": {"uuid": column(Job, "uuid")},
    "table_export_csv": {"subject": "institutions"},
    "table_export_xlsx": {"subject": "institutions"},
    "duplicate_search_of_job": {"uuid": column(Job, "uuid")},
    "duplicate_pair": {"uuid": column(DuplicatePair, "uuid")},
    "institution_merge": {"uuid": column(InstitutionMerge, "uuid")},
    **{
        f"institution_import_{verb}": _IMPORT
        for verb in ("detail", "mapping", "progress", "check", "start", "stop", "faults")
    },
    "institution_detail": _INSTITUTION,
    "institution_edit": _INSTITUTION,
    **{f"{area}supply_add": _INSTITUTION for area in ("", "portal_")},
    **{
        f"{area}supply_{verb}": {**_INSTITUTION, "supply": column(ElementSupply, "pk")}
        for area in ("", "portal_")
        for verb in ("edit", "end")
    },
    **{
        f"{area}staff_{verb}": {**_INSTITUTION, "staff": column(InstitutionStaff, "pk")}
        for area in ("", "portal_")
        for verb in ("end", "deputy")
    },
    **{f"{area}staff_invitation_withdraw": {**_INSTITUTION, "uuid": column(Invitation, "uuid")} for area in ("", "portal_")},
    **dict.fromkeys(
        (
            "institution_facts",
            "institution_people",
            "portal_facts",
            "portal_elements",
            "portal_people",
            "portal_institution_file",
            "public_member",
        ),
        _INSTITUTION,
    ),
    "institution_acted": {"uuid": column(BulkAct, "uuid")},
    "institution_act_undo": {"uuid": column(BulkAct, "uuid")},
    "institution_view_drop": {"uuid": column(SavedView, "uuid")},
    "institution_step": {**_INSTITUTION, "step": "suspend"},
    "portal_institution_detail": _INSTITUTION,
    "portal_institution_edit": _INSTITUTION,
    "group_job": {"uuid": column(Job, "uuid")},
    "group_detail": _KIND,
    "seat_leave": {**_KIND, **_INSTITUTION},
    "seat_role": {**_KIND, **_INSTITUTION},
    "coverage_cell": {**_KIND, "element": "policy"},
    # Seats, meetings, minutes, decisions
    "api_meeting_detail": _MEETING,
    "api_meeting_answer": _MEETING,
    "api_action_outcome": {"uuid": column(MeetingAction, "uuid")},
    **dict.fromkeys(("term_set", "position_fill", "position_exception", "group_composition", "group_exception"), _KIND),
    "position_end": {**_KIND, "position": column(Position, "pk")},
    "seat_invite": {**_KIND, **_INSTITUTION},
    "seat_invitation_withdraw": {**_KIND, "uuid": column(SeatInvitation, "uuid")},
    "seat_offer": {"uuid": column(SeatInvitation, "uuid")},
    "seat_alternates": {**_KIND, **_INSTITUTION},
    "alternate_end": {"alternate": column(SeatAlternate, "pk")},
    **dict.fromkeys(
        (
            *("meeting_detail", "meeting_edit", "agenda_add", "attendance_note", "action_add", "minutes_edit"),
            *("minutes_amend", "meeting_calendar", "portal_meeting_detail", "portal_meeting_answer"),
            *("portal_minutes_remark", "public_minutes"),
        ),
        _MEETING,
    ),
    "meeting_step": {**_MEETING, "step": "convene"},
    **dict.fromkeys(("agenda_edit", "agenda_move", "agenda_remove", "paper_add"), _AGENDA_ITEM),
    "paper_remove": {**_MEETING, "paper": column(MeetingPaper, "pk")},
    "action_detail": {"uuid": column(MeetingAction, "uuid")},
    "portal_action_detail": {"uuid": column(MeetingAction, "uuid")},
    "minutes_detail": {**_MEETING, "version": column(Minutes, "version")},
    "minutes_step": {**_MEETING, "version": column(Minutes, "version"), "step": "circulate"},
    "decision_publish": {"code": column(Motion, "code")},
    "decision_detail": {"code": column(Motion, "code")},
    "conflict_rule": {"conflict": column(ConflictOfInterest, "pk"), "ruling": "recuse"},
    "conflict_detail": {"conflict": column(ConflictOfInterest, "pk")},
    "conflict_matter": {"matter": column(ConflictOfInterest, "matter")},
    "conflict_waiver_settle": {"waiver": column(ConflictWaiver, "pk"), "answer": "refuse"},
    "declaration_detail": _INSTITUTION,
    "portal_conflict_agree": {"conflict": column(ConflictOfInterest, "pk")},
    "portal_interest_withdraw": {"interest": column(Interest, "pk")},
    **{f"directive_{verb}": {"code": column(Directive, "code")} for verb in ("detail", "edit", "close")},
    **{f"received_directive_{verb}": {"code": column(ReceivedDirective, "code")} for verb in ("detail", "acknowledge")},
    "api_directive_detail": {"code": column(Directive, "code")},
    "api_received_directive_detail": {"code": column(ReceivedDirective, "code")},
    "api_directive_acknowledgement": {"code": column(ReceivedDirective, "code")},
    "api_directive_report": {"code": column(ReceivedDirective, "code")},
    # Charter, responsibilities, consortia, disputes
    **{
        f"charter_{verb}": {"number": column(CharterVersion, "number")}
        for verb in (
            "version",
            "changes",
            "detail",
            "write",
            "rules",
            "propose",
            "drop",
            "difference",
            "acceptances",
        )
    },
    "charter_article": {"number": column(CharterVersion, "number"), "article": 1},
    "charter_article_remove": {"number": column(CharterVersion, "number"), "article": 1},
    "api_charter_detail": {"code": lambda made: str(made[CharterVersion].number)},  # type: ignore[attr-defined]
    **{
        name: {"code": column(Responsibility, "code")}
        for name in (
            "responsibility_detail",
            "portal_duty",
            "portal_duty_decline",
            "api_responsibility_detail",
            "api_responsibility_answer",
            "api_responsibility_report",
        )
    },
    "responsibility_step": {"code": column(Responsibility, "code"), "step": "end"},
    "responsibility_report": {
        "code": column(Responsibility, "code"),
        "report": column(ResponsibilityReport, "pk"),
    },
    "portal_duty_report": {"code": column(Responsibility, "code"), "report": column(ResponsibilityReport, "pk")},
    **{
        name: {"code": column(Consortium, "code")}
        for name in (
            "consortium_detail",
            "portal_consortium",
            "portal_consortium_edit",
            "portal_consortium_invite",
            "portal_consortium_file",
            "api_consortium_detail",
        )
    },
    "portal_consortium_file_withdraw": {"code": column(Consortium, "code"), "uuid": column(ConsortiumFile, "uuid")},
    "portal_consortium_uninvite": {"code": column(Consortium, "code"), "institution": column(Institution, "code")},
    "portal_consortium_step": {"code": column(Consortium, "code"), "step": "leave"},
    "dispute_detail": {"code": column(Dispute, "code")},
    "dispute_step": {"code": column(Dispute, "code"), "step": "statement"},
    "api_dispute_detail": {"code": column(Dispute, "code")},
    **{
        f"product_{verb}": _PRODUCT
        for verb in ("detail", "edit", "move", "submit", "review", "adapt", "send_back", "release", "retire")
    },
    **{f"pilot_{verb}": _PRODUCT for verb in ("plan", "extend", "close", "answer", "answers_csv", "comments")},
    "piece_draft": _PRODUCT,
    **{f"piece_{verb}": _PIECE for verb in ("detail", "edit", "submit", "check", "renew", "publish", "withdraw")},
    "public_piece": _PIECE,
    "api_piece_detail": {"code": column(Piece, "code")},
    "change_add": _PRODUCT,
    "point_list": _PRODUCT,
    "point_answer": {**_PRODUCT, "key": column(FeedbackPoint, "key")},
    "product_comparison": _PRODUCT,
    **{f"pilot_{name}": _PRODUCT for name in ("amend", "plan_versions", "site", "reopen")},
    "pilot_site_step": {**_PRODUCT, "step": "leave"},
    "pilot_site_remove": {**_PRODUCT, "institution": lambda made: made[PilotParticipant].institution.code},
    "api_pilot_list": _PRODUCT,
    "api_pilot_detail": {**_PRODUCT, "number": column(Pilot, "round")},
    "api_pilot_site_step": {**_PRODUCT, "step": "leave"},
    "api_point_list": _PRODUCT,
    "api_point_answer": {**_PRODUCT, "key": column(FeedbackPoint, "key")},
    "share_add": _PRODUCT,
    "share_remove": _PRODUCT,
    **{f"kind_{verb}": {"kind": "guide"} for verb in ("detail", "edit")},
    **dict.fromkeys(
        (
            "form_newest",
            "version_list",
            "version_compare",
            "next_version",
            "product_files",
            "contribution_edit",
            "contribution_answer",
            "reference_add",
            "api_product_version_list",
            "api_product_file_list",
            "api_contribution_list",
            "api_product_reference_list",
        ),
        _PRODUCT,
    ),
    "version_detail": {**_PRODUCT, "serial": column(ProductVersion, "serial")},
    **{
        f"product_{verb}": {**_PRODUCT, "uuid": column(StoredFile, "uuid")}
        for verb in ("file_remove", "file_publish", "public_file")
    },
    "reference_remove": {**_PRODUCT, "number": column(ProductReference, "pk")},
    "objective_detail": _OBJECTIVE,
    "objective_change": _OBJECTIVE,
    "measurement_report": _OBJECTIVE,
    "feedback_detail": _ENTRY,
    "story_detail": {"slug": column(Article, "slug")},
    "catalogue_entry": _ENTRY,
    "rating_create": _ENTRY,
    "rating_sent": _ENTRY,
    "rating_confirm": {"token": "unknown-token"},
    **dict.fromkeys(
        (
            "listing_detail",
            "listing_desk_detail",
            "listing_check",
            *(f"portal_listing_{verb}" for verb in ("detail", "edit", "submit", "file_add")),
        ),
        _LISTING,
    ),
    "portal_listing_file_remove": {**_LISTING, "uuid": column(StoredFile, "uuid")},
    "portal_listing_step": {**_LISTING, "step": "withdraw"},
    "rating_moderate": {"uuid": column(Rating, "uuid")},
    # Projects, calendar
    **dict.fromkeys(
        (
            "api_project_detail",
            *(f"project_{verb}" for verb in ("detail", "edit", "start", "finish", "stop", "person_add", "hours")),
            *(f"project_{part}_new" for part in ("milestone", "task", "deliverable")),
        ),
        _PROJECT,
    ),
    "project_person_end": {**_PROJECT, "person": column(ProjectPerson, "pk")},
    **{
        f"project_milestone{verb}": {**_PROJECT, "position": column(Milestone, "position")}
        for verb in ("", "_reach", "_reopen")
    },
    "project_task": {**_PROJECT, "number": column(ProjectTask, "number")},
    "project_task_step": {**_PROJECT, "number": column(ProjectTask, "number"), "step": "begin"},
    **{
        f"project_deliverable{verb}": {**_PROJECT, "position": column(Deliverable, "position")}
        for verb in ("", "_remove", "_draft")
    },
    **{f"project_hours_{verb}": {**_PROJECT, "entry": column(WorkHours, "pk")} for verb in ("confirm", "strike")},
    "calendar_feed": {"token": "unknown-token"},
    # Learning
    **dict.fromkeys(("course_detail", "course_edit", "session_new", "api_course_detail"), _COURSE),
    **dict.fromkeys(
        (
            *(f"session_{verb}" for verb in ("detail", "edit", "open", "hold", "cancel", "enrol", "leave", "attendance")),
            *("session_assess", "api_course_session_detail", "api_session_enrol", "api_session_leave"),
        ),
        _SESSION,
    ),
    **dict.fromkeys(("path_edit", "api_learning_path_detail"), _PATH),
    **dict.fromkeys(
        (
            *(f"certificate_{verb}" for verb in ("detail", "naming", "revoke")),
            *("api_certificate_detail", "api_certificate_verification"),
        ),
        _CERTIFICATE,
    ),
    "api_enrolment_detail": {"number": column(Enrolment, "pk")},
    # Risks and contribution points
    **dict.fromkeys(("api_risk_detail", *(f"risk_{verb}" for verb in ("detail", "edit", "review", "measure_new"))), _RISK),
    **{f"risk_measure{verb}": {**_RISK, "measure": column(RiskMeasure, "pk")} for verb in ("", "_done", "_remove")},
    "risk_step": {**_RISK, "step": "accept"},
    # Docking
    **dict.fromkeys(
        (
            *(f"{area}_listing_matches" for area in ("console", "portal", "api")),
            "match_interest",
            "match_criteria",
        ),
        _LISTING,
    ),
    **{
        f"{area}_match_{verb}": {**_LISTING, "other": column(Listing, "code")}
        for area in ("console", "portal")
        for verb in ("why", "accept", "decline")
    },
    **dict.fromkeys(
        (
            *(f"match_{verb}" for verb in ("detail", "contact", "agree", "end", "answer_accept", "answer_decline")),
            "api_match_detail",
            "api_match_answer",
        ),
        _MATCH,
    ),
    "api_match_step": {**_MATCH, "step": "note_contact"},
    **{f"match_rule_{verb}": {"number": column(MatchRuleProposal, "pk")} for verb in ("approve", "refuse")},
    **dict.fromkeys(
        (
            "api_contract_detail",
            *(
                f"contract_{verb}"
                for verb in ("detail", "arrange", "remind", "cancel", "propose", "signatories", "sign", "decline")
            ),
        ),
        _CONTRACT,
    ),
    **dict.fromkeys(("contract_terms", "contract_compare", "contract_comment", "contract_agree"), _TERMS),
    **dict.fromkeys(("clause_detail", "clause_edit"), _CLAUSE),
    "clause_decide": {**_CLAUSE, "version": column(ClauseVersion, "version")},
    **dict.fromkeys(("contract_template_detail", "contract_template_edit"), _TEMPLATE),
    "contract_template_decide": {**_TEMPLATE, "version": column(ContractTemplate, "version")},
    "contract_verify": {"verify_code": column(Contract, "verify_code")},
    **dict.fromkeys(("contract_complete", "contract_record", "api_contract_payments"), _CONTRACT),
    "contract_milestone": {**_CONTRACT, "number": column(MilestoneSubmission, "milestone")},
    "api_milestone_step": {**_CONTRACT, "number": column(MilestoneSubmission, "milestone"), "step": "hand_over"},
    "api_payment_step": {**_CONTRACT, "number": column(MilestonePayment, "number"), "step": "confirm"},
    # amendments, suspension, resumption, early end
    **dict.fromkeys(("contract_amend", "contract_notice_new"), _CONTRACT),
    "contract_notice_detail": {**_CONTRACT, "number": column(ContractNotice, "number")},
    # Follow-ups and evaluation
    **dict.fromkeys(("contract_follow_ups", "contract_evaluation", "api_contract_evaluation_detail"), _CONTRACT),
    **{
        f"follow_up_{verb}": {
            **_CONTRACT,
            "role": column(ContractFollowUp, "role"),
            "number": column(ContractFollowUp, "number"),
        }
        for verb in ("answer", "handle")
    },
    "review_appeal": {**_CONTRACT, "pair": "demand-supply"},
    "points_of": _INSTITUTION,
    "api_tariff_detail": {"code": column(Tariff, "version")},
    **{f"tariff_{verb}": {"version": column(Tariff, "version")} for verb in ("detail", "approve", "refuse")},
    "api_honours_detail": {"code": column(HonoursList, "year")},
    **{f"honours_{verb}": {"year": column(HonoursList, "year")} for verb in ("year", "public", "csv")},
}
"""How each route's identifiers are found among the rows of ``rows.fill_tenant_tables``; plain values name no record."""

WITHOUT_OBJECT = {
    "kind_detail": "the nine kinds of products are the same in every alliance",
    "kind_edit": "likewise",
    "pilot_workbook_shell": "the same empty page for every product, known or not; it is what a phone shows without network",
    "pilot_workbook_worker": "the same script for every product; only its place differs, which is its scope",
    "pilot_workbook_state": "says who is signed in and nothing of the product it stands below",
    "table_export_csv": "names a kind of table, the same in every alliance",
    "table_export_xlsx": "likewise",
    "application_create": "the seven kinds of institutions are the same in every alliance",
    "application_file": "the token is the key, whatever the role",
    "application_edit": "likewise",
    "application_evidence_add": "likewise",
    "application_evidence_remove": "likewise",
    "application_submit": "likewise",
    "application_withdraw": "likewise",
    "api_group_detail": "the six kinds of groups are the same in every alliance",
    "group_detail": "likewise",
    "coverage_cell": "likewise",
    "term_set": "likewise",
    "position_fill": "likewise",
    "group_composition": "likewise",
    "group_exception": "likewise",
    "position_exception": "likewise",
    "switch_language": "names no record",
    "account_reset_password_from_key": "an account's own key",
    "mfa_remove_webauthn": "an account's own key",
    "mfa_edit_webauthn": "an account's own key",
    "usersessions_end": "an account's own session",
    "invitation_accept": "the token is the key, whatever the role",
    "rating_confirm": "the token is the key, whatever the role",
    "calendar_feed": "the token is the key, whatever the role",
    "api_certificate_verification": "says of any code whether it is known here; a code of another alliance is not",
}
"""Routes whose identifiers belong to no record of an alliance, with the reason."""
