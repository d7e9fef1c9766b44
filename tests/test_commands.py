"""The operator's commands."""

from app import create_app
from tests.conftest import settings


def test_check_says_that_all_is_in_order() -> None:
    result = create_app(settings(), {}).test_cli_runner().invoke(args=["check"])
    assert result.output == (
        "The configuration is in order. templates.yaml: sms, notification.\n"
    )
    assert result.exit_code == 0
