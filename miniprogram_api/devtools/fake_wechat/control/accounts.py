"""Control calls that play the account's console: pages, templates, tokens, quotas, moderation words."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from miniprogram_api.devtools.fake_wechat.control.routes import Route, read_account
from miniprogram_api.devtools.fake_wechat.fields import field_type
from miniprogram_api.devtools.fake_wechat.journal import fingerprint
from miniprogram_api.devtools.fake_wechat.records import (
    Account,
    AccountKind,
    Template,
    TemplateField,
    TemplateKind,
    TokenKind,
    Verdict,
)
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.inputs import Inputs, invalid

FLAGS = ("certified", "personal", "ip_refused", "secret_frozen", "disabled", "subscribe_banned")
PAGE_VERSIONS = ("release", "trial", "develop")
SUGGESTIONS = ("pass", "review", "risky")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
UNLIMITED_BELOW = 10**9


def save_account(state: State, inputs: Inputs) -> dict[str, Any]:
    """Make an account or change its settings; a null open_account unbinds it."""
    appid = inputs.text("appid", max_length=64)
    known = state.accounts.get(appid)
    secret = inputs.text("secret") if inputs.has("secret") or known is None else known.secret
    kind = AccountKind(inputs.choice("kind", AccountKind)) if inputs.has("kind") else None
    flags = {name: inputs.flag(name, default=False) for name in FLAGS if inputs.has(name)}
    open_account = inputs.text("open_account") if inputs.has("open_account") else None
    account = known or Account(
        appid=appid, secret=secret, pages={version: set() for version in PAGE_VERSIONS}
    )
    account.secret = secret
    account.kind = kind or account.kind
    for name, value in flags.items():
        setattr(account, name, value)
    if inputs.given("open_account"):
        account.open_account = open_account
    state.accounts[appid] = account
    return _describe(account)


def list_accounts(state: State, _inputs: Inputs) -> dict[str, Any]:
    """All accounts with their settings, secrets left out."""
    return {"accounts": [_describe(account) for account in state.accounts.values()]}


def release_pages(state: State, inputs: Inputs) -> dict[str, Any]:
    """Replace the pages of one version, release by default; an empty list is a version never made."""
    account = read_account(state, inputs)
    version = inputs.choice("version", PAGE_VERSIONS) if inputs.has("version") else "release"
    account.pages[version] = set(inputs.texts("pages"))
    return {"appid": account.appid, "version": version, "pages": sorted(account.pages[version])}


def save_template(state: State, inputs: Inputs) -> dict[str, Any]:
    """Add or replace a template: fields is a list of {key, label, enum_values?}."""
    account = read_account(state, inputs)
    kind = inputs.choice("kind", TemplateKind) if inputs.has("kind") else TemplateKind.ONE_TIME
    fields = inputs.raw("fields")
    if not isinstance(fields, list) or not fields:
        raise invalid("fields", "must be a non-empty list of objects with key and label")
    template = Template(
        id=inputs.text("template_id", max_length=64),
        title=inputs.text("title", max_length=64),
        fields=tuple(_template_field(field) for field in fields),
        kind=TemplateKind(kind),
    )
    account.templates[template.id] = template
    return _describe_template(template)


def list_templates(state: State, inputs: Inputs) -> dict[str, Any]:
    """The templates of an account."""
    return {"templates": [_describe_template(t) for t in read_account(state, inputs).templates.values()]}


def rotate_token(state: State, inputs: Inputs) -> dict[str, Any]:
    """Another server fetched a token by force: the current one of this kind dies, a new one exists."""
    account = read_account(state, inputs)
    kind = TokenKind(inputs.choice("kind", TokenKind)) if inputs.has("kind") else TokenKind.STABLE
    token = state.tokens.rotate(account.appid, kind, state.now())
    return {"appid": account.appid, "kind": kind.value, "token": fingerprint(token.value)}


def invalidate_tokens(state: State, inputs: Inputs) -> dict[str, Any]:
    """All living tokens of the account, or of one kind, die without a successor."""
    account = read_account(state, inputs)
    kind = TokenKind(inputs.choice("kind", TokenKind)) if inputs.has("kind") else None
    return {"appid": account.appid, "invalidated": state.tokens.invalidate(account.appid, kind, state.now())}


def list_tokens(state: State, _inputs: Inputs) -> dict[str, Any]:
    """Every token since the last reset, by fingerprint as in the request log."""
    now = state.now()
    return {
        "tokens": [
            {
                "token": fingerprint(token.value),
                "appid": token.appid,
                "kind": token.kind.value,
                "expires_in": round(token.expires_at - now),
                "superseded": token.superseded,
            }
            for token in state.tokens.all()
        ]
    }


def set_quota(state: State, inputs: Inputs) -> dict[str, Any]:
    """Limit one API per minute and/or Beijing day; null is unlimited, 0 lets nothing through."""
    api = inputs.choice("api", state.meters.quotas)
    changes: dict[str, int | None] = {}
    for period in ("minute", "day"):
        if inputs.given(period):
            given = inputs.has(period)
            changes[period] = inputs.integer(period, low=0, high=UNLIMITED_BELOW) if given else None
    if not changes:
        raise invalid("minute", "give minute, day or both")
    quota = state.meters.set_quota(api, changes)
    return {"api": api, "minute": quota.minute, "day": quota.day}


def list_quotas(state: State, _inputs: Inputs) -> dict[str, Any]:
    """Every API's limits and what was used of them."""
    return {"quotas": state.meters.report(state.accounts, state.now())}


