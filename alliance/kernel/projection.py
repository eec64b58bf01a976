# ruff: noqa: S608 - only names from model classes and declarations enter statements; values are always parameters
"""The fast lane for reading: a list or record declared once, made into JSON inside PostgreSQL.

From one :class:`Projection` come the SQL that returns a whole page as one text value, the checks of a caller's parameters,
and the JSON schema that the API document prints. No model or serializer object is built. The statement depends only on
the *shape* of a request (fields chosen, filters used, ordering, first or later page), so its text is kept per shape.

Rules that every projection keeps: the alliance is named in the statement besides row-level security; a page is found by
the values of the row before it (keyset), never by an offset; rows are never counted; one more row than asked for tells
whether a next page exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson
from django.contrib.postgres.fields import ArrayField
from django.core import signing
from django.db import connection, models
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from alliance.kernel.errors import DomainError

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

PAGE_SIZE = 50
MAX_PAGE_SIZE = 100
MAX_VALUES = 50
MAX_STATEMENTS = 300
CURSOR_SALT = "alliance.api.cursor"
MOMENT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
_TRUE, _FALSE = {"true", "1"}, {"false", "0"}


class ParameterRefusedError(DomainError):
    """A parameter that is unknown, or whose value is not accepted."""

    code = "invalid_parameter"
    status = 400


# -- Fields -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Value:
    """A column of the record.

    Attributes:
        name: Name in the answer.
        source: Name of the model field; empty: the same as ``name``.
    """

    name: str
    source: str = ""


@dataclass(frozen=True)
class Computed:
    """A value computed by the database.

    Attributes:
        name: Name in the answer.
        sql: Expression in which ``{t}`` stands for the record's row; it gives a JSON-ready value.
        schema: JSON schema of the value.
    """

    name: str
    sql: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Nested:
    """The record a foreign key points to, or null.

    Attributes:
        name: Name in the answer.
        fields: Its fields.
        source: Name of the foreign key; empty: the same as ``name``.
    """

    name: str
    fields: tuple[Field, ...]
    source: str = ""


@dataclass(frozen=True)
class Listed:
    """Records that point to this one, as a list in an order of its own.

    Attributes:
        name: Name in the answer.
        relation: Name of the reverse relation (``related_name``).
        fields: Their fields.
        order: Model fields to order by, ``-`` for descending.
        where: Further SQL condition in which ``{t}`` stands for the inner row; no outside values.
        first: True gives the first record or null in place of a list.
    """

    name: str
    relation: str
    fields: tuple[Field, ...]
    order: tuple[str, ...]
    where: str = ""
    first: bool = False


Field = Value | Computed | Nested | Listed


# -- Filters ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OneOf:
    """``?name=a,b``: the field has one of the values.

    Attributes:
        name: Name of the parameter.
        path: Model field; ``author.code`` follows one foreign key; ``supplies.element`` asks whether such a row exists.
        where: For a reverse relation, a further condition in which ``{t}`` stands for the inner row.
    """

    name: str
    path: str = ""
    where: str = ""


@dataclass(frozen=True)
class Since:
    """``?name=2026-01-31`` or a moment: the field lies at or after it (``after``) or before it."""

    name: str
    path: str
    after: bool = True


@dataclass(frozen=True)
class Overlaps:
    """``?name=a,b``: the array field holds one of the values."""

    name: str
    path: str = ""


@dataclass(frozen=True)
class Contains:
    """``?name=words``: one of the text fields contains the words, whatever their case."""

    name: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Truth:
    """``?name=true``: an SQL condition in which ``{t}`` stands for the row."""

    name: str
    sql: str


Filter = OneOf | Since | Overlaps | Contains | Truth


@dataclass(frozen=True)
class Condition:
    """A restriction that the caller's rights put on the rows.

    Attributes:
        sql: Condition in which ``{t}`` stands for the row and ``%(name)s`` for parameters; names begin with ``base_``.
        params: Values of the parameters.
    """

    sql: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """One page, ready to send.

    Attributes:
        results: JSON array as UTF-8.
        next_cursor: Mark of the next page; empty on the last one.
    """

    results: bytes
    next_cursor: str


@dataclass(frozen=True)
class Query:
    """A caller's checked wishes."""

    fields: tuple[str, ...] = ()
    ordering: str = ""
    page_size: int = PAGE_SIZE
    after: tuple[str, ...] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)


