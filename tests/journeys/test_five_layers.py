"""The main job, end to end, in a real browser with real workers: import, groups, pipeline, rating, objective.

Each language walks the whole way; pages are found by their addresses and fields by their names, so that the same steps
serve both.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import HOME, ROOT, Platform, reader, send, until

pytestmark = pytest.mark.journey

ROR = ROOT / "data" / "institutions" / "research_organisations_ror_2021.csv"
FAULTY = 50
JOB_MILLISECONDS = 240_000
LANGUAGES = ("en", "zh-hans")
TODAY = timezone.localdate()


def table_for(language: str, folder: Path) -> tuple[Path, int]:
    """5,000 real organisations in a table of their own per language, 50 of them without a name."""
    with ROR.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    header, rows = rows[0], rows[1:]
    wanted = {"Education", "Company", "Nonprofit", "Facility", "Archive"}
    seen: set[tuple[str, str]] = set()
    fit = []
    for name, country, kind in rows:
        key = (re.sub(r"\W", "", name.casefold()), country)
        if kind in wanted and key not in seen:
            seen.add(key)
            fit.append([name, country, kind])
    part = fit[:2500] if language == "en" else fit[2500:]
    for place in range(FAULTY):
        part[place * 20][0] = ""
    path = folder / f"organisations-{language}.csv"
    with path.open("w", encoding="gb18030" if language != "en" else "utf-8", newline="", errors="replace") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(part)
    return path, len(part)


def count_in(page: Page, place: int) -> int:
    """A figure of the table of counts."""
    return int(re.sub(r"\D", "", page.locator("#counts td.num").nth(place).inner_text()))


def run_import(page: Page, path: Path, rows: int) -> int:
    """Upload, map, dry run, import; returns how many were added."""
    page.goto(f"{HOME}/console/institutions/imports/new/")
    page.set_input_files("input[name=file]", str(path))
    send(page)
    expect(page.locator("select[name=column_kind]")).to_have_value("2")
    assert page.locator("select[name^=kind_]").count() >= 5
    send(page)
    follow_job(page)
    assert int(re.sub(r"\D", "", page.locator("#counts td.num").last.inner_text())) == rows
    if page.locator("#start form").count() == 0:
        return 0
    send(page)
    follow_job(page)
    assert page.locator("#start").count() == 0
    return count_in(page, 0)


def follow_job(page: Page) -> None:
    """Watch the progress bar until it offers the result, and open it."""
    page.wait_for_selector("#counts, section.job")
    if page.locator("#counts").count() == 0:
        page.wait_for_selector("[data-job-over=true]", state="attached", timeout=JOB_MILLISECONDS)
        page.locator("section.job a.button").click()
    page.wait_for_selector("#counts")


def api_get(platform: Platform, path: str, page: Page) -> Any:
    """Read the API with the page's session."""
    response = page.request.get(f"{platform.url}{HOME}/api/v1/{path}")
    assert response.status == 200, response.text()
    return response.json()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_alliance_works_through_all_five_layers(
    browser: Browser, platform: Platform, language: str, tmp_path: Path
) -> None:
    title = f"Water balance sheet {language}"
    objective_before = None

    # 1. Real institutions come in from a table; the faulty rows come back with reasons; a second run adds none.
    path, rows = table_for(language, tmp_path)
    with reader(browser, platform, "office", language) as page:
        added = run_import(page, path, rows)
        assert rows - FAULTY - 40 <= added <= rows - FAULTY  # a few names stand in the demonstration or twice already
        with page.expect_download() as download:
            page.locator("a[href*='refused-rows']").first.click()
        refused = list(csv.reader(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()))
        assert len(refused) - 1 >= FAULTY
        assert all(row[-1] or row[0] for row in refused)
        assert run_import(page, path, rows) == 0

        # 2. Groups form by the rules of eligibility; the matrix shows who supplies what.
        page.goto(f"{HOME}/console/groups/")
        if page.locator("#join form").count():
            send(page)
            page.wait_for_url(re.compile(r"/console/groups/jobs/"))
            page.wait_for_selector("[data-job-state=succeeded], .job.is-over, a[href$='/console/groups/']")
        page.goto(f"{HOME}/console/coverage/")
        expect(page.locator("table.matrix, .matrix").first).to_be_visible()
        objective_before = api_get(platform, "objectives/?page_size=100", page)["results"]

    # 3. A product walks the pipeline.
    with reader(browser, platform, "wisdom", language) as page:
        page.goto(f"{HOME}/pilots/new/?kind=guide")
        page.select_option("select[name=kind]", "guide")
        for field, words in (
            ("title_en", title),
            ("title_zh", f"用水平衡表{language}"),
            ("summary_en", "Where the water of a dyehouse goes, line by line."),
            ("summary_zh", "染厂用水去向逐项核算。"),
            ("body_en", "1. Read the meters.\n2. Fill in the sheet."),
            ("body_zh", "1. 抄表。\n2. 填表。"),
            ("details_scope_en", "Dyehouses with water meters on each line."),
            ("details_scope_zh", "各生产线装有水表的染厂。"),
        ):
            page.fill(f"[name={field}]", words)
        send(page)
        page.wait_for_url(re.compile(rf"{HOME}/pilots/P-[^/]+/$"))
        product = page.url.rstrip("/").rpartition("/")[2]
        send(page, f"form[action$='/pilots/{product}/submit/'] button")
    with reader(browser, platform, "university", language) as page:
        page.goto(f"{HOME}/pilots/{product}/review/")
        page.locator("input[name=verdict][value=approve]").check()
        page.fill("[name=comment]", "Clear and useful.")
        send(page)
    with reader(browser, platform, "media", language) as page:
        page.goto(f"{HOME}/pilots/{product}/adapt/")
        page.fill("[name=body_en]", "One page, one picture, one sum.")
        page.check("[name=ready]")
        send(page)
    with reader(browser, platform, "secretariat", language) as page:
        page.goto(f"{HOME}/pilots/{product}/plan/")
        boxes = page.locator("input[name=participants]")
        for place in range(boxes.count()):
            label = page.locator(f"label[for='{boxes.nth(place).get_attribute('id')}']").inner_text()
            if any(name in label for name in ("Henglan", "Xibu", "Wanlan", "恒澜", "西埠", "湾澜")):
                boxes.nth(place).check()
        page.fill("[name=starts_on]", TODAY.isoformat())
        page.fill("[name=deadline_on]", (TODAY + dt.timedelta(days=14)).isoformat())
        page.fill("[name=minimum_answers]", "3")
        page.fill("[name=measures_0_name_en]", "Water per tonne")
        page.fill("[name=measures_0_unit]", "m³/t")
        send(page)
        expect(page.locator("main")).to_contain_text(re.compile("Henglan|恒澜"))
    for firm in ("enterprise", "enterprise2", "enterprise3"):
        with reader(browser, platform, firm, language) as page:
            join(page, product)
    for firm in ("enterprise", "enterprise2", "enterprise3"):
        with reader(browser, platform, firm, language) as page:
            answer(page, product)
    with reader(browser, platform, "secretariat", language) as page:
        page.goto(f"{HOME}/pilots/{product}/close/")
        send(page, "main form button[type=submit]")
        wait_for_step(page, product, "release")
    with reader(browser, platform, "committee", language) as page:
        page.goto(f"{HOME}/pilots/{product}/release/")
        send(page, "form:has(input[name=decision][value=release]) button")
        released = api_get(platform, f"products/{product}/", page)
        assert released["state"] == "released"
        assert float(released["pilots"][0]["mean_score"]) > 0
        entry = wait_for_entry(platform, page, product)

    # 4. A client rates it from the public page, without an account; the mark counts once the mail's link is opened.
    context = browser.new_context(base_url=platform.url, java_script_enabled=False)
    context.add_cookies([{"name": "django_language", "value": language, "url": platform.url}])
    visitor = context.new_page()
    visitor.goto(f"{HOME}/catalogue/{entry}/")
    expect(visitor.locator("h1")).to_contain_text(title if language == "en" else f"用水平衡表{language}")
    visitor.goto(f"{HOME}/catalogue/{entry}/rate/")
    visitor.wait_for_timeout(3_500)  # the form refuses what no person could have typed
    visitor.check("input[name=score][value='5']")
    visitor.check("input[name=client_kind][value=industry]")
    visitor.fill("[name=email]", f"client-{language}@mill.example")
    send(visitor)
    mail = platform.wait_for_mail(f"client-{language}@mill.example")
    link = re.search(rf"{HOME}/ratings/[^\s]+", mail.replace("=\n", ""))
    assert link, mail
    visitor.goto(link[0])
    if visitor.locator("main form button[type=submit]").count():
        send(visitor)
    context.close()

    # 5. The rating reaches evaluation with its interval, and the objective's indicator moves on the dashboard.
    with reader(browser, platform, "secretariat", language) as page:
        result = wait_for_feedback(platform, page, entry)
        assert result["responses"] == 1
        assert float(result["csat_lower"]) < float(result["csat"]) <= float(result["csat_upper"])
        moved = wait_for_objective(platform, page, objective_before)
        page.goto(f"{HOME}/console/objectives/{moved}/")
        expect(page.locator(f"main a[href*='/{product}/']").first).to_be_visible()
        page.goto(f"{HOME}/console/")
        expect(page.locator("main")).to_be_visible()
        assert page.locator(".layer-tile, .tile").count() >= 5


