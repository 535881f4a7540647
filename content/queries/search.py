"""Where the texts of articles are looked up; what is put in is decided when they are published."""

from miniprogram_api.kernel.search import SearchIndex

INDEX = SearchIndex("article")
