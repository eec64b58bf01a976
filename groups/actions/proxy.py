"""Gives and revokes proxies (model charter, article 20).

An own vote always wins; who holds a proxy passes none on, so there is no chain and no loop; a holder has as many as the charter
allows; who stands aside gives and holds none for that motion. A proxy can be revoked until the close; a vote cast with it goes
with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.kernel.errors import ConflictOfInterestError, InvalidInputError, NotFoundError
from alliance.kernel.permissions import require
from alliance.kernel.turns import take_turns
from groups.actions.conflict import lock_matter
from groups.choices import BallotForm, Choice, GroupKind, MotionState
from groups.models import BallotEnvelope, Motion, MotionElector, Proxy, VirtualGroup, Vote
from groups.permissions import GIVE_PROXY
from groups.selectors.conflict import list_recused
from groups.selectors.electors import list_electors
from groups.selectors.motion import matter_of, voters_of
from groups.selectors.proxy import (
    TOO_MANY,
    broken_rule,
    open_motions_of,
    pairs_of,
    proxies_for,
    proxies_per_holder,
    standing_proxies,
)
from members.models import Institution

if TYPE_CHECKING:
    from datetime import datetime
    from typing import NoReturn
    from uuid import UUID

    from alliance.models import Alliance, User

ASSEMBLY = "assembly"
"""Name of the assembly where a body is chosen."""


def _share(alliance: Alliance, motion_ids: list[int]) -> None:
    """Hold motions against their close until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM groups_motion WHERE alliance_id = %s AND id = ANY(%s) ORDER BY id FOR SHARE",
            [alliance.pk, motion_ids],
        )


def _refuse(words: str, code: str, name: str = "", remedy: str = "") -> NoReturn:
    raise InvalidInputError(words, code=code, remedy=remedy, fields={name: words} if name else None)


@transaction.atomic
def give_proxy(
    alliance: Alliance,
    *,
    giver_code: str,
    holder_code: str,
    motion_code: str = "",
    body: str = "",
    instruction: str = "",
    valid_until: datetime | None = None,
    actor: User,
    at: datetime,
) -> Proxy:
    """Let another member vote for one's own, in one open motion or in every motion of a body until revoked.

    A proxy given before for the same motion or body is replaced.

    Args:
        alliance: The tenant.
        giver_code: Whose vote it is.
        holder_code: Who may cast it; it votes in the same body.
        motion_code: The open motion; empty: standing.
        body: Standing proxies: kind of the group, or ``assembly``.
        instruction: How to vote; empty: as the holder sees fit. Never for a secret ballot, which it would betray.
        valid_until: Standing proxies: when it ends.
        actor: Needs ``groups.give_proxy``: the giver's representative.
        at: Now.

    Raises:
        InvalidInputError: To itself, unknown member or body, motion not open, instruction on a secret ballot, a chain, or
            too many for one holder.
        ConflictOfInterestError: Giver or holder stands aside from the motion.
        PermissionRefusedError: The actor does not represent the giver.
    """
    parties = {one.code: one for one in Institution.objects.of(alliance).filter(code__in=[giver_code, holder_code])}
    giver, holder = parties.get(giver_code), parties.get(holder_code)
    require(actor, GIVE_PROXY, Proxy(alliance=alliance, giver=giver))
    if giver is None:
        raise NotFoundError
    if holder is None:
        _refuse(_("No member of this alliance has that code."), "institution_unknown", "holder")
    if holder.pk == giver.pk:
        _refuse(_("A proxy goes to another member."), "proxy_to_itself", "holder")
    if instruction not in {"", *Choice.values}:
        _refuse(_("Choose yes, no, abstain, or leave it to the holder."), "choice_unknown", "instruction")
    take_turns(alliance, "proxies")
    motion, group = _subject(alliance, motion_code, body)
    if motion is not None:
        _check_motion(alliance, motion, giver, holder, instruction, at)
        valid_until = None
    else:
        if instruction:
            _refuse(_("How to vote can be said for a single motion only."), "instruction_standing", "instruction")
        if valid_until is not None and valid_until <= at:
            _refuse(_("Give an end that is not in the past."), "period_backwards", "valid_until")
        entitled = set(list_electors(alliance, group, at).filter(pk__in=[giver.pk, holder.pk]).values_list("pk", flat=True))
        if entitled != {giver.pk, holder.pk}:
            _refuse(_("Both members must have a vote in this body."), "no_vote_now", "holder")
    same = Proxy.objects.of(alliance).filter(giver=giver, revoked_at__isnull=True)
    same = same.filter(motion=motion) if motion is not None else same.filter(motion__isnull=True, group=group)
    replaced = list(same.select_for_update(of=("self",)))
    open_ones = [motion] if motion is not None else list(open_motions_of(alliance, group.pk if group else None))
    _share(alliance, [one.pk for one in open_ones])
    for old in replaced:
        _end(alliance, old, at)
    proxy = Proxy(
        alliance=alliance,
        giver=giver,
        holder=holder,
        motion=motion,
        group=group if motion is None else None,
        instruction=instruction,
        valid_from=at,
        valid_until=valid_until,
        given_by=actor,
    )
    try:
        with transaction.atomic():
            proxy.save(force_insert=True)
    except IntegrityError:
        _refuse(_("A proxy for this was given a moment ago; look again."), "proxy_given")
    _keep_rules(alliance, proxy, open_ones, at)
    record_audit(
        proxy,
        actor=actor,
        verb="give_proxy",
        after={
            "giver": giver.code,
            "holder": holder.code,
            "motion": motion.code if motion else None,
            "body": None if motion else (group.kind if group else ASSEMBLY),
            "instructed": bool(instruction),
            "until": valid_until,
        },
        at=at,
    )
    notify(
        alliance,
        {staff.user_id: staff.user for staff in voters_of(alliance, [holder.pk], at)}.values(),
        "proxy_given",
        f"proxy_given:{proxy.uuid}",
        params={"giver_en": giver.name_en, "giver_zh": giver.name_zh},
        at=at,
        url_name="portal_proxy_list",
    )
    return proxy