def join(page: Page, product: str) -> None:
    """One firm accepts the invitation and measures before the trial, without which the round does not open."""
    page.goto(f"{HOME}/pilots/{product}/site/")
    send(page, "form[action$='/site/accept/'] button[type=submit]")
    page.goto(f"{HOME}/portal/pilots/{product}/workbook/?kind=reading")
    form = page.locator("form:has(input[name=kind][value=reading])").first
    form.locator("[name=value]").fill("55")
    form.locator("[name=taken_on]").fill(TODAY.isoformat())
    form.locator("button[type=submit]").click()
    page.locator("[data-workbook-list] > li[data-state=sent], [data-entry-key]").first.wait_for()  # not only on this device


def answer(page: Page, product: str) -> None:
    """One firm's structured feedback: the best marks on every criterion, one suggestion."""
    wait_for_step(page, product, "answer")  # the workflow opens the round, which waited for the last value from before
    page.goto(f"{HOME}/pilots/{product}/answer/")
    names = page.locator("main form [name^=score_]").evaluate_all("fields => [...new Set(fields.map(f => f.name))]")
    assert names
    for name in names:
        page.locator(f"main form [name={name}][value='5']").check()
    page.fill("main form [name=suggestion]", "Add a table for soft water.")
    send(page)


def wait_for_step(page: Page, product: str, step: str) -> None:
    """Until the workflow has decided and the step's page is open."""

    def is_open() -> bool:
        page.goto(f"{HOME}/pilots/{product}/")
        return page.locator(f"a[href$='/pilots/{product}/{step}/']").count() > 0

    until(is_open, f"{product} never came to {step}")


