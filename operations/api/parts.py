"""What a product is made of: its versions, files, contributions and references, under the product's address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from alliance.api.authentication import machine_of
from alliance.api.endpoints import ProjectionEndpoint, ProjectionList
from alliance.api.permissions import Access
from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import can
from alliance.kernel.projection import Condition, Nested, OneOf, Projection, Truth, Value
from operations.choices import ProductState
from operations.models import Contribution, Product, ProductFile, ProductReference, ProductVersion
from operations.permissions import OPEN_PRODUCT_FILE, VIEW_PRODUCT

if TYPE_CHECKING:
    from rest_framework.request import Request

_PARTY = (Value("code"), Value("kind"), Value("name_en"), Value("name_zh"))

VERSION = Projection(
    name="ProductVersion",
    model=ProductVersion,
    description=_("The texts of a product as they stood at one hand-over; never changed afterwards."),
    fields=(
        Value("serial"),
        Value("number"),
        Value("occasion"),
        Value("kind"),
        Value("form_version"),
        Value("title_en"),
        Value("title_zh"),
        Value("summary_en"),
        Value("summary_zh"),
        Value("body_en"),
        Value("body_zh"),
        Value("client_en"),
        Value("client_zh"),
        Value("details"),
        Value("digest"),
        Value("made_at"),
    ),
    filters=(OneOf("occasion"), OneOf("number")),
    orderings={"-serial": ("serial", "id"), "serial": ("serial", "id")},
    lookup="serial",
)
VERSION_EXAMPLE: dict[str, Any] = {
    "serial": 3,
    "number": 1,
    "occasion": "pilot",
    "kind": "guide",
    "form_version": 0,
    "title_en": "Carbon accounting guide for weaving mills",
    "title_zh": "织造企业碳核算指南",
    "summary_en": "Step by step.",
    "summary_zh": "分步说明。",
    "body_en": "## Scope",
    "body_zh": "## 范围",
    "client_en": "Mills with 50 looms or more",
    "client_zh": "50台织机以上的企业",
    "details": {"scope": {"en": "Weaving mills", "zh": "织造企业"}, "hours": "4"},
    "digest": "5f1c0e6f6a0b8c5d1d8a2c1d4e3f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5",
    "made_at": "2026-08-01T01:00:00.000000Z",
}
FILE = Projection(
    name="ProductFile",
    model=ProductFile,
    description=_(
        "A file of a product: part of it, or evidence. Downloads are at the address of the file, with its permission."
    ),
    fields=(
        Value("evidence"),
        Value("title_en"),
        Value("title_zh"),
        Value("is_public"),
        Value("version"),
        Value("added_at"),
        Value("removed_at"),
        Nested("file", (Value("uuid"), Value("name"), Value("media_type"), Value("size_bytes"), Value("sha256"))),
    ),
    filters=(OneOf("evidence"), Truth("in_use", "{t}.removed_at IS NULL"), Truth("is_public", "{t}.is_public")),
    orderings={"added_at": ("added_at", "id"), "-added_at": ("added_at", "id")},
    lookup="id",
)
FILE_EXAMPLE: dict[str, Any] = {
    "evidence": "",
    "title_en": "Calculation sheet",
    "title_zh": "核算表",
    "is_public": True,
    "version": 1,
    "added_at": "2026-07-20T01:00:00.000000Z",
    "removed_at": None,
    "file": {
        "uuid": "0b5f7d6c-32a0-4c0e-9f0a-7f5b1a8c2d3e",
        "name": "sheet.xlsx",
        "media_type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "size_bytes": 18432,
        "sha256": "9c1185a5c5e9fc54612808977ee8f548b2258d31c1c1a3a4d9a1d2f5c0f9e8b7",
    },
}
CONTRIBUTION = Projection(
    name="Contribution",
    model=Contribution,
    description=_(
        "An institution's part in a product, in percent of the whole, and whether the institution agrees with it."
    ),
    fields=(
        Value("role"),
        Value("share"),
        Value("words_en"),
        Value("words_zh"),
        Value("named_at"),
        Value("confirmed_at"),
        Value("contested_at"),
        Nested("institution", _PARTY),
    ),
    filters=(
        OneOf("role"),
        OneOf("institution", "institution.code"),
        Truth("confirmed", "{t}.confirmed_at IS NOT NULL"),
    ),
    orderings={"-share": ("share", "id"), "share": ("share", "id")},
    lookup="id",
)
CONTRIBUTION_EXAMPLE: dict[str, Any] = {
    "role": "author",
    "share": "70.00",
    "words_en": "Method and text",
    "words_zh": "方法与文字",
    "named_at": "2026-07-20T01:00:00.000000Z",
    "confirmed_at": "2026-07-21T01:00:00.000000Z",
    "contested_at": None,
    "institution": {
        "code": "itp",
        "kind": "university_think_tank",
        "name_en": "Institute for Textile Policy",
        "name_zh": "纺织政策研究院",
    },
}
REFERENCE = Projection(
    name="ProductReference",
    model=ProductReference,
    description=_("What a product answers or rests on: a record of the alliance by its code, or an outside source."),
    fields=(
        Value("kind"),
        Value("code"),
        Value("words"),
        Value("url"),
        Value("added_at"),
    ),
    filters=(OneOf("kind"), OneOf("code")),
    orderings={"added_at": ("added_at", "id"), "-added_at": ("added_at", "id")},
    lookup="id",
)
REFERENCE_EXAMPLE: dict[str, Any] = {
    "kind": "product",
    "code": "P-009",
    "words": "Uses its emission factors",
    "url": "",
    "added_at": "2026-07-20T01:00:00.000000Z",
}

_OF_RELEASED = """EXISTS (SELECT 1 FROM operations_product p
    WHERE p.alliance_id = {t}.alliance_id AND p.id = {t}.product_id AND p.code = %(base_code)s AND p.state = %(base_state)s)"""


class PartEndpoint(ProjectionEndpoint):
    """Rows of one product, for whoever may read it."""

    tag = "products"
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="products:read")}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Machines: of a released product, else none. People: of a product they may read.

        Raises:
            NotFoundError: There is no such product, or it is not open to the person: the same answer.
        """
        code = self.kwargs["code"]
        if machine_of(request) is not None:
            return (Condition(_OF_RELEASED, {"base_code": code, "base_state": ProductState.RELEASED.value}),)
        product = Product.objects.of(self.alliance).filter(code=code).first()
        if product is None or not can(request.user, VIEW_PRODUCT, product):
            raise NotFoundError
        return (
            Condition("{t}.product_id = %(base_product)s", {"base_product": product.pk}),
            *self.of_person(request, product),
        )

    def of_person(self, request: Request, product: Product) -> Sequence[Condition]:  # noqa: ARG002 - for those who need it
        """What more restricts a person who may read the product."""
        return ()


