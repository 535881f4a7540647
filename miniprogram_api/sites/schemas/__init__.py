"""The wire format of sites: the public page and list, and what staff send and see."""
