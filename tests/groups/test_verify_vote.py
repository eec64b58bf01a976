"""``verify_vote.py`` alone finds what was changed after the seal."""

from __future__ import annotations

import ast
import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from alliance.models import Alliance
from groups.models import Motion
from groups.selectors.motion import canonical, digest_of, document_of, prove_receipt
from members.choices import InstitutionKind
from members.models import Institution
from tests.factories.motions import make_decided, make_open, make_voters, vote

PROGRAM = Path(__file__).resolve().parents[2] / "verify_vote.py"


def run(tmp_path: Path, kind: str, data: Any, *options: str) -> tuple[int, str]:
    file = tmp_path / "file.json"
    file.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(PROGRAM), kind, str(file), *options], capture_output=True, text=True, check=False
    )
    assert not done.stderr or done.returncode == 2
    return done.returncode, done.stdout


@pytest.fixture
def secret(act: Alliance) -> tuple[Motion, dict[str, Any], list[str]]:
    voters = make_voters(act, 15)
    Institution.objects.filter(pk=voters[0].institution.pk).update(kind=InstitutionKind.UNIVERSITY_THINK_TANK)
    from groups.actions.motion import close_motion

    motion = make_open(
        act, ballot="secret", weighting="by_class", weights={"industry_think_tank": 1, "university_think_tank": 3}
    )
    codes = [vote(motion, voter, ("yes", "no", "yes")[place % 3]).code for place, voter in enumerate(voters)]
    assert motion.closes_at is not None
    closed = close_motion(act, motion.code, at=motion.closes_at)
    return closed, document_of(act, closed), codes


def test_it_needs_the_standard_library_only() -> None:
    tree = ast.parse(PROGRAM.read_text(encoding="utf-8"))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= set(sys.stdlib_module_names)


def test_an_honest_box_is_right(tmp_path: Path, secret: tuple[Motion, dict[str, Any], list[str]]) -> None:
    motion, box, _codes = secret
    status, words = run(tmp_path, "box", box, "--root", motion.box_root, "--digest", motion.result_digest)

    assert (status, words.splitlines()[-1]) == (0, "RIGHT")
    assert f"yes {motion.result['yes']}, no {motion.result['no']}" in words


def test_an_honest_open_vote_is_right(tmp_path: Path, act: Alliance) -> None:
    voters = make_voters(act, 4)
    motion = make_decided(act, [(voters[0], "yes"), (voters[1], "no"), (voters[2], "yes")])

    assert run(tmp_path, "box", document_of(act, motion))[0] == 0


def change_row(box: dict[str, Any]) -> None:
    box["rows"][0][1] = "no" if box["rows"][0][1] == "yes" else "yes"


def drop_row(box: dict[str, Any]) -> None:
    del box["rows"][3]


def swap_rows(box: dict[str, Any]) -> None:
    box["rows"][0], box["rows"][1] = box["rows"][1], box["rows"][0]


def add_row(box: dict[str, Any]) -> None:
    box["rows"].append(["f" * 64, "yes", "0" * 32])


def change_salt(box: dict[str, Any]) -> None:
    box["rows"][2][2] = "0" * 32


def rewrite(box: dict[str, Any], **result: Any) -> None:
    document = json.loads(box["document"])
    document["result"].update(result)
    box["document"] = canonical(document)


def change_result(box: dict[str, Any]) -> None:
    rewrite(box, yes=99)


def change_outcome_and_digest(box: dict[str, Any]) -> None:
    document = json.loads(box["document"])
    rewrite(box, outcome="rejected" if document["result"]["outcome"] == "passed" else "passed")
    box["digest"] = digest_of(box["document"])


def change_rule_and_digest(box: dict[str, Any]) -> None:
    document = json.loads(box["document"])
    document["rule"]["threshold"] = "unanimity"
    box["document"] = canonical(document)
    box["digest"] = digest_of(box["document"])


def strike_off_the_roll(box: dict[str, Any]) -> None:
    document = json.loads(box["document"])
    document["roll"][2]["voted"] = False
    box["document"] = canonical(document)
    box["digest"] = digest_of(box["document"])


@pytest.mark.parametrize(
    "attack",
    [
        change_row,
        drop_row,
        swap_rows,
        add_row,
        change_salt,
        change_result,
        change_outcome_and_digest,
        change_rule_and_digest,
        strike_off_the_roll,
    ],
)
def test_every_change_after_the_seal_is_found(
    tmp_path: Path, secret: tuple[Motion, dict[str, Any], list[str]], attack: Any
) -> None:
    box = copy.deepcopy(secret[1])
    attack(box)

    status, words = run(tmp_path, "box", box)

    assert status == 1, words
    assert "WRONG" in words


def test_a_box_made_anew_is_found_by_the_digest_in_the_log(
    tmp_path: Path, secret: tuple[Motion, dict[str, Any], list[str]]
) -> None:
    motion, box, _codes = secret
    forged = copy.deepcopy(box)
    rewrite(forged, blind="0" * 32)
    forged["digest"] = digest_of(forged["document"])

    assert run(tmp_path, "box", forged)[0] == 0
    assert run(tmp_path, "box", forged, "--digest", motion.result_digest)[0] == 1


def test_a_receipt_is_right_for_its_code_and_no_other(
    tmp_path: Path, act: Alliance, secret: tuple[Motion, dict[str, Any], list[str]]
) -> None:
    motion, _box, codes = secret
    for code in (codes[0], codes[4]):
        proofs = [proof.plain(motion.box_root) for proof in prove_receipt(act, motion, code)]
        spelt = "-".join(code[place : place + 4] for place in range(0, 32, 4)).upper()
        assert run(tmp_path, "receipt", proofs, "--code", spelt, "--root", motion.box_root)[0] == 0
        assert run(tmp_path, "receipt", proofs, "--code", codes[1])[0] == 1
        for name, value in (("choice", "abstain"), ("salt", "1" * 32), ("index", 1 + int(str(proofs[0]["index"])) % 3)):
            forged = copy.deepcopy(proofs)
            forged[0][name] = value
            assert run(tmp_path, "receipt", forged)[0] == 1
        assert run(tmp_path, "receipt", proofs, "--root", "0" * 64)[0] == 1


@pytest.mark.parametrize("data", ["{", "[]", "{}", '{"document": 1}', "[1]", "[{}]"])
def test_what_is_no_such_file_is_said_to_be_none(tmp_path: Path, data: str) -> None:
    assert run(tmp_path, "box", data)[0] in {1, 2}
    assert run(tmp_path, "receipt", data)[0] in {1, 2}


def test_texts_of_any_script_are_hashed_as_the_platform_hashes_them() -> None:
    assert canonical({"b": "织造", "a": [1, True, None]}) == '{"a":[1,true,null],"b":"织造"}'
