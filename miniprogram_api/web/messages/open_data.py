"""Texts of what can go wrong with open data."""

MESSAGES = {
    "open_data.bbox": (
        "bbox 请按“西,南,东,北”填写经纬度（CRS84），例如 125.1,43.7,125.6,44.0。",
        "Give bbox as west,south,east,north in degrees (CRS84), such as 125.1,43.7,125.6,44.0.",
    ),
    "open_data.range": (
        "结束日期不能早于开始日期，且一次最多查询 {most} 天。",
        "The days must not end before they begin, and are at most {most} at once.",
    ),
}
