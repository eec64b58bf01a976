"""Seats from a table: each row by the rules of joining a group (features S24)."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.kernel.errors import InvalidInputError
from groups.actions.group import join_group
from groups.choices import GroupKind, SeatRole
from groups.models import GroupMembership, VirtualGroup
from members.actions.import_rows import find_institution, read_day
from members.choices import ImportSubject
from members.selectors.import_subjects import ImportField, RowSubject, row_subjects
from members.selectors.names import fold_name

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User

_GROUP_WORDS: dict[str, str] = {
    "政策组": GroupKind.POLICY,
    "政策小组": GroupKind.POLICY,
    "智慧组": GroupKind.WISDOM,
    "智慧小组": GroupKind.WISDOM,
    "媒体组": GroupKind.MEDIA,
    "媒体小组": GroupKind.MEDIA,
    "龙头企业组": GroupKind.LEADING_ENTERPRISE,
    "龙头企业小组": GroupKind.LEADING_ENTERPRISE,
    "基金会": GroupKind.FOUNDATION,
    "管理委员会": GroupKind.COMMITTEE,
    "committee": GroupKind.COMMITTEE,
}
_ROLE_WORDS: dict[str, str] = {
    "": SeatRole.MEMBER,
    "召集单位": SeatRole.CONVENOR,
    "召集人": SeatRole.CONVENOR,
    "成员": SeatRole.MEMBER,
    "成员单位": SeatRole.MEMBER,
    "观察员": SeatRole.OBSERVER,
}


def _choice(text: str, choices: list[tuple[str, Any]], words: dict[str, str]) -> str:
    """The code that a cell means: the code itself, its label in the active language, or a usual word; else empty."""
    folded = text.strip().lower()
    if folded in {value for value, _label in choices}:
        return folded
    if folded in words:
        return words[folded]
    return next((value for value, label in choices if folded == str(label).lower()), "")


def _start_of(text: str, name: str) -> datetime | None:
    """A moment, or the start of a day in the alliance's time zone.

    Raises:
        InvalidInputError: It is neither.
    """
    if not text:
        return None
    if len(text) > 10:
        try:
            found = datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            pass
        else:
            return found if timezone.is_aware(found) else timezone.make_aware(found)
    day = read_day(text, name)
    return timezone.make_aware(datetime.combine(day, time())) if day else None


def _group_of(values: dict[str, str]) -> str:
    return _choice(values.get("group", ""), list(GroupKind.choices), _GROUP_WORDS)


def _identity(values: dict[str, str]) -> str:
    return "|".join(
        (fold_name(values.get("institution", "")), _group_of(values) or values.get("group", ""), values.get("starts_at", ""))
    )


def _is_known(alliance: Alliance, values: dict[str, str]) -> bool:
    try:
        institution = find_institution(alliance, values.get("institution", ""))
        starts_at = _start_of(values.get("starts_at", ""), "starts_at")
    except InvalidInputError:
        return False
    seats = GroupMembership.objects.of(alliance).filter(institution=institution, group__kind=_group_of(values))
    if starts_at is None:
        return seats.at(timezone.now()).exists()
    return seats.filter(starts_at=starts_at).exists()


def _add(alliance: Alliance, values: dict[str, str], actor: User, at: datetime) -> GroupMembership:
    problems: dict[str, StrOrPromise] = {}
    institution = find_institution(alliance, values.get("institution", ""))
    group = _group_of(values)
    if not group:
        problems["group"] = _("“%(value)s” is none of the six groups.") % {"value": values.get("group", "")[:60]}
    elif not VirtualGroup.objects.of(alliance).filter(kind=group).exists():
        problems["group"] = _("This group is not established yet; establish the groups first.")
    role = _choice(values.get("role", ""), list(SeatRole.choices), _ROLE_WORDS)
    if not role:
        problems["role"] = _("Choose convenor, member or observer.")
    if len(values.get("exception_resolution", "")) > 40:
        problems["exception_resolution"] = _("At most %(most)s characters are possible.") % {"most": 40}
    if problems:
        raise InvalidInputError(_("The seat cannot be given as it stands."), code="seat_invalid", fields=problems)
    return join_group(
        alliance,
        group,
        institution.code,
        role=role,
        starts_at=_start_of(values.get("starts_at", ""), "starts_at") or at,
        ends_at=_start_of(values.get("ends_at", ""), "ends_at"),
        exception_resolution=values.get("exception_resolution", ""),
        imported=True,
        actor=actor,
        at=at,
    )


def _export(alliance: Alliance, _reader: Any) -> list[list[Any]]:
    seats = (
        GroupMembership.objects.of(alliance)
        .select_related("institution", "group", "exception_motion")
        .order_by("group__kind", "institution__sort_key", "starts_at", "id")
    )
    return [
        [
            seat.institution.code,
            seat.group.kind,
            seat.role,
            seat.starts_at.isoformat(),
            seat.ends_at.isoformat() if seat.ends_at else "",
            seat.exception_motion.code if seat.exception_motion else seat.exception_resolution,
        ]
        for seat in seats
    ]


SEATS = row_subjects.register(
    ImportSubject.SEATS,
    RowSubject(
        name=ImportSubject.SEATS,
        fields=(
            ImportField(
                "institution",
                _("Institution"),
                ("institution code", "organisation", "机构", "单位"),
                _("Its code, registry code or whole name."),
            ),
            ImportField("group", _("Group"), ("virtual group", "组", "小组"), _("Name or code of one of the six groups.")),
            ImportField("role", _("Role"), ("角色",), _("Convenor, member or observer; empty: member.")),
            ImportField(
                "starts_at", _("From"), ("start", "since", "起始日期"), _("A day such as 2026-11-30; empty: from now on.")
            ),
            ImportField("ends_at", _("Until"), ("end", "截止日期"), _("Empty: open.")),
            ImportField(
                "exception_resolution",
                _("Resolution that allows an exception"),
                ("resolution", "决议"),
                _("Number of the committee's resolution, where the kind is not foreseen for the group."),
            ),
        ),
        required=(("institution",), ("group",)),
        identity=_identity,
        is_known=_is_known,
        add=_add,
        export=_export,
        done_url="group_list",
    ),
)
