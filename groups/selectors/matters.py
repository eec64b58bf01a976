"""What conflicts of interest are about: matters, their parties, and who is linked with a party.

A *matter* is named ``<prefix>:<code>``. Each layer registers its prefixes, so that the guard knows whose matter it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from alliance.kernel.registry import Registry
from groups.choices import LinkKind, MotionState
from groups.models import Dispute, Motion
from groups.selectors.links import Link, find_links, find_links_to_outside
from members.models import Application, Institution

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance


@dataclass(frozen=True, slots=True)
class Parties:
    """Whose matter it is.

    Attributes:
        institutions: Primary keys of the members concerned.
        outside: Folded names of parties without an entry here, such as an applicant.
        stand_aside: Whether the parties themselves stand aside, as from a vote on their own expulsion; an author or a party
            to a dispute does not, for it must see its own file - other rules keep it from judging.
    """

    institutions: frozenset[int] = frozenset()
    outside: frozenset[str] = frozenset()
    stand_aside: bool = False


@dataclass(frozen=True, slots=True)
class MatterKind:
    """One prefix.

    Attributes:
        label: The kind in words.
        parties: Parties by the matter's code; None where there is no such matter. Two queries at most.
        open: Parties of every open matter of the kind, by code; two queries at most.
        url_name: Route of the matter's page; takes ``code``.
    """

    label: StrOrPromise
    parties: Callable[[Alliance, str], Parties | None]
    open: Callable[[Alliance], dict[str, Parties]]
    url_name: str = ""


matter_parties: Registry[MatterKind] = Registry("kind of matter")
"""By prefix; each layer adds its own."""


@dataclass(slots=True)
class Detected:
    """A candidate that a rule finds in conflict, and why.

    Attributes:
        institution_id: The candidate.
        links: What links it with a party.
        kinds: The rules that found it, each once, in the order of LinkKind.
    """

    institution_id: int
    links: list[Link] = field(default_factory=list)

    @property
    def kinds(self) -> list[LinkKind]:
        """The rules that found it."""
        found = {one.kind for one in self.links}
        return [kind for kind in LinkKind if kind in found]

    @property
    def since(self) -> datetime | None:
        """When the newest of the links came on record; None where one of them has no date."""
        dates = [one.since for one in self.links]
        return max((day for day in dates if day is not None), default=None)


MATTER_NAME = re.compile(r"[a-z][a-z_]{0,29}:[A-Za-z0-9][A-Za-z0-9:_.-]*")
"""A prefix and a code: it stands in the audit log in clear, so no words of anybody's may go into it."""


def is_matter_name(text: str) -> bool:
    """Whether a text names a matter; empty is none."""
    return len(text) <= 80 and MATTER_NAME.fullmatch(text) is not None


def split(matter: str) -> tuple[str, str]:
    """Prefix and code."""
    prefix, _colon, code = matter.partition(":")
    return prefix, code


def parties_of(alliance: Alliance, matter: str) -> Parties | None:
    """The parties of a matter; None where the prefix or the matter is unknown."""
    prefix, code = split(matter)
    return matter_parties.get(prefix).parties(alliance, code) if prefix in matter_parties and code else None


def detect_conflicts(
    alliance: Alliance, matter: str, parties: Iterable[int], candidates: Collection[int], at: datetime
) -> list[Detected]:
    """Candidates that must not judge a matter, with the reasons; asked before anybody is assigned.

    A fixed number of queries, whatever the number of candidates; see :func:`find_links`.

    Args:
        alliance: The tenant.
        matter: E.g. ``product:P-029``; its outside parties count too.
        parties: Institutions the matter is about.
        candidates: Institutions that could be assigned.
        at: Now.
    """
    known = parties_of(alliance, matter)
    whose = frozenset(parties) | (known.institutions if known else frozenset())
    found = _linked(alliance, {matter: Parties(whose, known.outside if known else frozenset(), stand_aside=True)}, at)
    return [one for one in found[matter] if one.institution_id in set(candidates)]


def list_linked(alliance: Alliance, matters: dict[str, Parties], at: datetime) -> dict[str, list[Detected]]:
    """Every institution that is linked with a party, for many matters at once; as many queries as for one."""
    return _linked(alliance, matters, at)


def _linked(alliance: Alliance, matters: dict[str, Parties], at: datetime) -> dict[str, list[Detected]]:
    everybody = frozenset().union(*(parties.institutions for parties in matters.values()))
    by_party: dict[int, list[Link]] = defaultdict(list)
    for one in find_links(alliance, everybody, at):
        by_party[one.first].append(one)
        by_party[one.second].append(one)
    names = sorted(frozenset().union(*(parties.outside for parties in matters.values())))
    outside = find_links_to_outside(alliance, names, at)
    answer: dict[str, list[Detected]] = {}
    for matter, parties in matters.items():
        found: dict[int, Detected] = {}
        for party in parties.institutions:
            if parties.stand_aside:
                found.setdefault(party, Detected(party)).links.append(Link(party, party, LinkKind.PARTY, matter))
            for one in by_party[party]:
                other = one.other_than(party)
                if other not in parties.institutions:
                    found.setdefault(other, Detected(other)).links.append(one)
        for name in parties.outside:
            for institution_id, links in outside[name].items():
                found.setdefault(institution_id, Detected(institution_id)).links.extend(links)
        answer[matter] = sorted(found.values(), key=lambda entry: entry.institution_id)
    return answer


