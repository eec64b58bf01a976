"""Ratings count once confirmed, once per author; comments wait for an editor."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail, signing
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.errors import InvalidInputError, NotFoundError, PermissionRefusedError, SeparationOfDutiesError
from alliance.models import Alliance, AuditEntry, InboxItem, OutboxEvent, User
from members.choices import StaffRole
from members.models import InstitutionStaff
from services.actions.rating import (
    TOKEN_SALT,
    RatingLinkError,
    confirm_rating,
    hash_author,
    make_token,
    moderate_comment,
    submit_rating,
)
from services.choices import ClientKind, CommentState, RatingState
from services.models import CatalogueEntry, Rating
from services.selectors.rating import list_comments_to_check, list_shown_comments, summarise_ratings
from services.signals import RATING_CONFIRMED
from services.tasks import send_rating_mail
from tests.factories.alliance import make_member, make_user
from tests.factories.services import make_entry, make_rating


def submit(entry: CatalogueEntry, *, email: str = "client@example.org", score: int = 5, comment: str = "") -> Rating:
    return submit_rating(
        entry.alliance,
        entry.code,
        score=score,
        client_kind=ClientKind.INDUSTRY,
        comment=comment,
        email=email,
        language="en",
        at=timezone.now(),
    )


def test_a_rating_counts_for_nothing_before_it_is_confirmed(act: Alliance) -> None:
    entry = make_entry(act)
    rating = submit(entry, comment="Very clear.")

    assert rating.state == RatingState.UNCONFIRMED
    assert summarise_ratings(act, entry).count == 0
    assert not OutboxEvent.objects.of(act).filter(kind=RATING_CONFIRMED).exists()
    assert not InboxItem.objects.of(act).exists()


def test_the_address_is_kept_nowhere_but_as_a_keyed_hash(act: Alliance, other_alliance: Alliance) -> None:
    rating = submit(make_entry(act), email="Client@Example.org")

    assert rating.author_hash == hash_author(act, "client@example.org ")
    assert rating.author_hash != hash_author(other_alliance, "client@example.org")
    assert "client" not in AuditEntry.objects.of(act).get(verb="submit").record.replace("client_kind", "")


def test_confirming_counts_the_rating_once_and_tells_evaluation(act: Alliance) -> None:
    entry = make_entry(act)
    rating = submit(entry, score=4)
    token = make_token(rating)

    first = confirm_rating(act, token, at=timezone.now())
    second = confirm_rating(act, token, at=timezone.now())

    assert (first.first, second.first) == (True, False)
    summary = summarise_ratings(act, entry)
    assert (summary.count, summary.mean, summary.satisfied) == (1, 4.0, 1)
    events = OutboxEvent.objects.of(act).filter(kind=RATING_CONFIRMED)
    assert [event.payload for event in events] == [{"entry": entry.code, "rating": str(rating.uuid)}]
    assert AuditEntry.objects.of(act).filter(verb="confirm").count() == 1


def test_one_author_counts_once_per_service_but_may_rate_another(act: Alliance) -> None:
    entry, another = make_entry(act), make_entry(act)
    confirm_rating(act, make_token(submit(entry)), at=timezone.now())
    again = submit(entry, email="CLIENT@example.org", score=1)

    with pytest.raises(InvalidInputError) as refused:
        confirm_rating(act, make_token(again), at=timezone.now())
    confirm_rating(act, make_token(submit(another)), at=timezone.now())

    assert refused.value.code == "rating_counts_once"
    assert summarise_ratings(act, entry).mean == 5.0
    assert summarise_ratings(act, another).count == 1


def test_the_database_refuses_a_second_confirmed_rating_of_an_author(act: Alliance) -> None:
    entry = make_entry(act)
    make_rating(entry, email="a@example.org")

    with pytest.raises(IntegrityError), transaction.atomic():
        make_rating(entry, email="a@example.org")


@pytest.mark.parametrize("score", [0, 6])
def test_the_database_refuses_a_mark_off_the_scale(act: Alliance, score: int) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_rating(make_entry(act), score)


def test_people_of_the_maker_do_not_count_as_clients(act: Alliance) -> None:
    entry = make_entry(act)
    maker = make_user("maker@example.org")
    InstitutionStaff.objects.create(
        alliance=act,
        institution=entry.product.author,
        user=maker,
        role=StaffRole.STAFF,
        starts_at=timezone.now() - timedelta(days=3),
    )
    rating = submit(entry, email="Maker@example.org")

    with pytest.raises(SeparationOfDutiesError):
        confirm_rating(act, make_token(rating), at=timezone.now())

    assert summarise_ratings(act, entry).count == 0


def test_a_link_of_another_alliance_or_a_changed_one_opens_nothing(alliance: Alliance, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        token = make_token(submit(make_entry(other_alliance)))

    with tenancy.acting_in(alliance):
        for bad in (token, token + "x", "nonsense"):
            with pytest.raises(RatingLinkError):
                confirm_rating(alliance, bad, at=timezone.now())


def test_a_link_is_good_for_seven_days(act: Alliance, monkeypatch: pytest.MonkeyPatch) -> None:
    rating = submit(make_entry(act))
    real = signing.time.time  # type: ignore[attr-defined]
    monkeypatch.setattr(signing.time, "time", lambda: real() - 8 * 86400)  # type: ignore[attr-defined]
    token = signing.dumps([rating.uuid.hex, act.pk], salt=TOKEN_SALT)
    monkeypatch.undo()

    with pytest.raises(RatingLinkError):
        confirm_rating(act, token, at=timezone.now())


def test_a_comment_with_two_links_is_refused_beside_the_field(act: Alliance) -> None:
    with pytest.raises(InvalidInputError) as refused:
        submit(make_entry(act), comment="see https://a.example and www.b.example")

    assert set(refused.value.fields) == {"comment"}
    assert not Rating.objects.of(act).exists()


def test_the_same_comment_from_somebody_else_on_the_same_day_is_refused(act: Alliance) -> None:
    entry = make_entry(act)
    submit(entry, comment="Buy our yarn.")

    with pytest.raises(InvalidInputError):
        submit(entry, email="other@example.org", comment="Buy our yarn.")


def test_a_withdrawn_or_unknown_service_cannot_be_rated(act: Alliance) -> None:
    entry = make_entry(act, withdrawn_at=timezone.now())

    with pytest.raises(NotFoundError):
        submit(entry)


def test_a_comment_waits_for_an_editor_and_is_shown_after_the_decision(act: Alliance) -> None:
    editor = make_member(act, AllianceRole.EDITOR)
    entry = make_entry(act)
    rating = submit(entry, comment="Very clear.")
    confirm_rating(act, make_token(rating), at=timezone.now())
    item = InboxItem.objects.of(act).get()
    assert (item.role, item.done_at) == (AllianceRole.EDITOR, None)
    assert list(list_shown_comments(act, entry)) == []
    assert list(list_comments_to_check(act)) == [rating]

    moderate_comment(act, rating.uuid, show=True, actor=editor, at=timezone.now())

    assert [shown.comment for shown in list_shown_comments(act, entry)] == ["Very clear."]
    item.refresh_from_db()
    assert (item.done_by, item.done_at is not None) == (editor, True)
    assert AuditEntry.objects.of(act).filter(verb="moderate", actor_id=editor.uuid).count() == 1


def test_without_an_editor_the_secretariat_is_asked(act: Alliance, secretary: User) -> None:
    rating = submit(make_entry(act), comment="Very clear.")
    confirm_rating(act, make_token(rating), at=timezone.now())

    assert InboxItem.objects.of(act).get().role == AllianceRole.SECRETARIAT


def test_a_hidden_comment_stays_hidden_and_its_mark_counts(act: Alliance, secretary: User) -> None:
    entry = make_entry(act)
    rating = make_rating(entry, 2, comment="Rude words.")

    moderate_comment(act, rating.uuid, show=False, actor=secretary, at=timezone.now())

    rating.refresh_from_db()
    assert rating.comment_state == CommentState.HIDDEN
    assert list(list_shown_comments(act, entry)) == []
    assert summarise_ratings(act, entry).count == 1


def test_only_editors_and_the_secretariat_decide_on_comments(act: Alliance, auditor: User, stranger: User) -> None:
    rating = make_rating(make_entry(act), comment="Good.")

    for person in (auditor, stranger):
        with pytest.raises(PermissionRefusedError):
            moderate_comment(act, rating.uuid, show=True, actor=person, at=timezone.now())
    rating.refresh_from_db()
    assert rating.comment_state == CommentState.PENDING


def test_deciding_on_a_rating_that_is_not_there_answers_not_found(act: Alliance, secretary: User) -> None:
    unconfirmed = make_rating(make_entry(act), confirmed=False, comment="Not yet.")

    for identifier in (uuid4(), unconfirmed.uuid):
        with pytest.raises(NotFoundError):
            moderate_comment(act, identifier, show=True, actor=secretary, at=timezone.now())


def test_the_mail_holds_a_link_that_confirms_and_is_sent_in_the_language_of_the_page(act: Alliance) -> None:
    entry = make_entry(act)
    rating = make_rating(entry, confirmed=False, language="en")

    assert send_rating_mail(act.pk, str(rating.uuid), "client@example.org") is True

    sent = mail.outbox[0]
    assert sent.to == ["client@example.org"]
    assert entry.title_en in sent.subject
    token = sent.body.split("/ratings/")[1].split("/")[0]
    assert confirm_rating(act, token, at=timezone.now()).rating == rating
    assert send_rating_mail(act.pk, str(rating.uuid), "client@example.org") is False


@pytest.mark.django_db(transaction=True)
def test_two_links_of_one_author_followed_at_once_count_once(alliance: Alliance) -> None:
    with tenancy.acting_in(alliance):
        entry = make_entry(alliance)
        tokens = [make_token(make_rating(entry, mark, email="a@example.org", confirmed=False)) for mark in (1, 5)]
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def follow(token: str) -> None:
        try:
            start.wait(10)
            with tenancy.acting_in(alliance):
                confirm_rating(alliance, token, at=timezone.now())
            outcomes.append("counted")
        except InvalidInputError:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=follow, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(outcomes) == ["counted", "refused"]
    with tenancy.acting_in(alliance):
        assert Rating.objects.of(alliance).counted().count() == 1
