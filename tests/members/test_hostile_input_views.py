"""Addresses and forms that a browser would not send: they are answered, never a server error; and the public talent pool."""

from __future__ import annotations

import pytest
from django.utils import timezone

from alliance.kernel.errors import DomainError
from alliance.models import Alliance, Invitation, User
from members.actions.application import complete_application, decide_application, start_screening
from members.actions.expert import ExpertValues, add_expert
from members.choices import ApplicationState, InstitutionState
from members.models import Application, Institution
from tests.conftest import ClientFor
from tests.factories.admission import make_application, make_complete
from tests.factories.alliance import address
from tests.factories.members import make_institution


@pytest.mark.parametrize("url_name", ["institution_act", "institution_view_save"])
def test_a_null_byte_in_a_form_of_the_list_is_no_server_error(
    act: Alliance, secretary: User, client_for: ClientFor, url_name: str
) -> None:
    make_institution(act)
    values = {"chosen": "a\x00b", "act": "csv", "query": "q=a%00b\x00", "name": "a\x00b"}
    answer = client_for(secretary).post(address(act, url_name), values)
    assert answer.status_code in {200, 302}
    listed = client_for(secretary).get(address(act, "institution_list"), {"q": "a\x00b"})
    assert listed.status_code == 200


def test_a_null_byte_in_the_name_of_a_matter_is_not_found(act: Alliance, secretary: User, client_for: ClientFor) -> None:
    url = address(act, "conflict_matter", matter="product:P-1").replace("product:P-1", "product:%00")
    assert client_for(secretary).get(url).status_code == 404


def test_everybody_finds_the_experts_who_agreed_to_it(act: Alliance, secretary: User, client_for: ClientFor) -> None:
    institution = make_institution(act)
    values = ExpertValues(name_en="Wei Lan", skills=[("Dyeing", "染色")])
    add_expert(act, institution.code, values, consent="public", actor=secretary, at=timezone.now())
    answer = client_for(None).get(address(act, "public_expert_list"), {"language": "zh"})
    everybody = client_for(None).get(address(act, "public_expert_list"))
    assert (answer.status_code, everybody.status_code) == (200, 200)
    assert "Wei Lan" in everybody.content.decode()
    assert "Cantonese" in everybody.content.decode()


def _twin(application: Application, state: str = InstitutionState.ACTIVE) -> Institution:
    return make_institution(
        application.alliance,
        name_en=application.name_en,
        name_zh=application.name_zh,
        name_key=application.name_key,
        country_code=application.country_code,
        region_code=application.region_code,
        state=state,
    )


def test_an_application_in_a_members_name_is_not_complete(act: Alliance, secretary: User) -> None:
    application = make_application(act)
    start_screening(act, application.code, actor=secretary, at=timezone.now())
    member = _twin(application)
    with pytest.raises(DomainError, match=member.code) as refusal:
        complete_application(act, application.code, actor=secretary, at=timezone.now())
    assert refusal.value.code == "institution_known"


def test_admission_never_makes_an_applicant_the_representative_of_a_member(act: Alliance, secretary: User) -> None:
    application = make_complete(act, secretary)
    Application.objects.of(act).update(state=ApplicationState.VOTING, decision_reference="M-0001")
    _twin(application)
    decided = decide_application(
        act, application.code, accepted=True, decision_reference="M-0001", reason="", at=timezone.now()
    )
    assert decided is not None
    assert decided.state == ApplicationState.COMPLETE
    assert decided.institution is None
    assert not Invitation.objects.of(act).exists()
