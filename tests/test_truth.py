"""What the gateway tells is what happened, whatever Signal's server does."""

from collections import Counter

import pytest

from tests.load.truth import BACKENDS, books


@pytest.mark.parametrize("name", BACKENDS)
def test_the_books_of_the_gateway_and_of_signals_server_agree(name: str) -> None:
    path, behaviours = BACKENDS[name]
    told, contradictions = books(path, behaviours, 400)
    assert contradictions == []
    answers = Counter(one.label for one in told)
    assert answers["201"] > 40 and answers["504 signal_timeout"] > 27
    assert not any(one.status in (0, 500) for one in told)
