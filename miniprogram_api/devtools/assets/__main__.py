"""`python -m miniprogram_api.devtools.assets`."""

from miniprogram_api.devtools.assets import vendor

vendor()
