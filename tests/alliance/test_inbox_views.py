from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from alliance.actions import inbox as inbox_actions
from alliance.actions.inbox import AlreadyDoneError, ask, bring_back, dismiss, hand_over, office, person, settle
from alliance.choices import AllianceRole
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.texts import Text, texts
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, User
from alliance.selectors.inbox import count_waiting, list_items, span_of
from tests.factories.alliance import NOON, address, make_member

STEP = "tests.step"
NOTE = "tests.note"


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_items", dict(texts._items))
    texts.register(STEP, Text(title="Review %(title)s", body="It waits.", verb="Review"))
    texts.register(NOTE, Text(title="Read %(title)s", can_dismiss=True))


@pytest.fixture
def colleague(alliance: Alliance) -> User:
    return make_member(alliance, AllianceRole.SECRETARIAT, email="colleague@example.org", name_en="Gao Yuan")


def put(alliance: Alliance, key: str = "k", kind: str = STEP, **options: Any) -> InboxItem:
    options.setdefault("audience", office())
    audience = options.pop("audience")
    ask(
        alliance,
        kind,
        key,
        audience,
        params={"title_en": f"Guide {key}", "title_zh": f"指南{key}"},
        url_name="inbox",
        at=NOON,
        **options,
    )
    return InboxItem.objects.of(alliance).get(key=key, done_at__isnull=True)


def test_an_item_waits_for_everybody_with_the_role_and_for_nobody_else(
    act: Alliance, secretary: User, colleague: User, committee_member: User
) -> None:
    put(act)

    assert count_waiting(act, secretary) == 1
    assert count_waiting(act, colleague) == 1
    assert count_waiting(act, committee_member) == 0


def test_an_item_leaves_the_inbox_when_its_step_is_done(act: Alliance, secretary: User) -> None:
    put(act)

    assert settle(act, "k", by=secretary, at=NOON) == 1

    assert count_waiting(act, secretary) == 0
    assert [item.key for item in list_items(act, secretary, "done")] == ["k"]


def test_asking_twice_adds_no_second_item_but_renews_the_words(act: Alliance, secretary: User) -> None:
    put(act)

    put(act, due_at=NOON + timedelta(days=1))

    assert InboxItem.objects.of(act).get().due_at == NOON + timedelta(days=1)


def test_a_colleague_who_takes_an_item_over_has_it_alone(act: Alliance, secretary: User, colleague: User) -> None:
    item = put(act)

    hand_over(act, item.uuid, to=colleague, actor=secretary, at=NOON)

    assert count_waiting(act, secretary) == 0
    assert count_waiting(act, colleague) == 1
    assert [found.key for found in list_items(act, secretary, "colleagues")] == ["k"]
    assert Notification.objects.of(act).filter(user=colleague, kind=inbox_actions.HANDED_OVER).count() == 1
    assert AuditEntry.objects.of(act).filter(verb="hand_over", object_id=str(item.uuid)).count() == 1


def test_what_was_handed_over_can_be_taken_back(act: Alliance, secretary: User, colleague: User) -> None:
    item = put(act)
    hand_over(act, item.uuid, to=colleague, actor=secretary, at=NOON)

    hand_over(act, item.uuid, to=secretary, actor=secretary, at=NOON)

    assert count_waiting(act, secretary) == 1


def test_nothing_can_be_handed_to_somebody_who_may_not_do_it(
    act: Alliance, secretary: User, committee_member: User, stranger: User
) -> None:
    item = put(act)

    for person_without_role in (committee_member, stranger):
        with pytest.raises(InvalidInputError):
            hand_over(act, item.uuid, to=person_without_role, actor=secretary, at=NOON)

    item.refresh_from_db()
    assert item.handed_to is None


def test_somebody_for_whom_it_does_not_wait_cannot_hand_it_over(
    act: Alliance, secretary: User, committee_member: User, stranger: User
) -> None:
    item = put(act)

    for outsider in (committee_member, stranger):
        with pytest.raises(AlreadyDoneError):
            hand_over(act, item.uuid, to=secretary, actor=outsider, at=NOON)


