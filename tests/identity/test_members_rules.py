"""What is decided about members without a database: phone numbers and the words of consents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.identity import consent_texts
from miniprogram_api.identity.models import ConsentPurpose
from miniprogram_api.identity.rules import mainland_mobile

pytestmark = pytest.mark.once

# A published text never changes. To say something else, publish a further version and add its digest here.
PUBLISHED = {
    ("privacy_policy", "2026-11-01"): "0763412bb91b9cc04784c076b22688d3748ffb45361519d2b158abec3d7a62fe",
    ("identity_data", "2026-11-01"): "bc881d99373947a09ae57f0c28acc052fde08aaccf0dc42475d545ec9f2f8278",
    ("location", "2026-11-01"): "6cbd59cc2c48afa7c9b473a8af9c95744f0c3351fce8d4be84b12d0bbb8b0229",
    ("service_messages", "2026-11-01"): "85de8c8f812f15dd0486def178429bbebba6db34602dd1577482f382f7ce562a",
    ("objection_identity", "2026-11-01"): "c6bc380a77d1175874433f525a8e1eed7ab3a7d6721238bc42dea5b605343129",
}


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        "+8613800138000",
        "8613800138000",
        "008613800138000",
        "+86 138 0013 8000",
        "138-0013-8000",
        " 13800138000 ",
        "１３８００１３８０００",
    ],
)
def test_a_mobile_number_is_read_however_it_is_typed(typed: str) -> None:
    assert mainland_mobile(typed) == "13800138000"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "1380013800",
        "138001380001",
        "12800138000",
        "+85291234567",
        "+1 415 555 2671",
        "1380013800a",
        "٣٨٠٠١٣٨٠٠٠١",
    ],
)
def test_what_is_no_mainland_mobile_is_refused(typed: str) -> None:
    assert mainland_mobile(typed) is None


@given(st.text(max_size=30))
def test_whatever_is_typed_gives_eleven_digits_or_nothing(typed: str) -> None:
    number = mainland_mobile(typed)
    assert number is None or (len(number) == 11 and number.isascii() and number.isdigit())


def test_every_purpose_has_a_text_in_force() -> None:
    assert [text.purpose for text in consent_texts.current_texts()] == list(ConsentPurpose)


def test_only_the_privacy_policy_is_required() -> None:
    required = [text.purpose for text in consent_texts.current_texts() if text.required]
    assert required == [ConsentPurpose.PRIVACY_POLICY]


def test_published_texts_have_not_been_edited() -> None:
    digests = {
        (text.purpose.value, text.version): text.sha256
        for purpose, version in PUBLISHED
        if (text := consent_texts.find_text(ConsentPurpose(purpose), version))
    }
    assert digests == PUBLISHED
    assert {(text.purpose.value, text.version) for text in consent_texts.current_texts()} <= PUBLISHED.keys()
