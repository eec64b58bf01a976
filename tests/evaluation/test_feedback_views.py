"""The evaluation pages: n everywhere, the marks behind every figure, closed to strangers."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from alliance.models import Alliance, User
from evaluation.models import FeedbackResult
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.evaluation import make_result
from tests.factories.services import make_entry


def test_the_list_shows_figures_interval_and_n(act: Alliance, client_for: ClientFor, secretary: User) -> None:
    result = make_result(act, [5, 5, 4, 2])
    make_entry(act)

    page = client_for(secretary).get(address(act, "feedback_list")).content.decode()

    assert result.entry.title_en in page
    assert "30%–95%" in page
    assert "<svg" in page
    assert "1 service on offer has no confirmed rating." in page


def test_the_detail_lists_as_many_marks_as_the_figure_counts(act: Alliance, client_for: ClientFor, secretary: User) -> None:
    result = make_result(act, [5, 4, 4, 1, 3])

    client = client_for(secretary)
    page = client.get(address(act, "feedback_detail", code=result.entry.code)).content.decode()
    table = client.get(address(act, "feedback_detail", code=result.entry.code) + "?format=csv").content.decode()

    marks = [int(line.split(",")[1]) for line in table.strip().splitlines()[1:]]
    assert len(marks) == result.responses
    assert f"{sum(marks) / len(marks):.4f}" == f"{result.mean:.4f}"
    assert "mean of 5 marks" in page
    assert "n = 5" in page


def test_feedback_is_closed_to_strangers_and_unknown_services_answer_not_found(
    act: Alliance, client_for: ClientFor, secretary: User, stranger: User, committee_member: User
) -> None:
    result = make_result(act, [5])

    for url in (address(act, "feedback_list"), address(act, "feedback_detail", code=result.entry.code)):
        assert client_for(stranger).get(url).status_code == 403
        assert client_for(committee_member).get(url).status_code == 200
    assert client_for(secretary).get(address(act, "feedback_detail", code="none")).status_code == 404


def test_the_list_needs_the_same_number_of_queries_whatever_its_length(
    act: Alliance, client_for: ClientFor, secretary: User
) -> None:
    client = client_for(secretary)
    url = address(act, "feedback_list")
    make_result(act, [5])
    client.get(url)

    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for _turn in range(6):
        make_result(act, [4, 3])
    with CaptureQueriesContext(connection) as many:
        client.get(url)

    assert len(many) == len(few)
    assert FeedbackResult.objects.of(act).count() == 7