def set_push(state: State, inputs: Inputs) -> dict[str, Any]:
    """Push events to an address on loopback; an empty one only journals them."""
    url = inputs.text("url", max_length=200) if inputs.has("url") else ""
    if url and urlsplit(url).hostname not in LOOPBACK:
        raise invalid("url", "must be on loopback")
    state.push = replace(state.push, url=url)
    return {"url": url}


def set_picture_verdicts(state: State, inputs: Inputs) -> dict[str, Any]:
    """What the next pictures are found to be, in their order: [{suggest, label}]; later ones pass."""
    verdicts = inputs.raw("verdicts")
    if not isinstance(verdicts, list):
        raise invalid("verdicts", "must be a list of {suggest, label}")
    state.picture_verdicts = [_verdict("verdicts", value) for value in verdicts]
    return {"verdicts": len(state.picture_verdicts)}


def set_words(state: State, inputs: Inputs) -> dict[str, Any]:
    """Replace the moderation words: {word: {suggest, label}}."""
    words = inputs.raw("words")
    if not isinstance(words, dict):
        raise invalid("words", "must be an object of word to {suggest, label}")
    state.words = {word: _verdict(word, value) for word, value in words.items()}
    return {"words": {word: {"suggest": v.suggest, "label": v.label} for word, v in state.words.items()}}


def list_moderation(state: State, _inputs: Inputs) -> dict[str, Any]:
    """The moderation words and every text that was judged."""
    return {
        "words": {word: {"suggest": v.suggest, "label": v.label} for word, v in state.words.items()},
        "calls": list(state.journal.moderation),
    }


def list_codes(state: State, _inputs: Inputs) -> dict[str, Any]:
    """Every mini-program code made, with its parameters."""
    return {"codes": list(state.journal.codes)}


def _template_field(value: object) -> TemplateField:
    if not isinstance(value, dict):
        raise invalid("fields", "each must be an object with key and label")
    key, label, enum_values = value.get("key"), value.get("label", ""), value.get("enum_values", [])
    if not isinstance(key, str) or not field_type(key):
        raise invalid("fields", "key must look like thing4")
    if not isinstance(label, str):
        raise invalid("fields", "label must be a string")
    if not isinstance(enum_values, list) or not all(isinstance(item, str) for item in enum_values):
        raise invalid("fields", "enum_values must be a list of strings")
    return TemplateField(key, label, tuple(enum_values))


def _verdict(word: str, value: object) -> Verdict:
    suggest = value.get("suggest") if isinstance(value, dict) else None
    label = value.get("label") if isinstance(value, dict) else None
    if (
        not word.strip()
        or suggest not in SUGGESTIONS
        or not isinstance(label, int)
        or isinstance(label, bool)
    ):
        raise invalid(
            "words", f"{word!r} needs suggest ({', '.join(SUGGESTIONS)}) and a whole number as label"
        )
    return Verdict(suggest, label)


def _describe(account: Account) -> dict[str, Any]:
    return {
        "appid": account.appid,
        "kind": account.kind.value,
        "open_account": account.open_account,
        **{name: getattr(account, name) for name in FLAGS},
        "pages": {version: sorted(pages) for version, pages in account.pages.items()},
        "templates": sorted(account.templates),
    }


def _describe_template(template: Template) -> dict[str, Any]:
    fields = [{"key": f.key, "label": f.label, "enum_values": list(f.enum_values)} for f in template.fields]
    return {
        "template_id": template.id,
        "title": template.title,
        "kind": template.kind.value,
        "fields": fields,
    }


ROUTES = (
    Route("GET", "/accounts", list_accounts),
    Route("POST", "/accounts", save_account, ("appid", "secret", "kind", "open_account", *FLAGS)),
    Route("POST", "/pages", release_pages, ("pages", "version", "appid")),
    Route("GET", "/templates", list_templates, ("appid",)),
    Route("POST", "/templates", save_template, ("template_id", "title", "fields", "kind", "appid")),
    Route("GET", "/tokens", list_tokens),
    Route("POST", "/tokens/rotate", rotate_token, ("appid", "kind")),
    Route("POST", "/tokens/invalidate", invalidate_tokens, ("appid", "kind")),
    Route("GET", "/quotas", list_quotas),
    Route("POST", "/quotas", set_quota, ("api", "minute", "day")),
    Route("GET", "/moderation", list_moderation),
    Route("POST", "/moderation", set_words, ("words",)),
    Route("POST", "/pictures", set_picture_verdicts, ("verdicts",)),
    Route("POST", "/push", set_push, ("url",)),
    Route("GET", "/codes", list_codes),
)
