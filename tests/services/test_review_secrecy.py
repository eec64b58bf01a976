"""No party reads another's marks before the reveal, by any road: pages, API, exports, audit log, inbox, notices, events, jobs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from services.models import ContractReview, ReviewSheet
from services.scores import committed_text, digest_of
from tests.architecture.test_routes import address as route_address
from tests.architecture.world import routes
from tests.factories.alliance import address, give_role, make_member, make_user
from tests.factories.contracts import D, S, W, World
from tests.factories.members import make_institution, make_staff
from tests.factories.reviews import give, give_all, make_over

if TYPE_CHECKING:
    from alliance.models import Alliance, User

WORD = "Zqxmarker"
MARKER = f"{WORD} unspoken"
"""Searches ask for the first word, which their pages repeat; the second one is on no page."""
MARKED = {"quality": 1, "fairness": 2}


@pytest.fixture
def world(alliance: Alliance, secretary: User) -> World:
    """The demand side gave for the supply side, in words that can be found again."""
    with tenancy.acting_in(alliance):
        made, _review = make_over(alliance, secretary=secretary, at=timezone.now())
        give(made, D, S, words=f"{MARKER} of", at=timezone.now(), **MARKED)
    return made


@pytest.fixture
def secrets(world: World) -> list[str]:
    """What must not be read: the words, the secret number, and the marks as JSON writes them."""
    with tenancy.acting_in(world.alliance):
        sheet = ReviewSheet.objects.of(world.alliance).get(by_role=D)
    return [MARKER, sheet.nonce, '"fairness":2', '"fairness": 2', "'fairness': 2", "fairness&quot;: 2"]


def pages(world: World) -> list[str]:
    """Every address of the alliance that takes nothing, a contract's code, a pair, a role or a number."""
    known: dict[str, Any] = {
        "code": world.code,
        "pair": f"{D}-{S}",
        "role": D,
        "number": 1,
        "slug": world.code,
        "uuid": world.demand.uuid if hasattr(world.demand, "uuid") else None,
    }
    found = []
    for route in routes():
        if route.conf != "tenant" or "logout" in route.name:
            continue
        kwargs = {name: known[name] for name in route.parameters if known.get(name) is not None}
        if set(route.parameters) <= set(kwargs):
            try:
                found.append(route_address(route, world.alliance, kwargs))
            except Exception:  # noqa: BLE001 - an address that takes another kind of value
                continue
    for institution in (world.demand, world.supply):
        found.append(address(world.alliance, "institution_detail", code=institution.code))
    found += [
        f"{address(world.alliance, name)}?{query}"
        for name, query in (
            ("search_jump", f"q={WORD}"),
            ("contract_list", f"q={WORD}"),
            ("portal_contract_list", f"q={WORD}"),
            ("api_contract_evaluation_list", "fields=code,evaluation"),
        )
    ]
    return found


NEAR = re.compile(
    r"contract|follow|review|evaluat|inbox|noti|audit|log|search|export|quality|dashboard|match|calendar|job|event"
)
"""Addresses of pages that deal with contracts, or with records of any kind."""


def text_of(answer: Any) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(body.decode(errors="replace")) + str(dict(answer.headers))


def readers(world: World) -> dict[str, User]:
    with tenancy.acting_in(world.alliance):
        everything = make_user()
        everything.is_superuser = everything.is_staff = True
        everything.save()
        for role in AllianceRole.values:
            give_role(everything, world.alliance, role)
        stranger = make_user()
        make_staff(make_institution(world.alliance), stranger)
        return {
            "the other side": world.people[S],
            "desk and witness": world.secretary,
            "committee": make_member(world.alliance, AllianceRole.COMMITTEE),
            "auditor": make_member(world.alliance, AllianceRole.AUDITOR),
            "office admin": make_member(world.alliance, AllianceRole.OFFICE_ADMIN),
            "superuser with every role": everything,
            "another member": stranger,
        }


def test_no_page_list_search_export_or_api_tells_what_was_given(world: World, secrets: list[str], client_for: Any) -> None:
    everywhere = pages(world)
    near = [url for url in everywhere if NEAR.search(url.partition(world.alliance.slug)[2])]
    assert len(everywhere) > 150
    assert 40 < len(near) < len(everywhere)
    opened = 0
    for name, reader in readers(world).items():
        client = client_for(reader, raise_request_exception=False)
        # Who has every role opens what each of them opens; alone they are asked where one of them might open more.
        for url in everywhere if name in {"the other side", "superuser with every role", "another member"} else near:
            answer = client.get(url)
            opened += answer.status_code == 200
            told = [secret for secret in secrets if secret in text_of(answer)]
            assert told == [], f"{name} reads {told} at {url}"
    assert opened > 300


def test_the_giving_party_reads_its_own_sheet_so_that_the_search_can_find(world: World, client_for: Any) -> None:
    page = client_for(world.people[D]).get(address(world.alliance, "contract_evaluation", code=world.code))

    assert MARKER in page.content.decode()


def test_refused_posts_tell_nothing(world: World, secrets: list[str], client_for: Any) -> None:
    url = address(world.alliance, "contract_evaluation", code=world.code)
    for reader in (world.people[S], world.secretary):
        client = client_for(reader, raise_request_exception=False)
        for data in (
            {"act": "reply", "pair": f"{D}-{S}", f"reply-{D}-{S}-words": "x"},
            {"act": "appeal", "pair": f"{D}-{S}", f"appeal-{D}-{S}-grounds": "x", f"appeal-{D}-{S}-criteria": ["terms"]},
            {"act": "withdraw", "pair": f"{D}-{S}"},
            {"act": "give", "role": D, "of": S, f"{S}-quality": "5"},
            {"act": "give", "role": S, "of": D, f"{D}-quality": "9"},
        ):
            answer = client.post(url, data)
            assert answer.status_code in {403, 404, 422}
            assert [secret for secret in secrets if secret in text_of(answer)] == []


