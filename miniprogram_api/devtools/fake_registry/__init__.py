"""A faithful fake of the core registry over real HTTP on loopback: the provider's side of the data contract.

It is written from the contract alone and shares no code with the consumer it tests; production code never
imports it. Run it as `python -m miniprogram_api.devtools.fake_registry --port 8002`, or in a test as
`with FakeRegistry() as fake: ... fake.api_base ...`. `GET /_fake` lists the control interface.

Where it can be wrong, so that nobody takes green tests for proof against the real registry:

- Its real transport, order of changes and versions are not known; this is the contract as we propose it.
- A cursor of an earlier epoch is void: the page tells the new epoch and starts with it. Another provider may
  answer 410.
- A snapshot holds recalled projects as their recall and leaves out those under a tombstone.
- The digest of a record without data is that of the JSON value null.
- Objections need the scope `corrections.write`; the contract names none for them.
- The limit of 60 calls a minute is a planned fault only, so that tests are not slowed down.
"""

from miniprogram_api.devtools.fake_registry.demo import (
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    DEMO_DOORBELL_SECRET,
    DEMO_INBOX_SECRET,
    DEMO_OPERATOR,
    DEMO_PARTNER_ID,
    DEMO_PARTNER_SECRET,
    KEPT_IN,
)
from miniprogram_api.devtools.fake_registry.server import FakeRegistry

__all__ = [
    "DEMO_CLIENT_ID",
    "DEMO_CLIENT_SECRET",
    "DEMO_DOORBELL_SECRET",
    "DEMO_INBOX_SECRET",
    "DEMO_OPERATOR",
    "DEMO_PARTNER_ID",
    "DEMO_PARTNER_SECRET",
    "KEPT_IN",
    "FakeRegistry",
]
