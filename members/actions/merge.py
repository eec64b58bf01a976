"""Joins two entries of one institution, and parts them again within 30 days (features S23).

Every row that names the absorbed entry is moved to the one that stays, table by table (``members.selectors.merge``). A row
that would break a rule of the database there - the seat both held at the same time - stays where it is; the preview does the
merge and takes it back, so what it says is what will happen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, InternalError, ProgrammingError, connection, transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.actions.content import bump_content_version
from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from members.actions.fact import void_marks
from members.actions.standing import put_standing_back, set_standing, standing_before
from members.choices import DuplicateState, InstitutionState, MergeOutcome
from members.models import DuplicatePair, FactMark, Institution, InstitutionMerge, MergeStep
from members.permissions import HANDLE_DUPLICATES
from members.selectors.fact import facts_of_fields
from members.selectors.merge import Link, count_linked, list_links, list_objections
from members.selectors.names import keys_of
from members.signals import INSTITUTIONS_MERGED, INSTITUTIONS_PARTED

if TYPE_CHECKING:
    from uuid import UUID

    from alliance.models import Alliance, User

UNDO_WITHIN = timedelta(days=30)
FILLABLE = ("name_en", "name_zh", "short_en", "short_zh", "web", "contact_email", "joined_on")
"""Fields of the entry that stays that are filled from the other where they are empty; more follow from a condition."""
PERSONAL = frozenset({"contact_email"})
KEYS = ("name_key", "sort_key", "sort_key_zh")
_REFUSALS = ("23", "42501")
"""SQLSTATE of what a row may be refused for: a rule of the table, or a guard that keeps it as it is."""


@dataclass(slots=True)
class LinkedRows:
    """What a merge does, or would do, with one column's rows.

    Attributes:
        link: The column.
        count: Rows that name the absorbed entry.
        left: Of these, rows that stay with it because the entry that stays has its own.
    """

    link: Link
    count: int
    left: int = 0

    @property
    def moved(self) -> int:
        """Rows that go over."""
        return 0 if self.link.is_untouched else self.count - self.left


@dataclass(slots=True)
class Preview:
    """What a merge would do.

    Attributes:
        rows: Linked records by column, none without rows.
        filled: Field of the entry that stays -> the value it would get.
        objections: What stands against it; none: it can be done.
    """

    rows: list[LinkedRows] = field(default_factory=list)
    filled: dict[str, Any] = field(default_factory=dict)
    objections: list[Any] = field(default_factory=list)

    @property
    def moved(self) -> int:
        """Records that would go over."""
        return sum(row.moved for row in self.rows)

    @property
    def staying(self) -> int:
        """Records that would stay with the old entry."""
        return sum(row.count - row.moved for row in self.rows)


def _lock_both(alliance: Alliance, kept_code: str, absorbed_code: str) -> tuple[Institution, Institution]:
    """Both entries, locked in the order of their ids so that two merges never wait for each other.

    Raises:
        Institution.DoesNotExist: The alliance lacks one of the codes.
    """
    found = {
        row.code: row
        for row in Institution.objects.of(alliance)
        .filter(code__in=[kept_code, absorbed_code])
        .order_by("id")
        .select_for_update(of=("self",))
    }
    if kept_code not in found or absorbed_code not in found:
        raise Institution.DoesNotExist
    return found[kept_code], found[absorbed_code]


def _objections(alliance: Alliance, kept: Institution, absorbed: Institution) -> list[Any]:
    found: list[Any] = []
    if kept.pk == absorbed.pk:
        return [_("Choose two different entries.")]
    found += [
        _("%(code)s was merged into another entry already.") % {"code": entry.code}
        for entry in (kept, absorbed)
        if entry.state == InstitutionState.MERGED
    ]
    return found or [*list_objections(alliance, kept, absorbed)]


def plan_fill(kept: Institution, absorbed: Institution) -> dict[str, Any]:
    """Empty fields of the entry that stays, with the value the other one has; a register's code brings its register."""
    filled = {name: getattr(absorbed, name) for name in FILLABLE if not getattr(kept, name) and getattr(absorbed, name)}
    if kept.kind == absorbed.kind and not kept.subkind and absorbed.subkind:
        filled["subkind"] = absorbed.subkind
    if kept.country_code == absorbed.country_code and not kept.region_code and absorbed.region_code:
        filled["region_code"] = absorbed.region_code
    if not kept.registry_code and absorbed.registry_code:
        filled["registry_scheme"], filled["registry_code"] = absorbed.registry_scheme, absorbed.registry_code
    if {"name_en", "name_zh"} & set(filled):
        keys = keys_of(filled.get("name_en", kept.name_en), filled.get("name_zh", kept.name_zh))
        filled |= {name: value for name, value in zip(KEYS, keys, strict=True) if getattr(kept, name) != value}
    return filled


