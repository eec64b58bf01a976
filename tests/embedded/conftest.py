"""Instances of our own, apart from the one that serves this test run."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alliance.embedded import EmbeddedServices
from alliance.embedded.folders import DataFolder
from alliance.embedded.pytest_plugin import remove_instance

CHECKOUT = Path(__file__).resolve().parents[2]


def untouched_environment() -> dict[str, str]:
    """This process's environment without what the test run itself has set: what a person's shell has."""
    ours = ("DATABASE_", "REDIS_", "ALLIANCE_", "DJANGO_", "PYTEST_", "CACHE_", "SECRET_KEY")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder that a database's own user can pass through, unlike pytest's tmp_path when root runs the tests."""
    path = Path(tempfile.mkdtemp(prefix="alliance-embedded-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def new_folder(scratch: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Path]]:
    """Names of data folders that do not exist yet; sockets and data kept elsewhere are removed at the end."""
    made: list[Path] = []

    def name(*parts: str) -> Path:
        path = scratch.joinpath(f"{request.node.name.partition('[')[0]}-{len(made)}", *parts)
        made.append(path)
        return path

    yield name
    for path in made:
        if path.exists():
            remove_instance(DataFolder(path))


@pytest.fixture(scope="module")
def instance(scratch: Path, request: pytest.FixtureRequest) -> Iterator[EmbeddedServices]:
    """One running instance per module that its tests may reconfigure."""
    services = EmbeddedServices(scratch / f"shared-{request.module.__name__}", test=True, kind="test", environment={})
    services.start()
    yield services
    services.stop()
    remove_instance(services.folder)
