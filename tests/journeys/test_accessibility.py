"""Every page of the product in a real browser: access, room, quiet console, no foreign host, public pages without script.

The list of pages is the list of routes: a route that is in neither ``PAGES`` nor ``NO_PAGE`` fails. What stands in an
address is found by following the links of the demonstration, as its readers do.

A new page needs one row: its route in ``PAGES``, under the area it belongs to, with who reads it; a route without a page
goes into ``NO_PAGE`` with the reason. Nothing else: the tour signs the readers in once, finds the address by itself, opens
each page once per language and looks at it in both themes and three widths (``ROUNDS``) without loading it again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import axe_playwright_python
import pytest
from allauth.mfa.totp.internal import auth as totp
from django.urls import Resolver404, get_resolver, resolve, reverse
from django.urls.resolvers import URLPattern, URLResolver
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, StorageState

from tests.journeys.conftest import Platform

pytestmark = pytest.mark.journey

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
"""What another theme can change; the rest of a page is the same."""
LAYOUT_RULES = [
    "target-size",
    "scrollable-region-focusable",
    "aria-hidden-focus",
    "nested-interactive",
    "button-name",
    "link-name",
    "label",
]
"""What another width can change beside the colours: menus fold, tables scroll, words are hidden."""


@dataclass(frozen=True, slots=True)
class Round:
    """One look at an open page.

    Attributes:
        scheme: The device's colours.
        width: Of the window, in pixels.
        rules: Which rules of axe: all but those of colours (``everything``), ``colours``, ``layout``.
    """

    scheme: Literal["light", "dark"]
    width: int
    rules: tuple[str, ...]


ROUNDS: dict[str, tuple[Round, ...]] = {
    "en": (
        Round("light", 1440, ("everything", "colours")),
        Round("dark", 1440, ("colours",)),
        Round("light", 390, ("layout",)),
        Round("light", 320, ()),
    ),
    "zh-hans": (
        Round("light", 1440, ("everything",)),
        Round("light", 390, ("layout", "colours")),
        Round("light", 320, ()),
    ),
}
"""Looks per language. Names, roles, order and room are looked at in both; no colour follows from a language, so each pair of
theme and width that changes colours is looked at in one. Comparing colours takes two thirds of the time of all rules."""

HOME = "/a/weaving/"
LANGUAGES = tuple(ROUNDS)
FOLLOWED = {
    "product_detail": 15,
    "product_move": 15,
    "product_files": 15,
    "piece_detail": 12,
    "meeting_detail": 24,
    "duplicate_list": 3,
    "risk_detail": 12,
    "portal_listing_detail": 8,
    "match_detail": 12,
    "contract_detail": 12,
    "contract_milestone": 4,
    "contract_evaluation": 3,
}
"""How many pages of a route are read for their links, so that every stage is among them; of other routes one is enough."""
TABBED = {"duplicate_list", "meeting_detail"}
"""Routes whose tabs differ in the query string only."""

PAGES_OF_A_TEST = 32
"""One test for all would take ten minutes for the console, say nothing until then, and count as hung on a slow machine."""

THINKING_SECONDS = 4
"""A form that comes back faster is taken for a machine's."""

NOBODY, OFFICE, ENTERPRISE, WISDOM, MEDIA, GUARDED, HALFWAY = (
    "nobody",
    "office",
    "enterprise",
    "wisdom",
    "media",
    "enterprise3",
    "half-way",
)
"""Who reads: nobody; demonstration accounts; one with all second factors; the same before it showed one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How a page is reached.

    Attributes:
        by: Who reads it.
        like: Route whose identifiers it takes, where no link leads to it in the demonstration's present state.
    """

    by: str
    like: str = ""


