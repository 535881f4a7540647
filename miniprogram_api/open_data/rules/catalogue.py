"""The catalogue of open data in DCAT 3: what there is, in which forms, by whom, of where and when.

Addresses of our own begin with the public address of the installation. Where none is set they are relative,
and resolve against the catalogue's own.
"""

from datetime import date
from typing import Any

CATALOGUE = "/open/v1/catalog.jsonld"

_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "geosparql": "http://www.opengis.net/ont/geosparql#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_GEOJSON = "https://www.rfc-editor.org/rfc/rfc7946"
_CSV = "https://www.rfc-editor.org/rfc/rfc4180"
_DCAT_AP = "http://data.europa.eu/r5r/"
_MEDIA = "https://www.iana.org/assignments/media-types/"
_FREQUENCY = "http://publications.europa.eu/resource/authority/frequency/"
_CHINESE = "http://publications.europa.eu/resource/authority/language/ZHO"
_UNKNOWN_RIGHTS = "http://purl.org/adms/licencetype/UnknownIPR"
# The administrative area of Changchun, roughly; CRS84 has the longitude first.
_CHANGCHUN = "POLYGON((124.03 43.09, 127.05 43.09, 127.05 45.25, 124.03 45.25, 124.03 43.09))"


def catalogue(*, first_day: date | None, base: str = "") -> dict[str, Any]:
    """The catalogue; `first_day` is the first one of which there are figures, if there is any."""
    return {
        "@context": _CONTEXT,
        "@id": f"{base}{CATALOGUE}",
        "@type": "dcat:Catalog",
        "dct:title": _text("长春市低碳排放示范区开放数据", "Open data of Changchun's low-carbon zones"),
        "dct:description": _text(
            "对外开放的示范点位置与每日参观汇总数据，不含个人信息。",
            "Where the public sites are, and daily totals of visits; no personal data.",
        ),
        "dct:publisher": _publisher(),
        "dct:language": _ref(_CHINESE),
        "dct:conformsTo": _ref(_DCAT_AP),
        "dct:license": _licence(),
        "dct:spatial": _changchun(),
        "dcat:dataset": [_sites(base), _statistics(base, first_day)],
    }


def _sites(base: str) -> dict[str, Any]:
    return {
        "@id": f"{base}{CATALOGUE}#sites",
        "@type": "dcat:Dataset",
        "dct:identifier": "sites",
        "dct:title": _text("示范点地图数据", "Sites on a map"),
        "dct:description": _text(
            "面向公众开放的示范点：位置（CRS84，经度在前）、类型、层次、所在区县、预约方式和登记数据日期。",
            "Sites open to the public: place (CRS84, longitude first), type, level, district, booking, and "
            "the date of the registry's data.",
        ),
        "dcat:keyword": [_in("低碳", "zh"), _in("示范点", "zh"), _in("宣传教育基地", "zh")],
        "dct:publisher": _publisher(),
        "dct:spatial": _changchun(),
        "dct:accrualPeriodicity": _ref(f"{_FREQUENCY}CONT"),
        "dct:conformsTo": [_ref(_CRS84)],
        "dcat:distribution": [
            _distribution(
                base,
                "sites-geojson",
                "/open/v1/sites.geojson",
                media_type="application/geo+json",
                conforms_to=[_GEOJSON, _CRS84],
            )
        ],
    }


def _statistics(base: str, first_day: date | None) -> dict[str, Any]:
    temporal = {"dct:temporal": _since(first_day)} if first_day else {}
    return {
        "@id": f"{base}{CATALOGUE}#daily",
        "@type": "dcat:Dataset",
        "dct:identifier": "daily",
        "dct:title": _text("每日参观统计", "Daily statistics of visits"),
        "dct:description": _text(
            "按项目、按北京时间自然日汇总，另有全市合计；1 至 4 人的数值不公布，并处理为无法由合计反推；"
            "三日后为最终值，更正以新的修订号发布。",
            "By project and Beijing day, with totals of the city. Figures of one to four people are withheld "
            "and cannot be recovered from totals. Final after three days; a correction is a new revision.",
        ),
        "dcat:keyword": [_in("预约参观", "zh"), _in("统计", "zh")],
        "dct:publisher": _publisher(),
        "dct:spatial": _changchun(),
        **temporal,
        "dcat:temporalResolution": {"@value": "P1D", "@type": "xsd:duration"},
        "dct:accrualPeriodicity": _ref(f"{_FREQUENCY}DAILY"),
        "dcat:distribution": [
            _distribution(
                base, "daily-csv", "/open/v1/statistics/daily.csv", media_type="text/csv", conforms_to=[_CSV]
            ),
            _distribution(
                base,
                "daily-json",
                "/open/v1/statistics/daily.json",
                media_type="application/json",
                conforms_to=[f"{base}/openapi/open.json"],
            ),
        ],
    }


def _distribution(
    base: str, name: str, address: str, *, media_type: str, conforms_to: list[str]
) -> dict[str, Any]:
    return {
        "@id": f"{base}{CATALOGUE}#{name}",
        "@type": "dcat:Distribution",
        "dct:title": address.rpartition(".")[2],
        "dcat:accessURL": _ref(f"{base}{address}"),
        "dcat:downloadURL": _ref(f"{base}{address}"),
        "dcat:mediaType": _ref(f"{_MEDIA}{media_type}"),
        "dct:conformsTo": [_ref(standard) for standard in conforms_to],
        "dct:license": _licence(),
    }


def _publisher() -> dict[str, Any]:
    return {"@type": "foaf:Agent", "foaf:name": _text("长春市低碳排放示范区小程序", "Changchun mini-program")}


def _licence() -> dict[str, Any]:
    """Nobody has granted one yet, and nothing here may look as if somebody had."""
    return {
        "@type": "dct:LicenseDocument",
        "dct:type": _ref(_UNKNOWN_RIGHTS),
        "rdfs:label": _text(
            "许可方式待数据所有者确定；在此之前未授予任何许可。",
            "To be decided by the owner of the data; until then no licence is granted.",
        ),
    }


def _changchun() -> dict[str, Any]:
    return {
        "@type": "dct:Location",
        "rdfs:label": _text("长春市", "Changchun"),
        "dct:identifier": "220100",
        "dcat:bbox": {"@value": _CHANGCHUN, "@type": "geosparql:wktLiteral"},
    }


def _since(first: date) -> dict[str, Any]:
    return {
        "@type": "dct:PeriodOfTime",
        "dcat:startDate": {"@value": first.isoformat(), "@type": "xsd:date"},
    }


def _ref(address: str) -> dict[str, str]:
    return {"@id": address}


def _in(text: str, language: str) -> dict[str, str]:
    return {"@value": text, "@language": language}


def _text(chinese: str, english: str) -> list[dict[str, str]]:
    return [_in(chinese, "zh"), _in(english, "en")]
