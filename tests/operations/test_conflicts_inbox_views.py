"""What waits in an inbox: once per matter, and not while the institution stands aside from it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from alliance.actions import inbox
from alliance.kernel.errors import ConflictOfInterestError
from alliance.models import InboxItem, User
from alliance.selectors.inbox import DONE, count_waiting, list_items
from groups.actions.conflict import clear_conflict, end_conflict
from groups.choices import GroupKind
from operations.actions.product import submit_product
from operations.choices import ProductState
from operations.models import Product, ProductReview
from operations.selectors.product import list_waiting_for_groups
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.groups import stand_aside
from tests.factories.operations import Cast, make_product, make_seat, make_staff

STANDS_ASIDE = "You cannot act on this matter: your institution stands aside from it."


@pytest.fixture
def submitted(cast: Cast) -> Product:
    """A draft whose review waits for the wisdom and the policy group."""
    product = make_product(cast, ProductState.DRAFT)
    submit_product(cast.alliance, product.code, actor=cast.writer, at=timezone.now())
    product.refresh_from_db()
    return product


def again(user: User) -> User:
    """The person as of now: a request reads the roles once."""
    return User.objects.get(pk=user.pk)


def waiting(cast: Cast, user: User) -> list[str]:
    found = [item.key for item in list_items(cast.alliance, again(user))]
    assert count_waiting(cast.alliance, again(user)) == len(found)
    return found


def declare(cast: Cast, product: Product) -> Any:
    return stand_aside(cast.alliance, cast.reviewer_institution.code, product.matter)


def test_an_institution_in_both_groups_is_asked_once(cast: Cast, submitted: Product, client_for: ClientFor) -> None:
    url = address(cast.alliance, "inbox")
    alone = client_for(cast.reviewer).get(url).content.decode().count("Review the draft")
    make_seat(cast.alliance, cast.reviewer_institution, GroupKind.WISDOM)

    html = client_for(again(cast.reviewer)).get(url).content.decode()

    assert InboxItem.objects.of(cast.alliance).filter(kind="product_review").count() == 2  # each group has its own
    assert len(waiting(cast, cast.reviewer)) == 1
    assert html.count("Review the draft") == alone > 0


def test_an_institution_in_one_group_is_asked_whichever_it_is(cast: Cast, submitted: Product) -> None:
    assert waiting(cast, cast.reviewer) == [f"product-review:{submitted.code}:policy_group"]


def test_two_drafts_stay_two_items_and_are_done_once_each(cast: Cast, submitted: Product) -> None:
    make_seat(cast.alliance, cast.reviewer_institution, GroupKind.WISDOM)
    second = make_product(cast, ProductState.DRAFT)
    submit_product(cast.alliance, second.code, actor=cast.writer, at=timezone.now())

    assert len(waiting(cast, cast.reviewer)) == 2

    inbox.settle_all(cast.alliance, f"product-review:{second.code}:", by=cast.reviewer, at=timezone.now())
    assert len(waiting(cast, cast.reviewer)) == 1
    assert list_items(cast.alliance, again(cast.reviewer), DONE).count() == 1


def test_what_the_institution_stands_aside_from_leaves_its_inbox_only(cast: Cast, submitted: Product) -> None:
    other = make_product(cast, ProductState.DRAFT)
    submit_product(cast.alliance, other.code, actor=cast.writer, at=timezone.now())
    colleague = make_staff(cast.alliance, cast.reviewer_institution)
    neighbour = make_staff(cast.alliance, cast.media)
    make_seat(cast.alliance, cast.media, GroupKind.POLICY)

    declare(cast, submitted)

    for person in (cast.reviewer, colleague):
        assert waiting(cast, person) == [f"product-review:{other.code}:policy_group"]
        listed = list_waiting_for_groups(cast.alliance, again(person), at=timezone.now())
        assert [product.code for product in listed] == [other.code]
    assert len(waiting(cast, neighbour)) == 2


def test_somebody_who_also_acts_for_another_institution_is_still_asked(cast: Cast, submitted: Product) -> None:
    make_seat(cast.alliance, cast.media, GroupKind.WISDOM)
    make_staff(cast.alliance, cast.media, user=cast.reviewer)

    declare(cast, submitted)

    assert waiting(cast, cast.reviewer) == [f"product-review:{submitted.code}:wisdom_group"]
    assert list_waiting_for_groups(cast.alliance, again(cast.reviewer), at=timezone.now())


@pytest.mark.parametrize("ruling", [clear_conflict, end_conflict])
def test_what_waits_comes_back_when_the_conflict_is_over(cast: Cast, submitted: Product, ruling: Any) -> None:
    conflict = declare(cast, submitted)
    assert waiting(cast, cast.reviewer) == []

    ruling(cast.alliance, conflict.pk, actor=cast.committee, at=timezone.now())

    assert waiting(cast, cast.reviewer) == [f"product-review:{submitted.code}:policy_group"]


def test_an_item_of_the_institution_itself_leaves_too(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    for firm in cast.firms[:2]:
        inbox.ask(
            cast.alliance,
            "pilot_feedback",
            f"pilot-feedback:1:{firm.pk}",
            inbox.institution(firm.pk),
            params={"title_en": "Guide", "title_zh": "指南", "due_en": "1 May", "due_zh": "5月1日"},
            url_name="pilot_answer",
            url_kwargs={"code": product.code},
            at=timezone.now(),
        )
    stand_aside(cast.alliance, cast.firms[0].code, product.matter)

    assert waiting(cast, cast.testers[0]) == []
    assert len(waiting(cast, cast.testers[1])) == 1


def test_the_review_page_says_why_instead_of_showing_the_form(cast: Cast, submitted: Product, client_for: ClientFor) -> None:
    url = address(cast.alliance, "product_review", code=submitted.code)
    assert 'name="verdict"' in client_for(cast.reviewer).get(url).content.decode()

    declare(cast, submitted)

    client = client_for(cast.reviewer)
    html = client.get(url).content.decode()
    assert STANDS_ASIDE in html
    assert 'name="verdict"' not in html
    for name, words in (("product_detail", ""), ("product_move", "your institution stands aside")):
        steps = client.get(address(cast.alliance, name, code=submitted.code)).content.decode()
        assert words in steps
        assert f'href="{url}"' not in steps
    answer = client.post(url, {"verdict": "approve", "comment": ""})
    assert answer.status_code == ConflictOfInterestError.status
    assert not ProductReview.objects.of(cast.alliance).exists()


def test_a_word_is_given_for_the_institution_that_may(cast: Cast, submitted: Product, client_for: ClientFor) -> None:
    make_seat(cast.alliance, cast.media, GroupKind.WISDOM)
    make_staff(cast.alliance, cast.media, user=cast.reviewer)
    declare(cast, submitted)
    url = address(cast.alliance, "product_review", code=submitted.code)

    answer = client_for(again(cast.reviewer)).post(url, {"verdict": "approve", "comment": ""})

    assert answer.status_code == 302
    assert ProductReview.objects.of(cast.alliance).get().institution == cast.media
