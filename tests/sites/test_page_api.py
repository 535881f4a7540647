"""The public page of a site, what is said of one that ended, the dictionaries, and photos."""

from datetime import date
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.files import FileStore
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import BookingMode, Lifecycle, Overlay
from miniprogram_api.web import prepared
from tests.factories.sites import (
    make_closure,
    make_indicator,
    make_notice,
    make_opening_rule,
    make_photo,
    make_site,
    make_technology,
)
from tests.sites.conftest import FakeAvailability, counting_statements


def page_of(client: FlaskClient, site_id: Any) -> dict[str, Any]:
    answer = client.get(f"/api/v1/sites/{site_id}")
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.get_json()
    return page


@pytest.mark.usefixtures("rooms")
class TestPage:
    def test_a_page_shows_everything_of_a_site(self, client: FlaskClient, rooms: FakeAvailability) -> None:
        with atomic() as session:
            site = make_site(
                session,
                type="community",
                weekly_closing_weekday=1,
                transport="地铁 1 号线",
                facilities=["停车场"],
                accessibility=["无障碍坡道"],
                title_awarded_on=date(2025, 6, 5),
                title_document_no="长环联〔2025〕3号",
                operator_name="示例物业公司",
                official_carbon_tonnes="1200",
            )
            photo = make_photo(session, site, alt="屋面光伏")
            make_technology(session, site)
            make_indicator(session, site.id, year=2024, value="1300")
            make_indicator(session, site.id, year=2025, value="1200.5")
            make_notice(session, site.id, last_on=date(2026, 11, 23))
            make_opening_rule(session, site.id)
            make_closure(session, site.id, on=date(2026, 12, 7))
        rooms.next_days[site.id] = date(2026, 11, 25)
        page = page_of(client, site.id)
        assert page["location"] == {"lng": 125.33102, "lat": 43.889214, "crs": "gcj02"}
        assert page["cover_url"] == f"/media/{photo.file_name}"
        assert page["photos"] == [
            {"url": f"/media/{photo.file_name}", "alt": "屋面光伏", "width": 1600, "height": 1067}
        ]
        assert (page["facilities"], page["accessibility"]) == (["停车场"], ["无障碍坡道"])
        assert page["title"]["document_no"] == "长环联〔2025〕3号"
        assert page["official"]["carbon_tonnes"] == "1200"
        assert page["operator"] == "示例物业公司"
        assert [notice["title"] for notice in page["notices"]] == ["入口调整"]
        assert page["next_available_on"] == "2026-11-25"
        assert page["related_articles"] == []
        assert page["technologies"] == [
            {"name": "光伏长廊", "description": "屋面光伏，年发电约 12 万千瓦时。"}
        ]
        assert page["registry_as_of"] == "2026-01-01T08:00:00+08:00"

    def test_opening_hours_come_in_words_and_in_data(self, client: FlaskClient) -> None:
        with atomic() as session:
            site = make_site(session, weekly_closing_weekday=1)
            make_opening_rule(session, site.id, season_from="11-01", season_to="03-31")
            make_opening_rule(session, site.id, retired_at=site.updated_at)
            make_closure(session, site.id, on=date(2026, 12, 7))
            make_closure(session, site.id, on=date(2026, 11, 22))
        opening = page_of(client, site.id)["opening"]
        assert opening["words"] == [
            "11 月 1 日至次年 3 月 31 日，周二至周日 09:00—16:00 开放，每场 1 小时，可预约 20 人。",
            "每周一闭馆；逢法定节假日照常开放，闭馆顺延至其后的第一个工作日。",
        ]
        (rule,) = opening["rules"]
        assert rule["weekdays"] == [1, 2, 3, 4, 5, 6, 7]
        assert (rule["opens"], rule["closes"], rule["slot_minutes"]) == ("09:00", "16:00", 60)
        assert rule["season"] == {"from": "11-01", "to": "03-31"}
        (closure,) = opening["closures"]
        assert closure["words"] == "2026 年 12 月 7 日暂停开放：设备检修。"
        assert (closure["from"], closure["reason_code"]) == (None, "maintenance")

    def test_the_policy_comes_in_words_and_numbers(self, client: FlaskClient) -> None:
        with atomic() as session:
            site = make_site(session)
        policy = {"words": ["可提前 7 天预约。"], "numbers": {"window_days": 7}}
        assert page_of(client, site.id)["policy"] == policy

    def test_the_indicators_are_those_of_the_type_with_their_years(self, client: FlaskClient) -> None:
        with atomic() as session:
            site = make_site(session, type="community")
            make_indicator(session, site.id, year=2024, value="1300")
            make_indicator(session, site.id, year=2025, value="1200.5")
        by_area, total = page_of(client, site.id)["indicators"]
        assert (by_area["name"], by_area["values"]) == ("单位建筑面积碳排放量", [])
        assert total["values"] == [
            {"year": 2025, "value": "1200.5", "unit": "tCO2e", "source": "2025 年度核算报告"},
            {"year": 2024, "value": "1300", "unit": "tCO2e", "source": "2025 年度核算报告"},
        ]

    @pytest.mark.parametrize(
        "values", [{"last_on": date(2026, 11, 22)}, {"retired_at": "now"}], ids=["over", "retired"]
    )
    def test_a_notice_that_no_longer_holds_is_gone(self, client: FlaskClient, values: dict[str, Any]) -> None:
        with atomic() as session:
            site = make_site(session)
            if "retired_at" in values:
                values = {"retired_at": site.updated_at}
            make_notice(session, site.id, **values)
        assert page_of(client, site.id)["notices"] == []

    def test_a_title_that_the_registry_no_longer_gives_is_not_shown(self, client: FlaskClient) -> None:
        with atomic() as session:
            site = make_site(session, lifecycle=Lifecycle.EXPIRED, title_awarded_on=date(2023, 6, 5))
        page = page_of(client, site.id)
        assert (page["title"], page["status"]) == (None, "paused")
        assert "到期" in page["note"]

    def test_a_suspended_site_keeps_its_page_and_says_until_when(self, client: FlaskClient) -> None:
        with atomic() as session:
            site = make_site(
                session,
                overlay=Overlay.SUSPENDED,
                overlay_reason="主展厅改造",
                overlay_until=date(2026, 12, 31),
            )
        page = page_of(client, site.id)
        assert page["note"] == "本示范点暂停开放。原因：主展厅改造。预计暂停至 2026 年 12 月 31 日。"
        assert page["next_available_on"] is None

    def test_a_site_without_rules_or_booking_still_has_a_page(self, client: FlaskClient) -> None:
        with atomic() as session:
            site = make_site(session, booking_mode=BookingMode.NONE)
        page = page_of(client, site.id)
        assert (page["booking_mode"], page["opening"]["words"], page["cover_url"]) == ("none", [], None)

    def test_an_unchanged_page_is_not_sent_again(self, client: FlaskClient) -> None:
        with atomic() as session:
            site = make_site(session)
        etag = client.get(f"/api/v1/sites/{site.id}").headers["ETag"]
        again = client.get(f"/api/v1/sites/{site.id}", headers={"If-None-Match": etag})
        assert again.status_code == 304

    def test_a_page_takes_as_many_statements_for_much_as_for_little(self, client: FlaskClient) -> None:
        with atomic() as session:
            site = make_site(session)
        counts = []
        for amount in (1, 15):
            with atomic() as session:
                for number in range(amount):
                    make_photo(session, session.merge(site))
                    make_technology(session, site)
                    make_indicator(session, site.id, year=2000 + amount + number)
                    make_notice(session, site.id)
                    make_opening_rule(session, site.id)
                    make_closure(session, site.id, on=date(2026, 12, 7))
            prepared.forget()
            with counting_statements() as statements:
                page_of(client, site.id)
            counts.append(len(statements))
        assert counts[0] == counts[1]
        assert counts[0] <= 10


