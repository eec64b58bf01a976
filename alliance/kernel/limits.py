"""Rate limits without CAPTCHA (security.md section 4(j)): a moving window on Valkey, rules by name in the settings.

When Valkey is away, rules that guard sign-in, forms and money go on counting in PostgreSQL, in a transaction of their own;
rules that only keep reading fair let the request pass.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import redis
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from alliance.kernel.errors import DomainError

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)

READING_RULES = frozenset({"api_client", "calendar_feed", "calendar_network", "search_anonymous"})
"""Rules that let requests pass while Valkey is away; every other rule falls back to the counter table."""

_AWAY = (redis.exceptions.RedisError, StorageError, OSError)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands under a rule.

    Attributes:
        limit: Calls allowed in the window.
        remaining: Calls left; at the limit 0.
        reset_seconds: Whole seconds until the oldest counted call leaves the window, at least 1.
        window_seconds: Length of the window.
    """

    limit: int
    remaining: int
    reset_seconds: int
    window_seconds: int

    def headers(self) -> dict[str, str]:
        """``RateLimit-*`` response headers."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
            "RateLimit-Policy": f"{self.limit};w={self.window_seconds}",
        }


class RateLimitedError(DomainError):
    """Too many calls in the window; says when the next one will be taken.

    Attributes:
        standing: The caller's standing; ``standing.reset_seconds`` is the time to wait.
    """

    code = "rate_limited"
    status = 429

    def __init__(self, rule: str, standing: Standing) -> None:
        super().__init__(
            _("Too many requests. Please wait %(seconds)s seconds and try again.") % {"seconds": standing.reset_seconds},
            remedy=_("Nothing was lost; send the same again after the time stated."),
            details={"rule": rule, "retry_after_seconds": standing.reset_seconds},
        )
        self.standing = standing


def hit(rule: str, *keys: object) -> Standing:
    """Count one call and refuse it when it is over the limit.

    Args:
        rule: Name in ``settings.RATE_LIMITS``.
        keys: Whom the count belongs to, e.g. an alliance's pk and a network; only a hash of them is stored.

    Returns:
        The caller's standing after this call.

    Raises:
        RateLimitedError: The limit is reached; the call is not counted.
        KeyError: No such rule.
    """
    item = _item(rule)
    name = _name(keys)
    try:
        limiter = _limiter(settings.CACHE_URL, settings.CACHES["default"]["KEY_PREFIX"])
        taken, standing = _hit_at_once(limiter, item, rule, name)
    except _AWAY as error:
        if rule in READING_RULES:
            logger.warning("rate limit not counted: cache away", extra={"rule": rule, "error": type(error).__name__})
            return _standing(item, item.amount, time.time() + item.get_expiry())
        logger.warning("rate limit counted in the database: cache away", extra={"rule": rule})
        taken, standing = _hit_in_database(item, rule, name)
    if not taken:
        raise RateLimitedError(rule, standing)
    return standing


check = hit

# -- Leases -----------------------------------------------------------------------------------------------------------

LEASE_SECONDS = 1.0
"""How long calls taken in advance may be used."""
LEASE_SHARE = 20
"""At most one twentieth of a limit is taken in advance."""
MOST_LEASED = 20
MOST_LEASES = 5000


@dataclass(slots=True)
class _Lease:
    """Calls of one caller that this process has counted in advance.

    Attributes:
        standing: Standing after all of them.
        size: How many were taken.
        left: How many of them are unused.
        counted_at: Moment they are counted under.
        until: End of the lease, on the monotonic clock.
    """

    standing: Standing
    size: int
    left: int
    counted_at: float
    until: float


_leases: dict[tuple[str, str], _Lease] = {}
_leases_lock = threading.Lock()


def hit_in_advance(rule: str, *keys: object) -> Standing:
    """Like :func:`hit`, for callers who call often: calls are counted several at a time, and those not made are given back.

    A slow caller is counted call by call. Who uses up a lease within a second gets one of double size, up to a twentieth of
    the limit; close to the limit it is call by call again. All processes together never let more calls pass than the limit.
    They may let fewer pass: by what other processes have taken and not yet given back, at most a twentieth each.

    Raises:
        RateLimitedError: The limit is reached.
    """
    item = _item(rule)
    most = min(MOST_LEASED, item.amount // LEASE_SHARE)
    if most < 2 or rule not in READING_RULES:
        return hit(rule, *keys)
    name = _name(keys)
    now = time.monotonic()
    with _leases_lock:
        lease = _leases.pop((rule, name), None)
        if lease is not None and lease.left and now < lease.until and lease.standing.limit == item.amount:
            lease.left -= 1
            _leases[rule, name] = lease
            return replace(lease.standing, remaining=lease.standing.remaining + lease.left)
    size = 1
    if lease is not None and not lease.left and now < lease.until and lease.standing.remaining > 2 * most:
        size = min(2 * lease.size, most)
    try:
        limiter = _limiter(settings.CACHE_URL, settings.CACHES["default"]["KEY_PREFIX"])
        counted_at = math.floor(time.time() * 64) / 64  # whoever prints it: the same digits, so that it can be given back
        unused = (lease.counted_at, lease.left) if lease is not None and lease.left else None
        taken, standing = _hit_at_once(limiter, item, rule, name, now=counted_at, amount=size, unused=unused)
        if not taken and size > 1:
            size = 1
            taken, standing = _hit_at_once(limiter, item, rule, name, now=counted_at)
    except _AWAY as error:
        logger.warning("rate limit not counted: cache away", extra={"rule": rule, "error": type(error).__name__})
        return _standing(item, item.amount, time.time() + item.get_expiry())
    if not taken:
        raise RateLimitedError(rule, standing)
    with _leases_lock:
        if len(_leases) >= MOST_LEASES:
            _leases.clear()
        _leases[rule, name] = _Lease(standing, size, size - 1, counted_at, now + LEASE_SECONDS)
    return replace(standing, remaining=standing.remaining + size - 1)


def forget_leases() -> None:
    """Drop all calls counted in advance, e.g. when the counts themselves were dropped."""
    with _leases_lock:
        _leases.clear()


def forget(rule: str, *keys: object) -> None:
    """Start a count anew, e.g. after a successful sign-in. Does nothing while Valkey is away."""
    try:
        _limiter(settings.CACHE_URL, settings.CACHES["default"]["KEY_PREFIX"]).clear(_item(rule), rule, _name(keys))
    except _AWAY:
        logger.warning("rate limit not cleared: cache away", extra={"rule": rule})


def network_of(address: str) -> str:
    """The network an address is counted under: /24 for IPv4, /56 for IPv6; an unreadable address counts as itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return str(ipaddress.ip_network(f"{parsed}/{24 if parsed.version == 4 else 56}", strict=False))