def list_open_matters(alliance: Alliance) -> dict[str, Parties]:
    """Parties of every open matter; two queries at most per prefix."""
    return {
        f"{prefix}:{code}": parties
        for prefix, kind in matter_parties.items()
        for code, parties in kind.open(alliance).items()
    }


def describe_matter(matter: str) -> tuple[StrOrPromise, str]:
    """A matter in words, and the address of its page where it has one."""
    prefix, code = split(matter)
    if prefix not in matter_parties:
        return matter, ""
    kind = matter_parties.get(prefix)
    try:
        url = reverse(kind.url_name, kwargs={"code": code}) if kind.url_name and code else ""
    except NoReverseMatch:
        url = ""
    return _("%(kind)s %(code)s") % {"kind": kind.label, "code": code}, url


# ------------------------------------------------------------------------------------------- matters of this layer


def _application(application: Application) -> Parties:
    own = frozenset({application.institution_id}) if application.institution_id else frozenset()
    return Parties(own, frozenset({application.name_key}))


def _application_parties(alliance: Alliance, code: str) -> Parties | None:
    found = Application.objects.of(alliance).filter(code=code).first()
    return _application(found) if found else None


def _open_applications(alliance: Alliance) -> dict[str, Parties]:
    return {found.code: _application(found) for found in Application.objects.of(alliance).open()}


def _dispute_parties(alliance: Alliance, code: str) -> Parties | None:
    found = Dispute.objects.of(alliance).filter(code=code).first()
    return Parties(found.party_ids) if found else None


def _open_disputes(alliance: Alliance) -> dict[str, Parties]:
    return {found.code: Parties(found.party_ids) for found in Dispute.objects.of(alliance).filter(closed_at__isnull=True)}


def _institution_parties(alliance: Alliance, code: str) -> Parties | None:
    found = Institution.objects.of(alliance).filter(code=code).values_list("id", flat=True).first()
    return Parties(frozenset({found}), stand_aside=True) if found else None


def _institutions_voted_on(alliance: Alliance, prefix: str) -> dict[str, Parties]:
    """Members before a body, as for a suspension."""
    codes = {
        split(matter)[1]
        for matter in Motion.objects.of(alliance)
        .filter(state__in=[MotionState.DRAFT, MotionState.OPEN], matter__startswith=f"{prefix}:")
        .values_list("matter", flat=True)
    }
    ids = Institution.objects.of(alliance).filter(code__in=codes).values_list("code", "id")
    return {code: Parties(frozenset({pk}), stand_aside=True) for code, pk in ids}


def _concerned(alliance: Alliance, motions: Iterable[Motion]) -> dict[str, Parties]:
    """A motion's own matter is that of the institution its effect is about, such as a suspension."""
    listed = list(motions)
    named = {str(motion.effect_params.get("institution", "")) for motion in listed}
    ids = dict(Institution.objects.of(alliance).filter(code__in=named - {""}).values_list("code", "id"))
    return {
        motion.code: Parties(
            frozenset({ids[code]}) if (code := str(motion.effect_params.get("institution", ""))) in ids else frozenset(),
            stand_aside=True,
        )
        for motion in listed
    }


def _motion_parties(alliance: Alliance, code: str) -> Parties | None:
    return _concerned(alliance, Motion.objects.of(alliance).filter(code=code)).get(code)


def _open_motions(alliance: Alliance) -> dict[str, Parties]:
    unnamed = Motion.objects.of(alliance).filter(state__in=[MotionState.DRAFT, MotionState.OPEN], matter="")
    return _concerned(alliance, unnamed)


matter_parties.register(
    "application", MatterKind(_("Application"), _application_parties, _open_applications, "application_detail")
)
matter_parties.register(
    "institution",
    MatterKind(
        _("Institution"), _institution_parties, partial(_institutions_voted_on, prefix="institution"), "institution_detail"
    ),
)
matter_parties.register(
    "standing",
    MatterKind(
        _("Standing"), _institution_parties, partial(_institutions_voted_on, prefix="standing"), "institution_detail"
    ),
)
matter_parties.register("dispute", MatterKind(_("Dispute"), _dispute_parties, _open_disputes, "dispute_detail"))
matter_parties.register("motion", MatterKind(_("Motion"), _motion_parties, _open_motions, "motion_detail"))