class _TakeBackError(Exception):
    """Ends the preview's savepoint."""


@transaction.atomic
def preview_merge(alliance: Alliance, kept_code: str, absorbed_code: str, *, actor: User) -> Preview:
    """What a merge would do, found by doing it inside a savepoint that is taken back; nothing is changed.

    Raises:
        Institution.DoesNotExist: The alliance lacks one of the codes.
    """
    kept, absorbed = _lock_both(alliance, kept_code, absorbed_code)
    require(actor, HANDLE_DUPLICATES, kept)
    preview = Preview(objections=_objections(alliance, kept, absorbed))
    preview.filled = {name: value for name, value in plan_fill(kept, absorbed).items() if name not in KEYS}
    try:
        with transaction.atomic():
            preview.rows = _move_all(alliance, absorbed, kept, None)
            raise _TakeBackError
    except _TakeBackError:
        return preview


@transaction.atomic
def merge_institutions(
    alliance: Alliance, kept_code: str, absorbed_code: str, *, actor: User, at: datetime
) -> InstitutionMerge:
    """Join two entries of one institution: linked records move, empty fields are filled, the other entry points to this one.

    The rights of the absorbed entry's people follow by themselves, for they hang on the rows that move.

    Args:
        alliance: The tenant.
        kept_code: The entry that stays.
        absorbed_code: The entry that is joined to it.
        actor: Needs ``members.handle_duplicates``.
        at: Now.

    Raises:
        Institution.DoesNotExist: The alliance lacks one of the codes.
        DomainError: One is merged already, a vote is open for one of them, or an upper layer objects.
        InvalidInputError: Filled up, the entry would equal a third one.
    """
    kept, absorbed = _lock_both(alliance, kept_code, absorbed_code)
    require(actor, HANDLE_DUPLICATES, kept)
    if found := _objections(alliance, kept, absorbed):
        raise DomainError(
            " ".join(str(words) for words in found),
            code="merge_refused",
            remedy=_("Merge them when this no longer holds."),
        )
    merge = InstitutionMerge.objects.create(
        alliance=alliance,
        kept=kept,
        absorbed=absorbed,
        absorbed_state=absorbed.state,
        merged_by=actor,
        merged_at=at,
        undo_until=at + UNDO_WITHIN,
    )
    rows = _move_all(alliance, absorbed, kept, merge)
    merge.filled = _join_entries(kept, absorbed, at=at)
    merge.save(update_fields=["filled"])
    first, second = sorted([kept.pk, absorbed.pk])
    DuplicatePair.objects.of(alliance).filter(first_id=first, second_id=second).update(
        state=DuplicateState.MERGED, decided_at=at, decided_by=actor
    )
    record_audit(
        kept,
        actor=actor,
        verb="merge_institutions",
        after={
            "absorbed": absorbed.code,
            "moved": sum(row.moved for row in rows),
            "left": sum(row.left for row in rows),
            "filled": sorted(name for name in merge.filled["kept"] if name not in KEYS),
        },
        at=at,
    )
    emit(alliance, INSTITUTIONS_MERGED, {"kept": kept.code, "absorbed": absorbed.code, "merge": str(merge.uuid)})
    bump_content_version(alliance)
    return merge