# -- The declaration --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Projection:
    """What an endpoint shows.

    Attributes:
        name: Name of the schema component, e.g. ``Institution``.
        model: Model of the records.
        fields: Fields in the order of the answer.
        orderings: Parameter value to model fields; all in one direction, the last one unique in the alliance, none null.
            The first is the default. A ``-`` in front of the name makes the direction descending.
        filters: Declared filters; there are no others.
        lookup: Model field a single record is asked by.
        description: What the records are, for the API document.
    """

    name: str
    model: type[models.Model]
    fields: tuple[Field, ...]
    orderings: Mapping[str, tuple[str, ...]]
    filters: tuple[Filter, ...] = ()
    lookup: str = "code"
    description: StrOrPromise = ""
    _statements: dict[Any, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for name, keys in self.orderings.items():
            for key in keys:
                if self.model._meta.get_field(key).null:  # type: ignore[union-attr]
                    message = f"{self.name}: ordering {name} uses {key}, which may be null"
                    raise ValueError(message)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Every field that can be chosen, nested ones dotted."""
        return tuple(_paths(self.fields))

    @cached_property
    def default_ordering(self) -> str:
        """The first declared ordering."""
        return next(iter(self.orderings))

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Every query parameter a list takes."""
        return (*[item.name for item in self.filters], "fields", "ordering", "page_size", "cursor")

    # -- a caller's wishes

    def read(self, given: Mapping[str, Sequence[str]], *, single: bool = False) -> Query:
        """Check a caller's parameters.

        Args:
            given: Values by parameter, as in ``dict(request.GET.lists())``.
            single: True for one record: only ``fields`` is taken.

        Raises:
            ParameterRefusedError: Names the parameter, and what is allowed.
        """
        allowed = ("fields",) if single else self.parameters
        for name in given:
            if name not in allowed:
                raise ParameterRefusedError(
                    _("There is no parameter “%(name)s” here.") % {"name": name[:60]},
                    code="unknown_parameter",
                    remedy=_("Allowed parameters: %(names)s.") % {"names": ", ".join(allowed)},
                    details={"allowed": list(allowed)},
                )
        fields = self._chosen(_words(given.get("fields", ())))
        if single:
            return Query(fields=fields)
        ordering = _single(given, "ordering") or self.default_ordering
        if ordering not in self.orderings:
            raise _refuse("ordering", allowed=list(self.orderings))
        size_text = _single(given, "page_size") or str(PAGE_SIZE)
        if not size_text.isdecimal() or not 1 <= int(size_text[:6]) <= MAX_PAGE_SIZE:
            raise _refuse("page_size", remedy=_("A whole number from 1 to %(most)s.") % {"most": MAX_PAGE_SIZE})
        filters = {item.name: self._filter_value(item, given[item.name]) for item in self.filters if given.get(item.name)}
        after = self._open_cursor(_single(given, "cursor"), ordering)
        return Query(fields=fields, ordering=ordering, page_size=int(size_text), after=after, filters=filters)

    def _chosen(self, wanted: list[str]) -> tuple[str, ...]:
        known = set(self.paths)
        for path in wanted:
            if path not in known:
                raise _refuse("fields", allowed=list(self.paths))
        if not wanted:
            return ()
        # In the order of the declaration, so that two spellings of one wish share a statement.
        return tuple(path for path in self.paths if path in set(wanted))

    def _filter_value(self, item: Filter, texts: Sequence[str]) -> Any:
        if isinstance(item, Since):
            text = texts[-1].strip()
            target = _field(self.model, item.path)
            try:
                moment = parse_datetime(text.replace(" ", "+"))  # a plus sign arrives as a blank
                day = parse_date(text)
            except ValueError:
                moment = day = None
            value: date | datetime | None = day or moment
            if isinstance(target, models.DateTimeField):
                if moment is not None and moment.tzinfo is None and day is None:
                    moment = None
                value = moment if day is None else f"{day.isoformat()}T00:00:00Z"  # type: ignore[assignment]
            elif day is None:
                value = None
            if value is None:
                raise _refuse(item.name, remedy=_("A day as 2026-01-31, or a moment as 2026-01-31T08:00:00Z."))
            return value
        if isinstance(item, Truth):
            text = texts[-1].strip().lower()
            if text not in _TRUE | _FALSE:
                raise _refuse(item.name, allowed=["true", "false"])
            return text in _TRUE
        if isinstance(item, Contains):
            words = texts[-1].strip()
            if not words or len(words) > 200 or "\x00" in words:
                raise _refuse(item.name, remedy=_("1 to 200 characters."))
            return words
        values = _words(texts)
        target = _target(self.model, item.path or item.name)
        inner = target.base_field if isinstance(target, ArrayField) else target
        choices = [str(value) for value, _label in inner.flatchoices]
        if choices and (wrong := [value for value in values if value not in choices]):
            raise _refuse(item.name, allowed=choices, value=wrong[0])
        if not values or len(values) > MAX_VALUES or any("\x00" in value for value in values):
            raise _refuse(item.name, remedy=_("One or more values, separated by commas."))
        if isinstance(inner, models.IntegerField):
            if any(not re.fullmatch(r"-?\d{1,9}", value) for value in values):
                raise _refuse(item.name, remedy=_("Whole numbers."))
            return [int(value) for value in values]
        return values

    # -- page marks

    def _close_cursor(self, ordering: str, values: Sequence[str]) -> str:
        return signing.dumps([self.name, ordering, list(values)], salt=CURSOR_SALT, compress=False)

    def _open_cursor(self, text: str, ordering: str) -> tuple[str, ...]:
        if not text:
            return ()
        try:
            name, of_ordering, values = signing.loads(text, salt=CURSOR_SALT)
        except (signing.BadSignature, ValueError, TypeError):
            name = of_ordering = values = None
        if name != self.name or of_ordering != ordering:
            raise ParameterRefusedError(
                _("The page mark “cursor” was not given out for this list and ordering."),
                code="invalid_cursor",
                remedy=_("Start from the first page, and take the address under “next” as it is."),
            )
        return tuple(values)

    # -- reading

    def page(self, alliance: Alliance, query: Query, conditions: Iterable[Condition] = ()) -> Page:
        """One page of records; one query.

        Args:
            alliance: The tenant.
            query: Checked wishes, from :meth:`read`.
            conditions: What the caller may see.
        """
        bounds = tuple(conditions)
        sql, params = self.page_statement(alliance, query, bounds)
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return self.page_of(query, cursor.fetchone())

    def page_of(self, query: Query, row: tuple[Any, ...]) -> Page:
        """The page in the row that :meth:`page_statement` gives."""
        results, more, keys = row
        return Page(results.encode(), self._close_cursor(query.ordering, orjson.loads(keys)) if more else "")

    def page_statement(
        self, alliance: Alliance, query: Query, conditions: tuple[Condition, ...] = ()
    ) -> tuple[str, dict[str, Any]]:
        """The statement of a page and its parameters; benchmarks run the same one without the platform."""
        shape = (
            "page",
            query.fields,
            query.ordering,
            bool(query.after),
            tuple(query.filters),
            tuple(c.sql for c in conditions),
        )
        sql = self._statements.get(shape)
        if sql is None:
            sql = self._keep(shape, self._page_sql(query, conditions))
        params: dict[str, Any] = {"alliance": alliance.pk, "size": query.page_size, "limit": query.page_size + 1}
        for number, value in enumerate(query.after):
            params[f"after_{number}"] = value
        for name, value in query.filters.items():
            params[f"filter_{name}"] = value
        for item in self.filters:
            if isinstance(item, Contains) and item.name in query.filters:
                escaped = re.sub(r"([\\%_])", r"\\\1", query.filters[item.name])
                params[f"filter_{item.name}"] = f"%{escaped}%"
        for condition in conditions:
            params.update(condition.params)
        return sql, params

    def record(self, alliance: Alliance, key: str, query: Query, conditions: Iterable[Condition] = ()) -> bytes | None:
        """One record as JSON, or None when it does not exist here or is not open to the caller; one query."""
        bounds = tuple(conditions)
        sql, params = self.record_statement(alliance, key, query, bounds)
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            row = cursor.fetchone()
        return row[0].encode() if row else None

    def record_statement(
        self, alliance: Alliance, key: str, query: Query, conditions: tuple[Condition, ...] = ()
    ) -> tuple[str, dict[str, Any]]:
        """The statement of one record and its parameters."""
        shape = ("record", query.fields, tuple(c.sql for c in conditions))
        sql = self._statements.get(shape)
        if sql is None:
            writer = _Writer()
            body = writer.object_of(self.model, self.fields, "r", query.fields)
            where = [f"r.alliance_id = %(alliance)s AND r.{_column(self.model, self.lookup)} = %(key)s"]
            where += [condition.sql.format(t="r") for condition in conditions]
            sql = f"SELECT {body}::text FROM {_table(self.model)} r{writer.joins()} WHERE {' AND '.join(where)}"
            self._keep(shape, sql)
        params: dict[str, Any] = {"alliance": alliance.pk, "key": key}
        for condition in conditions:
            params.update(condition.params)
        return sql, params

    def _keep(self, shape: Any, sql: str) -> str:
        """Remember a statement; callers choose the shapes, so the memory is bounded."""
        if len(self._statements) >= MAX_STATEMENTS:
            self._statements.clear()
        self._statements[shape] = sql
        return sql

    def _page_sql(self, query: Query, conditions: tuple[Condition, ...]) -> str:
        keys = self.orderings[query.ordering]
        columns = [_column(self.model, key) for key in keys]
        descending = query.ordering.startswith("-")
        direction, comparison = ("DESC", "<") if descending else ("ASC", ">")
        where = ["f.alliance_id = %(alliance)s"]
        where += [condition.sql.format(t="f") for condition in conditions]
        where += [self._filter_sql(item) for item in self.filters if item.name in query.filters]
        if query.after:
            # The cast stands on the value, never on the column: a cast column has no index.
            values = ", ".join(
                f"%(after_{number})s::{self.model._meta.get_field(key).rel_db_type(connection)}"  # type: ignore[union-attr]
                if key == "id"
                else f"%(after_{number})s::{self.model._meta.get_field(key).db_type(connection)}"  # type: ignore[union-attr]
                for number, key in enumerate(keys)
            )
            where.append(f"({', '.join(f'f.{column}' for column in columns)}) {comparison} ({values})")
        order = ", ".join(f"f.{column} {direction}" for column in columns)
        place = ", ".join(f"f.{column} {direction}" for column in columns)
        writer = _Writer()
        body = writer.object_of(self.model, self.fields, "r", query.fields)
        marks = ", ".join(f"r.{column}::text" for column in columns)
        return (
            "SELECT '[' || coalesce(string_agg(p.body, ',' ORDER BY p.row_place) FILTER (WHERE p.row_place <= %(size)s), '') || ']', "
            "count(*) > %(size)s, max(p.marks) FILTER (WHERE p.row_place = %(size)s) FROM ("
            f"SELECT r.row_place, {body}::text AS body, "
            f"CASE WHEN r.row_place = %(size)s THEN json_build_array({marks})::text END AS marks FROM ("
            f"SELECT f.*, row_number() OVER (ORDER BY {place}) AS row_place FROM {_table(self.model)} f "
            f"WHERE {' AND '.join(where)} ORDER BY {order} LIMIT %(limit)s) r{writer.joins()}) p"
        )

    def _filter_sql(self, item: Filter) -> str:
        value = f"%(filter_{item.name})s"
        if isinstance(item, Truth):
            return f"({item.sql.format(t='f')}) IS NOT DISTINCT FROM {value}"
        if isinstance(item, Since):
            return f"f.{_column(self.model, item.path)} {'>=' if item.after else '<'} {value}"
        if isinstance(item, Contains):
            return "(" + " OR ".join(f"f.{_column(self.model, path)} ILIKE {value}" for path in item.paths) + ")"
        path = item.path or item.name
        if isinstance(item, Overlaps):
            target = _field(self.model, path)
            return f"f.{_column(self.model, path)} && {value}::{target.db_type(connection)}"
        head, _dot, tail = path.partition(".")
        if not tail:
            return f"f.{_column(self.model, path)} = ANY({value})"
        relation = self.model._meta.get_field(head)
        if relation.one_to_many or (relation.one_to_one and relation.auto_created):
            inner = relation.related_model
            more = f" AND {item.where.format(t='x')}" if item.where else ""
            link = _column(inner, relation.field.name)  # type: ignore[union-attr, arg-type]
            return (
                f"EXISTS (SELECT 1 FROM {_table(inner)} x WHERE x.alliance_id = f.alliance_id AND x.{link} = f.id "  # type: ignore[arg-type]
                f"AND x.{_column(inner, tail)} = ANY({value}){more})"  # type: ignore[arg-type]
            )
        return f"f.{_column(self.model, head)} IN ({_ids_where(relation.related_model, tail, value)})"  # type: ignore[arg-type]

    # -- the document

    def schema(self) -> dict[str, Any]:
        """JSON schema of one record."""
        return _schema(self.model, self.fields) | ({"description": str(self.description)} if self.description else {})

    def filter_schema(self, item: Filter) -> tuple[dict[str, Any], str]:
        """JSON schema and explanation of one filter parameter."""
        if isinstance(item, Truth):
            return {"type": "boolean"}, ""
        if isinstance(item, Since):
            words = "At or after this day or moment." if item.after else "Before this day or moment."
            return {"type": "string", "examples": ["2026-01-31", "2026-01-31T08:00:00Z"]}, words
        if isinstance(item, Contains):
            return {"type": "string", "maxLength": 200}, f"Words contained in one of: {', '.join(item.paths)}."
        target = _target(self.model, item.path or item.name)
        inner = target.base_field if isinstance(target, ArrayField) else target
        values: dict[str, Any] = {"type": "integer" if isinstance(inner, models.IntegerField) else "string"}
        if inner.flatchoices:
            values["enum"] = [value for value, _label in inner.flatchoices]
        return {"type": "array", "items": values, "maxItems": MAX_VALUES}, "One or more values, separated by commas."


# -- Writing SQL ------------------------------------------------------------------------------------------------------


class _Writer:
    """Writes the JSON expression of a record and the joins it needs."""

    def __init__(self) -> None:
        self._joins: list[str] = []
        self._count = 0

    def joins(self) -> str:
        return "".join(self._joins)

    def _alias(self) -> str:
        self._count += 1
        return f"j{self._count}"

    def object_of(self, model: type[models.Model], fields: tuple[Field, ...], alias: str, chosen: tuple[str, ...]) -> str:
        parts = []
        for item in fields:
            inner = _below(item.name, chosen)
            if inner is None:
                continue
            parts.append(f"'{item.name}', {self._value(model, item, alias, inner)}")
        return f"json_build_object({', '.join(parts)})"

    def _value(self, model: type[models.Model], item: Field, alias: str, chosen: tuple[str, ...]) -> str:
        if isinstance(item, Computed):
            return f"({item.sql.format(t=alias)})"
        if isinstance(item, Value):
            target = _field(model, item.source or item.name)
            column = f"{alias}.{_quote(target.column)}"
            if isinstance(target, models.DateTimeField):
                return f"to_char({column} AT TIME ZONE 'UTC', '{MOMENT}')"
            if isinstance(target, models.DecimalField):
                return f"{column}::text"
            return column
        if isinstance(item, Nested):
            key = _field(model, item.source or item.name)
            target_model: Any = key.related_model
            inner = self._alias()
            tenant = f"{inner}.alliance_id = {alias}.alliance_id AND " if _is_tenant(target_model) else ""
            self._joins.append(
                f" LEFT JOIN {_table(target_model)} {inner} ON {tenant}{inner}.id = {alias}.{_quote(key.column)}"
            )
            body = self.object_of(target_model, item.fields, inner, chosen)
            return f"CASE WHEN {inner}.id IS NULL THEN NULL ELSE {body} END"
        relation: Any = model._meta.get_field(item.relation)
        inner_model = relation.related_model
        inner = self._alias()
        outer_joins, self._joins = self._joins, []
        body = self.object_of(inner_model, item.fields, inner, chosen)
        joins, self._joins = self.joins(), outer_joins
        order = ", ".join(
            f"{inner}.{_column(inner_model, name.lstrip('-'))}{' DESC' if name.startswith('-') else ''}"
            for name in item.order
        )
        more = f" AND {item.where.format(t=inner)}" if item.where else ""
        source = (
            f"FROM {_table(inner_model)} {inner}{joins} WHERE {inner}.alliance_id = {alias}.alliance_id "
            f"AND {inner}.{_quote(relation.field.column)} = {alias}.id{more}"
        )
        if item.first:
            return f"(SELECT {body} {source} ORDER BY {order} LIMIT 1)"
        return f"(SELECT coalesce(json_agg({body} ORDER BY {order}), '[]'::json) {source})"


def _below(name: str, chosen: tuple[str, ...]) -> tuple[str, ...] | None:
    """Chosen paths under a field: None when it is left out, empty when all of it is wanted."""
    if not chosen or name in chosen:
        return ()
    inner = tuple(path[len(name) + 1 :] for path in chosen if path.startswith(f"{name}."))
    return inner or None


def _paths(fields: Iterable[Field], before: str = "") -> Iterable[str]:
    for item in fields:
        yield f"{before}{item.name}"
        if isinstance(item, Nested | Listed):
            yield from _paths(item.fields, f"{before}{item.name}.")


def _quote(name: str) -> str:
    return connection.ops.quote_name(name)


def _table(model: type[models.Model]) -> str:
    return _quote(model._meta.db_table)


def _field(model: type[models.Model], name: str) -> Any:
    return model._meta.get_field(name)


def _column(model: type[models.Model], name: str) -> str:
    return _quote(str(_field(model, name).column))


def _target(model: type[models.Model], path: str) -> Any:
    """The model field at the end of a filter's path."""
    head, _dot, tail = path.partition(".")
    found = _field(model, head)
    return _target(found.related_model, tail) if tail else found


def _ids_where(model: type[models.Model], path: str, value: str) -> str:
    """Keys of the alliance's rows whose field at the end of the path, over foreign keys only, is one of the values."""
    head, _dot, tail = path.partition(".")
    inner = f"IN ({_ids_where(_field(model, head).related_model, tail, value)})" if tail else f"= ANY({value})"
    return f"SELECT x.id FROM {_table(model)} x WHERE x.alliance_id = %(alliance)s AND x.{_column(model, head)} {inner}"


def _is_tenant(model: Any) -> bool:
    return any(item.name == "alliance" for item in model._meta.local_fields)


def _words(texts: Sequence[str]) -> list[str]:
    return [word.strip() for text in texts for word in text.split(",") if word.strip()]


def _single(given: Mapping[str, Sequence[str]], name: str) -> str:
    texts = given.get(name) or ("",)
    return texts[-1].strip()


def _refuse(
    name: str, *, allowed: list[str] | None = None, remedy: StrOrPromise = "", value: str = ""
) -> ParameterRefusedError:
    if allowed is not None:
        remedy = _("Allowed values: %(values)s.") % {"values": ", ".join(allowed)}
    words: StrOrPromise = _("The parameter “%(name)s” does not take this value.") % {"name": name}
    if value:
        words = _("The parameter “%(name)s” does not take the value “%(value)s”.") % {"name": name, "value": value[:60]}
    return ParameterRefusedError(
        words,
        remedy=remedy,
        fields={name: remedy or words},
        details={"parameter": name} | ({"allowed": allowed} if allowed else {}),
    )


# -- Writing the schema -----------------------------------------------------------------------------------------------


def _schema(model: type[models.Model], fields: Iterable[Field]) -> dict[str, Any]:
    """Schema of an object; no property is required, since a caller may choose fields."""
    properties = {}
    for item in fields:
        if isinstance(item, Computed):
            properties[item.name] = dict(item.schema)
        elif isinstance(item, Value):
            properties[item.name] = value_schema(_field(model, item.source or item.name))
        elif isinstance(item, Nested):
            key = _field(model, item.source or item.name)
            inner = _schema(key.related_model, item.fields)
            properties[item.name] = {"oneOf": [inner, {"type": "null"}]} if key.null else inner
        else:
            relation: Any = model._meta.get_field(item.relation)
            inner = _schema(relation.related_model, item.fields)
            if item.first:
                properties[item.name] = {"oneOf": [inner, {"type": "null"}]}
            else:
                properties[item.name] = {"type": "array", "items": inner}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def value_schema(target: Any) -> dict[str, Any]:
    """JSON schema of a column."""
    if isinstance(target, ArrayField):
        return {"type": "array", "items": value_schema(target.base_field)}
    if isinstance(target, models.JSONField) and target.default is list:
        return {"type": "array", "items": {}}
    if isinstance(target, models.JSONField):
        return {"type": "object", "additionalProperties": True}
    found: dict[str, Any]
    if isinstance(target, models.DateTimeField):
        found = {"type": "string", "format": "date-time"}
    elif isinstance(target, models.DateField):
        found = {"type": "string", "format": "date"}
    elif isinstance(target, models.DecimalField):
        found = {"type": "string", "format": "decimal", "pattern": r"^-?\d+(\.\d+)?$"}
    elif isinstance(target, models.BooleanField):
        found = {"type": "boolean"}
    elif isinstance(target, models.UUIDField):
        found = {"type": "string", "format": "uuid"}
    elif isinstance(target, models.IntegerField):
        found = {"type": "integer"}
    else:
        found = {"type": "string"}
        if target.max_length:
            found["maxLength"] = target.max_length
    if target.flatchoices:
        found["enum"] = [value for value, _label in target.flatchoices] + ([""] if target.blank and not target.null else [])
        found.pop("maxLength", None)
    if target.null:
        found["type"] = [found["type"], "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
    return found