PAGES: dict[str, dict[str, Seen]] = {
    "public": {
        route: Seen(NOBODY)
        for route in (
            "honours_newest",
            "honours_public",
            "decision_list",
            "decision_detail",
            "public_minutes",
            "home",
            "story_list",
            "story_detail",
            "catalogue_list",
            "catalogue_entry",
            "public_piece",
            "rating_create",
            "rating_sent",
            "rating_confirm",
            "application_start",
            "application_create",
            "application_sent",
            "application_file",
            "application_edit",
            "application_withdraw",
            "charter_text",
            "charter_version",
            "charter_changes",
            "consortium_public_list",
            "listing_list",
            "listing_detail",
            "member_directory",
            "public_member",
            "public_expert_list",
            "certificate_verify",
            "contract_find",
            "about",
            "log_page",
        )
    },
    "account": {
        **{
            route: Seen(NOBODY)
            for route in (
                "account_login",
                "account_signup",
                "account_inactive",
                "account_reset_password",
                "account_reset_password_done",
                "account_reset_password_from_key",
                "account_reset_password_from_key_done",
                "invitation_accept",
            )
        },
        "account_logout": Seen(OFFICE),
        "account_reauthenticate": Seen(OFFICE),
        "account_change_password": Seen(OFFICE),
        "account_profile": Seen(OFFICE),
        "choose_institution": Seen(ENTERPRISE),
        "choose_alliance": Seen(ENTERPRISE),
        "mfa_authenticate": Seen(HALFWAY),
        **{
            route: Seen(GUARDED)
            for route in (
                "mfa_index",
                "mfa_reauthenticate",
                "mfa_deactivate_totp",
                "mfa_view_recovery_codes",
                "mfa_generate_recovery_codes",
                "mfa_list_webauthn",
                "mfa_add_webauthn",
                "mfa_reauthenticate_webauthn",
                "mfa_edit_webauthn",
                "mfa_remove_webauthn",
                "usersessions_list",
            )
        },
        "mfa_activate_totp": Seen(OFFICE),
    },
    "console": {
        **{
            route: Seen(OFFICE)
            for route in (
                "dashboard",
                "search_jump",
                "job_list",
                "job_detail",
                "person_list",
                "person_detail",
                "person_end_role",
                "invitation_create",
                "invitation_revoke",
                "audit_list",
                "audit_sealing",
                "health_page",
                "institution_list",
                "institution_add",
                "institution_detail",
                "institution_edit",
                "institution_step",
                "institution_facts",
                "institution_people",
                "staff_end",
                "supply_edit",
                "standing_note_add",
                "standing_motion",
                "application_list",
                "application_detail",
                "application_return",
                "application_vote",
                "application_reasons",
                "supply_add",
                "duplicate_list",
                "duplicate_pair",
                "institution_import_list",
                "institution_import_upload",
                "institution_import_mapping",
                "institution_import_detail",
                "course_list",
                "course_new",
                "course_edit",
                "session_new",
                "session_edit",
                "session_cancel",
                "path_list",
                "path_new",
                "path_edit",
                "certificate_list",
                "certificate_revoke",
                "expert_list",
                "expert_new",
                "expert_detail",
                "expert_edit",
                "expert_consent",
                "expert_interest_new",
                "resource_list",
                "resource_detail",
                "resource_edit",
                "group_list",
                "group_detail",
                "coverage_detail",
                "coverage_cell",
                "term_set",
                "position_fill",
                "group_composition",
                "group_exception",
                "position_exception",
                "seat_alternates",
                "meeting_list",
                "meeting_new",
                "meeting_detail",
                "meeting_edit",
                "meeting_step",
                "agenda_add",
                "agenda_edit",
                "action_list",
                "action_detail",
                "decision_register",
                "conflict_list",
                "conflict_matter",
                "conflict_detail",
                "declaration_list",
                "declaration_detail",
                "directive_list",
                "directive_new",
                "directive_detail",
                "directive_close",
                "received_directive_list",
                "charter_list",
                "charter_detail",
                "charter_difference",
                "charter_acceptances",
                "responsibility_list",
                "responsibility_new",
                "responsibility_detail",
                "responsibility_step",
                "consortium_list",
                "consortium_detail",
                "motion_list",
                "motion_new",
                "motion_detail",
                "match_list",
                "match_detail",
                "match_propose",
                "match_agree",
                "match_end",
                "match_rule",
                "match_rule_new",
                "match_quality",
                "console_listing_matches",
                "console_match_why",
                "console_match_decline",
                "risk_list",
                "risk_detail",
                "risk_new",
                "risk_edit",
                "risk_review",
                "risk_measure_new",
                "risk_measure",
                "risk_step",
                "contract_list",
                "contract_new",
                "contract_detail",
                "contract_terms",
                "contract_compare",
                "contract_arrange",
                "contract_signatories",
                "contract_cancel",
                "contract_milestone",
                "contract_record",
                "contract_verify",
                "contract_amend",
                "contract_notice_new",
                "contract_notice_detail",
                "clause_list",
                "clause_new",
                "clause_detail",
                "clause_edit",
                "contract_template_detail",
                "contract_template_edit",
                # Follow-ups and evaluation
                "follow_up_list",
                "follow_up_handle",
                "contract_follow_ups",
                "contract_evaluation",
                "points_ledger",
                "points_of",
                "points_compare",
                "honours_year",
                "honours_list",
                "tariff_list",
                "tariff_detail",
                "listing_desk",
                "listing_desk_detail",
                "listing_check",
                "pilot_board",
                "pilot_list",
                "pilot_calendar",
                "pipeline_rules",
                "product_loop_back",
                "product_withdraw",
                "pilot_extend",
                "pilot_close",
                "pilot_comments",
                "pilot_plan_versions",
                "product_detail",
                "product_edit",
                "product_move",
                "product_send_back",
                "product_retire",
                "point_list",
                "point_answer",
                "product_comparison",
                "objective_list",
                "objective_create",
                "objective_detail",
                "objective_change",
                "measurement_report",
                "feedback_list",
                "feedback_detail",
                "rating_moderation",
                "piece_list",
                "piece_detail",
                "kind_list",
                "kind_detail",
                "version_list",
                "version_detail",
                "version_compare",
                "product_files",
                "product_file_remove",
                "contribution_edit",
                "reference_add",
            )
        },
        "kind_edit": Seen(OFFICE, like="kind_detail"),
        "next_version": Seen(OFFICE, like="product_detail"),
        "piece_publish": Seen(OFFICE, like="piece_detail"),
        "piece_withdraw": Seen(OFFICE, like="piece_detail"),
        "group_job": Seen(OFFICE),
        **{f"motion_{verb}": Seen(OFFICE, like="motion_detail") for verb in ("edit", "open", "close", "withdraw")},
        **{f"charter_{verb}": Seen(OFFICE, like="charter_detail") for verb in ("write", "rules", "propose", "drop")},
        "institution_exit": Seen(OFFICE, like="institution_detail"),
        "pilot_plan": Seen(OFFICE),
        **{route: Seen(OFFICE, like="product_detail") for route in ("pilot_amend", "pilot_reopen")},
        "pilot_site_remove": Seen(OFFICE),
        **{route: Seen(OFFICE, like="product_detail") for route in ("product_release", "product_admit")},
    },
    "portal": {
        **{
            route: Seen(ENTERPRISE)
            for route in (
                "portal_home",
                "portal_meeting_list",
                "portal_meeting_detail",
                "portal_action_detail",
                "portal_seat_list",
                "portal_interest_list",
                "portal_interest_new",
                "portal_conflict_new",
                "portal_pilots",
                "portal_products",
                "portal_institution_detail",
                "portal_membership",
                "portal_membership_notice",
                "portal_institution_edit",
                "portal_facts",
                "portal_elements",
                "portal_people",
                "portal_staff_end",
                "portal_supply_add",
                "portal_supply_edit",
                "portal_expert_list",
                "portal_expert_new",
                "portal_expert_detail",
                "portal_resource_list",
                "portal_resource_new",
                "portal_resource_detail",
                "portal_resource_book",
                "portal_motion_list",
                "portal_motion_new",
                "portal_motion_detail",
                "portal_motion_receipt",
                "portal_proxy_list",
                "portal_charter",
                "portal_duty_list",
                "portal_duty",
                "portal_consortium_list",
                "portal_consortium_new",
                "portal_consortium",
                "portal_consortium_edit",
                "portal_consortium_invite",
                "portal_consortium_file",
                "portal_consortium_step",
                "portal_dispute_list",
                "portal_dispute_new",
                "pilot_answer",
                "pilot_workbook",
                "pilot_site",
                "notification_list",
            )
        },
        **{route: Seen(WISDOM) for route in ("inbox", "inbox_hand_over", "product_draft", "product_review")},
        "portal_institution": Seen(OFFICE),
        "portal_duty_decline": Seen(ENTERPRISE, like="portal_duty"),
        "pilot_workbook_strike": Seen(ENTERPRISE),
        "product_adapt": Seen(MEDIA, like="product_detail"),
        "piece_draft": Seen(MEDIA, like="product_detail"),
        "piece_edit": Seen(MEDIA),
        "piece_check": Seen(WISDOM),
        "portal_contract_list": Seen(WISDOM),
        "contract_propose": Seen(OFFICE, like="contract_detail"),
        "follow_up_answer": Seen(OFFICE),
        **{route: Seen(WISDOM, like="contract_detail") for route in ("contract_sign", "contract_decline")},
        **{
            route: Seen(ENTERPRISE)
            for route in ("project_list", "project_detail", "project_hours", "calendar_address", "portal_points")
        },
        **{
            route: Seen(ENTERPRISE)
            for route in (
                "portal_listings",
                "portal_listing_new",
                "portal_listing_detail",
                "portal_listing_edit",
                "portal_listing_submit",
                "portal_listing_step",
            )
        },
        **{
            route: Seen(WISDOM)
            for route in (
                "project_new",
                "project_edit",
                "project_stop",
                "project_person_add",
                "project_milestone_new",
                "project_milestone",
                "project_milestone_reopen",
                "project_task_new",
                "project_task",
                "project_deliverable_new",
                "project_deliverable",
                "project_deliverable_draft",
                "project_hours_strike",
            )
        },
        "project_milestone_reach": Seen(WISDOM, like="project_milestone"),
        **{
            route: Seen(ENTERPRISE) for route in ("portal_learning", "course_detail", "session_detail", "certificate_detail")
        },
        "session_enrol": Seen(ENTERPRISE, like="session_detail"),
        **{
            route: Seen(ENTERPRISE)
            for route in (
                "portal_matches",
                "portal_listing_matches",
                "portal_match_why",
                "portal_match_decline",
                "match_criteria",
                "match_interest",
            )
        },
    },
}

