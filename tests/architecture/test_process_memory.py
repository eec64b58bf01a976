"""Everything a process remembers is known: caches are emptied between tests, the rest is the same in each of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forgetting import CACHES, FUNCTIONS, REGISTRIES, forget_everything

CHECKOUT = Path(__file__).resolve().parents[2]
APPS = ("alliance", "members", "groups", "operations", "services", "targets", "evaluation")
CONTAINERS = {
    "dict",
    "list",
    "set",
    "defaultdict",
    "OrderedDict",
    "deque",
    "WeakKeyDictionary",
    "WeakValueDictionary",
    "Counter",
}
MEMORIES = {"cache", "lru_cache"}


def name_of(node: ast.expr | None) -> str:
    """Last part of a dotted name, of a call the name of what is called."""
    if isinstance(node, ast.Call):
        return name_of(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_empty_container(value: ast.expr | None) -> bool:
    """``{}``, ``[]``, ``set()``, ``defaultdict(...)``: what only makes sense when something is put into it later."""
    if isinstance(value, ast.Dict):
        return not value.keys
    if isinstance(value, ast.List):
        return not value.elts
    if not isinstance(value, ast.Call) or name_of(value) not in CONTAINERS:
        return False
    return not value.args or name_of(value) in {"defaultdict", "deque"}


def memories(source: str, module: str) -> Iterator[tuple[str, bool]]:
    """Names that a module keeps things under as long as the process lives, and whether each is a cached function."""
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and is_empty_container(node.value):
            yield f"{module}.{node.target.id}", False
        elif isinstance(node, ast.Assign) and is_empty_container(node.value):
            yield from ((f"{module}.{name_of(target)}", False) for target in node.targets)
    for part in ast.walk(tree):
        if isinstance(part, ast.FunctionDef) and any(name_of(one) in MEMORIES for one in part.decorator_list):
            yield f"{module}.{part.name}", True
        elif isinstance(part, ast.Global):
            yield from ((f"{module}.{name}", False) for name in part.names)


def all_memories() -> Iterator[tuple[str, bool]]:
    for app in APPS:
        for path in sorted((CHECKOUT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                module = ".".join(path.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")
                yield from memories(path.read_text(encoding="utf-8"), module)


def test_every_memory_of_the_process_is_known_to_the_tests() -> None:
    found = set(all_memories())

    containers = {name for name, is_function in found if not is_function}
    functions = {name for name, is_function in found if is_function}
    assert sorted(containers - CACHES.keys() - REGISTRIES) == [], "add it to tests/forgetting.py: CACHES or REGISTRIES"
    assert sorted(functions - CACHES.keys() - FUNCTIONS) == [], "add it to tests/forgetting.py: FUNCTIONS, or CACHES"
    assert sorted((CACHES.keys() | REGISTRIES | FUNCTIONS) - containers - functions) == [], "these are gone"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("_kept: dict[str, int] = {}", "m._kept"),
        ("_kept = set()", "m._kept"),
        ("_kept = collections.defaultdict(list)", "m._kept"),
        ("@functools.lru_cache(maxsize=3)\ndef ask(): ...", "m.ask"),
        ("@cache\ndef ask(): ...", "m.ask"),
        ("_one = None\ndef ask():\n    global _one\n    _one = 1", "m._one"),
    ],
)
def test_a_memory_is_noticed_however_it_is_written(source: str, name: str) -> None:
    assert [found for found, _is_function in memories(source, "m")] == [name]


@pytest.mark.parametrize("source", ["PLAN = {'a': 1}", "NAMES = ('a',)", "def ask():\n    kept = {}\n    return kept"])
def test_what_is_written_once_is_no_memory(source: str) -> None:
    assert list(memories(source, "m")) == []


def test_forgetting_empties_what_a_test_left_behind() -> None:
    from alliance.api import machine_reads
    from alliance.kernel import metrics

    machine_reads._alliances["slug", "left"] = (object(), 1e12)  # type: ignore[assignment]
    metrics._begun["left"] = 1.0

    forget_everything()

    assert machine_reads._alliances == {}
    assert metrics._begun == {}
