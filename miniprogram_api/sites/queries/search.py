"""Where the texts of sites are looked up; what is put in is decided by `service.search`."""

from miniprogram_api.kernel.search import SearchIndex

INDEX = SearchIndex("site")