READ_TWICE: dict[str, tuple[str, ...]] = {
    "portal": ("product_detail", "tariff_list", "honours_list"),
    "console": (
        "inbox",
        "notification_list",
        "product_draft",
        "project_list",
        "project_detail",
        "course_detail",
        "session_detail",
    ),
}
"""Routes that both areas show, each in its own frame."""

FURTHER: dict[str, tuple[tuple[str, str, int], ...]] = {
    "public": (
        (NOBODY, f"{HOME}listings/?side=demand", 200),
        (NOBODY, f"{HOME}certificates/?code=2345-6789-ABCD-EFGH", 200),
        (NOBODY, f"{HOME}nowhere/", 404),
        (NOBODY, "/", 200),
    ),
    "account": (
        (NOBODY, "/accounts/login/", 200),
        (ENTERPRISE, "/accounts/profile/", 200),
        (OFFICE, f"{HOME}accounts/2fa/", 200),
    ),
    "console": (
        (OFFICE, f"{HOME}console/institutions/?q=zzzz", 200),
        (OFFICE, f"{HOME}search/jump/?q=dye", 200),
        (OFFICE, f"{HOME}console/nowhere/", 404),
    ),
    "portal": ((ENTERPRISE, f"{HOME}console/people/", 403),),
}
"""Other states of pages, with the status they answer."""