@pytest.mark.usefixtures("rooms")
class TestWhatIsNotPublic:
    def test_a_hidden_site_answers_exactly_as_an_unknown_one(self, client: FlaskClient) -> None:
        with atomic() as session:
            hidden = make_site(session, lifecycle=Lifecycle.PUBLIC_NOTICE)
        answers = [
            client.get(f"/api/v1/sites/{key}", headers={"X-Request-Id": "same"})
            for key in (hidden.id, new_id(), "nonsense")
        ]
        bodies = [{**answer.get_json(), "trace_id": ""} for answer in answers]
        assert [answer.status_code for answer in answers] == [404] * 3
        assert bodies[0] == bodies[1] == bodies[2]
        assert bodies[0]["code"] == "sites.not_found"

    def test_a_withdrawn_site_says_only_that_it_ended(self, client: FlaskClient) -> None:
        with atomic() as session:
            site = make_site(
                session,
                lifecycle=Lifecycle.WITHDRAWN,
                overlay=Overlay.CLOSED,
                overlay_reason="现场意见",
                withdrawn_on=date(2026, 11, 1),
                withdrawal_document_no="长环联〔2026〕8号",
            )
        answer = client.get(f"/api/v1/sites/{site.id}")
        problem = answer.get_json()
        assert (answer.status_code, problem["code"]) == (410, "sites.withdrawn")
        assert problem["detail"] == "该示范点已停止开放。"
        assert problem["params"] == {"since": "2026-11-01", "document_no": "长环联〔2026〕8号"}
        assert "现场意见" not in answer.text


