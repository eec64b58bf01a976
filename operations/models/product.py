"""Think tank products on their way from the wisdom group to the industry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from guardian.managers import UserObjectPermissionManager
from guardian.models import UserObjectPermissionBase

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from operations.choices import ParticipantState, ProductKind, ProductState, ReviewVerdict

if TYPE_CHECKING:
    from typing import Self


class ProductQuerySet(TenantQuerySet["Product"]):
    """Products."""

    def released(self) -> Self:
        """Products that clients and the public may see."""
        return self.filter(state=ProductState.RELEASED)

    def in_pipeline(self) -> Self:
        """Products on their way: neither released, retired nor withdrawn."""
        return self.exclude(state__in=[ProductState.RELEASED, ProductState.RETIRED, ProductState.WITHDRAWN])


class Product(TenantModel):
    """A product: drafted by the wisdom group, adapted by the media group, tried by leading enterprises, released.

    Source: Zheng2018, operational layer.
    """

    code = models.SlugField(_("code"), max_length=40)
    kind = models.CharField(_("kind"), max_length=20, choices=ProductKind.choices)
    state = models.CharField(_("state"), max_length=12, choices=ProductState.choices, default=ProductState.DRAFT)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    """Goes up with each pilot round: feedback belongs to exactly one version."""
    revision = models.PositiveIntegerField(default=1, editable=False)
    """Goes up with each change of the texts, so that two people who edit at once notice each other."""
    title_en = models.CharField(_("title in English"), max_length=200, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=200, blank=True, default="")
    summary_en = models.TextField(_("summary in English"), blank=True, default="")
    summary_zh = models.TextField(_("summary in Chinese"), blank=True, default="")
    body_en = models.TextField(_("text in English"), blank=True, default="")
    body_zh = models.TextField(_("text in Chinese"), blank=True, default="")
    client_en = models.CharField(_("made for, in English"), max_length=200, blank=True, default="")
    client_zh = models.CharField(_("made for, in Chinese"), max_length=200, blank=True, default="")
    author = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="products")
    adapter = TenantForeignKey(
        "members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="adapted_products"
    )
    adapted_at = models.DateTimeField(_("ready for the pilot since"), null=True, blank=True)
    """Set when the media think tank hands its text over: no pilot is planned without it."""
    due_on = models.DateField(_("due"), null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    state_since = models.DateTimeField()
    form_version = models.PositiveSmallIntegerField(default=0)
    """Version of the kind's form it is written in; 0: the standard one."""
    details: Any = models.JSONField(default=dict)
    """Values of the kind's own fields by key; a bilingual text is ``{"en": ..., "zh": ...}``."""
    predecessor = TenantForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="successors")
    """The released product that this one continues; it is retired when this one is released."""
    admitted_to = models.CharField(max_length=12, choices=ProductState.choices, blank=True, default="")
    """Full stage that the secretariat lets it into all the same; forgotten with the next move to another stage."""
    release_proposed_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(_("released at"), null=True, blank=True)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    withdrawn_from = models.CharField(max_length=12, choices=ProductState.choices, blank=True, default="")
    """State it was withdrawn from."""

    objects = ProductQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="product_code_once"),
            models.CheckConstraint(condition=Q(kind__in=ProductKind.values), name="product_kind_known"),
            models.CheckConstraint(condition=Q(state__in=ProductState.values), name="product_state_known"),
            models.CheckConstraint(condition=~Q(title_en="") | ~Q(title_zh=""), name="product_has_a_title"),
            models.CheckConstraint(
                condition=Q(state__in=[ProductState.RELEASED, ProductState.RETIRED], released_at__isnull=False)
                | (~Q(state__in=[ProductState.RELEASED, ProductState.RETIRED]) & Q(released_at__isnull=True)),
                name="product_released_at_matches_state",
            ),
            models.CheckConstraint(
                condition=Q(state=ProductState.RETIRED, retired_at__isnull=False)
                | (~Q(state=ProductState.RETIRED) & Q(retired_at__isnull=True)),
                name="product_retired_at_matches_state",
            ),
            models.CheckConstraint(
                condition=Q(state=ProductState.WITHDRAWN, withdrawn_at__isnull=False)
                | (~Q(state=ProductState.WITHDRAWN) & Q(withdrawn_at__isnull=True)),
                name="product_withdrawn_at_matches_state",
            ),
            models.CheckConstraint(
                condition=Q(state=ProductState.WITHDRAWN, withdrawn_from__in=ProductState.values)
                | (~Q(state=ProductState.WITHDRAWN) & Q(withdrawn_from="")),
                name="product_withdrawn_from_a_state",
            ),
            models.CheckConstraint(
                condition=Q(admitted_to="") | Q(admitted_to__in=ProductState.values), name="product_admitted_to_known"
            ),
            models.UniqueConstraint(
                fields=["alliance", "predecessor"],
                condition=~Q(state=ProductState.WITHDRAWN),
                name="product_one_next_version",
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "-created_at", "-id"], name="product_newest"),
            models.Index(fields=["alliance", "state", "-created_at", "-id"], name="product_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @property
    def title(self) -> str:
        """Title in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.title_zh or self.title_en
        return self.title_en or self.title_zh

    @property
    def client(self) -> str:
        """Whom it is made for, in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.client_zh or self.client_en
        return self.client_en or self.client_zh

    @property
    def pilot_institution_ids(self) -> frozenset[int]:
        """Institutions that take or took part in a round; uses prefetched ``pilots__participants`` where a list has them."""
        return frozenset(
            participant.institution_id
            for pilot in self.pilots.all()
            for participant in pilot.participants.all()
            if participant.state not in {ParticipantState.WITHDRAWN, ParticipantState.DECLINED}
        )

    @property
    def reviewing_institution_ids(self) -> frozenset[int]:
        """Institutions that gave their word on a draft of it."""
        return frozenset(review.institution_id for review in self.reviews.all())

    @property
    def contributing_institution_ids(self) -> frozenset[int]:
        """Institutions that are named as having a part in it; they read it, to confirm that part."""
        return frozenset(part.institution_id for part in self.contributions.all())

    @property
    def matter(self) -> str:
        """Name under which conflicts of interest are declared."""
        return f"product:{self.code}"


class ProductReview(TenantModel):
    """An institution's word on a draft; the author's own institution cannot give one."""

    product = TenantForeignKey(Product, on_delete=models.CASCADE, related_name="reviews")
    version = models.PositiveSmallIntegerField()
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(_("verdict"), max_length=8, choices=ReviewVerdict.choices)
    comment = models.TextField(_("reasons"), blank=True, default="")
    at = models.DateTimeField()

    objects = TenantQuerySet["ProductReview"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(verdict__in=ReviewVerdict.values), name="product_review_verdict_known"),
        ]
        indexes = [models.Index(fields=["alliance", "product", "-at"], name="product_review_of")]

    def __str__(self) -> str:
        return f"{self.product_id} {self.verdict}"


class ProductShareManager(UserObjectPermissionManager.from_queryset(TenantQuerySet)):  # type: ignore[misc]
    """Shares: guardian's manager with the tenant's filter."""


class ProductShare(UserObjectPermissionBase, TenantModel):  # type: ignore[misc]
    """A right on one product before its release, given to one person outside its circle (django-guardian, direct key).

    A table of its own, and not guardian's generic one, because a share belongs to one alliance: it has the row-level policy
    and a reference that cannot leave the alliance.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    content_object = TenantForeignKey(Product, on_delete=models.CASCADE, related_name="shares")
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()

    objects: ClassVar[ProductShareManager] = ProductShareManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "content_object", "user", "permission"], name="product_share_once"),
        ]
        indexes = [models.Index(fields=["alliance", "user"], name="product_share_of")]

    def __str__(self) -> str:
        return f"{self.content_object_id} {self.user_id}"
