"""The catalogue: what portals need to find, fetch and describe the data, and no licence that nobody gave."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.open_data.rules.catalogue import catalogue

CATALOGUE = "/open/v1/catalog.jsonld"


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _nodes(inner)
    elif isinstance(value, list):
        for item in value:
            yield from _nodes(item)


def test_the_catalogue_is_served_as_linked_data_that_anybody_may_read(client: FlaskClient) -> None:
    answer = client.get(CATALOGUE)
    assert (answer.status_code, answer.mimetype) == (200, "application/ld+json")
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    again = client.get(CATALOGUE, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_every_word_is_of_a_vocabulary_that_the_context_names(client: FlaskClient) -> None:
    found = json.loads(client.get(CATALOGUE).data)
    words = {key for node in _nodes({k: v for k, v in found.items() if k != "@context"}) for key in node}
    words |= {node["@type"] for node in _nodes(found) if isinstance(node.get("@type"), str)}
    prefixes = {word.partition(":")[0] for word in words if not word.startswith("@")}
    assert prefixes <= set(found["@context"])


def test_each_data_set_says_by_whom_of_where_and_in_which_forms_and_the_forms_exist(
    app: Flask, client: FlaskClient
) -> None:
    datasets = json.loads(client.get(CATALOGUE).data)["dcat:dataset"]
    assert [dataset["dct:identifier"] for dataset in datasets] == ["sites", "daily"]
    served = {rule.rule for rule in app.url_map.iter_rules()}
    for dataset in datasets:
        for word in ("dct:title", "dct:description", "dct:publisher", "dct:spatial"):
            assert dataset[word], word
        for distribution in dataset["dcat:distribution"]:
            address = distribution["dcat:downloadURL"]["@id"]
            assert address in served
            kind = distribution["dcat:mediaType"]["@id"].partition("media-types/")[2]
            assert client.get(address).mimetype == kind
            assert distribution["dct:conformsTo"]


def test_the_sites_are_in_the_system_that_open_maps_use() -> None:
    sites, _ = catalogue(first_day=None)["dcat:dataset"]
    assert sites["dct:conformsTo"] == [{"@id": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}]


def test_no_licence_is_claimed_that_nobody_granted() -> None:
    licences = [node["dct:license"] for node in _nodes(catalogue(first_day=None)) if "dct:license" in node]
    assert len(licences) == 4
    for licence in licences:
        assert "@id" not in licence
        assert "待数据所有者确定" in licence["rdfs:label"][0]["@value"]


def test_the_period_begins_with_the_first_figures() -> None:
    def period(first: date | None) -> Any:
        return catalogue(first_day=first)["dcat:dataset"][1].get("dct:temporal")

    assert period(None) is None
    assert period(date(2026, 11, 1))["dcat:startDate"]["@value"] == "2026-11-01"


@pytest.mark.parametrize("settings", [{"public_base_url": "https://open.example.gov.cn"}], indirect=True)
def test_addresses_are_whole_where_the_installation_knows_its_own(client: FlaskClient) -> None:
    found = json.loads(client.get(CATALOGUE).data)
    assert found["@id"] == f"https://open.example.gov.cn{CATALOGUE}"
    forms = [form for dataset in found["dcat:dataset"] for form in dataset["dcat:distribution"]]
    assert [form["dcat:downloadURL"]["@id"] for form in forms] == [
        "https://open.example.gov.cn/open/v1/sites.geojson",
        "https://open.example.gov.cn/open/v1/statistics/daily.csv",
        "https://open.example.gov.cn/open/v1/statistics/daily.json",
    ]
