"""Importing 100,000 institutions against the ORM's ``bulk_create`` with the same checks."""

from __future__ import annotations

import io
import time
from statistics import median

from benchmarks.harness import Result, at_least

ROWS = 100_000
FAULTY_EVERY = 100
ROUNDS = 3


def table(seed: int) -> bytes:
    """A table of institutions; each hundredth row has no name, so that it comes back as faulty."""
    lines = ["name,country,type"]
    lines += [
        f"{'' if n % FAULTY_EVERY == 0 else f'Institute {seed}-{n} of Applied Weaving'},CN,{'Education' if n % 3 else 'Company'}"
        for n in range(1, ROWS + 1)
    ]
    return "\n".join(lines).encode()


def run(addresses: dict[str, str]) -> list[Result]:
    """Both read, check and report the faulty rows; they differ in how good rows reach the table."""
    del addresses
    from django.utils import timezone

    from alliance.kernel import tenancy
    from alliance.models import Alliance
    from members.actions.institution import highest_code_number
    from members.actions.institution_import import Plan, Sorter, Tally, _batches, import_rows
    from members.models import Institution
    from members.selectors.institution_table import read_rows

    plan = Plan(
        columns={"name": 0, "country": 1, "kind": 2},
        kinds={"Education": "university_think_tank", "Company": "leading_enterprise"},
        width=3,
        source="benchmark",
    )
    ours_into, theirs_into = Alliance.objects.get(slug="bench-19"), Alliance.objects.get(slug="bench-20")

    def ours(content: bytes) -> tuple[Tally, int]:
        faults: list[int] = []
        tally = import_rows(
            ours_into,
            io.BytesIO(content),
            plan,
            at=timezone.now(),
            on_fault=lambda number, _code, _params, _cells: faults.append(number),
        )
        return tally, len(faults)

    def theirs(content: bytes) -> tuple[int, int]:
        faults: list[int] = []
        sorter = Sorter(plan, lambda number, _code, _params, _cells: faults.append(number))
        added = 0
        for batch in _batches(sorter.good(read_rows(io.BytesIO(content), plan.encoding, plan.delimiter)), 5000):
            with tenancy.acting_in(theirs_into):
                here = Institution.objects.of(theirs_into)
                keys = {entry.name_key for _number, entry in batch}
                known = set(here.filter(name_key__in=keys).values_list("name_key", "country_code", "region_code"))
                last = highest_code_number(theirs_into)
                rows = [
                    Institution(alliance=theirs_into, code=f"I-{last + place}", source="benchmark", **entry._asdict())
                    for place, (_number, entry) in enumerate(batch, 1)
                    if (entry.name_key, entry.country_code, entry.region_code) not in known
                ]
                Institution.objects.bulk_create(rows, batch_size=1000)
                added += len(rows)
        return added, len(faults)

    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for round_number in range(ROUNDS):
        content = table(round_number)
        start = time.perf_counter()
        tally, refused = ours(content)
        middle = time.perf_counter()
        added, refused_too = theirs(content)
        end = time.perf_counter()
        if (tally.good, refused) != (added, refused_too) or refused != ROWS // FAULTY_EVERY:
            message = f"the two imports differ: {tally.as_counts()} and {added} added, {refused_too} refused"
            raise RuntimeError(message)
        seconds["ours"].append(middle - start)
        seconds["theirs"].append(end - middle)
    return [
        at_least(
            "import_100k",
            median(seconds["ours"]),
            median(seconds["theirs"]),
            2.0,
            unit="s",
            note=f"{ROWS} rows, {ROWS // FAULTY_EVERY} faulty and reported by both; the same checks in Python count in both",
        )
    ]
