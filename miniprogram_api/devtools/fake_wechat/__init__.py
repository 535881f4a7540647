"""A faithful fake of the WeChat server API over real HTTP on loopback, for tests, demos and load runs.

It is written from the interface documents alone and shares no code with the gateway it tests; production
code never imports it. Run it as `python -m miniprogram_api.devtools.fake_wechat --port 8001`, or in a test
as `with FakeWeChat() as fake: ... fake.base_url ...`. `GET /_fake` lists the control interface.

Where it can be wrong, so that nobody takes green tests for proof against the real service:

- The order of checks (47003 before 43101?) is undocumented: tests must not depend on it.
- How `thing` counts emoji is undocumented. The default is the strictest, UTF-16 units; `thing_units`
  changes it.
- 40163 comes from practice, not from the page of jscode2session; so do string errcodes.
- The numbers of the limits differ between versions of the documents: `POST /_fake/quotas` changes them.
- When exactly the five-minute overlap of two tokens begins and ends, and whether a superseded token answers
  40001 or 42001, is unknown: `stale_token_errcode` offers each. A second forced refresh within 30 s answers
  45011.
- The content type of successes is documented for few APIs; jscode2session as text/plain is an assumption.
- Codes chosen where no document names one: 40097 for a wrong version, width, env_version, lang, colour or
  miniprogram_state; 45002 for a moderated text over 2500 characters; 41008 for a missing phone code and
  40029 for a used one; 40003 for a phone code of another openid; 47003 for a key the template does not
  have; 48001 for an official account where a mini-program is needed; 43001 where GET is required.
- Refusing a template leaves no consent, even one given before; the real popup may keep the earlier ones.
- Whether a forged page with a leading slash is 41030 or another code, how a foreign phone number is
  prefixed, and that a login code blocked by 40226 is not consumed, are guesses.
- A text counts as sensitive (45168) when it holds a risky moderation word; the real lists are WeChat's
  secret.
- Of the official account: 41005 and 40005 for what is no picture, 45166 for scripts in a text, 40007 for a
  draft that was used up, the length at which a text is refused, and that a publication ends within moments.
- Whether a push that is sent again bears the same nonce, and whether 43108 is judged per person or per
  template, no document says.
- Field rules for spaces, ranges and mixed names follow the short rule texts, which leave corners open.

A short list to try by hand with the first real appid: login twice with one code; stable token near its end;
one message per template with the longest texts; one code picture for an unreleased page; one text check of
an account that was away for more than two hours.
"""

from miniprogram_api.devtools.fake_wechat.demo import (
    ARTICLE_PUBLISHED_TEMPLATE,
    BOOKING_CANCELLED_TEMPLATE,
    BOOKING_CONFIRMED_TEMPLATE,
    DEMO_APPID,
    DEMO_ARTICLE_PUBLISHED,
    DEMO_OFFICIAL_APPID,
    DEMO_OFFICIAL_PUSH_AES_KEY,
    DEMO_OFFICIAL_PUSH_TOKEN,
    DEMO_OFFICIAL_SECRET,
    DEMO_PUSH_AES_KEY,
    DEMO_PUSH_TOKEN,
    DEMO_SECRET,
    DEMO_VISIT_CANCELLED,
    VISIT_REMINDER_TEMPLATE,
)
from miniprogram_api.devtools.fake_wechat.server import FakeWeChat, create_fake
from miniprogram_api.devtools.fake_wechat.state import State

__all__ = [
    "ARTICLE_PUBLISHED_TEMPLATE",
    "BOOKING_CANCELLED_TEMPLATE",
    "BOOKING_CONFIRMED_TEMPLATE",
    "DEMO_APPID",
    "DEMO_ARTICLE_PUBLISHED",
    "DEMO_OFFICIAL_APPID",
    "DEMO_OFFICIAL_PUSH_AES_KEY",
    "DEMO_OFFICIAL_PUSH_TOKEN",
    "DEMO_OFFICIAL_SECRET",
    "DEMO_PUSH_AES_KEY",
    "DEMO_PUSH_TOKEN",
    "DEMO_SECRET",
    "DEMO_VISIT_CANCELLED",
    "VISIT_REMINDER_TEMPLATE",
    "FakeWeChat",
    "State",
    "create_fake",
]
