"""Motions and their results, votes and proxies. Nothing of a result before the close; of a secret one only what may be told."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from alliance.actions import idempotency
from alliance.api.authentication import machine_of
from alliance.api.endpoints import (
    ClosedSerializer,
    ProjectionDetail,
    ProjectionList,
    WriteEndpoint,
    json_response,
    person_of,
    read_body,
)
from alliance.api.openapi import ref
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.kernel.accounts import is_authentication_fresh
from alliance.kernel.errors import DomainError, NotFoundError
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, require
from alliance.kernel.projection import Computed, Condition, Listed, Nested, OneOf, Projection, Since, Value
from groups.actions import ballot_keys
from groups.actions.motion import cast_vote
from groups.actions.proxy import ASSEMBLY, give_proxy, revoke_proxy
from groups.choices import BallotForm, Choice, GroupKind
from groups.models import Motion, Proxy
from groups.permissions import GIVE_PROXY, VIEW_MOTIONS
from groups.selectors.motion import find_motion, voter_ids

if TYPE_CHECKING:
    from rest_framework.request import Request

    from alliance.models import Alliance

for _code, _title in {
    "vote_refused": _("This vote cannot be cast"),
    "vote_not_open": _("The vote is not open"),
    "vote_over": _("The time to vote is over"),
    "not_on_roll": _("The institution is not on the roll"),
    "no_vote_now": _("The institution has no vote any more"),
    "no_proxy": _("There is no such proxy"),
    "own_vote_wins": _("The own vote was cast already"),
    "too_many_proxies": _("One member holds too many proxies"),
    "against_instruction": _("The proxy says otherwise"),
    "code_invalid": _("The receipt code is invalid"),
    "authentication_not_fresh": _("Prove again who you are"),
    "proxy_chain": _("A proxy is not passed on"),
    "proxy_to_itself": _("A proxy goes to another member"),
    "proxy_revoked": _("The proxy was revoked already"),
    "instruction_secret": _("A secret vote is not written down"),
    "instruction_standing": _("A standing proxy has no instruction"),
    "motion_unknown": _("No such motion"),
    "body_unknown": _("No such body"),
}.items():
    if _code not in problem_titles:
        problem_titles.register(_code, _title)

_DECIDED = "{t}.state IN ('passed', 'rejected', 'lapsed')"
_FIGURES = ("yes", "no", "abstain", "base", "needed")
_TOLD = ("outcome", "taking_part", "entitled", "quorum", "recused", "dropped", "spoilt", "by_proxy")
_RESULT = (
    f"CASE WHEN {_DECIDED} THEN json_build_object("
    + ", ".join(f"'{name}', {{t}}.result->'{name}'" for name in _TOLD)
    + ", "
    + ", ".join(f"'{name}', CASE WHEN {{t}}.result_level = 'totals' THEN {{t}}.result->'{name}' END" for name in _FIGURES)
    + ") END"
)
_AFTER_CLOSE = (
    "EXISTS (SELECT 1 FROM groups_motion m WHERE m.id = {t}.motion_id AND m.state IN ('passed', 'rejected', 'lapsed'))"
)
_PARTY = (Value("code"), Value("name_en"), Value("name_zh"))
MOTION = Projection(
    name="Motion",
    model=Motion,
    description=_(
        "A motion with its rule and, once it is decided, its sealed result. While the vote is open nothing tells how anybody "
        "voted. The figures of a secret ballot are null where they would give a voter away."
    ),
    fields=(
        Value("code"),
        Value("state"),
        Nested("group", (Value("kind"),)),
        Nested("proposer", _PARTY),
        Value("title_en"),
        Value("title_zh"),
        Value("text_en"),
        Value("text_zh"),
        Value("threshold"),
        Value("base"),
        Value("abstention"),
        Value("quorum_numerator"),
        Value("quorum_denominator"),
        Value("ballot"),
        Value("weighting"),
        Value("created_at"),
        Value("opened_at"),
        Value("closes_at"),
        Value("closed_at"),
        Value("ballot_public_key"),
        Value("box_root"),
        Value("result_digest"),
        Computed(
            "result",
            _RESULT,
            {
                "type": ["object", "null"],
                "description": "Null before the close.",
                "properties": {
                    **{name: {"type": ["integer", "null"]} for name in (*_TOLD[1:], *_FIGURES)},
                    "outcome": {"type": "string", "enum": ["passed", "rejected", "lapsed"]},
                },
            },
        ),
        Listed(
            "participation",
            "participations",
            (Nested("institution", _PARTY), Nested("holder", _PARTY), Value("weight")),
            order=("institution_id",),
        ),
        Listed(
            "votes",
            "votes",
            (Nested("institution", _PARTY), Nested("holder", _PARTY), Value("choice")),
            order=("institution_id",),
            where=_AFTER_CLOSE,
        ),
    ),
    filters=(
        OneOf("state"),
        OneOf("ballot"),
        OneOf("group", "group.kind"),
        Since("created_after", "created_at"),
        Since("created_before", "created_at", after=False),
    ),
    orderings={"-created_at": ("created_at", "id"), "code": ("code",)},
)
EXAMPLE: dict[str, Any] = {
    "code": "M-0007",
    "state": "passed",
    "group": {"kind": "management_committee"},
    "proposer": None,
    "title_en": "Work programme for the second half of the year",
    "title_zh": "下半年工作计划",
    "text_en": "The committee adopts the work programme.",
    "text_zh": "管理委员会通过工作计划。",
    "threshold": "simple",
    "base": "present",
    "abstention": "counts",
    "quorum_numerator": 2,
    "quorum_denominator": 3,
    "ballot": "open",
    "weighting": "equal",
    "created_at": "2026-09-21T02:00:00.000000Z",
    "opened_at": "2026-09-22T02:00:00.000000Z",
    "closes_at": "2026-10-02T02:00:00.000000Z",
    "closed_at": "2026-10-02T02:00:04.000000Z",
    "ballot_public_key": "",
    "box_root": "",
    "result_digest": "7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730",
    "result": {
        "outcome": "passed",
        "taking_part": 1,
        "entitled": 1,
        "quorum": 1,
        "recused": 0,
        "dropped": 0,
        "spoilt": 0,
        "by_proxy": 0,
        "yes": 1,
        "no": 0,
        "abstain": 0,
        "base": 1,
        "needed": 1,
    },
    "participation": [
        {
            "institution": {"code": "itp", "name_en": "Institute for Textile Policy", "name_zh": "纺织政策研究院"},
            "holder": None,
            "weight": 1,
        }
    ],
    "votes": [
        {
            "institution": {"code": "itp", "name_en": "Institute for Textile Policy", "name_zh": "纺织政策研究院"},
            "holder": None,
            "choice": "yes",
        }
    ],
}
_READ = {"GET": Access(scope="motions:read")}


def conditions_for(request: Request, alliance: Alliance) -> Sequence[Condition]:
    """Machines: the public register. People: what :func:`groups.selectors.motion.visible_to` opens to them."""
    if machine_of(request) is not None:
        return (Condition("{t}.is_public AND {t}.state IN ('passed', 'rejected')", {}),)
    if can(request.user, VIEW_MOTIONS, alliance):
        return ()
    grants = grants_of(request.user, alliance)
    own = sorted(institutions_acted_for(grants))
    if not own:
        return (Condition("false", {}),)
    seats = sorted({grant.group for grant in grants if grant.scope == "group"})
    return (
        Condition(
            "({t}.state IN ('passed', 'rejected', 'lapsed', 'void') OR {t}.proposer_id = ANY(%(base_own)s)"
            " OR ({t}.group_id IS NULL AND {t}.opened_at IS NOT NULL)"
            " OR ({t}.state = 'open' AND (EXISTS (SELECT 1 FROM groups_virtualgroup g WHERE g.id = {t}.group_id"
            " AND g.kind = ANY(%(base_seats)s)) OR EXISTS (SELECT 1 FROM groups_motionelector e"
            " WHERE e.motion_id = {t}.id AND e.institution_id = ANY(%(base_own)s)))))",
            {"base_own": own, "base_seats": seats},
        ),
    )


class MotionList(ProjectionList):
    """Motions, newest first."""

    tag = "motions"
    projection = MOTION
    access: ClassVar[Mapping[str, Access]] = _READ
    summary: ClassVar[Mapping[str, str]] = {"GET": "List motions"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """See :func:`conditions_for`."""
        return conditions_for(request, self.alliance)


class MotionDetail(ProjectionDetail):
    """One motion by its code."""

    tag = "motions"
    projection = MOTION
    access: ClassVar[Mapping[str, Access]] = _READ
    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a motion"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": EXAMPLE}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """See :func:`conditions_for`."""
        return conditions_for(request, self.alliance)


# ---------------------------------------------------------------------------------------------------------- votes


class VoteBody(ClosedSerializer):
    """A vote."""

    institution = serializers.CharField(max_length=40, help_text="Code of the institution whose vote it is.")
    by = serializers.CharField(
        max_length=40, required=False, help_text="Code of the institution that votes by proxy; without it the own vote."
    )
    choice = serializers.ChoiceField(choices=Choice.values)
    receipt_code = serializers.CharField(
        max_length=60,
        required=False,
        help_text="Secret ballots: 32 random hexadecimal digits made by the caller, who keeps them as the receipt.",
    )


class AuthenticationNotFreshError(DomainError):
    """The person proved who it is longer than five minutes ago."""

    code = "authentication_not_fresh"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            _("Voting needs proof of who you are that is not older than five minutes."),
            remedy=_("Confirm your password or second factor on the account pages, then send the request again."),
        )


class MotionVote(WriteEndpoint):
    """Casts a vote; cast again, it replaces the earlier one until the close."""

    tag = "motions"
    access: ClassVar[Mapping[str, Access]] = {"POST": Access()}
    idempotency_required: ClassVar[bool] = True
    summary: ClassVar[Mapping[str, str]] = {"POST": "Cast a vote"}
    explanation: ClassVar[Mapping[str, str]] = {
        "POST": "For people who represent the institution, with proof of who they are not older than five minutes "
        "(`authentication_not_fresh`). In a secret ballot the answer gives the digest of the sealed envelope, as the audit log "
        "has it; the receipt code stays with the caller and is needed there."
    }
    requests: ClassVar[Mapping[str, Any]] = {"POST": VoteBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "POST": {
            201: {
                "type": "object",
                "properties": {
                    "motion": {"type": "string"},
                    "institution": {"type": "string"},
                    "by": {"type": "string"},
                    "replaced": {"type": "boolean"},
                    "envelope": {"type": "string", "description": "SHA-256 of the sealed envelope; empty if open."},
                },
                "required": ["motion", "institution", "by", "replaced", "envelope"],
            }
        }
    }
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": {"motion": "M-0007", "institution": "itp", "by": "itp", "replaced": False, "envelope": ""},
        ("POST", "request"): {"institution": "itp", "choice": "yes"},
    }

    def content_of(self, request: Any, **kwargs: Any) -> list[bytes]:
        """What the idempotency key stands for.

        A secret vote is hashed under a key made from that of its box, which is destroyed at the close: with the plain hash,
        whoever reads the database could try the codes of the box and learn who voted how.
        """
        motion = Motion.objects.of(self.alliance).filter(code=kwargs.get("code", "")).first()
        if motion is None or motion.ballot != BallotForm.SECRET:
            return [request.body]
        key = ballot_keys.read_key(self.alliance.pk, motion.uuid, motion.ballot_public_key)
        if key is None:
            return [b"secret ballot"]
        secret = hashlib.sha256(b"idempotency" + key.private_bytes_raw()).digest()
        return [hmac.new(secret, request.body, hashlib.sha256).digest()]

    def post(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Vote, or repeat the kept answer."""
        raw = request._request
        content = self.content_of(raw, **kwargs)  # reads the body before the parser takes the stream
        key = request.META.get("HTTP_IDEMPOTENCY_KEY")
        if key is None:
            raise idempotency.IdempotencyKeyRequiredError
        asked = idempotency.Request.of(
            client=f"user:{person_of(request).uuid}", key=key, method="POST", path=raw.path, content=content
        )
        kept = idempotency.begin(self.alliance, asked, at=timezone.now())
        if kept is not None:
            self.check_again(request, **kwargs)
            return idempotency.replay(kept)
        response = self.act(request, **kwargs)
        idempotency.finish(self.alliance, asked, response)
        return response

    def _find(self, request: Request, code: str) -> Motion:
        motion = find_motion(self.alliance, code, request.user, timezone.now())
        if motion is None:
            raise NotFoundError
        return motion

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """Whoever may not vote any more gets no answer about the vote either."""
        motion = self._find(request, kwargs["code"])
        if not voter_ids(self.alliance, motion, request.user, timezone.now()):
            raise NotFoundError

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Vote."""
        motion = self._find(request, kwargs["code"])
        body = read_body(VoteBody, request)
        if not is_authentication_fresh(request._request):
            raise AuthenticationNotFreshError
        if motion.ballot == BallotForm.SECRET and not body.get("receipt_code"):
            raise serializers.ValidationError({"receipt_code": [_("A secret ballot needs the code you made.")]})
        by = body.get("by") or body["institution"]
        cast = cast_vote(
            self.alliance,
            motion.code,
            institution_code=body["institution"],
            by=by,
            choice=body["choice"],
            receipt_code=body.get("receipt_code", ""),
            actor=person_of(request),
            at=timezone.now(),
        )
        return json_response(
            {
                "motion": motion.code,
                "institution": cast.institution.code,
                "by": by,
                "replaced": cast.again,
                "envelope": cast.envelope,
            },
            201,
        )


# -------------------------------------------------------------------------------------------------------- proxies

PROXY = Projection(
    name="Proxy",
    model=Proxy,
    lookup="uuid",
    description=_("A proxy that an institution of the caller gives or holds."),
    fields=(
        Value("uuid"),
        Nested("giver", _PARTY),
        Nested("holder", _PARTY),
        Nested("motion", (Value("code"),)),
        Nested("group", (Value("kind"),)),
        Value("instruction"),
        Value("valid_from"),
        Value("valid_until"),
        Value("revoked_at"),
    ),
    filters=(OneOf("motion", "motion.code"), OneOf("giver", "giver.code"), OneOf("holder", "holder.code")),
    orderings={"-valid_from": ("valid_from", "id")},
)
PROXY_EXAMPLE: dict[str, Any] = {
    "uuid": "6f0c2c1e-6d0b-4e5c-9a51-6d1f6a5c3f10",
    "giver": {"code": "itp", "name_en": "Institute for Textile Policy", "name_zh": "纺织政策研究院"},
    "holder": {"code": "jh-mill", "name_en": "Jinhe Mill", "name_zh": "金禾织造"},
    "motion": {"code": "M-0007"},
    "group": None,
    "instruction": "yes",
    "valid_from": "2026-09-22T03:00:00.000000Z",
    "valid_until": None,
    "revoked_at": None,
}


class ProxyBody(ClosedSerializer):
    """A proxy to give: for one open motion, or for every vote of a body."""

    giver = serializers.CharField(max_length=40, help_text="Code of the institution that gives it.")
    holder = serializers.CharField(max_length=40, help_text="Code of the member that may vote for it.")
    motion = serializers.CharField(max_length=40, required=False, help_text="Code of an open motion.")
    body = serializers.ChoiceField(
        choices=[ASSEMBLY, *GroupKind.values], required=False, help_text="For every vote of this body; without `motion`."
    )
    instruction = serializers.ChoiceField(choices=Choice.values, required=False, help_text="Open ballots only.")
    days = serializers.IntegerField(
        min_value=1, max_value=1000, required=False, help_text="How long a standing proxy holds; without it until revoked."
    )


def _own(request: Request, alliance: Alliance) -> Sequence[Condition]:
    own = sorted(institutions_acted_for(grants_of(request.user, alliance)))
    return (Condition("({t}.giver_id = ANY(%(base_own)s) OR {t}.holder_id = ANY(%(base_own)s))", {"base_own": own}),)


def proxy_response(alliance: Alliance, proxy: Proxy, status: int) -> HttpResponse:
    """The proxy as the projection shows it."""
    return json_response(PROXY.record(alliance, str(proxy.uuid), PROXY.read({}, single=True)), status)


class ProxyCollection(ProjectionList, WriteEndpoint):
    """Proxies given and held by the caller's institutions; a representative may give one."""

    tag = "motions"
    projection = PROXY
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(), "POST": Access()}
    summary: ClassVar[Mapping[str, str]] = {"GET": "List own proxies", "POST": "Give a proxy"}
    requests: ClassVar[Mapping[str, Any]] = {"POST": ProxyBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {201: ref("Proxy")}}
    examples: ClassVar[Mapping[Any, Any]] = {
        "GET": {"results": [PROXY_EXAMPLE], "next": None},
        "POST": PROXY_EXAMPLE,
        ("POST", "request"): {"giver": "itp", "holder": "jh-mill", "motion": "M-0007", "instruction": "yes"},
    }

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Those of the caller's institutions."""
        return _own(request, self.alliance)

    def check_again(self, request: Request, **_kwargs: Any) -> None:
        """The act itself asks with the giver; here it is enough that the caller still acts for an institution."""
        if not institutions_acted_for(grants_of(request.user, self.alliance)):
            raise NotFoundError

    def act(self, request: Request, **_kwargs: Any) -> HttpResponse:
        """Give."""
        body = read_body(ProxyBody, request)
        now = timezone.now()
        proxy = give_proxy(
            self.alliance,
            giver_code=body["giver"],
            holder_code=body["holder"],
            motion_code=body.get("motion", ""),
            body=body.get("body", ""),
            instruction=body.get("instruction", ""),
            valid_until=now + timedelta(days=body["days"]) if body.get("days") else None,
            actor=person_of(request),
            at=now,
        )
        return proxy_response(self.alliance, proxy, 201)


