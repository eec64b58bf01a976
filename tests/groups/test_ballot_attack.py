"""The attack on the secret ballot: with every table, every system column and all order, linking votes to voters stays at chance.

Source: security.md section 4(b), test T5. The attacker reads as the superuser of the database after the close.
"""

from __future__ import annotations

import hashlib
import json
import random
import statistics
from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.models import Alliance, AuditEntry
from groups.actions.motion import close_motion
from groups.models import BallotPaper, Motion, Participation
from groups.selectors import ballot_box
from tests.factories.alliance import make_alliance
from tests.factories.motions import Voter, make_open, make_voters, vote

pytestmark = pytest.mark.django_db(transaction=True)
MOTIONS, VOTERS = 10, 9


@pytest.fixture
def history() -> tuple[Alliance, list[tuple[Motion, dict[int, str], dict[int, str]]]]:
    """Motions voted on in transactions of their own, in random order, with votes cast again; the truth beside them."""
    chance = random.Random(20261121)
    alliance = make_alliance("attacked")
    with tenancy.acting_in(alliance):
        voters = make_voters(alliance, VOTERS)
    told = []
    for _ in range(MOTIONS):
        then = timezone.now() - timedelta(days=10)
        with tenancy.acting_in(alliance):
            motion = make_open(alliance, ballot="secret", at=then)
        order: list[Voter] = [*voters, *chance.sample(voters, 3)]
        chance.shuffle(order)
        truth: dict[int, str] = {}
        codes: dict[int, str] = {}
        for place, voter in enumerate(order):
            choice = chance.choice(["yes", "no", "abstain"])
            with tenancy.acting_in(alliance):
                cast = vote(motion, voter, choice, at=then + timedelta(minutes=place))
            truth[voter.institution.pk], codes[voter.institution.pk] = choice, cast.code
        with tenancy.acting_in(alliance):
            motion = close_motion(alliance, motion.code, at=timezone.now())
        told.append((motion, truth, codes))
    return alliance, told


def orders(alliance: Alliance, motion: Motion) -> tuple[dict[str, list[str]], dict[str, list[int]]]:
    """Every order the database has of the box's rows (choices) and of the institutions."""
    with connection.cursor() as cursor:
        boxes: dict[str, list[str]] = {}
        for key in ("id", "code", "salt", "ctid", "xmin::text::bigint, ctid", "cmin::text::bigint, ctid"):
            cursor.execute(f"SELECT choice FROM groups_ballotpaper WHERE motion_id = %s ORDER BY {key}", [motion.pk])
            boxes[f"box by {key}"] = [row[0] for row in cursor.fetchall()]
        people: dict[str, list[int]] = {}
        for table in ("groups_participation", "groups_motionelector"):
            for key in ("id", "institution_id", "ctid", "xmin::text::bigint, ctid", "xmax::text::bigint, ctid"):
                cursor.execute(f"SELECT institution_id FROM {table} WHERE motion_id = %s ORDER BY {key}", [motion.pk])
                people[f"{table} by {key}"] = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT code, id FROM members_institution WHERE alliance_id = %s", [alliance.pk])
        ids = dict(cursor.fetchall())
        for key in ("id", "at", "xmin::text::bigint", "ctid", "record::json->'after'->>'envelope'"):
            for last in (False, True):
                cursor.execute(
                    "SELECT record::json->'after'->>'institution' FROM alliance_auditentry "
                    f"WHERE verb = 'cast_vote' AND object_id = %s ORDER BY {key}",
                    [str(motion.uuid)],
                )
                found = [ids[row[0]] for row in cursor.fetchall()]
                people[f"audit by {key}, last {last}"] = list(
                    dict.fromkeys(reversed(found)) if last else dict.fromkeys(found)
                )
        for key in ("done_at", "id", "xmin::text::bigint"):
            cursor.execute(
                f"SELECT institution_id FROM alliance_inboxitem WHERE key LIKE %s AND done_at IS NOT NULL ORDER BY {key}",
                [f"vote:{motion.code}:%"],
            )
            people[f"inbox by {key}"] = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT payload::text, id FROM alliance_outboxevent")
        assert not [row for row in cursor.fetchall() if any(one in row[0] for one in ("envelope", '"yes"', "abstain"))]
    return boxes, people