def test_only_items_that_nothing_else_settles_can_be_ticked_off(act: Alliance, secretary: User) -> None:
    step, note = put(act, "step"), put(act, "note", NOTE)

    done = dismiss(act, [step.uuid, note.uuid], actor=secretary, at=NOON)

    assert done == [note.uuid]
    assert [item.key for item in list_items(act, secretary)] == ["step"]


def test_ticking_off_can_be_undone_by_the_same_person_only(act: Alliance, secretary: User, colleague: User) -> None:
    note = put(act, "note", NOTE)
    dismiss(act, [note.uuid], actor=secretary, at=NOON)

    assert bring_back(act, [note.uuid], actor=colleague, at=NOON) == 0
    assert bring_back(act, [note.uuid], actor=secretary, at=NOON) == 1
    assert count_waiting(act, secretary) == 1


def test_spans_follow_the_days_of_the_reader() -> None:
    assert span_of(None, NOON) == "open"
    assert span_of(NOON, NOON) == "late"
    assert span_of(NOON + timedelta(hours=11), NOON) == "today"
    assert span_of(NOON + timedelta(hours=13), NOON) == "week"
    assert span_of(NOON + timedelta(days=8), NOON) == "later"


# ----------------------------------------------------------------------------------------------------------------- pages


def test_the_page_groups_by_due_date_and_offers_one_verb(
    act: Alliance, secretary: User, client_for: Any, django_assert_max_num_queries: Any
) -> None:
    now = timezone.now()
    for number in range(30):
        put(act, f"n{number}", due_at=now + timedelta(days=number % 12 - 2))
    client = client_for(secretary)
    client.get(address(act, "inbox"))

    with django_assert_max_num_queries(29):
        page = client.get(address(act, "inbox"))

    text = page.content.decode()
    assert page.status_code == 200
    assert re.search(r"<h2[^>]*>Late</h2>", text)
    assert "Due later" in text
    assert text.count("Review Guide") >= 30
    assert "Waits for: secretariat" in text


def test_the_page_speaks_the_readers_language(act: Alliance, secretary: User, client_for: Any) -> None:
    put(act)

    page = client_for(secretary).get(address(act, "inbox"), headers={"accept-language": "zh-hans"})

    assert "指南k" in page.content.decode()


def test_ticking_off_on_the_page_offers_to_undo_it(act: Alliance, secretary: User, client_for: Any) -> None:
    note = put(act, "note", NOTE)
    client = client_for(secretary)

    page = client.post(address(act, "inbox_dismiss"), {"chosen": [str(note.uuid)]}, follow=True)

    assert "1 item is done." in page.content.decode()
    assert client.post(address(act, "inbox_undo"), {"items": str(note.uuid)}).status_code == 302
    assert count_waiting(act, secretary) == 1


def test_handing_over_on_the_page(act: Alliance, secretary: User, colleague: User, client_for: Any) -> None:
    item = put(act)
    client, url = client_for(secretary), address(act, "inbox_hand_over", uuid=item.uuid)

    assert "Gao Yuan" in client.get(url).content.decode()
    assert client.post(url, {}).status_code == 422
    assert client.post(url, {"to": str(colleague.uuid)}).status_code == 302
    item.refresh_from_db()
    assert item.handed_to == colleague


def test_an_item_of_others_and_an_unknown_one_get_the_same_answer(
    act: Alliance, committee_member: User, client_for: Any
) -> None:
    item = put(act)
    client = client_for(committee_member)

    theirs = client.get(address(act, "inbox_hand_over", uuid=item.uuid))
    unknown = client.get(address(act, "inbox_hand_over", uuid="00000000-0000-4000-8000-000000000000"))

    assert theirs.status_code == unknown.status_code == 404


def test_a_personal_item_waits_for_that_person_alone(act: Alliance, secretary: User, colleague: User) -> None:
    put(act, audience=person(secretary))

    assert count_waiting(act, secretary) == 1
    assert count_waiting(act, colleague) == 0