class RevocationBody(ClosedSerializer):
    """Nothing to say."""


class ProxyRevocation(WriteEndpoint):
    """Takes a proxy back, and the votes cast with it in votes still open."""

    tag = "motions"
    access: ClassVar[Mapping[str, Access]] = {"POST": Access()}
    summary: ClassVar[Mapping[str, str]] = {"POST": "Revoke a proxy"}
    path_schemas: ClassVar[Mapping[str, Mapping[str, Any]]] = {"uuid": {"type": "string", "format": "uuid"}}
    requests: ClassVar[Mapping[str, Any]] = {"POST": RevocationBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {200: ref("Proxy")}}
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": PROXY_EXAMPLE | {"revoked_at": "2026-09-23T03:00:00.000000Z"},
        ("POST", "request"): {},
    }

    def _find(self, request: Request, uuid: Any) -> Proxy:
        own = institutions_acted_for(grants_of(request.user, self.alliance))
        proxy = Proxy.objects.of(self.alliance).filter(uuid=uuid, giver_id__in=own).first()
        if proxy is None:
            raise NotFoundError
        return proxy

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The permission of the act."""
        require(request.user, GIVE_PROXY, self._find(request, kwargs["uuid"]))

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Revoke."""
        self._find(request, kwargs["uuid"])
        read_body(RevocationBody, request)
        proxy = revoke_proxy(self.alliance, kwargs["uuid"], actor=person_of(request), at=timezone.now())
        return proxy_response(self.alliance, proxy, 200)
