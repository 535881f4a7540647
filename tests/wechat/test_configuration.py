"""A fake WeChat is a thing of loopback and of development; nothing else may stand in for the real one."""

import pytest

from config.wechat import OFFICIAL_API_BASE, check_api_base


def test_the_official_address_is_fine_everywhere() -> None:
    check_api_base(OFFICIAL_API_BASE, production=True)
    check_api_base(OFFICIAL_API_BASE, production=False)


@pytest.mark.parametrize(
    "base",
    [
        "http://127.0.0.1:8001",
        "http://localhost:8001",
        "https://127.9.9.9",
        "http://[::1]:8001",
        "http://127.0.0.1",
    ],
)
def test_a_loopback_address_is_for_development_only(base: str) -> None:
    check_api_base(base, production=False)
    with pytest.raises(ValueError, match="production"):
        check_api_base(base, production=True)


@pytest.mark.parametrize(
    "base",
    [
        "",
        "127.0.0.1:8001",
        "http://",
        "http://example.com",
        "http://10.0.0.1:8001",
        "http://169.254.169.254",
        "http://0.0.0.0:8001",
        "http://[::]:8001",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://user:secret@127.0.0.1",
        "http://example.com#@127.0.0.1",
        "http://127.0.0.1:8001/path",
        "http://127.0.0.1:8001/",
        "http://127.0.0.1:8001?x=1",
        "http://127.0.0.1:99999",
        "http://localhost.example.com",
        "http://[::1",
        "http://2130706433",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "http://api.weixin.qq.com",
        "https://api.weixin.qq.com.example.com",
        "https://api.weixin.qq.com/",
        "HTTP://EXAMPLE.COM",
    ],
)
def test_anything_else_is_refused_and_not_repeated(base: str) -> None:
    with pytest.raises(ValueError, match="loopback") as refused:
        check_api_base(base, production=False)

    assert "secret" not in str(refused.value)
