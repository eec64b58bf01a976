"""Admission in a real browser with real workers: an applicant of each of the seven kinds, from the public form to member.

One of them goes every step in Chinese: sent back once for a missing paper, completed, admitted, invited, with a new account
and second factor to the accepted charter. The other six take the same pages with nothing in the way; the office notes their
acceptance of the charter. The committee's votes are cast by the action behind the vote page, for most of its
representatives in the demonstration are people nobody signs in as.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from members.choices import InstitutionKind
from members.selectors.admission import REQUIREMENTS
from tests.factories.admission import PDF, make_uscc
from tests.journeys.conftest import HOME, Platform, reader, run_in, until

pytestmark = pytest.mark.journey

LANGUAGE = "zh-hans"
FULL = InstitutionKind.SPECIALISED_THINK_TANK
PASSWORD = "four words of the loom 2026"  # noqa: S105 - of an account that lives as long as the journey
THINKING_SECONDS = 4
"""A form that comes back faster is taken for a machine's."""


@dataclass(slots=True)
class Applicant:
    """One of the seven."""

    kind: str
    number: int
    link: str = ""
    code: str = ""
    motion: str = ""
    institution: str = ""

    @property
    def mail(self) -> str:
        """Address of the contact person."""
        return f"applicant.{self.number}@admission.example"

    @property
    def name(self) -> str:
        """Name in Chinese."""
        return f"旅程申请机构{self.number}"


def press(page: Page, selector: str) -> None:
    """Press a button and wait for the page that follows."""
    with page.expect_navigation():
        page.locator(selector).first.click()


def fill_in(page: Page, applicant: Applicant) -> None:
    """Answer everything the kind's form asks; leave the file of answers complete."""
    page.fill("input[name=name_zh]", applicant.name)
    page.fill("input[name=name_en]", f"Journey Applicant {applicant.number}")
    if page.locator("input[name=subkind]").count():
        page.locator("input[name=subkind]").first.check()
    page.fill("input[name=region]", "广东省")
    page.fill("input[name=registry_code]", make_uscc(900_000 + applicant.number))
    page.fill("textarea[name=statement_1]", "十二名研究人员，近三年成果九项。")
    if page.locator("select[name=element_2]").input_value():
        page.fill("textarea[name=statement_2]", "每年接收访问人员四名。")
    for question in REQUIREMENTS[applicant.kind].questions:
        page.fill(f"textarea[name=answer_{question.key}]", f"答：{question.key}。")
    page.fill("input[name=contact_name]", "周敏")
    page.fill("input[name=contact_email]", applicant.mail)
    page.check("input[name=consent]")


def link_for(platform: Platform, applicant: Applicant, part: str) -> str:
    """The newest link of a kind in the mails to an applicant."""

    def find() -> str | None:
        for mail in reversed(platform.mails()):
            text = re.sub(r"=\r?\n", "", mail)
            if f"To: {applicant.mail}" in text and (found := re.search(rf"{HOME}{part}[^\s\"<>]+", text)):
                return found[0].replace("=3D", "=")
        return None

    return until(find, f"no mail with {part} to {applicant.mail}")


def add_evidence(page: Page, applicant: Applicant, folder: Path, *, without: str = "") -> None:
    """Upload the evidence of the kind, one file after another."""
    for evidence in REQUIREMENTS[applicant.kind].evidence:
        if evidence == without:
            continue
        path = folder / f"{applicant.number}-{evidence}.pdf"
        path.write_bytes(PDF)
        page.select_option("#evidence select[name=kind]", evidence)
        page.set_input_files("#evidence input[name=file]", str(path))
        press(page, "#evidence form[enctype] button[type=submit]")
        expect(page.locator("#evidence")).to_contain_text(path.name)


def state_of(page: Page, applicant: Applicant) -> str:
    """The state of an application, by the API."""
    answer = page.request.get(f"{HOME}/api/v1/applications/{applicant.code}/")
    assert answer.status == 200, answer.text()
    record: dict[str, Any] = answer.json()
    applicant.motion = record["decision_reference"]
    applicant.institution = (record["institution"] or {}).get("code", "")
    return str(record["state"])


def is_accepted(page: Page, applicant: Applicant) -> bool:
    """Whether the committee's decision has been carried out."""
    return state_of(page, applicant) == "accepted"


def accept_invitation(browser: Browser, platform: Platform, applicant: Applicant) -> None:
    """A new account by the invitation, its second factor, and the charter."""
    with reader(browser, platform, language=LANGUAGE) as page:
        page.goto(link_for(platform, applicant, "/invitations/"))
        page.fill("input[name=name_zh]", "周敏")
        for field in page.locator("input[type=password]").all():
            field.fill(PASSWORD)
        press(page, "main form button.primary[type=submit]")
        page.goto(f"{HOME}/portal/membership/")
        assert "required=1" in page.url  # nobody acts for a member without a second factor
        set_up_factor(page)
        page.goto(f"{HOME}/portal/membership/")
        expect(page.locator("main h1")).to_contain_text(applicant.name)
        page.goto(f"{HOME}/portal/charter/accept/")
        if page.locator("input[name=password]").count() and "reauth" in page.url:
            page.fill("input[name=password]", PASSWORD)
            press(page, "main form button[type=submit]")
        for box in page.locator("main input[type=checkbox]").all():
            box.check()
        press(page, "main form button[type=submit]")
        page.goto(f"{HOME}/portal/membership/")
        expect(page.locator("#standing li")).to_have_count(2)


