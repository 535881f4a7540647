"""Which fields of a site the registry owns, by the registry's own names."""

# A wrong value of these is corrected there; here it may be remarked on, never changed.
REGISTRY_FIELDS = (
    "name",
    "name_en",
    "type_code",
    "level_code",
    "district_code",
    "operator",
    "geometry",
    "datum",
    "lifecycle",
    "lifecycle_since",
    "notice",
    "title",
    "re_review_due",
    "withdrawal",
    "education_base",
    "official_carbon",
    "official_summary",
    "official_media",
    "share_class",
)
