"""The demonstration's contracts, the stand-alone check and the command that does the same with the alliance's own record."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.utils import timezone

from alliance.actions.files import open_content
from alliance.choices import AllianceRole
from alliance.kernel.demo import HORIZON, WEAVING
from services.actions.demo_contracts import CONTRACTS, load_contracts
from services.choices import ContractState
from services.models import Contract, ContractSeal
from services.tasks import keep_contracts
from tests.factories.alliance import give_role, make_user
from tests.factories.contracts import D, S, W, make_world
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from alliance.models import Alliance, User


@pytest.fixture(autouse=True)
def _keys(tmp_path: Path, settings: Any) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


@pytest.fixture
def shown(act: Alliance) -> Alliance:
    long_ago = timezone.now() - timedelta(days=400)
    give_role(make_user(), act, AllianceRole.SECRETARIAT, since=long_ago)
    for code in sorted({one.demand for one in CONTRACTS} | {one.supply for one in CONTRACTS}):
        make_staff(make_institution(act, code=code), make_user(), starts_at=long_ago)
    return act


def test_the_invented_contracts_are_loaded_once_one_of_each_stage(shown: Alliance) -> None:
    for _turn in range(2):
        load_contracts(shown, flavour=WEAVING, data_dir=Path(), at=timezone.now())
    assert list(Contract.objects.of(shown).order_by("code").values_list("state", flat=True)) == [
        ContractState.IN_FORCE,
        ContractState.SIGNING,
        ContractState.NEGOTIATING,
    ]
    signing = Contract.objects.of(shown).get(state=ContractState.SIGNING)
    assert [party.signed_at is not None for party in signing.parties.order_by("place")] == [True, True, False]
    assert ContractSeal.objects.of(shown).count() == 1


def test_nothing_is_invented_about_real_institutions(shown: Alliance) -> None:
    load_contracts(shown, flavour=HORIZON, data_dir=Path(), at=timezone.now())
    assert not Contract.objects.of(shown).exists()


def sealed_file(alliance: Alliance, folder: Path) -> tuple[Path, ContractSeal]:
    load_contracts(alliance, flavour=WEAVING, data_dir=Path(), at=timezone.now())
    seal = ContractSeal.objects.of(alliance).select_related("file").get()
    path = folder / "contract.pdf"
    path.write_bytes(open_content(seal.file).read())
    return path, seal


def check_alone(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(project.BASE_DIR) / "verify_contract.py"
    return subprocess.run(
        [sys.executable, "-I", str(program), *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_the_stand_alone_program_accepts_the_document_and_no_changed_one(shown: Alliance, tmp_path: Path) -> None:
    path, seal = sealed_file(shown, tmp_path)
    good = check_alone(str(path), "--fingerprint", seal.certificate_sha256)
    assert good.returncode == 0, good.stdout + good.stderr
    assert "unchanged" in good.stdout
    assert check_alone(str(path), "--fingerprint", "0" * 64).returncode == 1
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    assert check_alone(str(path)).returncode == 1
    assert check_alone(str(tmp_path / "none.pdf")).returncode == 2


def test_the_command_says_which_contract_a_file_is(
    shown: Alliance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, seal = sealed_file(shown, tmp_path)
    call_command("verify_contract", str(path))
    assert seal.contract.code in capsys.readouterr().out
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(CommandError):
        call_command("verify_contract", str(path))


def test_the_task_seals_lapses_and_reminds(act: Alliance, secretary: User) -> None:
    now = timezone.now()
    worlds = [make_world(act, secretary=secretary) for _turn in range(3)]
    for world, days in zip(worlds, (1, 30, 4), strict=True):
        world.open(at=now - timedelta(days=days))
    for role in (D, S, W):
        worlds[0].sign(worlds[0].people[role], at=now)
    assert keep_contracts(act.pk) == 3
    assert [world.fresh().state for world in worlds] == [
        ContractState.IN_FORCE,
        ContractState.LAPSED,
        ContractState.SIGNING,
    ]
    assert worlds[2].contract.parties.get(role=D).reminders == 1
    assert keep_contracts(act.pk) == 0
