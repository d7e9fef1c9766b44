"""Two gateways with two workers each and one Redis; and what happens when it stops."""

from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests import gateway, redis_server, standin

pytestmark = pytest.mark.system
CODE = {"To": "+4915112345678", "Body": "004821"}


def test_the_eleventh_code_is_refused_wherever_it_arrives_and_without_redis_codes_go_out(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server.running(tmp_path))
        signal = stack.enter_context(standin.running())
        more = {"RATE_LIMIT_STORAGE_URI": redis.uri, "WEB_CONCURRENCY": "2"}
        gateways = [
            stack.enter_context(gateway.sending(signal.url, **more)) for _ in range(2)
        ]
        answers = [gateways[number % 2].post(CODE).status_code for number in range(10)]
        assert answers == [201] * 10
        for _ in range(4):  # each of the four workers
            for running in gateways:
                answer = running.post(CODE)
                assert answer.status_code == 429
                assert answer.json()["code"] == "rate_limited"
                assert 0 < int(answer.headers["Retry-After"]) <= 300
        assert len(signal.books.accepted) == 10

        redis.stop()
        for running in gateways * 3:
            assert running.post(CODE).status_code == 201
            running.wait_for("CRITICAL the storage of the limits does not answer")
        ready = requests.get(f"{gateways[0].url}/health/ready", timeout=10)
        assert ready.json()["problems"] == ["limits_unreachable"]
