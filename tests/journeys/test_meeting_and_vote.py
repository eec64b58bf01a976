"""A meeting with a contested secret motion, a recusal and a proxy, from the plan to sealed and public minutes, in a browser.

The body is the foundation, which any kind may sit in: the secretariat composes it of the seven institutions whose
representatives can sign in to the demonstration.
"""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import HOME, Platform, reader

pytestmark = pytest.mark.journey

GROUP = f"{HOME}/console/groups/foundation/"
NEW_SEATS = ("I-001", "I-029", "I-036", "I-059")
OLD_SEATS = ("I-028", "I-046", "I-051")
VOTES = (("wisdom", "yes"), ("media", "no"), ("enterprise", "yes"), ("enterprise3", "no"), ("foundation", "yes"))
"""Own votes: three for it, two against; the proxy votes for it too."""


def send(page: Page, name: str) -> None:
    """Press a button of a form and wait for the page that follows."""
    with page.expect_navigation():
        page.locator("main form").get_by_role("button", name=name, exact=True).last.click()


def test_a_contested_secret_motion_is_decided_in_a_meeting_and_the_minutes_are_sealed(
    browser: Browser, platform: Platform
) -> None:
    begin = timezone.localtime() + dt.timedelta(minutes=30)

    with reader(browser, platform, "secretariat") as office:
        _compose(office)
        meeting = _plan(office, begin)
        motion = _put(office, meeting)
        office.goto(f"{HOME}/console/meetings/{meeting}/convene/")
        expect(office.locator("main")).to_contain_text("the charter asks for 10")
        send(office, "Send the invitation")

        with reader(browser, platform, "media") as member:
            member.goto(f"{HOME}/portal/meetings/{meeting}/")
            member.check("input[name=coming][value=yes]")
            send(member, "Send the answer")
            expect(member.locator("main")).to_contain_text("your answer is noted")

        office.goto(f"{HOME}/console/meetings/{meeting}/start/")
        send(office, "Open the meeting")
        office.goto(f"{HOME}/console/meetings/{meeting}/attendance/")
        for row in office.locator("select[name^=state-]").all():
            row.select_option("present")
        send(office, "Save")
        closes = timezone.localtime() + dt.timedelta(hours=3)
        office.goto(f"{HOME}/console/motions/{motion}/open/")
        office.fill("input[name=closes_on]", f"{closes:%Y-%m-%d}")
        office.fill("input[name=closes_time]", f"{closes:%H:%M}")
        send(office, "Open the vote")

        with reader(browser, platform, "enterprise2") as aside:
            aside.goto(f"{HOME}/portal/interests/matter/?matter=motion:{motion}")
            aside.fill("textarea[name=reason]", "We supply what is to be bought.")
            with aside.expect_navigation():
                aside.locator("main form button.primary[type=submit]").last.click()
            aside.goto(f"{HOME}/portal/motions/{motion}/vote/")
            expect(aside.locator("main")).to_contain_text("stands aside")
        with reader(browser, platform, "university") as giver:
            giver.goto(f"{HOME}/portal/proxies/")
            subject = giver.locator("select[name=subject] option", has_text=motion).first.get_attribute("value")
            giver.select_option("select[name=subject]", subject)
            giver.fill("input[name=holder]", "I-001")
            send(giver, "Give the proxy")
        for name, choice in VOTES:
            with reader(browser, platform, name) as voter:
                voter.goto(f"{HOME}/portal/motions/{motion}/vote/")
                voter.check(f"input[name=choice][value={choice}]")
                send(voter, "Cast the vote")
                expect(voter.locator("#receipt-code")).to_be_visible()
                if name == "wisdom":
                    with voter.expect_navigation():
                        voter.locator("#receipt a.primary").first.click()
                    voter.check("input[name=choice][value=yes]")
                    send(voter, "Cast the vote")
                    expect(voter.locator("main")).to_contain_text("By proxy")

        office.goto(f"{HOME}/console/motions/{motion}/close/")
        with office.expect_navigation():
            office.locator("main form button[type=submit]").last.click()
        expect(office.locator("h1")).to_contain_text("Passed")
        office.goto(f"{HOME}/console/meetings/{meeting}/actions/new/")
        office.fill("input[name=text_en]", "Ask three makers for offers")
        office.fill("input[name=institution]", "I-035")
        office.fill("input[name=due_on]", f"{begin + dt.timedelta(days=14):%Y-%m-%d}")
        office.check("input[name=is_public]")
        office.select_option("select[name=item]", "1")
        send(office, "Note the action")
        office.goto(f"{HOME}/console/meetings/{meeting}/close/")
        send(office, "Close the meeting")
        _write(office, meeting)

    with reader(browser, platform, "committee") as committee:
        committee.goto(f"{HOME}/console/meetings/{meeting}/minutes/1/approve/")
        send(committee, "Approve the minutes")
        main = committee.locator("main")
        expect(main).to_contain_text("Stood aside:")
        expect(main).to_contain_text("by proxy")
        expect(main).to_contain_text("6 of 6 took part")
        expect(main).to_contain_text("4 yes, 2 no, 0 abstained")
        expect(main).to_contain_text("Digest (SHA-256)")

    with reader(browser, platform, "secretariat") as office:
        office.goto(f"{HOME}/console/meetings/{meeting}/minutes/1/publish/")
        send(office, "Publish the minutes")
    visitor = browser.new_page(base_url=platform.url)
    visitor.goto(f"{HOME}/decisions/{motion}/")
    expect(visitor.locator("h1")).to_contain_text("Shared measuring device")
    expect(visitor.locator("main")).to_contain_text("Ask three makers for offers")
    visitor.goto(f"{HOME}/decisions/minutes/{meeting}/")
    expect(visitor.locator("main")).to_contain_text("The members discussed it.")
    visitor.close()
    with reader(browser, platform, "enterprise") as doer:
        doer.goto(f"{HOME}/portal/meetings/")
        doer.get_by_role("link", name="Ask three makers for offers").click()
        doer.fill("input[name=outcome]", "Three offers lie with the secretariat.")
        send(doer, "Done")
        expect(doer.locator("main")).to_contain_text("Noted as done")


