"""What happens when a motion is decided: effects by name, registered by whoever owns the matter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance
    from groups.models import Motion


@dataclass(frozen=True, slots=True)
class Effect:
    """What a motion does when it is decided.

    Attributes:
        name: Stable name; ``Motion.effect`` holds it.
        label: In words.
        missing: What is still missing before the motion may be opened, in sentences; empty when nothing is.
        apply: Does it; called exactly once for every decided motion, whatever the outcome: it reads ``motion.state``. It runs
            with the tenant announced and the motion locked, in the transaction that notes it as done.
    """

    name: str
    label: StrOrPromise
    missing: Callable[[Alliance, Motion], list[StrOrPromise]]
    apply: Callable[[Alliance, Motion, datetime], None]


effects: Registry[Effect] = Registry("effect of a motion")