def _join_entries(kept: Institution, absorbed: Institution, *, at: datetime) -> dict[str, Any]:
    """Fill the entry that stays, close the other; what both were before, for the way back."""
    filled = plan_fill(kept, absorbed)
    facts = facts_of_fields([name for name in filled if name not in KEYS])
    marks = {
        str(pk): until
        for pk, until in FactMark.objects.of(kept.alliance)
        .filter(institution=kept, fact__in=list(facts), valid_until__isnull=False)
        .values_list("pk", "valid_until")
    }
    before: dict[str, Any] = {
        "kept": {name: [getattr(kept, name), value] for name, value in filled.items()},
        "absorbed": {"name_key": absorbed.name_key},
        "marks": marks,
        "standing": standing_before(absorbed),
    }
    changes: dict[str, Any] = {"state": InstitutionState.MERGED, "merged_into": kept}
    if "registry_code" in filled:
        before["absorbed"] |= {"registry_scheme": absorbed.registry_scheme, "registry_code": absorbed.registry_code}
        changes |= {"registry_scheme": "none", "registry_code": ""}
    place = (filled.get("region_code", kept.region_code), kept.country_code)
    if filled.get("name_key", kept.name_key) == absorbed.name_key and place == (absorbed.region_code, absorbed.country_code):
        # Two entries of one place cannot have the same name: the one that is closed gives way.
        ending = f" #{absorbed.code}"
        changes["name_key"] = absorbed.name_key[: 300 - len(ending)] + ending
    entries = Institution.objects.of(kept.alliance)
    entries.filter(pk=absorbed.pk).update(**changes)
    for name, value in changes.items():
        setattr(absorbed, name, value)
    set_standing(absorbed, InstitutionState.MERGED, at=at)
    if filled:
        try:
            with transaction.atomic():
                entries.filter(pk=kept.pk).update(**filled)
        except IntegrityError as error:
            raise InvalidInputError(
                _("Filled up from the other, the entry would have the name or the registry code of a third one."),
                code="merge_meets_third",
                remedy=_("Merge the third entry first, or correct the names."),
            ) from error
        for name, value in filled.items():
            setattr(kept, name, value)
        void_marks(kept, facts, at=at)
    kept_for_undo: dict[str, Any] = _as_json(before)
    return kept_for_undo


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return value.isoformat() if isinstance(value, date | datetime) else value


# ------------------------------------------------------------------------------------------------------- moving the rows


def _move_all(
    alliance: Alliance, source: Institution, target: Institution, merge: InstitutionMerge | None
) -> list[LinkedRows]:
    """Move every linked row; with a merge, write down each."""
    counts = count_linked(alliance, source)
    done = []
    for link in list_links():
        if not (count := counts.get(link.key, 0)):
            continue
        rows = LinkedRows(link, count)
        done.append(rows)
        if link.is_untouched:
            continue
        moved, left = move_rows(alliance, link, source.pk, target.pk, _ids_of(alliance, link, source.pk))
        rows.left = len(left)
        if merge is not None:
            MergeStep.objects.bulk_create(
                [
                    MergeStep(
                        alliance=alliance, merge=merge, table=link.table, column=link.column, row_id=pk, outcome=outcome
                    )
                    for outcome, ids in ((MergeOutcome.MOVED, moved), (MergeOutcome.LEFT, left))
                    for pk in ids
                ],
                batch_size=1_000,
            )
    return done


def _ids_of(alliance: Alliance, link: Link, institution_id: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT id FROM "{link.table}" WHERE alliance_id = %s AND "{link.column}" = %s ORDER BY id FOR UPDATE',  # noqa: S608 - names of our own models
            [alliance.pk, institution_id],
        )
        return [int(row[0]) for row in cursor.fetchall()]


def move_rows(alliance: Alliance, link: Link, source: int, target: int, ids: list[int]) -> tuple[list[int], list[int]]:
    """Let rows name another institution, as many as the table's rules allow.

    All at once; when the table refuses, each half by itself, down to the single row that stands in the way.

    Returns:
        Ids of the rows that moved, and of those that stayed.
    """
    if not ids:
        return [], []
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f'UPDATE "{link.table}" SET "{link.column}" = %s'  # noqa: S608 - names of our own models
                f' WHERE alliance_id = %s AND id = ANY(%s) AND "{link.column}" = %s RETURNING id',
                [target, alliance.pk, ids, source],
            )
            moved = [int(row[0]) for row in cursor.fetchall()]
    except (IntegrityError, InternalError, ProgrammingError) as error:
        state = str(getattr(error.__cause__, "pgcode", "") or "")
        if not state.startswith(_REFUSALS):
            raise
        if len(ids) == 1:
            return [], ids
        half = len(ids) // 2
        one, other = (move_rows(alliance, link, source, target, part) for part in (ids[:half], ids[half:]))
        return one[0] + other[0], one[1] + other[1]
    return moved, [pk for pk in ids if pk not in set(moved)]


# ------------------------------------------------------------------------------------------------------------------- undo


@dataclass(frozen=True, slots=True)
class Parted:
    """What an undo did.

    Attributes:
        merge: The merge that was undone.
        back: Rows that name the restored entry again.
        stayed: Rows that could not go back: deleted, given to a third entry, or in the way of one made since.
    """

    merge: InstitutionMerge
    back: int
    stayed: int