_POSTED = "takes POST only"
NO_PAGE: dict[str, str] = {
    "meeting_calendar": "a calendar file",
    "decision_feed": "Atom",
    "calendar_feed": "a calendar file",
    "honours_csv": "a table to save",
    **dict.fromkeys(("tariff_new", "tariff_refuse"), "only the committee opens it; a form like risk_new"),
    "match_quality_csv": "a table to save",
    "match_answer_decline": "a form like portal_match_decline",
    "match_rule_refuse": "only the committee opens it; a form like match_propose",
    "review_appeal_list": "only the committee opens it; a table like follow_up_list",
    "review_appeal": "only the committee opens it; a form like follow_up_handle",
    **dict.fromkeys(
        ("match_rule_approve", "console_match_accept", "portal_match_accept", "match_answer_accept", "match_contact"),
        _POSTED,
    ),
    **dict.fromkeys(("tariff_approve", "risk_measure_done", "risk_measure_remove"), _POSTED),
    "contract_complete": "only once everything is paid, which the demonstration closes at once; a page like contract_cancel",
    **dict.fromkeys(
        ("contract_remind", "contract_comment", "contract_agree", "clause_decide", "contract_template_decide"), _POSTED
    ),
    **dict.fromkeys(
        (
            "project_start",
            "project_finish",
            "project_person_end",
            "project_task_step",
            "project_deliverable_remove",
            "project_hours_confirm",
            "calendar_address_revoke",
            "session_open",
            "session_hold",
            "session_leave",
            "session_attendance",
            "session_assess",
            "certificate_naming",
        ),
        _POSTED,
    ),
    "calendar_address_make": "sent by POST; answers with the page of calendar_address and the address, read by its own tests",
    "seat_offer": "needs an offer, which the tour does not make; tests/groups/test_meeting_views reads it",
    **dict.fromkeys(("charter_article_remove", "portal_consortium_file_withdraw", "portal_consortium_uninvite"), _POSTED),
    "charter_article": "only drafts link to it, and the demonstration has none; a form like charter_write",
    "portal_charter_accept": "asks again who is there; a form like portal_duty_decline",
    "responsibility_report": "only where a report waits; a form like responsibility_step",
    "portal_duty_report": "only in the fortnight before a report is due; a form like portal_consortium_file",
    **dict.fromkeys(
        ("dispute_list", "dispute_detail", "dispute_step"), "open to parties, mediator and committee, who do not read here"
    ),
    **dict.fromkeys(
        (
            "switch_theme",
            "usersessions_end",
            "invitation_resend",
            "inbox_dismiss",
            "inbox_undo",
            "notification_read",
            "job_stop",
            "health_retry",
            "audit_export",
            "duplicate_search",
            "duplicate_compare",
            "institution_import_check",
            "institution_import_start",
            "institution_import_stop",
            "supply_end",
            "portal_supply_end",
            "staff_deputy",
            "portal_staff_deputy",
            "staff_invitation_withdraw",
            "portal_staff_invitation_withdraw",
            "institution_act",
            "institution_act_undo",
            "institution_view_save",
            "institution_view_drop",
            "motion_again",
            "motion_teller",
            "motion_publish",
            "portal_proxy_revoke",
            "application_evidence_add",
            "application_evidence_remove",
            "application_submit",
            "application_screen",
            "application_complete",
            "application_reopen",
            "institution_exit_settle",
            "institution_exit_shorten",
            "institution_exit_complete",
            "portal_membership_stay",
            "expert_end",
            "expert_interest_end",
            "portal_expert_end",
            "portal_expert_interest_end",
            "booking_step",
            "group_establish",
            "seat_leave",
            "seat_role",
            "seat_invite",
            "seat_invitation_withdraw",
            "position_end",
            "alternate_end",
            "agenda_move",
            "agenda_remove",
            "paper_add",
            "paper_remove",
            "portal_meeting_answer",
            "portal_minutes_remark",
            "decision_publish",
            "conflict_rule",
            "portal_conflict_agree",
            "conflict_waiver_settle",
            "received_directive_acknowledge",
            "pilot_move",
            "pilot_site_step",
            "product_release_motion",
            "product_submit",
            "form_newest",
            "product_file_publish",
            "reference_remove",
            "change_add",
            "share_add",
            "share_remove",
            "rating_moderate",
            "piece_submit",
            "piece_renew",
            "portal_listing_file_add",
            "portal_listing_file_remove",
        ),
        _POSTED,
    ),
    **dict.fromkeys(
        ("portal_expert_edit", "portal_expert_consent", "portal_expert_interest_new", "portal_resource_edit"),
        "the console's page in the portal's frame; only the own institution's entries lead there",
    ),
    **dict.fromkeys(
        ("attendance_note", "action_add", "minutes_edit", "minutes_detail", "minutes_step", "minutes_amend"),
        "only while a meeting is under way or its minutes are open, which the demonstration's are not for the office;"
        " test_meeting_and_vote walks through them",
    ),
    "switch_language": "redirects",
    "account_start": "redirects",
    "institution_import_of_job": "redirects",
    "duplicate_search_of_job": "redirects",
    "institution_merge": "needs a merge, which the tour does not make; tests/members/test_duplicate_views reads it",
    "table_export_csv": "CSV",
    "table_export_xlsx": "XLSX",
    "old_directory": "redirects",
    "portal_own_facts": "redirects",
    "portal_own_elements": "redirects",
    "portal_own_people": "redirects",
    "portal_institution_file": "CSV",
    "institution_acted": "comes after an act on many, which the tour does not do; tests/members/test_record_views reads it",
    "audit_export_file": "redirects",
    "directive_edit": "needs a draft; the form is that of directive_new",
    "received_directive_detail": "nothing arrives at this alliance; tests/journeys/test_directives drives it",
    "portal_interest_withdraw": "a question about an interest, which this member has not; drawn like directive_close",
    "log_head": "text",
    "log_checker": "a file",
    "vote_checker": "a file",
    "mfa_login_webauthn": "JSON for the sign-in page",
    "institution_import_progress": "a part of institution_import_detail",
    "institution_import_faults": "CSV",
    "pilot_answers_csv": "CSV",
    "pilot_workbook_state": "JSON",
    "pilot_workbook_worker": "a script",
    "pilot_workbook_shell": "opened from the browser's own store; tests/operations/test_workbook_browser.py reads it there",
    "file_download": "a file",
    "product_public_file": "a file",
    "contribution_answer": "only where an institution is asked for its part; tests/operations/test_product_parts_views reads it",
    "motion_box": "a file",
    "portal_motion_vote": "asks again who is there after five minutes, which a round may last; test_meeting_and_vote drives it",
    "alliance_theme_css": "a style sheet",
    "feed": "RSS",
    "listing_feed": "Atom",
    "sitemap": "XML",
    "gallery": "tests/alliance/test_ui_browser.py reads it",
    "api_docs": "tests/alliance/api reads it",
}
"""Routes that show no page, with the reason."""