def set_up_factor(page: Page) -> None:
    """An application that shows codes, as the page asks for."""
    page.goto(HOME + reverse("mfa_activate_totp", urlconf="alliance.urls_tenant"))
    if page.locator("input[name=password]").count():
        page.fill("input[name=password]", PASSWORD)
        press(page, "main form button[type=submit]")
    secret = page.locator("code.secret").inner_text()
    page.fill("input[name=code]", totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30)))
    press(page, "main form button[type=submit]")


def test_one_applicant_of_each_kind_goes_from_the_public_form_to_member(
    browser: Browser, platform: Platform, tmp_path: Path
) -> None:
    base = int(time.time()) % 90_000
    applicants = [Applicant(str(kind), base + place) for place, kind in enumerate(InstitutionKind.values)]
    full = next(one for one in applicants if one.kind == FULL)

    # 1. The public form of each kind; only a mail goes out.
    run_in(
        platform,
        "from alliance.kernel import limits\n"
        "limits.forget('public_form_network', alliance.pk, 'application', limits.network_of('127.0.0.1'))",
    )
    with reader(browser, platform, language=LANGUAGE) as page:
        page.goto(f"{HOME}/apply/")
        opened: list[tuple[Applicant, Page]] = []
        for place, one in enumerate(applicants):
            if place == 0:
                assert page.locator("main a[href*='/apply/']").count() >= 7
            tab = page.context.new_page()
            tab.goto(f"{HOME}/apply/{one.kind}/")
            fill_in(tab, one)
            opened.append((one, tab))
        time.sleep(THINKING_SECONDS)
        for place, (one, tab) in enumerate(opened):
            if place == 5:  # the sixth applicant behind one address within an hour is asked to wait, and loses nothing
                press(tab, "main form button.primary[type=submit]")
                expect(tab.locator("input[name=name_zh]")).to_have_value(one.name)
                run_in(
                    platform,
                    "from alliance.kernel import limits\n"
                    "limits.forget('public_form_network', alliance.pk, 'application', limits.network_of('127.0.0.1'))",
                )
            press(tab, "main form button.primary[type=submit]")
            tab.wait_for_url(re.compile(r"/apply/sent/"))
            tab.close()

        # 2. The private link: evidence, then sent. One leaves a paper out.
        for one in applicants:
            one.link = urlsplit(link_for(platform, one, "/apply/file/")).path
            page.goto(one.link)
            add_evidence(page, one, tmp_path, without="track_record" if one is full else "")
            press(page, "#send button[type=submit]")
            found = re.search(r"A-\d+", page.locator("main .page-head").inner_text())
            assert found is not None
            one.code = found[0]

    # 3. The office checks; what is missing goes back at once and comes back complete.
    with reader(browser, platform, "secretariat", LANGUAGE) as office:
        office.goto(f"{HOME}/console/applications/")
        expect(office.locator("table")).to_contain_text(full.name)
        office.goto(f"{HOME}/console/applications/{full.code}/")
        press(office, "form[action$='/screen/'] button")
        press(office, "form[action$='/complete/'] button")
        assert state_of(office, full) == "screening"  # refused: a paper is missing
        press(office, "main a[href$='/return/']")
        assert office.locator("input[name=point_evidence_track_record]").input_value()
        press(office, "main form button.primary[type=submit]")
        assert state_of(office, full) == "returned"
        with reader(browser, platform, language=LANGUAGE) as page:
            page.goto(full.link)
            add_evidence(page, full, tmp_path)
            press(page, "#send button[type=submit]")
        for one in applicants:
            office.goto(f"{HOME}/console/applications/{one.code}/")
            if one is not full:
                press(office, "form[action$='/screen/'] button")
            press(office, "form[action$='/complete/'] button")
            press(office, "main a[href$='/vote/']")
            press(office, "main form button.primary[type=submit]")
            assert state_of(office, one) == "voting", one.kind

        # 4. The committee decides by two-thirds of those present.
        motions = ",".join(repr(one.motion) for one in applicants)
        run_in(
            platform,
            f"""
from groups.actions.motion import cast_vote, close_motion
from groups.models import MotionElector
from members.models import InstitutionStaff
for code in ({motions},):
    for row in MotionElector.objects.of(alliance).filter(motion__code=code, recused_at=None).select_related('institution'):
        staff = InstitutionStaff.objects.of(alliance).filter(institution=row.institution, role='representative').first()
        cast_vote(alliance, code, institution_code=row.institution.code, choice='yes', actor=staff.user, at=now)
    close_motion(alliance, code, at=now)
""",
        )
        for one in applicants:
            until(partial(is_accepted, office, one), f"{one.code} was never accepted")

        # 5. The charter is accepted: by the representative through the invitation, and as noted by the office.
        accept_invitation(browser, platform, full)
        for one in applicants:
            if one is not full:
                office.goto(f"{HOME}/console/institutions/{one.institution}/accept_charter/")
                press(office, "main form button[type=submit]")
        for one in applicants:
            record = office.request.get(f"{HOME}/api/v1/institutions/{one.institution}/").json()
            assert (record["state"], record["kind"]) == ("active", one.kind)