@transaction.atomic
def undo_merge(alliance: Alliance, merge_uuid: UUID, *, actor: User, at: datetime) -> Parted:
    """Part two entries again: each row that moved and still names the entry that stayed goes back, both get their fields.

    A field that was changed since the merge keeps its new value.

    Raises:
        InstitutionMerge.DoesNotExist: No such merge here.
        DomainError: It was undone already, its 30 days are over, or the entry that stayed was itself merged since.
        InvalidInputError: A third entry has taken the name or the registry code meanwhile.
    """
    merge = InstitutionMerge.objects.of(alliance).select_for_update().get(uuid=merge_uuid)
    codes = dict(
        Institution.objects.of(alliance).filter(pk__in=[merge.kept_id, merge.absorbed_id]).values_list("pk", "code")
    )
    kept, absorbed = _lock_both(alliance, codes[merge.kept_id], codes[merge.absorbed_id])
    require(actor, HANDLE_DUPLICATES, kept)
    _check_undo(merge, kept, at)
    _part_entries(merge, kept, absorbed)
    back = stayed = 0
    links = {(link.table, link.column): link for link in list_links()}
    steps: dict[tuple[str, str], list[int]] = {}
    for table, column, row_id in (
        MergeStep.objects.of(alliance)
        .filter(merge=merge, outcome=MergeOutcome.MOVED)
        .order_by("table", "column", "row_id")
        .values_list("table", "column", "row_id")
    ):
        steps.setdefault((table, column), []).append(row_id)
    for place, ids in steps.items():
        link = links.get(place)  # a column may have gone in a later version of the program
        moved = move_rows(alliance, link, kept.pk, absorbed.pk, ids)[0] if link is not None else []
        back += len(moved)
        stayed += len(ids) - len(moved)
    merge.undone_at, merge.undone_by = at, actor
    merge.save(update_fields=["undone_at", "undone_by"])
    first, second = sorted([kept.pk, absorbed.pk])
    DuplicatePair.objects.of(alliance).filter(first_id=first, second_id=second, state=DuplicateState.MERGED).update(
        state=DuplicateState.OPEN, decided_at=None, decided_by=None
    )
    record_audit(
        kept,
        actor=actor,
        verb="undo_merge",
        before={"absorbed": absorbed.code},
        after={"back": back, "stayed": stayed, "state": absorbed.state},
        at=at,
    )
    emit(alliance, INSTITUTIONS_PARTED, {"kept": kept.code, "restored": absorbed.code, "merge": str(merge.uuid)})
    bump_content_version(alliance)
    return Parted(merge, back, stayed)


def _check_undo(merge: InstitutionMerge, kept: Institution, at: datetime) -> None:
    if merge.undone_at is not None:
        raise DomainError(_("This merge was undone already."), code="merge_undone")
    if at >= merge.undo_until:
        raise DomainError(_("A merge can be undone for 30 days; they are over."), code="merge_final")
    if kept.state == InstitutionState.MERGED:
        raise DomainError(
            _("%(code)s was itself merged since.") % {"code": kept.code},
            code="merge_followed_by_another",
            remedy=_("Undo the later merge first."),
        )


def _part_entries(merge: InstitutionMerge, kept: Institution, absorbed: Institution) -> None:
    before = merge.filled
    entries = Institution.objects.of(merge.alliance)
    restored = {
        name: value for name, (value, given) in before.get("kept", {}).items() if _as_json(getattr(kept, name)) == given
    }
    if not {"name_en", "name_zh"} & set(restored):
        restored = {name: value for name, value in restored.items() if name not in KEYS}
    else:
        names = {name: restored.get(name, getattr(kept, name)) for name in ("name_en", "name_zh")}
        restored |= dict(zip(KEYS, keys_of(**names), strict=True))
    own = {"state": merge.absorbed_state, "merged_into": None, **before.get("absorbed", {})}
    try:
        with transaction.atomic():
            if restored:
                entries.filter(pk=kept.pk).update(**restored)
            entries.filter(pk=absorbed.pk).update(**own)
    except IntegrityError as error:
        raise InvalidInputError(
            _("Another entry has the name or the registry code of the old entry now."),
            code="undo_meets_third",
            remedy=_("Change that entry first, then undo the merge."),
        ) from error
    for name, value in own.items():
        setattr(absorbed, name, value)
    put_standing_back(absorbed, before.get("standing"))
    for pk, until in before.get("marks", {}).items():
        FactMark.objects.of(merge.alliance).filter(pk=int(pk), institution=kept, valid_until__isnull=True).update(
            valid_until=until
        )
