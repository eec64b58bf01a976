"""The demonstration's contract with an amendment, the suspended one and the one that was ended early."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel.demo import HORIZON, WEAVING
from services import seals
from services.actions import contract_sealing
from services.actions.demo_amendments import AMENDED, CONTENTS, ENDED, SUSPENDED, load_amendments
from services.choices import ContractState
from services.models import Contract, ContractPause
from services.selectors.amendment import list_amendments
from tests.factories.alliance import give_role, make_user
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from alliance.models import Alliance


@pytest.fixture(autouse=True)
def _quick_seals(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, settings: Any) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    monkeypatch.setattr(contract_sealing, "compose", lambda _content, evidence: evidence.code.encode())
    monkeypatch.setattr(seals, "apply", lambda document, *_args, **_more: b"%PDF-" + document)


@pytest.fixture
def shown(act: Alliance) -> Alliance:
    long_ago = timezone.now() - timedelta(days=400)
    give_role(make_user(), act, AllianceRole.SECRETARIAT, since=long_ago)
    for code in sorted({one.demand for one in CONTENTS} | {one.supply for one in CONTENTS}):
        make_staff(make_institution(act, code=code), make_user(), starts_at=long_ago)
    return act


def test_one_contract_is_amended_one_suspended_and_one_ended_however_often_it_is_loaded(shown: Alliance) -> None:
    now = timezone.now()
    for _turn in range(2):
        load_amendments(shown, flavour=WEAVING, data_dir=Path(), at=now)
    found = {one.title_en: one for one in Contract.objects.of(shown).filter(amends__isnull=True)}
    assert {title: one.state for title, one in found.items()} == {
        AMENDED.title_en: ContractState.IN_FORCE,
        SUSPENDED.title_en: ContractState.SUSPENDED,
        ENDED.title_en: ContractState.TERMINATED,
    }
    (amendment,) = list_amendments(found[AMENDED.title_en])
    assert found[AMENDED.title_en].in_effect_id == amendment.frozen_id
    assert amendment.seal.at < now
    pause = ContractPause.objects.of(shown).get()
    assert pause.begins_on < timezone.localdate(now)
    ended = found[ENDED.title_en]
    assert ended.ended_at is not None
    assert ended.ended_at < now


def test_nothing_is_invented_about_real_institutions(shown: Alliance) -> None:
    load_amendments(shown, flavour=HORIZON, data_dir=Path(), at=timezone.now())
    assert not Contract.objects.of(shown).exists()