def _item(rule: str) -> RateLimitItem:
    return _parsed(cast("Mapping[str, str]", settings.RATE_LIMITS)[rule])


@lru_cache(maxsize=64)
def _parsed(text: str) -> RateLimitItem:
    return parse(text)


def _name(keys: tuple[object, ...]) -> str:
    """A hash, so that no address or e-mail stands in the store."""
    return hashlib.sha256("\x1f".join(str(key) for key in keys).encode()).hexdigest()[:32]


@lru_cache(maxsize=4)
def _limiter(url: str, prefix: str) -> MovingWindowRateLimiter:
    base = url.partition("?")[0]
    if base.startswith("unix://"):
        pool = redis.ConnectionPool.from_url(
            f"{base}?db={settings.CACHE_DATABASE}", socket_timeout=1, socket_connect_timeout=1
        )
    else:
        host = base.rstrip("/").rpartition("/")[0] if base.count("/") > 2 else base
        pool = redis.ConnectionPool.from_url(f"{host}/{settings.CACHE_DATABASE}", socket_timeout=1, socket_connect_timeout=1)
    return MovingWindowRateLimiter(RedisStorage("redis://", connection_pool=pool, key_prefix=f"{prefix}:limits"))


def _hit_at_once(
    limiter: MovingWindowRateLimiter,
    item: RateLimitItem,
    rule: str,
    name: str,
    *,
    now: float | None = None,
    amount: int = 1,
    unused: tuple[float, int] | None = None,
) -> tuple[bool, Standing]:
    """Count and look in one round trip, with the library's own scripts; it makes two trips of them.

    Args:
        limiter: Holds the store.
        item: The limit.
        rule: Its name.
        name: Whom the count belongs to.
        now: Moment the calls are counted under.
        amount: How many calls; all or none are taken.
        unused: Moment and number of calls counted before that were never made.
    """
    storage = cast("RedisStorage", limiter.storage)
    now, window = time.time() if now is None else now, item.get_expiry()
    key = storage.prefixed_key(item.key_for(rule, name))
    server: Any = storage.get_connection()
    pipe = server.pipeline(transaction=False)
    if unused is not None:
        pipe.lrem(key, unused[1], f"{unused[0]:.17g}")  # as the store writes numbers
    pipe.evalsha(storage.lua_acquire_moving_window.sha, 1, key, now, item.amount, window, amount)
    pipe.evalsha(storage.lua_moving_window.sha, 1, key, now - window, item.amount)
    try:
        taken, seen = pipe.execute()[-2:]
    except redis.exceptions.NoScriptError:  # a server just started: the library's calls load the scripts
        hit_now = limiter.hit(item, rule, name, cost=amount)
        stats = limiter.get_window_stats(item, rule, name)
        return hit_now, _standing(item, stats.remaining, stats.reset_time)
    oldest, count = (float(seen[0]), int(seen[1])) if seen else (now, 0)
    return bool(taken), _standing(item, item.amount - count, oldest + window)


def _standing(item: RateLimitItem, remaining: int, reset_time: float) -> Standing:
    seconds = max(1, math.ceil(reset_time - time.time()))
    return Standing(item.amount, max(0, remaining), min(seconds, item.get_expiry()), item.get_expiry())


# A sliding count of two fixed windows: the share of the previous window that still lies inside the moving one is added.
_COUNT = """
WITH counted AS (
    INSERT INTO alliance_ratecount (name, slot, hits) VALUES (%(name)s, %(slot)s, 1)
    ON CONFLICT (name, slot) DO UPDATE SET hits = alliance_ratecount.hits + 1
    RETURNING hits
)
SELECT counted.hits + floor(coalesce((SELECT hits FROM alliance_ratecount WHERE name = %(name)s AND slot = %(slot)s - %(window)s), 0)
                            * %(share)s::float)::bigint FROM counted
"""


def _hit_in_database(item: RateLimitItem, rule: str, name: str) -> tuple[bool, Standing]:
    """Count on a connection of its own, so that the count stays when the request's transaction is undone."""
    now = time.time()
    window = item.get_expiry()
    slot = int(now // window) * window
    into = now - slot
    own: BaseDatabaseWrapper = connection.copy()
    try:
        with own.cursor() as cursor:
            cursor.execute(_COUNT, {"name": f"{rule}:{name}", "slot": slot, "window": window, "share": 1 - into / window})
            row: Any = cursor.fetchone()
    finally:
        own.close()
    count = int(row[0])
    return count <= item.amount, _standing(item, item.amount - count, now + window - into)
