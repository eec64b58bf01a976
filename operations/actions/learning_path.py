"""Learning paths: courses that together make somebody fit for a part in the alliance. How far somebody is, follows by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel.codes import next_code
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import require
from operations.actions.course import check_titles, clean_credits, known_fields, require_reachable
from operations.actions.project import refuse_field
from operations.models import Course, LearningPath, LearningPathCourse
from operations.permissions import RUN_PATHS

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

PATH_FIELDS: Final = ("title_en", "title_zh", "aim_en", "aim_zh", "credits_needed", "is_offered")
MOST_CREDITS: Final = Decimal("9999.99")
MOST_COURSES: Final = 50


def _set(path: LearningPath, values: Mapping[str, Any]) -> set[str]:
    changed = set()
    for name, value in known_fields(values, PATH_FIELDS).items():
        if getattr(path, name) != value:
            setattr(path, name, value)
            changed.add(name)
    faults = check_titles(path)
    if faults:
        raise InvalidInputError(
            _("The learning path was not saved: %(what)s") % {"what": " ".join(str(words) for words in faults.values())},
            code="path_invalid",
            fields=faults,
        )
    path.credits_needed = clean_credits(path.credits_needed, "credits_needed", MOST_CREDITS)
    return changed


def _put_courses(path: LearningPath, courses: Sequence[str], required: Sequence[str]) -> None:
    codes = list(dict.fromkeys(courses))
    if not codes:
        raise refuse_field("courses", _("Choose at least one course."), "courses_missing")
    if len(codes) > MOST_COURSES:
        raise refuse_field(
            "courses", _("A learning path has at most %(most)s courses.") % {"most": MOST_COURSES}, "too_many"
        )
    if stray := sorted(set(required) - set(codes)):
        raise refuse_field(
            "required",
            _("Required, but not chosen as a course of the path: %(codes)s.") % {"codes": ", ".join(stray)},
            "required_not_on_path",
        )
    found = {course.code: course for course in Course.objects.of(path.alliance).filter(code__in=codes)}
    if unknown := sorted(set(codes) - set(found)):
        raise refuse_field("courses", _("There is no course %(codes)s.") % {"codes": ", ".join(unknown)}, "course_unknown")
    path.courses.all().delete()
    LearningPathCourse.objects.bulk_create(
        LearningPathCourse(
            alliance=path.alliance, path=path, course=found[code], position=place, is_required=code in set(required)
        )
        for place, code in enumerate(codes, start=1)
    )
    require_reachable(path)


@transaction.atomic
def draft_path(
    alliance: Alliance,
    *,
    values: Mapping[str, Any],
    courses: Sequence[str],
    required: Sequence[str] = (),
    actor: User,
    at: datetime,
    code: str = "",
) -> LearningPath:
    """Draft a learning path.

    Args:
        alliance: The tenant.
        values: Of PATH_FIELDS.
        courses: Codes of its courses, in order.
        required: Codes of those without which it is not reached.
        actor: A person of the secretariat.
        at: Now.
        code: Code to use, for loaders; the next number when empty.

    Raises:
        PermissionRefusedError: The actor does not work in the secretariat.
        InvalidInputError: A value or course is missing or unknown; ``path_unreachable``: its courses give too few credits.
    """
    require(actor, RUN_PATHS, alliance)
    path = LearningPath(alliance=alliance, created_at=at)
    _set(path, values)
    path.code = code or next_code(LearningPath, alliance, "LP", 2)
    path.save()
    _put_courses(path, courses, required)
    _record(path, "draft_path", courses, required, actor=actor, at=at)
    return path


@transaction.atomic
def change_path(
    alliance: Alliance,
    code: str,
    *,
    values: Mapping[str, Any],
    courses: Sequence[str],
    required: Sequence[str] = (),
    actor: User,
    at: datetime,
) -> LearningPath:
    """Change a learning path; how far people are follows at once, because it is stored nowhere.

    Raises:
        NotFoundError: No path of this alliance has the code.
        PermissionRefusedError: The actor does not work in the secretariat.
        InvalidInputError: As for :func:`draft_path`.
    """
    path = LearningPath.objects.of(alliance).select_for_update(of=("self",)).filter(code=code).first()
    if path is None:
        raise NotFoundError
    require(actor, RUN_PATHS, path)
    _set(path, values)
    path.save()
    _put_courses(path, courses, required)
    _record(path, "change_path", courses, required, actor=actor, at=at)
    return path


def _record(
    path: LearningPath, verb: str, courses: Sequence[str], required: Sequence[str], *, actor: User, at: datetime
) -> None:
    record_audit(
        path,
        actor=actor,
        verb=verb,
        after={
            "code": path.code,
            "credits_needed": path.credits_needed,
            "is_offered": path.is_offered,
            "courses": list(courses),
            "required": sorted(required),
        },
        personal={name: getattr(path, name) for name in ("title_en", "title_zh") if getattr(path, name)},
        at=at,
    )