def wait_for_entry(platform: Platform, page: Page, product: str) -> str:
    """The catalogue entry that the release's event makes; its code."""

    def find() -> str | None:
        rows = api_get(platform, "catalogue/?page_size=100", page)["results"]
        return next((str(row["code"]) for row in rows if (row.get("product") or {}).get("code") == product), None)

    return until(find, f"{product} never came into the catalogue")


def wait_for_feedback(platform: Platform, page: Page, entry: str) -> dict[str, Any]:
    """The computed user feedback on an entry."""

    def find() -> dict[str, Any] | None:
        found: dict[str, Any] = api_get(platform, f"catalogue/{entry}/", page)
        return found.get("feedback") or found.get("latest_feedback")

    return until(find, f"no feedback on {entry}")


def wait_for_objective(platform: Platform, page: Page, before: list[dict[str, Any]]) -> str:
    """The objective measured by released products whose value went up; its code."""
    values = {row["code"]: row for row in before}

    def find() -> str | None:
        for row in api_get(platform, "objectives/?page_size=100", page)["results"]:
            if row["measured_by"] != "operations.released_products_with_mean_score":
                continue
            old = (values[row["code"]]["latest"] or {}).get("value")
            new = (row["latest"] or {}).get("value")
            if new is not None and float(new) > float(old or 0):
                return str(row["code"])
        return None

    return until(find, f"no objective moved: {json.dumps(before)[:600]}")


def test_the_service_answers_the_api_with_a_machine_token(platform: Platform) -> None:
    request = urllib.request.Request(f"{platform.url}{HOME}/api/v1/products/")  # noqa: S310 - loopback

    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request, timeout=30)  # noqa: S310 - loopback

    assert refusal.value.code in {401, 403}
    problem = json.loads(refusal.value.read())
    assert problem["code"]
