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
from operations.models import ImprovementTask, Product
from services.models import Article, CatalogueEntry, Listing, Rating
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
    "tenant:api_group_list": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:api_group_detail": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:api_coverage": {"GET": "401 403 200 200 200 403 200 200 200 200 200 200"},
    "tenant:api_product_list": {
        "GET": "401 403 200 200 200 200 200 200 200 200 200 200",
        "POST": "401 403 422 422 422 422 422 422 422 422 422 422",
    },
    "tenant:api_product_detail": {"GET": "401 403 200 200 200 404 200 200 404 404 404 404"},
    "tenant:api_product_step": {"POST": "401 403 404 404 404 404 404 404 404 404 404 404"},
    "tenant:api_pilot_answer": {"POST": "401 403 422 422 422 404 422 422 404 404 404 404"},
    "tenant:api_entry_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_entry_detail": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_rating_list": {"POST": "401 403 400 400 400 400 400 400 400 400 400 400"},
    "tenant:api_listing_list": {"GET": "401 403 200 200 200 200 200 200 200 200 200 200"},
    "tenant:api_listing_detail": {"GET": "401 403 404 404 404 404 404 404 404 404 404 404"},
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
        "POST": "302 403 422 422 403 403 403 403 403 403 403 403",
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
    "tenant:api_directive_acknowledgement": {"POST": "401 403 200 200 403 403 403 403 403 403 403 403"},
    "tenant:api_directive_report": {"POST": "401 403 422 422 403 403 403 403 403 403 403 403"},
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
        "GET": "302 404 200 200 403 404 403 403 404 404 404 404",
        "POST": "302 404 422 422 403 404 403 403 404 404 404 404",
    },
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
    "tenant:pilot_answers_csv": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:pilot_comments": {
        "GET": "302 404 200 200 200 404 200 200 404 404 404 404",
        "POST": "302 405 405 405 405 405 405 405 405 405 405 405",
    },
    "tenant:improvement_add": {
        "GET": "302 405 405 405 405 405 405 405 405 405 405 405",
        "POST": "302 404 302 302 302 404 302 302 404 404 404 404",
    },
    "tenant:improvement_settle": {
        "GET": "302 404 404 404 403 404 403 404 404 404 404 404",
        "POST": "302 404 404 404 403 404 403 404 404 404 404 404",
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
    "tenant:home": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:story_list": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:story_detail": {"GET": "404 404 404 404 404 404 404 404 404 404 404 404"},
    "tenant:catalogue_list": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
    "tenant:catalogue_entry": {"GET": "200 200 200 200 200 200 200 200 200 200 200 200"},
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
}
SCOPE_OPENS: dict[str, set[str]] = {
    "experts:read": {"api_expert_detail", "api_expert_list"},
    "resources:read": {"api_resource_detail", "api_resource_list"},
    "*": {"api_docs", "api_log_head", "api_problem_list", "api_schema"},
    "institutions:read": {"api_institution_detail", "api_institution_list"},
    "applications:read": {"api_application_detail", "api_application_list"},
    "groups:read": {"api_coverage", "api_group_detail", "api_group_list"},
    "products:read": {"api_product_list"},
    "catalogue:read": {"api_entry_detail", "api_entry_list"},
    "listings:read": {"api_listing_list"},
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
_INSTITUTION = {"code": column(Institution, "code")}
_MOTION = {"code": column(Motion, "code")}
_IMPORT = {"uuid": column(InstitutionImport, "uuid")}
_OBJECTIVE = {"code": column(Objective, "code")}
_ENTRY = {"code": column(CatalogueEntry, "code")}
_LISTING = {"code": column(Listing, "code")}
_KIND = {"kind": column(VirtualGroup, "kind")}
_MEETING = {"code": column(Meeting, "code")}
_AGENDA_ITEM = {**_MEETING, "number": column(AgendaItem, "number")}
_EXPERT = {"code": column(Expert, "code")}
_RESOURCE = {"code": column(Resource, "code")}
_APPLICATION = {"code": column(Application, "code")}
_LINK = {"token": "unknown-token"}

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
    "api_log_inclusion": {"entry": column(AuditLeaf, "entry_id")},
    "audit_export_file": {"uuid": column(Job, "uuid")},
    "job_detail": {"uuid": column(Job, "uuid")},
    "job_stop": {"uuid": column(Job, "uuid")},
    "file_download": {"uuid": column(StoredFile, "uuid")},
    "institution_import_of_job": {"uuid": column(Job, "uuid")},
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
    **dict.fromkeys(("term_set", "position_fill", "group_composition", "group_exception"), _KIND),
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
    "switch_language": "names no record",
    "account_reset_password_from_key": "an account's own key",
    "mfa_remove_webauthn": "an account's own key",
    "mfa_edit_webauthn": "an account's own key",
    "usersessions_end": "an account's own session",
    "invitation_accept": "the token is the key, whatever the role",
    "rating_confirm": "the token is the key, whatever the role",
}
"""Routes whose identifiers belong to no record of an alliance, with the reason."""