def test_nobody_who_reads_every_table_learns_who_voted_how(history: tuple[Alliance, list[Any]]) -> None:
    alliance, told = history
    no_join_by_order_links_votes_to_voters(alliance, told)
    nothing_stored_outside_the_box_bears_a_code(alliance, told)
    hashes_in_the_log_cannot_be_guessed_from_the_box(alliance, told)


def no_join_by_order_links_votes_to_voters(alliance: Alliance, told: list[Any]) -> None:
    hits: dict[str, int] = defaultdict(int)
    for motion, truth, _codes in told:
        with tenancy.acting_in(alliance):
            boxes, people = orders(alliance, motion)
        for box_name, choices in boxes.items():
            for name, institutions in people.items():
                for direction in (1, -1):
                    pairs = zip(institutions[::direction], choices, strict=False)
                    hits[f"{box_name} / {name} / {direction}"] += sum(truth[who] == choice for who, choice in pairs)

    # Of so many joins the best lies far above the mean by luck alone; an order that is kept hits 90 of 90.
    mean, deviation = luck([list(truth.values()) for _motion, truth, _codes in told])
    best = max(hits.values())
    assert len(hits) > 200
    assert mean + 6 * deviation < 0.75 * MOTIONS * VOTERS
    assert best <= mean + 6 * deviation, max(hits, key=hits.__getitem__)


def luck(votes: list[list[str]]) -> tuple[float, float]:
    """Mean and standard deviation of how many votes an order drawn by lot gives to a voter who cast the same.

    Hoeffding, A combinatorial central limit theorem, Annals of Mathematical Statistics 22(4), 1951, theorem 2: sums along a
    random permutation.
    """
    mean = variance = 0.0
    for choices in votes:
        size, count = len(choices), Counter(choices)
        whole = sum(one * one for one in count.values()) / size  # of this motion's votes, in the mean
        mean += whole
        parts = (
            ((one == other) - count[one] / size - count[other] / size + whole / size) ** 2
            for one in choices
            for other in choices
        )
        variance += sum(parts) / (size - 1)
    return mean, variance**0.5


def test_luck_is_what_drawing_by_lot_gives() -> None:
    dice = random.Random(3)
    votes = [["yes", "yes", "no", "abstain"], ["no", "no", "no", "yes", "yes"]]
    drawn = [
        sum(
            one == other for choices in votes for one, other in zip(choices, dice.sample(choices, len(choices)), strict=True)
        )
        for _turn in range(20_000)
    ]

    mean, deviation = luck(votes)

    assert mean == pytest.approx(statistics.fmean(drawn), abs=0.05)
    assert deviation == pytest.approx(statistics.pstdev(drawn), abs=0.05)


def nothing_stored_outside_the_box_bears_a_code(alliance: Alliance, told: list[Any]) -> None:
    """Every text of every table, sessions and idempotency keys included."""
    codes = {code for _motion, _truth, last in told for code in last.values()}
    found = []
    with tenancy.acting_in(alliance), connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        tables = [row[0] for row in cursor.fetchall()]
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            text = "\n".join(row[0] for row in cursor.fetchall())
            found += [(table, code) for code in codes if code in text]
        cursor.execute("SELECT count(*) FROM groups_ballotenvelope")
        envelopes = cursor.fetchone()[0]
    assert {table for table, _code in found} == {"groups_ballotpaper"}
    assert envelopes == 0


def hashes_in_the_log_cannot_be_guessed_from_the_box(alliance: Alliance, told: list[Any]) -> None:
    """An attacker who tries every code and choice of the box under the public key meets no envelope of the log."""
    motion, _truth, _codes = told[0]
    with tenancy.acting_in(alliance):
        logged = {
            json.loads(row.record)["after"]["envelope"]: json.loads(row.record)["after"]["institution"]
            for row in AuditEntry.objects.of(alliance).filter(verb="cast_vote", object_id=str(motion.uuid))
        }
        rows = list(BallotPaper.objects.of(alliance).filter(motion=motion))
        assert Participation.objects.of(alliance).filter(motion=motion).count() == len(rows) == VOTERS
    for institution in set(logged.values()):
        info = ballot_box.info_of(alliance.slug, str(motion.uuid), institution)
        for row in rows:
            sealed = ballot_box.seal(bytes.fromhex(motion.ballot_public_key), info, ballot_box.Ballot(row.choice, row.code))
            assert hashlib.sha256(sealed).hexdigest() not in logged