def test_an_appeal_or_reply_cannot_feel_for_what_was_marked(world: World, client_for: Any) -> None:
    """Whether a criterion was marked at all is not to be learned from the kind of refusal."""
    url = address(world.alliance, "contract_evaluation", code=world.code)
    client = client_for(world.people[S], raise_request_exception=False)
    answers = {
        criterion: client.post(
            url,
            {"act": "appeal", "pair": f"{D}-{S}", f"appeal-{D}-{S}-grounds": "x", f"appeal-{D}-{S}-criteria": [criterion]},
        ).status_code
        for criterion in ("fairness", "terms")
    }

    assert set(answers.values()) == {404}


def test_no_table_but_that_of_the_sheets_holds_what_was_given(world: World, secrets: list[str]) -> None:
    """Audit log, personal values, outbox, inbox, notices, jobs, kept answers of forms: every column of every table."""
    with tenancy.acting_in(world.alliance), connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
            "AND relname <> 'services_reviewsheet' ORDER BY 1"
        )
        tables = [name for (name,) in cursor.fetchall()]
        assert len(tables) > 100
        for table in tables:
            cursor.execute("SELECT has_table_privilege(%s, 'SELECT')", [f'"{table}"'])
            if not cursor.fetchone()[0]:
                continue
            for secret in secrets[:3]:
                cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{secret}%"])
                assert cursor.fetchone()[0] == 0, f"{secret} stands in {table}"


def test_the_api_tells_who_gave_before_and_what_only_after_the_reveal(world: World, client_for: Any) -> None:
    alliance = world.alliance
    detail = address(alliance, "api_contract_evaluation_detail", code=world.code)
    other, office = client_for(world.people[S]), client_for(world.secretary)
    for client in (other, office, client_for(world.people[D])):
        found = client.get(detail).json()["evaluation"]
        assert (found["state"], found["sheets"], found["scores"]) == ("open", [], [])
        assert found["given"] == [{"by_role": D, "of_role": S}]
    stranger = readers(world)["another member"]
    assert client_for(stranger).get(detail).status_code == 404
    assert client_for(stranger).get(address(alliance, "api_contract_evaluation_list")).json()["results"] == []
    with tenancy.acting_in(alliance):
        give(world, D, S, words="second thought", quality=3, at=timezone.now())
        give_all(world, besides=[(D, S)], at=timezone.now())
    found = other.get(detail).json()["evaluation"]
    assert (found["state"], len(found["sheets"])) == ("revealed", 6)
    sheet = next(one for one in found["sheets"] if (one["by_role"], one["of_role"]) == (D, S))
    assert (sheet["version"], sheet["marks"], sheet["words"]) == (2, {"quality": 3}, "second thought")
    assert re.fullmatch("[0-9a-f]{64}", sheet["nonce"])
    assert MARKER not in str(found)


def test_an_earlier_version_stays_with_who_gave_it_after_the_reveal(
    world: World, secrets: list[str], client_for: Any
) -> None:
    with tenancy.acting_in(world.alliance):
        give(world, D, S, words="second thought", quality=3, at=timezone.now())
        give_all(world, besides=[(D, S)], at=timezone.now())
        assert ContractReview.objects.of(world.alliance).get().state == "revealed"
    for reader in (world.people[S], world.secretary):
        page = text_of(client_for(reader).get(address(world.alliance, "contract_evaluation", code=world.code)))
        assert "second thought" in page
        assert [secret for secret in secrets if secret in page] == []


def test_with_the_reveal_the_page_shows_that_the_digest_fits(world: World, client_for: Any) -> None:
    with tenancy.acting_in(world.alliance):
        give_all(world, besides=[(D, S)], at=timezone.now())
    page = text_of(client_for(world.people[W]).get(address(world.alliance, "contract_evaluation", code=world.code)))

    assert page.count("Unchanged since it was given") == 6
    assert "Does not fit" not in page


def test_marks_that_were_changed_in_the_database_do_not_fit_the_audit_log(world: World, client_for: Any) -> None:
    """Not even where the digest beside them was computed anew: the one that counts stands in the log."""
    with tenancy.acting_in(world.alliance):
        give_all(world, besides=[(D, S)], at=timezone.now())
        sheet = ReviewSheet.objects.of(world.alliance).get(by_role=D, of_role=W)
        changed = {**sheet.marks, "quality": 1}
        text = committed_text(contract=world.code, by=D, of=W, version=sheet.version, marks=changed, words=sheet.words)
        with connection.cursor() as cursor:
            # As whoever owns the table could: the trigger refuses it to everybody else.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE services_reviewsheet DISABLE TRIGGER USER")
            ReviewSheet.objects.of(world.alliance).filter(pk=sheet.pk).update(
                marks=changed, digest=digest_of(sheet.nonce, text)
            )
            cursor.execute("ALTER TABLE services_reviewsheet ENABLE TRIGGER USER")
    page = text_of(client_for(world.people[W]).get(address(world.alliance, "contract_evaluation", code=world.code)))

    assert page.count("Unchanged since it was given") == 5
    assert page.count("Does not fit the digest in the audit log") == 1
