"""What the blueprints make in authentik, what they leave alone, and what is left when they are taken away."""

from copy import deepcopy
from itertools import permutations, product

import pytest

from tests.authentik import stand_in
from tests.authentik.files import (
    ALERTS,
    ALL,
    CODES,
    CODES_BY_LANGUAGE,
    REMOVAL,
    applied,
)
from tests.authentik.stand_in import STAGE, TRANSPORT, Authentik, evaluate
from tests.conftest import TOKEN

SETUP = "signal-authenticator-setup"
URL = "https://gateway.example.com/v2/send"


def header(authentik: Authentik) -> object:
    mapping = authentik.get(stand_in.MAPPING, name="signal-alerts-header")
    return evaluate(mapping["expression"])["Authorization"]


def test_people_can_enroll() -> None:
    authentik = applied(CODES)
    stage = authentik.get(STAGE, name=SETUP)
    flow = authentik.get(stand_in.FLOW, slug=SETUP)["pk"]
    assert authentik.get(stand_in.FLOW_BINDING, target=flow, stage=stage["pk"])
    assert stage["configure_flow"] == flow
    assert (stage["account_sid"], stage["auth"]) == (URL, TOKEN)
    assert not authentik.find(stand_in.MAPPING) and not authentik.find(stand_in.RULE)
    # What somebody chose stays.
    assert authentik.get(stand_in.VALIDATION)["device_classes"] == ["totp"]


def test_admins_are_told() -> None:
    authentik = applied(ALERTS)
    rule, transport = authentik.get(stand_in.RULE), authentik.get(TRANSPORT)
    assert rule["transports"] == [transport["pk"]]
    assert rule["destination_group"] == authentik.get(stand_in.GROUP)["pk"]
    assert transport["webhook_url"] == URL
    assert header(authentik) == "Bearer s3cr3t-alerts-token"
    bound = [o for o in authentik.objects if o["model"] == stand_in.BINDING]
    assert [(o["order"], o["enabled"]) for o in bound] == [(n, True) for n in range(4)]
    assert not authentik.find(STAGE)


@pytest.mark.parametrize("token", [TOKEN, "100%s%%\\\"'{}#:-token!"])
def test_one_token_does_for_both_whatever_characters_it_has(token: str) -> None:
    authentik = applied(CODES, ALERTS, SIGNAL_GATEWAY_TOKEN=token)
    assert authentik.get(STAGE)["auth"] == token
    assert header(authentik) == f"Bearer {token}"


def test_a_variable_that_is_missing_shows_itself() -> None:
    authentik = applied(CODES, ALERTS, SIGNAL_ALERTS_TOKEN="")
    address = "https://CHANGE-ME.invalid/set-SIGNAL_GATEWAY_URL-in-server-and-worker"
    token = "CHANGE-ME: set {} in authentik's server and worker"
    stage = authentik.get(STAGE)
    assert stage["account_sid"] == f"{address}/v2/send"
    assert authentik.get(TRANSPORT)["webhook_url"] == f"{address}/v2/send"
    assert stage["auth"] == token.format("SIGNAL_GATEWAY_TOKEN")
    assert header(authentik) == f"Bearer {token.format('SIGNAL_ALERTS_TOKEN')}"


def test_applied_twice_and_in_any_order_they_make_the_same() -> None:
    names = applied(CODES, ALERTS).names()
    for first, second in permutations((CODES, ALERTS)):
        authentik = applied(first, second)
        assert authentik.names() == names
        once = deepcopy(authentik.objects)
        authentik.apply(first)
        authentik.apply(second)
        assert authentik.objects == once


def test_a_new_authentik_makes_its_own_objects_first() -> None:
    authentik = Authentik()
    authentik.apply(CODES)
    authentik.apply(ALERTS)
    assert authentik.get(stand_in.VALIDATION)["own"]
    group = authentik.get(stand_in.GROUP, name="authentik Admins")
    assert authentik.get(stand_in.RULE)["destination_group"] == group["pk"]


def test_a_mapping_that_is_switched_off_again_is_no_longer_used() -> None:
    authentik = applied(CODES_BY_LANGUAGE)
    assert authentik.get(STAGE)["mapping"] == authentik.get(stand_in.MAPPING)["pk"]
    authentik.apply(CODES)
    assert authentik.get(STAGE)["mapping"] is None
    assert not authentik.find(stand_in.MAPPING)


def test_the_removal_leaves_nothing_of_any_choice() -> None:
    before = applied().names()
    for first, second in product(ALL, ALL):
        assert applied(first, second, REMOVAL, REMOVAL).names() == before


def test_the_removal_keeps_a_stage_that_somebody_needs() -> None:
    authentik = applied(CODES_BY_LANGUAGE, ALERTS)
    device = authentik.add(stand_in.DEVICE, stage=[authentik.get(STAGE)["pk"]])
    lines = REMOVAL.splitlines(keepends=True)
    start = lines.index("    conditions:\n")
    with pytest.raises(stand_in.Refused):
        authentik.apply("".join(lines[:start] + lines[start + 5 :]))
    authentik.apply(REMOVAL)
    assert [name for name in authentik.names() if name.startswith("signal-")] == [SETUP]
    assert authentik.get(STAGE)["auth"] == TOKEN
    authentik.objects.remove(device)
    authentik.get(stand_in.VALIDATION)["configuration_stages"] = device["stage"]
    authentik.apply(REMOVAL)
    assert authentik.find(STAGE)
    authentik.get(stand_in.VALIDATION)["configuration_stages"] = []
    authentik.apply(REMOVAL)
    assert not authentik.find(STAGE)
