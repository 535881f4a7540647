"""Errors carry a code and plain values; the busy kinds say when to come back."""

import pytest

from miniprogram_api.kernel.errors import AppError, FieldError, Invalid, NotFound, TooMany, Unavailable


def test_an_error_carries_its_code_and_values() -> None:
    error = NotFound(site="s-1")
    assert (str(error), error.code, error.params) == (
        "request.not_found",
        "request.not_found",
        {"site": "s-1"},
    )


def test_an_invalid_request_may_name_its_fields() -> None:
    error = Invalid(fields=[FieldError("party.adults", "field.range", {"most": 5})], reason="x")
    assert error.fields == (FieldError("party.adults", "field.range", {"most": 5}),)
    assert error.params == {"reason": "x"}
    assert Invalid().fields == ()


@pytest.mark.parametrize(("kind", "seconds"), [(TooMany, 60), (Unavailable, 5)])
def test_the_busy_kinds_say_when_to_come_back(kind: type[AppError], seconds: int) -> None:
    assert kind().params == {"retry_after_s": seconds}
    assert kind(retry_after_s=7, rule="login").params == {"retry_after_s": 7, "rule": "login"}
