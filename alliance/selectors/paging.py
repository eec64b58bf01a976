"""Keyset pages: a page begins after the last row seen, so a list of a million rows opens as fast as one of ten.

Pages know no total and no number; both directions work, also from a page that somebody shared.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

from django.core import signing
from django.core.exceptions import FieldDoesNotExist
from django.db.models import F, Q
from django.http import QueryDict  # noqa: TID251 - only the query string's own type, to build the next address
from django.utils.translation import gettext_lazy as _

from alliance.kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from django.db.models import QuerySet

T = TypeVar("T")

PAGE_SIZE = 50
MAX_PAGE_SIZE = 100
CURSORS = ("after", "before")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        items: The rows, in the list's order.
        next_url: Query string of the page after it (``?…``), or empty.
        previous_url: Query string of the page before it, or empty.
        size: Rows asked for.
    """

    items: list[T] = field(default_factory=list)
    next_url: str = ""
    previous_url: str = ""
    size: int = PAGE_SIZE

    def __iter__(self) -> Any:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def paginate(
    queryset: QuerySet[Any, T], params: Mapping[str, Any], order: Sequence[str], *, size: int = PAGE_SIZE
) -> Page[T]:
    """One page of a queryset; one query.

    Args:
        queryset: The filtered rows; its own order is replaced.
        params: The request's query (``request.GET``). ``after`` and ``before`` are cursors, ``page_size`` is 1 to 100; all
            others are kept in the addresses of the neighbours.
        order: Field paths or annotations, ``-`` for falling; together they must tell every two rows apart (end with
            ``id``). A nullable field sorts its empty values last (rising) or first (falling), as PostgreSQL does.
        size: Rows per page unless the query says otherwise.

    Raises:
        InvalidInputError: The cursor was not made by us for this list, or the page size is no number.
    """
    wanted = _page_size(params, size)
    keys = [(name.lstrip("-"), name.startswith("-")) for name in order]
    signer = signing.Signer(salt=f"paging:{','.join(order)}")
    after, before = params.get("after"), params.get("before")
    backwards = bool(before) and not after
    rows = queryset.order_by(*(_ordering(name, falling=falling != backwards) for name, falling in keys))
    if cursor := after or before:
        values = _read(signer, str(cursor), len(keys))
        rows = rows.filter(_beyond(queryset, keys, values, backwards=backwards))
    found = list(rows[: wanted + 1])
    more = len(found) > wanted
    items = found[:wanted]
    if backwards:
        items.reverse()
    has_next = bool(items) and (more if not backwards else True)
    has_previous = bool(items) and (more if backwards else bool(after))
    return Page(
        items=items,
        next_url=_address(params, "after", _write(signer, items[-1], keys)) if has_next else "",
        previous_url=_address(params, "before", _write(signer, items[0], keys)) if has_previous else "",
        size=wanted,
    )


def _page_size(params: Mapping[str, Any], size: int) -> int:
    asked = params.get("page_size")
    if asked in (None, ""):
        return size
    try:
        return max(1, min(MAX_PAGE_SIZE, int(str(asked))))
    except ValueError:
        raise InvalidInputError(
            _("The page size must be a whole number from 1 to %(most)s.") % {"most": MAX_PAGE_SIZE}, code="page_size_invalid"
        ) from None


def _ordering(name: str, *, falling: bool) -> Any:
    # PostgreSQL's defaults: empty values last when rising, first when falling; so turning round turns them too.
    return F(name).desc() if falling else F(name).asc()


def _beyond(queryset: QuerySet[Any, Any], keys: Sequence[tuple[str, bool]], values: Sequence[Any], *, backwards: bool) -> Q:
    """Rows after (or before) the row with these values, as an OR over the keys with the first as an index bound."""
    condition = Q()
    equal = Q()
    for (name, falling), value in zip(keys, values, strict=True):
        further = _further(name, value, falling=falling != backwards, nullable=_is_nullable(queryset, name))
        if further is not None:
            condition |= equal & further
        equal &= Q(**{f"{name}__isnull": True}) if value is None else Q(**{name: value})
    if not condition:
        return Q(pk__in=[])
    first, falling = keys[0]
    if values[0] is not None and not _is_nullable(queryset, first):
        bound = "lte" if falling != backwards else "gte"
        condition &= Q(**{f"{first}__{bound}": values[0]})
    return condition


def _further(name: str, value: Any, *, falling: bool, nullable: bool) -> Q | None:
    if falling:
        return Q(**{f"{name}__isnull": False}) if value is None else Q(**{f"{name}__lt": value})
    if value is None:
        return None
    beyond = Q(**{f"{name}__gt": value})
    return beyond | Q(**{f"{name}__isnull": True}) if nullable else beyond


def _is_nullable(queryset: QuerySet[Any, Any], name: str) -> bool:
    model: Any = queryset.model
    found: Any = None
    for part in name.split("__"):
        if model is None:
            return True
        try:
            found = model._meta.pk if part == "pk" else model._meta.get_field(part)
        except FieldDoesNotExist:
            return True  # an annotation may be empty
        if found.null:
            return True
        model = found.related_model
    return bool(found is None or found.null)


def _value(item: Any, path: str) -> Any:
    value = item
    for part in [path] if isinstance(item, Mapping) and path in item else path.split("__"):
        value = value[part] if isinstance(value, Mapping) else getattr(value, part)
        if value is None:
            return None
    return value


def _pack(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, Decimal):
        return {"n": str(value)}
    if isinstance(value, UUID):
        return {"u": str(value)}
    return value


def _unpack(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((tag, text),) = value.items()
    readers: dict[str, Any] = {"t": datetime.fromisoformat, "d": date.fromisoformat, "n": Decimal, "u": UUID}
    return readers[tag](text)


def _write(signer: signing.Signer, item: Any, keys: Iterable[tuple[str, bool]]) -> str:
    packed = json.dumps([_pack(_value(item, name)) for name, _falling in keys], ensure_ascii=False, separators=(",", ":"))
    return signer.sign(base64.urlsafe_b64encode(packed.encode()).decode().rstrip("="))


def _read(signer: signing.Signer, cursor: str, length: int) -> list[Any]:
    try:
        text = signer.unsign(cursor)
        values = [_unpack(value) for value in json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))]
        if len(values) != length:
            raise ValueError(cursor)
    except (signing.BadSignature, ValueError, KeyError, TypeError, AttributeError):
        raise InvalidInputError(
            _("This link to a page of the list is not valid."),
            code="cursor_invalid",
            remedy=_("Open the list again from its first page."),
        ) from None
    return values


def _address(params: Mapping[str, Any], name: str, cursor: str) -> str:
    query = params.copy() if isinstance(params, QueryDict) else QueryDict(mutable=True)
    if not isinstance(params, QueryDict):
        for key, value in params.items():
            query[key] = str(value)
    for old in CURSORS:
        query.pop(old, None)
    query[name] = cursor
    return f"?{query.urlencode()}"