def _compose(page: Page) -> None:
    """Let the seats end whose people cannot sign in, give seats to those that can."""
    for code in OLD_SEATS:
        page.goto(GROUP)
        with page.expect_navigation():
            page.locator(f"form[action$='/{code}/leave/'] button").click()
    for code in NEW_SEATS:
        page.goto(GROUP)
        page.fill("#seat input[name=institution]", code)
        send(page, "Give the seat")
        expect(page.locator("main")).to_contain_text("has a seat now")


def _plan(page: Page, begin: dt.datetime) -> str:
    page.goto(f"{HOME}/console/meetings/new/?group=foundation")
    page.fill("input[name=title_en]", "Meeting of the foundation")
    page.fill("input[name=title_zh]", "基金会会议")
    page.fill("input[name=day]", f"{begin:%Y-%m-%d}")
    page.fill("input[name=starts_time]", f"{begin:%H:%M}")
    page.fill("input[name=ends_time]", f"{begin + dt.timedelta(hours=1):%H:%M}")
    page.fill("input[name=place]", "Room 302")
    send(page, "Plan the meeting")
    found = re.search(r"/meetings/(MT-[\d-]+)/", page.url)
    assert found is not None
    return found.group(1)


def _put(page: Page, meeting: str) -> str:
    """A secret motion of the body, on the agenda of the meeting."""
    page.goto(f"{HOME}/console/motions/new/")
    page.select_option("select[name=body]", "foundation")
    page.fill("input[name=title_en]", "Shared measuring device")
    page.fill("input[name=title_zh]", "共用检测设备")
    page.fill("textarea[name=text_en]", "The foundation pays for a shared measuring device.")
    secret = page.locator("input[name=ballot][value=secret]")
    if secret.count():
        secret.check()
    else:
        page.select_option("select[name=ballot]", "secret")
    with page.expect_navigation():
        page.locator("main form button.primary[type=submit]").last.click()
    found = re.search(r"/motions/([\w-]+)/", page.url)
    assert found is not None
    page.goto(f"{HOME}/console/meetings/{meeting}/agenda/new/?motion={found.group(1)}")
    send(page, "Put on the agenda")
    expect(page.locator("#agenda")).to_contain_text("Shared measuring device")
    return found.group(1)


def _write(page: Page, meeting: str) -> None:
    page.goto(f"{HOME}/console/meetings/{meeting}/minutes/")
    send(page, "Begin")
    page.fill("textarea[name=body_en]", "## 1. Shared measuring device\n\nThe members discussed it.")
    send(page, "Save")
    page.goto(f"{HOME}/console/meetings/{meeting}/minutes/1/circulate/")
    send(page, "Circulate for comment")
    page.goto(f"{HOME}/console/meetings/{meeting}/minutes/1/approve/")
    send(page, "Approve the minutes")
    expect(page.locator("main")).to_contain_text("somebody else approves them")