def _subject(alliance: Alliance, motion_code: str, body: str) -> tuple[Motion | None, VirtualGroup | None]:
    if motion_code:
        motion = Motion.objects.of(alliance).select_related("group").filter(code=motion_code).first()
        if motion is None:
            _refuse(_("No motion of this alliance has that code."), "motion_unknown", "motion")
        return motion, None
    if body == ASSEMBLY:
        return None, None
    if body not in GroupKind.values:
        _refuse(_("Choose a motion or a body."), "body_unknown", "body")
    group = VirtualGroup.objects.of(alliance).filter(kind=body).first()
    if group is None:
        _refuse(_("This group is not established yet."), "group_unknown", "body")
    return None, group


def _check_motion(
    alliance: Alliance, motion: Motion, giver: Institution, holder: Institution, instruction: str, at: datetime
) -> None:
    _share(alliance, [motion.pk])
    motion.refresh_from_db(fields=["state", "closes_at"])
    if motion.state != MotionState.OPEN or (motion.closes_at is not None and at >= motion.closes_at):
        _refuse(_("A proxy for a motion can be given while its vote is open."), "vote_not_open", "motion")
    if instruction and motion.ballot == BallotForm.SECRET:
        _refuse(
            _("How to vote in a secret ballot is not written down here: it would no longer be secret."),
            "instruction_secret",
            "instruction",
            _("Tell the holder yourself, and leave this empty."),
        )
    on_roll = set(
        MotionElector.objects.of(alliance)
        .filter(motion=motion, institution__in=[giver, holder])
        .values_list("institution_id", flat=True)
    )
    if on_roll != {giver.pk, holder.pk}:
        _refuse(_("Both members must be on the roll of this vote."), "not_on_roll", "holder")
    lock_matter(alliance, matter_of(motion), shared=True)
    if {giver.pk, holder.pk} & list_recused(alliance, matter_of(motion)):
        raise ConflictOfInterestError(
            _("A member that stands aside can neither give nor hold a proxy for this motion."),
            details={"matter": matter_of(motion)},
        )