class VersionList(PartEndpoint, ProjectionList):
    """Versions of a product, newest first."""

    projection = VERSION
    summary: ClassVar[Mapping[str, str]] = {"GET": "List the versions of a product"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [VERSION_EXAMPLE], "next": None}}


class FileList(PartEndpoint, ProjectionList):
    """Files of a product, in the order they were added."""

    projection = FILE
    summary: ClassVar[Mapping[str, str]] = {"GET": "List the files of a product"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "Machine clients see the public files of released products. Evidence is for those who make and judge the product."
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [FILE_EXAMPLE], "next": None}}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Machines: files for the public that are in use."""
        found = super().conditions(request)
        if machine_of(request) is not None:
            return (*found, Condition("{t}.is_public AND {t}.removed_at IS NULL"))
        return found

    def of_person(self, request: Request, product: Product) -> Sequence[Condition]:
        """Evidence only for those who may open it."""
        evidence = ProductFile(alliance=product.alliance, product=product, evidence="any")
        if can(request.user, OPEN_PRODUCT_FILE, evidence):
            return ()
        return (Condition("{t}.evidence = ''"),)


class ContributionList(PartEndpoint, ProjectionList):
    """Who made a product, the largest share first; for people only, as shares of benefits follow from it."""

    projection = CONTRIBUTION
    access: ClassVar[Mapping[str, Access]] = {"GET": Access()}
    summary: ClassVar[Mapping[str, str]] = {"GET": "List who made a product"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [CONTRIBUTION_EXAMPLE], "next": None}}


class ReferenceList(PartEndpoint, ProjectionList):
    """What a product answers or rests on."""

    projection = REFERENCE
    summary: ClassVar[Mapping[str, str]] = {"GET": "List what a product refers to"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [REFERENCE_EXAMPLE], "next": None}}