def route_names(conf: str) -> Iterator[str]:
    """Names of all routes of a URL configuration."""

    def walk(resolver: URLResolver) -> Iterator[str]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLPattern):
                yield entry.name or str(entry.pattern)
            else:
                yield from walk(entry)

    return walk(get_resolver(conf))


def match(path: str) -> tuple[str, dict[str, Any]]:
    """Route and identifiers of an address of the alliance."""
    if not path.startswith(HOME):
        return "", {}
    try:
        found = resolve("/" + path.removeprefix(HOME), urlconf="alliance.urls_tenant")
    except Resolver404:
        return "", {}
    return found.url_name or "", found.kwargs


def address(route: str, kwargs: dict[str, Any] | None = None) -> str:
    return HOME + reverse(route, urlconf="alliance.urls_tenant", kwargs=kwargs).removeprefix("/")


@dataclass(slots=True)
class Tour:
    """The running platform with everybody signed in, and an address for every page.

    Attributes:
        states: Cookies per reader.
        found: Address per reader and route.
    """

    platform: Platform
    browser: Browser
    states: dict[str, StorageState] = field(default_factory=dict)
    found: dict[tuple[str, str], str] = field(default_factory=dict)

    def base(self, reader: str) -> str:
        """Passkeys need a name of a host; the others use the address that the start printed."""
        return self.platform.url.replace("127.0.0.1", "localhost") if reader in {GUARDED, HALFWAY} else self.platform.url

    def open(self, reader: str, language: str = "en", **options: Any) -> BrowserContext:
        context = self.browser.new_context(
            base_url=self.base(reader),
            storage_state=self.states.get(reader),
            viewport={"width": 1440, "height": 900},
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(60_000)
        context.add_cookies([{"name": "django_language", "value": language, "url": self.base(reader)}])
        return context

    @contextmanager
    def page(self, reader: str, **options: Any) -> Iterator[Page]:
        context = self.open(reader, **options)
        try:
            yield context.new_page()
        finally:
            context.close()

    def address_of(self, route: str, seen: Seen) -> str:
        """Address of a page for its reader, or nothing."""
        if seen.like:
            like = self.found.get((seen.by, seen.like)) or self.found.get((OFFICE, seen.like), "")
            return address(route, match(urlsplit(like).path)[1]) if like else ""
        if known := self.found.get((seen.by, route)):
            return known
        plain = not any(entry[1] for entry in get_resolver("alliance.urls_tenant").reverse_dict.getlist(route)[0][0])
        return address(route) if plain else ""


def sign_in(tour: Tour, reader: str, page: Page) -> None:
    account = tour.platform.account(f"{reader}@weaving.demo.example")
    page.goto(address("account_login"))
    page.fill("input[name=login]", account["email"])
    page.fill("input[name=password]", account["password"])
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


def visit(tour: Tour, reader: str, page: Page, path: str) -> Response | None:
    """Open a page; where it asks again who is there, as it does some minutes after the sign-in, answer."""
    answer = page.goto(path)
    here, wanted = match(urlsplit(page.url).path)[0], match(urlsplit(path).path)[0]
    if here == wanted or here != "account_reauthenticate" or reader == NOBODY:
        return answer
    page.fill("input[name=password]", tour.platform.account(f"{reader}@weaving.demo.example")["password"])
    submit(page)
    return page.goto(path)


def submit(page: Page) -> None:
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_load_state()


@pytest.fixture(scope="module")
def tour(platform: Platform, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    """Sign everybody in, bring about what only exists after an action, follow the links."""
    made = Tour(platform, browser)
    for reader in (OFFICE, ENTERPRISE, WISDOM, MEDIA):
        with made.page(reader) as page:
            sign_in(made, reader, page)
            made.states[reader] = page.context.storage_state()
    for reader in (NOBODY, OFFICE, ENTERPRISE, WISDOM, MEDIA):
        follow_links(made, reader)
    guard(made)
    rate(made)
    apply(made)
    reset_password(made)
    invite(made)
    bring_institutions(made, tmp_path_factory.mktemp("import") / "institutions.csv")
    yield made
    release(made)


def follow_links(tour: Tour, reader: str) -> None:
    """Read pages from the first one on; keep one address per route and follow its links."""
    with tour.page(reader) as page:
        queue = [HOME] if reader == NOBODY else [HOME, address("portal_home"), address("dashboard")]
        if reader == OFFICE:  # what lies behind a form of choices has no link
            queue.append(f"{address('meeting_list')}?when=past")
        queued = set(queue)
        count: dict[str, int] = {}
        while queue:
            answer = page.request.get(queue.pop(0))
            route, _kwargs = match(urlsplit(answer.url).path)
            if answer.status != 200 or "html" not in answer.headers["content-type"]:
                continue
            tour.found.setdefault((reader, route), urlsplit(answer.url).path)
            for link in re.findall(r'<a\b[^>]*?\bhref="([^"#]*)', answer.text()):
                aim = urlsplit(urljoin(answer.url, link.replace("&amp;", "&")))
                name, _kwargs = match(aim.path)
                skip = aim.netloc != urlsplit(tour.platform.url).netloc or name in NO_PAGE or name.startswith("api_")
                limit = FOLLOWED.get(name, 1)
                where = f"{aim.path}?{aim.query}" if name in TABBED and aim.query else aim.path
                if skip or not name or where in queued:
                    continue
                tour.found.setdefault((reader, name), aim.path)
                if count.get(name, 0) >= limit:
                    continue
                count[name] = count.get(name, 0) + 1
                queued.add(where)
                queue.append(where)


def guard(tour: Tour) -> None:
    """Give an account a passkey and an app, and stop a second sign-in half-way."""
    with tour.page(GUARDED) as page:
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        session.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        sign_in(tour, GUARDED, page)
        page.goto(address("mfa_activate_totp"))
        secret = page.locator("code.secret").inner_text()
        page.fill("input[name=code]", totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30)))
        submit(page)
        page.wait_for_url(lambda url: "activate" not in url)
        page.goto(address("mfa_add_webauthn"))
        page.fill("input[name=name]", "Laptop")
        page.locator("[data-passkey-button]").click()
        page.wait_for_url(lambda url: "passkeys/add" not in url)
        page.goto(address("mfa_list_webauthn"))
        for link in page.locator("main a[href*='/passkeys/']").all():
            path = urlsplit(link.get_attribute("href") or "").path
            tour.found.setdefault((GUARDED, match(path)[0]), path)
        tour.states[GUARDED] = page.context.storage_state()
    with tour.page(HALFWAY) as page:
        sign_in(tour, GUARDED, page)
        tour.states[HALFWAY] = page.context.storage_state()