def _keep_rules(alliance: Alliance, proxy: Proxy, open_ones: list[Motion], at: datetime) -> None:
    """Refuse a proxy with which the rules would be broken in the body or in one of its open motions."""
    limit = proxies_per_holder(alliance)
    sets = [pairs_of(proxies_for(alliance, one, at)) for one in open_ones]
    if proxy.motion_id is None:
        sets.append(pairs_of(standing_proxies(alliance, proxy.group, at)))
    for pairs in sets:
        broken = broken_rule(pairs, limit)
        if broken == TOO_MANY:
            _refuse(
                _("%(name)s holds as many proxies as the charter allows: %(limit)s.")
                % {"name": proxy.holder.name, "limit": limit},
                "too_many_proxies",
                "holder",
                _("Choose another member."),
            )
        if broken:
            _refuse(
                _("A proxy is not passed on: who holds one gives none, and who has given one holds none."),
                "proxy_chain",
                "holder",
                _("Choose another member, or have the other proxy revoked first."),
            )


def _end(alliance: Alliance, proxy: Proxy, at: datetime) -> int:
    """End a proxy and take back the votes cast with it in open motions; returns how many."""
    proxy.revoked_at = at
    proxy.save(update_fields=["revoked_at"])
    if proxy.motion_id is not None:
        motions = list(Motion.objects.of(alliance).filter(pk=proxy.motion_id, state=MotionState.OPEN))
    else:
        motions = list(open_motions_of(alliance, proxy.group_id))
    _share(alliance, [motion.pk for motion in motions])
    taken = 0
    for motion in motions:
        motion.refresh_from_db(fields=["state"])
        if motion.state != MotionState.OPEN:
            continue
        if proxy.motion_id is None and _has_own(alliance, motion, proxy):
            continue  # the vote was cast with the proxy for the motion itself
        # In the order of cast_vote, which locks the row of the roll before it writes.
        list(
            MotionElector.objects.of(alliance)
            .select_for_update(of=("self",))
            .filter(motion=motion, institution_id=proxy.giver_id)
        )
        model = BallotEnvelope if motion.ballot == BallotForm.SECRET else Vote
        gone, _models = (
            model.objects.of(alliance)
            .filter(motion=motion, institution_id=proxy.giver_id, holder_id=proxy.holder_id)
            .delete()
        )
        if gone:
            taken += 1
            inbox.ask(
                alliance,
                "motion_vote",
                f"vote:{motion.code}:{proxy.giver.code}",
                inbox.institution(proxy.giver_id, "representative"),
                params={"code": motion.code, "title_en": motion.title_en, "title_zh": motion.title_zh},
                url_name="portal_motion_vote",
                url_kwargs={"code": motion.code},
                at=at,
                due_at=motion.closes_at,
            )
    return taken


def _has_own(alliance: Alliance, motion: Motion, proxy: Proxy) -> bool:
    return Proxy.objects.of(alliance).filter(motion=motion, giver_id=proxy.giver_id, revoked_at__isnull=True).exists()


@transaction.atomic
def revoke_proxy(alliance: Alliance, uuid: UUID, *, actor: User, at: datetime) -> Proxy:
    """Take a proxy back; votes cast with it in motions still open are taken back too.

    Args:
        alliance: The tenant.
        uuid: The proxy.
        actor: Needs ``groups.give_proxy``: the giver's representative.
        at: Now.

    Raises:
        NotFoundError: There is none, or it is not the reader's to see.
        InvalidInputError: It was revoked already.
    """
    take_turns(alliance, "proxies")
    proxy = (
        Proxy.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("giver", "holder", "motion", "group")
        .filter(uuid=uuid)
        .first()
    )
    if proxy is None:
        raise NotFoundError
    require(actor, GIVE_PROXY, proxy)
    if proxy.revoked_at is not None:
        _refuse(_("This proxy was revoked already."), "proxy_revoked")
    taken = _end(alliance, proxy, at)
    record_audit(
        proxy,
        actor=actor,
        verb="revoke_proxy",
        before={"giver": proxy.giver.code, "holder": proxy.holder.code},
        after={"revoked": at, "votes_taken_back": taken},
        at=at,
    )
    return proxy
