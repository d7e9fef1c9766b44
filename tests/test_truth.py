"""What the gateway tells is what happened, whatever Signal's server does."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.load.truth import BACKENDS, books


def test_the_books_of_the_gateway_and_of_signals_server_agree() -> None:
    with ThreadPoolExecutor() as pool:  # with both kinds of server at once
        found = pool.map(partial(books, messages=400, timeout=1), BACKENDS)
        for told, contradictions in found:
            assert contradictions == []
            answers = Counter(one.label for one in told)
            assert answers["201"] > 40 and answers["504 signal_timeout"] > 27
            assert not any(one.status in (0, 500) for one in told)