class TestDictionaries:
    def test_all_codes_are_named(self, client: FlaskClient) -> None:
        answer = client.get("/api/v1/dictionaries").get_json()
        assert {"code": "scenic_area", "name": "景区"} in answer["types"]
        assert {"code": "near_zero", "name": "近零碳"} in answer["levels"]
        assert {"code": "220184", "name": "公主岭市"} in answer["districts"]
        assert answer["dictionary_version"]

    def test_each_dictionary_is_served_alone(self, client: FlaskClient) -> None:
        levels = client.get("/api/v1/dictionaries/levels").get_json()["items"]
        assert [level["name"] for level in levels] == ["低碳", "近零碳", "零碳"]
        assert client.get("/api/v1/dictionaries/colours").status_code == 404


class TestPhotos:
    @pytest.fixture
    def stored(self, uploads: FileStore) -> str:
        picture = BytesIO()
        Image.new("RGB", (40, 30), "green").save(picture, "PNG")
        return uploads.save_image(picture.getvalue()).name

    def test_a_photo_may_be_kept_for_a_year_and_is_nothing_but_a_picture(
        self, client: FlaskClient, stored: str
    ) -> None:
        with atomic() as session:
            make_photo(session, make_site(session), file_name=stored)
        answer = client.get(f"/media/{stored}")
        assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
        assert {"public", "immutable", "max-age=31536000"} <= set(answer.headers["Cache-Control"].split(", "))
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert {"sandbox", "frame-ancestors 'none'"} <= set(
            answer.headers["Content-Security-Policy"].split("; ")
        )
        assert Image.open(BytesIO(answer.data)).size == (40, 30)
        same = client.get(f"/media/{stored}", headers={"If-None-Match": answer.headers["ETag"]})
        assert same.status_code == 304

    def test_a_stored_file_that_is_no_photo_of_a_site_is_not_served(
        self, client: FlaskClient, stored: str
    ) -> None:
        assert client.get(f"/media/{stored}").status_code == 404

    @pytest.mark.parametrize("name", ["..%2f..%2fapp.sqlite3", "0" * 32 + ".jpg", "keys.json"])
    def test_no_other_name_opens_anything(self, client: FlaskClient, uploads: FileStore, name: str) -> None:
        assert client.get(f"/media/{name}").status_code == 404