def release(tour: Tour) -> None:
    """Take the factors away again, for journeys on the same platform."""
    with tour.page(GUARDED) as page:
        for route in ("mfa_remove_webauthn", "mfa_deactivate_totp"):
            visit(tour, GUARDED, page, tour.address_of(route, Seen(GUARDED)))
            submit(page)


def rate(tour: Tour) -> None:
    """Rate a service as its readers may: without script."""
    with tour.page(NOBODY, java_script_enabled=False) as page:
        page.goto(tour.found[NOBODY, "rating_create"])
        page.locator("input[name=score]").last.check()
        page.locator("input[name=client_kind]").last.check()
        page.fill("input[name=email]", "reader@visitors.example")
        time.sleep(THINKING_SECONDS)
        submit(page)
        tour.found[NOBODY, "rating_sent"] = urlsplit(page.url).path
    tour.found[NOBODY, "rating_confirm"] = link_in_mail(tour, "ratings/", "reader@visitors.example")


def apply(tour: Tour) -> None:
    """Apply for membership without script; the file behind the private link waits to be sent."""
    with tour.page(NOBODY, java_script_enabled=False) as page:
        form = address("application_create", {"kind": "media_think_tank"})
        page.goto(form)
        page.fill("input[name=name_en]", "Selvedge Weekly")
        page.fill("textarea[name=statement_1]", "A weekly for mills.")
        page.fill("textarea[name=statement_2]", "Check lists made from studies.")
        for question in ("channels", "editing"):
            page.fill(f"textarea[name=answer_{question}]", "As stated.")
        page.fill("input[name=contact_name]", "Ada Reed")
        page.fill("input[name=contact_email]", "ada.reed@visitors.example")
        page.check("input[name=consent]")
        time.sleep(THINKING_SECONDS)
        submit(page)
        tour.found[NOBODY, "application_sent"] = urlsplit(page.url).path
    file = link_in_mail(tour, "apply/file/", "ada.reed@visitors.example")
    tour.found[NOBODY, "application_create"] = form
    tour.found[NOBODY, "application_file"] = file
    tour.found[NOBODY, "application_edit"] = f"{file}edit/"
    tour.found[NOBODY, "application_withdraw"] = f"{file}withdraw/"
    # Applications of the demonstration in the states of these pages.
    for route, code in (("return", "A-0003"), ("vote", "A-0005"), ("reasons", "A-0008")):
        tour.found[OFFICE, f"application_{route}"] = address(f"application_{route}", {"code": code})
    tour.found[OFFICE, "pilot_plan"] = address("pilot_plan", {"code": "P-026"})  # one that is being improved


def link_in_mail(tour: Tour, part: str, to: str) -> str:
    """The link in the newest mail to an address; the demonstration has written mails like it to others."""
    mail = tour.platform.wait_for_mail(f"{HOME}{part}", to)
    found = re.search(rf"{HOME}{part}[^\s\"<>]+", re.sub(r"=\r?\n", "", mail))
    assert found is not None
    return found[0].replace("=3D", "=")


def reset_password(tour: Tour) -> None:
    with tour.page(NOBODY) as page:
        page.goto(address("account_reset_password"))
        email = tour.platform.account("foundation@weaving.demo.example")["email"]
        page.fill("input[name=email]", email)
        submit(page)
        page.goto(link_in_mail(tour, "accounts/password/reset/key/", email))
        tour.found[NOBODY, "account_reset_password_from_key"] = urlsplit(page.url).path
        tour.states[NOBODY] = page.context.storage_state()  # the key is kept in the session


