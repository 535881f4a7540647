"""Call counters per appid, API, minute and Beijing day: WeChat's own limits, configurable and visible."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from miniprogram_api.devtools.fake_wechat.wire import WeChatError

BEIJING_OFFSET_S = 8 * 3600
DAY_S = 86400


@dataclass(frozen=True)
class Quota:
    """Limits of one API; None is unlimited. The minute code differs between APIs."""

    minute: int | None = None
    day: int | None = None
    minute_errcode: int = 45011


DEFAULT_QUOTAS = {
    "/sns/jscode2session": Quota(),
    "/sns/jscode2session#user": Quota(minute=100),
    "/cgi-bin/token": Quota(day=2000),
    "/cgi-bin/stable_token": Quota(minute=10_000, day=500_000),
    "/cgi-bin/stable_token#force": Quota(day=20),
    "/wxa/business/getuserphonenumber": Quota(),
    "/wxa/getwxacodeunlimit": Quota(minute=5000, minute_errcode=45009),
    "/cgi-bin/message/subscribe/send": Quota(day=10_000_000),
    "/wxaapi/newtmpl/gettemplate": Quota(),
    "/wxa/msg_sec_check": Quota(minute=4000, day=2_000_000, minute_errcode=44991),
    "/wxa/media_check_async": Quota(minute=2000, day=200_000, minute_errcode=44991),
    "/wxa/checksession": Quota(),
    "/wxa/resetusersessionkey": Quota(),
    "/cgi-bin/media/uploadimg": Quota(),
    "/cgi-bin/media/upload": Quota(day=100_000),
    "/cgi-bin/material/add_material": Quota(day=1000),
    "/cgi-bin/draft/add": Quota(day=1000),
    "/cgi-bin/draft/delete": Quota(day=1000),
    "/cgi-bin/freepublish/submit": Quota(day=100),
    "/cgi-bin/freepublish/get": Quota(day=1000),
}


class Meters:
    """Counts what was let through; a refused call uses up nothing."""

    def __init__(self) -> None:
        self.quotas = dict(DEFAULT_QUOTAS)
        self._counts: dict[tuple[str, str, str], tuple[int, int]] = {}

    def set_quota(self, api: str, changes: dict[str, int | None]) -> Quota:
        """Change `minute` and/or `day` of one API."""
        quota = self.quotas[api]
        if "minute" in changes:
            quota = replace(quota, minute=changes["minute"])
        if "day" in changes:
            quota = replace(quota, day=changes["day"])
        self.quotas[api] = quota
        return quota

    def used(self, appid: str, api: str, period: str, now: float) -> int:
        """How many calls were let through in the current minute or Beijing day."""
        bucket, count = self._counts.get((appid, api, period), (-1, 0))
        return count if bucket == _bucket(period, now) else 0

    def count(self, appid: str, api: str, now: float, *, who: str = "") -> None:
        """Count one call under `api`, or refuse it with the minute code or 45009."""
        quota = self.quotas[api]
        key = f"{api}:{who}" if who else api
        minute, day = self.used(appid, key, "minute", now), self.used(appid, key, "day", now)
        if quota.day is not None and day >= quota.day:
            raise WeChatError(45009)
        if quota.minute is not None and minute >= quota.minute:
            raise WeChatError(quota.minute_errcode)
        self._counts[(appid, key, "minute")] = (_bucket("minute", now), minute + 1)
        self._counts[(appid, key, "day")] = (_bucket("day", now), day + 1)

    def report(self, appids: Iterable[str], now: float) -> list[dict[str, str | int | None]]:
        """Every API of every appid with its limits and use."""
        return [
            {
                "appid": appid,
                "api": api,
                "minute": quota.minute,
                "day": quota.day,
                "used_minute": self.used(appid, api, "minute", now),
                "used_day": self.used(appid, api, "day", now),
            }
            for appid in appids
            for api, quota in self.quotas.items()
        ]


def _bucket(period: str, now: float) -> int:
    """Which minute, or which day of Beijing, an instant lies in."""
    return int(now // 60) if period == "minute" else int((now + BEIJING_OFFSET_S) // DAY_S)
