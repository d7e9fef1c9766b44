"""The alerts, the dashboard and the document about them use what the gateway really tells."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import responses
import yaml
from prometheus_client.parser import text_string_to_metric_families

from app.errors import KINDS
from tests.conftest import BEARER, METRICS_TOKEN, SIGNAL, client

DOCS = Path(__file__).parent.parent / "docs"
DOCUMENT = (DOCS / "monitoring.md").read_text(encoding="utf-8")
(GROUP,) = yaml.safe_load((DOCS / "monitoring/alerts.yaml").read_text())["groups"]
RULES = GROUP["rules"]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
DASHBOARD = json.loads((DOCS / "monitoring/dashboard.json").read_text())
PANELS = DASHBOARD["panels"]
TARGETS = [target for panel in PANELS for target in panel["targets"]]
QUERIES = [entry["expr"] for entry in [*RULES, *TARGETS]]
OF_PROMETHEUS = {"job", "instance"}  # labels that it adds itself
Told = dict[str, set[str]]

_GATEWAYS = re.compile(r"(signal_gateway[a-z0-9_:]+)(?:\{([^}]*)\})?")
_GROUPED = re.compile(r"\b(?:by|on|without|ignoring|group_left) *\(([^)]*)\)")


@pytest.fixture(scope="module")
def told() -> Told:
    """The labels of each series that the gateway tells after all kinds of requests."""
    with responses.RequestsMock() as server:
        server.get(f"{SIGNAL}/v1/accounts", json=[])
        server.post(f"{SIGNAL}/v2/send", status=201, json={"timestamp": "1"})
        caller = client(metrics_token=METRICS_TOKEN)
        for _ in range(11):  # one more than a number gets in 5 minutes
            document = {"To": "+4915112345678", "Body": "482915"}
            caller.post("/v2/send", json=document, headers=BEARER)
        scrape = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        text = caller.get("/metrics", headers=scrape).text
    labels: Told = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples if family.name.startswith("signal_") else []:
            labels.setdefault(sample.name, set()).update(sample.labels)
    return labels


def promtool(*arguments: str, folder: Path = DOCS / "monitoring") -> str:
    """What promtool says; it must end well."""
    done = subprocess.run(
        ["promtool", *arguments], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def labels_in(query: str) -> set[str]:
    """All labels that a query matches or groups by, without those it makes itself."""
    matched = [match[2] or "" for match in _GATEWAYS.finditer(query)]
    names = set(re.findall(r"(\w+) *(?:=~|!~|!=|=)", " ".join(matched)))
    for group in _GROUPED.findall(query):
        names |= {name.strip() for name in group.split(",") if name.strip()}
    return names


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_uses_series_labels_and_codes_that_the_gateway_tells(
    query: str, told: Told
) -> None:
    asked = re.findall(r'\b(?:code|outcome)[=!~]+ *"([a-z_|]+)"', query)
    assert {word for value in asked for word in value.split("|")} <= {*KINDS, "sent"}
    series = {**told, **{name: {"code", "outcome"} for name in RECORDED}}
    used = {match[1] for match in _GATEWAYS.finditer(query)}
    assert used <= set(series)
    assert labels_in(query) <= OF_PROMETHEUS.union(*(series[name] for name in used))


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: str(panel["title"]))
def test_a_legend_names_labels_that_its_query_keeps(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        kept = " ".join(_GROUPED.findall(target["expr"]))
        named = re.findall(r"{{(\w+)}}", target["legendFormat"])
        assert set(named) <= set(re.findall(r"\w+", kept))


@pytest.mark.system
def test_the_rules_are_valid_and_their_tests_pass() -> None:
    assert "7 rules found" in promtool("check", "rules", "alerts.yaml")
    assert "SUCCESS" in promtool("test", "rules", "alerts_test.yaml")


@pytest.mark.system
def test_the_queries_of_the_dashboard_are_valid(tmp_path: Path) -> None:
    rules = [
        {"record": f"query{number}", "expr": target["expr"]}
        for number, target in enumerate(TARGETS)
    ]
    text = yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]})
    for name, value in {"$__rate_interval": "1m", "$__range": "6h"}.items():
        text = text.replace(name, value)
    (tmp_path / "rules.yaml").write_text(text.replace("$job", "signal-gateway"))
    found = promtool("check", "rules", "rules.yaml", folder=tmp_path)
    assert f"{len(TARGETS)} rules found" in found


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_what_to_do_and_links_nothing(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "description"}
    assert not re.search(r"https?:|localhost|127\.0\.0\.1", str(rule["annotations"]))
    row = f"| `{rule['alert']}` | {rule['labels']['severity']} |"
    assert row in DOCUMENT


def test_the_document_lists_every_metric_with_its_labels(told: Told) -> None:
    rows = re.findall(r"^\| `(signal_gateway_\w+)` \| (.*?) \|", DOCUMENT, re.MULTILINE)
    listed = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    parts = re.compile(r"_(bucket|sum|count)$")
    assert listed == {
        parts.sub("", name): labels - {"le"} for name, labels in told.items()
    }


def test_the_dashboard_is_for_grafana_11_and_any_prometheus() -> None:
    assert DASHBOARD["schemaVersion"] == 39
    expected = {"type": "prometheus", "uid": "${datasource}"}
    assert all(part["datasource"] == expected for part in [*PANELS, *TARGETS])