def invite(tour: Tour) -> None:
    with tour.page(OFFICE) as page:
        page.goto(address("invitation_create"))
        page.fill("input[name=email]", "newcomer@weaving.demo.example")
        page.check("input[name=language][value=en]")
        page.check("input[name=roles][value=editor]")
        submit(page)
        page.goto(address("person_list"))
        withdraw = page.locator("main a[href*='/invitations/']").first.get_attribute("href") or ""
        tour.found[OFFICE, "invitation_revoke"] = urlsplit(withdraw).path
    tour.found[NOBODY, "invitation_accept"] = link_in_mail(tour, "invitations/", "newcomer@weaving.demo.example")


def bring_institutions(tour: Tour, path: Path) -> None:
    """Upload a table with a fault in it, try it out, and let the institutions join their groups: two jobs."""
    path.write_text("Name,Kind,Country\nQuiet Loom Study Centre,University,CN\n,University,CN\n", encoding="utf-8")
    with tour.page(OFFICE) as page:
        page.goto(address("institution_import_upload"))
        page.set_input_files("input[name=file]", str(path))
        submit(page)
        route, kwargs = match(urlsplit(page.url).path)
        assert route == "institution_import_mapping"
        tour.found[OFFICE, route] = address(route, kwargs)
        tour.found[OFFICE, "institution_import_detail"] = address("institution_import_detail", kwargs)
        submit(page)
        page.goto(address("group_list"))
        page.check("input[name=groups][value=policy_group]")
        page.locator("form:has(input[name=groups]) button[type=submit]").click()
        page.wait_for_url("**/console/groups/jobs/**")
        tour.found[OFFICE, "group_job"] = urlsplit(page.url).path
        tour.found[OFFICE, "job_detail"] = address("job_detail", match(urlsplit(page.url).path)[1])


def pages_of(tour: Tour, area: str) -> list[tuple[str, str, int]]:
    """Reader, address and expected status of every page of an area, ordered by reader."""
    rows = [(seen.by, tour.address_of(route, seen), 200) for route, seen in PAGES[area].items()]
    reader = OFFICE if area == "console" else ENTERPRISE
    rows += [(reader, tour.address_of(route, Seen(reader)), 200) for route in READ_TWICE.get(area, ())]
    return sorted({*rows, *FURTHER[area]})


def parts_of(area: str) -> int:
    """Into how many tests the pages of an area are divided."""
    return ceil((len(PAGES[area]) + len(READ_TWICE.get(area, ())) + len(FURTHER[area])) / PAGES_OF_A_TEST)


PARTS = [(area, part) for area in PAGES for part in range(parts_of(area))]


class Complaints:
    """What the browser complains of while pages are read."""

    def __init__(self, context: BrowserContext, host: str) -> None:
        self.host = host
        self.said: list[str] = []
        self.expected_status = 200
        context.on("console", self._listen)
        context.on("weberror", lambda error: self.said.append(str(error.error)))
        context.on("request", lambda request: self._watch(request.url))

    def _listen(self, message: ConsoleMessage) -> None:
        foreseen = self.expected_status != 200 and f"status of {self.expected_status}" in message.text
        if message.type in {"error", "warning"} and not foreseen:
            self.said.append(f"console: {message.text}")

    def _watch(self, url: str) -> None:
        if url.startswith("http") and urlsplit(url).netloc != self.host:
            self.said.append(f"request to {url}")

    def take(self) -> list[str]:
        taken, self.said = self.said, []
        return taken


MARK_TWINS = """() => {
    const own = new Set(["id", "href", "for", "name", "value", "datetime", "title", "src", "action", "alt",
        "aria-label", "aria-labelledby", "aria-describedby", "aria-controls"]);
    const look = node => {
        const attributes = [...node.attributes].filter(one => !own.has(one.name) && !one.name.startsWith("hx-"));
        const inside = [...node.childNodes].map(child =>
            child.nodeType === 1 ? look(child) : child.nodeType === 3 && child.data.trim() ? "text" : "");
        return `<${node.tagName} ${attributes.map(one => `${one.name}=${one.value}`).join(" ")}>${inside.join("")}</>`;
    };
    for (const list of document.querySelectorAll("tbody, ul, ol, dl")) {
        const count = new Map();
        for (const child of [...list.children].slice(0, -1)) {
            const one = look(child);
            count.set(one, (count.get(one) || 0) + 1);
            if (count.get(one) > 2) child.setAttribute("data-twin", "");
        }
    }
}"""
"""Marks rows whose elements, classes and states are those of two rows before them in the same list (even and odd): whatever
their words, their colours are the same. The last row is never marked, for it may have a look of its own."""

SCOPES: dict[str, tuple[Any, dict[str, Any]]] = {
    "everything": (
        {},
        {"runOnly": {"type": "tag", "values": RULES}, "rules": {name: {"enabled": False} for name in COLOUR_RULES}},
    ),
    "colours": ({"exclude": ["[data-twin]"]}, {"runOnly": {"type": "rule", "values": COLOUR_RULES}}),
    "layout": ({}, {"runOnly": {"type": "rule", "values": LAYOUT_RULES}}),
}
"""Part of the page and options of axe, per kind of rules."""


def violations(page: Page, kind: str) -> list[str]:
    context, options = SCOPES[kind]
    result: dict[str, Any] = page.evaluate(
        "([part, options]) => axe.run(part.exclude ? part : document, options)",
        [context, {**options, "resultTypes": ["violations"]}],
    )
    return [f"{one['id']}: {node['html'][:200]}" for one in result["violations"] for node in one["nodes"]]


