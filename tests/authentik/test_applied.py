"""What a blueprint makes in authentik, what it leaves alone, and what is left when it is taken away."""

from copy import deepcopy

import pytest

from tests.authentik.stand_in import (
    DEVICE,
    GROUP,
    STAGE,
    VALIDATION,
    Authentik,
    Refused,
)
from tests.authentik.writing import (
    ALL,
    BINDING,
    MAPPING,
    OPS,
    RULE,
    SETUP,
    TRANSPORT,
    URL,
    old_authentik,
    written,
)
from tests.conftest import TOKEN


def test_people_can_enroll_and_admins_are_told() -> None:
    authentik = old_authentik()
    authentik.apply(written(*URL))
    flow = authentik.get("authentik_flows.flow", slug=SETUP)
    stage = authentik.get(STAGE, name=SETUP)
    assert stage["configure_flow"] == flow["pk"]
    assert authentik.get(
        "authentik_flows.flowstagebinding", target=flow["pk"], stage=stage["pk"]
    )
    assert (stage["account_sid"], stage["auth_type"], stage["auth"]) == (
        "https://gateway.example.com/v2/send",
        "bearer",
        TOKEN,
    )
    rule = authentik.get(RULE, name="signal-alerts")
    transport = authentik.get(TRANSPORT, name="signal-alerts")
    assert rule["transports"] == [transport["pk"]]
    assert rule["destination_group"] == authentik.get(GROUP)["pk"]
    assert transport["send_once"]
    orders = [o["order"] for o in authentik.objects if o["model"] == BINDING]
    assert orders == [0, 1, 2, 3]


def test_applied_twice_it_changes_nothing() -> None:
    for options in ALL:
        authentik = old_authentik()
        authentik.apply(written(*options))
        once = deepcopy(authentik.objects)
        authentik.apply(written(*options))
        assert authentik.objects == once


def test_device_classes_that_somebody_chose_stay() -> None:
    authentik = old_authentik()
    authentik.apply(written(*URL))
    assert authentik.get(VALIDATION)["device_classes"] == ["totp"]
    assert authentik.applied_first == []


def test_a_new_authentik_makes_its_own_objects_first() -> None:
    authentik = Authentik()
    authentik.apply(written(*URL))
    assert authentik.applied_first == [
        "Default - Authentication flow",
        "Default - Events Transport & Rules",
    ]
    assert authentik.get(VALIDATION)["own"]
    assert authentik.get(RULE)["destination_group"] == authentik.get(GROUP)["pk"]


def test_another_group_can_be_told() -> None:
    authentik = old_authentik()
    authentik.apply(written(*URL, "--group", OPS))
    group = authentik.get(GROUP, name=OPS)
    assert authentik.get(RULE)["destination_group"] == group["pk"]


def test_what_is_no_longer_wanted_goes() -> None:
    authentik = old_authentik()
    authentik.apply(written(*URL, "--language", "user"))
    assert (
        authentik.get(STAGE)["mapping"]
        == authentik.get(MAPPING, name="signal-code")["pk"]
    )
    authentik.apply(written(*URL, "--events", "new-versions"))
    assert authentik.get(STAGE)["mapping"] is None
    assert authentik.names() == [
        "-",
        "-",
        OPS,
        "authentik Admins",
        "default-authentication-mfa-validation",
        "signal-alerts",
        "signal-alerts",
        "signal-alerts-body",
        "signal-alerts-header",
        SETUP,
        SETUP,
        "signal-new-versions",
    ]


def test_the_removal_leaves_nothing_of_any_choice() -> None:
    for options in ALL:
        authentik = old_authentik()
        before = deepcopy(authentik.objects)
        authentik.apply(written(*options))
        authentik.apply(written("--remove"))
        assert authentik.objects == before


def test_a_part_can_be_removed_by_itself() -> None:
    authentik = old_authentik()
    authentik.apply(written(*URL))
    authentik.apply(written("--remove", "--with", "alerts"))
    assert authentik.find(STAGE) and not authentik.find(RULE)
    authentik.apply(written("--remove", "--with", "mfa"))
    assert not authentik.find(STAGE)


def test_the_removal_goes_through_while_somebody_is_enrolled_who_keeps_the_stage() -> (
    None
):
    authentik = old_authentik()
    authentik.apply(written(*URL, "--language", "user"))
    device = authentik.add(DEVICE, stage=[authentik.get(STAGE)["pk"]])
    with pytest.raises(Refused):
        authentik.apply(_unconditional(written("--remove")))
    authentik.apply(written("--remove"))
    assert [name for name in authentik.names() if name.startswith("signal-")] == [SETUP]
    assert authentik.get(STAGE)["auth"] == TOKEN
    authentik.objects.remove(device)
    authentik.apply(written("--remove"))
    assert not authentik.find(STAGE)


def _unconditional(text: str) -> str:
    lines = text.splitlines(keepends=True)
    start = lines.index("    conditions:\n")
    return "".join(lines[:start] + lines[start + 5 :])


def test_the_removal_keeps_a_stage_that_everybody_must_set_up_at_login() -> None:
    authentik = old_authentik(configuration_stages=[])
    authentik.apply(written(*URL))
    stage = authentik.get(STAGE)
    authentik.get(VALIDATION)["configuration_stages"].append(stage["pk"])
    authentik.apply(written("--remove"))
    assert authentik.get(STAGE) is stage
