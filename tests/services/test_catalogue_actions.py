"""The catalogue follows the products."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from alliance.actions.outbox import deliver_next
from alliance.kernel import tenancy
from alliance.kernel.events import emit
from alliance.models import Alliance, AuditEntry, OutboxEvent
from operations.choices import ProductKind, ProductState
from operations.models import Product
from operations.signals import PRODUCT_RELEASED, PRODUCT_RETIRED
from services.actions.catalogue import publish_entry, refresh_entry, withdraw_entry
from services.choices import ServiceCategory
from services.models import CatalogueEntry
from services.signals import ENTRY_PUBLISHED
from tests.factories.services import make_entry, make_product


def deliver_everything(alliance: Alliance) -> None:
    while deliver_next(alliance):
        pass


def test_a_released_product_becomes_an_entry_in_the_category_of_its_kind(act: Alliance) -> None:
    product = make_product(act, kind=ProductKind.COURSE)

    entry = publish_entry(act, product.code, at=timezone.now())

    assert entry is not None
    assert (entry.code, entry.category) == (product.code, ServiceCategory.TALENT_CULTIVATION)
    assert (entry.title_zh, entry.summary_en) == (product.title_zh, product.summary_en)
    assert OutboxEvent.objects.of(act).filter(kind=ENTRY_PUBLISHED, payload={"entry": entry.code}).count() == 1
    assert AuditEntry.objects.of(act).filter(verb="publish", object_type="services.catalogueentry").count() == 1


def test_news_of_a_release_delivered_twice_makes_one_entry(act: Alliance) -> None:
    product = make_product(act)
    for _turn in range(2):
        emit(act, PRODUCT_RELEASED, {"product": product.code, "version": 1})

    deliver_everything(act)

    assert CatalogueEntry.objects.of(act).filter(product=product).count() == 1
    assert not OutboxEvent.objects.of(act).filter(kind=PRODUCT_RELEASED).exists()


def test_a_product_that_is_not_released_gets_no_entry(act: Alliance) -> None:
    product = make_product(act, released=False)

    assert publish_entry(act, product.code, at=timezone.now()) is None
    assert not CatalogueEntry.objects.of(act).exists()


def test_a_product_of_another_alliance_does_not_exist_here(alliance: Alliance, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        code = make_product(other_alliance).code

    with tenancy.acting_in(alliance), pytest.raises(Product.DoesNotExist):
        publish_entry(alliance, code, at=timezone.now())


def test_retiring_a_product_withdraws_its_entry_and_keeps_it_on_record(act: Alliance) -> None:
    entry = make_entry(act)
    now = timezone.now()
    Product.objects.filter(pk=entry.product_id).update(state=ProductState.RETIRED, retired_at=now)
    emit(act, PRODUCT_RETIRED, {"product": entry.product.code})

    deliver_everything(act)

    entry.refresh_from_db()
    assert entry.withdrawn_at is not None
    assert not CatalogueEntry.objects.of(act).public().filter(pk=entry.pk).exists()
    first = entry.withdrawn_at
    withdraw_entry(act, entry.product.code, at=timezone.now())
    entry.refresh_from_db()
    assert entry.withdrawn_at == first


def test_a_corrected_title_reaches_the_entry(act: Alliance) -> None:
    entry = make_entry(act)
    Product.objects.filter(pk=entry.product_id).update(title_en="Corrected title")

    refresh_entry(act, entry.product.code, at=timezone.now())

    entry.refresh_from_db()
    assert entry.title_en == "Corrected title"


def test_the_database_refuses_a_second_entry_for_a_product(act: Alliance) -> None:
    entry = make_entry(act)

    with pytest.raises(IntegrityError), transaction.atomic():
        make_entry(act, entry.product, code="other-code")


def test_publishing_raises_the_content_version(act: Alliance) -> None:
    before = Alliance.objects.get(pk=act.pk).content_version
    publish_entry(act, make_product(act).code, at=timezone.now())

    assert Alliance.objects.get(pk=act.pk).content_version > before


def test_a_new_member_or_a_decided_pilot_renews_the_public_pages(act: Alliance) -> None:
    for kind in ("members.institution_state_changed", "members.institutions_imported", "operations.pilot_decided"):
        before = Alliance.objects.get(pk=act.pk).content_version
        emit(
            act,
            kind,
            {
                "institution": "I-1",
                "before": "active",
                "after": "suspended",
                "product": "none",
                "round": 1,
                "outcome": "passed",
            },
        )

        deliver_everything(act)

        assert Alliance.objects.get(pk=act.pk).content_version > before, kind