def inspect(page: Page, language: str) -> list[str]:
    """Everything that is wrong with the page that is open."""
    wrong = []
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    page.evaluate(AXE)
    page.evaluate(MARK_TWINS)
    for turn in ROUNDS[language]:
        page.emulate_media(color_scheme=turn.scheme)
        page.set_viewport_size({"width": turn.width, "height": 900})
        page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        room = page.evaluate("document.documentElement.scrollWidth")
        if room > turn.width:
            wrong.append(f"scrolls sideways: {room} of {turn.width} px")
        for kind in turn.rules:
            wrong += [f"{turn.scheme} {turn.width} {found}" for found in violations(page, kind)]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})
    return wrong


def test_every_route_is_a_page_or_says_why_not() -> None:
    names = {name for conf in ("alliance.urls", "alliance.urls_tenant") for name in route_names(conf)}
    named = {route for area in PAGES.values() for route in area}
    routes = {name for name in names if not name.startswith("api_") or name == "api_docs"}

    assert sorted(routes - named - NO_PAGE.keys()) == []
    assert sorted((named | NO_PAGE.keys()) - routes) == []
    assert sorted(named & NO_PAGE.keys()) == []


def test_every_theme_and_width_is_looked_at() -> None:
    rounds = {(turn.scheme, turn.width, kind) for turns in ROUNDS.values() for turn in turns for kind in turn.rules}
    colours = {(scheme, width) for scheme, width, kind in rounds if kind == "colours"}

    assert {("light", 1440), ("dark", 1440), ("light", 390)} <= colours
    for turns in ROUNDS.values():
        assert "everything" in turns[0].rules
        assert any(turn.width == 390 and "layout" in turn.rules for turn in turns)
        assert {turn.width for turn in turns} == {1440, 390, 320}


def test_only_rows_that_look_like_two_others_count_as_seen(page: Page) -> None:
    row = '<li class="{look}"><a href="/{number}/">Word {number}</a></li>'
    looks = ["", "", "", "late", "", "late", "late", "", ""]
    page.set_content(f"<ul>{''.join(row.format(look=look, number=number) for number, look in enumerate(looks))}</ul>")

    page.evaluate(MARK_TWINS)

    marked = page.locator("li").evaluate_all("rows => rows.map(row => row.hasAttribute('data-twin'))")
    assert [number for number, one in enumerate(marked) if one] == [2, 4, 6, 7]


def test_a_faint_word_is_found_in_a_row_that_looks_different(page: Page) -> None:
    faint = '<li class="faint"><span style="color: #ccc; background: #fff">Faint</span></li>'
    page.set_content(f"<html lang=en><title>x</title><main><ul>{'<li>Word</li>' * 9}{faint}<li>Word</li></ul></main></html>")
    page.evaluate(AXE)
    page.evaluate(MARK_TWINS)

    assert [found.partition(":")[0] for found in violations(page, "colours")] == ["color-contrast"]


@pytest.mark.parametrize("area", PAGES)
def test_every_page_has_an_address_in_the_demonstration(tour: Tour, area: str) -> None:
    assert [route for route, seen in PAGES[area].items() if not tour.address_of(route, seen)] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("area", "part"), PARTS)
def test_pages_are_accessible_in_both_themes_and_all_widths(tour: Tour, area: str, part: int, language: str) -> None:
    wrong: list[str] = []
    rows = pages_of(tour, area)[part :: parts_of(area)]
    for reader in sorted({row[0] for row in rows}):
        context = tour.open(reader, language)
        complaints = Complaints(context, urlsplit(tour.base(reader)).netloc)
        page = context.new_page()
        for _reader, path, status in (row for row in rows if row[0] == reader):
            complaints.expected_status = status
            answer = visit(tour, reader, page, path)
            found = inspect(page, language) + complaints.take()
            if answer is None or answer.status != status:
                found.append(f"answered {answer and answer.status}, not {status}")
            if urlsplit(page.url).path != urlsplit(path).path:
                found.append(f"went to {page.url}")
            if page.locator("html").get_attribute("lang") != {"en": "en", "zh-hans": "zh-Hans"}[language]:
                found.append(f"is not in {language}")
            wrong += [f"{reader} {path}: {one}" for one in found]
        context.close()

    assert wrong == []


def test_public_pages_say_the_same_without_script(tour: Tour) -> None:
    # The page of the audit log shows its newest head, which a seal between the two readings replaces.
    rows = [row for row in pages_of(tour, "public") if row[2] == 200 and match(row[1])[0] != "log_page"]
    read: Callable[[Page], list[str]] = lambda page: [  # noqa: E731
        (page.goto(path), page.locator("main").inner_text())[1] for _reader, path, _status in rows
    ]
    with tour.page(NOBODY) as page:
        with_script = read(page)
    with tour.page(NOBODY, java_script_enabled=False) as page:
        without = read(page)
        scripts = page.locator("script[src]").count()

    assert scripts == 0
    assert all(len(text) > 60 for text in without), "a page is empty"
    assert [row[1] for row, one, other in zip(rows, with_script, without, strict=True) if one != other] == []


def test_account_pages_can_be_sent_without_script(tour: Tour) -> None:
    rows = [row for row in pages_of(tour, "account") if row[0] == NOBODY]
    with tour.page(NOBODY, java_script_enabled=False) as page:
        for _reader, path, _status in rows:
            page.goto(path)
            assert page.locator("h1").is_visible(), path
            for form in page.locator("main form[method=post]:not([data-passkey-form])").all():
                if form.locator("input:visible").count():
                    assert form.locator("button[type=submit]:visible").count(), path
